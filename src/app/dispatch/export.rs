//! Handing the open study's report on.

use std::path::PathBuf;

use crate::app::PROGRAM;
use crate::app::hall::App;
use crate::domain::intake::Progress;
use crate::domain::uid::StudyUid;
use crate::jobs::event::Chosen;
use crate::jobs::work::stamp;
use crate::review::session::Keeping;
use crate::ui::action::ExportAction;

pub fn dispatch(app: &mut App, action: ExportAction) {
    let Some(study) = app.library.open.clone() else { return };
    match action {
        ExportAction::ChooseFolder => {
            let dialog = rfd::AsyncFileDialog::new().set_title("Folder for the report").pick_folder();
            let choice = Box::pin(async { dialog.await.map(|folder| vec![folder.path().to_owned()]) });
            app.runner.await_choice(choice, move |folders| match folders.into_iter().next() {
                Some(folder) => Chosen::ExportFolder { study, folder },
                None => Chosen::Nothing { at_once: false },
            });
        }
        ExportAction::ToFolder(folder) => write(app, &study, folder),
    }
}

/// Writes the report as it stands. What is not kept yet is said, and not part of a report.
pub fn write(app: &mut App, study: &StudyUid, folder: PathBuf) {
    if app.library.is_partial(study) {
        app.voice.warn("The study is still being read; export when all of it is here.");
        return;
    }
    let Some(desk) = app.desks.get(study).filter(|desk| desk.is_record_read) else { return };
    if desk.session.keeping() != Keeping::Kept {
        app.voice.warn("Some decisions are not saved yet; export again when they are.");
        return;
    }
    let of_study = app.library.study(study).cloned();
    let report = desk.session.report(of_study, &stamp::now(), PROGRAM);
    app.voice.exports.insert(study.clone(), Progress::default());
    app.runner.export(study.clone(), report, folder);
}
