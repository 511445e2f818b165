//! The end of a correction: a revision with its figures, the finding accepted as modified, and the way to the next mask.

use std::sync::Arc;

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
    match finishing {
        Finishing::Revise => view.transient.hint = Some("Nothing has changed since the last revision.".to_owned()),
        Finishing::AcceptAndGoOn => {
            // A correction that was kept as a revision before stays one
            let subject = view.transient.masks.open.as_ref().map(|desk| desk.subject.clone());
            let is_modified = subject
                .and_then(|subject| acts::review_of(context, &subject))
                .is_some_and(|review| !review.edits.is_empty());
            if accept(context, view, is_modified) {
                next_mask(context, view);
            }
        }
    }
}

/// True when the way to the next mask is free; a reader's own mask has nothing to accept.
fn accept(context: &UiContext<'_>, view: &mut ViewState, is_modified: bool) -> bool {
    let finding = view.transient.masks.open.as_ref().and_then(|desk| desk.subject.finding.clone());
    let Some(finding) = finding else { return true };
    let mut actions: Vec<Action> = Vec::new();
    let is_accepted = deciding::accept_mask(context, view, &finding, is_modified, &mut actions);
    view.transient.masks.asked.append(&mut actions);
    is_accepted
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
    let change = MaskChange { mask: desk.subject.clone(), step: MaskStep::Revised(revision) };
    masks.asked.push(MaskAction::Change(Arc::new(change)).into());
    if finishing == Finishing::AcceptAndGoOn {
        if accept(context, view, true) {
            next_mask(context, view);
        }
    } else {
        view.transient.hint = Some("Revision kept.".to_owned());
    }
}

/// On to the next mask of the task list, when the reader wants that; else the mask is closed.
fn next_mask(context: &UiContext<'_>, view: &mut ViewState) {
    let next = view.transient.masks.settings.goes_on.then(|| tasks::next(view)).flatten();
    match next {
        Some(subject) => {
            if let Some(finding) = subject.finding.clone() {
                acts::open_finding(context, view, &finding);
            } else {
                acts::open(context, view, subject);
            }
        }
        None => {
            let finding = view.transient.masks.open.as_ref().and_then(|desk| desk.subject.finding.clone());
            let goes_on = view.transient.masks.settings.goes_on;
            acts::close(view);
            if let Some(finding) = finding.filter(|_| goes_on) {
                deciding::go_on(context, view, &finding);
            }
        }
    }
}
