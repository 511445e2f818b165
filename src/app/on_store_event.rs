//! What becomes of the store's reports: what is kept, what is not, and what somebody else has decided meanwhile.

use std::collections::BTreeSet;

use crate::app::dispatch::{self, ahead, analysis, prefetch, results, review, worklist};
use crate::app::hall::App;
use crate::app::state::desk::Desk;
use crate::app::state::record;
use crate::domain::uid::{EventId, StudyUid};
use crate::jobs::event::{LoadedRecord, NotKept, StoreEvent};
use crate::review::session::{Keeping, RecordAccess, ReviewSession};
use crate::store::conflict::{Basis, Conflict, Receipt};
use crate::store::presence::Presence;
use crate::ui::context::{AnalysisState, RecordWords, StoreState};
use crate::ui::dialogs::Dialog;
use crate::ui::dialogs::new_record::NewRecordDraft;
use crate::ui::dialogs::unlock::UnlockDraft;

pub fn on_store(app: &mut App, event: StoreEvent) {
    match event {
        StoreEvent::Opened { read_only, recent_places, how_kept } => {
            app.record.recent_places = recent_places;
            let short = format!("Record {}", how_kept.protection.words());
            app.record.how_kept = Some(RecordWords { short, long: how_kept.sentence() });
            let before = std::mem::replace(&mut app.record.store, StoreState::Ready);
            match before {
                StoreState::Locked(_) => on_unlocked(app, "The review record is unlocked."),
                StoreState::Unmade(_) => on_unlocked(app, "From now on decisions are kept."),
                StoreState::Ready => {}
                StoreState::ReadOnly(_) => app.record.store = before,
            }
            if let Some(text) = read_only {
                app.voice.warn(text.clone());
                app.record.store = StoreState::ReadOnly(text);
            }
        }
        StoreEvent::Locked { was_wrong, text } => {
            app.record.store = StoreState::Locked(text);
            app.view.dialogs.push(Dialog::Unlock(UnlockDraft::new(was_wrong)));
        }
        StoreEvent::Unmade(text) => {
            app.record.store = StoreState::Unmade(text);
            app.view.dialogs.push(Dialog::NewRecord(NewRecordDraft::default()));
        }
        StoreEvent::AlsoOpen { study, others } => on_also_open(app, &study, &others),
        StoreEvent::OpenFailed(text) => {
            app.view.dialogs.retain(|dialog| !matches!(dialog, Dialog::Unlock(_) | Dialog::NewRecord(_)));
            app.voice.error(format!("Decisions cannot be kept: {text}"));
            app.record.store = StoreState::ReadOnly(text);
        }
        StoreEvent::Loaded { study, result } => on_loaded(app, &study, result),
        StoreEvent::Appended { study, events, result } => on_appended(app, &study, &events, result),
        StoreEvent::Worklist(Ok(listed)) => {
            app.library.worklist.take_in(listed);
            worklist::digest_more(app);
        }
        StoreEvent::Worklist(Err(_)) if is_still_asked(&app.record.store) => {}
        StoreEvent::Worklist(Err(text)) => app.voice.warn(format!("The worklist could not be read: {text}")),
        StoreEvent::Digested(digests) => {
            for (study, digest) in digests {
                app.library.worklist.note_digest(&study, digest);
            }
            worklist::digest_more(app);
        }
        StoreEvent::Worked { study, result: Ok(digest) } => app.library.worklist.note_digest(&study, digest),
        StoreEvent::Worked { result: Err(_), .. } if is_still_asked(&app.record.store) => {}
        StoreEvent::Worked { result: Err(text), .. } => app.voice.warn(text),
        StoreEvent::RecentPlaces(places) => app.record.recent_places = places,
        StoreEvent::Degraded(text) => app.voice.warn(text),
    }
}

/// What was looked at meanwhile stands on no record: it is read now.
fn on_unlocked(app: &mut App, words: &str) {
    app.view.dialogs.retain(|dialog| !matches!(dialog, Dialog::Unlock(_) | Dialog::NewRecord(_)));
    app.desks.clear();
    if let Some(study) = app.library.open.clone() {
        dispatch::study::select(app, study);
    }
    app.runner.store(|store| store.worklist());
    app.voice.info(words);
}

/// Somebody who has just come is named once; the bar at the bottom names everybody.
fn on_also_open(app: &mut App, study: &StudyUid, others: &[Presence]) {
    if app.library.open.as_ref() != Some(study) {
        return;
    }
    let others: Vec<_> = others.iter().map(|one| record::also_open(one, &app.preferences.reader)).collect();
    if let Some(new) = others.iter().find(|other| !app.record.also_open.contains(other)) {
        app.voice.info(new.sentence.clone());
    }
    app.record.also_open = others;
}

