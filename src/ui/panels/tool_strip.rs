//! The slim column of tools beside the pictures. A column, for the row above has no room left on small screens.

use egui::{Response, Sense, Ui, WidgetInfo, vec2};

use crate::ui::action::{Action, AppAction};
use crate::ui::context::UiContext;
use crate::ui::shortcuts::{KeyCommand, ToolKey, hint};
use crate::ui::theme::theme;
use crate::ui::tools::Tool;
use crate::ui::view_state::ViewState;
use crate::ui::widgets::tool_icon::paint_tool;

/// Of the column, points.
pub const WIDTH: f32 = 34.0;
const BUTTON: f32 = 28.0;

pub fn tool_strip_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    if context.open_study.is_none() {
        return;
    }
    ui.spacing_mut().item_spacing.y = 2.0;
    ui.add_space(4.0);
    let tools = &mut view.transient.tools;
    for tool in Tool::ALL {
        // Lengths and angles, values and regions, marks
        if matches!(tool, Tool::Probe | Tool::Arrow) {
            separator_ui(ui);
        }
        let tip = hint(ui.ctx(), tool.word(), KeyCommand::Tool(ToolKey::Choose(tool)));
        let tip = format!("{tip}\n{}. Shift keeps the tool.", tool.instruction());
        let is_in_hand = tools.tool == Some(tool);
        let response = button_ui(ui, is_in_hand, tool.word()).on_hover_text(tip);
        let color = if is_in_hand { theme().marks.reader_selected } else { theme().text.normal };
        paint_tool(ui.painter(), response.rect.center(), 8.0, tool, color.into());
        if response.clicked() {
            tools.choose(tool);
        }
    }
    separator_ui(ui);
    kept_ui(ui, context, actions);
}

fn separator_ui(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(BUTTON, 5.0), Sense::hover());
    ui.painter().hline(rect.x_range().shrink(4.0), rect.center().y, (1.0, egui::Color32::from(theme().surface.line)));
}

/// A square that is pressed or not; what is on it the caller paints.
fn button_ui(ui: &mut Ui, is_on: bool, label: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(BUTTON, BUTTON), Sense::click());
    response.widget_info(|| WidgetInfo::selected(egui::Role::CheckBox, true, is_on, label));
    let ground = match (is_on, response.hovered() || response.has_focus()) {
        (true, _) => Some(theme().surface.selected),
        (false, true) => Some(theme().surface.hovered),
        (false, false) => None,
    };
    if let Some(ground) = ground {
        ui.painter().rect_filled(rect, 4.0, ground);
    }
    if response.has_focus() {
        let stroke = (1.0, egui::Color32::from(theme().accent.focus));
        ui.painter().rect_stroke(rect, 4.0, stroke, egui::StrokeKind::Inside);
    }
    response
}

/// A tool is laid down after it has drawn, unless it is kept.
fn kept_ui(ui: &mut Ui, context: &UiContext<'_>, actions: &mut Vec<Action>) {
    let is_kept = context.app.preferences.mouse.keeps_tool;
    let tip = "Keep the tool after it has drawn. Shift keeps it once";
    let response = button_ui(ui, is_kept, "Keep the tool").on_hover_text(tip);
    let color = if is_kept { theme().marks.reader_selected } else { theme().text.weak };
    let (center, stroke) = (response.rect.center(), egui::Stroke::new(1.4, color));
    let body = egui::Rect::from_center_size(center + vec2(0.0, 3.0), vec2(11.0, 8.0));
    ui.painter().rect_stroke(body, 1.5, stroke, egui::StrokeKind::Middle);
    let shackle = [(-3.5, -1.0), (-3.5, -5.0), (-1.5, -7.0), (1.5, -7.0), (3.5, -5.0)];
    let mut points: Vec<_> = shackle.iter().map(|(x, y)| center + vec2(*x, *y)).collect();
    if is_kept {
        points.push(center + vec2(3.5, -1.0));
    }
    ui.painter().line(points, stroke);
    if response.clicked() {
        let mut wanted = context.app.preferences.clone();
        wanted.mouse.keeps_tool = !is_kept;
        actions.push(AppAction::Prefer(Box::new(wanted)).into());
    }
}
