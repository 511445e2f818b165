//! What is said of a finding besides the verdict: severity, relevance, difficulty, confidence, another label. Digits
//! choose, Enter keeps.

use egui::{Button, Key, Modifiers, RichText, Role, Slider, TextEdit, Ui, WidgetInfo, vec2};

use crate::domain::details::{DecisionDetails, Difficulty, MissKind, Modification, Severity};
use crate::domain::finding::FindingLabel;
use crate::domain::reading::Confidence;
use crate::domain::uid::FindingId;
use crate::ui::action::Action;
use crate::ui::context::UiContext;
use crate::ui::deciding;
use crate::ui::dialogs::{Stay, modal_beside};
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::widgets::button::main_button;

#[derive(Clone, Debug, PartialEq)]
pub struct DetailsDraft {
    pub finding: FindingId,
    pub details: DecisionDetails,
    /// What the finding is called instead; empty for the name it has.
    pub label: String,
}

impl DetailsDraft {
    pub fn new(finding: FindingId, details: DecisionDetails) -> Self {
        let label = details.label.as_ref().map(|label| label.name.clone()).unwrap_or_default();
        Self { finding, details, label }
    }
}

const WIDTH: f32 = 330.0;

pub(in crate::ui::dialogs) fn details_ui(
    ui: &Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    actions: &mut Vec<Action>,
    draft: &mut DetailsDraft,
) -> Stay {
    let Some(review) = context.session.and_then(|session| session.finding(&draft.finding)) else {
        return Stay::Closed;
    };
    let (name, is_own) = (review.finding.label.name.clone(), !review.finding.is_suggested());
    if !ui.ctx().text_edit_focused() {
        take_digits(ui, &mut draft.details);
    }
    let is_entered = ui.ctx().input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
    modal_beside(ui, &format!("Details: {name}"), WIDTH, |ui| {
        let details = &mut draft.details;
        row(ui, "Severity", &mut details.severity, &Severity::ALL.map(|one| (one, one.word())), 1);
        let relevance = [(true, "Relevant"), (false, "Not relevant")];
        row(ui, "Clinically", &mut details.clinically_relevant, &relevance, 4);
        row(ui, "Difficulty", &mut details.difficulty, &Difficulty::ALL.map(|one| (one, one.word())), 6);
        if is_own {
            row(ui, "Missed by the models", &mut details.miss, &MissKind::ALL.map(|one| (one, one.word())), 0);
        }
        ui.add_space(6.0);
        confidence_ui(ui, "Confidence", &mut details.confidence);
        confidence_ui(ui, "Before AI", &mut details.confidence_before_ai);
        if !is_own {
            modifications_ui(ui, &mut details.modifications);
        }
        ui.add_space(6.0);
        ui.label(RichText::new("Another name, if the model's is wrong").small().color(theme().text.weak));
        let edit = TextEdit::singleline(&mut draft.label).hint_text(name.as_str()).desired_width(f32::INFINITY);
        ui.add(edit).widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Another name"));
        ui.add_space(10.0);
        let mut stay = Stay::Open;
        ui.horizontal(|ui| {
            if ui.add(main_button("Keep")).clicked() || is_entered {
                let details = DecisionDetails { label: label_of(&draft.label, &name), ..draft.details.clone() };
                deciding::keep_details(context, view, actions, &draft.finding, details);
                stay = Stay::Closed;
            }
            if ui.button("Cancel").clicked() {
                stay = Stay::Closed;
            }
        });
        stay
    })
}

fn label_of(text: &str, name: &str) -> Option<FindingLabel> {
    let text = text.trim();
    let is_other = !text.is_empty() && text != name;
    is_other.then(|| FindingLabel { id: "reader".to_owned(), name: text.to_owned(), code: None })
}

/// One of several, or none: a second click takes the choice back.
fn row<T: Copy + PartialEq>(ui: &mut Ui, name: &str, chosen: &mut Option<T>, offered: &[(T, &str)], first_key: usize) {
    ui.label(RichText::new(name).small().color(theme().text.weak));
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let width = (ui.available_width() - 4.0 * (offered.len() as f32 - 1.0)) / offered.len() as f32;
        for (index, (value, word)) in offered.iter().enumerate() {
            let is_chosen = *chosen == Some(*value);
            let mut button = Button::selectable(is_chosen, *word).min_size(vec2(width, 26.0));
            if first_key > 0 {
                button = button.shortcut_text((first_key + index).to_string());
            }
            let response = ui.add(button);
            response
                .widget_info(|| WidgetInfo::selected(Role::RadioButton, true, is_chosen, format!("{name}: {word}")));
            if response.clicked() {
                *chosen = if is_chosen { None } else { Some(*value) };
            }
        }
    });
}

/// Nothing is said until the reader moves it: a slider's first place is no answer.
fn confidence_ui(ui: &mut Ui, name: &str, confidence: &mut Option<Confidence>) {
    ui.horizontal(|ui| {
        let mut is_given = confidence.is_some();
        if ui.checkbox(&mut is_given, name).changed() {
            *confidence = if is_given { Confidence::new(50) } else { None };
        }
        let mut percent = confidence.map_or(50, Confidence::percent);
        ui.add_enabled_ui(is_given, |ui| {
            ui.spacing_mut().slider_width = 120.0;
            let response = ui.add(Slider::new(&mut percent, 0..=100).suffix(" of 100"));
            response.widget_info(|| WidgetInfo::slider(is_given, f64::from(percent), format!("{name}, 0 to 100")));
            if response.changed() {
                *confidence = Confidence::new(percent);
            }
        });
    });
}

/// What was wrong with the model's outline or place, of what was changed.
fn modifications_ui(ui: &mut Ui, chosen: &mut Vec<Modification>) {
    ui.label(RichText::new("Changed before accepting").small().color(theme().text.weak));
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        for modification in Modification::ALL.into_iter().filter(|one| *one != Modification::Label) {
            let is_chosen = chosen.contains(&modification);
            let response = ui.add(Button::selectable(is_chosen, RichText::new(modification.word()).small()));
            let word = format!("Changed: {}", modification.word());
            response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, is_chosen, &word));
            if response.clicked() {
                chosen.retain(|one| *one != modification);
                if !is_chosen {
                    chosen.push(modification);
                    chosen.sort_unstable();
                }
            }
        }
    });
}

/// 1 to 3 severity, 4 and 5 relevance, 6 to 8 difficulty.
fn take_digits(ui: &Ui, details: &mut DecisionDetails) {
    ui.ctx().input_mut(|input| {
        input.events.retain(|event| {
            let egui::Event::Key { key, pressed: true, modifiers, repeat: false, .. } = event else { return true };
            let digit = key.name().parse::<usize>().ok().filter(|_| !modifiers.any());
            match digit {
                Some(digit @ 1..=3) => details.severity = Severity::ALL.get(digit - 1).copied(),
                Some(4) => details.clinically_relevant = Some(true),
                Some(5) => details.clinically_relevant = Some(false),
                Some(digit @ 6..=8) => details.difficulty = Difficulty::ALL.get(digit - 6).copied(),
                _ => return true,
            }
            false
        });
    });
}
