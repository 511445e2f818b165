//! How long a line is in truth: from it follows the scale of its image.

use std::sync::Arc;

use egui::{Key, Modifiers, RichText, Role, TextEdit, Ui, WidgetInfo};

use crate::domain::annotation::Annotation;
use crate::ui::context::UiContext;
use crate::ui::dialogs::{Stay, modal_beside};
use crate::ui::theme::theme;
use crate::ui::user_scale;
use crate::ui::view_state::ViewState;
use crate::ui::widgets::button::main_button;

pub fn known_length_ui(
    ui: &Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    line: &Arc<Annotation>,
    text: &mut String,
) -> Stay {
    modal_beside(ui, "Set the scale by this line", 316.0, |ui| {
        let is_entered = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
        ui.label("Its true length, mm");
        let edit = ui.add(TextEdit::singleline(text).desired_width(120.0));
        edit.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "True length in mm"));
        if !edit.has_focus() && !edit.lost_focus() {
            edit.request_focus();
        }
        let words = "All lengths on this image are then in mm (User), also those drawn before. Undo takes it back.";
        ui.label(RichText::new(words).small().color(theme().text.weak));
        ui.add_space(10.0);
        let mut stay = Stay::Open;
        ui.horizontal(|ui| {
            let length = user_scale::read_length(text);
            let is_chosen = ui.add_enabled(length.is_some(), main_button("Set scale")).clicked() || is_entered;
            if let Some(length_mm) = length.filter(|_| is_chosen) {
                if !user_scale::set(context, view, line, length_mm) {
                    view.transient.hint = Some("The line is too short, or its image is not shown any more.".to_owned());
                }
                stay = Stay::Closed;
            }
            if ui.button("Cancel").clicked() {
                stay = Stay::Closed;
            }
        });
        stay
    })
}
