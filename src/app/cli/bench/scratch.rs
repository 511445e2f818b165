//! A folder that is gone after the measurement.

use std::fs;
use std::path::{Path, PathBuf};

use crate::jobs::work::stamp;

#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// A fresh folder within `parent`, which is made when missing.
    pub fn within(parent: &Path) -> Result<Self, String> {
        let folder = parent.join(format!("overread-bench-{}", stamp::event_id()));
        fs::create_dir_all(&folder).map_err(|error| format!("no folder to measure in: {error}"))?;
        Ok(Self(folder))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            log::warn!("the measurement's folder stays: {}", error.kind());
        }
    }
}
