//! From a key or a button to a decision: the guards a reader meets before the review refuses, and the way on.

use crate::domain::decision::{Seen, Verdict};
use crate::domain::finding::{Finding, Place};
use crate::domain::study::Study;
use crate::domain::uid::FindingId;
use crate::imaging::view::ImageGrid;
use crate::review::rules::Refusal;
use crate::review::session::FindingReview;
use crate::ui::action::{Action, DecisionRequest, ReviewAction};
use crate::ui::context::{StoreState, UiContext};
use crate::ui::dialogs::Dialog;
use crate::ui::planes;
use crate::ui::view_state::{LookAt, ViewState};
use crate::ui::viewport::shown::Shown;

/// The selected finding of the open study.
pub fn selected<'a>(context: &UiContext<'a>, view: &ViewState) -> Option<&'a FindingReview> {
    let id = view.selected(&context.open_study?.uid)?;
    context.session?.finding(id)
}

/// Selects a finding and opens its image; or, where planes through its series are on screen, brings them to it.
pub fn select(context: &UiContext<'_>, view: &mut ViewState, id: &FindingId) {
    let Some(study) = context.open_study else { return };
    let Some(review) = context.session.and_then(|session| session.finding(id)) else { return };
    if planes::go_to_finding(context, view.look_mut(&study.uid), study, &review.finding) {
        view.look_mut(&study.uid).selected = Some(id.clone());
        view.transient.drafts.comment = None;
        view.transient.hint = None;
        return;
    }
    open(context, view, id);
}

/// Selects a finding and opens its image.
pub fn open(context: &UiContext<'_>, view: &mut ViewState, id: &FindingId) {
    let Some(study) = context.open_study else { return };
    let Some(review) = context.session.and_then(|session| session.finding(id)) else { return };
    let subject = &review.finding.subject;
    let look = view.look_mut(&study.uid);
    look.selected = Some(id.clone());
    if look.show_image(study, &subject.sop, subject.frame) {
        center_on(study, look, &review.finding);
    }
    view.transient.drafts.comment = None;
    view.transient.hint = None;
}

/// Brings a finding's place into the middle of a picture that is zoomed in.
fn center_on(study: &Study, look: &mut LookAt, finding: &Finding) {
    let Some((_, instance)) = study.instance(&finding.subject.sop) else { return };
    let shown = look.view_mut();
    if let Some(region) = finding.place.region().filter(|_| !shown.is_fit) {
        shown.view = shown.view.centered_on(region.center(), &ImageGrid::of(instance));
    }
}

/// The next or previous finding of the list; those below their operating point only while they are listed.
pub fn step_selection(context: &UiContext<'_>, view: &mut ViewState, step: isize) {
    let Some(session) = context.session else { return };
    let is_listed = |review: &&FindingReview| {
        review.finding.is_flagged() || review.decision.is_some() || view.transient.list.below_threshold_open
    };
    let listed: Vec<&FindingReview> = session.findings().iter().filter(is_listed).collect();
    let current = selected(context, view).map(|review| review.finding.id.clone());
    let at = current.and_then(|id| listed.iter().position(|review| review.finding.id == id));
    let next = match at {
        Some(at) => at.saturating_add_signed(step).min(listed.len().saturating_sub(1)),
        None => 0,
    };
    let next = listed.get(next).map(|review| review.finding.id.clone());
    if let Some(id) = next {
        select(context, view, &id);
    }
}

/// What was on screen, when it was this finding's own image.
pub fn seen_of(finding: &Finding, view: &ViewState) -> Option<Seen> {
    let panes = &view.transient.panes;
    let is_drawn = |pane: &usize| panes.errors.get(pane).is_none_or(|error| error.sentence().is_none());
    let mut drawn = panes.painted.iter().filter(|(pane, _)| is_drawn(pane)).map(|(_, painted)| &painted.seen);
    drawn.find(|seen| seen.sop == finding.subject.sop && seen.frame == finding.subject.frame).cloned()
}

/// Why nothing can be decided now, in a sentence.
pub fn obstacle(context: &UiContext<'_>) -> Option<String> {
    if let StoreState::ReadOnly(reason) = context.app.store {
        return Some(reason.clone());
    }
    context.app.reader.is_empty().then(|| Refusal::EmptyReader.to_string())
}

/// Asks for a verdict on the selected finding, then goes to the next unreviewed one.
///
/// Accepting needs the finding's image on screen first: otherwise this shows the image and says so.
pub fn decide_selected(context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>, verdict: Verdict) {
    let Some(review) = selected(context, view) else { return };
    if let Some(reason) = obstacle(context) {
        view.transient.hint = Some(reason);
        return;
    }
    let finding = &review.finding;
    let seen = seen_of(finding, view);
    if verdict == Verdict::Accepted && (seen.is_none() || !review.was_displayed) {
        open(context, view, &finding.id);
        view.transient.hint = Some(Refusal::NotDisplayed.to_string());
        return;
    }
    let comment = match &view.transient.drafts.comment {
        Some((id, text)) if id == &finding.id => text.trim().to_owned(),
        _ => review.decision.as_ref().map_or_else(String::new, |decision| decision.comment.clone()),
    };
    let request = DecisionRequest { finding: finding.id.clone(), verdict, seen, comment };
    actions.push(ReviewAction::Decide(Box::new(request)).into());
    if review.is_unreviewed() {
        go_on(context, view, &finding.id);
    }
}

/// To the next unreviewed finding; stays when this was the last.
fn go_on(context: &UiContext<'_>, view: &mut ViewState, from: &FindingId) {
    let next = context.session.and_then(|session| session.next_unreviewed(Some(from))).filter(|id| *id != from);
    match next.cloned() {
        Some(id) => select(context, view, &id),
        None => {
            view.transient.drafts.comment = None;
            view.transient.hint = Some("All flagged findings are reviewed.".to_owned());
        }
    }
}

/// Opens the palette of reasons for the selected finding.
pub fn ask_reasons(context: &UiContext<'_>, view: &mut ViewState) {
    let Some(review) = selected(context, view) else { return };
    if let Some(reason) = obstacle(context) {
        view.transient.hint = Some(reason);
        return;
    }
    let (chosen, text) = match review.decision.as_ref().map(|decision| &decision.verdict) {
        Some(Verdict::Rejected { reasons, text }) => (reasons.clone(), text.clone()),
        _ => (Vec::new(), String::new()),
    };
    view.dialogs.push(Dialog::RejectReasons { finding: review.finding.id.clone(), chosen, text });
}

/// Waits for a box on the image; asked a second time it takes the whole image.
pub fn start_new_finding(context: &UiContext<'_>, view: &mut ViewState) {
    let Some(study) = context.open_study else { return };
    if let Some(reason) = obstacle(context) {
        view.transient.hint = Some(reason);
        return;
    }
    let look = view.looks.get(&study.uid);
    if look.is_some_and(|look| planes::axis_of_pane(look, look.stage.active).is_some()) {
        view.transient.hint = Some("Findings are added on the images themselves: leave the planes first".to_owned());
        return;
    }
    if !view.transient.pointer.is_drawing_finding {
        view.transient.pointer.is_drawing_finding = true;
        return;
    }
    view.transient.pointer.is_drawing_finding = false;
    let Some(shown) = Shown::of(context, view.looks.get(&study.uid), &mut view.transient) else { return };
    let subject = shown.subject();
    view.dialogs.push(Dialog::NewFinding { subject, place: Place::WholeImage, label: String::new() });
}
