//! Anonymous copies of one study: what they would change, where writing is in its pictures, and the making of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::deidentification::{CopyPreview, Options, WritingFound, WritingSearch, WritingVerdict};
use crate::domain::frame::Frame;
use crate::domain::geometry::PixelBox;
use crate::domain::instance::Instance;
use crate::domain::intake::Progress;
use crate::domain::picture::CapturedPicture;
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::domain::uid::SopInstanceUid;
use crate::export::deidentify::pseudonyms::Secret;
use crate::export::deidentify::{pixels, preview as of_file};
use crate::imaging::{pipeline, presentation};
use crate::import::{Importer, reason};
use crate::jobs::work::deidentifying::{self, Copies, CopyRequest, all_frames};
use crate::jobs::work::handing_on::{self, ExportOrder};

/// Results that are DICOM objects of their own.
pub const RESULT_FORMATS: [&str; 7] = ["sr", "seg", "pm", "aira", "sc", "gsps", "ko"];
/// Longest side of a picture to be looked at, pixels.
const PICTURE_SIDE: u32 = 640;

/// What is to be copied, and how.
#[derive(Clone)]
pub struct CopyOrder {
    pub study: Arc<Study>,
    pub folder: PathBuf,
    pub options: Options,
    pub agreed: BTreeMap<SopInstanceUid, WritingVerdict>,
    pub secret: Secret,
    /// The review's results as objects, to be copied beside the pictures.
    pub results: Option<Box<ExportOrder>>,
}

/// Every file of the study, each once.
fn files(study: &Study) -> Vec<PathBuf> {
    let instances = study.series.iter().flat_map(|series| &series.instances).map(|instance| instance.path.clone());
    let documents = study.documents.iter().map(|document| document.path.clone());
    instances.chain(documents).collect::<BTreeSet<_>>().into_iter().collect()
}

/// What the options would change, as the first file of each series and every document show it.
pub fn preview(study: &Study, options: &Options, secret: &Secret) -> CopyPreview {
    let mut preview = CopyPreview { options: *options, n_files: files(study).len(), ..CopyPreview::default() };
    let of_series = study.series.iter().filter_map(|series| {
        let instance = series.instances.first()?;
        Some((series_name(series), instance.path.clone()))
    });
    let of_documents = study.documents.iter().map(|document| (document.title.clone(), document.path.clone()));
    let places: BTreeMap<PathBuf, String> = of_series.chain(of_documents).map(|(name, path)| (path, name)).collect();
    let mut lines = BTreeMap::new();
    for (path, name) in places {
        match of_file::lines(&path, options, secret) {
            Ok(found) => found.into_iter().for_each(|line| {
                let known = lines.entry((line.tag, line.what)).or_insert_with(|| line.clone());
                if known.before.is_empty() {
                    *known = line;
                }
            }),
            Err(notice) => preview.left_out.push((name, notice.text)),
        }
    }
    preview.lines = lines.into_values().collect();
    preview
}

