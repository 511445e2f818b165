//! `overread analyze`: models on studies, each study's results as they come; findings to the record and to stdout, masks
//! and maps as NumPy files. A run that was broken off is taken up again by the same command.

mod kept;
mod progress_line;
mod study_folder;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};

use crate::app::cli::analyze::kept::{MadeFrom, UsedModel};
use crate::app::cli::analyze::progress_line::ProgressLine;
use crate::app::cli::analyze_arguments::AnalyzeArguments;
use crate::app::cli::arguments::Common;
use crate::app::cli::inspect;
use crate::app::cli::output::{self, Outcome};
use crate::app::cli::record_place;
use crate::app::{PROGRAM, places};
use crate::domain::device::DeviceChoice;
use crate::domain::finding::Finding;
use crate::domain::intake::{Intake, Notice};
use crate::domain::study::Study;
use crate::domain::uid::{FindingId, ModelId, ReaderName};
use crate::import::Importer;
use crate::inference::device::Threads;
use crate::jobs::work::analysis::ModelShelf;
use crate::jobs::work::batch::{self, BatchRequest, Pace, StudyResult, Utilization};
use crate::jobs::work::record::{self, NotDone};
use crate::jobs::work::scan;
use crate::review::command::Command;
use crate::store::ReviewStore;

pub fn run(arguments: &AnalyzeArguments, common: &Common, importer: &Importer) -> Outcome {
    match analyze(arguments, common, importer) {
        Ok(outcome) => outcome,
        Err(NotDone { code, text }) => output::failed(arguments.json, code, &text),
    }
}

fn analyze(arguments: &AnalyzeArguments, common: &Common, importer: &Importer) -> Result<Outcome, NotDone> {
    let device = common.device.unwrap_or_default();
    device.open().map_err(|error| NotDone { code: error.code(), text: error.to_string() })?;
    let shelf = ModelShelf::new(&places::model_roots(common.models_dir.as_ref()), device);
    let shelf = Mutex::new(shelf.with_history(&places::history_beside(&record_place(common).name)));
    let models = chosen_models(&shelf, &arguments.models)?;
    let intake = scan::quietly(importer, &arguments.paths);
    if intake.studies.is_empty() {
        let Notice { code, text } = inspect::nothing_to_open(&intake);
        return Err(NotDone { code, text });
    }
    let unwritable = |error: std::io::Error| NotDone {
        code: "not_written",
        text: format!("the folder for the results cannot be made: {error}"),
    };
    fs::create_dir_all(&arguments.out).map_err(unwritable)?;
    let record = Record::open(arguments, common);
    let run = Run {
        used_models: used_models(&shelf, &models),
        documents: Mutex::new(vec![None; intake.studies.len()]),
        failure: Mutex::new(None),
        progress: ProgressLine::new(intake.studies.len()),
        arguments,
        record,
    };
    let began = Instant::now();
    let left: Vec<(usize, Arc<Study>)> = run.left_to_do(&intake.studies);
    let studies: Vec<Arc<Study>> = left.iter().map(|(_, study)| Arc::clone(study)).collect();
    let request = BatchRequest {
        importer,
        studies: &studies,
        models: &models,
        is_forced: arguments.force,
        pace: pace(arguments, studies.len(), device),
    };
    let done = |i: usize, result: StudyResult| {
        if let Some((index, study)) = left.get(i) {
            run.finish(*index, study, &result);
        }
    };
    let utilization = batch::run(&shelf, &request, &done)
        .map_err(|error| NotDone { code: "no_threads", text: format!("threads could not be started: {error}") })?;
    if let Some(failure) = run.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(failure);
    }
    let documents = run.documents.into_inner().unwrap_or_else(PoisonError::into_inner);
    let documents: Vec<Value> = documents.into_iter().flatten().collect();
    let kept = run.record.close();
    if let Err(NotDone { text, .. }) = &kept {
        output::message(&format!("the findings are not kept: {text}"));
    }
    let batch = batch_facts(&intake, studies.len(), began.elapsed().as_secs_f64(), &utilization);
    let document = document(&intake, &documents, &kept, &batch);
    write_document(&arguments.out, &document)?;
    if arguments.json {
        output::print_document(&document);
    }
    if intake.studies.len() > 1 {
        output::message(&utilization_sentence(&utilization));
    }
    Ok(match outcome(&intake, &documents) {
        Outcome::Done if kept.is_err() => Outcome::Partly,
        outcome => outcome,
    })
}

/// All that the studies' threads share.
struct Run<'a> {
    arguments: &'a AnalyzeArguments,
    used_models: Vec<UsedModel>,
    /// Of each study, in the intake's order.
    documents: Mutex<Vec<Option<Value>>>,
    /// The first study whose results could not be written: the disk is full, or the folder gone.
    failure: Mutex<Option<NotDone>>,
    progress: ProgressLine,
    record: Record,
}

