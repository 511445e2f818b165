//! The slim row above the picture: what the keys do to it, for the pointer.

use egui::{Button, Color32, Response, RichText, Ui, vec2};

use crate::ui::action::Action;
use crate::ui::context::UiContext;
use crate::ui::keys::view_key;
use crate::ui::panels::cine_tools::cine_tools_ui;
use crate::ui::panels::key_image_tools::key_image_tools_ui;
use crate::ui::panels::panes_menu::panes_menu_ui;
use crate::ui::panels::plane_tools::plane_tools_ui;
use crate::ui::shortcuts::{KeyCommand, ViewKey, hint};
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::viewport::context_menu::window_menu_ui;
use crate::ui::viewport::shown::Shown;

const TOOLS: [(&str, &str, ViewKey); 8] = [
    ("Fit", "The whole image", ViewKey::Fit),
    ("+", "Zoom in", ViewKey::ZoomIn),
    ("−", "Zoom out", ViewKey::ZoomOut),
    ("Rotate", "A quarter turn to the right", ViewKey::RotateRight),
    ("Flip H", "Flip left to right", ViewKey::FlipHorizontal),
    ("Flip V", "Flip top to bottom", ViewKey::FlipVertical),
    ("Invert", "Black and white change places", ViewKey::Invert),
    ("Reset", "Window, zoom and turns as at first", ViewKey::Reset),
];

pub fn view_tools_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    let Some(study) = context.open_study else { return };
    let shown = Shown::of(context, view.looks.get(&study.uid), &mut view.transient);
    // With a large text on a small screen the row becomes two
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(2.0, 2.0);
        ui.visuals_mut().widgets.inactive.weak_bg_fill = Color32::TRANSPARENT;
        ui.visuals_mut().widgets.inactive.bg_stroke.color = Color32::TRANSPARENT;
        panes_menu_ui(ui, context, view, actions);
        plane_tools_ui(ui, context, view);
        // An empty pane has nothing to turn or to window.
        let Some(shown) = shown else { return };
        let name = shown.tone.as_ref().filter(|tone| !tone.name.is_empty()).map_or("", |tone| tone.name.as_str());
        let window = if name.is_empty() { "Window".to_owned() } else { format!("Window: {name}") };
        ui.menu_button(RichText::new(window).small(), |ui| {
            ui.set_min_width(230.0);
            window_menu_ui(ui, context, &shown, &study.uid, view);
        });
        for (label, words, key) in TOOLS {
            if tool(ui, label, words, key).clicked() {
                view_key(ui.ctx(), context, view, key);
            }
        }
        cine_tools_ui(ui, context, view, &shown);
        key_image_tools_ui(ui, context, view, &shown);
        if !shown.instance.overlays.is_empty() {
            graphics_ui(ui, view);
        }
        let words = if view.transient.is_maximized { "Show panels" } else { "Maximize" };
        let response = ui.add(Button::new(RichText::new(words).small()));
        if response.on_hover_text("The picture alone (double click on it)").clicked() {
            view.transient.is_maximized = !view.transient.is_maximized;
        }
        if view.overlay.is_held_hidden {
            ui.label(RichText::new("AI hidden").small().color(theme().state.warning));
        }
    });
}

/// What the file lays over its picture: on or off.
fn graphics_ui(ui: &mut Ui, view: &mut ViewState) {
    let words = "Graphics of the file";
    let tip =
        hint(ui.ctx(), "Text and lines that the file lays over its picture", KeyCommand::View(ViewKey::ToggleGraphics));
    let is_shown = view.overlay.graphics_shown;
    let response = ui.add(Button::new(RichText::new("Graphics").small()).selected(is_shown)).on_hover_text(tip);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::CheckBox, true, is_shown, words));
    if response.clicked() {
        view.overlay.graphics_shown = !is_shown;
    }
}

fn tool(ui: &mut Ui, label: &str, words: &str, key: ViewKey) -> Response {
    let tip = hint(ui.ctx(), words, KeyCommand::View(key));
    let response = ui.add(Button::new(RichText::new(label).small())).on_hover_text(tip);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, words));
    response
}
