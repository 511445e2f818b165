//! Running models on the open study.

use crate::app::hall::App;
use crate::domain::intake::Progress;
use crate::domain::uid::{ModelId, StudyUid};
use crate::ui::action::AnalysisAction;
use crate::ui::context::{AnalysisState, ModelStatus};

pub fn dispatch(app: &mut App, action: &AnalysisAction) {
    let Some(study) = app.library.open.clone() else { return };
    match action {
        AnalysisAction::RunAll => run_all(app, &study),
        AnalysisAction::Run(model) => run(app, &study, vec![model.clone()]),
    }
}

/// Runs what has not been run on this study, when studies are analyzed on opening.
pub fn resume(app: &mut App, study: &StudyUid) {
    let Some(desk) = app.desks.get(study) else { return };
    if !app.preferences.settings.screen.analyzes_on_open || desk.is_analyzing() || app.library.is_partial(study) {
        return;
    }
    let is_open = |model: &&ModelStatus| {
        let state = desk.analysis.get(&model.id).unwrap_or(&model.state);
        matches!(state, AnalysisState::NotRun)
    };
    let models: Vec<ModelId> = app.models.iter().filter(is_open).map(|model| model.id.clone()).collect();
    if !models.is_empty() {
        run(app, study, models);
    }
}

/// Every usable model; which of them the study is in scope for, each model's gate decides.
pub fn run_all(app: &mut App, study: &StudyUid) {
    let usable = app.models.iter().filter(|model| !matches!(model.state, AnalysisState::Unavailable(_)));
    let models = usable.map(|model| model.id.clone()).collect();
    run(app, study, models);
}

fn run(app: &mut App, study: &StudyUid, models: Vec<ModelId>) {
    let Some(of_study) = app.library.study(study).cloned() else { return };
    let Some(desk) = app.desks.get_mut(study) else { return };
    desk.analysis_generation = desk.analysis_generation.next();
    for model in &models {
        desk.analysis.insert(model.clone(), AnalysisState::Running(Progress::default()));
    }
    app.runner.analyze(desk.analysis_generation, of_study, models);
}
