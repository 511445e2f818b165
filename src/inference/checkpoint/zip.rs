//! The zip archives PyTorch writes: stored files only, found by the central directory (APPNOTE 6.3).

use std::collections::BTreeMap;

use crate::inference::checkpoint::reader::Reader;
use crate::inference::checkpoint::{CheckpointError, Result};

const MAX_FILES: usize = 200_000;
const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";

/// Files by name, as parts of the archive's bytes.
pub struct Archive<'a> {
    /// `None` for what is compressed: nothing that is read here.
    files: BTreeMap<String, Option<&'a [u8]>>,
}

impl<'a> Archive<'a> {
    pub fn open(bytes: &'a [u8]) -> Result<Self> {
        let (n_files, start) = directory(bytes)?;
        if n_files > MAX_FILES {
            return Err(CheckpointError::TooMuch("files"));
        }
        let mut reader = Reader::new(bytes, start);
        let mut files = BTreeMap::new();
        for _ in 0..n_files {
            let (name, content) = entry(bytes, &mut reader)?;
            files.insert(name, content);
        }
        Ok(Self { files })
    }

    pub fn file(&self, name: &str) -> Option<&'a [u8]> {
        self.files.get(name).copied().flatten()
    }

    /// The folder all lies in, and the pickle in it.
    pub fn pickle(&self) -> Result<(String, &'a [u8])> {
        let found = self.files.iter().find_map(|(name, content)| Some((name.strip_suffix("/data.pkl")?, *content)));
        if self.files.keys().any(|name| name.ends_with("/constants.pkl")) {
            return Err(CheckpointError::Unsupported("TorchScript, which is a program; save a state_dict".to_owned()));
        }
        let (folder, program) = found.ok_or(CheckpointError::Unknown)?;
        let program = program.ok_or_else(|| CheckpointError::Unsupported("compressed files in it".to_owned()))?;
        Ok((folder.to_owned(), program))
    }
}

/// How many entries the central directory has, and where it begins.
fn directory(bytes: &[u8]) -> Result<(usize, usize)> {
    let damaged = || CheckpointError::Damaged("its directory");
    let tail = bytes.len().saturating_sub(66_000);
    let last = bytes.get(tail..).unwrap_or_default();
    let end = last.windows(4).rposition(|window| window == END).ok_or_else(damaged)? + tail;
    let mut reader = Reader::new(bytes, end + 10);
    let n_files = reader.size(2)?;
    reader.take(4)?;
    let start = reader.size(4)?;
    if n_files < 0xffff && start < 0xffff_ffff {
        return Ok((n_files, start));
    }
    let before = bytes.get(..end).unwrap_or_default();
    let end = before.windows(4).rposition(|window| window == END_64).ok_or_else(damaged)?;
    let mut reader = Reader::new(bytes, end + 32);
    let n_files = reader.size(8)?;
    reader.take(8)?;
    Ok((n_files, reader.size(8)?))
}

fn entry<'a>(bytes: &'a [u8], reader: &mut Reader<'a>) -> Result<(String, Option<&'a [u8]>)> {
    if reader.take(4)? != b"PK\x01\x02" {
        return Err(CheckpointError::Damaged("its directory"));
    }
    reader.take(6)?;
    let method = reader.unsigned(2)?;
    reader.take(8)?;
    let (mut n_packed, mut n_bytes) = (reader.size(4)?, reader.size(4)?);
    let (n_name, n_extra, n_comment) = (reader.size(2)?, reader.size(2)?, reader.size(2)?);
    reader.take(8)?;
    let mut offset = reader.size(4)?;
    let name = String::from_utf8_lossy(reader.take(n_name)?).into_owned();
    let extra = reader.take(n_extra)?;
    reader.take(n_comment)?;
    widen(extra, [&mut n_bytes, &mut n_packed, &mut offset])?;
    if method != 0 || n_packed != n_bytes {
        return Ok((name, None));
    }
    // The local header has lengths of its own.
    let mut local = Reader::new(bytes, offset);
    if local.take(4)? != b"PK\x03\x04" {
        return Err(CheckpointError::Damaged("its directory"));
    }
    local.take(22)?;
    let (n_name, n_extra) = (local.size(2)?, local.size(2)?);
    local.take(n_name)?;
    local.take(n_extra)?;
    Ok((name, Some(local.take(n_bytes)?)))
}

/// Sizes that do not fit four bytes stand in extra field 1, in this order.
fn widen(extra: &[u8], sizes: [&mut usize; 3]) -> Result<()> {
    let mut reader = Reader::new(extra, 0);
    while reader.at + 4 <= extra.len() {
        let (kind, n) = (reader.unsigned(2)?, reader.size(2)?);
        if kind != 1 {
            reader.take(n)?;
            continue;
        }
        for size in sizes {
            if *size == 0xffff_ffff {
                *size = reader.size(8)?;
            }
        }
        return Ok(());
    }
    Ok(())
}
