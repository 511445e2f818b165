//! What becomes of a job's report. Stale answers are dropped; a result for one study never lands on another.

use crate::app::dispatch::{ahead, analysis, export, mask, open, prefetch, results, review, worklist};
use crate::app::hall::App;
use crate::app::memory_budget;
use crate::app::on_intake::{on_intake, on_partial};
use crate::app::places;
use crate::app::state::desk::Desk;
use crate::app::state::library::{Partial, RunningScan};
use crate::domain::uid::{ModelId, StudyUid};
use crate::jobs::event::{
    AnalysisEvent, Chosen, ExportEvent, Generation, JobEvent, JobKind, LoadedRecord, ModelEnd, ScanEvent, StoreEvent,
};
use crate::review::command::Command;
use crate::review::session::{RecordAccess, ReviewSession};
use crate::ui::context::{AnalysisState, StoreState};
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
        JobEvent::Analysis { generation, study, event } => on_analysis(app, generation, &study, event),
        JobEvent::Asked { study, finding, event } => analysis::on_asked(app, &study, finding, event),
        JobEvent::Store(event) => on_store(app, event),
        JobEvent::Mask(answer) => mask::on_answer(app, answer),
        JobEvent::Export { study, event } => on_export(app, &study, event),
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

fn on_store(app: &mut App, event: StoreEvent) {
    match event {
        StoreEvent::Opened { read_only, recent_places } => {
            app.record.recent_places = recent_places;
            if let Some(text) = read_only {
                app.voice.warn(text.clone());
                app.record.store = StoreState::ReadOnly(text);
            }
        }
        StoreEvent::OpenFailed(text) => {
            app.voice.error(format!("Decisions cannot be kept: {text}"));
            app.record.store = StoreState::ReadOnly(text);
        }
        StoreEvent::Loaded { study, result } => on_loaded(app, &study, result),
        StoreEvent::Appended { study, events, result } => {
            let Some(desk) = app.desks.get_mut(&study) else { return };
            for event in &events {
                match &result {
                    Ok(()) => desk.session.mark_kept(event),
                    Err(text) => desk.session.mark_not_saved(event, text.clone()),
                }
            }
            match result {
                Ok(()) => worklist::note_review(app, &study),
                Err(text) => app.voice.error(format!("NOT SAVED: {text}")),
            }
        }
        StoreEvent::Worklist(Ok(listed)) => {
            app.library.worklist.take_in(listed);
            worklist::digest_more(app);
        }
        StoreEvent::Worklist(Err(text)) => app.voice.warn(format!("The worklist could not be read: {text}")),
        StoreEvent::Digested(digests) => {
            for (study, digest) in digests {
                app.library.worklist.note_digest(&study, digest);
            }
            worklist::digest_more(app);
        }
        StoreEvent::Worked { study, result: Ok(digest) } => app.library.worklist.note_digest(&study, digest),
        StoreEvent::Worked { result: Err(text), .. } => app.voice.warn(text),
        StoreEvent::RecentPlaces(places) => app.record.recent_places = places,
        StoreEvent::Degraded(text) => app.voice.warn(text),
    }
}

/// The record came: the review is what it says. Without one the study is shown, and nothing is decided.
fn on_loaded(app: &mut App, study: &StudyUid, result: Result<LoadedRecord, String>) {
    let Some(desk) = app.desks.get_mut(study) else { return };
    if desk.is_record_read {
        return on_read_again(app, study, result);
    }
    match result {
        Ok(LoadedRecord { record, view }) => {
            restore_analysis(desk, &app.models, &record.findings);
            desk.session = ReviewSession::replay(study.clone(), record.findings, record.events);
            match view {
                Some(json) if app.library.is_partial(study) => {
                    app.library.partial.kept_looks.insert(study.clone(), json);
                }
                Some(json) => app.view.restore(study, &json),
                None => {}
            }
        }
        Err(text) => {
            // An empty review would look as if nothing had been decided: nothing is added to what could not be read.
            desk.session.set_access(RecordAccess::ReadOnly);
            app.voice.error(format!("The study's record could not be read: {text}"));
        }
    }
    if app.record.store != StoreState::Ready {
        desk.session.set_access(RecordAccess::ReadOnly);
    }
    desk.is_record_read = true;
    desk.session.view_as(&app.preferences.reader);
    results::take_in(app, study);
    worklist::note_review(app, study);
    if app.library.open.as_ref() == Some(study) {
        review::begin_reading(app, study);
        analysis::resume(app, study);
        // The look that came with the record may be at another image
        ahead::follow(app);
    }
    prefetch::go_on(app);
}

/// The record was read once more: another program, or `overread decide`, may have written to it.
fn on_read_again(app: &mut App, study: &StudyUid, result: Result<LoadedRecord, String>) {
    match result {
        Ok(LoadedRecord { record, .. }) => {
            if let Some(desk) = app.desks.get_mut(study) {
                desk.session.refresh(record.findings, record.events);
            }
            worklist::note_review(app, study);
        }
        Err(text) => app.voice.warn(format!("The study's record could not be read again: {text}")),
    }
}

/// A model whose findings are in the record, of the same version, has been run.
fn restore_analysis(
    desk: &mut Desk,
    models: &[crate::ui::context::ModelStatus],
    findings: &[std::sync::Arc<crate::domain::finding::Finding>],
) {
    for model in models {
        let has_findings = findings
            .iter()
            .filter_map(|finding| finding.model_run())
            .any(|run| run.model.id == model.id && run.model.version == model.version);
        if has_findings {
            desk.analysis.insert(model.id.clone(), AnalysisState::Done);
        }
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
        Chosen::PictureWritten(Ok(path)) => app.voice.info(format!("The picture was written to {}", path.display())),
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
            "Writing the report"
        }
    };
    app.voice.error(format!("{what} failed by a fault of the program. The session goes on."));
}
