//! Lasso, polygon and live-wire: an outline that grows with the pointer, and what becomes of its inside.

use std::sync::Arc;

use crate::domain::shape::Point;
use crate::segmentation::grid::{Span, VoxelBox, VoxelGrid};
use crate::segmentation::live_wire::LiveWire;
use crate::segmentation::polygon::{enclosed, on_picture};
use crate::segmentation::segment_set::{EditRefusal, Paint};
use crate::segmentation::voxel_mask::VoxelMask;
use crate::ui::context::UiContext;
use crate::ui::masks::desk::MaskDesk;
use crate::ui::masks::footing::{Footing, values_of};
use crate::ui::masks::stroke::{Moves, commit, obstacle, point};
use crate::ui::masks::{Combine, MaskTool, OutlineInHand, acts};
use crate::ui::view_state::ViewState;
use crate::ui::viewport::shown::{Canvas, Shown};

/// The wire sees so far around its last corner, pixels: it is computed with the click.
const WIRE_REACH: u32 = 140;
/// A click this near to the first corner closes an outline, points.
const CLOSING_REACH: f32 = 8.0;

/// A corner where the button went down.
pub struct Corner<'a> {
    pub pane: usize,
    pub canvas: &'a Canvas,
    pub combine: Combine,
    pub at: Point,
    pub moves: &'a Moves,
}

pub fn corner(context: &UiContext<'_>, view: &mut ViewState, footing: &Footing, corner: &Corner<'_>) {
    let Corner { pane, canvas, combine, at, moves } = *corner;
    let tool = view.transient.masks.settings.tool;
    let known = view.transient.masks.in_hand.outline.as_ref().filter(|outline| outline.pane == pane);
    if let Some(outline) = known.filter(|_| tool != MaskTool::Lasso) {
        let is_near_first = outline.points.first().is_some_and(|first| {
            let first = canvas.screen_point(first.map(|at| at + 0.5));
            outline.n_fixed >= 3 && first.distance(moves.at) <= CLOSING_REACH
        });
        if is_near_first {
            return close(context, view, pane);
        }
    }
    let wire = (tool == MaskTool::LiveWire).then(|| wire_from(context, view, footing, at)).flatten();
    if tool == MaskTool::LiveWire && wire.is_none() {
        return;
    }
    let masks = &mut view.transient.masks;
    match &mut masks.in_hand.outline {
        Some(outline) if outline.pane == pane && outline.pose == footing.pose && tool != MaskTool::Lasso => {
            if tool == MaskTool::Polygon {
                outline.points.truncate(outline.n_fixed);
                outline.points.push(at);
            }
            outline.n_fixed = outline.points.len();
            outline.wire = wire;
        }
        place => {
            *place = Some(OutlineInHand {
                pane,
                pose: footing.pose,
                points: vec![at],
                n_fixed: 1,
                wire,
                combine,
                started: moves.now_s,
                is_dragged: tool == MaskTool::Lasso,
            });
        }
    }
}

fn wire_from(context: &UiContext<'_>, view: &mut ViewState, footing: &Footing, at: Point) -> Option<Arc<LiveWire>> {
    let Some(slice) = footing.pose.slice() else {
        view.transient.hint = Some("The live-wire follows edges on the images themselves, not on planes.".to_owned());
        return None;
    };
    let desk = view.transient.masks.open.as_ref()?;
    let values = match values_of(context, &desk.subject.ground, &desk.base) {
        Ok(values) => values,
        Err(missing) => {
            acts::ask_for_values(context, view, missing);
            return None;
        }
    };
    let [col, row] = at.map(|at| (at + 0.5).max(0.0) as u32);
    LiveWire::new(&values, slice, [col, row], WIRE_REACH).map(Arc::new)
}

