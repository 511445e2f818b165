//! `overread findings`: what the record holds of a study.

use crate::app::PROGRAM;
use crate::app::cli::arguments::{Common, FindingsArguments};
use crate::app::cli::output::{self, Outcome};
use crate::app::cli::record_place;
use crate::domain::report::{Report, ReportedFinding};
use crate::domain::score::Assessment;
use crate::domain::uid::{ReaderName, StudyUid};
use crate::export;
use crate::jobs::work::record::{self, NotDone};
use crate::jobs::work::stamp;

pub fn run(arguments: &FindingsArguments, common: &Common) -> Outcome {
    match report(&StudyUid::new(&arguments.study), arguments.reader.as_deref(), common) {
        Ok(report) if arguments.json => match export::report_value(&report) {
            Ok(document) => {
                output::print_document(&output::stamped(document));
                Outcome::Done
            }
            Err(error) => output::failed(true, error.code(), &error.to_string()),
        },
        Ok(report) => {
            report.findings.iter().for_each(print_text);
            Outcome::Done
        }
        Err(NotDone { code, text }) => output::failed(arguments.json, code, &text),
    }
}

/// The study's report from the record alone, as a reader may see it.
pub fn report(study: &StudyUid, reader: Option<&str>, common: &Common) -> Result<Report, NotDone> {
    let store = record::open_store_to_read(&record_place(common))?;
    let mut session = record::review_of(store.as_ref(), study)?;
    if let Some(reader) = reader {
        session.view_as(&ReaderName::new(reader));
    }
    Ok(session.report(None, &stamp::now(), PROGRAM))
}

fn print_text(reported: &ReportedFinding) {
    let finding = &reported.finding;
    let state = reported.decision.as_ref().map_or("Unreviewed", |decision| decision.words());
    let score = finding.assessment.as_ref().map_or_else(|| "reader's own".to_owned(), Assessment::sentence);
    output::line(&format!("{} · {} · {score} · {state}", finding.id, finding.label.name));
}
