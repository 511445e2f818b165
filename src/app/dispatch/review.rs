//! The reader's hand: commands to the open review, and its events to the store.

use std::sync::Arc;

use crate::app::hall::App;
use crate::domain::annotation::Annotation;
use crate::domain::finding::{Evidence, Finding, FindingLabel, Origin};
use crate::domain::uid::{ReaderName, StudyUid};
use crate::jobs::work::stamp;
use crate::review::command::{Command, Stamp};
use crate::ui::action::{DecisionRequest, NewFinding, ReviewAction};

pub fn dispatch(app: &mut App, action: ReviewAction) {
    let Some(study) = app.library.open.clone() else { return };
    let command = match action {
        ReviewAction::MarkDisplayed(finding) => Command::MarkDisplayed { finding },
        ReviewAction::Decide(request) => {
            let DecisionRequest { finding, verdict, seen, comment } = *request;
            Command::Decide { finding, verdict, seen, comment }
        }
        ReviewAction::AddFinding(new) => Command::AddFinding(Arc::new(readers_finding(new, &app.preferences.reader))),
        ReviewAction::Withdraw(finding) => Command::RemoveReaderFinding { finding },
        ReviewAction::PlaceAnnotation(drawn) => {
            let annotation = Annotation { id: stamp::annotation_id(), ..Arc::unwrap_or_clone(drawn) };
            Command::PlaceAnnotation(Arc::new(annotation))
        }
        ReviewAction::ChangeAnnotation(changed) => Command::ChangeAnnotation(changed),
        ReviewAction::RemoveAnnotation(annotation) => Command::RemoveAnnotation { annotation },
        ReviewAction::Undo => Command::Undo,
        ReviewAction::Redo => Command::Redo,
        ReviewAction::RetrySaving => return keep_unkept(app, &study),
    };
    apply(app, &study, command);
}

/// Applies a command to a study's review and hands what happened to the store. A refusal is said, not done.
pub fn apply(app: &mut App, study: &StudyUid, command: Command) {
    let reader = app.preferences.reader.clone();
    let Some(desk) = app.desks.get_mut(study).filter(|desk| desk.is_record_read) else {
        app.voice.warn("The study's record is still being read.");
        return;
    };
    let mut stamps = || Stamp { reader: reader.clone(), at: stamp::now(), event: stamp::event_id() };
    match desk.session.apply(command, &mut stamps) {
        Ok(events) if events.is_empty() => {}
        Ok(_) => keep_unkept(app, study),
        Err(refusal) => app.voice.warn(refusal.to_string()),
    }
}

/// Appends everything that is not kept yet, in order; the store passes over what it already has.
fn keep_unkept(app: &mut App, study: &StudyUid) {
    let Some(desk) = app.desks.get(study) else { return };
    let (findings, events) = (desk.session.unkept_findings(), desk.session.unkept_events());
    if events.is_empty() {
        return;
    }
    let study = study.clone();
    app.runner.store(move |store| store.append(study, &findings, &events));
}

fn readers_finding(new: NewFinding, reader: &ReaderName) -> Finding {
    let NewFinding { subject, label, place } = new;
    Finding {
        id: stamp::finding_id(),
        subject,
        label: FindingLabel { id: "reader".to_owned(), name: label, code: None },
        origin: Origin::Reader(reader.clone()),
        assessment: None,
        place,
        measurements: Vec::new(),
        evidence: Evidence::default(),
        notices: Vec::new(),
    }
}
