//! Shown once on a machine: what this program is not.

use egui::{RichText, Ui};

use crate::domain::RESEARCH_USE_ONLY;
use crate::ui::action::{Action, AppAction};
use crate::ui::dialogs::sheet;
use crate::ui::theme::theme;
use crate::ui::widgets::button::main_button;

const STATEMENTS: [&str; 4] = [
    "Overread and its models are not a medical device and were not cleared or approved by any authority.",
    "What a model flags may be wrong, and what it does not flag may be there. Nothing shown excludes disease.",
    "The map of where a network looked does not show where disease is.",
    "Do not use it for diagnosis, treatment or any decision about a patient.",
];

pub fn terms_ui(ui: &mut Ui, actions: &mut Vec<Action>) {
    sheet("terms").show(ui.ctx(), |ui| {
        ui.set_width(520.0);
        ui.label(RichText::new(RESEARCH_USE_ONLY).heading().color(theme().state.warning));
        ui.add_space(10.0);
        for statement in STATEMENTS {
            ui.label(RichText::new(statement).color(theme().text.normal));
            ui.add_space(4.0);
        }
        ui.add_space(10.0);
        ui.horizontal(|ui| {
            if ui.add(main_button("I understand and accept")).clicked() {
                actions.push(AppAction::AcceptTerms.into());
            }
            if ui.button("Quit").clicked() {
                actions.push(AppAction::Quit.into());
            }
        });
    });
}
