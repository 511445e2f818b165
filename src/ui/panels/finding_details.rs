//! The selected finding: what is known of it, and the reader's hand.

use egui::{Button, RichText, ScrollArea, TextEdit, Ui};

use crate::domain::decision::Verdict;
use crate::domain::details::DecisionDetails;
use crate::domain::finding::Finding;
use crate::domain::geometry::{PixelBox, Vec3};
use crate::review::session::FindingReview;
use crate::ui::action::{Action, AnalysisAction, DecisionRequest, ReviewAction};
use crate::ui::context::UiContext;
use crate::ui::deciding;
use crate::ui::dialogs::Dialog;
use crate::ui::dialogs::network_input::InputDraft;
use crate::ui::reading;
use crate::ui::shortcuts::{KeyCommand, ReviewKey, chord_text, hint};
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::widgets::button::{main_button, wide_button};
use crate::ui::words::{number, quantity};

/// Room for eight lines, points.
const FACTS_HEIGHT: f32 = 150.0;

/// What is known of the selected finding.
pub fn finding_facts_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    let Some(review) = deciding::selected(context, view) else { return };
    // A panel as high as what it holds has no height to give: the facts scroll only when they are many.
    let facts = ScrollArea::vertical().max_height(FACTS_HEIGHT).min_scrolled_height(FACTS_HEIGHT).id_salt("facts");
    let shows_score = reading::presentation(context).score;
    facts.show(ui, |ui| facts_ui(ui, review, &deciding::details_of(review, view), shows_score));
    if review.finding.model_run().is_some() {
        let words = "The picture exactly as the network was given it";
        if ui.small_button("Network input…").on_hover_text(words).clicked() {
            let finding = review.finding.id.clone();
            actions.push(AnalysisAction::ShowInput(finding.clone()).into());
            view.dialogs.push(Dialog::NetworkInput(InputDraft { finding, channel: 0 }));
        }
    }
    if !review.finding.is_suggested() && ui.small_button("Remove this finding").clicked() {
        actions.push(ReviewAction::Withdraw(review.finding.id.clone()).into());
    }
    ui.separator();
}

/// The reader's hand. Of the same height for every finding, so that no button moves away from under the pointer.
pub fn decision_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    match deciding::selected(context, view) {
        Some(review) => {
            decide_ui(ui, context, review, view, actions);
            comment_ui(ui, context, review, view, actions);
        }
        None if context.session.is_some_and(|session| !session.findings().is_empty()) => {
            let words = "Press J to go to the first finding.";
            ui.label(RichText::new(words).color(theme().text.weak));
        }
        None => {}
    }
    add_ui(ui, context, view);
}

fn facts_ui(ui: &mut Ui, review: &FindingReview, details: &DecisionDetails, shows_score: bool) {
    let finding = &review.finding;
    ui.label(RichText::new(&finding.label.name).size(15.0).color(theme().text.strong));
    let mut facts: Vec<(&str, String)> = Vec::new();
    let is_models = finding.model_run().is_some();
    for measurement in finding.measurements.iter().filter(|_| shows_score || !is_models) {
        facts.push((&measurement.name, quantity(measurement.value, &measurement.unit)));
    }
    facts.push(("Place", place_words(finding)));
    if let Some(center) = finding.evidence.center_mm {
        facts.push(("Center", center_words(center)));
    }
    if let Some(source) = finding.imported() {
        facts.push(("Source", format!("{} ({})", source.words(), source.kind.to_lowercase())));
        facts.extend(source.statements.iter().map(|words| ("Says", words.clone())));
    }
    if let Some(assessment) = finding.assessment.as_ref().filter(|_| shows_score) {
        facts.push(("Interval", assessment.interval_sentence()));
    }
    if let Some(words) = operating_point_words(finding).filter(|_| shows_score) {
        facts.push(("Operating point", words));
    }
    if let Some(distance) = finding.model_run().and_then(|run| run.distance.as_ref()).filter(|_| shows_score) {
        facts.push(("Input", distance.sentence()));
    }
    egui::Grid::new("finding facts").num_columns(2).min_row_height(15.0).spacing([12.0, 2.0]).show(ui, |ui| {
        for (name, value) in facts {
            ui.label(RichText::new(name).small().color(theme().text.weak));
            ui.add(egui::Label::new(RichText::new(value).small().color(theme().text.normal)).wrap());
            ui.end_row();
        }
    });
    if let Some(words) = details_words(details) {
        ui.label(RichText::new(words).small().color(theme().marks.reader));
    }
    for notice in &finding.notices {
        ui.label(RichText::new(&notice.text).small().color(theme().state.warning));
    }
    let rejected = review.decision.as_ref().and_then(|decision| match &decision.verdict {
        Verdict::Rejected { reasons, text } => {
            let words: Vec<&str> = reasons.iter().map(|reason| reason.word()).chain(Some(text.as_str())).collect();
            Some(words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("; "))
        }
        _ => None,
    });
    if let Some(words) = rejected {
        ui.label(RichText::new(format!("Rejected: {words}")).small().color(theme().state.rejected));
    }
}

