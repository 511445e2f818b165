//! The report as tables, for spreadsheets and statistics: findings, decisions and measurements, as CSV and as JSON.
//!
//! A spreadsheet runs what begins like a formula: such text is written behind an apostrophe in CSV (OWASP, CSV
//! Injection); numbers of our own are numbers.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::domain::RESEARCH_USE_ONLY;
use crate::domain::decision::{Decision, Verdict};
use crate::domain::finding::{Finding, Measurement, Origin};
use crate::domain::report::Report;
use crate::export::error::ExportError;

enum Cell {
    Text(String),
    Number(f64),
    Flag(bool),
    Empty,
}

struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<Cell>>,
}

pub const TABLES_FILE_NAME: &str = "tables.json";

/// `findings.csv`, `decisions.csv` and `measurements.csv`: name and bytes of each.
pub fn csv_files(report: &Report) -> Vec<(String, Vec<u8>)> {
    tables(report).iter().map(|table| (format!("{}.csv", table.name), csv(table).into_bytes())).collect()
}

/// The same tables as one document of arrays of rows.
pub fn json_bytes(report: &Report) -> Result<Vec<u8>, ExportError> {
    let mut document = Map::new();
    document.insert("schema".to_owned(), json!("overread-tables"));
    document.insert("research_use_only".to_owned(), json!(RESEARCH_USE_ONLY));
    for table in tables(report) {
        document.insert(table.name.to_owned(), rows(&table));
    }
    let mut text = serde_json::to_vec_pretty(&document)?;
    text.push(b'\n');
    Ok(text)
}

fn tables(report: &Report) -> [Table; 3] {
    [findings(report), decisions(report), measurements(report)]
}

fn text(text: impl Into<String>) -> Cell {
    let text = text.into();
    if text.is_empty() { Cell::Empty } else { Cell::Text(text) }
}

fn number(value: Option<f64>) -> Cell {
    value.filter(|value| value.is_finite()).map_or(Cell::Empty, Cell::Number)
}

fn image(finding: &Finding) -> [Cell; 3] {
    let subject = &finding.subject;
    [text(subject.series.as_str()), text(subject.sop.as_str()), Cell::Number(f64::from(subject.frame))]
}

fn findings(report: &Report) -> Table {
    const COLUMNS: &[&str] = &[
        "study_instance_uid",
        "series_instance_uid",
        "sop_instance_uid",
        "frame_index",
        "finding_id",
        "label_id",
        "label",
        "origin",
        "model_version",
        "weights_sha256",
        "score_kind",
        "score",
        "threshold",
        "flagged",
        "verdict",
        "reasons",
        "modified",
        "severity",
        "clinically_relevant",
        "difficulty",
        "confidence",
        "reader",
        "decided_at",
        "comment",
        "research_use_only",
    ];
    let row = |reported: &crate::domain::report::ReportedFinding| {
        let finding = reported.finding.as_ref();
        let run = finding.model_run();
        let score = finding.assessment.as_ref();
        let origin = match &finding.origin {
            Origin::Model(run) => run.model.id.as_str().to_owned(),
            Origin::Reader(reader) => format!("reader {reader}"),
            Origin::Document(source) => format!("file {}", source.words()),
        };
        let decision = reported.result();
        let details = decision.map(|decision| &decision.details);
        let mut row = vec![text(report.study_uid.as_str())];
        row.extend(image(finding));
        row.extend([
            text(finding.id.as_str()),
            text(finding.label.id.as_str()),
            text(finding.label.name.as_str()),
            text(origin),
            text(run.map_or("", |run| &run.model.version)),
            text(run.map_or("", |run| &run.model.weights_sha256)),
            text(score.map_or("", |score| score.score.word())),
            number(score.map(|score| score.score.value())),
            number(score.map(|score| score.operating_point.threshold)),
            Cell::Flag(finding.is_flagged()),
            text(decision.map_or("Unreviewed", Decision::words)),
            text(decision.map(reasons).unwrap_or_default()),
            decision.and_then(Decision::acceptance).map_or(Cell::Empty, |_| {
                Cell::Flag(decision.is_some_and(|decision| !decision.modifications().is_empty()))
            }),
            text(details.and_then(|details| details.severity).map_or("", |severity| severity.code())),
            details.and_then(|details| details.clinically_relevant).map_or(Cell::Empty, Cell::Flag),
            text(details.and_then(|details| details.difficulty).map_or("", |difficulty| difficulty.code())),
            number(details.and_then(|details| details.confidence).map(|confidence| f64::from(confidence.percent()))),
            text(decision.map_or("", |decision| decision.reader.as_str())),
            text(decision.map_or("", |decision| &decision.at)),
            text(decision.map_or("", |decision| &decision.comment)),
            text(RESEARCH_USE_ONLY),
        ]);
        row
    };
    Table { name: "findings", columns: COLUMNS, rows: report.findings.iter().map(row).collect() }
}

fn reasons(decision: &Decision) -> String {
    match &decision.verdict {
        Verdict::Rejected { reasons, text } => {
            let codes = reasons.iter().map(|reason| reason.code().to_owned());
            codes.chain((!text.is_empty()).then(|| text.clone())).collect::<Vec<_>>().join("; ")
        }
        Verdict::Accepted | Verdict::Uncertain | Verdict::NotAssessable => String::new(),
    }
}

