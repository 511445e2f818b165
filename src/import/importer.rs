//! The one handle on this door: what runs the reading, and under which limits.

use std::path::PathBuf;

use crate::domain::frame::Frame;
use crate::domain::instance::Instance;
use crate::domain::intake::{Intake, Progress};
use crate::import::error::ImportError;
use crate::import::{ScanOptions, load_frame, scan};

/// Reads files for whoever holds it; clones share what stands behind it.
#[derive(Clone, Debug, Default)]
pub struct Importer {
    options: ScanOptions,
}

impl Importer {
    /// Everything in this process: for tests, and where no other process can be had.
    pub fn in_process(options: ScanOptions) -> Self {
        Self { options }
    }

    /// Reads folders, files and DICOMDIR indexes into studies. Every file has an outcome; nothing is written.
    pub fn scan(&self, paths: &[PathBuf], cancel: &dyn Fn() -> bool, progress: &dyn Fn(Progress)) -> Intake {
        scan(paths, &self.options, cancel, progress)
    }

    /// Decodes frame `frame_idx` (zero-based) of `instance` into canonical samples.
    pub fn load_frame(&self, instance: &Instance, frame_idx: u32) -> Result<Frame, ImportError> {
        load_frame(instance, frame_idx)
    }
}
