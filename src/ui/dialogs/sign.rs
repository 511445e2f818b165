//! Signing: the name once more, what the signature means, and what was left open. And opening a signed study again.

use egui::{Button, Key, Modifiers, RichText, Role, TextEdit, Ui, WidgetInfo, vec2};

use crate::domain::reading::{Role as ReviewRole, SignatureMeaning};
use crate::review::command::SignRequest;
use crate::review::event::DecisionOrigin;
use crate::review::session::{FindingReview, ReviewSession};
use crate::ui::action::{Action, CourseAction, ReviewAction};
use crate::ui::context::UiContext;
use crate::ui::deciding;
use crate::ui::dialogs::{Stay, focus_at_first, modal};
use crate::ui::theme::{card_frame, theme};
use crate::ui::view_state::ViewState;
use crate::ui::widgets::button::main_button;
use crate::ui::words::counted;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct SignDraft {
    pub name: String,
    pub meaning: SignatureMeaning,
    pub accepts_unreviewed: bool,
}

impl SignDraft {
    pub fn of(role: ReviewRole) -> Self {
        let meaning = match role {
            ReviewRole::Annotator => SignatureMeaning::Authorship,
            ReviewRole::Adjudicator => SignatureMeaning::Adjudication,
            ReviewRole::Reader | ReviewRole::Lead => SignatureMeaning::Review,
        };
        Self { meaning, ..Self::default() }
    }
}

/// Findings named in the dialog; more are counted.
const MOST_NAMED: usize = 5;

pub(in crate::ui::dialogs) fn sign_ui(
    ui: &Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    actions: &mut Vec<Action>,
    draft: &mut SignDraft,
) -> Stay {
    let Some(session) = context.session else { return Stay::Closed };
    let is_entered = ui.ctx().input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
    let role = context.app.preferences.reading.role;
    modal(ui, "Sign the study", 440.0, |ui| {
        let open: Vec<&FindingReview> = session.findings().iter().filter(|review| review.is_unreviewed()).collect();
        summary_ui(ui, session);
        if let Some(stay) = unreviewed_ui(ui, context, view, &open, draft) {
            return stay;
        }
        ui.add_space(6.0);
        ui.label(RichText::new("This signature means").small().color(theme().text.weak));
        for meaning in meanings(role) {
            let is_chosen = draft.meaning == *meaning;
            let words = format!("{}: {}", meaning.word(), meaning.sentence());
            let width = ui.available_width();
            let response = ui.add(Button::selectable(is_chosen, &words).min_size(vec2(width, 24.0)));
            response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, is_chosen, &words));
            if response.clicked() {
                draft.meaning = *meaning;
            }
        }
        ui.add_space(8.0);
        let reader = context.app.reader.as_str();
        ui.label(RichText::new(format!("Type your name to sign: {reader}")).small().color(theme().text.weak));
        let edit = ui.add(TextEdit::singleline(&mut draft.name).desired_width(f32::INFINITY));
        edit.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Your name, to sign"));
        focus_at_first(ui, &edit);
        ui.label(
            RichText::new("After this nothing is decided on this study without an amendment that says why.")
                .small()
                .color(theme().text.weak),
        );
        ui.add_space(10.0);
        let mut stay = Stay::Open;
        ui.horizontal(|ui| {
            let can_sign = draft.name.trim() == reader && (open.is_empty() || draft.accepts_unreviewed);
            let is_clicked = ui.add_enabled(can_sign, main_button("Sign")).clicked();
            if can_sign && (is_clicked || is_entered) {
                let request = SignRequest {
                    name: draft.name.trim().to_owned(),
                    meaning: draft.meaning,
                    role,
                    made: DecisionOrigin::AtScreen,
                    accepts_unreviewed: draft.accepts_unreviewed,
                };
                actions.push(ReviewAction::Course(CourseAction::Sign(request)).into());
                stay = Stay::Closed;
            }
            if ui.button("Cancel").clicked() {
                stay = Stay::Closed;
            }
            if !can_sign && !draft.name.trim().is_empty() && draft.name.trim() != reader {
                ui.label(RichText::new("Not yet your name").small().color(theme().text.weak));
            }
        });
        stay
    })
}

