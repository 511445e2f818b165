//! `overread validate`: the figures of a reader study, from its locked protocol and the record of its sessions.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::app::cli::output::{self, Outcome};
use crate::domain::RESEARCH_USE_ONLY;
use crate::domain::reader_study::Recorded;
use crate::export::ExportError;
use crate::export::pdf::document::{Column, PdfDocument};
use crate::export::staging::Staging;
use crate::validation::estimate::Estimate;
use crate::validation::protocol::analysis::{self, StudyResult};
use crate::validation::protocol::design::Protocol;
use crate::validation::protocol::exchange;
use crate::validation::protocol::readings::Condition;

#[derive(Debug, Args)]
pub struct ValidateArguments {
    /// The protocol (TOML)
    pub protocol: PathBuf,
    /// The record of the sessions: one JSON entry a line
    #[arg(long, value_name = "FILE.jsonl", required_unless_present = "lock")]
    pub record: Option<PathBuf>,
    /// The folder for the report
    #[arg(long, value_name = "DIR", required_unless_present = "lock")]
    pub out: Option<PathBuf>,
    /// Refuse a protocol whose lock is not this one
    #[arg(long = "locked-as", value_name = "SHA256")]
    pub locked_as: Option<String>,
    /// Only check the protocol and print its lock
    #[arg(long)]
    pub lock: bool,
    /// The figures as JSON on stdout
    #[arg(long)]
    pub json: bool,
}

pub fn run(arguments: &ValidateArguments) -> Outcome {
    match validate(arguments) {
        Ok(outcome) => outcome,
        Err((code, text)) => output::failed(arguments.json, code, &text),
    }
}

fn validate(arguments: &ValidateArguments) -> Result<Outcome, (&'static str, String)> {
    let text = read(&arguments.protocol)?;
    let protocol = Protocol::parse(&text).map_err(|error| ("bad_protocol", error.to_string()))?;
    if let Some(locked) = &arguments.locked_as {
        protocol.check_lock(locked).map_err(|error| ("protocol_changed", error.to_string()))?;
    }
    if arguments.lock {
        let lock = protocol.lock();
        match arguments.json {
            true => output::print_document(&output::stamped(json!({ "protocol": protocol.id, "lock": lock }))),
            false => output::line(&lock),
        }
        return Ok(Outcome::Done);
    }
    let (Some(record), Some(out)) = (&arguments.record, &arguments.out) else {
        return Err(("no_record", "a record and a folder are needed".to_owned()));
    };
    let record = entries(&read(record)?)?;
    let result = analysis::result(&protocol, &record);
    let files = write(&protocol, &record, &result, out).map_err(|error| ("not_written", error.to_string()))?;
    if arguments.json {
        output::print_document(&output::stamped(json!({
            "result": result, "files": files.iter().map(|file| output::path(file)).collect::<Vec<_>>(),
        })));
    } else {
        files.iter().for_each(|file| output::line(&file.display().to_string()));
    }
    let is_whole = result.n_under_other_locks == 0 && result.complete_readers.len() == protocol.readers.len();
    Ok(match (result.readers.is_empty(), is_whole) {
        (true, _) => Outcome::Unusable,
        (false, false) => Outcome::Partly,
        (false, true) => Outcome::Done,
    })
}

fn read(path: &Path) -> Result<String, (&'static str, String)> {
    std::fs::read_to_string(path)
        .map_err(|error| ("unreadable", format!("cannot be read ({}): {}", error.kind(), path.display())))
}

fn entries(text: &str) -> Result<Vec<Recorded>, (&'static str, String)> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let entry = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| ("bad_record", format!("line {number} of the record: {error}")))
    };
    lines.map(entry).collect()
}

fn write(
    protocol: &Protocol,
    record: &[Recorded],
    result: &StudyResult,
    out: &Path,
) -> Result<Vec<PathBuf>, ExportError> {
    let mut document = serde_json::to_value(result)?;
    if let Some(fields) = document.as_object_mut() {
        fields.insert("research_use_only".to_owned(), json!(RESEARCH_USE_ONLY));
    }
    let mut staging = Staging::new(out)?;
    let mut json = serde_json::to_vec_pretty(&document)?;
    json.push(b'\n');
    staging.add("report.json", &json)?;
    staging.add("readers.csv", readers_csv(result).as_bytes())?;
    staging.add("readings.imrmc", exchange::imrmc(protocol, record).as_bytes())?;
    for (name, text) in exchange::rjafroc(protocol, record) {
        staging.add(&format!("rjafroc-{name}.csv"), text.as_bytes())?;
    }
    staging.add("report.pdf", &pdf(protocol, result)?)?;
    staging.commit()
}

fn named(condition: &Condition) -> String {
    if condition.is_first { format!("{} (before the aid)", condition.arm) } else { condition.arm.clone() }
}

/// The value with its interval; the reason where there is none.
fn figure(estimate: &Estimate) -> String {
    match (estimate.value, estimate.interval) {
        (Ok(value), Ok(interval)) => format!("{value:.3} ({:.3} to {:.3})", interval.low, interval.high),
        (Ok(value), Err(_)) => format!("{value:.3}"),
        (Err(why), _) => format!("– ({why})"),
    }
}

