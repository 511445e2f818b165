//! `overread decide`: a decision made without a screen, and recorded as such.

use serde_json::json;

use crate::app::cli::arguments::{Common, DecideArguments, VerdictChoice};
use crate::app::cli::output::{self, Outcome};
use crate::app::cli::store_path;
use crate::domain::decision::{RejectReason, Verdict};
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
    let mut store = record::open_existing_store(&store_path(common))?;
    let mut session = record::review_of(&store, &study)?;
    let comment = arguments.comment.clone();
    let command = Command::DecideWithoutScreen { finding: finding.clone(), verdict, comment };
    record::apply(&mut store, &mut session, &ReaderName::new(&arguments.reader), command)?;
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

fn verdict(arguments: &DecideArguments) -> Result<Verdict, NotDone> {
    if arguments.verdict != VerdictChoice::Reject && !arguments.reasons.is_empty() {
        return Err(NotDone { code: "usage", text: "--reason goes with reject only".to_owned() });
    }
    Ok(match arguments.verdict {
        VerdictChoice::Accept => Verdict::Accepted,
        VerdictChoice::Uncertain => Verdict::Uncertain,
        VerdictChoice::NotAssessable => Verdict::NotAssessable,
        VerdictChoice::Reject => {
            let reasons = arguments.reasons.iter().map(|code| RejectReason::try_from(code.as_str()));
            let reasons = reasons.collect::<Result<Vec<_>, _>>();
            let reasons = reasons.map_err(|error| NotDone { code: "unknown_reason", text: error.to_string() })?;
            Verdict::Rejected { reasons, text: String::new() }
        }
    })
}
