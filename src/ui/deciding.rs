//! From a key or a button to a decision: the guards a reader meets before the review refuses, and the way on.

use crate::domain::decision::{RejectReason, Seen, Verdict};
use crate::domain::details::{DecisionDetails, Modification};
use crate::domain::finding::{Finding, Place};
use crate::domain::study::Study;
use crate::domain::uid::FindingId;
use crate::imaging::view::ImageGrid;
use crate::review::grouping;
use crate::review::rules::Refusal;
use crate::review::session::{FindingReview, ReviewSession};
use crate::ui::action::{Action, DecisionRequest, ReviewAction};
use crate::ui::attention;
use crate::ui::context::{StoreState, UiContext};
use crate::ui::dialogs::Dialog;
use crate::ui::dialogs::finding_details::DetailsDraft;
use crate::ui::finding_list;
use crate::ui::planes;
use crate::ui::view_state::{LookAt, ViewState};
use crate::ui::viewport::shown::Shown;
use crate::ui::words::counted;

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

/// The next or previous finding of the list; those below the threshold only while they are unfolded.
pub fn step_selection(context: &UiContext<'_>, view: &mut ViewState, step: isize) {
    let Some(session) = context.session else { return };
    let is_open = view.transient.list.below_threshold_open;
    let lines = finding_list::listed(session, &view.transient.list);
    let listed: Vec<&FindingReview> =
        lines.into_iter().filter(|line| !line.is_below || is_open).map(|line| line.review).collect();
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

/// What was on screen, when it was this finding's own image, with how long and how it was looked at.
pub fn seen_of(context: &UiContext<'_>, finding: &Finding, view: &ViewState) -> Option<Seen> {
    let seen = attention::painted_of(finding, view)?.clone();
    Some(attention::complete(context, view, context.open_study?, finding, seen))
}

/// Why nothing can be decided now, in a sentence.
pub fn obstacle(context: &UiContext<'_>) -> Option<String> {
    if let StoreState::ReadOnly(reason) | StoreState::Locked(reason) | StoreState::Unmade(reason) = context.app.store {
        return Some(reason.clone());
    }
    if context.app.reader.is_empty() {
        return Some(Refusal::EmptyReader.to_string());
    }
    let signature = context.session.and_then(|session| session.course().closed_for(context.app.reader));
    signature.map(|signature| Refusal::SignedOff(signature.reader.clone()).to_string())
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
    let seen = seen_of(context, finding, view);
    if verdict == Verdict::Accepted && (seen.is_none() || !review.was_displayed) {
        open(context, view, &finding.id);
        view.transient.hint = Some(Refusal::NotDisplayed.to_string());
        return;
    }
    let comment = match &view.transient.drafts.comment {
        Some((id, text)) if id == &finding.id => text.trim().to_owned(),
        _ => review.decision.as_ref().map_or_else(String::new, |decision| decision.comment.clone()),
    };
    let details = details_of(review, view);
    view.transient.drafts.details = None;
    let request = DecisionRequest { finding: finding.id.clone(), verdict, seen, comment, details };
    actions.push(ReviewAction::Decide(Box::new(request)).into());
    if review.is_unreviewed() {
        go_on(context, view, &finding.id);
    }
}

/// Accepts everything flagged and undecided whose image was on screen in this session, and nothing else.
pub fn accept_displayed(context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    let (Some(study), Some(session)) = (context.open_study, context.session) else { return };
    if let Some(reason) = obstacle(context) {
        view.transient.hint = Some(reason);
        return;
    }
    let requests: Vec<DecisionRequest> = session
        .findings()
        .iter()
        .filter(|review| review.is_unreviewed() && review.was_displayed)
        .filter_map(|review| {
            let finding = &review.finding;
            let mut seen = attention::last_seen(context, view, study, finding)?;
            seen.circumstances.is_bulk = true;
            let (verdict, details) = (Verdict::Accepted, DecisionDetails::default());
            let id = finding.id.clone();
            Some(DecisionRequest { finding: id, verdict, seen: Some(seen), comment: String::new(), details })
        })
        .collect();
    let n_left = session.counts().n_unreviewed - requests.len().min(session.counts().n_unreviewed);
    let words = match (requests.len(), n_left) {
        (0, _) => "No undecided finding was on screen yet.".to_owned(),
        (n, 0) => format!("{} accepted.", counted(n, "finding")),
        (n, left) => format!("{} accepted; {left} not yet on screen.", counted(n, "finding")),
    };
    view.transient.hint = Some(words);
    if !requests.is_empty() {
        actions.push(ReviewAction::DecideMany(requests).into());
    }
}

/// Whether an undecided finding repeats the selected one, or is repeated by it.
pub fn has_duplicates(context: &UiContext<'_>, view: &ViewState) -> bool {
    let (Some(session), Some(selected)) = (context.session, selected(context, view)) else { return false };
    !duplicates_of(session, &selected.finding.id).is_empty()
}

/// The undecided findings of the same group.
fn duplicates_of<'a>(session: &'a ReviewSession, selected: &FindingId) -> Vec<&'a FindingReview> {
    let groups = grouping::groups(session.findings());
    let is_in = |group: &&grouping::Group| {
        &group.lead == selected || group.others.iter().any(|other| &other.finding == selected)
    };
    let Some(group) = groups.iter().find(is_in) else { return Vec::new() };
    let members = std::iter::once(&group.lead).chain(group.others.iter().map(|other| &other.finding));
    let others = members.filter(|id| *id != selected).filter_map(|id| session.finding(id));
    others.filter(|review| review.decision.is_none()).collect()
}

