//! The demo's study: generated, written as DICOM files, then opened like any other.

use std::path::{Path, PathBuf};

use crate::domain::intake::Progress;
use crate::export::phantom_study::{self, PhantomOptions};
use crate::imaging::phantom::nodules;

/// Writes the phantom into `folder`, or leaves it when it is there already; returns its DICOM files.
pub fn write(folder: &Path, cancel: &dyn Fn() -> bool, progress: &dyn Fn(Progress)) -> Result<Vec<PathBuf>, String> {
    write_phantom(folder, &PhantomOptions::default(), cancel, progress)
}

/// The same for another made-up patient.
pub fn write_phantom(
    folder: &Path,
    options: &PhantomOptions,
    cancel: &dyn Fn() -> bool,
    progress: &dyn Fn(Progress),
) -> Result<Vec<PathBuf>, String> {
    let written = phantom_study::write(folder, options, cancel, progress);
    written.map(|study| study.files).map_err(|error| error.to_string())
}

/// The patient of a seed, with so many nodules at random places.
pub fn patient_of_seed(seed: u64, n_nodules: usize) -> PhantomOptions {
    PhantomOptions { seed, nodules: nodules::scattered(seed, n_nodules), ..PhantomOptions::default() }
}
