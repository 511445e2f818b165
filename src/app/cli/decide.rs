//! `overread decide`: a decision made without a screen, and recorded as such.

use serde_json::json;

use crate::app::cli::arguments::{Common, DecideArguments, VerdictChoice};
use crate::app::cli::course::unknown;
use crate::app::cli::output::{self, Outcome};
use crate::app::cli::record_place;
use crate::app::cli::review_arguments::{DetailsArguments, YesNo};
use crate::domain::decision::{RejectReason, Verdict};
use crate::domain::details::{DecisionDetails, Modification};
use crate::domain::finding::FindingLabel;
use crate::domain::reading::{Confidence, UnknownCode};
use crate::domain::uid::{FindingId, ReaderName, StudyUid};
use crate::jobs::work::record::{self, NotDone};
use crate::review::command::Command;

pub fn run(arguments: &DecideArguments, common: &Common) -> Outcome {
    match decide(arguments, common) {
        Ok(outcome) => outcome,
        Err(NotDone { code, text }) => output::failed(arguments.json, code, &text),
    }
}

fn decide(arguments: &DecideArguments, common: &Common) -> Result<Outcome, NotDone> {
    let verdict = verdict(arguments)?;
    let study = StudyUid::new(&arguments.study);
    let finding = FindingId::new(&arguments.finding);
    let mut store = record::open_existing_store(&record_place(common))?;
    let mut session = record::review_of(store.as_ref(), &study)?;
    let (comment, details) = (arguments.comment.clone(), details(&arguments.details)?);
    let command = Command::DecideWithoutScreen { finding: finding.clone(), verdict, comment, details };
    record::apply(store.as_mut(), &mut session, &ReaderName::new(&arguments.reader), command)?;
    let decision = session.finding(&finding).and_then(|review| review.decision.as_ref());
    if arguments.json {
        output::print_document(&output::stamped(json!({
            "study_instance_uid": study, "finding": finding, "decision": decision, "kept": true,
        })));
    } else {
        let word = decision.map_or("Decided", |decision| decision.verdict.word());
        output::line(&format!("{word}, kept."));
    }
    Ok(Outcome::Done)
}

fn details(arguments: &DetailsArguments) -> Result<DecisionDetails, NotDone> {
    fn code<'a, T: TryFrom<&'a str, Error = UnknownCode>>(text: Option<&'a String>) -> Result<Option<T>, NotDone> {
        text.map(|text| T::try_from(text.as_str())).transpose().map_err(|error| unknown(&error))
    }
    let modifications = arguments.modified.iter().map(|text| Modification::try_from(text.as_str()));
    let named = |name: &String| FindingLabel { id: "reader".to_owned(), name: name.trim().to_owned(), code: None };
    Ok(DecisionDetails {
        label: arguments.label.as_ref().map(named),
        severity: code(arguments.severity.as_ref())?,
        clinically_relevant: arguments.relevant.map(|answer| answer == YesNo::Yes),
        difficulty: code(arguments.difficulty.as_ref())?,
        confidence: arguments.confidence.and_then(Confidence::new),
        confidence_before_ai: arguments.confidence_before_ai.and_then(Confidence::new),
        modifications: modifications.collect::<Result<_, _>>().map_err(|error| unknown(&error))?,
        miss: code(arguments.missed.as_ref())?,
    })
}

fn verdict(arguments: &DecideArguments) -> Result<Verdict, NotDone> {
    let text = arguments.details.text.trim().to_owned();
    if arguments.verdict != VerdictChoice::Reject && !(arguments.reasons.is_empty() && text.is_empty()) {
        return Err(NotDone { code: "usage", text: "--reason and --text go with reject only".to_owned() });
    }
    Ok(match arguments.verdict {
        VerdictChoice::Accept => Verdict::Accepted,
        VerdictChoice::Uncertain => Verdict::Uncertain,
        VerdictChoice::NotAssessable => Verdict::NotAssessable,
        VerdictChoice::Reject => {
            let reasons = arguments.reasons.iter().map(|code| RejectReason::try_from(code.as_str()));
            let reasons = reasons.collect::<Result<Vec<_>, _>>();
            let reasons = reasons.map_err(|error| NotDone { code: "unknown_reason", text: error.to_string() })?;
            Verdict::Rejected { reasons, text }
        }
    })
}
