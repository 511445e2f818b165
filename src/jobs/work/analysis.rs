//! Running models on a study: the models kept ready, the images within their scope, one after the other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::device::DeviceChoice;
use crate::domain::finding::{Finding, Subject};
use crate::domain::instance::Instance;
use crate::domain::intake::{Notice, Progress};
use crate::domain::model::DistanceVerdict;
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::domain::uid::ModelId;
use crate::import::Importer;
use crate::inference::error::InferenceError;
use crate::inference::gate;
use crate::inference::model::{Analysis, Model, PictureInput, Scanner};
use crate::inference::registry::{self, ModelEntry};
use crate::inference::scope::{self, Scope, Setting};
use crate::jobs::event::{AnalysisEvent, ModelEnd};
use crate::jobs::work::scanner_history::ScannerHistory;
use crate::jobs::work::volume_analysis::{self, SeriesEnd};

/// A radiograph study rarely has more; a stack is never within a 2-D model's scope.
const MAX_IMAGES: usize = 16;

/// The known models, each loaded on first use and kept.
pub struct ModelShelf {
    entries: Vec<ModelEntry>,
    loaded: BTreeMap<ModelId, Arc<Model>>,
    /// Asked for every model: it may be changed while one is loaded.
    device: Arc<Mutex<DeviceChoice>>,
    /// Where the models were loaded.
    loaded_on: DeviceChoice,
    history: ScannerHistory,
}

/// The shelf as threads share it.
pub type Shelf = Mutex<ModelShelf>;

impl ModelShelf {
    pub fn new(roots: &[PathBuf], device: DeviceChoice) -> Self {
        // A folder's model stands after the built-in one of the same id, and takes its place.
        let mut entries: Vec<ModelEntry> = Vec::new();
        for entry in registry::list_models(roots) {
            entries.retain(|known| known.id != entry.id);
            entries.push(entry);
        }
        entries.sort_by(|a, b| a.id.cmp(&b.id));
        let (loaded, history) = (BTreeMap::new(), ScannerHistory::default());
        Self { entries, loaded, device: Arc::new(Mutex::new(device)), loaded_on: device, history }
    }

    /// Remembers distances of images from the training images in this file.
    #[must_use]
    pub fn with_history(mut self, file: &Path) -> Self {
        self.history = ScannerHistory::open(file);
        self
    }

    pub fn remember_distance(&mut self, weights: &str, scanner: &str, distance: f64) {
        self.history.remember(weights, scanner, distance);
    }

    pub fn entries(&self) -> &[ModelEntry] {
        &self.entries
    }

    /// Where inference is to run. Who changes it waits for no model; those that are loaded elsewhere are loaded anew.
    pub fn device(&self) -> Arc<Mutex<DeviceChoice>> {
        Arc::clone(&self.device)
    }

    fn entry(&self, id: &ModelId) -> Option<&ModelEntry> {
        self.entries.iter().find(|entry| &entry.id == id)
    }

    /// The model, loaded on first use; or in a sentence why not.
    pub fn model(&mut self, id: &ModelId) -> Result<Arc<Model>, String> {
        let device = *self.device.lock().unwrap_or_else(PoisonError::into_inner);
        if device != self.loaded_on {
            self.loaded.clear();
            self.loaded_on = device;
        }
        if let Some(model) = self.loaded.get(id) {
            return Ok(Arc::clone(model));
        }
        let entry = self.entry(id).ok_or_else(|| format!("There is no model {id}"))?;
        let model = registry::load_model(entry, &device).map_err(|error| error.to_string())?;
        let model = Arc::new(model);
        self.loaded.insert(id.clone(), Arc::clone(&model));
        Ok(model)
    }
}

/// Whether a reader wants a model run although its card or the image's distance speaks against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insistence {
    None,
    Forced,
}

/// What to run on what.
pub struct AnalysisRequest<'a> {
    /// Brings the frames.
    pub importer: &'a Importer,
    pub study: &'a Study,
    pub models: &'a [ModelId],
    /// Run also out of scope; every finding then says so.
    pub is_forced: bool,
}

/// Runs every model, telling what happens as it happens.
pub fn run(
    shelf: &Mutex<ModelShelf>,
    request: &AnalysisRequest<'_>,
    cancel: &(dyn Fn() -> bool + Sync),
    tell: &dyn Fn(AnalysisEvent),
) {
    for id in request.models {
        let progress = |progress| tell(AnalysisEvent::Progress { model: id.clone(), progress });
        let end = if cancel() { ModelEnd::Cancelled } else { run_one(shelf, id, request, cancel, &progress) };
        tell(AnalysisEvent::ModelEnded { model: id.clone(), end });
    }
}

