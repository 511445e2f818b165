//! The end of a correction: a revision with its figures, the finding accepted as modified, and the way to the next mask.

use std::sync::Arc;

use crate::domain::decision::Verdict;
use crate::domain::mask_edit::{MaskChange, MaskRevision, MaskStep, SegmentFigures};
use crate::review::mask_acts::MaskReview;
use crate::ui::action::{Action, MaskAction};
use crate::ui::context::UiContext;
use crate::ui::deciding;
use crate::ui::masks::{Finishing, acts, outlining, proposing, tasks};
use crate::ui::view_state::ViewState;

/// Enter: a proposal or an outline first; else the mask is accepted as it is.
pub fn enter(context: &UiContext<'_>, view: &mut ViewState) {
    if let Some(pane) = view.transient.masks.in_hand.outline.as_ref().map(|outline| outline.pane) {
        return outlining::close(context, view, pane);
    }
    if view.transient.masks.in_hand.proposal.is_some() {
        return proposing::accept(context, view);
    }
    finish(context, view, Finishing::AcceptAndGoOn);
}

/// Closes the mask as a revision; its figures are computed first.
pub fn finish(context: &UiContext<'_>, view: &mut ViewState, finishing: Finishing) {
    view.transient.hint = None;
    if let Some(reason) = deciding::obstacle(context) {
        view.transient.hint = Some(reason);
        return;
    }
    let Some(desk) = &view.transient.masks.open else { return };
    let n_unrevised = acts::review_of(context, &desk.subject).map_or(0, MaskReview::n_unrevised);
    if n_unrevised == 0 && !desk.has_unsettled() {
        // Nothing changed: the model's mask stands, and so does the plain acceptance
        return go_on_unchanged(context, view, finishing);
    }
    view.transient.masks.work.finishing = Some(finishing);
    view.transient.masks.work.figures_asked = None;
}

fn go_on_unchanged(context: &UiContext<'_>, view: &mut ViewState, finishing: Finishing) {
    let has_finding = view.transient.masks.open.as_ref().is_some_and(|desk| desk.subject.finding.is_some());
    match finishing {
        Finishing::Revise => view.transient.hint = Some("Nothing has changed since the last revision.".to_owned()),
        Finishing::AcceptAndGoOn => {
            let mut actions: Vec<Action> = Vec::new();
            if has_finding {
                deciding::decide_selected(context, view, &mut actions, Verdict::Accepted);
            }
            view.transient.masks.asked.append(&mut actions);
            next_mask(context, view);
        }
    }
}

pub fn finish_with(
    context: &UiContext<'_>,
    view: &mut ViewState,
    finishing: Finishing,
    figures: Vec<SegmentFigures>,
    voxels_sha256: String,
) {
    let masks = &mut view.transient.masks;
    let Some(desk) = &masks.open else { return };
    let review = acts::review_of(context, &desk.subject);
    let parent = review.and_then(|review| review.revisions.last()).map(|revision| revision.event.clone());
    let effort = review.map(|review| review.effort).unwrap_or_default();
    let revision = MaskRevision { parent, segments: figures, effort, voxels_sha256 };
    let subject = desk.subject.clone();
    let change = MaskChange { mask: subject.clone(), step: MaskStep::Revised(revision) };
    masks.asked.push(MaskAction::Change(Arc::new(change)).into());
    if finishing == Finishing::AcceptAndGoOn {
        if subject.finding.is_some() {
            let mut actions: Vec<Action> = Vec::new();
            deciding::accept_modified_mask(context, view, &mut actions);
            view.transient.masks.asked.append(&mut actions);
        }
        next_mask(context, view);
    } else {
        view.transient.hint = Some("Revision kept.".to_owned());
    }
}

/// On to the next mask of the task list, when the reader wants that; else the mask is closed.
fn next_mask(context: &UiContext<'_>, view: &mut ViewState) {
    let next = view.transient.masks.settings.goes_on.then(|| tasks::next(context, view)).flatten();
    match next {
        Some(subject) => {
            if let Some(finding) = subject.finding.clone() {
                acts::open_finding(context, view, &finding);
            } else {
                acts::open(context, view, subject);
            }
        }
        None => acts::close(view),
    }
}
