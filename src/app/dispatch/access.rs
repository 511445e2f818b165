//! Who looked, who searched and who took something out: told to the record, which keeps it in its chain.

use std::path::Path;

use crate::app::hall::App;
use crate::domain::uid::StudyUid;
use crate::export::formats::Written;
use crate::jobs::work::handing_on;
use crate::store::access_note::AccessNote;

fn note(app: &App, study: &StudyUid, note: AccessNote) {
    let (study, reader) = (study.clone(), app.preferences.reader.clone());
    app.runner.store(move |store| store.note_access(&study, &reader, &note));
}

/// A reader put the study on the desk.
pub fn opened(app: &mut App, study: &StudyUid) {
    app.record.access.shown = None;
    app.record.opened();
    let n_images = app.library.study(study).map_or(0, |study| study.series.iter().map(|one| one.stack.len()).sum());
    note(app, study, AccessNote::StudyOpened { n_images: u64::try_from(n_images).unwrap_or(u64::MAX) });
}

/// Once an opening: the first picture of the open study that was put on a screen.
pub fn displayed(app: &mut App) {
    let Some(open) = app.library.open.as_ref().filter(|open| app.record.access.shown.as_ref() != Some(open)) else {
        return;
    };
    let painted = app.view.transient.panes.painted.values().find(|painted| &painted.study == open);
    let Some(sop) = painted.map(|painted| painted.seen.sop.clone()) else { return };
    let open = open.clone();
    note(app, &open, AccessNote::ImagesDisplayed { sop });
    app.record.access.shown = Some(open);
}

/// Says every minute which study is open here, and learns who else has it open.
pub fn announce(app: &mut App) {
    let Some(study) = app.library.open.clone() else { return };
    if app.record.must_announce() {
        let reader = app.preferences.reader.clone();
        app.runner.store(move |store| store.announce(study, &reader));
    }
}

/// A report was written.
pub fn exported(app: &App, study: &StudyUid, folder: &Path, formats: &[String], written: &Written) {
    note(app, study, handing_on::note(folder, formats, written));
}

/// A picture of the screen was written to a file.
pub fn picture_written(app: &App, path: &Path, sha256: String) {
    if let Some(study) = app.library.open.clone() {
        note(app, &study, handing_on::note_of_picture(path, sha256));
    }
}

/// A picture of the screen can be taken by any program.
pub fn picture_copied(app: &App) {
    if let Some(study) = app.library.open.clone() {
        note(app, &study, handing_on::note_of_clipboard());
    }
}

/// Words that were searched for on the worklist, once they have stood for a while.
pub fn searched(app: &mut App) {
    let worklist = &app.view.transient.worklist;
    let words = if worklist.is_open { worklist.filter.text.trim() } else { "" };
    let Some(words) = app.record.access.settled_search(words) else { return };
    let items = &app.library.worklist.facts().items;
    let n_found = app.view.transient.worklist.filter.places(items, &app.preferences.reader).len();
    let n_found = u64::try_from(n_found).unwrap_or(u64::MAX);
    note(app, &StudyUid::new(""), AccessNote::WorklistSearched { words, n_found });
}