fn run_one(
    shelf: &Shelf,
    id: &ModelId,
    request: &AnalysisRequest<'_>,
    cancel: &(dyn Fn() -> bool + Sync),
    progress: &dyn Fn(Progress),
) -> ModelEnd {
    let model = match shelf.lock().unwrap_or_else(PoisonError::into_inner).model(id) {
        Ok(model) => model,
        Err(text) => return ModelEnd::Failed(text),
    };
    if model.card().sliding.is_some() {
        let stacks = volume_analysis::stacks(request);
        if !stacks.is_empty() {
            return run_stacks(shelf, &model, request, &stacks, cancel, progress);
        }
    }
    let Chosen { images, unfit, why_not } = chosen_images(&model, request);
    if images.is_empty() {
        return match unfit.into_iter().next() {
            Some(fault) => ModelEnd::Unfit(fault),
            None => ModelEnd::OutOfScope(why_not.unwrap_or_else(|| "The study holds no image".to_owned())),
        };
    }
    let (n_unfit, n_in_scope) = (unfit.len(), images.len() + unfit.len());
    let n_total = images.len().min(MAX_IMAGES);
    let mut ends = Ends { failures: unfit, ..Ends::default() };
    for (n_done, image) in images.into_iter().take(MAX_IMAGES).enumerate() {
        let of_image = |part: Progress| {
            let n_parts = part.n_total.max(1);
            progress(Progress { n_done: n_done * n_parts + part.n_done, n_total: n_total * n_parts });
        };
        match analyze_image(shelf, &model, request, &image, cancel, &of_image) {
            Ok(found) => ends.findings.extend(found.into_iter().map(Arc::new)),
            Err(ImageEnd::Cancelled) => return ModelEnd::Cancelled,
            Err(ImageEnd::HeldBack(why)) => ends.held.push(why),
            // One image that cannot be read costs that image only.
            Err(ImageEnd::Failed(text)) => ends.failures.push(text),
        }
    }
    ends.into_end("images", n_in_scope, n_in_scope - n_unfit - n_total)
}

/// A model that slides looks at stacks as volumes.
fn run_stacks(
    shelf: &Shelf,
    model: &Model,
    request: &AnalysisRequest<'_>,
    stacks: &[Arc<Series>],
    cancel: &(dyn Fn() -> bool + Sync),
    progress: &dyn Fn(Progress),
) -> ModelEnd {
    let (mut ends, mut n_in_scope) = (Ends::default(), 0);
    let (mut why_not, mut unfit) = (None, None);
    for (n_done, series) in stacks.iter().enumerate() {
        let of_series = |part: Progress| {
            let n_parts = part.n_total.max(1);
            progress(Progress { n_done: n_done * n_parts + part.n_done, n_total: stacks.len() * n_parts });
        };
        match volume_analysis::run_series(shelf, model, request, series, cancel, &of_series) {
            SeriesEnd::OutOfScope(text) => {
                why_not.get_or_insert(text);
                continue;
            }
            SeriesEnd::Unfit(text) => {
                unfit.get_or_insert(text.clone());
                ends.failures.push(text);
            }
            SeriesEnd::Findings(found) => ends.findings.extend(found.into_iter().map(Arc::new)),
            SeriesEnd::HeldBack(why) => ends.held.push(why),
            SeriesEnd::Failed(ImageEnd::Failed(text)) => ends.failures.push(text),
            SeriesEnd::Failed(ImageEnd::HeldBack(why)) => ends.held.push(why),
            SeriesEnd::Failed(ImageEnd::Cancelled) => return ModelEnd::Cancelled,
        }
        n_in_scope += 1;
    }
    match (n_in_scope, unfit) {
        (0, _) => ModelEnd::OutOfScope(why_not.unwrap_or_else(|| "The study holds no volume".to_owned())),
        (n, Some(fault)) if ends.failures.len() == n => ModelEnd::Unfit(fault),
        _ => ends.into_end("series", n_in_scope, 0),
    }
}

/// What became of the images or series of one run.
#[derive(Default)]
struct Ends {
    findings: Vec<Arc<Finding>>,
    failures: Vec<String>,
    /// Why findings were held back, one each.
    held: Vec<String>,
}

impl Ends {
    fn into_end(self, what: &str, n_in_scope: usize, n_left: usize) -> ModelEnd {
        let Self { findings, failures, held } = self;
        let n_tried = n_in_scope - n_left;
        if let Some(first) = failures.first().filter(|_| failures.len() == n_tried) {
            return ModelEnd::Failed(first.clone());
        }
        if let Some(first) = held.first().filter(|_| held.len() + failures.len() == n_tried) {
            return ModelEnd::HeldBack(first.clone());
        }
        match missed(what, &failures, &held, n_in_scope, n_left) {
            None => ModelEnd::Findings(findings),
            Some(missed) => ModelEnd::Partly { findings, missed },
        }
    }
}

