//! The key images in the row above the picture: how many there are, the mark, and the way to each.

use egui::{Button, RichText, Role, Ui, WidgetInfo};

use crate::domain::study::Study;
use crate::ui::context::UiContext;
use crate::ui::key_images::{self, Direction, KeyPlace};
use crate::ui::shortcuts::{KeyCommand, KeyImageKey, chord_text, hint};
use crate::ui::view_state::ViewState;
use crate::ui::viewport::shown::Shown;
use crate::ui::words::clipped;

pub fn key_image_tools_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, shown: &Shown<'_>) {
    let Some(study) = context.open_study else { return };
    let is_key = key_images::marked(context).contains(&shown.subject());
    let tip = hint(ui.ctx(), "Key image: mark, or take the mark away", KeyCommand::KeyImage(KeyImageKey::Toggle));
    let sign = if is_key { "★" } else { "☆" };
    let response = ui.add(Button::new(RichText::new(sign).small()).selected(is_key)).on_hover_text(tip);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, is_key, "Key image"));
    if response.clicked() {
        key_images::toggle(context, view);
    }
    let places = key_images::places(study, key_images::marked(context));
    if places.is_empty() {
        return;
    }
    ui.menu_button(RichText::new(format!("Key images: {}", places.len())).small(), |ui| {
        ui.set_min_width(250.0);
        for (label, key, direction) in
            [("Next", KeyImageKey::Next, Direction::Forward), ("Previous", KeyImageKey::Previous, Direction::Back)]
        {
            let chord = chord_text(ui.ctx(), KeyCommand::KeyImage(key));
            let response = ui.add(Button::new(label).shortcut_text(chord));
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{label} key image")));
            if response.clicked() {
                key_images::step(context, view, direction);
            }
        }
        ui.separator();
        egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
            for place in places {
                if ui.button(words(study, place)).clicked() {
                    key_images::go_to(study, view, place);
                }
            }
        });
    });
}

/// `Series 2, image 10: Thorax axial`.
fn words(study: &Study, place: KeyPlace) -> String {
    let Some(series) = study.series.get(place.series_idx) else { return String::new() };
    let number = series.number.map_or_else(|| format!("#{}", place.series_idx + 1), |number| number.to_string());
    let description = clipped(&series.description, 28);
    let named = if description.is_empty() { String::new() } else { format!(": {description}") };
    format!("Series {number}, image {}{named}", place.stack_idx + 1)
}
