//! Bytes at an offset: of a file that stays open, or of a data set that had to be inflated.
//!
//! A file is opened once, never waits for a writer at the other end of a pipe, and is never mapped: one that is cut
//! short while it is read gives an error, not a signal.

use std::fs::{File, Metadata};
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::domain::stored_pixels::FileStamp;
use crate::import::error::ImportError;

pub enum Source {
    File {
        file: File,
        stamp: FileStamp,
    },
    /// What a file was inflated to, and the file's stamp.
    Memory {
        bytes: Vec<u8>,
        stamp: FileStamp,
    },
}

impl Source {
    /// Opens a regular file; never blocks on a pipe.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        let file = match open_without_waiting(path) {
            Ok(file) => file,
            // A socket cannot be opened at all; what it is says more than why not
            Err(error) => {
                let is_special = std::fs::metadata(path).is_ok_and(|facts| !facts.is_file());
                return Err(if is_special { ImportError::NotAFile } else { error.into() });
            }
        };
        // Asked of what was opened: the path may lead elsewhere by now
        let facts = file.metadata()?;
        if !facts.is_file() {
            return Err(ImportError::NotAFile);
        }
        if facts.len() == 0 {
            return Err(ImportError::Empty);
        }
        let stamp = FileStamp { n_bytes: facts.len(), modified_ns: modified_ns(&facts) };
        Ok(Self::File { file, stamp })
    }

    /// Opens the file again, if it still is what it was when it had this stamp.
    pub fn open_unchanged(path: &Path, stamp: FileStamp) -> Result<Self, ImportError> {
        let source = Self::open(path)?;
        if source.stamp() == stamp { Ok(source) } else { Err(ImportError::FileChanged) }
    }

    pub fn n_bytes(&self) -> u64 {
        match self {
            Self::File { stamp, .. } => stamp.n_bytes,
            Self::Memory { bytes, .. } => bytes.len() as u64,
        }
    }

    pub fn stamp(&self) -> FileStamp {
        match self {
            Self::File { stamp, .. } | Self::Memory { stamp, .. } => *stamp,
        }
    }

    /// The first `n_most` bytes, or all there are.
    pub fn head(&self, n_most: usize) -> Result<Vec<u8>, ImportError> {
        self.read_at(0, self.n_bytes().min(n_most as u64))
    }

    /// Exactly `n_bytes` from `offset`. The caller's bound: never more than the source holds.
    pub fn read_at(&self, offset: u64, n_bytes: u64) -> Result<Vec<u8>, ImportError> {
        let mut bytes = Vec::new();
        self.append_at(offset, n_bytes, &mut bytes)?;
        Ok(bytes)
    }

    /// As [`Source::read_at`], behind what `bytes` holds already.
    pub fn append_at(&self, offset: u64, n_bytes: u64, bytes: &mut Vec<u8>) -> Result<(), ImportError> {
        // Checked before the memory is asked for
        self.end_of(offset, n_bytes)?;
        let n_before = bytes.len();
        let n_after = usize::try_from(n_bytes).ok().and_then(|n| n_before.checked_add(n));
        bytes.resize(n_after.ok_or(ImportError::Truncated { at: self.n_bytes() })?, 0);
        self.read_into(offset, bytes.get_mut(n_before..).unwrap_or_default())
    }

    /// Fills `target` from `offset` on.
    pub fn read_into(&self, offset: u64, target: &mut [u8]) -> Result<(), ImportError> {
        let end = self.end_of(offset, target.len() as u64)?;
        match self {
            // Shorter than a moment ago: the file was cut while open
            Self::File { file, .. } => read_exact_at(file, target, offset).map_err(|error| match error.kind() {
                std::io::ErrorKind::UnexpectedEof => ImportError::FileChanged,
                _ => error.into(),
            }),
            Self::Memory { bytes, .. } => {
                let range = usize::try_from(offset).ok().zip(usize::try_from(end).ok());
                let slice = range.and_then(|(start, end)| bytes.get(start..end));
                target.copy_from_slice(slice.ok_or(ImportError::FileChanged)?);
                Ok(())
            }
        }
    }

    fn end_of(&self, offset: u64, n_bytes: u64) -> Result<u64, ImportError> {
        let end = offset.checked_add(n_bytes).filter(|end| *end <= self.n_bytes());
        end.ok_or(ImportError::Truncated { at: self.n_bytes() })
    }
}

#[cfg(target_os = "linux")]
fn open_without_waiting(path: &Path) -> std::io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

#[cfg(not(target_os = "linux"))]
fn open_without_waiting(path: &Path) -> std::io::Result<File> {
    match std::fs::metadata(path)?.is_file() {
        true => File::open(path),
        false => Err(std::io::ErrorKind::InvalidInput.into()),
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, target: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, target, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut target: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    while !target.is_empty() {
        let n_read = std::os::windows::fs::FileExt::seek_read(file, target, offset)?;
        if n_read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        target = target.get_mut(n_read..).unwrap_or_default();
        offset += n_read as u64;
    }
    Ok(())
}

fn modified_ns(facts: &Metadata) -> i64 {
    let since = facts.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}

/// Reads small things here and there with few calls: what lies in the block at hand costs none.
pub struct Blocks<'a> {
    source: &'a Source,
    start: u64,
    block: Vec<u8>,
}

impl<'a> Blocks<'a> {
    /// What surrounds a fragment's header: a page of the cache, or many small fragments.
    const BLOCK: u64 = 8 << 10;

    pub fn of(source: &'a Source) -> Self {
        Self { source, start: 0, block: Vec::new() }
    }

    /// `N` bytes from `offset`; as many must be there.
    pub fn read<const N: usize>(&mut self, offset: u64) -> Result<[u8; N], ImportError> {
        if let Some(bytes) = self.at_hand(offset) {
            return Ok(bytes);
        }
        let n_left = self.source.n_bytes().saturating_sub(offset);
        self.block.clear();
        self.source.append_at(offset, n_left.min(Self::BLOCK.max(N as u64)), &mut self.block)?;
        self.start = offset;
        self.at_hand(offset).ok_or(ImportError::Truncated { at: self.source.n_bytes() })
    }

    fn at_hand<const N: usize>(&self, offset: u64) -> Option<[u8; N]> {
        let from = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        self.block.get(from..)?.first_chunk::<N>().copied()
    }
}
