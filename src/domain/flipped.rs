//! Which voxels an edit flipped, as runs: applying them twice changes nothing, so one value is both undo and redo.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// The flipped voxels of one mask, by slice in ascending order. Within a slice pixels count row-major.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct FlippedVoxels {
    slices: Vec<FlippedSlice>,
    n_added: u64,
    n_removed: u64,
}

/// Runs of one slice: for each run the gap after the run before and its length, as LEB128 numbers.
#[derive(Clone, PartialEq, Eq)]
pub struct FlippedSlice {
    slice: u32,
    runs: Box<[u8]>,
}

/// What was kept is not a list of flipped voxels.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the flipped voxels of a mask edit are not readable")]
pub struct UnreadableFlips;

impl FlippedVoxels {
    /// From slices in ascending order; empty ones are dropped. The counts say how many voxels came in and went out.
    pub fn new(slices: impl IntoIterator<Item = FlippedSlice>, n_added: u64, n_removed: u64) -> Self {
        Self { slices: slices.into_iter().filter(|slice| !slice.runs.is_empty()).collect(), n_added, n_removed }
    }

    pub fn slices(&self) -> &[FlippedSlice] {
        &self.slices
    }

    pub fn n_added(&self) -> u64 {
        self.n_added
    }

    pub fn n_removed(&self) -> u64 {
        self.n_removed
    }

    pub fn is_empty(&self) -> bool {
        self.slices.is_empty()
    }

    /// Memory it holds.
    pub fn n_bytes(&self) -> usize {
        let of_slice = |slice: &FlippedSlice| size_of::<FlippedSlice>() + slice.runs.len();
        size_of::<Self>() + self.slices.iter().map(of_slice).sum::<usize>()
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.n_bytes());
        for FlippedSlice { slice, runs } in &self.slices {
            put(&mut bytes, u64::from(*slice));
            put(&mut bytes, runs.len() as u64);
            bytes.extend_from_slice(runs);
        }
        bytes
    }

    fn from_bytes(mut bytes: &[u8], n_added: u64, n_removed: u64) -> Result<Self, UnreadableFlips> {
        let mut slices: Vec<FlippedSlice> = Vec::new();
        while !bytes.is_empty() {
            let slice = u32::try_from(take(&mut bytes).ok_or(UnreadableFlips)?).map_err(|_| UnreadableFlips)?;
            let n_bytes = usize::try_from(take(&mut bytes).ok_or(UnreadableFlips)?).map_err(|_| UnreadableFlips)?;
            let (runs, rest) = bytes.split_at_checked(n_bytes).ok_or(UnreadableFlips)?;
            if slices.last().is_some_and(|before| before.slice >= slice) || !is_whole(runs) {
                return Err(UnreadableFlips);
            }
            slices.push(FlippedSlice { slice, runs: runs.into() });
            bytes = rest;
        }
        Ok(Self { slices, n_added, n_removed })
    }
}

impl FlippedSlice {
    /// Runs as first pixel and length, ascending and apart.
    pub fn new(slice: u32, runs: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut bytes = Vec::new();
        let mut end = 0;
        for (start, len) in runs {
            put(&mut bytes, u64::from(start - end));
            put(&mut bytes, u64::from(len));
            end = start + len;
        }
        Self { slice, runs: bytes.into() }
    }

    pub fn slice(&self) -> u32 {
        self.slice
    }

    /// First pixel and length of each run. What was kept may reach past any slice: the reader checks.
    pub fn runs(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let mut rest = &*self.runs;
        let mut end = 0_u64;
        std::iter::from_fn(move || {
            let (gap, len) = (take(&mut rest)?, take(&mut rest)?);
            let start = end.checked_add(gap)?;
            end = start.checked_add(len)?;
            Some((start, len))
        })
    }
}

impl fmt::Debug for FlippedVoxels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlippedVoxels(+{} −{} in {} slices)", self.n_added, self.n_removed, self.slices.len())
    }
}

fn is_whole(mut runs: &[u8]) -> bool {
    let mut n_numbers = 0;
    while !runs.is_empty() {
        if take(&mut runs).is_none() {
            return false;
        }
        n_numbers += 1;
    }
    n_numbers % 2 == 0
}

fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// As it is written: runs in base64 (RFC 4648), beside the counts.
#[derive(Serialize, Deserialize)]
struct Written {
    added: u64,
    removed: u64,
    runs: String,
}

impl Serialize for FlippedVoxels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let runs = to_base64(&self.to_bytes());
        Written { added: self.n_added, removed: self.n_removed, runs }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FlippedVoxels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { added, removed, runs } = Written::deserialize(deserializer)?;
        let bytes = from_base64(&runs).ok_or_else(|| serde::de::Error::custom(UnreadableFlips))?;
        Self::from_bytes(&bytes, added, removed).map_err(serde::de::Error::custom)
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().enumerate().fold(0_u32, |word, (at, byte)| word | u32::from(*byte) << (16 - 8 * at));
        for digit in 0..4 {
            let is_filled = digit <= chunk.len();
            let index = (word >> (18 - 6 * digit) & 63) as usize;
            text.push(if is_filled { char::from(DIGITS[index]) } else { '=' });
        }
    }
    text
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.as_bytes();
    let n_padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    if !text.len().is_multiple_of(4) || n_padding > 2 {
        return None;
    }
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let filled = text.get(..text.len() - n_padding)?;
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in filled.chunks(4) {
        let mut word = 0_u32;
        for (at, byte) in chunk.iter().enumerate() {
            word |= u32::from(digit(*byte)?) << (18 - 6 * at);
        }
        let [_, a, b, c] = word.to_be_bytes();
        bytes.extend_from_slice([a, b, c].get(..chunk.len().checked_sub(1)?)?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flips() -> FlippedVoxels {
        let slices = [FlippedSlice::new(0, [(0, 1), (300, 40), (100_000, 7)]), FlippedSlice::new(499, [(262_143, 1)])];
        FlippedVoxels::new(slices, 9, 40)
    }

    #[test]
    fn flips_read_back_from_what_is_written() {
        let json = serde_json::to_string(&flips()).unwrap();
        let back: FlippedVoxels = serde_json::from_str(&json).unwrap();
        assert_eq!(back, flips());
        let runs: Vec<_> = back.slices()[0].runs().collect();
        assert_eq!(runs, [(0, 1), (300, 40), (100_000, 7)]);
        assert!(FlippedVoxels::new([FlippedSlice::new(3, [])], 0, 0).is_empty());
    }

    #[test]
    fn what_is_no_list_of_runs_is_refused() {
        for runs in ["A", "AAA*", "====", "AAEA", "AAOAAQ==", "////"] {
            let json = format!(r#"{{"added":0,"removed":0,"runs":"{runs}"}}"#);
            assert!(serde_json::from_str::<FlippedVoxels>(&json).is_err(), "{runs}");
        }
    }

    #[test]
    fn base64_is_that_of_its_rfc() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(to_base64(bytes.as_bytes()), text);
            assert_eq!(from_base64(text).unwrap(), bytes.as_bytes());
        }
    }
}
