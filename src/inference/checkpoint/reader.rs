//! Bytes in order, never past their end.

use crate::inference::checkpoint::{CheckpointError, Result};

pub struct Reader<'a> {
    bytes: &'a [u8],
    pub at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(n).ok_or(CheckpointError::Damaged("a size"))?;
        let taken = self.bytes.get(self.at..end).ok_or(CheckpointError::Damaged("it ends too early"))?;
        self.at = end;
        Ok(taken)
    }

    pub fn byte(&mut self) -> Result<u8> {
        self.take(1)?.first().copied().ok_or(CheckpointError::Damaged("it ends too early"))
    }

    /// Little endian, up to eight bytes.
    pub fn unsigned(&mut self, n: usize) -> Result<u64> {
        Ok(self.take(n)?.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// A size that memory can have.
    pub fn size(&mut self, n: usize) -> Result<usize> {
        usize::try_from(self.unsigned(n)?).map_err(|_| CheckpointError::Damaged("a size"))
    }

    /// Up to a line's end, which is passed and not given.
    pub fn line(&mut self) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let n = rest.iter().position(|byte| *byte == b'\n').ok_or(CheckpointError::Damaged("it ends too early"))?;
        let line = self.take(n)?;
        self.at += 1;
        Ok(line)
    }
}
