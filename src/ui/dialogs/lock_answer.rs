//! The reader's own answer before the AI: given, locked, and kept whatever is revised afterwards.

use egui::{Button, Key, Modifiers, RichText, Role, Slider, TextEdit, Ui, WidgetInfo, vec2};

use crate::domain::reading::{Answer, Confidence};
use crate::ui::action::{Action, CourseAction, ReviewAction};
use crate::ui::context::UiContext;
use crate::ui::dialogs::{Stay, modal_beside};
use crate::ui::theme::theme;
use crate::ui::widgets::button::main_button;
use crate::ui::words::counted;

pub(in crate::ui::dialogs) fn lock_answer_ui(
    ui: &Ui,
    context: &UiContext<'_>,
    actions: &mut Vec<Action>,
    answer: &mut Answer,
) -> Stay {
    if !ui.ctx().text_edit_focused() {
        take_digits(ui, answer);
    }
    let is_entered = ui.ctx().input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
    modal_beside(ui, "Your answer before the AI", 330.0, |ui| {
        let n_own = context.session.map_or(0, |session| session.findings().len());
        let words = format!("{} of your own go with it. It cannot be changed after this.", counted(n_own, "finding"));
        ui.label(RichText::new(words).small().color(theme().text.weak));
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            let width = (ui.available_width() - 8.0) / 2.0;
            for (value, word, key) in [(false, "Normal", "1"), (true, "Abnormal", "2")] {
                let is_chosen = answer.is_abnormal == Some(value);
                let button = Button::selectable(is_chosen, word).shortcut_text(key).min_size(vec2(width, 28.0));
                let response = ui.add(button);
                response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, is_chosen, word));
                if response.clicked() {
                    answer.is_abnormal = Some(value);
                }
            }
        });
        ui.horizontal(|ui| {
            let mut is_given = answer.confidence.is_some();
            if ui.checkbox(&mut is_given, "Confidence").changed() {
                answer.confidence = if is_given { Confidence::new(50) } else { None };
            }
            let mut percent = answer.confidence.map_or(50, Confidence::percent);
            ui.add_enabled_ui(is_given, |ui| {
                ui.spacing_mut().slider_width = 120.0;
                let response = ui.add(Slider::new(&mut percent, 0..=100).suffix(" of 100"));
                response.widget_info(|| WidgetInfo::slider(is_given, f64::from(percent), "Confidence, 0 to 100"));
                if response.changed() {
                    answer.confidence = Confidence::new(percent);
                }
            });
        });
        let edit = TextEdit::singleline(&mut answer.text).hint_text("In your words (optional)");
        ui.add(edit.desired_width(f32::INFINITY))
            .widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Answer in words"));
        ui.add_space(10.0);
        let mut stay = Stay::Open;
        ui.horizontal(|ui| {
            let is_answered = answer.is_abnormal.is_some();
            let is_clicked = ui.add_enabled(is_answered, main_button("Lock and show the AI")).clicked();
            if is_answered && (is_clicked || is_entered) {
                actions.push(ReviewAction::Course(CourseAction::LockAndReveal(answer.clone())).into());
                stay = Stay::Closed;
            }
            if ui.button("Cancel").clicked() {
                stay = Stay::Closed;
            }
        });
        stay
    })
}

fn take_digits(ui: &Ui, answer: &mut Answer) {
    ui.ctx().input_mut(|input| {
        for (key, value) in [(Key::Num1, false), (Key::Num2, true)] {
            if input.consume_key(Modifiers::NONE, key) {
                answer.is_abnormal = Some(value);
            }
        }
    });
}
