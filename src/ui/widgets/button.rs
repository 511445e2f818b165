//! Buttons that tell their key.

use egui::{Button, Response, RichText, Stroke, Ui, vec2};

use crate::ui::shortcuts::{KeyCommand, hint};
use crate::ui::theme::theme;

/// A button whose tooltip says what it does and which key does it too.
pub fn keyed_button(ui: &mut Ui, is_enabled: bool, label: &str, tip: &str, command: KeyCommand) -> Response {
    let tip = hint(ui.ctx(), tip, command);
    ui.add_enabled(is_enabled, Button::new(label)).on_hover_text(tip.clone()).on_disabled_hover_text(tip)
}

/// The one that stands out among its neighbors.
pub fn main_button<'a>(label: &str) -> Button<'a> {
    let Stroke { width, .. } = Stroke::new(1.0, theme().accent.main);
    Button::new(RichText::new(label).color(theme().text.strong))
        .fill(theme().accent.fill)
        .stroke(Stroke::new(width, theme().accent.fill_hovered))
}

/// As wide as its place.
pub fn wide_button(ui: &mut Ui, is_enabled: bool, width: f32, button: Button<'_>) -> Response {
    ui.add_enabled(is_enabled, button.min_size(vec2(width, 28.0)))
}
