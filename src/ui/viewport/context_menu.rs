//! The menu under the right button: everything the keys do to the picture, by name.

use egui::{Button, Ui};

use crate::imaging::presets::{presets, presets_apply};
use crate::ui::context::UiContext;
use crate::ui::keys::view_key;
use crate::ui::shortcuts::{KeyCommand, ReviewKey, ViewKey, chord_text};
use crate::ui::view_state::{ViewState, WindowChoice};
use crate::ui::viewport::shown::Shown;

pub fn context_menu_ui(ui: &mut Ui, context: &UiContext<'_>, shown: &Shown<'_>, view: &mut ViewState) {
    ui.set_min_width(210.0);
    ui.menu_button("Window", |ui| window_menu_ui(ui, shown, view));
    ui.separator();
    let items = [
        ("Fit", ViewKey::Fit),
        ("Zoom in", ViewKey::ZoomIn),
        ("Zoom out", ViewKey::ZoomOut),
        ("Rotate right", ViewKey::RotateRight),
        ("Rotate left", ViewKey::RotateLeft),
        ("Flip left to right", ViewKey::FlipHorizontal),
        ("Flip top to bottom", ViewKey::FlipVertical),
        ("Invert", ViewKey::Invert),
        ("Reset view", ViewKey::Reset),
    ];
    for (label, key) in items {
        if item(ui, label, KeyCommand::View(key)) {
            view_key(ui.ctx(), context, view, key);
        }
    }
    ui.separator();
    if item(ui, "Add finding", KeyCommand::Review(ReviewKey::New)) {
        view.transient.pointer.is_drawing_finding = true;
    }
    let words = if view.is_identity_hidden { "Show identity" } else { "Hide identity" };
    if ui.button(words).clicked() {
        view.is_identity_hidden = !view.is_identity_hidden;
    }
}

/// The windows of the file, the automatic ones, and the presets where they mean something.
pub fn window_menu_ui(ui: &mut Ui, shown: &Shown<'_>, view: &mut ViewState) {
    let mut chosen = None;
    if item(ui, "As the file says", KeyCommand::View(ViewKey::WindowFromFile)) {
        chosen = Some(WindowChoice::FromFile);
    }
    if item(ui, "Automatic", KeyCommand::View(ViewKey::WindowAuto)) {
        chosen = Some(WindowChoice::Auto);
    }
    if ui.button("Full range").clicked() {
        chosen = Some(WindowChoice::FullRange);
    }
    ui.separator();
    ui.add_enabled_ui(presets_apply(&shown.series.modality, shown.instance), |ui| {
        for preset in presets() {
            let label = format!("{}  {:.0} / {:.0}", preset.name, preset.window.width, preset.window.center);
            let key = preset.key.map_or_else(String::new, |key| key.to_string());
            if ui.add(Button::new(label).shortcut_text(key)).clicked() {
                chosen = Some(WindowChoice::Preset(preset.id.clone()));
            }
        }
    })
    .response
    .on_disabled_hover_text("Presets are for CT in Hounsfield units");
    if let Some(window) = chosen {
        view.look_mut(&shown.study.uid).series.entry(shown.part.clone()).or_default().window = window;
        ui.close();
    }
}

fn item(ui: &mut Ui, label: &str, command: KeyCommand) -> bool {
    let key = chord_text(ui.ctx(), command);
    ui.add(Button::new(label).shortcut_text(key)).clicked()
}
