//! The smart click on screen: a click or a box asks for a proposal, the slider makes it larger or smaller, Enter takes it.

use std::sync::Arc;

use crate::domain::geometry::PixelBox;
use crate::domain::shape::Point;
use crate::segmentation::polygon::PicturePose;
use crate::segmentation::proposal::{Hint, Proposal};
use crate::segmentation::voxel_mask::VoxelMask;
use crate::ui::context::UiContext;
use crate::ui::masks::footing::{Footing, values_of};
use crate::ui::masks::{acts, stroke};
use crate::ui::view_state::ViewState;

/// Less than this between press and release is a click, pixels of the picture.
const CLICK_PX: f64 = 4.0;

pub struct SmartProposal {
    pub pane: usize,
    pub pose: PicturePose,
    from: Point,
    to: Point,
    /// The button is still down.
    is_drawn: bool,
    /// `None` until it is there.
    proposal: Option<Arc<Proposal>>,
    /// Of the slider, 0 to 1.
    pub share: f64,
    /// The region at that share.
    pub region: Option<Arc<VoxelMask>>,
    made_at: f64,
}

impl SmartProposal {
    /// The box being drawn; pixel-center coordinates.
    pub fn drawn_box(&self) -> Option<[Point; 2]> {
        (self.is_drawn && is_box(self.from, self.to)).then_some([self.from, self.to])
    }

    pub fn is_ready(&self) -> bool {
        self.proposal.is_some()
    }

    /// The region follows the slider.
    pub fn follow_slider(&mut self) {
        if self.made_at == self.share {
            return;
        }
        if let Some(proposal) = &self.proposal {
            self.region = Some(Arc::new(proposal.region(self.share)));
            self.made_at = self.share;
        }
    }
}

fn is_box(from: Point, to: Point) -> bool {
    (from[0] - to[0]).abs() > CLICK_PX && (from[1] - to[1]).abs() > CLICK_PX
}

pub fn press(context: &UiContext<'_>, view: &mut ViewState, pane: usize, footing: &Footing, at: Point) {
    if footing.pose.slice().is_none() {
        view.transient.hint = Some("The smart click works on the images themselves, not on planes.".to_owned());
        return;
    }
    if !acts::has_values(context, view) {
        return;
    }
    view.transient.masks.in_hand.proposal = Some(SmartProposal {
        pane,
        pose: footing.pose,
        from: at,
        to: at,
        is_drawn: true,
        proposal: None,
        share: 0.5,
        region: None,
        made_at: f64::NAN,
    });
}

pub fn moves(
    context: &UiContext<'_>,
    view: &mut ViewState,
    pane: usize,
    footing: &Footing,
    at: Point,
    is_released: bool,
) {
    let masks = &mut view.transient.masks;
    let Some(smart) = masks.in_hand.proposal.as_mut().filter(|smart| smart.pane == pane) else { return };
    if smart.pose != footing.pose {
        masks.in_hand.proposal = None;
        return;
    }
    if !smart.is_drawn {
        smart.follow_slider();
        return;
    }
    smart.to = at;
    if !is_released {
        return;
    }
    smart.is_drawn = false;
    let Some(desk) = &masks.open else { return };
    let (Ok(values), Some(slice)) = (values_of(context, &desk.subject.ground, &desk.base), smart.pose.slice()) else {
        masks.in_hand.proposal = None;
        return;
    };
    let (from, to) = (smart.from, smart.to);
    let hint = if is_box(from, to) {
        let [x, y] = [0, 1].map(|axis: usize| [from[axis].min(to[axis]), from[axis].max(to[axis])]);
        Hint::Box(PixelBox { x0: x[0] + 0.5, y0: y[0] + 0.5, x1: x[1] + 0.5, y1: y[1] + 0.5 })
    } else {
        Hint::Click(from.map(|at| (at + 0.5).max(0.0) as u32))
    };
    let prior = desk.likelihood_of(desk.active, slice).map(AsRef::as_ref);
    match Proposal::new(&values, slice, hint, prior) {
        Some(proposal) => {
            smart.share = proposal.suggested;
            smart.proposal = Some(Arc::new(proposal));
            smart.follow_slider();
        }
        None => masks.in_hand.proposal = None,
    }
}

/// The proposal goes to the segment.
pub fn accept(context: &UiContext<'_>, view: &mut ViewState) {
    let masks = &mut view.transient.masks;
    let Some(smart) = masks.in_hand.proposal.take() else { return };
    if let Some(reason) = stroke::obstacle(context, masks, None) {
        view.transient.hint = Some(reason);
        return;
    }
    let (Some(region), Some(desk)) = (smart.region, &mut masks.open) else { return };
    let before = desk.set.clone();
    let Some(wanted) = desk.set.mask(desk.active).map(|mask| mask.union(&region)) else { return };
    match desk.set.replace(desk.active, &wanted) {
        Ok(()) => {
            masks.touch(None);
            stroke::commit(masks, &before, crate::ui::masks::MaskTool::Smart.code());
        }
        Err(refusal) => view.transient.hint = Some(refusal.to_string()),
    }
}
