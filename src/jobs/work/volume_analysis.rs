//! Running a model over whole series: those its card admits, built as volumes, one after the other.

use std::sync::{Arc, PoisonError};

use crate::domain::finding::{Finding, Subject};
use crate::domain::intake::Progress;
use crate::domain::series::Series;
use crate::import::Importer;
use crate::inference::error::InferenceError;
use crate::inference::gate;
use crate::inference::model::{Analysis, Model, Scanner, VolumeInput};
use crate::inference::scope::{self, Scope, Setting};
use crate::jobs::work::analysis::{AnalysisRequest, ImageEnd, Shelf, held_back, marked, scanner_of};
use crate::jobs::work::volume::{self, VolumeRequest};

/// Series of the study that are stacks: what a volume model looks at.
pub fn stacks(request: &AnalysisRequest<'_>) -> Vec<Arc<Series>> {
    request.study.series.iter().filter(|series| series.stack.len() > 1).cloned().collect()
}

/// What became of one series.
pub enum SeriesEnd {
    Findings(Vec<Finding>),
    OutOfScope(String),
    Unfit(String),
    HeldBack(String),
    Failed(ImageEnd),
}

/// One series from files to findings.
pub fn run_series(
    shelf: &Shelf,
    model: &Model,
    request: &AnalysisRequest<'_>,
    series: &Arc<Series>,
    cancel: &(dyn Fn() -> bool + Sync),
    progress: &dyn Fn(Progress),
) -> SeriesEnd {
    let Some((middle, _)) = series.image(series.stack.len() / 2) else {
        return SeriesEnd::OutOfScope("The series holds no image".to_owned());
    };
    let setting = Setting { study: request.study, series, instance: middle };
    let scope = scope::of_volume(model.card(), &setting);
    if let Some(refusal) = scope.refusal.as_ref().filter(|_| !request.is_forced) {
        return SeriesEnd::OutOfScope(refusal.to_string());
    }
    let unfit = series.instances.iter().find_map(|instance| gate::is_fit(series, instance).err());
    if let Some(fault) = unfit {
        return SeriesEnd::Unfit(fault.to_string());
    }
    let scanner = scanner_of(shelf, model, middle);
    match assess(model, request.importer, request, series, &scanner, cancel, progress) {
        Ok(analysis) => ended(shelf, model, request, &scope, &scanner, analysis),
        Err(end) => SeriesEnd::Failed(end),
    }
}

fn ended(
    shelf: &Shelf,
    model: &Model,
    request: &AnalysisRequest<'_>,
    scope: &Scope,
    scanner: &Scanner,
    analysis: Analysis,
) -> SeriesEnd {
    if let Some(distance) = &analysis.distance {
        let weights = &model.identity().weights_sha256;
        let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.remember_distance(weights, &scanner.name, distance.distance);
    }
    match held_back(model, request, &analysis) {
        Some(why) => SeriesEnd::HeldBack(why),
        None => SeriesEnd::Findings(marked(analysis, scope)),
    }
}

fn assess(
    model: &Model,
    importer: &Importer,
    request: &AnalysisRequest<'_>,
    series: &Arc<Series>,
    scanner: &Scanner,
    cancel: &(dyn Fn() -> bool + Sync),
    progress: &dyn Fn(Progress),
) -> Result<Analysis, ImageEnd> {
    let n_threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 8);
    let wanted = VolumeRequest { series, here: Vec::new(), n_threads };
    let volume = match volume::build(importer, wanted, cancel, &|_| {}, &|_, _| {}) {
        None => return Err(ImageEnd::Cancelled),
        Some(Err(text)) => return Err(ImageEnd::Failed(format!("The series cannot be analyzed: {text}"))),
        Some(Ok(volume)) => volume,
    };
    let Some((first, frame)) = series.image(0) else { return Err(ImageEnd::Cancelled) };
    let subject =
        Subject { study: request.study.uid.clone(), series: series.uid.clone(), sop: first.sop.clone(), frame };
    let input = VolumeInput { subject: &subject, series, volume: &volume, scanner };
    model.assess_volume(&input, cancel, progress).map_err(|error| match error {
        InferenceError::Cancelled => ImageEnd::Cancelled,
        other => ImageEnd::Failed(other.to_string()),
    })
}
