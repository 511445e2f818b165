//! Running models on the open study, and ahead on those that come next.

use std::sync::Arc;

use crate::app::hall::App;
use crate::app::state::desk::Desk;
use crate::domain::intake::Progress;
use crate::domain::saliency::SaliencyMethod;
use crate::domain::study::Study;
use crate::domain::uid::{FindingId, ModelId, StudyUid};
use crate::inference::explain::NetworkInput;
use crate::jobs::event::{AskedEvent, Generation, InputShown};
use crate::jobs::work::analysis::Insistence;
use crate::ui::action::AnalysisAction;
use crate::ui::context::{AnalysisState, InputPicture, InputState, MapState, ModelStatus};

pub fn dispatch(app: &mut App, action: &AnalysisAction) {
    let Some(study) = app.library.open.clone() else { return };
    match action {
        AnalysisAction::RunAll => run_all(app, &study),
        AnalysisAction::Run(model) => run(app, &study, vec![model.clone()], Insistence::None),
        AnalysisAction::Explain(finding, method) => explain(app, &study, finding, *method),
        AnalysisAction::ShowInput(finding) => show_input(app, &study, finding),
        AnalysisAction::RunAnyway(model) => run(app, &study, vec![model.clone()], Insistence::Forced),
    }
}

/// Runs what has not been run on this study, when studies are analyzed on opening.
pub fn resume(app: &mut App, study: &StudyUid) {
    let Some(desk) = app.desks.get(study) else { return };
    if !app.preferences.settings.screen.analyzes_on_open || desk.is_analyzing() || app.library.is_partial(study) {
        return;
    }
    let models = not_run(app, desk);
    if !models.is_empty() {
        run(app, study, models, Insistence::None);
    }
}

/// The usable models that have not been run on a desk's study.
pub fn not_run(app: &App, desk: &Desk) -> Vec<ModelId> {
    let is_open = |model: &&ModelStatus| {
        let state = desk.analysis.get(&model.id).unwrap_or(&model.state);
        matches!(state, AnalysisState::NotRun)
    };
    app.models.iter().filter(is_open).map(|model| model.id.clone()).collect()
}

/// Every usable model; which of them the study is in scope for, each model's gate decides.
pub fn run_all(app: &mut App, study: &StudyUid) {
    let usable = app.models.iter().filter(|model| !matches!(model.state, AnalysisState::Unavailable(_)));
    let models = usable.map(|model| model.id.clone()).collect();
    run(app, study, models, Insistence::None);
}

fn run(app: &mut App, study: &StudyUid, models: Vec<ModelId>, insistence: Insistence) {
    // What runs for later would take the processor from what is on screen.
    app.runner.cancel_analysis_ahead();
    if let Some((generation, of_study)) = begin(app, study, &models) {
        app.runner.analyze(generation, of_study, models, insistence);
    }
}

/// On a study that comes next, beside whatever the open one needs.
pub fn run_ahead(app: &mut App, study: &StudyUid, models: Vec<ModelId>) {
    if let Some((generation, of_study)) = begin(app, study, &models) {
        app.runner.analyze_ahead(generation, of_study, models);
    }
}

fn begin(app: &mut App, study: &StudyUid, models: &[ModelId]) -> Option<(Generation, Arc<Study>)> {
    let of_study = app.library.study(study).cloned()?;
    let desk = app.desks.get_mut(study)?;
    desk.analysis_generation = desk.analysis_generation.next();
    for model in models {
        desk.analysis.insert(model.clone(), AnalysisState::Running(Progress::default()));
    }
    Some((desk.analysis_generation, of_study))
}

fn explain(app: &mut App, study: &StudyUid, finding: &FindingId, method: SaliencyMethod) {
    let Some(of_study) = app.library.study(study).cloned() else { return };
    let Some(desk) = app.desks.get_mut(study) else { return };
    let Some(found) = desk.session.finding(finding).map(|review| Arc::clone(&review.finding)) else { return };
    desk.asked.maps.insert((finding.clone(), method), MapState::Running(Progress::default()));
    app.runner.explain(of_study, found, method);
}

fn show_input(app: &mut App, study: &StudyUid, finding: &FindingId) {
    let Some(of_study) = app.library.study(study).cloned() else { return };
    let Some(desk) = app.desks.get_mut(study) else { return };
    let Some(found) = desk.session.finding(finding).map(|review| Arc::clone(&review.finding)) else { return };
    desk.asked.input = Some((finding.clone(), InputState::Loading));
    app.runner.show_input(of_study, found);
}

/// What came of it. A map that a newer wish cancelled may be asked for again.
pub fn on_asked(app: &mut App, study: &StudyUid, finding: FindingId, event: AskedEvent) {
    let Some(desk) = app.desks.get_mut(study) else { return };
    match event {
        AskedEvent::MapProgress(method, progress) => {
            desk.asked.maps.insert((finding, method), MapState::Running(progress));
        }
        AskedEvent::Map(method, Ok(map)) => {
            desk.asked.maps.insert((finding, method), MapState::Ready(map));
        }
        AskedEvent::Map(method, Err(why)) => {
            desk.asked.maps.insert((finding, method), MapState::Failed(why));
        }
        AskedEvent::MapCancelled(method) => {
            desk.asked.maps.remove(&(finding, method));
        }
        AskedEvent::Input(made) => {
            let state = match made {
                Ok(shown) => {
                    let InputShown { input: NetworkInput { values, channels, rows, cols, .. }, facts } = *shown;
                    InputState::Ready(Arc::new(InputPicture { channels, rows, cols, values, facts }))
                }
                Err(why) => InputState::Failed(why),
            };
            desk.asked.input = Some((finding, state));
        }
    }
}
