//! The palette of reasons: a digit rejects for that reason at once, with Shift it only ticks; Enter confirms what is
//! ticked, Escape leaves the finding as it was.

use egui::{Button, Event, Key, RichText, TextEdit, Ui};

use crate::domain::decision::{RejectReason, Verdict};
use crate::domain::uid::FindingId;
use crate::ui::action::Action;
use crate::ui::context::UiContext;
use crate::ui::deciding;
use crate::ui::dialogs::{Stay, modal_beside};
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::widgets::button::main_button;

pub fn reject_reasons_ui(
    ui: &Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    actions: &mut Vec<Action>,
    finding: &FindingId,
    chosen: &mut Vec<RejectReason>,
    text: &mut String,
) -> Stay {
    let name = context
        .session
        .and_then(|session| session.finding(finding))
        .map_or_else(String::new, |review| review.finding.label.name.clone());
    let is_typing = ui.ctx().text_edit_focused();
    let is_decided = !is_typing && take_digits(ui, chosen);
    let is_entered = ui.ctx().input_mut(|input| input.consume_key(egui::Modifiers::NONE, Key::Enter));
    modal_beside(ui, &format!("Reject: {name}"), 316.0, |ui| {
        ui.label(
            RichText::new("A digit rejects at once. Several: Shift + digits, then Enter.").color(theme().text.weak),
        );
        ui.add_space(4.0);
        for (index, reason) in RejectReason::ALL.into_iter().enumerate() {
            reason_ui(ui, index, reason, chosen);
        }
        ui.add_space(4.0);
        let edit = TextEdit::singleline(text).hint_text("In your own words (optional)").desired_width(f32::INFINITY);
        ui.add(edit).widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Reason in words"));
        ui.add_space(10.0);
        let mut stay = Stay::Open;
        ui.horizontal(|ui| {
            let can_confirm = !chosen.is_empty();
            let is_clicked = ui.add_enabled(can_confirm, main_button("Reject finding")).clicked();
            if can_confirm && (is_clicked || is_entered || is_decided) {
                chosen.sort_unstable();
                let verdict = Verdict::Rejected { reasons: chosen.clone(), text: text.trim().to_owned() };
                deciding::decide_selected(context, view, actions, verdict);
                stay = Stay::Closed;
            }
            if ui.button("Cancel").clicked() {
                stay = Stay::Closed;
            }
            if !can_confirm {
                ui.label(RichText::new("Choose a reason").small().color(theme().text.weak));
            }
        });
        stay
    })
}

fn reason_ui(ui: &mut Ui, index: usize, reason: RejectReason, chosen: &mut Vec<RejectReason>) {
    let is_chosen = chosen.contains(&reason);
    let key = if index < 9 { (index + 1).to_string() } else { String::new() };
    let width = ui.available_width();
    let button = Button::selectable(is_chosen, reason.word()).shortcut_text(key).min_size(egui::vec2(width, 26.0));
    let response = ui.add(button);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::CheckBox, true, is_chosen, reason.word()));
    if response.clicked() {
        toggle(chosen, reason);
    }
}

fn toggle(chosen: &mut Vec<RejectReason>, reason: RejectReason) {
    match chosen.iter().position(|other| *other == reason) {
        Some(at) => {
            chosen.remove(at);
        }
        None => chosen.push(reason),
    }
}

/// Digits 1 to 9, taken from the events so that none is typed elsewhere; true when one decides.
fn take_digits(ui: &Ui, chosen: &mut Vec<RejectReason>) -> bool {
    let mut is_decided = false;
    ui.ctx().input_mut(|input| {
        input.events.retain(|event| {
            let Event::Key { key, physical_key, pressed: true, modifiers, repeat: false } = event else { return true };
            // With Shift a digit's key is another sign on many keyboards.
            let named = |key: &egui::Key| key.name().parse::<usize>().ok();
            let digit = named(key).or_else(|| physical_key.as_ref().and_then(named));
            let digit = digit.filter(|_| !modifiers.command && !modifiers.alt);
            let reason = digit.and_then(|digit| RejectReason::ALL.get(digit.checked_sub(1)?).filter(|_| digit <= 9));
            let Some(reason) = reason else { return true };
            if modifiers.shift {
                toggle(chosen, *reason);
            } else {
                if !chosen.contains(reason) {
                    chosen.push(*reason);
                }
                is_decided = true;
            }
            false
        });
    });
    is_decided
}
