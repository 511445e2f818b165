//! Running models on the open study, and ahead on those that come next.

use std::sync::Arc;

use crate::app::hall::App;
use crate::app::state::desk::Desk;
use crate::domain::intake::Progress;
use crate::domain::study::Study;
use crate::domain::uid::{ModelId, StudyUid};
use crate::jobs::event::Generation;
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
    let models = not_run(app, desk);
    if !models.is_empty() {
        run(app, study, models);
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
    run(app, study, models);
}

fn run(app: &mut App, study: &StudyUid, models: Vec<ModelId>) {
    // What runs for later would take the processor from what is on screen.
    app.runner.cancel_analysis_ahead();
    if let Some((generation, of_study)) = begin(app, study, &models) {
        app.runner.analyze(generation, of_study, models);
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
