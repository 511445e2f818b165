//! Words on a drawing: what a text says, or what a measurement is of.

use std::sync::Arc;

use egui::{Key, Modifiers, RichText, TextEdit, Ui};

use crate::domain::annotation::Annotation;
use crate::domain::shape::Shape;
use crate::ui::action::ReviewAction;
use crate::ui::context::UiContext;
use crate::ui::dialogs::{Stay, modal_beside};
use crate::ui::theme::theme;
use crate::ui::tools::pointer::place;
use crate::ui::view_state::ViewState;
use crate::ui::widgets::button::main_button;

pub fn annotation_text_ui(
    ui: &Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    annotation: &Arc<Annotation>,
    text: &mut String,
) -> Stay {
    let title = if matches!(annotation.shape, Shape::Text { .. }) { "Text" } else { "Write on the measurement" };
    modal_beside(ui, title, 316.0, |ui| {
        // Enter is done, Shift and Enter a new line
        let is_entered = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
        let edit = ui.add(TextEdit::multiline(text).desired_rows(2).desired_width(f32::INFINITY));
        edit.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Words"));
        if !edit.has_focus() && !edit.lost_focus() {
            edit.request_focus();
        }
        ui.label(RichText::new("Shift and Enter: a new line").small().color(theme().text.weak));
        ui.add_space(10.0);
        let mut stay = Stay::Open;
        ui.horizontal(|ui| {
            let is_done = !matches!(annotation.shape, Shape::Text { .. }) || !text.trim().is_empty();
            if (ui.add_enabled(is_done, main_button("OK")).clicked() || is_entered) && is_done {
                let written = Annotation { text: text.trim().to_owned(), ..Annotation::clone(annotation) };
                if annotation.id.is_empty() {
                    place(context, &mut view.transient.tools, written);
                } else if written != **annotation {
                    view.transient.tools.asked.push(ReviewAction::ChangeAnnotation(Arc::new(written)));
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
