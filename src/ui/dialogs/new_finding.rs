//! Names what the reader found and the models missed.

use egui::{Key, RichText, TextEdit, Ui};

use crate::domain::finding::{Place, Subject};
use crate::ui::action::{Action, NewFinding, ReviewAction};
use crate::ui::context::UiContext;
use crate::ui::dialogs::{Stay, modal_beside};
use crate::ui::theme::theme;
use crate::ui::widgets::button::main_button;

pub fn new_finding_ui(
    ui: &Ui,
    context: &UiContext<'_>,
    actions: &mut Vec<Action>,
    subject: &Subject,
    place: &Place,
    label: &mut String,
) -> Stay {
    modal_beside(ui, "Add finding", 316.0, |ui| {
        let words = match place {
            Place::WholeImage => "About the whole image.",
            Place::Region { .. } => "About the box you drew.",
        };
        ui.label(RichText::new(words).color(theme().text.weak));
        ui.add_space(4.0);
        let edit = ui.add(TextEdit::singleline(label).hint_text("What is it?").desired_width(f32::INFINITY));
        edit.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Finding label"));
        let is_entered = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if !edit.has_focus() && !edit.lost_focus() {
            edit.request_focus();
        }
        ui.add_space(4.0);
        known_labels_ui(ui, context, label);
        ui.add_space(10.0);
        let mut stay = Stay::Open;
        ui.horizontal(|ui| {
            let is_named = !label.trim().is_empty();
            let is_clicked = ui.add_enabled(is_named, main_button("Add")).clicked();
            if is_named && (is_clicked || is_entered) {
                let label = label.trim().to_owned();
                let new = NewFinding { subject: subject.clone(), label, place: place.clone() };
                actions.push(ReviewAction::AddFinding(new).into());
                stay = Stay::Closed;
            }
            if ui.button("Cancel").clicked() {
                stay = Stay::Closed;
            }
        });
        stay
    })
}

/// Words the models use, so that one thing keeps one name.
fn known_labels_ui(ui: &mut Ui, context: &UiContext<'_>, label: &mut String) {
    let findings = context.session.map_or(&[][..], |session| session.findings());
    let mut known: Vec<&str> = findings.iter().map(|review| review.finding.label.name.as_str()).collect();
    known.sort_unstable();
    known.dedup();
    ui.horizontal_wrapped(|ui| {
        for name in known.into_iter().take(12) {
            if ui.small_button(name).clicked() {
                name.clone_into(label);
            }
        }
    });
}
