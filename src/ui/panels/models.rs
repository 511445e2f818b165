//! What each model did with the open study, and the button that runs it.

use egui::{Button, ProgressBar, RichText, Role, Ui, WidgetInfo};

use crate::ui::action::{Action, AnalysisAction};
use crate::ui::context::{AnalysisState, ModelStatus, UiContext};
use crate::ui::dialogs::Dialog;
use crate::ui::reading;
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::viewport::ai_strip::state_words;

pub fn models_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    ui.scope(|ui| models_rows_ui(ui, context, view, actions));
}

fn models_rows_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    if reading::is_ai_hidden(context) {
        let words = "AI results are hidden while you read without them.";
        ui.label(RichText::new(words).small().color(theme().text.weak));
        return;
    }
    if context.models.is_empty() {
        ui.label(RichText::new("No models are installed: review only.").small().color(theme().text.weak));
    }
    ui.spacing_mut().interact_size.y = 16.0;
    ui.spacing_mut().item_spacing.y = 3.0;
    for model in context.models {
        model_ui(ui, context, view, model, actions);
    }
}

fn model_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    model: &ModelStatus,
    actions: &mut Vec<Action>,
) {
    ui.horizontal(|ui| {
        let name = RichText::new(&model.name).small().color(theme().text.normal);
        let response =
            ui.add(Button::new(name).frame(false)).on_hover_text("What this model is for, and how good it is");
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{} model card", model.name)));
        if response.clicked() {
            view.dialogs.push(Dialog::Models(Some(model.id.clone())));
        }
        ui.label(RichText::new(&model.version).small().color(theme().text.weak));
        let is_runnable = matches!(model.state, AnalysisState::NotRun | AnalysisState::Failed(_));
        let words = state_words(model, context.session);
        let color = match &model.state {
            AnalysisState::Failed(_) => theme().state.error,
            AnalysisState::OutOfScope(_) | AnalysisState::Unfit(_) | AnalysisState::HeldBack(_) => {
                theme().state.warning
            }
            AnalysisState::Running(_) => theme().accent.main,
            _ => theme().text.weak,
        };
        let state = ui.label(RichText::new(words).small().color(color));
        if let AnalysisState::OutOfScope(reason)
        | AnalysisState::Unfit(reason)
        | AnalysisState::HeldBack(reason)
        | AnalysisState::Failed(reason)
        | AnalysisState::Unavailable(reason) = &model.state
        {
            state.on_hover_text(reason);
        }
        if is_runnable && context.open_study.is_some() && ui.small_button("Run").clicked() {
            actions.push(AnalysisAction::Run(model.id.clone()).into());
        }
        let is_refused = matches!(model.state, AnalysisState::OutOfScope(_) | AnalysisState::HeldBack(_));
        if is_refused && context.open_study.is_some() {
            let words = "Run nevertheless; every finding will say that it was forced, and why it should not have been";
            if ui.small_button("Run anyway").on_hover_text(words).clicked() {
                actions.push(AnalysisAction::RunAnyway(model.id.clone()).into());
            }
        }
    });
    match &model.state {
        AnalysisState::Running(progress) if progress.n_total > 0 => {
            let share = progress.n_done as f32 / progress.n_total as f32;
            ui.add(ProgressBar::new(share).desired_height(3.0));
        }
        AnalysisState::OutOfScope(reason)
        | AnalysisState::Unfit(reason)
        | AnalysisState::HeldBack(reason)
        | AnalysisState::Failed(reason) => {
            ui.label(RichText::new(reason).small().color(theme().text.weak));
        }
        _ => {}
    }
}
