//! What leaves for people and for other systems than PACS: FHIR bundles, tables and pages, each read by somebody else.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use overread::domain::decision::{RejectReason, Verdict};
use overread::domain::finding::FindingLabel;
use overread::domain::report::Report;
use serde_json::{Value, json};

use crate::results::fixture::{decision, order, phantom, report, written};
use crate::results::validity::{has, python};

/// Writes the report in one format and gives the files.
fn files(report: &Report, format: &str, folder: &Path) -> Vec<PathBuf> {
    written(&order(report.clone(), &[format]), folder).files
}

/// Runs a script of the cases and reads its last line.
fn said_by(python: &str, script: &str, files: &[PathBuf]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/results").join(script);
    let output = Command::new(python).arg(script).args(files).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(said.lines().last().unwrap()).unwrap()
}

#[test]
fn the_bundle_is_valid_fhir_and_its_references_lead_somewhere() {
    let Some(python) = python() else { return };
    let has_models = Command::new(&python).args(["-c", "import fhir.resources.R4B.bundle"]).output().unwrap();
    if !has_models.status.success() {
        println!("skipped: the Python environment has no fhir.resources");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let study = phantom(&folder.path().join("study"));
    let mut report = report(&study);
    // Accepted under another name: modified
    let mut changed = decision(Verdict::Accepted);
    changed.details.label = Some(FindingLabel { id: "x".into(), name: "Scar".into(), code: None });
    report.findings[1].decision = Some(changed);
    let found = said_by(&python, "check_fhir.py", &files(&report, "fhir", folder.path()));
    assert_eq!((&found["dangling"], &found["systemless"]), (&json!([]), &json!([])), "{found:#}");
    let n = report.findings.len();
    assert_eq!(found["kinds"]["Provenance"], n);
    assert_eq!(found["kinds"]["DiagnosticReport"], 1);
    for kind in ["Patient", "ImagingStudy", "Device", "Practitioner", "Observation"] {
        assert!(found["kinds"][kind].as_u64().unwrap_or(0) > 0, "{kind}: {found:#}");
    }
    // Accepted, modified and the reader's own; rejected; uncertain; unreviewed
    assert_eq!(found["statuses"], json!(["entered-in-error", "final", "final", "final", "preliminary", "preliminary"]));
    assert_eq!(found["presence"], json!({ "52101004": 4, "2667000": 1, "42425007": 1 }));
    // Without the study's files the same holds
    let without = Report { study: None, ..report };
    let found = said_by(&python, "check_fhir.py", &files(&without, "fhir", &folder.path().join("without")));
    assert_eq!((&found["dangling"], &found["kinds"]["Provenance"]), (&json!([]), &json!(n)));
}

/// What a spreadsheet would run, and what breaks a line.
const HOSTILE: [&str; 8] = [
    "=HYPERLINK(\"http://example.org\";\"x\")",
    "+41 44 000 00 00",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "a \"quoted\", line\nand another; =1",
    "汉字, ÄÖÜ and עברית",
];

#[test]
fn tables_say_what_was_said_and_no_cell_of_them_is_a_formula() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut report = report(&phantom(&folder.path().join("study")));
    let finding = Arc::clone(&report.findings[0].finding);
    report.findings = HOSTILE
        .iter()
        .map(|text| {
            let mut reported = overread::domain::report::ReportedFinding::undecided(Arc::clone(&finding));
            let reasons = vec![RejectReason::Other];
            let mut decision = decision(Verdict::Rejected { reasons, text: (*text).to_owned() });
            decision.comment = (*text).to_owned();
            reported.decision = Some(decision);
            reported
        })
        .collect();
    let tables = said_by(&python, "read_tables.py", &files(&report, "csv", folder.path()));
    let rows = tables["findings.csv"].as_array().unwrap();
    assert_eq!(rows.len(), HOSTILE.len());
    for (row, text) in rows.iter().zip(HOSTILE) {
        let said = row["comment"].as_str().unwrap();
        assert_eq!(said.strip_prefix('\'').unwrap_or(said), text);
        assert_eq!(said.starts_with('\''), !text.starts_with(['a', '汉']), "{text}");
        assert_eq!(row["research_use_only"], "Research use only. Not for diagnostic use.");
    }
    for row in tables.as_object().unwrap().values().flat_map(|table| table.as_array().unwrap()) {
        for (column, cell) in row.as_object().unwrap() {
            let cell = cell.as_str().unwrap();
            let is_number = cell.parse::<f64>().is_ok();
            assert!(is_number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{column}: {cell}");
        }
    }
}

/// For eyes: pages as pictures where a folder is named for them.
fn keep_pages(pdf: &Path) {
    if let Some(folder) = std::env::var_os("OVERREAD_TEST_PICTURES") {
        let to = PathBuf::from(folder).join("page");
        let drawn = Command::new("pdftoppm").args(["-png", "-r", "70"]).arg(pdf).arg(to).status().unwrap();
        assert!(drawn.success());
    }
}

#[test]
fn pages_carry_the_patient_the_findings_and_the_label_as_text_that_others_can_read() {
    if !has("pdftotext") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let study = phantom(&folder.path().join("study"));
    let mut report = report(&study);
    let mut study = (*study).clone();
    let mut patient = (*study.patient).clone();
    patient.name = "Müller^Søren=李^四=Ли^Сы".into();
    study.patient = Arc::new(patient);
    report.study = Some(Arc::new(study));
    let long = format!("{} end-of-words 所見あり", "a long remark that goes on and on ".repeat(20));
    let mut said = decision(Verdict::Rejected { reasons: vec![RejectReason::NormalVariant], text: long });
    said.comment = "Без изменений. 결절 없음. ไม่มีก้อน".into();
    report.findings[0].decision = Some(said);
    let pdf = files(&report, "pdf", folder.path()).remove(0);
    keep_pages(&pdf);
    let output = Command::new("pdftotext").arg("-layout").arg(&pdf).arg("-").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for expected in ["Müller", "李", "Rib fracture", "Normal variant", "end-of-words", "Без изменений", "결절", "所見"]
    {
        assert!(text.contains(expected), "{expected} is missing in {text}");
    }
    let pages: Vec<&str> = text.trim_end_matches('\u{c}').split('\u{c}').collect();
    assert!(pages.len() >= 3, "{}", pages.len());
    for (index, page) in pages.iter().enumerate() {
        assert!(page.contains("Research use only. Not for diagnostic use."), "page {}", index + 1);
        assert!(page.contains(&format!("page {} of {}", index + 1, pages.len())), "page {}: {page}", index + 1);
        assert!(page.contains("Müller"), "page {} says whose it is: {page}", index + 1);
    }
    // Nothing runs over the edge: every word lies on its page
    let boxes = Command::new("pdftotext").arg("-bbox").arg(&pdf).arg("-").output().unwrap();
    let boxes = String::from_utf8_lossy(&boxes.stdout).into_owned();
    let right_edges = boxes.split("xMax=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse::<f64>().ok());
    let widest = right_edges.fold(0.0, f64::max);
    assert!(widest > 300.0 && widest <= 595.3 - 40.0, "{widest}");
}
