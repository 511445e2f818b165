//! Carries out what the screen asked for. This file only routes.

pub mod access;
pub mod ahead;
pub mod analysis;
pub mod copies;
pub mod export;
pub mod mask;
pub mod open;
pub mod prefetch;
pub mod results;
pub mod review;
pub mod study;
pub mod volume;
pub mod worklist;

use crate::app::hall::{App, job_id};
use crate::domain::uid::ReaderName;
use crate::ui::action::{Action, AppAction, ViewAction};
use crate::ui::dialogs::Dialog;
use crate::ui::dialogs::new_record::NewRecordDraft;
use crate::ui::dialogs::unlock::UnlockDraft;
use crate::ui::record_action::{RecordAction, TypedSecret};

pub fn dispatch(app: &mut App, action: Action) {
    match action {
        Action::Open(action) => open::dispatch(app, action),
        Action::Study(action) => study::dispatch(app, action),
        Action::View(action) => view(app, action),
        Action::Review(action) => review::dispatch(app, action),
        Action::Mask(action) => mask::dispatch(app, action),
        Action::Analysis(action) => analysis::dispatch(app, &action),
        Action::Export(action) => export::dispatch(app, action),
        Action::Copies(action) => copies::dispatch(app, action),
        Action::Worklist(action) => worklist::dispatch(app, action),
        Action::Record(action) => of_record(app, action),
        Action::App(action) => of_app(app, action),
    }
}

fn view(app: &mut App, action: ViewAction) {
    match action {
        ViewAction::WantFrames(keys) => open::want_frames(app, keys),
        ViewAction::WantVolume(series) => volume::want(app, &series),
        ViewAction::WantPlanes(planes) => {
            app.frames.volumes.anticipate(&planes);
            app.runner.want_planes(planes);
        }
        ViewAction::WantHeader(path) => app.runner.read_header(path),
        ViewAction::Changed(study) => {
            app.record.look_changed(study);
            ahead::follow(app);
        }
    }
}

fn of_record(app: &mut App, action: RecordAction) {
    match action {
        RecordAction::Unlock(TypedSecret(words)) => app.runner.store(move |store| store.unlock(&words)),
        RecordAction::Make(words) => {
            app.runner.store(move |store| store.make(words.as_ref().map(|TypedSecret(words)| words)));
        }
        RecordAction::AskForProtection => app.view.dialogs.push(Dialog::NewRecord(NewRecordDraft::default())),
        RecordAction::AskForKey => app.view.dialogs.push(Dialog::Unlock(UnlockDraft::new(false))),
        RecordAction::ConflictSeen => drop(app.record.conflicts.drain(..1.min(app.record.conflicts.len()))),
    }
}

fn of_app(app: &mut App, action: AppAction) {
    match action {
        AppAction::SetReader(reader) => {
            app.preferences.settings.reader = reader.as_str().to_owned();
            app.preferences.reader = ReaderName::new(reader.as_str());
            for desk in app.desks.values_mut() {
                desk.session.view_as(&app.preferences.reader);
            }
            if let Some(open) = app.library.open.clone() {
                review::begin_reading(app, &open);
            }
        }
        AppAction::Prefer(preferences) => {
            let (before, preferences) = (app.preferences.settings.screen.clone(), preferences.sane());
            let (is_moved, is_watched_anew) =
                (preferences.device != before.device, preferences.worklist.watched != before.worklist.watched);
            app.preferences.settings.screen = preferences;
            if is_moved {
                app.runner.use_device(app.preferences.settings.screen.device);
            }
            if is_watched_anew {
                worklist::watch(app);
            }
            app.keep_settings();
        }
        AppAction::AcceptTerms => {
            app.preferences.settings.has_accepted_research_use = true;
            app.keep_settings();
        }
        AppAction::SaveHanging(protocol) => {
            let hangings = &mut app.preferences.settings.hangings;
            hangings.retain(|known| known.name != protocol.name);
            hangings.insert(0, *protocol);
            app.keep_settings();
        }
        AppAction::ForgetHanging(name) => {
            app.preferences.settings.hangings.retain(|known| known.name != name);
            app.keep_settings();
        }
        AppAction::CancelJob(job_id::SCAN) => app.runner.cancel_scan(),
        AppAction::CancelJob(job_id::ANALYSIS) => app.runner.cancel_analysis(),
        AppAction::CancelJob(job_id::EXPORT) => app.runner.cancel_exports(),
        AppAction::CancelJob(_) => {}
        AppAction::DismissMessage(id) => app.voice.dismiss(id),
        // The window itself is closed by the screen; what must be kept is awaited when the store's queue closes.
        AppAction::Quit => log::info!("the reader quits"),
    }
}
