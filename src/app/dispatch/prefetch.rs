//! The two studies that come next on the worklist: their record read, their first images loaded, their models run, so
//! that they are there when the reader is.

use std::sync::Arc;

use crate::app::dispatch::analysis;
use crate::app::hall::App;
use crate::app::state::ahead::N_NEAR;
use crate::app::state::desk::Desk;
use crate::domain::series::Series;
use crate::domain::uid::StudyUid;
use crate::review::work_item;

/// How many studies are made ready.
const N_AHEAD: usize = 2;
/// Images of each series that are loaded.
const N_IMAGES: usize = N_NEAR / 2;

/// Takes the next step of making ready, if there is one. Called whenever something has ended or changed.
pub fn go_on(app: &mut App) {
    if app.library.open.is_none() || app.library.running.is_some() {
        return;
    }
    let next = next_studies(app);
    load_records(app, &next);
    load_images(app, &next);
    run_models(app, &next);
}

/// The studies after the open one, as far as their files are here.
fn next_studies(app: &App) -> Vec<StudyUid> {
    let (items, viewer) = (&app.library.worklist.facts().items, &app.preferences.reader);
    let mut next: Vec<StudyUid> = Vec::new();
    let mut current = app.library.open.clone();
    while next.len() < N_AHEAD
        && let Some(item) = work_item::next_to_read(items, current.as_ref(), viewer)
    {
        if next.contains(&item.study) || app.library.open.as_ref() == Some(&item.study) {
            break;
        }
        next.push(item.study.clone());
        current = Some(item.study.clone());
    }
    next.retain(|study| app.library.study(study).is_some() && !app.library.is_partial(study));
    next
}

fn load_records(app: &mut App, next: &[StudyUid]) {
    for study in next {
        if !app.desks.contains_key(study) {
            app.desks.insert(study.clone(), Desk::new(study.clone()));
            let study = study.clone();
            app.runner.store(move |store| store.load(study));
        }
    }
}

fn load_images(app: &mut App, next: &[StudyUid]) {
    if app.library.ahead.as_slice() == next {
        return;
    }
    app.library.ahead = next.to_vec();
    let part = |series: &Arc<Series>| (Arc::clone(series), (0..series.stack.len().min(N_IMAGES)).collect::<Vec<_>>());
    let studies = next.iter().filter_map(|study| app.library.study(study));
    let parts: Vec<_> = studies.flat_map(|study| study.series.iter().take(2).map(part)).collect();
    app.runner.load_next(app.frames.generation, parts);
}

/// Only while the open study needs no model: it comes first.
fn run_models(app: &mut App, next: &[StudyUid]) {
    let is_busy = app.desks.values().any(Desk::is_analyzing);
    if is_busy || !app.preferences.settings.screen.analyzes_on_open {
        return;
    }
    for study in next {
        let Some(desk) = app.desks.get(study).filter(|desk| desk.is_record_read) else { continue };
        let models = analysis::not_run(app, desk);
        if !models.is_empty() {
            return analysis::run_ahead(app, study, models);
        }
    }
}
