//! The reader's hand: commands to the open review, and its events to the store.

use std::sync::Arc;

use crate::app::dispatch::worklist;
use crate::app::hall::App;
use crate::domain::annotation::Annotation;
use crate::domain::finding::{Evidence, Finding, FindingLabel, Origin};
use crate::domain::uid::{ReaderName, StudyUid};
use crate::jobs::work::stamp;
use crate::review::command::{Command, ReadingCommand, Stamp};
use crate::review::session::RecordAccess;
use crate::ui::action::{CourseAction, DecisionRequest, NewFinding, ReviewAction, WorklistAction};

pub fn dispatch(app: &mut App, action: ReviewAction) {
    let Some(study) = app.library.open.clone() else { return };
    let command = match action {
        ReviewAction::MarkDisplayed(finding) => Command::MarkDisplayed { finding },
        ReviewAction::Decide(request) => decision(*request),
        ReviewAction::AddFinding(new) => Command::AddFinding(Arc::new(readers_finding(new, &app.preferences.reader))),
        ReviewAction::Withdraw(finding) => Command::RemoveReaderFinding { finding },
        ReviewAction::PlaceAnnotation(drawn) => {
            let annotation = Annotation { id: stamp::annotation_id(), ..Arc::unwrap_or_clone(drawn) };
            Command::PlaceAnnotation(Arc::new(annotation))
        }
        ReviewAction::ChangeAnnotation(changed) => Command::ChangeAnnotation(changed),
        ReviewAction::RemoveAnnotation(annotation) => Command::RemoveAnnotation { annotation },
        ReviewAction::DecideMany(requests) => return decide_many(app, &study, requests),
        ReviewAction::Course(act) => return course(app, &study, act),
        ReviewAction::ToggleKeyImage(image) => Command::ToggleKeyImage { image },
        ReviewAction::ScaleImage(scaled) => Command::ScaleImage(scaled),
        ReviewAction::Undo => Command::Undo,
        ReviewAction::Redo => Command::Redo,
        ReviewAction::RetrySaving => return keep_unkept(app, &study),
    };
    apply(app, &study, command);
}

fn decide_many(app: &mut App, study: &StudyUid, requests: Vec<DecisionRequest>) {
    for request in requests {
        apply(app, study, decision(request));
    }
}

fn decision(request: DecisionRequest) -> Command {
    let DecisionRequest { finding, verdict, seen, comment, details } = request;
    Command::Decide { finding, verdict, seen, comment, details }
}

fn course(app: &mut App, study: &StudyUid, act: CourseAction) {
    match act {
        CourseAction::Start(plan) => apply(app, study, Command::Reading(ReadingCommand::Start(plan))),
        CourseAction::Present(presentation) => {
            apply(app, study, Command::Reading(ReadingCommand::Present(presentation)));
        }
        // What is locked is revealed at once: nobody looks at a locked picture without the AI.
        CourseAction::LockAndReveal(answer) => {
            apply(app, study, Command::Reading(ReadingCommand::Lock(answer)));
            apply(app, study, Command::Reading(ReadingCommand::Reveal));
        }
        CourseAction::Sign(request) => {
            apply(app, study, Command::Reading(ReadingCommand::Sign(request)));
            let reader = &app.preferences.reader;
            let has_signed = app.desks.get(study).is_some_and(|desk| desk.session.course().has_signed(reader));
            if has_signed && app.preferences.settings.screen.reading.goes_on_after_signing {
                worklist::dispatch(app, WorklistAction::Next);
            }
        }
        CourseAction::Amend(reason) => apply(app, study, Command::Reading(ReadingCommand::Amend { reason })),
        CourseAction::Adjudicate(adjudication) => apply(app, study, Command::Adjudicate(adjudication)),
    }
}

/// A study comes onto the desk: it is read as the reader's plan says. One that is read with the AI in sight begins with
/// the first act, so that merely opening a study writes nothing.
pub fn begin_reading(app: &mut App, study: &StudyUid) {
    let plan = app.preferences.settings.screen.reading.plan();
    let Some(desk) = app.desks.get_mut(study).filter(|desk| desk.is_record_read) else { return };
    if !plan.mode.begins_without_ai() {
        desk.session.cease_withholding();
    }
    let current = desk.session.course().reading(&app.preferences.reader);
    // A reading that was begun goes on as it was begun; only a stricter plan replaces one with the AI in sight.
    let is_under_way = current
        .is_some_and(|reading| reading.mode == plan.mode || reading.is_ai_hidden() || !plan.mode.begins_without_ai());
    if is_under_way || !(plan.mode.begins_without_ai() || plan.is_independent) {
        return;
    }
    if desk.session.access() == RecordAccess::ReadOnly || app.preferences.reader.is_empty() {
        // It cannot be recorded that the AI is kept away; it is kept away all the same.
        if plan.mode.begins_without_ai() {
            desk.session.withhold_ai();
        }
        return;
    }
    apply(app, study, Command::Reading(ReadingCommand::Start(plan)));
}

/// The first act in a study says how it is read.
fn note_reading(app: &mut App, study: &StudyUid, command: &Command) {
    let is_judgement = !matches!(
        command,
        Command::AddSuggestions(_) | Command::MarkDisplayed { .. } | Command::Reading(_) | Command::Work(_)
    );
    let reader = &app.preferences.reader;
    let is_new =
        app.desks.get(study).is_some_and(|desk| desk.is_record_read && desk.session.course().reading(reader).is_none());
    if is_judgement && is_new && !reader.is_empty() {
        let plan = app.preferences.settings.screen.reading.plan();
        apply(app, study, Command::Reading(ReadingCommand::Start(plan)));
    }
}

/// Applies a command to a study's review and hands what happened to the store. A refusal is said, not done.
pub fn apply(app: &mut App, study: &StudyUid, command: Command) {
    note_reading(app, study, &command);
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
pub fn keep_unkept(app: &mut App, study: &StudyUid) {
    let Some(desk) = app.desks.get(study) else { return };
    let (findings, events) = (desk.session.unkept_findings(), desk.session.unkept_events());
    if events.is_empty() {
        return;
    }
    let (study, basis) = (study.clone(), desk.basis.clone());
    app.runner.store(move |store| store.append(study, &basis, &findings, &events));
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
