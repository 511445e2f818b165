//! The demo's study: generated, written as DICOM files, then opened like any other.

use std::path::{Path, PathBuf};

use crate::domain::intake::Progress;
use crate::export::phantom_study::{self, PhantomOptions};

/// Writes the phantom into `folder`, or leaves it when it is there already; returns its DICOM files.
pub fn write(folder: &Path, cancel: &dyn Fn() -> bool, progress: &dyn Fn(Progress)) -> Result<Vec<PathBuf>, String> {
    let written = phantom_study::write(folder, &PhantomOptions::default(), cancel, progress);
    written.map(|study| study.files).map_err(|error| error.to_string())
}
