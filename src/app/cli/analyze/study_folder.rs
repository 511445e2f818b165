//! The results of one study: a folder of its own with the findings, their masks and maps. It appears whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::app::PROGRAM;
use crate::app::cli::analyze::kept::{self, MadeFrom};
use crate::app::cli::output;
use crate::domain::finding::{Finding, PlacedSegment};
use crate::domain::report::{Report, ReportedCourse, ReportedFinding};
use crate::domain::study::Study;
use crate::export::{self, ExportError, numpy};
use crate::imaging::saliency;
use crate::jobs::work::batch::StudyResult;
use crate::jobs::work::record::NotDone;
use crate::jobs::work::stamp;

/// Below the folder for the results.
const STUDIES: &str = "studies";

/// Where a study's results are, or would be.
pub fn place(out: &Path, study: &Study) -> PathBuf {
    out.join(STUDIES).join(kept::folder_word(study))
}

/// Writes the folder and gives the document in it. `made_from` is absent where the run is to be repeated next time.
pub fn write(out: &Path, study: &Study, result: &StudyResult, made_from: Option<&MadeFrom>) -> Result<Value, NotDone> {
    let place = place(out, study);
    let word = kept::folder_word(study);
    let unfinished = out.join(STUDIES).join(format!(".{word}.unfinished"));
    remove(&unfinished)?;
    fs::create_dir_all(&unfinished).map_err(|error| unwritable(&error))?;
    let mut findings = Vec::new();
    for finding in &result.findings {
        let files = write_arrays(finding, &unfinished, &format!("{STUDIES}/{word}/"));
        findings.push(document_of(finding, &files.map_err(|error| not_written(&error))?)?);
    }
    let models = result.ends.iter().map(
        |end| json!({ "study_instance_uid": study.uid, "model": end.model, "state": end.state, "text": end.text }),
    );
    let document = output::stamped(json!({
        "study_instance_uid": study.uid,
        "n_images": study.n_images(),
        "models": models.collect::<Vec<_>>(),
        "findings": findings,
        "made_from": made_from,
    }));
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    fs::write(unfinished.join("findings.json"), text).map_err(|error| unwritable(&error))?;
    remove(&place)?;
    fs::rename(&unfinished, &place).map_err(|error| unwritable(&error))?;
    Ok(document)
}

fn remove(folder: &Path) -> Result<(), NotDone> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unwritable(&error)),
        _ => Ok(()),
    }
}

fn unwritable(error: &std::io::Error) -> NotDone {
    NotDone { code: "not_written", text: format!("the results of a study could not be written: {error}") }
}

fn not_written(error: &ExportError) -> NotDone {
    NotDone { code: error.code(), text: error.to_string() }
}

/// The finding as the report writes it, with the names of its NumPy files on the source image's grid.
fn document_of(finding: &Arc<Finding>, files: &Value) -> Result<Value, NotDone> {
    let report = Report {
        study_uid: finding.subject.study.clone(),
        study: None,
        findings: vec![ReportedFinding::undecided(Arc::clone(finding))],
        annotations: Vec::new(),
        key_images: Vec::new(),
        masks: Vec::new(),
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
    Ok(document)
}

/// Writes a finding's masks (1 inside) and its saliency map (0 to 1); returns the files' names below the results.
fn write_arrays(finding: &Finding, folder: &Path, prefix: &str) -> Result<Value, ExportError> {
    let stem: String = file_word(finding.id.as_str()).chars().take(13).collect();
    let mut masks = BTreeMap::new();
    for segment in &finding.evidence.segments {
        let name = format!("{stem}-{}.mask.npy", file_word(&segment.id));
        let shape = [segment.mask.rows() as usize, segment.mask.cols() as usize];
        numpy::write_npy_u8(&folder.join(&name), &shape, &segment.mask.to_dense())?;
        masks.insert(&segment.id, format!("{prefix}{name}"));
    }
    let mut masks_elsewhere = Vec::new();
    for (n, PlacedSegment { sop, frame, segment }) in finding.evidence.elsewhere.iter().enumerate() {
        let name = format!("{stem}-{}-{n}.mask.npy", file_word(&segment.id));
        let shape = [segment.mask.rows() as usize, segment.mask.cols() as usize];
        numpy::write_npy_u8(&folder.join(&name), &shape, &segment.mask.to_dense())?;
        let file = format!("{prefix}{name}");
        masks_elsewhere.push(json!({ "sop_instance_uid": sop, "frame_index": frame, "file": file }));
    }
    let mut map_file = None;
    if let Some(map) = &finding.evidence.saliency {
        let name = format!("{stem}-{}.saliency.npy", file_word(&finding.label.id));
        let shape = [map.facts().source_rows as usize, map.facts().source_cols as usize];
        numpy::write_npy_f32(&folder.join(&name), &shape, &saliency::saliency_on_source_grid(map))?;
        map_file = Some(format!("{prefix}{name}"));
    }
    Ok(json!({ "mask_files": masks, "masks_elsewhere": masks_elsewhere, "saliency_file": map_file }))
}

/// Ids come from cards and files: only what is harmless in a file name stays.
fn file_word(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' }).collect()
}