impl Run<'_> {
    /// The studies that the folder does not hold complete.
    fn left_to_do(&self, studies: &[Arc<Study>]) -> Vec<(usize, Arc<Study>)> {
        let mut left = Vec::new();
        for (index, study) in studies.iter().enumerate() {
            let place = study_folder::place(&self.arguments.out, study);
            match kept::complete(&place, study, &self.used_models, self.arguments.force) {
                Some(document) if !self.arguments.again && self.record.has(study, &document) => {
                    self.put(index, document);
                    self.progress.skipped();
                }
                _ => left.push((index, Arc::clone(study))),
            }
        }
        left
    }

    fn put(&self, index: usize, document: Value) {
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = documents.get_mut(index) {
            *place = Some(document);
        }
    }

    /// To the record first, then to its folder: what the folder holds complete is kept.
    fn finish(&self, index: usize, study: &Study, result: &StudyResult) {
        for end in &result.ends {
            if let Some(text) = &end.text {
                output::message(&format!("{}: {text}", end.model));
            }
        }
        self.record.keep(study, &result.findings);
        let made_from = self.made_from(study, result);
        match study_folder::write(&self.arguments.out, study, result, made_from.as_ref()) {
            Ok(document) => {
                if !self.arguments.json {
                    result.findings.iter().for_each(|finding| print_finding(finding));
                }
                self.put(index, document);
            }
            Err(failure) => {
                self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
            }
        }
        self.progress.done();
    }

    /// `None` when the study is to be done again next time: something failed, or there is nothing that took time.
    fn made_from(&self, study: &Study, result: &StudyResult) -> Option<MadeFrom> {
        let is = |state: &str| result.ends.iter().any(|end| end.state == state);
        let is_whole = is("done") || is("held_back");
        if !is_whole || is("failed") || is("partly_done") || is("cancelled") || self.record.has_failed() {
            return None;
        }
        MadeFrom::of(study, &self.used_models, self.arguments.force).ok()
    }
}

fn print_finding(finding: &Finding) {
    let sentence = finding.assessment.as_ref().map(|assessment| assessment.sentence()).unwrap_or_default();
    output::line(&format!("{} · {} · {sentence}", finding.id, finding.label.name));
}

fn pace(arguments: &AnalyzeArguments, n_studies: usize, device: DeviceChoice) -> Pace {
    let n_cores = Threads::n_shared();
    let pace = Pace::for_studies(n_studies, n_cores, device.resolved() != DeviceChoice::Cpu);
    let n_in_flight = arguments.in_flight.map_or(pace.n_in_flight, |wanted| wanted.min(n_studies.max(1)));
    Pace { n_in_flight, ..pace }
}

/// 2 when no model gave anything; 1 when a model failed or a file was refused.
fn outcome(intake: &Intake, documents: &[Value]) -> Outcome {
    let states = || documents.iter().filter_map(|document| document["models"].as_array()).flatten();
    let is = |state: &str| states().any(|report| report["state"] == state);
    if !is("done") && !is("partly_done") {
        return if is("failed") { Outcome::Unusable } else { Outcome::Partly };
    }
    if is("failed") || is("partly_done") { Outcome::Partly } else { inspect::outcome(intake) }
}

fn chosen_models(shelf: &Mutex<ModelShelf>, wanted: &[String]) -> Result<Vec<ModelId>, NotDone> {
    let shelf = shelf.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let known: Vec<ModelId> = shelf.entries().iter().map(|entry| entry.id.clone()).collect();
    if wanted.is_empty() {
        return Ok(known);
    }
    let unknown = wanted.iter().find(|id| !known.iter().any(|entry| entry.as_str() == id.as_str()));
    if let Some(id) = unknown {
        let list = known.iter().map(ModelId::as_str).collect::<Vec<_>>().join(", ");
        return Err(NotDone { code: "unknown_model", text: format!("there is no model '{id}'; there are: {list}") });
    }
    Ok(wanted.iter().map(ModelId::new).collect())
}

/// The chosen models as their cards name them; a card that cannot be read has no weights to name.
fn used_models(shelf: &Mutex<ModelShelf>, models: &[ModelId]) -> Vec<UsedModel> {
    let shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    let entries = shelf.entries().iter().filter(|entry| models.contains(&entry.id));
    let used = entries.map(|entry| match &entry.card {
        Ok(card) => UsedModel {
            id: card.id.to_string(),
            version: card.version.clone(),
            weights_sha256: card.weights.sha256.clone(),
        },
        Err(_) => UsedModel { id: entry.id.to_string(), version: String::new(), weights_sha256: String::new() },
    });
    used.collect()
}

