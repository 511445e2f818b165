//! The list of findings: flagged first, those below their operating point folded away, never gone.

use egui::{
    Align, Button, CollapsingHeader, Frame, Margin, Rect, Response, RichText, ScrollArea, Sense, Slider, Stroke, Ui,
    UiBuilder, WidgetInfo,
};

use crate::domain::decision::Decision;
use crate::domain::finding::Origin;
use crate::domain::uid::FindingId;
use crate::review::session::{Counts, FindingReview, Keeping, ReviewSession};
use crate::ui::action::{Action, AnalysisAction, ReviewAction};
use crate::ui::context::{AnalysisState, UiContext};
use crate::ui::deciding;
use crate::ui::finding_list::{self, Listed};
use crate::ui::panels::documents::documents_ui;
use crate::ui::panels::models::models_ui;
use crate::ui::panels::reading_bar::reading_bar_ui;
use crate::ui::reading;
use crate::ui::shortcuts::{KeyCommand, ReviewKey, hint};
use crate::ui::theme::{faded, theme};
use crate::ui::view_state::ViewState;
use crate::ui::viewport::marks::family_color;
use crate::ui::widgets::button::{keyed_button, main_button};
use crate::ui::widgets::line_style::MarkState;
use crate::ui::widgets::state_icon::{line_sample, state_icon};

pub fn findings_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    reading_bar_ui(ui, context, view);
    header_ui(ui, context, view, actions);
    models_ui(ui, context, view, actions);
    ui.separator();
    let Some(session) = context.session else {
        let words = if context.open_study.is_some() { "Reading the review record…" } else { "No study is open." };
        ui.label(RichText::new(words).color(theme().text.weak));
        return;
    };
    if session.findings().is_empty() {
        nothing_ui(ui, context, actions);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| documents_ui(ui, context, view));
        return;
    }
    together_ui(ui, context, session, view, actions);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        list_ui(ui, context, session, view, actions);
        documents_ui(ui, context, view);
    });
}

fn header_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    let counts = context.session.map(ReviewSession::counts).unwrap_or_default();
    ui.horizontal(|ui| {
        ui.label(RichText::new("Findings").size(15.0).color(theme().text.strong));
        let Counts { n_flagged, n_unreviewed, .. } = counts;
        if n_flagged > 0 {
            let words = format!("{n_unreviewed} of {n_flagged} unreviewed");
            ui.label(RichText::new(words).small().color(theme().text.weak));
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let can = |is_possible: fn(&ReviewSession) -> bool| context.session.is_some_and(is_possible);
            let redo = KeyCommand::Review(ReviewKey::Redo);
            if keyed_button(ui, can(ReviewSession::can_redo), "Redo", "Redo what was undone", redo).clicked() {
                actions.push(ReviewAction::Redo.into());
            }
            let undo = KeyCommand::Review(ReviewKey::Undo);
            if keyed_button(ui, can(ReviewSession::can_undo), "Undo", "Undo the last decision", undo).clicked() {
                view.transient.hint = None;
                actions.push(ReviewAction::Undo.into());
            }
        });
    });
}

fn nothing_ui(ui: &mut Ui, context: &UiContext<'_>, actions: &mut Vec<Action>) {
    if reading::is_ai_hidden(context) {
        let words = "Add what you find: N, then a box on the image.";
        ui.label(RichText::new(words).color(theme().text.normal));
        return;
    }
    let is_any = |is_meant: fn(&AnalysisState) -> bool| context.models.iter().any(|model| is_meant(&model.state));
    if is_any(|state| matches!(state, AnalysisState::Running(_))) {
        ui.label(RichText::new("The models are looking at this study…").color(theme().text.weak));
    } else if is_any(|state| matches!(state, AnalysisState::Done)) {
        ui.label(RichText::new("Nothing was flagged. This does not exclude disease.").color(theme().text.normal));
    } else if is_any(|state| matches!(state, AnalysisState::NotRun)) {
        ui.label(RichText::new("No model has looked at this study yet.").color(theme().text.weak));
        ui.add_space(4.0);
        if ui.add(main_button("Run models")).clicked() {
            actions.push(AnalysisAction::RunAll.into());
        }
    } else {
        ui.label(RichText::new("No findings. Press N to add your own.").color(theme().text.weak));
    }
}

