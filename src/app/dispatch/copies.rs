//! Anonymous copies of the open study: asked for, and what became of them.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use crate::app::dispatch::{export, review};
use crate::app::hall::App;
use crate::domain::deidentification::WritingVerdict;
use crate::domain::intake::Progress;
use crate::domain::study::Study;
use crate::domain::uid::StudyUid;
use crate::export::deidentify::pseudonyms::Secret;
use crate::jobs::event::{Chosen, CopyEvent};
use crate::jobs::work::study_copies::{CopyOrder, RESULT_FORMATS};
use crate::review::command::Command;
use crate::review::event::StudyExported;
use crate::ui::copies::{CopiesAction, CopyWish, WritingState};
use crate::ui::dialogs::Dialog;
use crate::ui::words::counted;

/// As the record names an anonymous copy among its exports.
const FORMAT: &str = "deidentified";

/// One for as long as the program runs: a patient's studies keep together.
static SECRET: LazyLock<Secret> = LazyLock::new(Secret::fresh);

pub fn dispatch(app: &mut App, action: CopiesAction) {
    let Some(study) = app.library.open_study().cloned() else { return };
    match action {
        CopiesAction::Preview(options) => app.runner.preview_copies(study, options, SECRET.clone()),
        CopiesAction::LookForWriting => {
            let Some(desk) = app.desks.get_mut(&study.uid) else { return };
            if matches!(desk.copies.writing, WritingState::NotLooked) {
                desk.copies.writing = WritingState::Looking(Progress::default());
                app.runner.look_for_writing(study);
            }
        }
        CopiesAction::ChooseFolder => {
            let dialog = rfd::AsyncFileDialog::new().set_title("Folder for the copies").pick_folder();
            let choice = Box::pin(async { dialog.await.map(|folder| vec![folder.path().to_owned()]) });
            app.runner.await_choice(choice, |folders| match folders.into_iter().next() {
                Some(folder) => Chosen::CopyFolder(folder),
                None => Chosen::Nothing { at_once: false },
            });
        }
        CopiesAction::Make(wish) => make(app, &study, *wish),
        CopiesAction::Stop => app.runner.cancel_exports(),
    }
}

fn make(app: &mut App, study: &Arc<Study>, wish: CopyWish) {
    if app.library.is_partial(&study.uid) {
        app.voice.warn("The study is still being read; make copies when all of it is here.");
        return;
    }
    let results = match wish.with_results {
        true => match export::order(app, &study.uid, RESULT_FORMATS.map(str::to_owned).to_vec()) {
            Some(order) => Some(Box::new(order)),
            None => return,
        },
        false => None,
    };
    let Some(desk) = app.desks.get_mut(&study.uid) else { return };
    let mut agreed = wish.verdicts;
    // Where the search has found nothing, the copying need not search again
    if let WritingState::Found(search) = &desk.copies.writing {
        agreed.extend(search.clean.iter().map(|sop| (sop.clone(), WritingVerdict::Harmless)));
    }
    desk.copies.running = Some(Progress::default());
    desk.copies.end = None;
    let CopyWish { folder, options, .. } = wish;
    let secret = SECRET.clone();
    app.runner.make_copies(CopyOrder { study: Arc::clone(study), folder, options, agreed, secret, results });
}

pub fn on_event(app: &mut App, study: &StudyUid, event: CopyEvent) {
    let Some(desk) = app.desks.get_mut(study) else { return };
    let copies = &mut desk.copies;
    match event {
        CopyEvent::Preview(preview) => copies.preview = Some(Arc::new(preview)),
        CopyEvent::LookingForWriting(progress) => copies.writing = WritingState::Looking(progress),
        CopyEvent::Writing(search) => copies.writing = WritingState::Found(Arc::new(search)),
        CopyEvent::Progress(progress) => copies.running = Some(progress),
        CopyEvent::Failed(text) => {
            copies.running = None;
            copies.end = Some(Err(text.clone()));
            app.voice.error(format!("Copies: {text}"));
        }
        CopyEvent::Done { folder, summary } => {
            copies.running = None;
            let n_files = summary.n_files;
            app.voice.info(format!("{} copied to {}", counted(n_files, "file"), folder.display()));
            copies.end = Some(Ok((folder, Arc::new(summary))));
            let exported = StudyExported { formats: vec![FORMAT.to_owned()], n_files, objects: Vec::new() };
            review::apply(app, study, Command::RecordExport(exported));
        }
    }
}

/// A dialog that was closed meanwhile wants no folder any more.
pub fn chosen(app: &mut App, folder: &Path) {
    for dialog in &mut app.view.dialogs {
        if let Dialog::Copies(draft) = dialog {
            draft.folder = folder.display().to_string();
        }
    }
}
