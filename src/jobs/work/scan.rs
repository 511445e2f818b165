//! Reading places into studies.

use std::path::PathBuf;

use crate::domain::intake::Intake;
use crate::import::Importer;

/// Scans without a listener: the command line's way.
pub fn quietly(importer: &Importer, paths: &[PathBuf]) -> Intake {
    importer.scan(paths, &|| false, &|_| {})
}