/// `Moderate · relevant · confidence 80 (before AI 60) · called Consolidation`.
fn details_words(details: &DecisionDetails) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(details.label.as_ref().map(|label| format!("called {}", label.name)));
    parts.extend(details.severity.map(|severity| severity.word().to_owned()));
    let relevance = details.clinically_relevant.map(|is| if is { "relevant" } else { "not relevant" });
    parts.extend(relevance.map(str::to_owned));
    parts.extend(details.difficulty.map(|difficulty| difficulty.word().to_lowercase()));
    match (details.confidence, details.confidence_before_ai) {
        (Some(now), Some(before)) => {
            parts.push(format!("confidence {} (before AI {})", now.percent(), before.percent()));
        }
        (Some(now), None) => parts.push(format!("confidence {}", now.percent())),
        (None, Some(before)) => parts.push(format!("confidence before AI {}", before.percent())),
        (None, None) => {}
    }
    parts.extend(details.modifications.iter().map(|modification| modification.word().to_lowercase()));
    parts.extend(details.miss.map(|miss| miss.word().to_lowercase()));
    (!parts.is_empty()).then(|| parts.join(" · "))
}

fn place_words(finding: &Finding) -> String {
    match finding.place.region() {
        None => "Whole image".to_owned(),
        Some(region @ PixelBox { x0, y0, .. }) => {
            let (width, height) = (number(region.width().round()), number(region.height().round()));
            format!("{width} × {height} px at ({x0:.0}, {y0:.0})")
        }
    }
}

/// `12.5 mm left, 3.0 mm back, 41.0 mm up`, from the origin of the patient's coordinates.
fn center_words(Vec3([x, y, z]): Vec3) -> String {
    let side = |value: f64, positive: &str, negative: &str| {
        format!("{:.1} mm {}", value.abs(), if value < 0.0 { negative } else { positive })
    };
    [side(x, "left", "right"), side(y, "back", "front"), side(z, "up", "down")].join(", ")
}

/// `0.50, set for sensitivity 0.90 and specificity 0.80 on the evaluation set, n = 200`.
fn operating_point_words(finding: &Finding) -> Option<String> {
    let point = &finding.assessment.as_ref()?.operating_point;
    let mut measured = Vec::new();
    if let Some(sensitivity) = point.sensitivity {
        measured.push(format!("sensitivity {sensitivity:.2}"));
    }
    if let Some(specificity) = point.specificity {
        measured.push(format!("specificity {specificity:.2}"));
    }
    let set_for = if measured.is_empty() { String::new() } else { format!(", {}", measured.join(", ")) };
    let set = if point.set.is_empty() { String::new() } else { format!(" on {}", point.set) };
    let n = point.n.map_or_else(String::new, |n| format!(", n = {n}"));
    Some(format!("{:.2}{set_for}{set}{n}", point.threshold))
}

