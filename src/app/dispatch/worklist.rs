//! The worklist's wishes: what to open next, who has what, which folders are watched.

use std::path::{Path, PathBuf};

use crate::app::dispatch::{open, prefetch, review, study};
use crate::app::hall::App;
use crate::domain::intake::Intake;
use crate::domain::uid::StudyUid;
use crate::jobs::store_hand::memory_of;
use crate::jobs::work::stamp;
use crate::review::command::{Command, WorkCommand};
use crate::review::digest::StudyDigest;
use crate::review::work_item::{self, Viewing};
use crate::ui::action::WorklistAction;

pub fn dispatch(app: &mut App, action: WorklistAction) {
    match action {
        WorklistAction::Open(study) => open_study(app, study),
        WorklistAction::Next => next(app),
        WorklistAction::Refresh => app.runner.store(|store| store.worklist()),
        WorklistAction::Claim(study) => work(app, study, WorkCommand::Claim),
        WorklistAction::Release(study) => {
            let role = app.preferences.settings.screen.reading.role;
            work(app, study, WorkCommand::Release { role });
        }
        WorklistAction::Assign(study, to) => {
            let role = app.preferences.settings.screen.reading.role;
            work(app, study, WorkCommand::Assign { to, role });
        }
    }
}

/// What the list is made for now.
pub fn viewing(app: &App) -> Viewing {
    let reading = &app.preferences.settings.screen.reading;
    let (viewer, mode, audit) = (app.preferences.reader.clone(), reading.mode, reading.audit);
    Viewing { viewer, mode, audit, now_s: stamp::now_s() }
}

/// Once a pass: the list as it stands.
pub fn refresh(app: &mut App) {
    let viewing = viewing(app);
    let rules = &app.preferences.settings.screen.worklist.rules;
    if app.library.worklist.must_refresh(&viewing, rules) {
        let here = app.library.studies.iter().map(|study| study.uid.clone()).collect();
        app.library.worklist.refresh(&viewing, rules, &here);
    }
}

fn open_study(app: &mut App, uid: StudyUid) {
    if app.library.study(&uid).is_some() {
        return study::select(app, uid);
    }
    let places: Vec<PathBuf> = app.library.worklist.card(&uid).map_or_else(Vec::new, |card| {
        card.places.iter().map(PathBuf::from).filter(|place| Path::exists(place)).collect()
    });
    if places.is_empty() {
        app.voice.warn("The files of this study are not where they were opened: open their folder.");
        return;
    }
    open::paths(app, places);
    app.library.wanted = Some(uid);
}

fn next(app: &mut App) {
    let items = &app.library.worklist.facts().items;
    let next = work_item::next_to_read(items, app.library.open.as_ref(), &app.preferences.reader);
    match next.map(|item| item.study.clone()) {
        Some(study) => open_study(app, study),
        None => app.voice.info("Nothing is left to read on the worklist."),
    }
}

fn work(app: &mut App, study: StudyUid, command: WorkCommand) {
    if app.desks.get(&study).is_some_and(|desk| desk.is_record_read) {
        return review::apply(app, &study, Command::Work(command));
    }
    let reader = app.preferences.reader.clone();
    app.runner.store(move |store| store.work(study, &reader, command));
}

/// The review of a study stands as the record has it: the list says so from now on.
pub fn note_review(app: &mut App, study: &StudyUid) {
    let Some(desk) = app.desks.get(study).filter(|desk| desk.is_record_read) else { return };
    let digest = StudyDigest::of(&desk.session);
    if app.library.worklist.digest(study) == Some(&digest) {
        return;
    }
    if let Some(memory) = memory_of(study, None, Some(&digest)) {
        app.runner.store(move |store| store.remember(&[memory]));
    }
    app.library.worklist.note_digest(study, digest);
}

/// A few more of the digests that the store could not tell.
pub fn digest_more(app: &mut App) {
    let stale = app.library.worklist.take_stale();
    if !stale.is_empty() {
        app.runner.store(move |store| store.digest(&stale));
    }
}

/// Watches what the preferences name.
pub fn watch(app: &App) {
    app.runner.watch(app.preferences.settings.screen.worklist.watched.clone());
}

/// What lies in the watched folders: it joins the list, and nothing on the desk moves.
pub fn on_watched(app: &mut App, intake: Intake) {
    let watched = app.preferences.settings.screen.worklist.watched.clone();
    let is_scanning = app.library.running.is_some();
    let open = app.library.open.clone();
    // The open study keeps the files it was opened with until it is opened again.
    let studies: Vec<_> = intake.studies.into_iter().filter(|study| Some(&study.uid) != open.as_ref()).collect();
    let memories = app.library.worklist.note_studies(&studies, &watched, stamp::now_s());
    if !is_scanning {
        for study in &studies {
            app.library.origins.insert(study.uid.clone(), watched.clone());
        }
        match app.library.join(studies) {
            0 => {}
            1 => app.voice.info("1 study came in."),
            n_new => app.voice.info(format!("{n_new} studies came in.")),
        }
    }
    app.library.worklist.note_change();
    app.runner.store(move |store| store.remember(&memories));
    prefetch::go_on(app);
}
