//! Handing the open study's report on.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::app::PROGRAM;
use crate::app::hall::App;
use crate::domain::finding::Subject;
use crate::domain::intake::Progress;
use crate::domain::picture::CapturedPicture;
use crate::domain::report::Report;
use crate::domain::study::Study;
use crate::domain::uid::StudyUid;
use crate::export::picture_file;
use crate::jobs::event::Chosen;
use crate::jobs::work::stamp;
use crate::review::session::Keeping;
use crate::ui::action::ExportAction;
use crate::ui::key_images::{self, KeyPlace};
use crate::ui::view_state::LookAt;

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
        ExportAction::SavePicture(picture) => choose_picture_file(app, picture),
        ExportAction::PictureToFile(picture, path) => {
            let choice = Box::pin(async { Some(vec![path]) });
            app.runner.await_choice(choice, move |paths| picture_written(&picture, &paths));
        }
        ExportAction::PictureCopied => app.voice.info("The picture is on the clipboard."),
    }
}

/// Nobody reads a dialog within this.
const NO_DIALOG: Duration = Duration::from_millis(200);

fn choose_picture_file(app: &mut App, picture: CapturedPicture) {
    let dialog = rfd::AsyncFileDialog::new().set_title("Save the picture").add_filter("PNG", &["png"]);
    let dialog = dialog.set_file_name("overread-picture.png").save_file();
    // No choice is a choice too: the picture must not be lost where no dialog can be shown.
    let choice = Box::pin(async { Some(vec![dialog.await.map_or_else(PathBuf::new, |file| file.path().to_owned())]) });
    let start = Instant::now();
    app.runner.await_choice(choice, move |paths| {
        let is_chosen = paths.first().is_some_and(|path| !path.as_os_str().is_empty());
        match is_chosen {
            true => picture_written(&picture, &paths),
            false if start.elapsed() < NO_DIALOG => Chosen::PictureWithoutPlace(picture),
            false => Chosen::Nothing { at_once: false },
        }
    });
}

/// Runs beside the screen. A file that is there already is left alone: the picture gets a name of its own.
fn picture_written(picture: &CapturedPicture, paths: &[PathBuf]) -> Chosen {
    let Some(path) = paths.first() else { return Chosen::Nothing { at_once: false } };
    let written = picture_file::write_new(path, picture);
    Chosen::PictureWritten(written.map_err(|error| error.to_string()))
}

/// The marked images, in the study's order.
fn key_images(study: &Study, look: &LookAt) -> Vec<Subject> {
    let subject = |place: KeyPlace| {
        let series = study.series.get(place.series_idx)?;
        let (instance, frame) = series.image(place.stack_idx)?;
        let (series, sop) = (series.uid.clone(), instance.sop.clone());
        Some(Subject { study: study.uid.clone(), series, sop, frame })
    };
    key_images::places(study, look).into_iter().filter_map(subject).collect()
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
    let key_images = of_study.as_ref().zip(app.view.look(study)).map(|(study, look)| key_images(study, look));
    let report = desk.session.report(of_study, &stamp::now(), PROGRAM);
    let report = Report { key_images: key_images.unwrap_or_default(), ..report };
    app.voice.exports.insert(study.clone(), Progress::default());
    app.runner.export(study.clone(), report, folder);
}