/// Moves the line between what is listed and what is folded away, for all models alike.
fn threshold_ui(ui: &mut Ui, session: &ReviewSession, view: &mut ViewState) {
    if !session.findings().iter().any(|review| review.margin().is_some()) {
        return;
    }
    let shift = &mut view.transient.list.threshold_shift;
    ui.horizontal(|ui| {
        ui.label(RichText::new("Threshold").small().color(theme().text.weak));
        ui.spacing_mut().slider_width = 110.0;
        let slider = ui.add(Slider::new(shift, -0.5..=0.5).show_value(false).step_by(0.01));
        let now = *shift;
        slider.widget_info(|| WidgetInfo::slider(true, now, "Threshold, from the operating points"));
        if slider.double_clicked() {
            *shift = 0.0;
        }
        let words = if shift.abs() < 0.005 { "at the operating points".to_owned() } else { format!("{shift:+.2}") };
        ui.label(RichText::new(words).small().color(theme().text.weak))
            .on_hover_text("Lists more or fewer findings. What is decided always stays in sight.");
        if *shift != 0.0 && ui.small_button("Reset").clicked() {
            *shift = 0.0;
        }
    });
}

/// What is decided for several at once: only what was on screen is accepted, only what repeats another is rejected.
fn together_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    session: &ReviewSession,
    view: &mut ViewState,
    actions: &mut Vec<Action>,
) {
    let n_seen = session.findings().iter().filter(|review| review.is_unreviewed() && review.was_displayed).count();
    ui.horizontal(|ui| {
        let words = if n_seen > 0 { format!("Accept all seen ({n_seen})") } else { "Accept all seen".to_owned() };
        let tip = hint(
            ui.ctx(),
            "Accept every undecided finding whose image was on screen",
            KeyCommand::Review(ReviewKey::AcceptDisplayed),
        );
        let button = Button::new(RichText::new(words).small()).small();
        if ui.add_enabled(n_seen > 0, button).on_hover_text(tip).clicked() {
            deciding::accept_displayed(context, view, actions);
        }
        let tip = hint(
            ui.ctx(),
            "Reject what says the same of the same place as the selected finding",
            KeyCommand::Review(ReviewKey::RejectDuplicates),
        );
        let button = Button::new(RichText::new("Reject duplicates").small()).small();
        let has_some = deciding::has_duplicates(context, view);
        if ui.add_enabled(has_some, button).on_hover_text(tip).clicked() {
            deciding::reject_duplicates(context, view, actions);
        }
    });
}

fn list_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    session: &ReviewSession,
    view: &mut ViewState,
    actions: &mut Vec<Action>,
) {
    let listed = finding_list::listed(session, &view.transient.list);
    let (below, top): (Vec<Listed<'_>>, Vec<Listed<'_>>) = listed.into_iter().partition(|line| line.is_below);
    let is_models = |line: &&Listed<'_>| line.review.finding.is_flagged() && line.review.finding.is_suggested();
    if top.iter().chain(&below).filter(is_models).count() == 0 && !session.is_ai_hidden() {
        ui.label(RichText::new("Nothing was flagged. This does not exclude disease.").color(theme().text.normal));
    }
    for line in &top {
        row_ui(ui, context, line, view, actions);
    }
    ui.add_space(4.0);
    threshold_ui(ui, session, view);
    if below.is_empty() {
        return;
    }
    let n_flagged = below.iter().filter(is_models).count();
    let title = match n_flagged {
        0 => format!("Not flagged (does not exclude)  {}", below.len()),
        n => format!("Below your threshold  {}, {n} of them flagged", below.len()),
    };
    let color = if n_flagged > 0 { theme().state.warning } else { theme().text.weak };
    let selected = deciding::selected(context, view).map(|review| review.finding.id.clone());
    let is_selected_below = selected.is_some_and(|id| below.iter().any(|line| line.review.finding.id == id));
    let folded = CollapsingHeader::new(RichText::new(title).color(color))
        .id_salt("below operating point")
        .default_open(false)
        .open(is_selected_below.then_some(true))
        .show(ui, |ui| {
            for line in &below {
                row_ui(ui, context, line, view, actions);
            }
        });
    view.transient.list.below_threshold_open = folded.openness > 0.5;
}

