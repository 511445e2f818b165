//! Which study lies on the desk.

use std::sync::Arc;

use crate::app::dispatch::{access, ahead, analysis, prefetch, results, review};
use crate::app::hall::App;
use crate::app::state::desk::Desk;
use crate::domain::series::Series;
use crate::domain::uid::StudyUid;
use crate::jobs::work::stamp;
use crate::ui::action::StudyAction;
use crate::ui::arrangement::LastStudy;

pub fn dispatch(app: &mut App, action: StudyAction) {
    match action {
        StudyAction::Select(uid) => select(app, uid),
        StudyAction::Close(uid) => {
            app.library.remove(&uid);
            let studies = &app.library.studies;
            let is_there = |series: &Arc<Series>| {
                studies.iter().any(|study| study.series.iter().any(|one| Arc::ptr_eq(one, series)))
            };
            app.frames.volumes.retain(is_there);
            app.library.worklist.note_change();
            if let Some(next) = app.library.studies.first().map(|study| study.uid.clone())
                && app.library.open.is_none()
            {
                select(app, next);
            }
        }
    }
}

/// Puts a study on the desk. Its record is read first; what comes of it, `on_job_event` says.
pub fn select(app: &mut App, uid: StudyUid) {
    if app.library.study(&uid).is_none() {
        return;
    }
    if let Some(look) = app.record.take_look() {
        app.keep_look(&look);
    }
    app.library.open = Some(uid.clone());
    let opened = app.library.worklist.note_opened(&uid, stamp::now_s());
    if let Some(memory) = opened {
        app.runner.store(move |store| store.remember(&[memory]));
    }
    access::opened(app, &uid);
    let places = app.library.origins.get(&uid).cloned().unwrap_or_default();
    app.view.arrangement.last = Some(LastStudy { places, study: uid.clone() });
    let is_known = app.desks.get(&uid).is_some_and(|desk| desk.is_record_read);
    if is_known {
        review::begin_reading(app, &uid);
        results::take_in(app, &uid);
        // Another study may have taken the models away before they were through with this one.
        analysis::resume(app, &uid);
    } else {
        app.desks.insert(uid.clone(), Desk::new(uid.clone()));
    }
    read_record(app);
    ahead::follow(app);
    prefetch::go_on(app);
}

/// Reads the open study's record, for the first time or once more.
pub fn read_record(app: &App) {
    if let Some(study) = app.library.open.clone() {
        app.runner.store(move |store| store.load(study));
    }
}
