//! A sheet of memory beside the socket: which item a worker has in hand, and its last words.
//!
//! It is the worker's standard error, of a fixed size, so that nothing written there can grow or block. The first
//! eight bytes are the number of the item begun, counted from one; text follows.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt as _;

use rustix::fs::{MemfdFlags, SealFlags, SeekFrom};

const N_BYTES: usize = 4096;
const TEXT_FROM: u64 = 8;

/// What a sheet says when its worker is gone.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Counted from zero; `None` when nothing was begun.
    pub in_hand: Option<usize>,
    pub ran_out_of_memory: bool,
}

pub fn blank() -> io::Result<File> {
    let sheet =
        File::from(rustix::fs::memfd_create("overread blotter", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?);
    sheet.set_len(N_BYTES as u64)?;
    rustix::fs::fcntl_add_seals(&sheet, SealFlags::SHRINK | SealFlags::GROW)?;
    Ok(sheet)
}

/// Before a request goes out.
pub fn clear(sheet: &File) {
    if let Err(error) = sheet.write_all_at(&[0; N_BYTES], 0) {
        log::debug!("a worker's sheet cannot be wiped: {error}");
    }
}

/// In the worker: `item`, counted from zero, begins now.
pub fn begin(sheet: impl AsFd, item: usize) {
    let number = (item as u64).saturating_add(1).to_le_bytes();
    // Without the note a death costs the first item that has no answer: nothing worse
    rustix::io::pwrite(&sheet, &number, 0).unwrap_or_default();
    rustix::fs::seek(&sheet, SeekFrom::Start(TEXT_FROM)).unwrap_or_default();
}

pub fn read(sheet: &File) -> Entry {
    let mut bytes = [0; N_BYTES];
    if sheet.read_exact_at(&mut bytes, 0).is_err() {
        return Entry { in_hand: None, ran_out_of_memory: false };
    }
    let (number, text) =
        bytes.split_first_chunk::<8>().map_or((0, &[][..]), |(n, text)| (u64::from_le_bytes(*n), text));
    let text = String::from_utf8_lossy(text);
    // The words of Rust's and of C++'s allocator
    let ran_out_of_memory = ["memory allocation of", "bad_alloc"].iter().any(|words| text.contains(words));
    Entry { in_hand: number.checked_sub(1).and_then(|item| usize::try_from(item).ok()), ran_out_of_memory }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_sheet_keeps_the_item_in_hand_and_the_last_words() {
        let mut sheet = blank().unwrap();
        assert_eq!(read(&sheet), Entry { in_hand: None, ran_out_of_memory: false });
        begin(&sheet, 41);
        assert_eq!(read(&sheet), Entry { in_hand: Some(41), ran_out_of_memory: false });
        sheet.write_all(b"memory allocation of 99 bytes failed").unwrap();
        assert_eq!(read(&sheet), Entry { in_hand: Some(41), ran_out_of_memory: true });
        clear(&sheet);
        begin(&sheet, usize::MAX);
        assert!(!read(&sheet).ran_out_of_memory);
        assert!(sheet.write_all(&[b'x'; 2 * N_BYTES]).is_err());
        assert_eq!(sheet.metadata().unwrap().len(), N_BYTES as u64);
    }
}
