//! Reports of other products: the vendor's nodules, CAD, what cannot be understood; and our assessment of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use overread::domain::codes::{Code, Codes};
use overread::domain::content_item::{ContentItem, ContentValue};
use overread::domain::decision::Verdict;
use overread::domain::document::DocumentKind;
use overread::domain::finding::{Finding, Speaker};
use overread::domain::report::{Report, ReportedFinding};
use overread::import::dicom::file::DicomFile;
use overread::import::dicom::results::content;
use overread::import::limits::Limits;

use crate::data;
use crate::results::fixture::{self, order, scanned, written};

fn reference(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/airai").join(name);
    if beside.exists() {
        return Some(beside);
    }
    println!("skipped: the reference {name} is not beside the repository");
    None
}

fn tree(path: &Path) -> ContentItem {
    let file = DicomFile::open(path, &Limits::default()).unwrap();
    content::item(&file.root())
}

/// Long and short axes as the vendor reports them, L1 to L9.
const AXES: [(&str, f64, f64); 9] = [
    ("L1", 22.5, 10.1),
    ("L2", 19.0, 15.6),
    ("L3", 17.9, 11.3),
    ("L4", 17.4, 11.3),
    ("L5", 15.5, 7.3),
    ("L6", 15.4, 14.6),
    ("L7", 13.0, 11.9),
    ("L8", 11.4, 6.4),
    ("L9", 7.9, 6.3),
];

fn value(finding: &Finding, id: &str) -> f64 {
    finding.measurements.iter().find(|measurement| measurement.id == id).unwrap().value
}

#[test]
fn the_vendors_report_gives_its_nine_nodules_with_their_axes() {
    let Some(path) = reference("input-sr.dcm") else { return };
    let intake = scanned(&[path]);
    let document = &intake.documents[0];
    assert_eq!((document.kind, document.findings.len()), (DocumentKind::StructuredReport, 9));
    for (finding, (name, long, short)) in document.findings.iter().zip(AXES) {
        let source = finding.imported().unwrap();
        assert_eq!((source.tracking_id.as_str(), source.speaker), (name, Speaker::Device));
        assert!(source.words().contains("AI-Rad Companion Chest CT"), "{}", source.words());
        assert!(finding.label.name.starts_with("Pulmonary nodule"), "{}", finding.label.name);
        assert!((value(finding, "long_axis") - long).abs() < 0.051, "{name}");
        assert!((value(finding, "short_axis") - short).abs() < 0.051, "{name}");
        assert!(source.observation_uid.is_some() && source.tracking_uid.is_some());
        assert!(value(finding, "volume") > 0.0);
    }
    assert!(intake.refused().next().unwrap().1.text.contains("9 findings"));
    assert!(document.lines.iter().any(|line| line.text.contains("Long Axis: 22.5 mm")));
}

/// Pictures of the identities that the report names, on the scanner's grid.
fn pictures_of(tree: &ContentItem, study: &str, folder: &Path) -> Vec<PathBuf> {
    let mut sops: Vec<String> = tree
        .references()
        .iter()
        .filter(|object| object.sop_class.ends_with(".1.1.2"))
        .map(|object| object.sop.to_string())
        .collect();
    sops.sort();
    sops.dedup();
    let write = |(index, sop): (usize, &String)| {
        let path = folder.join(format!("{index}.dcm"));
        fixture::write_ct(&path, study, sop, index, 0.703_125);
        path
    };
    sops.iter().enumerate().map(write).collect()
}