/// The review record: findings go there, so that `decide`, `findings`, `export` and the window know them.
struct Record {
    store: Mutex<Result<Box<dyn ReviewStore>, NotDone>>,
    has_failed: AtomicBool,
}

impl Record {
    fn open(arguments: &AnalyzeArguments, common: &Common) -> Self {
        let mut opened = record::open_store(&record_place(common)).and_then(|store| match store.read_only_reason() {
            Some(reason) => Err(NotDone { code: "store_read_only", text: reason }),
            None => Ok(store),
        });
        if let Ok(store) = &mut opened {
            for path in &arguments.paths {
                let place = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                if let Err(error) = store.remember_place(&place) {
                    output::message(&format!("the place could not be remembered: {error}"));
                }
            }
        }
        let has_failed = AtomicBool::new(opened.is_err());
        Self { store: Mutex::new(opened), has_failed }
    }

    /// Whether anything could not be kept.
    fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// Whether the record has the findings of a study's document; one that cannot be read has no say.
    fn has(&self, study: &Study, document: &Value) -> bool {
        let opened = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(store) = &*opened else { return true };
        let Ok(session) = record::review_or_new(store.as_ref(), &study.uid) else { return true };
        let is_known =
            |finding: &Value| finding["id"].as_str().is_some_and(|id| session.finding(&FindingId::new(id)).is_some());
        document["findings"].as_array().into_iter().flatten().all(is_known)
    }

    fn keep(&self, study: &Study, findings: &[Arc<Finding>]) {
        let mut opened = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(store) = &mut *opened else { return };
        if findings.is_empty() {
            return;
        }
        let kept = record::review_or_new(store.as_ref(), &study.uid).and_then(|mut session| {
            let reader = ReaderName::new(PROGRAM);
            record::apply(store.as_mut(), &mut session, &reader, Command::AddSuggestions(findings.to_vec()))
        });
        if let Err(reason) = kept {
            self.has_failed.store(true, Ordering::Relaxed);
            *opened = Err(reason);
        }
    }

    /// Whether everything was kept, or why not.
    fn close(self) -> Result<(), NotDone> {
        self.store.into_inner().unwrap_or_else(PoisonError::into_inner).map(drop)
    }
}

fn batch_facts(intake: &Intake, n_run: usize, seconds: f64, utilization: &Utilization) -> Value {
    let n_studies = intake.studies.len();
    json!({
        "n_studies": n_studies,
        "n_complete_already": n_studies - n_run,
        "seconds": seconds,
        "studies_per_second": if seconds > 0.0 { n_run as f64 / seconds } else { 0.0 },
        "network": {
            "n_runs": utilization.n_runs,
            "n_at_once": utilization.n_slots,
            "seconds": utilization.total.as_secs_f64(),
            "busy_share": utilization.busy_share(),
            "slot_share": utilization.slot_share(),
        },
    })
}

fn utilization_sentence(utilization: &Utilization) -> String {
    if utilization.n_runs == 0 {
        return "no network had to run".to_owned();
    }
    format!(
        "{} network runs; a network was at work {:.0} % of the time, {:.0} % of the {} that could have been",
        utilization.n_runs,
        100.0 * utilization.busy_share(),
        100.0 * utilization.slot_share(),
        utilization.n_slots,
    )
}

fn document(intake: &Intake, documents: &[Value], kept: &Result<(), NotDone>, batch: &Value) -> Value {
    let of_study = |study: &Study| json!({ "study_instance_uid": study.uid, "n_images": study.n_images() });
    let refused: Vec<Value> =
        intake.refused().map(|(path, notice)| json!({ "path": output::path(path), "reason": notice })).collect();
    let why_not = kept.as_ref().err().map(|NotDone { code, text }| json!({ "code": code, "text": text }));
    let all = |key: &str| -> Vec<&Value> {
        documents.iter().filter_map(|document| document[key].as_array()).flatten().collect()
    };
    output::stamped(json!({
        "studies": intake.studies.iter().map(|study| of_study(study)).collect::<Vec<_>>(),
        "models": all("models"),
        "findings": all("findings"),
        "refused_files": refused,
        "record": { "kept": kept.is_ok(), "reason": why_not },
        "batch": batch,
    }))
}

fn write_document(out: &Path, document: &Value) -> Result<(), NotDone> {
    let text = serde_json::to_string_pretty(document).unwrap_or_default();
    fs::write(out.join("findings.json"), text)
        .map_err(|error| NotDone { code: "not_written", text: format!("findings.json could not be written: {error}") })
}
