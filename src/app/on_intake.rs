//! Studies come in: the first of a long scan while the rest is still read, and all of it at the end.
//!
//! What the reader does meanwhile stays: the image on screen is followed to its place among those that came later.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app::dispatch::{ahead, analysis, results, study};
use crate::app::hall::App;
use crate::app::state::library::Partial;
use crate::domain::intake::Intake;
use crate::domain::study::Study;
use crate::domain::uid::StudyUid;
use crate::jobs::work::stamp;
use crate::ui::stage::{PaneContent, SeriesRef};
use crate::ui::view_state::{LookAt, SeriesPart, SeriesView};
use crate::ui::viewport::identity::is_same_person;
use crate::ui::words::counted;

/// What has been read so far. The first of it is opened; later parts only add.
pub fn on_partial(app: &mut App, studies: Vec<Arc<Study>>) {
    let is_first = app.library.partial.studies.is_empty();
    if is_first {
        forget_pixels(app);
    }
    let first = first_to_open(&studies).map(|study| study.uid.clone());
    take_in(app, studies, |_| true);
    match first.filter(|_| is_first) {
        Some(first) => open(app, first),
        None => ahead::follow(app),
    }
}

pub fn on_intake(app: &mut App, mut intake: Intake) {
    app.library.running = None;
    let (n_refused, was_cancelled) = (intake.refused().count(), intake.was_cancelled);
    let was_shown = !app.library.partial.studies.is_empty();
    if !was_shown {
        forget_pixels(app);
    }
    let studies = std::mem::take(&mut intake.studies);
    let first = first_to_open(&studies).map(|study| study.uid.clone());
    app.library.note_refused(&intake);
    let has_lost_open = drop_superseded(app, &studies);
    take_in(app, studies, |_| false);
    if was_cancelled {
        app.voice.info("Reading was stopped; what had been read is shown.");
    }
    if first.is_none() && !was_cancelled {
        let reason = app.library.refused.first().map(|file| file.notice.text.clone());
        let why = reason.map_or_else(|| "There are no files there.".to_owned(), |text| format!("First reason: {text}"));
        app.voice.error(format!("No image could be opened. {why}"));
    } else if n_refused > 0 {
        let verb = if n_refused == 1 { "was" } else { "were" };
        app.voice.warn(format!("{} {verb} not opened; the list gives the reasons.", counted(n_refused, "file")));
    }
    let Some(first) = first else { return };
    for place in std::mem::take(&mut app.library.asked) {
        app.runner.store(move |store| store.remember_place(place));
    }
    if was_shown && !has_lost_open {
        complete(app);
    } else {
        app.library.partial = Partial::default();
        app.desks.retain(|_, desk| desk.is_record_read);
        open(app, first);
    }
    if let Some(wanted) = app.library.wanted.take().filter(|wanted| app.library.open.as_ref() != Some(wanted)) {
        study::select(app, wanted);
    }
}

/// The first patient's latest study: what lies before it hangs beside it.
fn first_to_open(studies: &[Arc<Study>]) -> Option<&Arc<Study>> {
    let first = studies.first()?;
    let of_patient = studies.iter().filter(|study| is_same_person(&study.patient, &first.patient));
    // Of equals the first
    of_patient.rev().max_by_key(|study| (&study.date, &study.time)).or(Some(first))
}

/// The first study that a scan brought.
fn open(app: &mut App, first: StudyUid) {
    app.library.first_image.opened();
    study::select(app, first);
}

/// A study shown early whose files turned out to be of several patients has become others: it leaves the list.
/// Says whether it was the open one.
fn drop_superseded(app: &mut App, whole: &[Arc<Study>]) -> bool {
    let was_open = app.library.open.is_some();
    let early: Vec<StudyUid> = app.library.partial.studies.iter().cloned().collect();
    for uid in early.iter().filter(|uid| !whole.iter().any(|study| &study.uid == *uid)) {
        app.library.remove(uid);
        app.library.partial.studies.remove(uid);
    }
    was_open && app.library.open.is_none()
}

/// A study read again gets fresh pixels: the files may have changed.
fn forget_pixels(app: &mut App) {
    app.frames.clear();
}