#[test]
fn on_its_pictures_the_vendors_lines_have_the_lengths_it_reports() {
    let Some(path) = reference("input-sr.dcm") else { return };
    let folder = tempfile::tempdir().unwrap();
    let root = tree(&path);
    let file = DicomFile::open(&path, &Limits::default()).unwrap();
    let study_uid = file.root().code(dicom_dictionary_std::tags::STUDY_INSTANCE_UID);
    let mut places = pictures_of(&root, &study_uid, folder.path());
    places.push(path);
    let intake = scanned(&places);
    let study = &intake.studies[0];
    let document = study.documents.iter().find(|document| document.kind == DocumentKind::StructuredReport).unwrap();
    let mut n_lines = 0;
    for finding in &document.findings {
        let (_, instance) = study.instance(&finding.subject.sop).unwrap();
        for line in &finding.evidence.lines {
            let id = if line.name.starts_with("Long Axis") { "long_axis" } else { "short_axis" };
            let [dx, dy] = [line.to[0] - line.from[0], line.to[1] - line.from[1]];
            let length = (dx * instance.spacing.col_mm).hypot(dy * instance.spacing.row_mm);
            assert!((length - value(finding, id)).abs() < 0.1, "{}: {length}", line.name);
            n_lines += 1;
        }
        assert!(finding.place.region().is_some());
    }
    assert_eq!(n_lines, 18);
    let identity = intake.refused().next();
    assert!(identity.is_none(), "{identity:?}");

    // Assessed like the reference implementation does it: the same tree around other identities
    let Some(reference) = reference("output-assessment-sr.dcm") else { return };
    let reference = tree(&reference);
    let verdicts = statuses(&reference);
    let findings: Vec<ReportedFinding> =
        document.findings.iter().zip(verdicts).map(|(finding, verdict)| reported(finding, verdict)).collect();
    let report = Report { findings, ..fixture::empty_report(study) };
    let out = folder.path().join("out");
    let done = written(&order(report, &["aira"]), &out);
    assert_eq!(done.files.len(), 1, "{:?}", done.skipped);
    let ours = tree(&done.files[0]);
    assert_eq!(shape(&ours), shape(&reference));
}

/// What the reference says of each result, as a decision that leads there. Modified ones are accepted here.
fn statuses(reference: &ContentItem) -> Vec<Option<Verdict>> {
    let codes = Codes::shipped();
    let of_result = |result: &ContentItem| {
        let status = result.child(&codes.concept(Code::AssessmentStatus))?.code()?;
        let is = |code| codes.means(status, code);
        Some(match () {
            () if is(Code::AssessmentAccepted) => Some(Verdict::Accepted),
            () if is(Code::AssessmentRejected) => Some(Verdict::Rejected { reasons: Vec::new(), text: String::new() }),
            () if is(Code::AssessmentUnreviewed) => None,
            () => Some(Verdict::Uncertain),
        })
    };
    reference.children.iter().filter_map(of_result).collect()
}

fn reported(finding: &Arc<Finding>, verdict: Option<Verdict>) -> ReportedFinding {
    let decision = verdict.map(fixture::decision);
    ReportedFinding { decision, ..ReportedFinding::undecided(Arc::clone(finding)) }
}

/// The tree in codes and relationships, without identities and people; how an accepted result was modified is left out.
fn shape(item: &ContentItem) -> Vec<String> {
    let name = item.name.as_ref().map(|name| format!("{}:{}", name.scheme, name.value));
    let modified = ["AIRAI_19", "AIRAI_20"];
    let value = match &item.value {
        ContentValue::Code(code) if modified.contains(&code.value.as_str()) => "accepted somehow".to_owned(),
        ContentValue::Code(code) => format!("{}:{}", code.scheme, code.value),
        ContentValue::Container => "container".to_owned(),
        ContentValue::Composite(object) => object.sop_class.clone(),
        ContentValue::UidRef(_) => "uid".to_owned(),
        ContentValue::PersonName(_) => "person".to_owned(),
        other => format!("{other:?}"),
    };
    let own = format!("{:?} {name:?} {value} {:?}", item.relationship, item.template);
    let below = item.children.iter().flat_map(shape).map(|line| format!("  {line}"));
    std::iter::once(own).chain(below).collect()
}

#[test]
fn reports_of_other_libraries_and_old_ones_are_listed_with_their_words() {
    let Some(folder) = data::shared("dicom/segmentation/highdicom") else { return };
    let intake = scanned(&[folder]);
    let all: Vec<_> = intake.studies.iter().flat_map(|study| &study.documents).chain(&intake.documents).collect();
    let reports: Vec<_> = all.iter().filter(|document| document.kind == DocumentKind::StructuredReport).collect();
    assert!(reports.len() >= 2, "{all:?}");
    for report in reports {
        assert!(!report.findings.is_empty() && !report.lines.is_empty(), "{report:?}");
    }
    if let Some(old) = data::shared("dicom/conformance/pydicom/src/pydicom/data/test_files/reportsi.dcm") {
        let intake = scanned(&[old]);
        let document = &intake.documents[0];
        assert!(document.findings.is_empty() && document.lines.len() > 5);
        assert_eq!(document.notices[0].code, "result_not_understood");
    }
    if let Some(set) = data::shared("dicom/conformance/pydicom/src/pydicom/data/test_files/rtstruct.dcm") {
        let intake = scanned(&[set]);
        let document = &intake.documents[0];
        assert_eq!(document.kind, DocumentKind::StructureSet);
        assert!(!document.notices.is_empty(), "its pictures are not here, which is said");
    }
}
