//! The first start where no keyring can hold the record's key: how the record is to be protected.

use egui::{RichText, TextEdit, Ui};

use crate::ui::action::Action;
use crate::ui::dialogs::{Stay, focus_at_first, modal};
use crate::ui::record_action::{RecordAction, TypedSecret};
use crate::ui::theme::theme;
use crate::ui::widgets::button::main_button;

/// NIST SP 800-63B 5.1.1.1.
const SHORTEST: usize = 8;

#[derive(Clone, Debug, PartialEq)]
pub struct NewRecordDraft {
    is_encrypted: bool,
    words: TypedSecret,
    again: TypedSecret,
    is_waiting: bool,
}

impl Default for NewRecordDraft {
    fn default() -> Self {
        let (words, again) = (TypedSecret::default(), TypedSecret::default());
        Self { is_encrypted: true, words, again, is_waiting: false }
    }
}

impl NewRecordDraft {
    /// What is still wrong with the passphrase; empty when nothing is or nothing was typed yet.
    fn complaint(&self) -> &'static str {
        let (words, again) = (&self.words.0, &self.again.0);
        match () {
            () if !self.is_encrypted || words.is_empty() => "",
            () if words.chars().count() < SHORTEST => "At least 8 characters.",
            () if !again.is_empty() && words != again => "The two are not the same.",
            () => "",
        }
    }

    fn is_complete(&self) -> bool {
        !self.is_encrypted
            || self.words.0.chars().count() >= SHORTEST && self.words == self.again && self.complaint().is_empty()
    }
}

pub(in crate::ui::dialogs) fn new_record_ui(ui: &Ui, actions: &mut Vec<Action>, draft: &mut NewRecordDraft) -> Stay {
    modal(ui, "Keep a review record", 500.0, |ui| {
        let words = "Decisions, drawings and signatures are kept in a record on this computer. It has no keyring that \
                     could hold the record's key, so say how the record is to be protected.";
        ui.label(RichText::new(words).color(theme().text.normal));
        ui.add_space(10.0);
        ui.add_enabled_ui(!draft.is_waiting, |ui| {
            ui.radio_value(&mut draft.is_encrypted, true, "Encrypted, opened with a passphrase");
            ui.indent("passphrase", |ui| passphrase_ui(ui, draft));
            ui.add_space(6.0);
            ui.radio_value(&mut draft.is_encrypted, false, "Not encrypted");
            ui.indent("plain", |ui| {
                let words = "Whoever can read this user's files can read names and findings.";
                ui.label(RichText::new(words).small().color(theme().text.weak));
            });
        });
        ui.add_space(10.0);
        let mut stay = Stay::Open;
        ui.horizontal(|ui| {
            let can_keep = !draft.is_waiting && draft.is_complete();
            let keep = ui.add_enabled(can_keep, main_button("Keep the record"));
            if keep.on_hover_text("Make the record, and keep decisions from now on").clicked() {
                draft.is_waiting = true;
                draft.again = TypedSecret::default();
                let words = std::mem::take(&mut draft.words);
                actions.push(RecordAction::Make(draft.is_encrypted.then_some(words)).into());
            }
            let later = ui.button("Not now").on_hover_text("Look only; choose later from the bar at the bottom");
            if later.clicked() {
                stay = Stay::Closed;
            }
            if draft.is_waiting {
                ui.label(RichText::new("Making it…").color(theme().text.weak));
            }
        });
        stay
    })
}

fn passphrase_ui(ui: &mut Ui, draft: &mut NewRecordDraft) {
    let is_encrypted = draft.is_encrypted;
    for (words, name) in [(&mut draft.words, "Passphrase"), (&mut draft.again, "The same again")] {
        let edit = TextEdit::singleline(&mut *words.0).password(true).desired_width(f32::INFINITY).hint_text(name);
        let edit = ui.add_enabled(is_encrypted, edit);
        edit.widget_info(|| egui::WidgetInfo::labeled(egui::Role::PasswordInput, is_encrypted, name));
        if name == "Passphrase" && is_encrypted {
            focus_at_first(ui, &edit);
        }
    }
    let complaint = draft.complaint();
    let (text, color) = match complaint {
        "" => ("Nobody can open the record without it, and nobody can bring it back.", theme().text.weak),
        complaint => (complaint, theme().state.warning),
    };
    ui.label(RichText::new(text).small().color(color));
}
