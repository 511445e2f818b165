//! Gives a study of the worklist to a reader.

use egui::{Key, Modifiers, Role, TextEdit, Ui, WidgetInfo};

use crate::domain::uid::{ReaderName, StudyUid};
use crate::ui::action::{Action, WorklistAction};
use crate::ui::dialogs::{Stay, focus_at_first, modal};
use crate::ui::widgets::button::main_button;

pub(in crate::ui::dialogs) fn assign_ui(ui: &Ui, actions: &mut Vec<Action>, study: &StudyUid, to: &mut String) -> Stay {
    let is_entered = ui.ctx().input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
    modal(ui, "Assign the study", 340.0, |ui| {
        let edit = ui.add(TextEdit::singleline(to).hint_text("Name of the reader").desired_width(f32::INFINITY));
        edit.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Reader to assign to"));
        focus_at_first(ui, &edit);
        ui.add_space(10.0);
        let mut stay = Stay::Open;
        ui.horizontal(|ui| {
            let is_named = !to.trim().is_empty();
            let is_clicked = ui.add_enabled(is_named, main_button("Assign")).clicked();
            if is_named && (is_clicked || is_entered) {
                actions.push(WorklistAction::Assign(study.clone(), ReaderName::new(to.as_str())).into());
                stay = Stay::Closed;
            }
            if ui.button("Cancel").clicked() {
                stay = Stay::Closed;
            }
        });
        stay
    })
}
