//! `overread sign` and `overread amend`: without a window, and recorded as such.

use serde_json::{Value, json};

use crate::app::cli::arguments::Common;
use crate::app::cli::output::{self, Outcome};
use crate::app::cli::record_place;
use crate::app::cli::review_arguments::{AmendArguments, SignArguments};
use crate::domain::reading::{Role, SignatureMeaning, UnknownCode};
use crate::domain::uid::{ReaderName, StudyUid};
use crate::jobs::work::record::{self, NotDone};
use crate::review::command::{Command, ReadingCommand, SignRequest};
use crate::review::event::DecisionOrigin;
use crate::review::session::ReviewSession;

pub fn sign(arguments: &SignArguments, common: &Common) -> Outcome {
    let signed = request(arguments).and_then(|request| {
        let session = act(&arguments.study, &arguments.reader, ReadingCommand::Sign(request), common)?;
        Ok(session.course().signatures().last().map(|signature| {
            json!({
                "event_id": signature.event, "reader": signature.reader, "name": signature.name, "at": signature.at,
                "meaning": signature.meaning, "role": signature.role, "n_unreviewed": signature.n_unreviewed,
                "covers_sha256": signature.covers_sha256,
            })
        }))
    });
    told(signed, "signature", &arguments.study, arguments.json, "Signed, kept.")
}

pub fn amend(arguments: &AmendArguments, common: &Common) -> Outcome {
    let command = ReadingCommand::Amend { reason: arguments.reason.clone() };
    let amended = act(&arguments.study, &arguments.reader, command, common).map(|session| {
        let amended = session.course().signatures().iter().rev().find_map(|signature| signature.amended.clone());
        amended.map(|one| json!({ "event_id": one.event, "reader": one.reader, "at": one.at, "reason": one.reason }))
    });
    told(amended, "amendment", &arguments.study, arguments.json, "Amended, kept: the study is open again.")
}

fn request(arguments: &SignArguments) -> Result<SignRequest, NotDone> {
    Ok(SignRequest {
        name: arguments.name.clone(),
        meaning: SignatureMeaning::try_from(arguments.meaning.as_str()).map_err(|error| unknown(&error))?,
        role: Role::try_from(arguments.role.as_str()).map_err(|error| unknown(&error))?,
        made: DecisionOrigin::WithoutScreen,
        accepts_unreviewed: arguments.leave_unreviewed,
    })
}

/// A code that no set holds.
pub fn unknown(error: &UnknownCode) -> NotDone {
    NotDone { code: "unknown_code", text: error.to_string() }
}

fn act(study: &str, reader: &str, command: ReadingCommand, common: &Common) -> Result<ReviewSession, NotDone> {
    let mut store = record::open_existing_store(&record_place(common))?;
    let mut session = record::review_of(store.as_ref(), &StudyUid::new(study))?;
    record::apply(store.as_mut(), &mut session, &ReaderName::new(reader), Command::Reading(command))?;
    Ok(session)
}

fn told(result: Result<Option<Value>, NotDone>, what: &str, study: &str, is_json: bool, words: &str) -> Outcome {
    match result {
        Ok(value) if is_json => {
            let document = json!({ "study_instance_uid": study, what: value, "kept": true });
            output::print_document(&output::stamped(document));
        }
        Ok(_) => output::line(words),
        Err(NotDone { code, text }) => return output::failed(is_json, code, &text),
    }
    Outcome::Done
}