fn series_name(series: &Series) -> String {
    let number = series.number.map_or_else(String::new, |number| format!("Series {number}"));
    let words = [number, series.description.clone()];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Every image of the study with what may be writing in it, and those whose files say so. Images that cannot be decoded
/// are in neither list. `None` when stopped.
pub fn writing(
    importer: &Importer,
    study: &Study,
    cancel: &dyn Fn() -> bool,
    progress: &dyn Fn(Progress),
) -> Option<WritingSearch> {
    let mut seen = BTreeSet::new();
    let instances: Vec<(&Arc<Series>, &Arc<Instance>)> = study
        .series
        .iter()
        .flat_map(|series| series.instances.iter().map(move |instance| (series, instance)))
        // Masks hold nothing but bits of ours or theirs
        .filter(|(_, instance)| instance.derivation.is_none() && seen.insert(&instance.path))
        .collect();
    let n_total = instances.len();
    let mut search = WritingSearch::default();
    for (n_done, (series, instance)) in instances.into_iter().enumerate() {
        if cancel() {
            return None;
        }
        progress(Progress { n_done, n_total });
        let Ok(frames) = all_frames(importer, instance) else { continue };
        let boxes = pixels::writing(instance, &frames);
        let says_so = instance.notices.iter().any(|notice| notice.code == reason::BURNED_IN);
        if boxes.is_empty() && !says_so {
            search.clean.insert(instance.sop.clone());
            continue;
        }
        let number = instance.number.map_or_else(String::new, |number| format!(", image {number}"));
        let Some(picture) = shown(instance, &frames, &boxes) else { continue };
        search.found.push(WritingFound {
            sop: instance.sop.clone(),
            series: series.uid.clone(),
            title: format!("{}{number}", series_name(series)),
            size: [instance.pixels.cols, instance.pixels.rows],
            picture,
            boxes: boxes.into(),
        });
    }
    progress(Progress { n_done: n_total, n_total });
    Some(search)
}

/// The first frame with writing, or the first, made smaller by whole steps.
fn shown(instance: &Instance, frames: &[Arc<Frame>], boxes: &[PixelBox]) -> Option<CapturedPicture> {
    let numbered = || (0_u32..).zip(frames);
    let has_writing = |(number, frame): &(u32, &Arc<Frame>)| {
        !boxes.is_empty() && !pixels::writing_of_frame(instance, *number, frame).is_empty()
    };
    let (number, frame) = numbered().find(has_writing).or_else(|| numbered().next())?;
    let shown = presentation::default_presentation(instance, number, frame);
    let rgb = pipeline::rgb_u8(frame, instance, number, &shown);
    let (cols, rows) = (frame.cols(), frame.rows());
    let step = cols.max(rows).div_ceil(PICTURE_SIDE).max(1);
    let (width, height) = (cols / step, rows / step);
    let mut small = Vec::with_capacity(width as usize * height as usize * 3);
    for (row, col) in (0..height).flat_map(|row| (0..width).map(move |col| (row, col))) {
        small.extend(brightest(&rgb, cols, [col * step, row * step], step)?);
    }
    Some(CapturedPicture { width, height, rgb: small.into() })
}

/// Of a square of pixels the brightest: thin letters stay.
fn brightest(rgb: &[[u8; 3]], cols: u32, [x, y]: [u32; 2], step: u32) -> Option<[u8; 3]> {
    let places =
        (0..step).flat_map(|dy| (0..step).map(move |dx| (y + dy) as usize * cols as usize + (x + dx) as usize));
    let pixels = places.filter_map(|place| rgb.get(place));
    pixels.max_by_key(|pixel| pixel.iter().map(|channel| u16::from(*channel)).sum::<u16>()).copied()
}

/// Makes the copies. What was copied before a stop stays.
pub fn make(
    order: &CopyOrder,
    importer: &Importer,
    cancel: &dyn Fn() -> bool,
    progress: &dyn Fn(Progress),
) -> Result<Copies, String> {
    let CopyOrder { study, folder, options, agreed, secret, results } = order;
    let mut paths = files(study);
    if let Some(original) = paths.iter().find(|path| path.parent().is_some_and(|place| is_same_place(place, folder))) {
        let place = original.parent().unwrap_or(original).display();
        return Err(format!("the originals lie in this folder; choose another: {place}"));
    }
    let of_results = match results {
        None => None,
        Some(results) => {
            let place = Passing::new().map_err(|error| format!("the results could not be made: {error}"))?;
            let written = handing_on::run(results, importer, &place.0, cancel, &|_| {});
            paths.extend(written.map_err(|error| error.to_string())?.files);
            Some(place)
        }
    };
    let (options, secret, agreed) = (*options, secret.clone(), agreed.clone());
    let request = CopyRequest { importer, paths: &paths, folder, options, secret, agreed };
    let copies = deidentifying::run(&request, cancel, progress);
    drop(of_results);
    copies
}

fn is_same_place(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// A folder that only this program may read and that goes when it is done with.
struct Passing(PathBuf);

impl Passing {
    fn new() -> std::io::Result<Self> {
        let place = std::env::temp_dir().join(format!("overread-{}", uuid::Uuid::new_v4()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&place)?;
        Ok(Self(place))
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            log::warn!("a passing folder could not be removed: {}", error.kind());
        }
    }
}
