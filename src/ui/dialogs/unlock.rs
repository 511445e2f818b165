//! Asks for the passphrase or recovery key of an encrypted record whose key is not in the keyring.

use egui::{Key, RichText, TextEdit, Ui};

use crate::ui::action::Action;
use crate::ui::dialogs::{Stay, modal};
use crate::ui::record_action::{RecordAction, TypedSecret};
use crate::ui::theme::theme;
use crate::ui::widgets::button::main_button;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnlockDraft {
    words: TypedSecret,
    was_wrong: bool,
    is_waiting: bool,
}

impl UnlockDraft {
    /// `was_wrong`: the words given before did not fit.
    pub fn new(was_wrong: bool) -> Self {
        Self { was_wrong, ..Self::default() }
    }
}

pub(in crate::ui::dialogs) fn unlock_ui(ui: &Ui, actions: &mut Vec<Action>, draft: &mut UnlockDraft) -> Stay {
    modal(ui, "Unlock the review record", 460.0, |ui| {
        let words = "The record is encrypted, and this computer's keyring does not hold its key. Type its passphrase \
                     or its recovery key. Without it studies can be looked at, and nothing can be decided.";
        ui.label(RichText::new(words).color(theme().text.normal));
        ui.add_space(8.0);
        let edit = TextEdit::singleline(&mut *draft.words.0).password(true).desired_width(f32::INFINITY);
        let edit = ui.add_enabled(!draft.is_waiting, edit.hint_text("Passphrase or recovery key"));
        edit.widget_info(|| egui::WidgetInfo::labeled(egui::Role::PasswordInput, true, "Passphrase or recovery key"));
        if !draft.is_waiting && !edit.has_focus() && !edit.lost_focus() {
            edit.request_focus();
        }
        let (text, color) = match (draft.is_waiting, draft.was_wrong) {
            (true, _) => ("Unlocking…", theme().text.weak),
            (false, true) => ("That did not fit this record. Try again.", theme().state.warning),
            (false, false) => ("", theme().text.weak),
        };
        ui.label(RichText::new(text).color(color));
        ui.add_space(8.0);
        let is_entered = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let can_try = !draft.is_waiting && !draft.words.0.is_empty();
        let mut stay = Stay::Open;
        ui.horizontal(|ui| {
            let unlock = ui.add_enabled(can_try, main_button("Unlock"));
            if can_try && (unlock.on_hover_text("Open the record with these words").clicked() || is_entered) {
                actions.push(RecordAction::Unlock(std::mem::take(&mut draft.words)).into());
                draft.is_waiting = true;
            }
            let later = ui.button("Not now").on_hover_text("Look only; unlock later from the bar at the bottom");
            if later.clicked() {
                stay = Stay::Closed;
            }
        });
        stay
    })
}