/// Puts studies on the list; `is_partial` says of which more may come.
fn take_in(app: &mut App, studies: Vec<Arc<Study>>, is_partial: impl Fn(&Study) -> bool) {
    for study in &studies {
        let known = app.library.study(&study.uid).filter(|_| app.library.is_partial(&study.uid));
        if let (Some(known), Some(look)) = (known, app.view.looks.get_mut(&study.uid)) {
            *look = followed(look, known, study);
        }
    }
    let partial = studies.iter().filter(|study| is_partial(study)).map(|study| study.uid.clone()).collect::<Vec<_>>();
    let origin = app.library.asked.clone();
    let memories = app.library.worklist.note_studies(&studies, &origin, stamp::now_s());
    app.library.worklist.note_change();
    if !memories.is_empty() {
        app.runner.store(move |store| store.remember(&memories));
    }
    app.library.origins.extend(studies.iter().map(|study| (study.uid.clone(), origin.clone())));
    app.library.take_in_studies(studies);
    app.library.partial.studies.extend(partial);
}

/// The partial studies are whole: what waited for that goes on.
fn complete(app: &mut App) {
    let partial = std::mem::take(&mut app.library.partial);
    for (study, look) in partial.kept_looks {
        // Where the reader has been meanwhile counts more than where somebody was last time
        if app.view.look(&study).is_none_or(LookAt::is_untouched) {
            app.view.restore(&study, &look);
        }
    }
    if let Some(open) = app.library.open.clone() {
        if app.open_desk().is_some_and(|desk| desk.is_record_read) {
            results::take_in(app, &open);
            analysis::resume(app, &open);
        }
        ahead::follow(app);
    }
}

/// The same look at the same images, where these stand in `new`.
fn followed(look: &LookAt, old: &Study, new: &Study) -> LookAt {
    let mut followed = LookAt { series: BTreeMap::new(), ..look.clone() };
    for index in 0..old.series.len() {
        let part = SeriesPart::of(old, index);
        let Some(view) = look.series.get(&part) else { continue };
        let Some((new_index, stack_index)) = place_of(old, index, view.stack_index, new) else { continue };
        let view = SeriesView { stack_index, ..view.clone() };
        followed.series.entry(SeriesPart::of(new, new_index)).or_insert(view);
    }
    for (place, pane) in followed.stage.panes.iter_mut().enumerate() {
        let Some(index) = look.series_of_pane(old, place) else { continue };
        let Some((new_index, stack_index)) = place_of(old, index, pane.view.stack_index, new) else { continue };
        pane.view.stack_index = stack_index;
        let shown = SeriesRef::new(new, SeriesPart::of(new, new_index));
        pane.content = match pane.content {
            PaneContent::Plane(_, axis) => PaneContent::Plane(shown, axis),
            _ => PaneContent::Series(shown),
        };
    }
    followed
}

/// Series and place in its stack, in `new`, of an image of `old`.
fn place_of(old: &Study, series: usize, at: usize, new: &Study) -> Option<(usize, usize)> {
    let old_series = old.series.get(series)?;
    let (instance, frame) = old_series.image(at.min(old_series.stack.len().saturating_sub(1)))?;
    new.series.iter().enumerate().filter(|(_, series)| series.uid == old_series.uid).find_map(|(index, series)| {
        let holder = series.instances.iter().position(|other| other.sop == instance.sop)?;
        let at = series.stack.iter().position(|image| image.instance == holder && image.frame == frame)?;
        Some((index, at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::phantom_study::{self, PhantomOptions};
    use crate::import::{ScanOptions, scan};

    #[test]
    fn the_image_on_screen_is_followed_to_its_new_place() {
        let folder = tempfile::tempdir().unwrap();
        let written = phantom_study::write(folder.path(), &PhantomOptions::small(), &|| false, &|_| {}).unwrap();
        let read = |files: &[std::path::PathBuf]| {
            scan(files, &ScanOptions::default(), &|| false, &|_| {}).studies.first().cloned().unwrap()
        };
        let half: Vec<_> = written.files.iter().skip(1).step_by(2).cloned().collect();
        let (old, new) = (read(&half), read(&written.files));
        let stack = |study: &Study| study.series.iter().position(|series| series.stack.len() > 4).unwrap();
        let sop = |study: &Study, at: usize| study.series[stack(study)].image(at).unwrap().0.sop.clone();
        let mut look = LookAt::default();
        look.open(&old, stack(&old));
        (look.view_mut().stack_index, look.view_mut().is_inverted) = (3, true);
        let followed = followed(&look, &old, &new);
        assert_eq!(followed.open_index(&new), stack(&new));
        let view = followed.view();
        assert!(view.is_inverted && view.stack_index > 3);
        assert_eq!(sop(&new, view.stack_index), sop(&old, 3));
    }
}
