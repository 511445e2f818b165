//! The segments of the open mask: those that come in, go, are locked, and come apart by islands.

use std::sync::Arc;

use crate::domain::coding::CodedConcept;
use crate::domain::mask_edit::{MaskChange, MaskStep, SegmentInfo};
use crate::segmentation::islands::{self, Neighbors};
use crate::segmentation::operation::Operation;
use crate::segmentation::segment_set::{SegmentLayer, Sharing};
use crate::segmentation::voxel_mask::VoxelMask;
use crate::ui::action::MaskAction;
use crate::ui::context::UiContext;
use crate::ui::masks::desk::MaskDesk;
use crate::ui::masks::{MaskMemory, acts, stroke};
use crate::ui::view_state::ViewState;

/// Islands beyond these stay together in the last.
const MOST_PARTS: usize = 8;

pub fn add_segment(view: &mut ViewState, name: &str, code: Option<CodedConcept>, color: Option<[u8; 3]>) {
    let masks = &mut view.transient.masks;
    let Some(desk) = &mut masks.open else { return };
    let info = desk.fresh_segment(name, code, color);
    define(masks, info);
}

/// A segment as it is to be called and colored from now on.
pub fn define(masks: &mut MaskMemory, segment: SegmentInfo) {
    let Some(desk) = &masks.open else { return };
    let change = MaskChange { mask: desk.subject.clone(), step: MaskStep::SegmentDefined { segment } };
    masks.asked.push(MaskAction::Change(Arc::new(change)).into());
}

pub fn remove_segment(view: &mut ViewState, segment: usize) {
    let masks = &mut view.transient.masks;
    let Some(desk) = &masks.open else { return };
    if let Err(refusal) = desk.set.check(segment) {
        view.transient.hint = Some(refusal.to_string());
        return;
    }
    let Some(segment) = desk.info(segment).map(|info| info.id.clone()) else { return };
    let change = MaskChange { mask: desk.subject.clone(), step: MaskStep::SegmentRemoved { segment } };
    masks.asked.push(MaskAction::Change(Arc::new(change)).into());
}

/// The next or previous segment.
pub fn step_segment(masks: &mut MaskMemory, step: isize) {
    let Some(desk) = &mut masks.open else { return };
    let n = desk.segments.len();
    if n > 0 {
        desk.active = (desk.active + n).saturating_add_signed(step) % n;
    }
}

pub fn toggle_lock(masks: &mut MaskMemory, segment: usize) {
    if let Some(SegmentLayer { is_locked, .. }) = masks.open.as_mut().and_then(|desk| desk.set.layers.get_mut(segment))
    {
        *is_locked = !*is_locked;
    }
}

pub fn set_sharing(masks: &mut MaskMemory, sharing: Sharing) {
    masks.settings.sharing = sharing;
    if let Some(desk) = &mut masks.open {
        desk.set.sharing = sharing;
    }
}

/// Each island a segment of its own: empty segments are asked for first, and the work waits for them.
pub fn split_islands(context: &UiContext<'_>, view: &mut ViewState) {
    let Some(desk) = &view.transient.masks.open else { return };
    if let Some(reason) = stroke::obstacle(context, &view.transient.masks, None) {
        view.transient.hint = Some(reason);
        return;
    }
    let Some(mask) = desk.set.mask(desk.active) else { return };
    let n_parts = islands::split(mask, Neighbors::Faces, MOST_PARTS).len();
    if n_parts < 2 {
        view.transient.hint = Some("There is only one island: nothing to split.".to_owned());
        return;
    }
    let n_missing = (n_parts - 1).saturating_sub(empty_segments(desk).len());
    let name = desk.info(desk.active).map_or_else(String::new, |info| info.name.clone());
    let code = desk.info(desk.active).and_then(|info| info.code.clone());
    let fresh: Vec<SegmentInfo> = (0..n_missing)
        .map(|n| {
            let segment = desk.fresh_segment(&format!("{name} {}", n + 2), code.clone(), None);
            // Several are asked for before the review has the first
            SegmentInfo { id: format!("{}-{n}", segment.id), color: desk.color_after(n), ..segment }
        })
        .collect();
    view.transient.masks.work.split = Some((desk.active, n_parts - 1));
    fresh.into_iter().for_each(|segment| define(&mut view.transient.masks, segment));
}

fn empty_segments(desk: &MaskDesk) -> Vec<usize> {
    let is_empty = |at: &usize| desk.set.mask(*at).is_some_and(VoxelMask::is_empty);
    (0..desk.segments.len()).filter(|at| *at != desk.active).filter(is_empty).collect()
}

/// The segments that a split waits for are there.
pub fn split_when_ready(context: &UiContext<'_>, view: &mut ViewState) {
    let masks = &mut view.transient.masks;
    let (Some((segment, n_wanted)), Some(desk)) = (masks.work.split, &mut masks.open) else { return };
    let n_there = empty_segments(desk).len();
    if n_there < n_wanted && desk.active == segment {
        return;
    }
    // The last that came is in hand now; what is split is the one before
    desk.active = segment;
    let into = empty_segments(desk);
    if into.len() >= n_wanted {
        masks.work.split = None;
        acts::run(context, view, Operation::SplitIslands { into });
    }
}
