//! Reading places into studies.

use std::path::PathBuf;

use crate::domain::intake::{Intake, Progress};
use crate::import;

/// Scans without a listener: the command line's way.
pub fn quietly(paths: &[PathBuf]) -> Intake {
    run(paths, &|| false, &|_| {})
}

pub fn run(paths: &[PathBuf], cancel: &(dyn Fn() -> bool + Sync), progress: &(dyn Fn(Progress) + Sync)) -> Intake {
    import::scan(paths, &import::ScanOptions::default(), cancel, progress)
}
