//! The menu under the right button: everything the keys do to the picture, by name.

use egui::{Button, Ui};

use crate::domain::presentation::VoiTransform;
use crate::domain::uid::StudyUid;
use crate::imaging::presets::{presets, presets_apply};
use crate::ui::context::UiContext;
use crate::ui::dialogs::header;
use crate::ui::keys::view_key;
use crate::ui::shortcuts::{KeyCommand, ProgramKey, ReviewKey, ViewKey, chord_text};
use crate::ui::user_scale;
use crate::ui::view_state::{ViewState, WindowChoice};
use crate::ui::viewport::shown::{Shown, explanation};
use crate::ui::words::{clipped, number};

pub fn context_menu_ui(ui: &mut Ui, context: &UiContext<'_>, shown: &Shown<'_>, view: &mut ViewState) {
    let Some(open) = context.open_study_uid() else { return };
    ui.set_min_width(210.0);
    ui.menu_button("Window", |ui| window_menu_ui(ui, context, shown, open, view));
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
    let graphics = ("Graphics of the file", ViewKey::ToggleGraphics);
    let has_graphics = !shown.instance.overlays.is_empty();
    for (label, key) in items.into_iter().chain(has_graphics.then_some(graphics)) {
        if item(ui, label, KeyCommand::View(key)) {
            view_key(ui.ctx(), context, view, key);
        }
    }
    ui.separator();
    if item(ui, "Add finding", KeyCommand::Review(ReviewKey::New)) {
        view.transient.pointer.is_drawing_finding = true;
    }
    if item(ui, "Attributes of the file…", KeyCommand::Program(ProgramKey::Header)) {
        header::open(context, view);
        ui.close();
    }
    if user_scale::is_set(shown) && ui.button("Scale as the file says").clicked() {
        user_scale::take_away(context, view, shown);
        ui.close();
    }
    let words = if view.is_identity_hidden { "Show identity" } else { "Hide identity" };
    if ui.button(words).clicked() {
        view.is_identity_hidden = !view.is_identity_hidden;
    }
}

/// The windows of the file, the automatic ones, and the presets where they mean something.
pub fn window_menu_ui(ui: &mut Ui, context: &UiContext<'_>, shown: &Shown<'_>, open: &StudyUid, view: &mut ViewState) {
    let mut chosen = None;
    if item(ui, "As the file says", KeyCommand::View(ViewKey::WindowFromFile)) {
        chosen = Some(WindowChoice::FromFile);
    }
    let offered = shown.instance.frame(shown.frame_idx).map_or(&[][..], |attrs| attrs.voi.as_slice());
    for (place, transform) in offered.iter().enumerate().filter(|_| offered.len() > 1) {
        if ui.button(offered_words(place, transform)).clicked() {
            chosen = Some(WindowChoice::FromFileAt(place));
        }
    }
    if item(ui, "Automatic", KeyCommand::View(ViewKey::WindowAuto)) {
        chosen = Some(WindowChoice::Auto);
    }
    if item(ui, "Sigmoid curve", KeyCommand::View(ViewKey::Sigmoid)) {
        view_key(ui.ctx(), context, view, ViewKey::Sigmoid);
        ui.close();
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
        if let Some(pane) = view.look_mut(open).stage.panes.get_mut(shown.pane) {
            pane.view.window = window;
        }
        ui.close();
    }
}

/// One of several windows and tables that the file offers.
fn offered_words(place: usize, transform: &VoiTransform) -> String {
    let name = format!("File {}: {}", place + 1, clipped(&explanation(transform), 30));
    match transform {
        VoiTransform::Window { window, .. } => format!("{name}  {} / {}", number(window.width), number(window.center)),
        VoiTransform::Table(_) => format!("{name}  (table)"),
    }
}

fn item(ui: &mut Ui, label: &str, command: KeyCommand) -> bool {
    let key = chord_text(ui.ctx(), command);
    ui.add(Button::new(label).shortcut_text(key)).clicked()
}
