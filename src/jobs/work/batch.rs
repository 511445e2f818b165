//! Many studies through the models, several in flight: while some are in the network, others are read and prepared.

mod network_hours;

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::domain::finding::Finding;
use crate::domain::study::Study;
use crate::domain::uid::ModelId;
use crate::import::Importer;
use crate::inference::device::Threads;
use crate::inference::model;
use crate::jobs::event::{AnalysisEvent, ModelEnd};
use crate::jobs::panic_guard::{TaskOutcome, guarded};
use crate::jobs::work::analysis::{self, AnalysisRequest, ModelShelf};
pub use crate::jobs::work::batch::network_hours::Utilization;
use crate::jobs::work::batch::network_hours::{Held, NetworkHours};

/// What to run on what.
pub struct BatchRequest<'a> {
    pub importer: &'a Importer,
    pub studies: &'a [Arc<Study>],
    pub models: &'a [ModelId],
    /// Run also out of scope; every finding then says so.
    pub is_forced: bool,
    pub pace: Pace,
}

/// How much goes on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Studies being read, prepared, run or written.
    pub n_in_flight: usize,
    /// Networks running at once.
    pub n_networks: usize,
    /// Threads of each study; a batch runs best with one picture per core.
    pub n_threads: usize,
}

impl Pace {
    /// For so many studies: a network on every core, and a study or two being read meanwhile. An accelerator takes one
    /// picture at a time.
    pub fn for_studies(n_studies: usize, n_cores: usize, has_accelerator: bool) -> Self {
        let n_networks = if has_accelerator { 1 } else { n_studies.clamp(1, n_cores.max(1)) };
        let n_ahead = n_networks.div_ceil(2).max(1);
        Self {
            n_in_flight: (n_networks + n_ahead).min(n_studies.max(1)),
            n_networks,
            n_threads: if has_accelerator { 1 } else { n_cores / n_networks }.max(1),
        }
    }
}

/// What every model said of one study, in the models' order.
#[derive(Default)]
pub struct StudyResult {
    pub findings: Vec<Arc<Finding>>,
    pub ends: Vec<StudyEnd>,
}

/// How one model's run on the study ended; its findings are in the result.
pub struct StudyEnd {
    pub model: ModelId,
    /// `done`, `partly_done`, `out_of_scope`, `unfit`, `held_back`, `failed` or `cancelled`.
    pub state: &'static str,
    pub text: Option<String>,
}

/// Runs all studies and hands each result on as it comes, on the thread that made it; returns how busy the network was.
///
/// # Errors
/// When the threads cannot be started.
pub fn run(
    shelf: &Mutex<ModelShelf>,
    request: &BatchRequest<'_>,
    done: &(dyn Fn(usize, StudyResult) + Sync),
) -> std::io::Result<Utilization> {
    let hours = NetworkHours::new(request.pace.n_networks);
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(study) = request.studies.get(index) else { return };
            let result = match guarded(|| run_study(shelf, request, study, &hours)) {
                TaskOutcome::Returned(result) => result,
                TaskOutcome::Panicked => fallen(request.models),
            };
            done(index, result);
        }
    };
    std::thread::scope(|scope| {
        for i in 0..request.pace.n_in_flight.max(1) {
            // Threads of the study's own: nobody waits for the picture of another study.
            let threads = Threads::apart(request.pace.n_threads)?;
            let named = std::thread::Builder::new().name(format!("batch {i}"));
            named.spawn_scoped(scope, move || threads.run(work))?;
        }
        Ok::<(), std::io::Error>(())
    })?;
    Ok(hours.utilization())
}

fn run_study(
    shelf: &Mutex<ModelShelf>,
    request: &BatchRequest<'_>,
    study: &Study,
    hours: &NetworkHours,
) -> StudyResult {
    let BatchRequest { importer, models, is_forced, .. } = *request;
    let of_study = AnalysisRequest { importer, study, models, is_forced };
    let result = RefCell::new(StudyResult::default());
    let held: RefCell<Option<Held<'_>>> = RefCell::new(None);
    analysis::run(shelf, &of_study, &|| false, &|event| match event {
        // The model tells of every border between its stages, for every picture anew.
        AnalysisEvent::Progress { progress, .. } => {
            held.replace(None);
            if progress.n_done % model::N_STAGES == model::NETWORK_STAGE && progress.n_done < progress.n_total {
                held.replace(Some(hours.enter()));
            }
        }
        AnalysisEvent::ModelEnded { model, end } => {
            held.replace(None);
            result.borrow_mut().add(model, end);
        }
        AnalysisEvent::Finished => {}
    });
    result.into_inner()
}

impl StudyResult {
    fn add(&mut self, model: ModelId, end: ModelEnd) {
        let (state, text, found) = match end {
            ModelEnd::Findings(found) => ("done", None, found),
            ModelEnd::Partly { findings, missed } => ("partly_done", Some(missed), findings),
            ModelEnd::OutOfScope(text) => ("out_of_scope", Some(text), Vec::new()),
            ModelEnd::Unfit(text) => ("unfit", Some(text), Vec::new()),
            ModelEnd::HeldBack(text) => ("held_back", Some(text), Vec::new()),
            ModelEnd::Failed(text) => ("failed", Some(text), Vec::new()),
            ModelEnd::Cancelled => ("cancelled", None, Vec::new()),
        };
        self.findings.extend(found);
        self.ends.push(StudyEnd { model, state, text });
    }
}

fn fallen(models: &[ModelId]) -> StudyResult {
    let text = "The analysis failed by a fault of the program";
    let end = |model: &ModelId| StudyEnd { model: model.clone(), state: "failed", text: Some(text.to_owned()) };
    StudyResult { findings: Vec::new(), ends: models.iter().map(end).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_keeps_every_core_in_a_network_and_one_study_is_not_split() {
        let pace = |n_in_flight, n_networks, n_threads| Pace { n_in_flight, n_networks, n_threads };
        assert_eq!(Pace::for_studies(1, 8, false), pace(1, 1, 8));
        assert_eq!(Pace::for_studies(2, 8, false), pace(2, 2, 4));
        assert_eq!(Pace::for_studies(1000, 2, false), pace(3, 2, 1));
        assert_eq!(Pace::for_studies(1000, 8, true), pace(2, 1, 1));
    }
}
