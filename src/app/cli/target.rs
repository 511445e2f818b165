//! The file a job writes: whole or not at all, and never in the place of an original.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::domain::intake::Notice;
use crate::export::ExportError;
use crate::export::staging::Staging;

pub const PNG_START: &[u8] = b"\x89PNG\r\n\x1a\n";
pub const NPY_START: &[u8] = b"\x93NUMPY";

/// Refuses `out` where it is the input, or a file that is not of the kind to be written: that may be an original.
pub fn check(input: &Path, out: &Path, start: &[u8]) -> Result<(), Notice> {
    let is_original = Notice::new("is_an_original", "The file to write is there and is not an earlier result");
    let same = input.canonicalize().ok().zip(out.canonicalize().ok()).is_some_and(|(input, out)| input == out);
    if same {
        return Err(Notice::new(
            "is_an_original",
            "The file to write is the image itself; originals are never changed",
        ));
    }
    let Ok(facts) = out.symlink_metadata() else { return Ok(()) };
    if !facts.is_file() {
        return Err(failed(&ExportError::NotAFile(out.to_owned())));
    }
    let mut found = Vec::new();
    let read = File::open(out).and_then(|file| file.take(start.len() as u64).read_to_end(&mut found));
    if read.is_err() || !(found.is_empty() || found == start) {
        return Err(is_original);
    }
    Ok(())
}

/// Writes `bytes` as `out`; its folder is made when it is missing.
pub fn write(out: &Path, bytes: &[u8]) -> Result<(), Notice> {
    let (Some(folder), Some(name)) = (out.parent(), out.file_name().and_then(OsStr::to_str)) else {
        return Err(failed(&ExportError::NotWritable(out.to_owned())));
    };
    let written = Staging::new(folder).and_then(|mut staging| {
        staging.add(name, bytes)?;
        staging.commit()
    });
    written.map(|_| ()).map_err(|error| failed(&error))
}

pub fn failed(error: &ExportError) -> Notice {
    Notice::new("not_written", error.to_string())
}
