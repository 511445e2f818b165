//! Words and choices that narrow the worklist. Nothing is narrowed unasked.

use egui::{Button, ComboBox, Key, Role, TextEdit, Ui, WidgetInfo};

use crate::domain::reading::ReadingMode;
use crate::review::digest::StudyStatus;
use crate::review::work_item::{AiStanding, WorkFilter};
use crate::ui::context::UiContext;
use crate::ui::view_state::ViewState;

pub fn filters_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    let worklist = &mut view.transient.worklist;
    let before = worklist.filter.clone();
    ui.horizontal(|ui| {
        let filter = &mut worklist.filter;
        let edit = TextEdit::singleline(&mut filter.text).hint_text("Search: name, ID, accession, study, flag  (/)");
        let response = ui.add(edit.desired_width(300.0));
        response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Search the worklist"));
        if std::mem::take(&mut worklist.wants_search) {
            response.request_focus();
        }
        if response.has_focus() && ui.input(|input| input.key_pressed(Key::Enter) || input.key_pressed(Key::Escape)) {
            response.surrender_focus();
        }
        let filter = &mut worklist.filter;
        choice(ui, "Status", &mut filter.status, &StudyStatus::ALL.map(|one| (one, one.word())));
        if !context.app.preferences.reading.mode.begins_without_ai() {
            let standings = [AiStanding::Flagged, AiStanding::NotAnalyzed, AiStanding::NotFlagged];
            choice(ui, "AI", &mut filter.ai, &standings.map(|one| (one, one.word())));
        }
        modality_ui(ui, context, filter);
        toggle(ui, "Mine", "Assigned to you", &mut filter.is_mine);
        toggle(ui, "Hide done", "Leave out what is signed", &mut filter.hides_done);
        if context.app.preferences.reading.mode == ReadingMode::Audit {
            let audit = context.app.preferences.reading.audit;
            let tip = format!(
                "A random {:.0} % of the studies on which the models flagged nothing (seed {})",
                audit.rate * 100.0,
                audit.seed
            );
            toggle(ui, "Audit sample", &tip, &mut filter.is_audit);
        }
    });
    if worklist.filter != before {
        // The selected study may have moved on the list.
        worklist.scrolled_to = None;
    }
}

fn choice<T: Copy + PartialEq>(ui: &mut Ui, name: &str, chosen: &mut Option<T>, offered: &[(T, &str)]) {
    let current = offered.iter().find(|(value, _)| *chosen == Some(*value)).map(|(_, word)| *word);
    let shown = current.map_or_else(|| format!("{name}: all"), |word| format!("{name}: {word}"));
    let response =
        ComboBox::from_id_salt(("worklist filter", name)).selected_text(shown).width(130.0).show_ui(ui, |ui| {
            ui.selectable_value(chosen, None, "All");
            for (value, word) in offered {
                ui.selectable_value(chosen, Some(*value), *word);
            }
        });
    response.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, format!("Filter by {name}")));
}

fn modality_ui(ui: &mut Ui, context: &UiContext<'_>, filter: &mut WorkFilter) {
    let shown = filter.modality.as_ref().map_or_else(|| "Modality: all".to_owned(), |one| format!("Modality: {one}"));
    let response =
        ComboBox::from_id_salt("worklist filter modality").selected_text(shown).width(110.0).show_ui(ui, |ui| {
            let of_items = context.worklist.items.iter().flat_map(|item| item.card.modalities.split(' '));
            let mut known: Vec<&str> = of_items.filter(|one| !one.is_empty()).collect();
            known.sort_unstable();
            known.dedup();
            ui.selectable_value(&mut filter.modality, None, "All");
            for modality in known {
                ui.selectable_value(&mut filter.modality, Some(modality.to_owned()), modality);
            }
        });
    response.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Filter by modality"));
}

fn toggle(ui: &mut Ui, word: &str, tip: &str, is_on: &mut bool) {
    let response = ui.add(Button::new(word).selected(*is_on)).on_hover_text(tip);
    let now = *is_on;
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, now, word));
    if response.clicked() {
        *is_on = !now;
    }
}