fn readers_csv(result: &StudyResult) -> String {
    let mut text = "reader,arm,before_aid,n,auc,auc_low,auc_high,sensitivity,specificity,median_seconds\r\n".to_owned();
    for one in &result.readers {
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        let (low, high) = one.area.interval.map_or((None, None), |all| (Some(all.low), Some(all.high)));
        let accuracy = one.accuracy.as_ref();
        let cells = [
            one.reader.replace(['"', ',', '\n'], " "),
            one.condition.arm.replace(['"', ',', '\n'], " "),
            one.condition.is_first.to_string(),
            one.n_answered.to_string(),
            number(one.area.value.ok()),
            number(low),
            number(high),
            number(accuracy.and_then(|all| all.sensitivity.value.ok())),
            number(accuracy.and_then(|all| all.specificity.value.ok())),
            number(one.seconds.map(|[_, median, _]| median)),
        ];
        text += &(cells.join(",") + "\r\n");
    }
    text
}

fn pdf(protocol: &Protocol, result: &StudyResult) -> Result<Vec<u8>, ExportError> {
    let mut document = PdfDocument::new("Reader study", "");
    document.heading(&protocol.title);
    let cases = format!("{} ({} positive)", result.n_cases, result.n_positive);
    document.facts(&[
        ("Protocol", &protocol.id),
        ("Lock (SHA-256)", &result.lock),
        ("Question", &protocol.question),
        ("Cases", &cases),
        ("Complete readers", &result.complete_readers.join(", ")),
        ("Deviations", &result.n_deviations.to_string()),
        ("Amendments", &protocol.amendments.len().to_string()),
        ("Entries under other plans", &result.n_under_other_locks.to_string()),
    ]);
    document.heading("Readers");
    let columns = ["Reader", "Condition", "Area under the ROC curve", "Sensitivity", "Specificity", "Seconds a case"];
    let columns = columns.map(|head| Column { head, share: if head.starts_with("Area") { 1.8 } else { 1.4 } });
    let rows = result.readers.iter().map(|one| {
        let accuracy = one.accuracy.as_ref();
        vec![
            one.reader.clone(),
            named(&one.condition),
            figure(&one.area),
            accuracy.map(|all| figure(&all.sensitivity)).unwrap_or_default(),
            accuracy.map(|all| figure(&all.specificity)).unwrap_or_default(),
            one.seconds.map(|[low, median, high]| format!("{median:.0} ({low:.0} to {high:.0})")).unwrap_or_default(),
        ]
    });
    document.table(&columns, &rows.collect::<Vec<_>>());
    document.note("Areas with DeLong's intervals, proportions with Wilson's, 95 %; seconds are median and quartiles.");
    comparison_pdf(&mut document, result);
    changes_pdf(&mut document, result);
    groups_pdf(&mut document, result);
    document.finish()
}

fn comparison_pdf(document: &mut PdfDocument, result: &StudyResult) {
    document.heading("Comparison of the conditions");
    let Some(comparison) = &result.comparison else {
        document.paragraph("Two conditions and two readers with all answers are needed for a comparison.");
        return;
    };
    let name = |index: usize| result.conditions.get(index).map(named).unwrap_or_default();
    let heads = ["Applies to", "Conditions", "Difference", "p"];
    let columns = heads.map(|head| Column { head, share: if head == "p" { 0.7 } else { 2.0 } });
    let rows = comparison.analyses.iter().flat_map(|one| {
        one.differences.iter().map(|difference| {
            let scope = serde_json::to_value(one.scope).ok();
            let scope = scope.and_then(|scope| scope.as_str().map(|text| text.replace('_', " "))).unwrap_or_default();
            let p = difference.test.map_or_else(|why| format!("– ({why})"), |test| format!("{:.4}", test.p));
            let pair = format!("{} − {}", name(difference.first), name(difference.second));
            vec![scope, pair, figure(&difference.estimate), p]
        })
    });
    document.table(&columns, &rows.collect::<Vec<_>>());
    document.note(&format!("{}; Obuchowski–Rockette–Hillis.", comparison.figure_of_merit));
}

fn changes_pdf(document: &mut PdfDocument, result: &StudyResult) {
    if result.changes.is_empty() {
        return;
    }
    document.heading("What the aid changed");
    let heads = ["Reader", "From, to", "Mended", "Spoilt", "p (Holm)", "Automation bias", "Reliance"];
    let columns = heads.map(|head| Column { head, share: if head == "From, to" { 1.8 } else { 1.2 } });
    let rows = result.changes.iter().map(|one| {
        let p = one.p_holm.map(|p| format!("{p:.4}")).unwrap_or_default();
        let share = |estimate: Option<&Estimate>| estimate.map(figure).unwrap_or_default();
        vec![
            one.reader.clone(),
            format!("{}, {}", named(&one.from), named(&one.to)),
            one.to_right.to_string(),
            one.to_wrong.to_string(),
            p,
            share(one.automation_bias.as_ref()),
            share(one.reliance.as_ref()),
        ]
    });
    document.table(&columns, &rows.collect::<Vec<_>>());
}

fn groups_pdf(document: &mut PdfDocument, result: &StudyResult) {
    if result.groups.is_empty() {
        return;
    }
    document.heading("Groups");
    let heads = ["Group", "Condition", "Cases", "Readers' mean area"];
    let columns = heads.map(|head| Column { head, share: if head == "Cases" { 0.6 } else { 1.6 } });
    let rows = result.groups.iter().map(|one| {
        vec![format!("{} {}", one.group, one.value), named(&one.condition), one.n_cases.to_string(), figure(&one.area)]
    });
    document.table(&columns, &rows.collect::<Vec<_>>());
    result.groups.first().into_iter().for_each(|one| document.note(one.note));
}
