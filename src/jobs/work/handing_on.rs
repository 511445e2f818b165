//! Writing a report into a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::frame::Frame;
use crate::domain::instance::Instance;
use crate::domain::intake::{Notice, Progress};
use crate::domain::report::Report;
use crate::export::{self, secondary_capture};
use crate::import::Importer;

pub struct ExportRequest<'a> {
    /// Brings the frames for the pictures.
    pub importer: &'a Importer,
    pub report: &'a Report,
    pub folder: &'a Path,
    pub json: bool,
    pub pictures: bool,
}

/// What an export left in its folder.
#[derive(Debug, Default)]
pub struct HandedOn {
    /// In the order of writing.
    pub files: Vec<PathBuf>,
    /// Why images have no picture.
    pub skipped: Vec<Notice>,
}

pub fn run(
    request: &ExportRequest<'_>,
    cancel: &dyn Fn() -> bool,
    progress: &dyn Fn(Progress),
) -> Result<HandedOn, String> {
    let ExportRequest { importer, report, folder, json: wants_json, pictures } = request;
    let mut done = HandedOn::default();
    if *wants_json {
        done.files.push(export::write_json(report, folder).map_err(|error| error.to_string())?);
    }
    if *pictures && report.study.is_some() {
        let mut frames = |instance: &Instance, frame_idx: u32| -> Result<Arc<Frame>, Notice> {
            importer
                .load_frame_ahead(instance, frame_idx)
                .map(Arc::new)
                .map_err(|error| Notice::new(error.code(), error.to_string()))
        };
        let captures = secondary_capture::write(report, &mut frames, folder, cancel, progress);
        let captures = captures.map_err(|error| error.to_string())?;
        for (_, notice) in &captures.skipped {
            log::warn!("an image has no picture in the export: {}", notice.text);
            done.skipped.push(notice.clone());
        }
        done.files.extend(captures.written.into_iter().map(|capture| capture.path));
    }
    Ok(done)
}
