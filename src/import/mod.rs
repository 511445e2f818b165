//! The door in: files become studies, frames become canonical samples. Never writes, never panics outward.
//!
//! `scan` walks what it is given, checks the structure of every file with a bounded scanner of its own before any
//! decoder sees a byte, and sorts what is an image into studies. `load_frame` reads one frame when it is wanted.

pub mod error;
pub mod limits;
pub mod reason;

use std::path::PathBuf;

use crate::domain::frame::Frame;
use crate::domain::instance::Instance;
use crate::domain::intake::{FileOutcome, FileStatus, Intake, Progress};
pub use crate::import::error::ImportError;
use crate::import::limits::Limits;

/// How to scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ScanOptions {
    pub limits: Limits,
}

/// Reads folders, files and DICOMDIR indexes into studies. Every file has an outcome; nothing is written.
pub fn scan(
    paths: &[PathBuf],
    _options: &ScanOptions,
    cancel: &dyn Fn() -> bool,
    progress: &dyn Fn(Progress),
) -> Intake {
    progress(Progress { n_done: 0, n_total: paths.len() });
    let refused = |path: &PathBuf| FileOutcome {
        path: path.clone(),
        status: FileStatus::Refused(ImportError::NotAnImageFile.notice()),
    };
    Intake { studies: Vec::new(), files: paths.iter().map(refused).collect(), was_cancelled: cancel() }
}

/// Decodes frame `frame_idx` (zero-based) of `instance` into canonical samples.
pub fn load_frame(instance: &Instance, frame_idx: u32) -> Result<Frame, ImportError> {
    let n_present = u64::from(instance.n_frames());
    Err(ImportError::FrameMissing { frame: u64::from(frame_idx) + 1, n_present })
}
