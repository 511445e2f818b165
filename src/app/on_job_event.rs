//! What becomes of a job's report. Stale answers are dropped; a result for one study never lands on another.

use crate::app::dispatch::{access, analysis, copies, export, mask, open, prefetch, review, worklist};
use crate::app::hall::App;
use crate::app::memory_budget;
use crate::app::on_intake::{on_intake, on_partial};
use crate::app::on_store_event::on_store;
use crate::app::places;
use crate::app::state::library::{Partial, RunningScan};
use crate::domain::uid::{ModelId, StudyUid};
use crate::jobs::event::{AnalysisEvent, Chosen, ExportEvent, Generation, JobEvent, JobKind, ModelEnd, ScanEvent};
use crate::review::command::Command;
use crate::ui::context::AnalysisState;
use crate::ui::dialogs::Dialog;

pub fn on_job_event(app: &mut App, event: JobEvent) {
    match event {
        JobEvent::Scan { generation, event } if generation == app.library.generation => on_scan(app, event),
        JobEvent::Scan { .. } => {}
        JobEvent::Frame { generation, key, result } if generation == app.frames.generation => {
            app.frames.insert(key, result);
        }
        JobEvent::Preview { generation, key, frame } if generation == app.frames.generation => {
            app.frames.insert_preview(key, frame);
        }
        JobEvent::Volume { generation, series, event } if generation == app.frames.generation => {
            app.frames.volumes.on_event(&series, event, memory_budget::volume_bytes());
        }
        JobEvent::Frame { .. } | JobEvent::Preview { .. } | JobEvent::Volume { .. } => {}
        JobEvent::Plane { slot, picture } => app.frames.volumes.take_in_plane(slot, picture),
        JobEvent::Header { path, lines } => {
            // A dialog that was closed meanwhile wants nothing any more
            for dialog in &mut app.view.dialogs {
                if let Dialog::Header(draft) = dialog {
                    draft.take(&path, &lines);
                }
            }
        }
        JobEvent::Analysis { generation, study, event } => on_analysis(app, generation, &study, event),
        JobEvent::Asked { study, finding, event } => analysis::on_asked(app, &study, finding, event),
        JobEvent::Store(event) => on_store(app, event),
        JobEvent::Mask(answer) => mask::on_answer(app, answer),
        JobEvent::Export { study, event } => on_export(app, &study, event),
        JobEvent::Copies { study, event } => copies::on_event(app, &study, event),
        JobEvent::Chosen(chosen) => on_chosen(app, chosen),
        JobEvent::Watched(intake) => worklist::on_watched(app, intake),
        JobEvent::Panicked(kind) => on_panic(app, kind),
    }
}

fn on_scan(app: &mut App, event: ScanEvent) {
    match event {
        ScanEvent::Progress { step, progress } => app.library.running = Some(RunningScan { step, progress }),
        ScanEvent::DemoFailed(text) => {
            app.library.running = None;
            app.voice.error(text);
        }
        ScanEvent::Partial(studies) => on_partial(app, studies),
        ScanEvent::Done(intake) => on_intake(app, intake),
    }
}

fn on_analysis(app: &mut App, generation: Generation, study: &StudyUid, event: AnalysisEvent) {
    let Some(desk) = app.desks.get_mut(study).filter(|desk| desk.analysis_generation == generation) else { return };
    match event {
        AnalysisEvent::Progress { model, progress } => {
            desk.analysis.insert(model, AnalysisState::Running(progress));
        }
        AnalysisEvent::Finished => {
            desk.end_running(&AnalysisState::NotRun);
            prefetch::go_on(app);
        }
        AnalysisEvent::ModelEnded { model, end } => on_model_ended(app, study, model, end),
    }
}

fn on_model_ended(app: &mut App, study: &StudyUid, model: ModelId, end: ModelEnd) {
    let (state, findings) = match end {
        ModelEnd::Findings(findings) => (AnalysisState::Done, findings),
        ModelEnd::Partly { findings, missed } => {
            app.voice.error(format!("{model}: {missed}"));
            (AnalysisState::Done, findings)
        }
        ModelEnd::OutOfScope(text) => (AnalysisState::OutOfScope(text), Vec::new()),
        ModelEnd::Unfit(text) => (AnalysisState::Unfit(text), Vec::new()),
        ModelEnd::HeldBack(text) => (AnalysisState::HeldBack(text), Vec::new()),
        ModelEnd::Failed(text) => {
            app.voice.error(format!("{model}: {text}"));
            (AnalysisState::Failed(text), Vec::new())
        }
        ModelEnd::Cancelled => (AnalysisState::NotRun, Vec::new()),
    };
    if let Some(desk) = app.desks.get_mut(study) {
        desk.analysis.insert(model, state);
    }
    if !findings.is_empty() {
        review::apply(app, study, Command::AddSuggestions(findings));
    }
}

fn on_export(app: &mut App, study: &StudyUid, event: ExportEvent) {
    match event {
        ExportEvent::Progress(progress) => {
            app.voice.exports.insert(study.clone(), progress);
        }
        ExportEvent::Done { folder, formats, written } => {
            app.voice.exports.remove(study);
            export::done(app, study, &folder, formats, written);
        }
        ExportEvent::Cancelled => {
            app.voice.exports.remove(study);
            app.voice.info("The export was stopped; nothing was written.");
        }
        ExportEvent::Failed(text) => {
            app.voice.exports.remove(study);
            app.voice.error(format!("The report was not written: {text}"));
        }
    }
}

fn on_chosen(app: &mut App, chosen: Chosen) {
    match chosen {
        Chosen::ToOpen(paths) => open::paths(app, paths),
        Chosen::ExportFolder { study, folder, formats } => export::write(app, &study, folder, formats),
        Chosen::CopyFolder(folder) => copies::chosen(app, &folder),
        Chosen::PictureWritten(Ok((path, sha256))) => {
            access::picture_written(app, &path, sha256);
            app.voice.info(format!("The picture was written to {}", path.display()));
        }
        Chosen::PictureWritten(Err(text)) => app.voice.error(format!("The picture was not written: {text}")),
        Chosen::PictureWithoutPlace(picture) => {
            let path = places::picture_file().display().to_string();
            app.view.dialogs.push(Dialog::SavePicture { picture, path });
        }
        Chosen::Nothing { at_once: true } => {
            app.voice.info("No file dialog is available here: type the path, or drop files on the window.");
            app.view.dialogs.push(Dialog::OpenPath(String::new()));
        }
        Chosen::Nothing { at_once: false } => {}
    }
}

fn on_panic(app: &mut App, kind: JobKind) {
    let what = match kind {
        JobKind::Scan => {
            app.library.running = None;
            app.library.partial = Partial::default();
            "Reading files"
        }
        JobKind::Analysis => {
            let failed = AnalysisState::Failed("The model failed on this study".to_owned());
            app.desks.values_mut().for_each(|desk| desk.end_running(&failed));
            "The analysis"
        }
        JobKind::Store => "Keeping the record",
        JobKind::Export => {
            app.voice.exports.clear();
            app.desks.values_mut().for_each(|desk| desk.copies.running = None);
            "Writing the report"
        }
    };
    app.voice.error(format!("{what} failed by a fault of the program. The session goes on."));
}
