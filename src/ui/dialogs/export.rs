//! What leaves, as what, and where to.

use std::path::PathBuf;

use egui::{RichText, ScrollArea, TextEdit, Ui};

use crate::domain::RESEARCH_USE_ONLY;
use crate::ui::action::{Action, ExportAction};
use crate::ui::context::{ExportChoice, UiContext};
use crate::ui::dialogs::{Stay, modal};
use crate::ui::theme::theme;
use crate::ui::widgets::button::main_button;

/// The dialog as far as it is filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportDraft {
    /// Ids of the chosen formats; `None` until the reader has chosen: then the usual ones.
    pub chosen: Option<Vec<String>>,
    /// A folder typed by hand.
    pub folder: String,
}

pub(in crate::ui::dialogs) fn export_ui(
    ui: &Ui,
    context: &UiContext<'_>,
    draft: &mut ExportDraft,
    actions: &mut Vec<Action>,
) -> Stay {
    modal(ui, "Export", 620.0, |ui| {
        let words = "What the record holds of this study. Files that are there already stay as they are.";
        ui.label(RichText::new(words).color(theme().text.weak));
        ui.add_space(6.0);
        let mut chosen = draft.chosen.clone().unwrap_or_else(|| usual(context.app.export_choices));
        ScrollArea::vertical().max_height((ui.ctx().content_rect().height() - 320.0).max(120.0)).show(ui, |ui| {
            for choice in context.app.export_choices {
                choice_ui(ui, choice, &mut chosen);
            }
        });
        draft.chosen = Some(chosen.clone());
        notes_ui(ui, context, &chosen);
        ui.add_space(6.0);
        let edit = TextEdit::singleline(&mut draft.folder).desired_width(f32::INFINITY);
        let edit = ui.add(edit.hint_text("Folder, or choose one below"));
        edit.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Folder"));
        ui.add_space(10.0);
        let folder = draft.folder.trim().to_owned();
        let mut stay = Stay::Open;
        ui.horizontal(|ui| {
            let can_choose = !chosen.is_empty();
            let is_entered = edit.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            let button = ui.add_enabled(can_choose && !folder.is_empty(), main_button("Export"));
            if can_choose && !folder.is_empty() && (button.clicked() || is_entered) {
                actions.push(ExportAction::ToFolder(PathBuf::from(&folder), chosen.clone()).into());
                stay = Stay::Closed;
            }
            let tip = "Choose a folder, then export into it";
            if ui.add_enabled(can_choose, egui::Button::new("Choose folder…")).on_hover_text(tip).clicked() {
                actions.push(ExportAction::ChooseFolder(chosen.clone()).into());
                stay = Stay::Closed;
            }
            if ui.button("Cancel").clicked() {
                stay = Stay::Closed;
            }
            if !can_choose {
                ui.label(RichText::new("Choose at least one format").small().color(theme().text.weak));
            }
        });
        ui.add_space(4.0);
        ui.label(RichText::new(RESEARCH_USE_ONLY).small().color(theme().text.weak));
        stay
    })
}

fn usual(choices: &[ExportChoice]) -> Vec<String> {
    choices.iter().filter(|choice| choice.is_default).map(|choice| choice.id.to_owned()).collect()
}

fn choice_ui(ui: &mut Ui, choice: &ExportChoice, chosen: &mut Vec<String>) {
    let mut is_chosen = chosen.iter().any(|id| id == choice.id);
    ui.horizontal(|ui| {
        let response = ui.checkbox(&mut is_chosen, choice.name).on_hover_text(choice.about);
        if response.changed() {
            chosen.retain(|id| id != choice.id);
            if is_chosen {
                chosen.push(choice.id.to_owned());
            }
        }
        ui.add(egui::Label::new(RichText::new(choice.about).small().color(theme().text.weak)).truncate());
    });
}

/// What the reader should know before it leaves.
fn notes_ui(ui: &mut Ui, context: &UiContext<'_>, chosen: &[String]) {
    let Some(session) = context.session else { return };
    let is_chosen = |id: &str| chosen.iter().any(|one| one == id);
    let n_open = session.counts().n_unreviewed;
    let mut notes = Vec::new();
    if n_open > 0 {
        notes.push(format!("{n_open} flagged findings are unreviewed; they leave as such."));
    }
    if context.app.reader.is_empty() && (is_chosen("sr") || is_chosen("aira")) {
        notes.push("No reader is named: the reader's report and the assessment will be missing.".to_owned());
    }
    for note in notes {
        ui.label(RichText::new(note).small().color(theme().state.warning));
    }
}