/// Every decision ever taken, with those that were replaced.
fn decisions(report: &Report) -> Table {
    const COLUMNS: &[&str] = &[
        "finding_id",
        "event_id",
        "verdict",
        "reasons",
        "comment",
        "reader",
        "at",
        "score_shown",
        "masks_shown",
        "map_shown",
    ];
    let rows = report.findings.iter().flat_map(|reported| {
        reported.history.iter().map(move |decision| {
            let overlay = decision.seen.as_ref().map(|seen| &seen.overlay);
            let flag = |shown: Option<bool>| shown.map_or(Cell::Empty, Cell::Flag);
            vec![
                text(reported.finding.id.as_str()),
                text(decision.event.as_str()),
                text(decision.words()),
                text(reasons(decision)),
                text(decision.comment.as_str()),
                text(decision.reader.as_str()),
                text(decision.at.as_str()),
                flag(overlay.map(|overlay| overlay.score_shown)),
                flag(overlay.map(|overlay| overlay.masks_shown)),
                flag(overlay.map(|overlay| overlay.saliency_shown)),
            ]
        })
    });
    Table { name: "decisions", columns: COLUMNS, rows: rows.collect() }
}

/// Of findings and of what readers drew.
fn measurements(report: &Report) -> Table {
    const COLUMNS: &[&str] = &["of", "id", "name", "measurement_id", "measurement", "value", "unit_ucum", "by"];
    let of_findings = report.findings.iter().flat_map(|reported| {
        let finding = reported.finding.as_ref();
        finding.measurements.iter().map(move |measurement| {
            let by = finding.model_run().map_or_else(|| "reader".to_owned(), |run| run.model.id.as_str().to_owned());
            measured("finding", finding.id.as_str(), &finding.label.name, measurement, by)
        })
    });
    let of_drawings = report.annotations.iter().flat_map(|reported| {
        let annotation = reported.annotation.as_ref();
        annotation.measurements.iter().map(move |measurement| {
            let by = reported.changed.as_ref().unwrap_or(&reported.placed).reader.as_str().to_owned();
            measured("annotation", annotation.id.as_str(), annotation.shape.word(), measurement, by)
        })
    });
    Table { name: "measurements", columns: COLUMNS, rows: of_findings.chain(of_drawings).collect() }
}

fn measured(of: &str, id: &str, name: &str, measurement: &Measurement, by: String) -> Vec<Cell> {
    let Measurement { id: measurement_id, name: measurement_name, value, unit } = measurement;
    let of_what = [text(of), text(id), text(name), text(measurement_id.as_str()), text(measurement_name.as_str())];
    of_what.into_iter().chain([number(Some(*value)), text(unit.as_str()), text(by)]).collect()
}

/// RFC 4180: lines end with CR LF, quotes are doubled; UTF-8 with its mark, so that spreadsheets read names right.
fn csv(table: &Table) -> String {
    let mut out = String::from('\u{feff}');
    line(&mut out, table.columns.iter().map(|column| (*column).to_owned()));
    for row in &table.rows {
        line(&mut out, row.iter().map(csv_cell));
    }
    out
}

fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.collect();
    // Writing to a String cannot fail.
    let _infallible = write!(out, "{}\r\n", cells.join(","));
}

fn csv_cell(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Number(value) => format!("{value}"),
        Cell::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Cell::Text(text) => {
            let starts_formula =
                text.trim_start().starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r', '\n']);
            let harmless = if starts_formula { format!("'{text}") } else { text.clone() };
            match harmless.contains(['"', ',', '\n', '\r']) || starts_formula {
                true => format!("\"{}\"", harmless.replace('"', "\"\"")),
                false => harmless,
            }
        }
    }
}

fn rows(table: &Table) -> Value {
    let object = |row: &Vec<Cell>| {
        let value = |cell: &Cell| match cell {
            Cell::Empty => Value::Null,
            Cell::Number(value) => json!(value),
            Cell::Flag(flag) => json!(flag),
            Cell::Text(text) => json!(text),
        };
        let pairs = table.columns.iter().zip(row).map(|(column, cell)| ((*column).to_owned(), value(cell)));
        Value::Object(pairs.collect())
    };
    table.rows.iter().map(object).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_never_runs_in_a_spreadsheet_and_numbers_stay_numbers() {
        let cases = [
            (Cell::Text("=cmd|' /C calc'!A0".into()), "\"'=cmd|' /C calc'!A0\""),
            (Cell::Text(" @SUM(A1)".into()), "\"' @SUM(A1)\""),
            (Cell::Text("+41 44".into()), "\"'+41 44\""),
            (Cell::Text("a \"b\", c".into()), "\"a \"\"b\"\", c\""),
            (Cell::Text("plain".into()), "plain"),
            (Cell::Number(-3.5), "-3.5"),
            (Cell::Empty, ""),
        ];
        for (cell, expected) in cases {
            assert_eq!(csv_cell(&cell), expected);
        }
        assert!(matches!(number(Some(f64::NAN)), Cell::Empty));
    }
}
