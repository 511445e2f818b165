//! One file, one frame: what `decode` and `render` start from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::frame::Frame;
use crate::domain::instance::Instance;
use crate::domain::intake::{FileStatus, Notice};
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::import::Importer;
use crate::jobs::work::scan;

/// A decoded frame with all that is known about it.
pub struct OpenedFrame {
    pub study: Arc<Study>,
    pub series: Arc<Series>,
    pub instance: Arc<Instance>,
    pub frame: Arc<Frame>,
    pub notices: Vec<Notice>,
}

/// Opens one frame of one file, or says why not.
pub fn open(importer: &Importer, file: &Path, frame_idx: u32) -> Result<OpenedFrame, Notice> {
    if file.is_dir() {
        return Err(Notice::new("not_a_file", "This is a folder; give one image file"));
    }
    let intake = scan::quietly(importer, &[PathBuf::from(file)]);
    if let Some((_, notice)) = intake.refused().next() {
        return Err(notice.clone());
    }
    let notices = intake.files.iter().find_map(|file| match &file.status {
        FileStatus::Warned(notices) => Some(notices.clone()),
        FileStatus::Read | FileStatus::Refused(_) => None,
    });
    let study = intake.studies.first().ok_or_else(|| Notice::new("no_image", "The file holds no image"))?;
    let found = study.series.iter().find_map(|series| Some((series, series.instances.first()?)));
    let (series, instance) = found.ok_or_else(|| Notice::new("no_image", "The file holds no image"))?;
    if instance.path != file {
        return Err(Notice::new("not_an_image", "This is an index of files (DICOMDIR); give one image file"));
    }
    if frame_idx >= instance.n_frames() {
        let text = format!("There is no frame {frame_idx}: the file has {} (counted from 0)", instance.n_frames());
        return Err(Notice::new("no_such_frame", text));
    }
    let frame =
        importer.load_frame(instance, frame_idx).map_err(|error| Notice::new(error.code(), error.to_string()))?;
    Ok(OpenedFrame {
        study: Arc::clone(study),
        series: Arc::clone(series),
        instance: Arc::clone(instance),
        notices: notices.into_iter().flatten().chain(frame.notices().iter().cloned()).collect(),
        frame: Arc::new(frame),
    })
}
