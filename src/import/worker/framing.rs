//! Messages in a stream of bytes: four bytes of length, then as many of postcard.

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// A message longer than this is a fault. A file's description takes some kilobytes; 100,000 frames that all differ
/// take some 20 MB.
pub const MAX_MESSAGE_BYTES: usize = 64 << 20;

#[derive(Debug, Error, PartialEq, Eq)]
pub enum FramingError {
    #[error("a message of {0} bytes is longer than any may be")]
    TooLong(usize),
    #[error("a message that says nothing")]
    Garbage,
}

/// Appends `message` to `out`; nothing is appended when it would be too long.
pub fn append<T: Serialize>(out: &mut Vec<u8>, message: &T) -> Result<(), FramingError> {
    let start = out.len();
    out.extend([0; 4]);
    let appended = written(out, message, start);
    if appended.is_err() {
        out.truncate(start);
    }
    appended
}

fn written<T: Serialize>(out: &mut Vec<u8>, message: &T, start: usize) -> Result<(), FramingError> {
    postcard::serialize_with_flavor(message, Tail(out)).map_err(|_| FramingError::Garbage)?;
    let (head, body) =
        out.get_mut(start..).and_then(|message| message.split_first_chunk_mut::<4>()).ok_or(FramingError::Garbage)?;
    let n_bytes = u32::try_from(body.len()).ok().filter(|_| body.len() <= MAX_MESSAGE_BYTES);
    *head = n_bytes.ok_or(FramingError::TooLong(body.len()))?.to_le_bytes();
    Ok(())
}

/// Has postcard write where the message is to lie.
struct Tail<'a>(&'a mut Vec<u8>);

impl Flavor for Tail<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// What has come in so far. It grows with the bytes that came, never with a length that was claimed.
#[derive(Default)]
pub struct Inbox {
    bytes: Vec<u8>,
    /// Before it lie messages already handed out.
    start: usize,
}

impl Inbox {
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        } else if self.start > 1 << 20 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message; `None` until all of it is there.
    pub fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FramingError> {
        let rest = self.bytes.get(self.start..).unwrap_or_default();
        let Some((head, body)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let n_bytes = usize::try_from(u32::from_le_bytes(*head)).unwrap_or(usize::MAX);
        if n_bytes > MAX_MESSAGE_BYTES {
            return Err(FramingError::TooLong(n_bytes));
        }
        let Some(body) = body.get(..n_bytes) else { return Ok(None) };
        match postcard::take_from_bytes(body) {
            Ok((message, [])) => {
                self.start += 4 + n_bytes;
                Ok(Some(message))
            }
            _ => Err(FramingError::Garbage),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(messages: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        messages.iter().for_each(|message| append(&mut out, message).unwrap());
        out
    }

    #[test]
    fn messages_come_out_as_they_went_in_however_the_bytes_arrive() {
        let bytes = stream(&["one", "", "three"]);
        for step in 1..=bytes.len() {
            let mut inbox = Inbox::default();
            let mut heard: Vec<String> = Vec::new();
            for chunk in bytes.chunks(step) {
                inbox.push(chunk);
                while let Some(message) = inbox.next().unwrap() {
                    heard.push(message);
                }
            }
            assert_eq!(heard, ["one", "", "three"]);
        }
    }

    #[test]
    fn a_cut_message_is_waited_for_and_a_long_one_refused_before_it_comes() {
        let bytes = stream(&["message"]);
        for n in 0..bytes.len() {
            let mut inbox = Inbox::default();
            inbox.push(&bytes[..n]);
            assert_eq!(inbox.next::<String>(), Ok(None));
        }
        let mut inbox = Inbox::default();
        inbox.push(&u32::MAX.to_le_bytes());
        assert_eq!(inbox.next::<String>(), Err(FramingError::TooLong(u32::MAX as usize)));
    }

    #[test]
    fn garbage_is_a_fault_and_no_panic() {
        // A text that is longer than its message, one that is not UTF-8, one with something behind it
        for body in [&[200, 1, b'a'][..], &[1, 0xFF], &[1, b'a', 0], &[]] {
            let mut inbox = Inbox::default();
            inbox.push(&u32::try_from(body.len()).unwrap().to_le_bytes());
            inbox.push(body);
            assert_eq!(inbox.next::<String>(), Err(FramingError::Garbage), "{body:?}");
        }
        let too_long = vec![0_u8; MAX_MESSAGE_BYTES + 1];
        let mut out = vec![7];
        assert!(matches!(append(&mut out, &too_long), Err(FramingError::TooLong(_))));
        assert_eq!(out, [7]);
    }
}
