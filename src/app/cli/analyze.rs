//! `overread analyze`: models on studies; findings to the record and to stdout, masks and maps as NumPy files.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::app::cli::arguments::{AnalyzeArguments, Common};
use crate::app::cli::inspect;
use crate::app::cli::output::{self, Outcome};
use crate::app::cli::record_place;
use crate::app::{PROGRAM, places};
use crate::domain::finding::{Finding, PlacedSegment};
use crate::domain::intake::{Intake, Notice};
use crate::domain::report::{Report, ReportedCourse, ReportedFinding};
use crate::domain::study::Study;
use crate::domain::uid::{ModelId, ReaderName};
use crate::export::{self, ExportError, numpy};
use crate::imaging::saliency;
use crate::import::Importer;
use crate::jobs::event::{AnalysisEvent, ModelEnd};
use crate::jobs::work::analysis::{self, AnalysisRequest, ModelShelf};
use crate::jobs::work::record::{self, NotDone};
use crate::jobs::work::{scan, stamp};
use crate::review::command::Command;

pub fn run(arguments: &AnalyzeArguments, common: &Common, importer: &Importer) -> Outcome {
    match analyze(arguments, common, importer) {
        Ok(outcome) => outcome,
        Err(NotDone { code, text }) => output::failed(arguments.json, code, &text),
    }
}

/// One model on one study, as it ended.
struct ModelReport {
    study: Value,
    model: ModelId,
    state: &'static str,
    text: Option<String>,
}

fn analyze(arguments: &AnalyzeArguments, common: &Common, importer: &Importer) -> Result<Outcome, NotDone> {
    let shelf = ModelShelf::new(&places::model_roots(common.models_dir.as_ref()));
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
    let mut reports = Vec::new();
    let mut findings = Vec::new();
    for study in &intake.studies {
        let request = AnalysisRequest { importer, study, models: &models, is_forced: arguments.force };
        let (found, ended) = run_models(&shelf, &request);
        findings.extend(found);
        reports.extend(ended);
    }
    let documents = write_findings(&findings, &arguments.out)?;
    let kept = keep(&intake, arguments, common, &findings);
    if let Err(NotDone { text, .. }) = &kept {
        output::message(&format!("the findings are not kept: {text}"));
    }
    let document = document(&intake, &documents, &reports, &kept);
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    fs::write(arguments.out.join("findings.json"), text).map_err(|error| NotDone {
        code: "not_written",
        text: format!("findings.json could not be written: {error}"),
    })?;
    if arguments.json {
        output::print_document(&document);
    } else {
        for finding in &findings {
            let sentence = finding.assessment.as_ref().map(|assessment| assessment.sentence()).unwrap_or_default();
            output::line(&format!("{} · {} · {sentence}", finding.id, finding.label.name));
        }
    }
    Ok(match outcome(&intake, &reports) {
        Outcome::Done if kept.is_err() => Outcome::Partly,
        outcome => outcome,
    })
}