fn row_ui(ui: &mut Ui, context: &UiContext<'_>, line: &Listed<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    let review = line.review;
    let finding = &review.finding;
    let shows_score = reading::presentation(context).score;
    let is_selected = context.open_study.and_then(|study| view.selected(&study.uid)) == Some(&finding.id);
    let state = MarkState::of(review);
    let builder = UiBuilder::new().id_salt(&finding.id).sense(Sense::click());
    let inner = ui.scope_builder(builder, |ui| {
        let is_hovered = ui.response().hovered();
        let ground = match (is_selected, is_hovered) {
            (true, _) => theme().surface.selected.0,
            (false, true) => theme().surface.hovered.0,
            (false, false) => theme().surface.raised.0,
        };
        let rim = if is_selected { theme().accent.main } else { theme().surface.line };
        Frame::new()
            .fill(ground)
            .stroke(Stroke::new(1.0, rim))
            .corner_radius(5)
            .inner_margin(Margin::symmetric(9, 6))
            .outer_margin(Margin { left: if line.repeats.is_some() { 16 } else { 0 }, ..Margin::ZERO })
            .show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.spacing_mut().item_spacing = egui::vec2(7.0, 2.0);
                ui.spacing_mut().interact_size.y = 16.0;
                row_text_ui(ui, line, state, shows_score, actions);
            });
    });
    let response = inner.response;
    let label = format!("{}, {}", finding.label.name, state.word());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_selected, &label));
    let clip = ui.clip_rect();
    after_row(context, &response, clip, &finding.id, is_selected, view);
}

fn after_row(
    context: &UiContext<'_>,
    response: &Response,
    clip: Rect,
    id: &FindingId,
    is_selected: bool,
    view: &mut ViewState,
) {
    if response.clicked() {
        deciding::select(context, view, id);
    }
    // The panels may still be finding their size: a list that has become shorter scrolls again.
    let scrolled_to = (id.clone(), clip.height());
    if is_selected && view.transient.list.scrolled_to.as_ref() != Some(&scrolled_to) {
        view.transient.list.scrolled_to = Some(scrolled_to);
        if !clip.expand(1.0).contains_rect(response.rect) {
            response.scroll_to_me(Some(Align::Center));
        }
    }
}

fn row_text_ui(ui: &mut Ui, line: &Listed<'_>, state: MarkState, shows_score: bool, actions: &mut Vec<Action>) {
    let review = line.review;
    let finding = &review.finding;
    ui.horizontal(|ui| {
        state_icon(ui, state);
        let label = review.decision.as_ref().and_then(|decision| decision.details.label.as_ref());
        let name = RichText::new(&label.unwrap_or(&finding.label).name).color(theme().text.strong);
        ui.label(if state == MarkState::Rejected { name.strikethrough() } else { name });
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            line_sample(ui, state, Stroke::new(1.8, faded(family_color(finding), state.opacity())));
            ui.label(RichText::new(state.word()).small().color(state.color()));
        });
    });
    if let Some(assessment) = finding.assessment.as_ref().filter(|_| shows_score) {
        ui.label(RichText::new(assessment.sentence()).small().color(theme().text.normal));
    }
    ui.horizontal(|ui| {
        let by = match finding.model_run() {
            Some(run) => format!("{} {}", run.model.name, run.model.version),
            None => match &finding.origin {
                Origin::Reader(reader) => reader.to_string(),
                Origin::Document(source) => format!("From file: {}", source.words()),
                Origin::Model(_) => String::new(),
            },
        };
        let by = match line.repeats {
            Some(Some(overlap)) => format!("{by} · repeats the one above, overlap {overlap:.2}"),
            Some(None) => format!("{by} · repeats the one above"),
            None => by,
        };
        ui.label(RichText::new(by).small().color(theme().text.weak));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| keeping_ui(ui, review, actions));
    });
}

/// Only what the record has confirmed is said to be kept.
fn keeping_ui(ui: &mut Ui, review: &FindingReview, actions: &mut Vec<Action>) {
    let is_touched = review.decision.is_some() || !review.history.is_empty() || !review.finding.is_suggested();
    match &review.keeping {
        Keeping::NotSaved(reason) => {
            if ui.small_button("Retry").on_hover_text("Try to keep it again").clicked() {
                actions.push(ReviewAction::RetrySaving.into());
            }
            let words = RichText::new("NOT SAVED").small().strong().color(theme().state.error);
            ui.label(words).on_hover_text(reason);
        }
        Keeping::Pending if is_touched => {
            ui.label(RichText::new("saving…").small().color(theme().text.weak));
        }
        Keeping::Kept if review.adjudicated.is_some() => {
            let adjudicated = review.adjudicated.as_ref().map_or("", Decision::words);
            ui.label(RichText::new(format!("adjudicated: {adjudicated}")).small().color(theme().state.good));
        }
        Keeping::Kept if is_touched => {
            ui.label(RichText::new("kept").small().color(theme().state.good));
        }
        Keeping::Pending | Keeping::Kept => {}
    }
}
