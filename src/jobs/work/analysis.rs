//! Running models on a study: the models kept ready, the images within their scope, one after the other.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::finding::{Finding, Subject};
use crate::domain::instance::Instance;
use crate::domain::intake::Progress;
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::domain::uid::ModelId;
use crate::import::Importer;
use crate::inference::device::DeviceChoice;
use crate::inference::error::InferenceError;
use crate::inference::gate;
use crate::inference::model::Model;
use crate::inference::registry::{self, ModelEntry};
use crate::jobs::event::{AnalysisEvent, ModelEnd};

/// A radiograph study rarely has more; a stack is never within a 2-D model's scope.
const MAX_IMAGES: usize = 16;

/// The known models, each loaded on first use and kept.
pub struct ModelShelf {
    entries: Vec<ModelEntry>,
    loaded: BTreeMap<ModelId, Arc<Model>>,
    device: DeviceChoice,
}

impl ModelShelf {
    pub fn new(roots: &[PathBuf]) -> Self {
        // A folder's model stands after the built-in one of the same id, and takes its place.
        let mut entries: Vec<ModelEntry> = Vec::new();
        for entry in registry::list_models(roots) {
            entries.retain(|known| known.id != entry.id);
            entries.push(entry);
        }
        entries.sort_by(|a, b| a.id.cmp(&b.id));
        Self { entries, loaded: BTreeMap::new(), device: DeviceChoice::default() }
    }

    pub fn entries(&self) -> &[ModelEntry] {
        &self.entries
    }

    /// Where inference runs, in words.
    pub fn device(&self) -> String {
        self.device.describe()
    }

    fn entry(&self, id: &ModelId) -> Option<&ModelEntry> {
        self.entries.iter().find(|entry| &entry.id == id)
    }

    fn model(&mut self, id: &ModelId) -> Result<Arc<Model>, String> {
        if let Some(model) = self.loaded.get(id) {
            return Ok(Arc::clone(model));
        }
        let entry = self.entry(id).ok_or_else(|| format!("There is no model {id}"))?;
        let model = registry::load_model(entry, &self.device).map_err(|error| error.to_string())?;
        let model = Arc::new(model);
        self.loaded.insert(id.clone(), Arc::clone(&model));
        Ok(model)
    }
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
    cancel: &dyn Fn() -> bool,
    tell: &dyn Fn(AnalysisEvent),
) {
    for id in request.models {
        let progress = |progress| tell(AnalysisEvent::Progress { model: id.clone(), progress });
        let end = if cancel() { ModelEnd::Cancelled } else { run_one(shelf, id, request, cancel, &progress) };
        tell(AnalysisEvent::ModelEnded { model: id.clone(), end });
    }
}

fn run_one(
    shelf: &Mutex<ModelShelf>,
    id: &ModelId,
    request: &AnalysisRequest<'_>,
    cancel: &dyn Fn() -> bool,
    progress: &dyn Fn(Progress),
) -> ModelEnd {
    let model = match shelf.lock().unwrap_or_else(PoisonError::into_inner).model(id) {
        Ok(model) => model,
        Err(text) => return ModelEnd::Failed(text),
    };
    let Chosen { images, unfit, why_not } = chosen_images(&model, request);
    if images.is_empty() {
        return match unfit.into_iter().next() {
            Some(fault) => ModelEnd::Unfit(fault),
            None => ModelEnd::OutOfScope(why_not.unwrap_or_else(|| "The study holds no image".to_owned())),
        };
    }
    let n_in_scope = images.len() + unfit.len();
    let n_total = images.len().min(MAX_IMAGES);
    let mut findings = Vec::new();
    let mut failures: Vec<String> = unfit;
    let n_unfit = failures.len();
    for (n_done, image) in images.into_iter().take(MAX_IMAGES).enumerate() {
        let of_image = |part: Progress| {
            let n_parts = part.n_total.max(1);
            progress(Progress { n_done: n_done * n_parts + part.n_done, n_total: n_total * n_parts });
        };
        match analyze_image(&model, request, &image, cancel, &of_image) {
            Ok(found) => findings.extend(found.into_iter().map(Arc::new)),
            Err(ImageEnd::Cancelled) => return ModelEnd::Cancelled,
            // One image that cannot be read costs that image only.
            Err(ImageEnd::Failed(text)) => failures.push(text),
        }
    }
    let n_left = n_in_scope - n_unfit - n_total;
    match (missed(&failures, n_in_scope, n_left), failures.first()) {
        (None, _) => ModelEnd::Findings(findings),
        (Some(_), Some(first)) if failures.len() == n_unfit + n_total => ModelEnd::Failed(first.clone()),
        (Some(missed), _) => ModelEnd::Partly { findings, missed },
    }
}

/// Which images were not analyzed, in a sentence; `None` when all were.
fn missed(failures: &[String], n_in_scope: usize, n_left: usize) -> Option<String> {
    let failed = failures
        .first()
        .map(|first| format!("{} of {n_in_scope} images could not be analyzed: {first}", failures.len()));
    let left = (n_left > 0).then(|| format!("Only the first {MAX_IMAGES} of {n_in_scope} images were analyzed"));
    match (failed, left) {
        (Some(failed), Some(left)) => Some(format!("{failed}. {left}")),
        (failed, left) => failed.or(left),
    }
}

struct ImageInScope<'a> {
    series: &'a Series,
    instance: &'a Instance,
    /// Set when the image is out of scope and the run is forced.
    forced: Option<gate::OutOfScope>,
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
            let forced = match gate::admits(model.card(), series, instance) {
                Ok(()) => None,
                Err(scope) if request.is_forced => Some(scope),
                Err(scope) => {
                    chosen.why_not = chosen.why_not.or_else(|| Some(scope.to_string()));
                    continue;
                }
            };
            match gate::is_fit(series, instance) {
                Ok(()) => chosen.images.push(ImageInScope { series, instance, forced }),
                Err(fault) => chosen.unfit.push(fault.to_string()),
            }
        }
    }
    chosen
}

enum ImageEnd {
    Cancelled,
    Failed(String),
}

fn analyze_image(
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
    let findings = model.analyze(&subject, image.instance, &frame, cancel, progress).map_err(|error| match error {
        InferenceError::Cancelled => ImageEnd::Cancelled,
        other => ImageEnd::Failed(other.to_string()),
    })?;
    Ok(match &image.forced {
        Some(scope) => gate::mark_forced(findings, scope),
        None => findings,
    })
}
