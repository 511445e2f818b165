//! Gives a name to the panes as they stand, for studies like this one.

use egui::{Key, RichText, TextEdit, Ui};

use crate::ui::action::{Action, AppAction};
use crate::ui::context::UiContext;
use crate::ui::dialogs::{Stay, modal};
use crate::ui::hanging::Protocol;
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::widgets::button::main_button;

pub fn save_hanging_ui(
    ui: &Ui,
    context: &UiContext<'_>,
    view: &ViewState,
    actions: &mut Vec<Action>,
    name: &mut String,
) -> Stay {
    modal(ui, "Save the layout", 380.0, |ui| {
        let look = context.open_study_uid().and_then(|study| view.look(study));
        let protocol = look.and_then(|look| Protocol::of_stage(name.trim().to_owned(), context, look));
        let Some(protocol) = protocol else { return Stay::Closed };
        let kinds: Vec<&str> = protocol.modalities.iter().chain(&protocol.body_parts).map(String::as_str).collect();
        let text = format!("Studies of this kind will open like this: {}", kinds.join(", "));
        ui.label(RichText::new(text).color(theme().text.weak));
        ui.add_space(4.0);
        let edit = ui.add(TextEdit::singleline(name).hint_text("Name").desired_width(f32::INFINITY));
        edit.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Name of the layout"));
        let is_entered = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if !edit.has_focus() && !edit.lost_focus() {
            edit.request_focus();
        }
        let is_known = context.app.hangings.iter().any(|known| known.name == protocol.name);
        if is_known {
            ui.label(RichText::new("There is one of this name; it will be replaced").color(theme().state.warning));
        }
        ui.add_space(10.0);
        let mut stay = Stay::Open;
        ui.horizontal(|ui| {
            let is_named = !protocol.name.is_empty();
            let is_clicked = ui.add_enabled(is_named, main_button("Save")).clicked();
            if is_named && (is_clicked || is_entered) {
                actions.push(AppAction::SaveHanging(Box::new(protocol)).into());
                stay = Stay::Closed;
            }
            if ui.button("Cancel").clicked() {
                stay = Stay::Closed;
            }
        });
        stay
    })
}