fn meanings(role: ReviewRole) -> &'static [SignatureMeaning] {
    use SignatureMeaning::{Adjudication, Approval, Authorship, Responsibility, Review};
    match role {
        ReviewRole::Annotator => &[Authorship],
        ReviewRole::Reader => &[Review, Approval, Responsibility],
        ReviewRole::Adjudicator | ReviewRole::Lead => &[Review, Approval, Responsibility, Adjudication],
    }
}

fn summary_ui(ui: &mut Ui, session: &ReviewSession) {
    let counts = session.counts();
    let n_accepted = count(session, "Accepted");
    let (n_rejected, n_uncertain) = (count(session, "Rejected"), count(session, "Uncertain"));
    let n_own = session.findings().iter().filter(|review| !review.finding.is_suggested()).count();
    let words = format!(
        "{}: {n_accepted} accepted, {n_rejected} rejected, {n_uncertain} uncertain, {n_own} of your own.",
        counted(counts.n_findings, "finding")
    );
    ui.label(RichText::new(words).color(theme().text.normal));
}

fn count(session: &ReviewSession, word: &str) -> usize {
    let decisions = session.findings().iter().filter_map(|review| review.decision.as_ref());
    decisions.filter(|decision| decision.verdict.word() == word).count()
}

/// Asks about what was left open; going to it closes the dialog.
fn unreviewed_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    open: &[&FindingReview],
    draft: &mut SignDraft,
) -> Option<Stay> {
    let first = open.first()?;
    let mut stay = None;
    ui.add_space(6.0);
    card_frame().show(ui, |ui| {
        ui.set_width(ui.available_width());
        let words = format!("{} not reviewed", counted(open.len(), "flagged finding"));
        ui.label(RichText::new(words).color(theme().state.warning));
        let names: Vec<&str> = open.iter().take(MOST_NAMED).map(|review| review.finding.label.name.as_str()).collect();
        let more = if open.len() > MOST_NAMED { ", …" } else { "" };
        ui.label(RichText::new(format!("{}{more}", names.join(", "))).small().color(theme().text.normal));
        ui.horizontal(|ui| {
            if ui.button("Review them").on_hover_text("Go to the first of them").clicked() {
                deciding::select(context, view, &first.finding.id);
                stay = Some(Stay::Closed);
            }
            ui.checkbox(&mut draft.accepts_unreviewed, "Sign all the same");
        });
    });
    stay
}

pub(in crate::ui::dialogs) fn amend_ui(
    ui: &Ui,
    context: &UiContext<'_>,
    actions: &mut Vec<Action>,
    reason: &mut String,
) -> Stay {
    let is_entered = ui.ctx().input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
    modal(ui, "Amend the signed study", 420.0, |ui| {
        let signature = context.session.and_then(|session| session.course().closed_for(context.app.reader));
        if let Some(signature) = signature {
            let words = format!("{} by {} at {}.", signature.meaning.word(), signature.name, moment(&signature.at));
            ui.label(RichText::new(words).color(theme().text.normal));
        }
        let words = "The signature stays in the record; the amendment opens the study after it.";
        ui.label(RichText::new(words).small().color(theme().text.weak));
        ui.add_space(6.0);
        let edit = ui.add(TextEdit::singleline(reason).hint_text("Why?").desired_width(f32::INFINITY));
        edit.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Reason of the amendment"));
        focus_at_first(ui, &edit);
        ui.add_space(10.0);
        let mut stay = Stay::Open;
        ui.horizontal(|ui| {
            let is_said = !reason.trim().is_empty();
            let is_clicked = ui.add_enabled(is_said, main_button("Amend")).clicked();
            if is_said && (is_clicked || is_entered) {
                actions.push(ReviewAction::Course(CourseAction::Amend(reason.trim().to_owned())).into());
                stay = Stay::Closed;
            }
            if ui.button("Cancel").clicked() {
                stay = Stay::Closed;
            }
        });
        stay
    })
}

/// RFC 3339 as people write it: `2026-11-21 10:00`.
pub fn moment(at: &str) -> String {
    at.get(..16).map_or_else(|| at.to_owned(), |text| text.replace('T', " "))
}
