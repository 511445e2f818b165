//! The report on paper: who, what was suggested, what was decided and by whom, what was measured, and the pictures.

use crate::domain::annotation::Annotation;
use crate::domain::decision::{Decision, RejectReason, Verdict};
use crate::domain::finding::{Measurement, Origin, Subject};
use crate::domain::patient::Patient;
use crate::domain::reading::SignOff;
use crate::domain::report::{Report, ReportedAnnotation, ReportedCourse, ReportedFinding, Signed};
use crate::export::error::ExportError;
use crate::export::pdf::document::{Column, PdfDocument, Picture};
use crate::imaging::measure::words;

pub const PDF_FILE_NAME: &str = "report.pdf";
/// Pictures of one report; further ones leave as files.
pub const MAX_PICTURES: usize = 40;
const PICTURE_HEIGHT: f32 = 560.0;

/// The file's bytes. `pictures` of images, each with its findings drawn in; what exceeds [`MAX_PICTURES`] is left to the
/// formats of pictures.
pub fn bytes(report: &Report, pictures: Vec<(Subject, Picture)>) -> Result<Vec<u8>, ExportError> {
    let mut document = PdfDocument::new("Review report", &whose(report));
    head(&mut document, report);
    course(&mut document, report);
    findings(&mut document, report);
    annotations(&mut document, report);
    if !pictures.is_empty() {
        document.new_page();
        document.heading("Pictures");
    }
    for (subject, picture) in pictures.into_iter().take(MAX_PICTURES) {
        document.picture(picture, PICTURE_HEIGHT, &caption(report, &subject));
    }
    document.finish()
}

/// Which image it is, in words and by its UID.
fn caption(report: &Report, subject: &Subject) -> String {
    let found = report.study.as_ref().and_then(|study| study.instance(&subject.sop));
    let mut words = Vec::new();
    if let Some((series, instance)) = found {
        words.extend(series.number.map(|number| format!("Series {number}")));
        words.extend((!series.description.is_empty()).then(|| series.description.clone()));
        words.extend(instance.number.map(|number| format!("image {number}")));
        words.extend((instance.n_frames() > 1).then(|| format!("frame {}", subject.frame + 1)));
    }
    words.push(format!("UID {}", subject.sop));
    words.join(", ")
}

