//! Making anonymous copies of files and folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::deidentification::{CopySummary, Options, WritingVerdict};
use crate::domain::frame::Frame;
use crate::domain::instance::Instance;
use crate::domain::intake::{FileStatus, Intake, Notice, Progress};
use crate::domain::uid::SopInstanceUid;
use crate::export::deidentify::pseudonyms::Secret;
use crate::export::deidentify::study_copy::{CopiedFile, Copier, FramesOf};
use crate::import::Importer;
use crate::jobs::panic_guard::{TaskOutcome, guarded};

pub struct CopyRequest<'a> {
    pub importer: &'a Importer,
    pub paths: &'a [PathBuf],
    pub folder: &'a Path,
    pub options: Options,
    pub secret: Secret,
    /// What somebody said of the writing in images they have looked at.
    pub agreed: BTreeMap<SopInstanceUid, WritingVerdict>,
}

/// What was made, and which originals were left out and why. The paths are the originals': not for handing on.
#[derive(Debug, Default)]
pub struct Copies {
    pub written: Vec<CopiedFile>,
    pub left_out: Vec<(PathBuf, Notice)>,
    /// The account, which names nobody.
    pub account: PathBuf,
    pub summary: CopySummary,
}

/// Objects without pixels, such as structured reports, are no pictures to the importer and still worth a copy.
const NO_PICTURES: [&str; 2] = ["not_an_image", "no_pixels"];

/// Copies every DICOM file below the paths. Stops with an error where nothing can be written, or when cancelled; what
/// was copied before stays.
pub fn run(
    request: &CopyRequest<'_>,
    cancel: &dyn Fn() -> bool,
    progress: &dyn Fn(Progress),
) -> Result<Copies, String> {
    let CopyRequest { importer, paths, folder, options, secret, agreed } = request;
    if let Some(original) = paths.iter().find(|path| is_inside(folder, path)) {
        let place = original.display();
        return Err(format!("the folder for the copies lies among the originals; choose another: {place}"));
    }
    let intake = importer.scan(paths, cancel, &|_| {});
    let instances = instances(&intake);
    let mut copier = Copier::new(*options, secret.clone(), folder, agreed.clone());
    let mut copies = Copies::default();
    let n_total = intake.files.len();
    for (n_done, file) in intake.files.iter().enumerate() {
        if cancel() {
            return Err("stopped; the copies made so far stay".to_owned());
        }
        progress(Progress { n_done, n_total });
        let instance = instances.get(&file.path).copied();
        let refused = match &file.status {
            FileStatus::Refused(notice) if !NO_PICTURES.contains(&notice.code) => Some(notice.clone()),
            _ if instance.is_none() && is_raster(&file.path) => {
                Some(Notice::new("raster_file", "A picture without DICOM attributes is not copied"))
            }
            _ => None,
        };
        if let Some(notice) = refused {
            copier.leave_out(&notice);
            copies.left_out.push((file.path.clone(), notice));
            continue;
        }
        let mut frames = |instance: &Instance| all_frames(importer, instance);
        let frames: &mut FramesOf<'_> = &mut frames;
        match guarded(|| copier.copy(&file.path, instance, frames)) {
            TaskOutcome::Returned(Ok(Ok(copied))) => copies.written.push(copied),
            TaskOutcome::Returned(Ok(Err(notice))) => copies.left_out.push((file.path.clone(), notice)),
            TaskOutcome::Returned(Err(error)) => return Err(error.to_string()),
            TaskOutcome::Panicked => {
                let notice = Notice::new("not_rewritable", "The file's structure cannot be written anew");
                copier.leave_out(&notice);
                copies.left_out.push((file.path.clone(), notice));
            }
        }
    }
    progress(Progress { n_done: n_total, n_total });
    copies.summary = copier.summary();
    copies.account = copier.finish().map_err(|error| error.to_string())?;
    Ok(copies)
}

fn instances(intake: &Intake) -> BTreeMap<PathBuf, &Instance> {
    let series = intake.studies.iter().flat_map(|study| &study.series);
    let instances = series.flat_map(|series| &series.instances);
    instances.map(|instance| (instance.path.clone(), instance.as_ref())).collect()
}

pub fn all_frames(importer: &Importer, instance: &Instance) -> Result<Vec<Arc<Frame>>, Notice> {
    let frame = |index| importer.load_frame_ahead(instance, index).map(Arc::new);
    let frames: Result<Vec<_>, _> = (0..instance.n_frames()).map(frame).collect();
    frames.map_err(|error| Notice::new(error.code(), error.to_string()))
}

/// By the name only: such files come from the importer without an instance of their own.
fn is_raster(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["png", "jpg", "jpeg", "bmp", "tif", "tiff"].contains(&extension.to_ascii_lowercase().as_str())
}

/// Whether `folder` is `place` or below it, by what the system says of both.
fn is_inside(folder: &Path, place: &Path) -> bool {
    let Ok(place) = place.canonicalize() else { return false };
    // The nearest part of the folder that is there already
    let standing = folder.ancestors().find_map(|part| part.canonicalize().ok());
    standing.is_some_and(|standing| standing.starts_with(&place) && place.is_dir())
}
