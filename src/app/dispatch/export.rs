//! Handing the open study's report on.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::app::PROGRAM;
use crate::app::dispatch::{access, review};
use crate::app::hall::App;
use crate::domain::display_state::DisplayState;
use crate::domain::intake::Progress;
use crate::domain::picture::CapturedPicture;
use crate::domain::report::Report;
use crate::domain::study::Study;
use crate::domain::uid::StudyUid;
use crate::export::formats::Written;
use crate::export::picture_file;
use crate::imaging::presets::presets;
use crate::imaging::view::View;
use crate::jobs::event::Chosen;
use crate::jobs::work::handing_on::ExportOrder;
use crate::jobs::work::reported_masks::with_masks;
use crate::jobs::work::stamp;
use crate::review::command::Command;
use crate::review::event::StudyExported;
use crate::review::session::Keeping;
use crate::ui::action::ExportAction;
use crate::ui::view_state::{LookAt, WindowChoice};
use crate::ui::words::counted;

pub fn dispatch(app: &mut App, action: ExportAction) {
    let Some(study) = app.library.open.clone() else { return };
    match action {
        ExportAction::ChooseFolder(formats) => {
            let dialog = rfd::AsyncFileDialog::new().set_title("Folder for the report").pick_folder();
            let choice = Box::pin(async { dialog.await.map(|folder| vec![folder.path().to_owned()]) });
            app.runner.await_choice(choice, move |folders| match folders.into_iter().next() {
                Some(folder) => Chosen::ExportFolder { study, folder, formats },
                None => Chosen::Nothing { at_once: false },
            });
        }
        ExportAction::ToFolder(folder, formats) => write(app, &study, folder, formats),
        ExportAction::SavePicture(picture) => choose_picture_file(app, picture),
        ExportAction::PictureToFile(picture, path) => {
            let choice = Box::pin(async { Some(vec![path]) });
            app.runner.await_choice(choice, move |paths| picture_written(&picture, &paths));
        }
        ExportAction::PictureCopied => {
            access::picture_copied(app);
            app.voice.info("The picture is on the clipboard.");
        }
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

/// Writes the report as it stands. What is not kept yet is said, and not part of a report.
pub fn write(app: &mut App, study: &StudyUid, folder: PathBuf, formats: Vec<String>) {
    let Some(order) = order(app, study, formats) else { return };
    app.voice.exports.insert(study.clone(), Progress::default());
    app.runner.export(study.clone(), order, folder);
}

/// The report as it stands, to be written in these formats; `None` where it cannot be, which is said.
pub fn order(app: &mut App, study: &StudyUid, formats: Vec<String>) -> Option<ExportOrder> {
    if app.library.is_partial(study) {
        app.voice.warn("The study is still being read; export when all of it is here.");
        return None;
    }
    let desk = app.desks.get(study).filter(|desk| desk.is_record_read)?;
    if desk.session.keeping() != Keeping::Kept {
        app.voice.warn("Some decisions are not saved yet; export again when they are.");
        return None;
    }
    let of_study = app.library.study(study).cloned();
    let report = with_masks(desk.session.report(of_study, &stamp::now(), PROGRAM), &desk.session);
    let report = app.view.look(study).map_or(report.clone(), |look| with_look(report, look));
    let (reader, exported) = (app.preferences.reader.to_string(), desk.session.exported());
    Some(ExportOrder { report, formats, reader, exported, codes: None })
}

/// Says what was written, and has the record keep it.
pub fn done(app: &mut App, study: &StudyUid, folder: &Path, formats: Vec<String>, written: Written) {
    access::exported(app, study, folder, &formats, &written);
    let Written { files, objects, skipped, .. } = written;
    let n_files = files.len();
    app.voice.info(format!("{} written to {}", counted(n_files, "file"), folder.display()));
    for (_, notice) in skipped.iter().take(3) {
        app.voice.warn(format!("Not exported: {}", notice.text));
    }
    let exported = StudyExported { formats, n_files, objects };
    review::apply(app, study, Command::RecordExport(exported));
}

/// The report with how series stand on the screen.
pub fn with_look(report: Report, look: &LookAt) -> Report {
    let Some(study) = report.study.clone() else { return report };
    Report { displays: displays(&study, look), ..report }
}

/// Only what the reader has set by hand or turned: what a file or a preset says needs no words of ours.
fn displays(study: &Study, look: &LookAt) -> Vec<DisplayState> {
    let in_panes = look
        .stage
        .panes
        .iter()
        .enumerate()
        .filter_map(|(place, pane)| Some((look.series_of_pane(study, place)?, &pane.view)));
    let mut displays: Vec<DisplayState> = Vec::new();
    for (index, view) in in_panes {
        let Some(series) = study.series.get(index) else { continue };
        let window = match &view.window {
            WindowChoice::Manual(window) => Some(*window),
            WindowChoice::Preset(id) => presets().iter().find(|preset| &preset.id == id).map(|preset| preset.window),
            _ => None,
        };
        let View { quarter_turns, flip_h, .. } = view.view;
        let is_changed = window.is_some() || quarter_turns % 4 != 0 || flip_h || view.is_inverted;
        if is_changed && !displays.iter().any(|display| display.series == series.uid) {
            let (series, is_inverted) = (series.uid.clone(), view.is_inverted);
            displays.push(DisplayState { series, window, quarter_turns, is_flipped: flip_h, is_inverted });
        }
    }
    displays
}
