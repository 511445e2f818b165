//! What a reader must not overlook about the record: decisions that are not saved, and decisions that came too late.

use egui::{Align, Frame, Layout, Margin, Panel, RichText, Stroke, Ui};

use crate::review::session::{Keeping, ReviewSession};
use crate::ui::action::{Action, ReviewAction};
use crate::ui::context::{ConflictNotice, UiContext};
use crate::ui::deciding;
use crate::ui::record_action::RecordAction;
use crate::ui::theme::{faded, theme};
use crate::ui::view_state::ViewState;
use crate::ui::words::counted;

/// A bar over the whole width, only while there is something to say.
pub fn record_banner_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    if let Some(Keeping::NotSaved(reason)) = context.session.map(ReviewSession::keeping) {
        bar(ui, "not saved", theme().state.error, |ui| not_saved_ui(ui, context, &reason, actions));
    }
    let of_open = context.app.conflicts.first().filter(|conflict| Some(&conflict.study) == context.open_study_uid());
    if let Some(conflict) = of_open {
        bar(ui, "conflict", theme().state.warning, |ui| conflict_ui(ui, context, view, conflict, actions));
    }
}

fn bar(ui: &mut Ui, id: &str, color: impl Into<egui::Color32>, add_contents: impl FnOnce(&mut Ui)) {
    let color = color.into();
    let frame = Frame::new()
        .fill(faded(color, 0.16))
        .stroke(Stroke::new(1.0, faded(color, 0.7)))
        .inner_margin(Margin::symmetric(10, 6));
    Panel::top(format!("record banner: {id}")).frame(frame).resizable(false).show(ui, add_contents);
}

fn not_saved_ui(ui: &mut Ui, context: &UiContext<'_>, reason: &str, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("NOT SAVED").strong().color(theme().state.error));
        let n_unkept = context.session.map_or(0, |session| session.unkept_events().len());
        let words = format!("{} not in the record yet. {reason}", counted(n_unkept, "change"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let tip = "Append again everything that is not in the record yet";
            if ui.button("Save again").on_hover_text(tip).clicked() {
                actions.push(ReviewAction::RetrySaving.into());
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(egui::Label::new(RichText::new(&words).color(theme().text.normal)).truncate())
                    .on_hover_text(&words);
            });
        });
    });
}

fn conflict_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    conflict: &ConflictNotice,
    actions: &mut Vec<Action>,
) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Decided by two").strong().color(theme().state.warning));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let n_more = context.app.conflicts.len().saturating_sub(1);
            let tip = "Theirs stays in force; yours stays in the record beside it";
            if ui.button("Leave as it is").on_hover_text(tip).clicked() {
                actions.push(RecordAction::ConflictSeen.into());
            }
            if let Some(finding) = &conflict.finding
                && ui.button("Decide again").on_hover_text("Go to this finding").clicked()
            {
                deciding::select(context, view, finding);
                actions.push(RecordAction::ConflictSeen.into());
            }
            if n_more > 0 {
                ui.label(RichText::new(format!("and {n_more} more")).small().color(theme().text.weak));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let words = conflict.sentence();
                ui.add(egui::Label::new(RichText::new(&words).color(theme().text.normal)).truncate())
                    .on_hover_text(&words);
            });
        });
    });
}