/// `YYYYMMDD` as people write it; what is no date stays as it is.
fn day(dicom: &str) -> String {
    match (dicom.len() == 8, dicom.get(..4), dicom.get(4..6), dicom.get(6..8)) {
        (true, Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
        _ => dicom.to_owned(),
    }
}

/// `HHMMSS…` likewise.
fn clock(dicom: &str) -> String {
    match (dicom.get(..2), dicom.get(2..4), dicom.get(4..6)) {
        (Some(hours), Some(minutes), Some(seconds)) => format!("{hours}:{minutes}:{seconds}"),
        _ => dicom.to_owned(),
    }
}

/// A moment of the record (RFC 3339) in words that break between lines.
fn moment(at: &str) -> String {
    match (at.get(..10), at.get(11..19), at.get(19..)) {
        (Some(day), Some(clock), Some(rest)) => {
            let offset = rest.trim_start_matches(|letter: char| letter == '.' || letter.is_ascii_digit());
            format!("{day} {clock} {offset}").trim_end().to_owned()
        }
        _ => at.to_owned(),
    }
}

/// The name, and how it is written in other letters (PS3.5 6.2.1.2).
fn full_name(patient: &Patient) -> String {
    let others = patient.name.split('=').skip(1).map(|group| group.replace('^', " ").trim().to_owned());
    let others: Vec<String> = others.filter(|group| !group.is_empty()).collect();
    let name = patient.display_name();
    if others.is_empty() { name } else { format!("{name} ({})", others.join("; ")) }
}

/// How it was read, and the signatures under it.
fn course(document: &mut PdfDocument, report: &Report) {
    let ReportedCourse { readings, signatures, is_ai_hidden } = &report.course;
    if readings.is_empty() && signatures.is_empty() {
        return;
    }
    document.heading("Reading");
    for reading in readings {
        let mode = reading.mode.word();
        document.paragraph(&format!("{}: {mode}, since {}", reading.reader, moment(&reading.started_at)));
    }
    if *is_ai_hidden {
        document.note("Made for a reader who may not see the models' results: none are in it.");
    }
    for signature in signatures {
        let SignOff { name, at, meaning, n_unreviewed, covers_sha256, amended, .. } = signature;
        document.paragraph(&format!("Signed by {name}, {}: {}", moment(at), meaning.word()));
        document.note(&format!("Over the record {covers_sha256}; {n_unreviewed} flagged findings were undecided."));
        if let Some(amended) = amended {
            document.note(&format!("Opened again by {}, {}: {}", amended.reader, moment(&amended.at), amended.reason));
        }
    }
}

/// Name, ID and birth date, for every page: pages come apart.
fn whose(report: &Report) -> String {
    let Some(study) = &report.study else { return String::new() };
    let patient = &study.patient;
    let born = if patient.birth_date.is_empty() { String::new() } else { format!("born {}", day(&patient.birth_date)) };
    let id = if patient.id.is_empty() { String::new() } else { format!("ID {}", patient.id) };
    let words = [patient.display_name(), id, born];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn head(document: &mut PdfDocument, report: &Report) {
    let Report { study_uid, study, made_at, made_by, .. } = report;
    document.heading("Study");
    if let Some(study) = study {
        let patient = &study.patient;
        let date_and_time = format!("{} {}", day(&study.date), clock(&study.time));
        document.facts(&[
            ("Patient", &full_name(patient)),
            ("Patient ID", &patient.id),
            ("Birth date, sex", &format!("{}  {}", day(&patient.birth_date), patient.sex)),
            ("Study", &study.description),
            ("Date and time", &date_and_time),
            ("Accession number", &study.accession),
            ("Institution", &study.institution),
        ]);
    } else {
        document.note("The study's files were not at hand: its attributes and pictures are missing.");
    }
    document.facts(&[("Study Instance UID", study_uid.as_str()), ("Made", &moment(made_at)), ("By", made_by)]);
}

fn findings(document: &mut PdfDocument, report: &Report) {
    document.heading("Findings");
    let (decided, open): (Vec<_>, Vec<_>) = report.findings.iter().partition(|reported| reported.result().is_some());
    let (flagged, quiet): (Vec<_>, Vec<_>) = open.into_iter().partition(|reported| reported.finding.is_flagged());
    if report.findings.is_empty() {
        document.paragraph("No model ran on this study and no reader added a finding. That does not exclude any.");
        return;
    }
    let columns = [
        Column { head: "Finding", share: 2.2 },
        Column { head: "Suggested by", share: 2.0 },
        Column { head: "Score and measurements", share: 2.6 },
        Column { head: "Decision", share: 2.6 },
    ];
    let rows: Vec<Vec<String>> = decided.iter().chain(&flagged).map(|reported| row(reported)).collect();
    if !rows.is_empty() {
        document.table(&columns, &rows);
    }
    if !quiet.is_empty() {
        let names: Vec<&str> = quiet.iter().map(|reported| reported.finding.label.name.as_str()).collect();
        document.note(&format!("Not flagged (does not exclude): {}.", names.join(", ")));
    }
    if !flagged.is_empty() {
        document.note(&format!("{} flagged findings were not decided when this was made.", flagged.len()));
    }
    let notes = report.findings.iter().flat_map(|reported| {
        let name = &reported.finding.label.name;
        reported.finding.notices.iter().map(move |notice| format!("{name}: {}", notice.text))
    });
    notes.for_each(|note| document.note(&note));
}

fn row(reported: &ReportedFinding) -> Vec<String> {
    let finding = &reported.finding;
    let from = match &finding.origin {
        Origin::Model(run) => format!("{} {}", run.model.name, run.model.version),
        Origin::Reader(reader) => format!("Reader {reader}"),
        Origin::Document(source) => format!("File: {}", source.words()),
    };
    let score = finding.assessment.as_ref().map(|assessment| assessment.sentence());
    let measured = finding.measurements.iter().map(measured);
    let values: Vec<String> = score.into_iter().chain(measured).collect();
    let decision = reported.result().map_or_else(|| "Not reviewed".to_owned(), decided);
    vec![finding.label.name.clone(), from, values.join("\n"), decision]
}

fn measured(measurement: &Measurement) -> String {
    format!("{} {}", measurement.name, words::quantity(measurement))
}

/// The verdict, its reasons, who and when.
pub fn decided(decision: &Decision) -> String {
    let mut lines = vec![decision.words().to_owned()];
    if let Verdict::Rejected { reasons, text } = &decision.verdict {
        let reasons = reasons.iter().copied().map(RejectReason::word).map(str::to_owned);
        lines.push(reasons.chain((!text.is_empty()).then(|| text.clone())).collect::<Vec<_>>().join("; "));
    }
    if !decision.comment.is_empty() {
        lines.push(decision.comment.clone());
    }
    lines.push(format!("{}, {}", decision.reader, moment(&decision.at)));
    lines.join("\n")
}

fn annotations(document: &mut PdfDocument, report: &Report) {
    if report.annotations.is_empty() {
        return;
    }
    document.heading("Measurements and marks");
    let columns = [
        Column { head: "Kind", share: 1.2 },
        Column { head: "Values", share: 3.4 },
        Column { head: "Text", share: 2.0 },
        Column { head: "By", share: 2.4 },
    ];
    let row = |reported: &ReportedAnnotation| {
        let ReportedAnnotation { annotation, placed, changed } = reported;
        let Annotation { shape, text, calibration, measurements, .. } = annotation.as_ref();
        let suffix = words::suffix(*calibration);
        let values = measurements.iter().map(|measurement| format!("{}{suffix}", measured(measurement)));
        let Signed { reader, at } = changed.as_ref().unwrap_or(placed);
        let values = values.collect::<Vec<_>>().join("\n");
        vec![shape.word().to_owned(), values, text.clone(), format!("{reader}, {}", moment(at))]
    };
    document.table(&columns, &report.annotations.iter().map(row).collect::<Vec<_>>());
}
