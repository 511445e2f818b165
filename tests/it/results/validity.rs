//! Every object that leaves, before dciodvfy, dcmtk, pydicom and highdicom.

use std::path::{Path, PathBuf};
use std::process::Command;

use overread::domain::document::DocumentKind;
use overread::domain::reading::{Role, SignOff, SignatureMeaning};
use overread::domain::report::Report;
use overread::domain::uid::{EventId, ReaderName};
use overread::export::formats::Written;

use crate::results::fixture::{DICOM_FORMATS, order, phantom, report, scanned, written};

/// Whether a program answers; a printed reason when it does not.
pub fn has(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").output().is_ok();
    if !is_there {
        println!("skipped: {program} is not installed");
    }
    is_there
}

fn run(program: &str, arguments: &[&str], file: &Path) -> String {
    let output = Command::new(program).args(arguments).arg(file).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn everything(folder: &Path) -> (Report, Written) {
    let study = phantom(&folder.join("study"));
    let report = report(&study);
    let written = written(&order(report.clone(), &DICOM_FORMATS), &folder.join("out"));
    assert!(written.skipped.is_empty(), "{:?}", written.skipped);
    (report, written)
}

#[test]
fn every_object_passes_dciodvfy_without_an_error() {
    if !has("dciodvfy") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (_, written) = everything(folder.path());
    assert!(written.files.len() >= 12, "{:?}", written.files);
    let mut faults = Vec::new();
    for file in &written.files {
        let said = run("dciodvfy", &[], file);
        // The program of 2020 and later does not know label maps
        let is_label_map = file.file_name().unwrap().to_string_lossy().starts_with("labelmap");
        let is_assessment = file.file_name().unwrap().to_string_lossy().starts_with("aira");
        let is_known = |line: &str| is_label_map && is_unknown(line) || is_assessment && is_narrower(line);
        let errors = said.lines().filter(|line| line.starts_with("Error") && !is_known(line));
        faults.extend(errors.map(|line| format!("{}: {line}", file.file_name().unwrap().to_string_lossy())));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The program allows one referenced instance where PS3.3 C.17.2 allows more; the reference implementation of the
/// profile has two, as we have, and is called wrong in the same words.
fn is_narrower(line: &str) -> bool {
    line.contains("<ReferencedInstanceSequence>")
}

/// What dciodvfy says of a class or a word that came after it.
fn is_unknown(line: &str) -> bool {
    ["LABELMAP", "SOP Class", "Information Object", "Segments Overlap"].iter().any(|word| line.contains(word))
}

#[test]
fn reports_are_read_by_dcmtk() {
    if !has("dsrdump") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (_, written) = everything(folder.path());
    let is_report = |file: &&PathBuf| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        ["sr-", "aira-", "ko"].iter().any(|start| name.starts_with(start))
    };
    let reports: Vec<&PathBuf> = written.files.iter().filter(is_report).collect();
    assert!(reports.len() >= 7, "{reports:?}");
    for file in reports {
        let dumped = run("dsrdump", &[], file);
        let faults: Vec<&str> =
            dumped.lines().filter(|line| line.starts_with("E:") || line.starts_with("F:")).collect();
        assert!(faults.is_empty(), "{}: {faults:?}", file.display());
        let html = run("dsr2html", &[], file);
        assert!(html.contains("<html"), "{}: {html}", file.display());
    }
    let reader = written.files.iter().find(|file| file.ends_with("sr-reader.dcm")).unwrap();
    let words = run("dsrdump", &[], reader);
    for expected in ["Rib fracture", "Long Axis", "Short Axis", "Reader^Ada", "UNVERIFIED", "Overlap, composite shadow"]
    {
        assert!(words.contains(expected), "{expected} is missing in {words}");
    }
}

/// A Python with pydicom and highdicom, named by the caller.
pub fn python() -> Option<String> {
    let named = std::env::var("OVERREAD_TEST_PYTHON").ok();
    if named.is_none() {
        println!("skipped: OVERREAD_TEST_PYTHON names no Python with pydicom and highdicom");
    }
    named
}

#[test]
fn objects_are_read_by_pydicom_and_highdicom() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (report, _) = everything(folder.path());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/results/read_back.py");
    let output = Command::new(python).arg(script).arg(folder.path().join("out")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let read: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    // Bits of the masks, as highdicom counts them
    let n_pixels = |id: &str| -> u64 {
        let all = report.findings.iter().flat_map(|reported| &reported.finding.evidence.segments);
        all.filter(|segment| segment.id == id).map(|segment| segment.mask.n_pixels()).sum()
    };
    for (label, id) in [("Heart", "heart"), ("Right lung", "right_lung"), ("Nodule", "nodule")] {
        assert_eq!(read["segments"][label], n_pixels(id), "{read:#}");
    }
    assert_eq!(read["groups"]["sr-reader.dcm"], 1 + 11 + 3, "{read:#}");
    assert!(read["map_peak"].as_f64().unwrap() > 0.9, "{read:#}");
    assert_eq!(read["map_quantity"], "130403");
}

#[test]
fn only_a_signed_report_is_verified_and_an_amended_one_names_its_predecessor() {
    let folder = tempfile::tempdir().unwrap();
    let study = phantom(&folder.path().join("study"));
    let first = written(&order(report(&study), &["sr"]), &folder.path().join("a"));
    let mut again = order(report(&study), &["sr", "aira"]);
    again.exported = first.objects.clone();
    again.report.course.signatures.push(SignOff {
        event: EventId::new("e-9"),
        reader: ReaderName::new("Ada Reader"),
        name: "Ada Reader".into(),
        at: "2026-03-02T11:00:00+01:00".into(),
        meaning: SignatureMeaning::Review,
        role: Role::Reader,
        n_unreviewed: 0,
        covers_sha256: String::new(),
        amended: None,
    });
    let second = written(&again, &folder.path().join("b"));
    let of_reader =
        |written: &Written| written.objects.iter().find(|object| object.file == "sr-reader.dcm").cloned().unwrap();
    assert_eq!(of_reader(&first).series, of_reader(&second).series);
    assert_ne!(of_reader(&first).sop, of_reader(&second).sop);
    // What models said is the same object both times
    let of_model = |written: &Written| {
        let object = written.objects.iter().find(|object| object.file == "sr-chest-anatomy.dcm").unwrap();
        (object.sop.clone(), object.sha256.clone())
    };
    assert_eq!(of_model(&first), of_model(&second));
    if has("dcmdump") {
        let dump = |place: &str, file: &str| run("dcmdump", &["-q"], &folder.path().join(place).join(file));
        let before = dump("a", "sr-reader.dcm");
        assert!(before.contains("[UNVERIFIED]") && before.contains("[PRELIMINARY]"));
        assert!(!before.contains("VerifyingObserver") && !before.contains("PredecessorDocuments"));
        let after = dump("b", "sr-reader.dcm");
        assert!(after.contains("[VERIFIED]") && after.contains("[FINAL]") && after.contains("VerifyingObserverName"));
        assert!(after.contains("PredecessorDocumentsSequence") && after.contains(&of_reader(&first).sop));
        let of_model = dump("b", "sr-chest-anatomy.dcm");
        assert!(of_model.contains("[UNVERIFIED]") && of_model.contains("[DEV]"), "a device never verifies");
        assert!(dump("b", "aira-chest-anatomy.dcm").contains("[VERIFIED]"));
    }
}

#[test]
fn an_export_writes_over_nothing_and_leaves_nothing_when_it_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let study = phantom(&folder.path().join("study"));
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("ko.dcm"), b"mine").unwrap();
    let order = order(report(&study), &["ko", "json", "sr"]);
    written(&order, &out);
    assert_eq!(std::fs::read(out.join("ko.dcm")).unwrap(), b"mine");
    assert!(out.join("ko-2.dcm").exists() && out.join("report.json").exists());
    let count = || std::fs::read_dir(&out).unwrap().count();
    let before = count();
    let importer = overread::import::Importer::in_process(overread::import::ScanOptions::default());
    let n_asked = std::cell::Cell::new(0);
    let stop = || n_asked.replace(n_asked.get() + 1) >= 2;
    let stopped = overread::jobs::work::handing_on::run(&order, &importer, &out, &stop, &|_| {});
    assert_eq!(stopped.unwrap_err().code(), "cancelled");
    assert_eq!(count(), before);
}

#[test]
fn what_left_is_found_again_as_results_of_the_study() {
    let folder = tempfile::tempdir().unwrap();
    let (_, written) = everything(folder.path());
    let intake = scanned(&[folder.path().to_owned()]);
    assert_eq!(intake.studies.len(), 1, "identity and study are those of the pictures");
    let study = &intake.studies[0];
    let count = |kind| study.documents.iter().filter(|document| document.kind == kind).count();
    assert_eq!(count(DocumentKind::StructuredReport), 4 + 3, "three models, the reader, three assessments");
    assert_eq!(count(DocumentKind::Segmentation), 4);
    assert_eq!(count(DocumentKind::ParametricMap), 1);
    assert_eq!(count(DocumentKind::KeyObjects), 1);
    assert_eq!(count(DocumentKind::PresentationState), 2);
    let keys = study.documents.iter().find(|document| document.kind == DocumentKind::KeyObjects).unwrap();
    assert_eq!(keys.key_images.len(), 2);
    assert!(intake.refused().next().is_none(), "{:?}", intake.files);
    assert_eq!(written.objects.len(), written.files.len());
}
