//! Opening places: by path, by dialog, from the demo; and the frames the screen wants of them.

use std::path::PathBuf;

use crate::app::hall::App;
use crate::app::state::first_image::FirstImage;
use crate::app::state::library::{Partial, RunningScan};
use crate::domain::frame::FrameKey;
use crate::domain::intake::Progress;
use crate::jobs::event::Chosen;
use crate::jobs::wanted::WantedFrame;
use crate::ui::action::OpenAction;

pub fn dispatch(app: &mut App, action: OpenAction) {
    match action {
        OpenAction::ChooseFolder => {
            let dialog = rfd::AsyncFileDialog::new().set_title("Open a folder of DICOM files").pick_folder();
            let choice = Box::pin(async { dialog.await.map(|folder| vec![folder.path().to_owned()]) });
            app.runner.await_choice(choice, Chosen::ToOpen);
        }
        OpenAction::ChooseFiles => {
            let dialog = rfd::AsyncFileDialog::new().set_title("Open DICOM files or a DICOMDIR").pick_files();
            let choice =
                Box::pin(async { dialog.await.map(|files| files.iter().map(|file| file.path().to_owned()).collect()) });
            app.runner.await_choice(choice, Chosen::ToOpen);
        }
        OpenAction::Paths(places) => paths(app, places),
        OpenAction::Demo => demo(app),
        OpenAction::Continue => {
            if let Some(last) = app.view.arrangement.last.clone() {
                paths(app, last.places);
                app.library.wanted = Some(last.study);
            }
        }
        OpenAction::ForgetRecentPlaces => app.runner.store(|store| store.forget_places()),
    }
}

/// Scans places; a scan that is running is cancelled.
pub fn paths(app: &mut App, places: Vec<PathBuf>) {
    let places: Vec<PathBuf> = places.into_iter().map(|place| std::path::absolute(&place).unwrap_or(place)).collect();
    begin(app, "Reading files");
    app.library.asked.clone_from(&places);
    app.runner.scan(app.library.generation, places);
}

/// Writes the phantom study, then opens it.
pub fn demo(app: &mut App) {
    begin(app, "Generating the phantom study");
    app.library.asked = vec![app.preferences.demo_dir.clone()];
    app.runner.demo(app.library.generation, app.preferences.demo_dir.clone());
}

fn begin(app: &mut App, step: &'static str) {
    app.library.generation = app.library.generation.next();
    app.library.partial = Partial::default();
    app.library.first_image = FirstImage::asked();
    app.library.wanted = None;
    app.library.running = Some(RunningScan { step, progress: Progress::default() });
}

/// Asks for frames that are not here, and keeps those that are.
pub fn want_frames(app: &mut App, keys: Vec<FrameKey>) {
    let mut wanted = Vec::new();
    for key in keys {
        if app.frames.contains(&key) {
            app.frames.touch(&key);
        } else if let Some(instance) = app.library.instance(&key.sop) {
            let (instance, generation, is_awaited) = (instance.clone(), app.frames.generation, wanted.is_empty());
            wanted.push(WantedFrame { instance, frame: key.index, generation, is_awaited });
        }
    }
    app.runner.want_frames(wanted);
}