/// Rejects those that repeat the selected finding, as duplicates of it.
pub fn reject_duplicates(context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    let (Some(session), Some(selected)) = (context.session, selected(context, view)) else { return };
    if let Some(reason) = obstacle(context) {
        view.transient.hint = Some(reason);
        return;
    }
    let requests: Vec<DecisionRequest> = duplicates_of(session, &selected.finding.id)
        .into_iter()
        .map(|review| DecisionRequest {
            finding: review.finding.id.clone(),
            verdict: Verdict::Rejected { reasons: vec![RejectReason::Duplicate], text: String::new() },
            seen: None,
            comment: String::new(),
            details: DecisionDetails::default(),
        })
        .collect();
    if requests.is_empty() {
        view.transient.hint = Some("No undecided finding repeats this one.".to_owned());
        return;
    }
    view.transient.hint = Some(format!("{} rejected as duplicate.", counted(requests.len(), "finding")));
    actions.push(ReviewAction::DecideMany(requests).into());
}

/// What is said of a finding besides the verdict: as it is being written, else as it was kept.
pub fn details_of(review: &FindingReview, view: &ViewState) -> DecisionDetails {
    match &view.transient.drafts.details {
        Some((id, details)) if id == &review.finding.id => details.clone(),
        _ => review.decision.as_ref().map(|decision| decision.details.clone()).unwrap_or_default(),
    }
}

/// Keeps what was said besides the verdict: with the decision where there is one, else with the one to come. A reader's
/// own finding is decided by being made.
pub fn keep_details(
    context: &UiContext<'_>,
    view: &mut ViewState,
    actions: &mut Vec<Action>,
    id: &FindingId,
    details: DecisionDetails,
) {
    let Some(review) = context.session.and_then(|session| session.finding(id)) else { return };
    if details == details_of(review, view) {
        return;
    }
    let is_own = !review.finding.is_suggested();
    let kept = review.decision.as_ref().map(|decision| decision.verdict.clone());
    let Some(verdict) = kept.or(is_own.then_some(Verdict::Accepted)) else {
        view.transient.drafts.details = Some((id.clone(), details));
        return;
    };
    let seen = seen_of(context, &review.finding, view);
    let comment = review.decision.as_ref().map_or_else(String::new, |decision| decision.comment.clone());
    let request = DecisionRequest { finding: id.clone(), verdict, seen, comment, details };
    actions.push(ReviewAction::Decide(Box::new(request)).into());
}

/// Opens what is said of the selected finding besides the verdict.
pub fn ask_details(context: &UiContext<'_>, view: &mut ViewState) {
    let Some(review) = selected(context, view) else { return };
    if let Some(reason) = obstacle(context) {
        view.transient.hint = Some(reason);
        return;
    }
    let details = details_of(review, view);
    view.dialogs.push(Dialog::FindingDetails(DetailsDraft::new(review.finding.id.clone(), details)));
}

/// To the next unreviewed finding; stays when this was the last.
pub fn go_on(context: &UiContext<'_>, view: &mut ViewState, from: &FindingId) {
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

/// Accepts a finding with its mask, after modification where the reader changed it. The picture need not be on screen any
/// more: whoever corrects a mask in a stack ends on another slice. False when it may not be; the hint says why.
pub fn accept_mask(
    context: &UiContext<'_>,
    view: &mut ViewState,
    id: &FindingId,
    is_modified: bool,
    actions: &mut Vec<Action>,
) -> bool {
    let Some((study, review)) = context.open_study.zip(context.session.and_then(|session| session.finding(id))) else {
        return false;
    };
    if let Some(reason) = obstacle(context) {
        view.transient.hint = Some(reason);
        return false;
    }
    let finding = &review.finding;
    let seen = seen_of(context, finding, view).or_else(|| attention::last_seen(context, view, study, finding));
    if seen.is_none() || !review.was_displayed {
        open(context, view, id);
        view.transient.hint = Some(Refusal::NotDisplayed.to_string());
        return false;
    }
    let mut details = details_of(review, view);
    let is_said = details.modifications.iter().any(|one| !matches!(one, Modification::Label | Modification::Place));
    if is_modified && !is_said {
        details.modifications.push(Modification::Mask);
    }
    let comment = review.decision.as_ref().map_or_else(String::new, |decision| decision.comment.clone());
    let request = DecisionRequest { finding: id.clone(), verdict: Verdict::Accepted, seen, comment, details };
    actions.push(ReviewAction::Decide(Box::new(request)).into());
    true
}
