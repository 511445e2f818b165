//! Bytes at an offset: of a file that stays open, or of a data set that had to be inflated.

use std::fs::{File, Metadata};
use std::io::{Read as _, Seek as _, SeekFrom};
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
        let facts = std::fs::metadata(path)?;
        if !facts.is_file() {
            return Err(ImportError::NotAFile);
        }
        if facts.len() == 0 {
            return Err(ImportError::Empty);
        }
        Ok(Self::File {
            file: File::open(path)?,
            stamp: FileStamp { n_bytes: facts.len(), modified_ns: modified_ns(&facts) },
        })
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

    /// Exactly `n_bytes` from `offset`. The caller's bound: never more than the source holds.
    pub fn read_at(&self, offset: u64, n_bytes: u64) -> Result<Vec<u8>, ImportError> {
        let end = offset.checked_add(n_bytes).filter(|end| *end <= self.n_bytes());
        let (Some(end), Ok(n)) = (end, usize::try_from(n_bytes)) else {
            return Err(ImportError::Truncated { at: self.n_bytes() });
        };
        match self {
            Self::File { file, .. } => {
                let mut file = file;
                file.seek(SeekFrom::Start(offset))?;
                let mut bytes = Vec::with_capacity(n);
                let n_read = file.take(n_bytes).read_to_end(&mut bytes)?;
                // Shorter than a moment ago: the file was cut while open
                if n_read == n { Ok(bytes) } else { Err(ImportError::FileChanged) }
            }
            Self::Memory { bytes, .. } => {
                let range = usize::try_from(offset).ok().zip(usize::try_from(end).ok());
                let slice = range.and_then(|(start, end)| bytes.get(start..end));
                Ok(slice.unwrap_or_default().to_vec())
            }
        }
    }
}

fn modified_ns(facts: &Metadata) -> i64 {
    let since = facts.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}
