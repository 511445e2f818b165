//! Keys while a mask is open. The left hand lies on the letters, the right hand on the mouse.

use crate::segmentation::margin::Within;
use crate::segmentation::operation::Operation;
use crate::ui::context::UiContext;
use crate::ui::masks::{Finishing, MaskTool, acts, finishing, segments, stroke};
use crate::ui::view_state::ViewState;

/// What a key does to the open mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskKey {
    /// Opens the mask of the selected finding, or closes the open one.
    Edit,
    Choose(MaskTool),
    FormerTool,
    Smaller,
    Larger,
    /// The ball or the disc.
    Sphere,
    NextSegment,
    PreviousSegment,
    NewSegment,
    LockSegment,
    Accept,
    Revise,
    Ghost,
    CopyToNext,
    CopyToPrevious,
    Interpolate,
    FillHoles,
    Smooth,
    Grow,
    Shrink,
    KeepLargest,
}

pub fn mask_key(context: &UiContext<'_>, view: &mut ViewState, key: MaskKey) {
    if key == MaskKey::Edit {
        return acts::toggle(context, view);
    }
    if !view.transient.masks.is_open() {
        return;
    }
    let amounts = view.transient.masks.settings.amounts;
    let within = view.transient.masks.settings.within;
    match key {
        MaskKey::Edit => {}
        MaskKey::Choose(tool) => view.transient.masks.choose(tool),
        MaskKey::FormerTool => {
            let former = view.transient.masks.settings.former_tool;
            view.transient.masks.choose(former);
        }
        MaskKey::Smaller => stroke::resize(&mut view.transient.masks, -1.0),
        MaskKey::Larger => stroke::resize(&mut view.transient.masks, 1.0),
        MaskKey::Sphere => {
            let settings = &mut view.transient.masks.settings;
            settings.is_sphere = !settings.is_sphere;
        }
        MaskKey::NextSegment => segments::step_segment(&mut view.transient.masks, 1),
        MaskKey::PreviousSegment => segments::step_segment(&mut view.transient.masks, -1),
        MaskKey::NewSegment => {
            let n = view.transient.masks.open.as_ref().map_or(1, |desk| desk.segments.len() + 1);
            segments::add_segment(view, &format!("Segment {n}"), None, None);
        }
        MaskKey::LockSegment => {
            let active = view.transient.masks.open.as_ref().map_or(0, |desk| desk.active);
            segments::toggle_lock(&mut view.transient.masks, active);
        }
        MaskKey::Accept => finishing::enter(context, view),
        MaskKey::Revise => finishing::finish(context, view, Finishing::Revise),
        MaskKey::Ghost => {
            let settings = &mut view.transient.masks.settings;
            settings.is_ghost_shown = !settings.is_ghost_shown;
        }
        MaskKey::CopyToNext => acts::copy_to_next(context, view, 1),
        MaskKey::CopyToPrevious => acts::copy_to_next(context, view, -1),
        MaskKey::Interpolate => acts::run(context, view, Operation::InterpolateSlices),
        MaskKey::FillHoles if within == Within::Slice => acts::run(context, view, Operation::FillHolesBySlice),
        MaskKey::FillHoles => acts::run(context, view, Operation::FillHoles),
        MaskKey::Smooth => acts::run(context, view, Operation::Median { mm: amounts.smooth_mm }),
        MaskKey::Grow => acts::run(context, view, Operation::Grow { mm: amounts.margin_mm, within }),
        MaskKey::Shrink => acts::run(context, view, Operation::Shrink { mm: amounts.margin_mm, within }),
        MaskKey::KeepLargest => acts::run(context, view, Operation::KeepLargestIsland),
    }
}