/// 2 when no model gave anything; 1 when a model failed or a file was refused.
fn outcome(intake: &Intake, reports: &[ModelReport]) -> Outcome {
    let is = |state: &str| reports.iter().any(|report| report.state == state);
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

fn run_models(shelf: &Mutex<ModelShelf>, request: &AnalysisRequest<'_>) -> (Vec<Arc<Finding>>, Vec<ModelReport>) {
    let gathered = RefCell::new((Vec::new(), Vec::new()));
    analysis::run(shelf, request, &|| false, &|event| {
        let AnalysisEvent::ModelEnded { model, end } = event else { return };
        let (state, text, found) = match end {
            ModelEnd::Findings(found) => ("done", None, found),
            ModelEnd::Partly { findings, missed } => ("partly_done", Some(missed), findings),
            ModelEnd::OutOfScope(text) => ("out_of_scope", Some(text), Vec::new()),
            ModelEnd::Unfit(text) => ("unfit", Some(text), Vec::new()),
            ModelEnd::HeldBack(text) => ("held_back", Some(text), Vec::new()),
            ModelEnd::Failed(text) => ("failed", Some(text), Vec::new()),
            ModelEnd::Cancelled => ("cancelled", None, Vec::new()),
        };
        if let Some(text) = &text {
            output::message(&format!("{model}: {text}"));
        }
        let mut gathered = gathered.borrow_mut();
        gathered.0.extend(found);
        gathered.1.push(ModelReport { study: json!(request.study.uid), model, state, text });
    });
    gathered.into_inner()
}

/// The findings as the report writes them, each with the names of its NumPy files on the source image's grid.
fn write_findings(findings: &[Arc<Finding>], out: &Path) -> Result<Vec<Value>, NotDone> {
    let mut documents = Vec::new();
    for finding in findings {
        let files = write_arrays(finding, out).map_err(|error| not_written(&error))?;
        let report = Report {
            study_uid: finding.subject.study.clone(),
            study: None,
            findings: vec![ReportedFinding::undecided(Arc::clone(finding))],
            annotations: Vec::new(),
            key_images: Vec::new(),
            displays: Vec::new(),
            course: ReportedCourse::default(),
            made_at: stamp::now(),
            made_by: PROGRAM.to_owned(),
        };
        let mut value = export::report_value(&report).map_err(|error| not_written(&error))?;
        let mut document = value["findings"][0].take();
        if let (Some(document), Some(files)) = (document.as_object_mut(), files.as_object()) {
            document.extend(files.clone());
        }
        documents.push(document);
    }
    Ok(documents)
}

fn not_written(error: &ExportError) -> NotDone {
    NotDone { code: error.code(), text: error.to_string() }
}

/// Writes a finding's masks (1 inside) and its saliency map (0 to 1); returns the files' names.
fn write_arrays(finding: &Finding, out: &Path) -> Result<Value, ExportError> {
    let stem: String = file_word(finding.id.as_str()).chars().take(13).collect();
    let mut masks = BTreeMap::new();
    for segment in &finding.evidence.segments {
        let name = format!("{stem}-{}.mask.npy", file_word(&segment.id));
        let shape = [segment.mask.rows() as usize, segment.mask.cols() as usize];
        numpy::write_npy_u8(&out.join(&name), &shape, &segment.mask.to_dense())?;
        masks.insert(&segment.id, name);
    }
    let mut masks_elsewhere = Vec::new();
    for (n, PlacedSegment { sop, frame, segment }) in finding.evidence.elsewhere.iter().enumerate() {
        let name = format!("{stem}-{}-{n}.mask.npy", file_word(&segment.id));
        let shape = [segment.mask.rows() as usize, segment.mask.cols() as usize];
        numpy::write_npy_u8(&out.join(&name), &shape, &segment.mask.to_dense())?;
        masks_elsewhere.push(json!({ "sop_instance_uid": sop, "frame_index": frame, "file": name }));
    }
    let mut map_file = None;
    if let Some(map) = &finding.evidence.saliency {
        let name = format!("{stem}-{}.saliency.npy", file_word(&finding.label.id));
        let shape = [map.facts().source_rows as usize, map.facts().source_cols as usize];
        numpy::write_npy_f32(&out.join(&name), &shape, &saliency::saliency_on_source_grid(map))?;
        map_file = Some(name);
    }
    Ok(json!({ "mask_files": masks, "masks_elsewhere": masks_elsewhere, "saliency_file": map_file }))
}

/// Findings go to the record, so that `decide`, `findings`, `export` and the window know them.
fn keep(
    intake: &Intake,
    arguments: &AnalyzeArguments,
    common: &Common,
    findings: &[Arc<Finding>],
) -> Result<(), NotDone> {
    let mut store = record::open_store(&record_place(common))?;
    if let Some(reason) = store.read_only_reason() {
        return Err(NotDone { code: "store_read_only", text: reason });
    }
    for study in &intake.studies {
        let of_study: Vec<_> = findings.iter().filter(|f| f.subject.study == study.uid).cloned().collect();
        if of_study.is_empty() {
            continue;
        }
        let mut session = record::review_or_new(store.as_ref(), &study.uid)?;
        let reader = ReaderName::new(PROGRAM);
        record::apply(store.as_mut(), &mut session, &reader, Command::AddSuggestions(of_study))?;
    }
    for path in &arguments.paths {
        let place = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        if let Err(error) = store.remember_place(&place) {
            output::message(&format!("the place could not be remembered: {error}"));
        }
    }
    Ok(())
}

fn document(intake: &Intake, findings: &[Value], reports: &[ModelReport], kept: &Result<(), NotDone>) -> Value {
    let of_study = |study: &Study| json!({ "study_instance_uid": study.uid, "n_images": study.n_images() });
    let refused: Vec<Value> =
        intake.refused().map(|(path, notice)| json!({ "path": output::path(path), "reason": notice })).collect();
    let why_not = kept.as_ref().err().map(|NotDone { code, text }| json!({ "code": code, "text": text }));
    output::stamped(json!({
        "studies": intake.studies.iter().map(|study| of_study(study)).collect::<Vec<_>>(),
        "models": reports.iter().map(|report| json!({
            "study_instance_uid": report.study, "model": report.model, "state": report.state, "text": report.text,
        })).collect::<Vec<_>>(),
        "findings": findings,
        "refused_files": refused,
        "record": { "kept": kept.is_ok(), "reason": why_not },
    }))
}

/// Ids come from cards and files: only what is harmless in a file name stays.
fn file_word(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' }).collect()
}