fn on_appended(app: &mut App, study: &StudyUid, events: &[EventId], result: Result<Receipt, NotKept>) {
    let Some(desk) = app.desks.get_mut(study) else { return };
    match result {
        Ok(Receipt { has_unseen, .. }) => {
            for event in events {
                desk.session.mark_kept(event);
            }
            desk.basis.own.extend(events.iter().cloned());
            if has_unseen {
                let study = study.clone();
                app.runner.store(move |store| store.load(study));
            }
            worklist::note_review(app, study);
        }
        Err(NotKept::Failed(text)) => {
            for event in events {
                desk.session.mark_not_saved(event, text.clone());
            }
            app.voice.error(format!("NOT SAVED: {text}"));
        }
        Err(NotKept::Conflicting(conflicts)) => on_conflict(app, study, conflicts),
    }
}

/// Somebody else was first: theirs is in force, ours is taken back and shown, and the reader decides again.
fn on_conflict(app: &mut App, study: &StudyUid, conflicts: Vec<Conflict>) {
    let Some(desk) = app.desks.get_mut(study) else { return };
    let events: Vec<EventId> = conflicts.iter().map(|conflict| conflict.event.clone()).collect();
    for conflict in conflicts {
        let notice = record::conflict_notice(study, &desk.session, &conflict);
        app.voice.warn(notice.sentence());
        app.record.conflicts.push(notice);
    }
    desk.session.retract(&events);
    let study = study.clone();
    app.runner.store(move |store| store.load(study));
}

/// The record came: the review is what it says. Without one the study is shown, and nothing is decided.
fn on_loaded(app: &mut App, study: &StudyUid, result: Result<LoadedRecord, String>) {
    let Some(desk) = app.desks.get_mut(study) else { return };
    if desk.is_record_read {
        return on_read_again(app, study, result);
    }
    match result {
        Ok(LoadedRecord { record, view }) => {
            desk.basis = Basis { version: record.version, own: BTreeSet::new() };
            restore_analysis(desk, &app.models, &record.findings);
            desk.session = ReviewSession::replay(study.clone(), record.findings, record.events);
            match view {
                Some(json) if app.library.is_partial(study) => {
                    app.library.partial.kept_looks.insert(study.clone(), json);
                }
                Some(json) => app.view.restore(study, &json),
                None => {}
            }
        }
        Err(text) => {
            // An empty review would look as if nothing had been decided: nothing is added to what could not be read.
            desk.session.set_access(RecordAccess::ReadOnly);
            if !is_still_asked(&app.record.store) {
                app.voice.error(format!("The study's record could not be read: {text}"));
            }
        }
    }
    if app.record.store != StoreState::Ready {
        desk.session.set_access(RecordAccess::ReadOnly);
    }
    desk.is_record_read = true;
    desk.session.view_as(&app.preferences.reader);
    results::take_in(app, study);
    worklist::note_review(app, study);
    if app.library.open.as_ref() == Some(study) {
        review::begin_reading(app, study);
        analysis::resume(app, study);
        // The look that came with the record may be at another image
        ahead::follow(app);
    }
    prefetch::go_on(app);
}

/// The record waits for its key, or for the reader to say how it is kept: a dialog asks, and nothing has failed.
fn is_still_asked(store: &StoreState) -> bool {
    matches!(store, StoreState::Locked(_) | StoreState::Unmade(_))
}

/// The record was read once more: another program, or `overread decide`, may have written to it.
fn on_read_again(app: &mut App, study: &StudyUid, result: Result<LoadedRecord, String>) {
    match result {
        Ok(LoadedRecord { record, .. }) => {
            if let Some(desk) = app.desks.get_mut(study) {
                desk.basis = Basis { version: record.version, own: BTreeSet::new() };
                desk.session.refresh(record.findings, record.events);
                // What a conflict left unkept stands on the newer record now.
                if desk.session.keeping() == Keeping::Pending {
                    review::keep_unkept(app, study);
                }
            }
            worklist::note_review(app, study);
        }
        Err(_) if is_still_asked(&app.record.store) => {}
        Err(text) => app.voice.warn(format!("The study's record could not be read again: {text}")),
    }
}

/// A model whose findings are in the record, of the same version, has been run.
fn restore_analysis(
    desk: &mut Desk,
    models: &[crate::ui::context::ModelStatus],
    findings: &[std::sync::Arc<crate::domain::finding::Finding>],
) {
    for model in models {
        let has_findings = findings
            .iter()
            .filter_map(|finding| finding.model_run())
            .any(|run| run.model.id == model.id && run.model.version == model.version);
        if has_findings {
            desk.analysis.insert(model.id.clone(), AnalysisState::Done);
        }
    }
}