fn decide_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    review: &FindingReview,
    view: &mut ViewState,
    actions: &mut Vec<Action>,
) {
    let width = (ui.available_width() - 8.0) / 2.0;
    let tip = |ui: &Ui, words: &str, key: ReviewKey| hint(ui.ctx(), words, KeyCommand::Review(key));
    let is =
        |verdict: &Verdict| review.decision.as_ref().is_some_and(|decision| decision.verdict.word() == verdict.word());
    ui.horizontal(|ui| {
        // Stands out only while it is what comes next.
        let button = if review.decision.is_none() { main_button("Accept") } else { Button::new("Accept") };
        let button = button.selected(is(&Verdict::Accepted));
        let words = tip(ui, "The finding is there; go to the next unreviewed", ReviewKey::Accept);
        if wide_button(ui, true, width, button).on_hover_text(words).clicked() {
            deciding::decide_selected(context, view, actions, Verdict::Accepted);
        }
        let is_rejected = review.decision.as_ref().is_some_and(|d| matches!(d.verdict, Verdict::Rejected { .. }));
        let words = tip(ui, "The finding is not there: choose why", ReviewKey::Reject);
        let button = Button::new("Reject…").selected(is_rejected);
        let response = wide_button(ui, true, width, button).on_hover_text(words);
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_rejected, "Reject"));
        if response.clicked() {
            deciding::ask_reasons(context, view);
        }
    });
    ui.horizontal(|ui| {
        let words = tip(ui, "Needs a second read", ReviewKey::Uncertain);
        let button = Button::new("Uncertain").selected(is(&Verdict::Uncertain));
        if wide_button(ui, true, width, button).on_hover_text(words).clicked() {
            deciding::decide_selected(context, view, actions, Verdict::Uncertain);
        }
        let button = Button::new("Not assessable").selected(is(&Verdict::NotAssessable));
        let words = "This image cannot answer the question";
        if wide_button(ui, true, width, button).on_hover_text(words).clicked() {
            deciding::decide_selected(context, view, actions, Verdict::NotAssessable);
        }
    });
}

/// The comment goes with the next decision; on a decided finding it is sent on leaving the field.
fn comment_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    review: &FindingReview,
    view: &mut ViewState,
    actions: &mut Vec<Action>,
) {
    let id = &review.finding.id;
    let kept = review.decision.as_ref().map_or("", |decision| decision.comment.as_str());
    let mut text = match &view.transient.drafts.comment {
        Some((draft_of, text)) if draft_of == id => text.clone(),
        _ => kept.to_owned(),
    };
    let response = ui
        .horizontal(|ui| {
            let width = (ui.available_width() - 86.0).max(60.0);
            let edit = TextEdit::singleline(&mut text).hint_text("Comment").desired_width(width);
            let response = ui.add(edit.id_salt(("comment", id)));
            more_ui(ui, context, view);
            response
        })
        .inner;
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Comment"));
    if response.changed() {
        view.transient.drafts.comment = Some((id.clone(), text.clone()));
    }
    let Some(decision) = review.decision.as_ref().filter(|_| response.lost_focus() && text.trim() != kept) else {
        return;
    };
    let seen = deciding::seen_of(context, &review.finding, view);
    let comment = text.trim().to_owned();
    let (verdict, details) = (decision.verdict.clone(), decision.details.clone());
    let request = DecisionRequest { finding: id.clone(), verdict, seen, comment, details };
    actions.push(ReviewAction::Decide(Box::new(request)).into());
    view.transient.drafts.comment = None;
}

fn more_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    let tip = hint(
        ui.ctx(),
        "Severity, relevance, difficulty, confidence, another name",
        KeyCommand::Review(ReviewKey::Details),
    );
    if ui.add(Button::new("Details…")).on_hover_text(tip).clicked() {
        deciding::ask_details(context, view);
    }
}

fn add_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    ui.horizontal(|ui| {
        let command = KeyCommand::Review(ReviewKey::New);
        let is_drawing = view.transient.pointer.is_drawing_finding;
        let tip = hint(ui.ctx(), "Draw a box around what the models missed", command);
        let button = Button::new("Add finding").selected(is_drawing);
        if ui.add_enabled(context.session.is_some(), button).on_hover_text(tip).clicked() {
            deciding::start_new_finding(context, view);
        }
        let words = if is_drawing {
            let key = chord_text(ui.ctx(), command);
            format!("Drag a box on the image. {key} again: whole image. Esc: cancel.")
        } else {
            "Enter accept · Del reject · U uncertain · J next".to_owned()
        };
        let color = if is_drawing { theme().marks.reader } else { theme().text.weak };
        let label = egui::Label::new(RichText::new(words).small().color(color));
        ui.add(if is_drawing { label.wrap() } else { label.truncate() });
    });
}