pub fn moved(
    context: &UiContext<'_>,
    shown: &Shown<'_>,
    canvas: &Canvas,
    view: &mut ViewState,
    footing: &Footing,
    moves: &Moves,
) {
    let masks = &mut view.transient.masks;
    let tool = masks.settings.tool;
    let Some(outline) = masks.in_hand.outline.as_mut().filter(|outline| outline.pane == shown.pane) else { return };
    if outline.pose != footing.pose {
        masks.in_hand.outline = None;
        view.transient.hint = Some("Another picture is shown: the outline that was begun is left.".to_owned());
        return;
    }
    masks.hand.moved(moves.now_s);
    let at = point(canvas, moves.at);
    match tool {
        MaskTool::Lasso => {
            let way = if moves.way.is_empty() { vec![moves.at] } else { moves.way.clone() };
            for at in way.into_iter().map(|at| point(canvas, at)) {
                let is_far = outline.points.last().is_none_or(|last| (last[0] - at[0]).hypot(last[1] - at[1]) > 0.25);
                if is_far {
                    outline.points.push(at);
                }
            }
            if moves.is_released || !moves.is_down {
                close(context, view, shown.pane);
            }
        }
        MaskTool::Polygon => {
            outline.points.truncate(outline.n_fixed);
            outline.points.push(at);
        }
        MaskTool::LiveWire => {
            outline.points.truncate(outline.n_fixed);
            let pixel = at.map(|at| (at + 0.5).max(0.0) as u32);
            match outline.wire.as_ref().and_then(|wire| wire.to(pixel)) {
                Some(way) => outline.points.extend(way),
                None => outline.points.push(at),
            }
        }
        _ => {}
    }
}

/// The outline is done: its inside goes to the segment.
pub fn close(context: &UiContext<'_>, view: &mut ViewState, pane: usize) {
    let masks = &mut view.transient.masks;
    let Some(mut outline) = masks.in_hand.outline.take_if(|outline| outline.pane == pane) else { return };
    // What follows the pointer is no corner yet
    if !outline.is_dragged {
        outline.points.truncate(outline.n_fixed);
    }
    if let Some(reason) = obstacle(context, masks, None) {
        view.transient.hint = Some(reason);
        return;
    }
    let Some(desk) = &mut masks.open else { return };
    let grid = desk.base.grid;
    let before = desk.set.clone();
    match apply_outline(desk, &grid, &outline) {
        Ok(changed) => {
            masks.touch(changed);
            let tool = masks.settings.tool.code();
            commit(masks, &before, tool);
            if masks.settings.advances_slice && outline.pose.slice().is_some() {
                acts::step_slice(context, view, 1);
            }
        }
        Err(refusal) => view.transient.hint = Some(refusal.to_string()),
    }
}

fn apply_outline(
    desk: &mut MaskDesk,
    grid: &VoxelGrid,
    outline: &OutlineInHand,
) -> Result<Option<VoxelBox>, EditRefusal> {
    let pixels = enclosed(&outline.points, outline.pose.cols, outline.pose.rows);
    let spans = on_picture(grid, &outline.pose, &pixels);
    let active = desk.active;
    match outline.combine {
        Combine::Add => desk.set.paint(active, &spans, Paint::Add)?,
        Combine::Subtract => desk.set.paint(active, &spans, Paint::Remove)?,
        Combine::Intersect => {
            let (cols, rows) = (outline.pose.cols, outline.pose.rows);
            let all: Vec<Span> = (0..rows).map(|row| Span { slice: 0, row, from: 0, to: cols }).collect();
            let layer = VoxelMask::from_spans(*grid, &on_picture(grid, &outline.pose, &all));
            let inside = VoxelMask::from_spans(*grid, &spans);
            let own = desk.set.mask(active).ok_or(EditRefusal::NoSegment)?;
            let wanted = own.minus(&layer.minus(&inside));
            desk.set.replace(active, &wanted)?;
            return Ok(None);
        }
    }
    Ok(VoxelBox::of_spans(&spans))
}