/// What was not analyzed or not told, in sentences; `None` when all was.
fn missed(what: &str, failures: &[String], held: &[String], n_in_scope: usize, n_left: usize) -> Option<String> {
    let said = |reasons: &[String], how: &str| {
        reasons.first().map(|first| format!("{} of {n_in_scope} {what} {how}: {first}", reasons.len()))
    };
    let failed = said(failures, "could not be analyzed");
    let held = said(held, "were held back");
    let left = (n_left > 0).then(|| format!("Only the first {MAX_IMAGES} of {n_in_scope} {what} were analyzed"));
    let all: Vec<String> = [failed, held, left].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(". "))
}

struct ImageInScope<'a> {
    series: &'a Series,
    instance: &'a Instance,
    scope: Scope,
}

/// The images to run on.
#[derive(Default)]
struct Chosen<'a> {
    images: Vec<ImageInScope<'a>>,
    /// Of images within scope whose files have a fault that keeps models away, one sentence each.
    unfit: Vec<String>,
    /// The first reason why an image is out of scope.
    why_not: Option<String>,
}

fn chosen_images<'a>(model: &Model, request: &AnalysisRequest<'a>) -> Chosen<'a> {
    let mut chosen = Chosen::default();
    for series in &request.study.series {
        for instance in &series.instances {
            let scope = scope::of_picture(model.card(), &Setting { study: request.study, series, instance });
            if let Some(refusal) = scope.refusal.as_ref().filter(|_| !request.is_forced) {
                chosen.why_not = chosen.why_not.or_else(|| Some(refusal.to_string()));
                continue;
            }
            match gate::is_fit(series, instance) {
                Ok(()) => chosen.images.push(ImageInScope { series, instance, scope }),
                Err(fault) => chosen.unfit.push(fault.to_string()),
            }
        }
    }
    chosen
}

pub enum ImageEnd {
    Cancelled,
    Failed(String),
    /// Too far from the training images.
    HeldBack(String),
}

fn analyze_image(
    shelf: &Shelf,
    model: &Model,
    request: &AnalysisRequest<'_>,
    image: &ImageInScope<'_>,
    cancel: &dyn Fn() -> bool,
    progress: &dyn Fn(Progress),
) -> Result<Vec<Finding>, ImageEnd> {
    let frame =
        request.importer.load_frame_ahead(image.instance, 0).map_err(|error| ImageEnd::Failed(error.to_string()))?;
    let subject = Subject {
        study: request.study.uid.clone(),
        series: image.series.uid.clone(),
        sop: image.instance.sop.clone(),
        frame: 0,
    };
    let scanner = scanner_of(shelf, model, image.instance);
    let picture = PictureInput { subject: &subject, instance: image.instance, frame: &frame, scanner: &scanner };
    let analysis = model.assess(&picture, cancel, progress).map_err(|error| match error {
        InferenceError::Cancelled => ImageEnd::Cancelled,
        other => ImageEnd::Failed(other.to_string()),
    })?;
    if let Some(distance) = &analysis.distance {
        let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.remember_distance(&model.identity().weights_sha256, &scanner.name, distance.distance);
    }
    match held_back(model, request, &analysis) {
        Some(why) => Err(ImageEnd::HeldBack(why)),
        None => Ok(marked(analysis, &image.scope)),
    }
}

/// The scanner of an image and what was usual on it until now.
pub fn scanner_of(shelf: &Shelf, model: &Model, instance: &Instance) -> Scanner {
    let name = ScannerHistory::scanner_of(instance);
    let shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    let history = shelf.history.of(&model.identity().weights_sha256, &name);
    Scanner { name, history }
}

/// Why the findings are not told, unless a reader insists.
pub fn held_back(model: &Model, request: &AnalysisRequest<'_>, analysis: &Analysis) -> Option<String> {
    let distance = analysis.distance.as_ref().filter(|_| analysis.is_far_out() && !request.is_forced)?;
    Some(format!("Out of distribution for {}: {}. Its findings are held back", model.card().name, distance.sentence()))
}

/// The findings with what is to be said on each: doubts about scope and distance, and that a reader insisted.
pub fn marked(analysis: Analysis, scope: &Scope) -> Vec<Finding> {
    let mut notices = scope.warnings.clone();
    if let Some(distance) = &analysis.distance {
        match distance.verdict {
            DistanceVerdict::Usual => {}
            DistanceVerdict::Unusual => {
                notices.insert(0, Notice::new("unusual_input", format!("Unusual input: {}", distance.sentence())));
            }
            DistanceVerdict::FarOut => {
                let text = format!("Run by force. Out of distribution: {}", distance.sentence());
                notices.insert(0, Notice::new("forced_out_of_distribution", text));
            }
        }
    }
    let mut findings = analysis.findings;
    for finding in &mut findings {
        finding.notices.extend(notices.iter().cloned());
    }
    match &scope.refusal {
        Some(refusal) => gate::mark_forced(findings, refusal),
        None => findings,
    }
}
