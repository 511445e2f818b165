//! How studies are read: your role, when the AI is shown, and which parts of it.

use egui::{DragValue, Role as AccessRole, Ui, WidgetInfo};

use crate::domain::reading::{ReadingMode, Role};
use crate::ui::action::{Action, CourseAction, ReviewAction};
use crate::ui::context::UiContext;
use crate::ui::dialogs::settings::{choice, heading, remark};
use crate::ui::preferences::Preferences;
use crate::ui::reading;

pub fn reading_ui(ui: &mut Ui, context: &UiContext<'_>, wanted: &mut Preferences, actions: &mut Vec<Action>) {
    let plan = &mut wanted.reading;
    heading(ui, "Your role");
    choice(ui, "Role", &mut plan.role, &Role::ALL.map(|role| (role, role.word())));
    remark(ui, "Adjudicators decide where readers differ; leads also hand out studies; annotators sign as authors.");
    heading(ui, "When the AI is shown");
    choice(ui, "Reading mode", &mut plan.mode, &ReadingMode::ALL.map(|mode| (mode, mode.word())));
    remark(ui, &format!("{}.", plan.mode.sentence()));
    if plan.mode == ReadingMode::Audit {
        audit_ui(ui, wanted);
    }
    let plan = &mut wanted.reading;
    ui.checkbox(&mut plan.is_independent, "Read independently: hide what other readers decided until I sign");
    heading(ui, "What is shown of the AI");
    ui.horizontal(|ui| {
        ui.checkbox(&mut plan.presentation.score, "Scores");
        ui.checkbox(&mut plan.presentation.contour, "Outlines and boxes");
        ui.checkbox(&mut plan.presentation.map, "Maps");
    });
    remark(ui, "A condition of the reading: it is recorded with every decision.");
    ui.checkbox(&mut plan.goes_on_after_signing, "Go to the next study after signing");
    let wanted = wanted.reading.plan();
    open_study_ui(ui, context, wanted.presentation, actions, wanted.mode);
}

fn audit_ui(ui: &mut Ui, wanted: &mut Preferences) {
    let audit = &mut wanted.reading.audit;
    ui.horizontal(|ui| {
        let mut percent = audit.rate * 100.0;
        let drag = ui.add(DragValue::new(&mut percent).range(0.0..=100.0).speed(0.5).suffix(" %"));
        drag.widget_info(|| WidgetInfo::labeled(AccessRole::SpinButton, true, "Part of the negative studies"));
        audit.rate = percent / 100.0;
        ui.label("of the studies on which nothing was flagged, drawn with seed");
        let drag = ui.add(DragValue::new(&mut audit.seed));
        drag.widget_info(|| WidgetInfo::labeled(AccessRole::SpinButton, true, "Seed of the sample"));
    });
}

/// The study on screen goes on as it was begun, unless it is asked to change.
fn open_study_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    wanted: crate::domain::reading::AiPresentation,
    actions: &mut Vec<Action>,
    mode: ReadingMode,
) {
    if context.session.is_none() {
        return;
    }
    heading(ui, "The open study");
    remark(ui, &format!("Read as: {}.", reading::words(context)));
    ui.horizontal(|ui| {
        let plan = context.app.preferences.reading.plan();
        let is_other_mode = reading::mode(context) != mode;
        let button = egui::Button::new(format!("Read it as {} from now on", mode.word()));
        if ui.add_enabled(is_other_mode, button).clicked() {
            actions.push(ReviewAction::Course(CourseAction::Start(plan)).into());
        }
        let is_other_part = reading::presentation(context) != wanted;
        let button = egui::Button::new("Show these parts of the AI on it");
        if ui.add_enabled(is_other_part, button).clicked() {
            actions.push(ReviewAction::Course(CourseAction::Present(wanted)).into());
        }
    });
}
