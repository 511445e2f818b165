//! The main button over a picture whose mask is being corrected: strokes, outlines, and clicks that pick.

use egui::{Event, Modifiers, MouseWheelUnit, PointerButton, Pos2, Response, Ui};

use crate::domain::shape::Point;
use crate::segmentation::brush::{Sweep, Tip, voxel_at};
use crate::segmentation::grid::{Span, VoxelBox};
use crate::segmentation::polygon::PicturePose;
use crate::segmentation::segment_set::{Paint, SegmentSet};
use crate::ui::context::UiContext;
use crate::ui::deciding;
use crate::ui::masks::desk::MaskDesk;
use crate::ui::masks::footing::{Footing, ValuesMissing, footing, values_of};
use crate::ui::masks::outlining::{self, Corner};
use crate::ui::masks::proposing::SmartProposal;
use crate::ui::masks::{MaskMemory, MaskTool, acts, proposing};
use crate::ui::view_state::ViewState;
use crate::ui::viewport::shown::{Canvas, Shown};

/// A press that moves no farther is a click, points.
const CLICK_REACH: f32 = 3.0;
/// One wheel step, or one key.
const RADIUS_STEP: f64 = 1.2;
/// The same for the extent of a proposal.
const EXTENT_STEP: f64 = 0.03;

/// A brush on its way.
#[derive(Debug)]
pub struct Stroke {
    pub pane: usize,
    pub paint: Paint,
    pose: PicturePose,
    /// Column, row and slice of the last sample.
    last: [f64; 3],
    before: SegmentSet,
    is_ranged: bool,
}

/// What the pointer did in this pass.
pub struct Moves {
    pub at: Pos2,
    /// All places it went through, in order.
    pub way: Vec<Pos2>,
    is_pressed: bool,
    pub is_released: bool,
    pub is_down: bool,
    modifiers: Modifiers,
    /// Of a pen, 0 to 1.
    force: Option<f32>,
    pub now_s: f64,
}

/// Lets the tools of the open mask have the pointer in one pane. True when the pane shows the mask.
pub fn mask_pointer_ui(
    ui: &Ui,
    response: &Response,
    canvas: &Canvas,
    shown: &Shown<'_>,
    context: &UiContext<'_>,
    view: &mut ViewState,
) -> bool {
    let Some(desk) = &view.transient.masks.open else { return false };
    if context.open_study_uid() != Some(&shown.study.uid) {
        return false;
    }
    let Some(footing) = footing(shown, &desk.subject.ground, &desk.base) else { return false };
    let is_inside = response.contains_pointer();
    if is_inside {
        take_wheel(ui, &mut view.transient.masks);
    }
    let Some(moves) = moves(ui) else { return true };
    if moves.is_pressed && is_inside {
        view.transient.tools.owns_press = true;
        view.transient.masks.hand.moved(moves.now_s);
        press(context, shown, canvas, view, &footing, &moves);
    }
    go_on(context, shown, canvas, view, &footing, &moves);
    if response.double_clicked_by(PointerButton::Primary) {
        outlining::close(context, view, shown.pane);
    }
    if is_inside {
        ui.ctx().set_cursor_icon(egui::CursorIcon::Crosshair);
        if view.transient.masks.settings.tool.is_brush() {
            // The ring follows the pointer
            ui.ctx().request_repaint();
        }
    }
    true
}

fn moves(ui: &Ui) -> Option<Moves> {
    ui.input(|input| {
        let way = input.events.iter().filter_map(|event| match event {
            Event::PointerMoved(at) => Some(*at),
            _ => None,
        });
        let force = input.events.iter().rev().find_map(|event| match event {
            Event::Touch { force, .. } => *force,
            _ => None,
        });
        Some(Moves {
            at: input.pointer.latest_pos()?,
            way: way.collect(),
            is_pressed: input.pointer.button_pressed(PointerButton::Primary),
            is_released: input.pointer.button_released(PointerButton::Primary),
            is_down: input.pointer.button_down(PointerButton::Primary),
            modifiers: input.modifiers,
            force,
            now_s: input.time,
        })
    })
}

/// Shift and the wheel change the brush; the picture does not scroll then.
fn take_wheel(ui: &Ui, masks: &mut MaskMemory) {
    let has_proposal = masks.in_hand.proposal.as_ref().is_some_and(SmartProposal::is_ready);
    if !masks.settings.tool.is_brush() && !has_proposal {
        return;
    }
    let mut steps = 0.0;
    ui.input_mut(|input| {
        input.events.retain(|event| match event {
            Event::MouseWheel { unit, delta, modifiers, .. }
                if modifiers.shift && !modifiers.ctrl && !modifiers.command =>
            {
                let along = if delta.y == 0.0 { delta.x } else { delta.y };
                steps += match unit {
                    MouseWheelUnit::Line => along,
                    MouseWheelUnit::Point => along / 30.0,
                    MouseWheelUnit::Page => along * 10.0,
                };
                false
            }
            _ => true,
        });
    });
    if steps != 0.0 {
        resize(masks, f64::from(steps));
    }
}

/// The proposal in hand, else the brush, larger or smaller by so many steps.
pub fn resize(masks: &mut MaskMemory, steps: f64) {
    if let Some(smart) = masks.in_hand.proposal.as_mut().filter(|smart| smart.is_ready()) {
        smart.share = (smart.share + steps * EXTENT_STEP).clamp(0.02, 1.0);
        smart.follow_slider();
        return;
    }
    let finest = masks.open.as_ref().map_or(0.1, |desk| {
        let [x, y, _] = desk.base.grid.spacing_mm;
        x.min(y) * 0.5
    });
    let wanted = masks.settings.radius_mm * RADIUS_STEP.powf(steps);
    masks.settings.radius_mm = wanted.clamp(finest, finest * 1000.0);
}

/// In the picture's pixel-center coordinates.
pub fn point(canvas: &Canvas, at: Pos2) -> Point {
    canvas.image_point(at).map(|at| at - 0.5)
}

/// Why the mask cannot be changed now, in a sentence.
pub fn obstacle(context: &UiContext<'_>, masks: &MaskMemory, footing: Option<&Footing>) -> Option<String> {
    let desk = masks.open.as_ref()?;
    if let Some(reason) = deciding::obstacle(context) {
        return Some(reason);
    }
    if context.session.is_none() {
        return Some("The study's record is still being read.".to_owned());
    }
    if let Some(reason) = footing.and_then(|footing| footing.obstacle.clone()) {
        return Some(reason);
    }
    if desk.looks_at.is_some() {
        return Some("An earlier revision is shown: go back to the latest to change the mask.".to_owned());
    }
    if let Some(running) = &masks.work.running {
        return Some(format!("{}… The mask can be changed in a moment.", running.words));
    }
    desk.set.check(desk.active).err().map(|refusal| refusal.to_string())
}

fn press(
    context: &UiContext<'_>,
    shown: &Shown<'_>,
    canvas: &Canvas,
    view: &mut ViewState,
    footing: &Footing,
    moves: &Moves,
) {
    let masks = &mut view.transient.masks;
    if moves.modifiers.command || moves.modifiers.ctrl {
        // A click picks the segment there, a drag paints the other way
        masks.in_hand.pick_from = Some(moves.at);
        return;
    }
    begin(context, shown, canvas, view, footing, moves, false);
}

/// The tool begins at the pointer.
fn begin(
    context: &UiContext<'_>,
    shown: &Shown<'_>,
    canvas: &Canvas,
    view: &mut ViewState,
    footing: &Footing,
    moves: &Moves,
    is_inverted: bool,
) {
    view.transient.hint = None;
    if let Some(reason) = obstacle(context, &view.transient.masks, Some(footing)) {
        // A finished mask takes no outline, but corners may still be there
        view.transient.hint = Some(reason);
        return;
    }
    let masks = &mut view.transient.masks;
    let at = point(canvas, moves.at);
    match masks.settings.tool {
        MaskTool::Brush | MaskTool::Eraser | MaskTool::RangeBrush => {
            let erases = (masks.settings.tool == MaskTool::Eraser) != is_inverted;
            let paint = if erases { Paint::Remove } else { Paint::Add };
            begin_stroke(context, shown, view, footing, paint, at, moves);
        }
        MaskTool::Lasso | MaskTool::Polygon | MaskTool::LiveWire => {
            let combine = masks.settings.combine;
            let combine = if is_inverted { combine.inverted() } else { combine };
            outlining::corner(context, view, footing, &Corner { pane: shown.pane, canvas, combine, at, moves });
        }
        MaskTool::Fill | MaskTool::GrowRegion | MaskTool::Island => {
            if let Some(voxel) = voxel_under(&masks.open, footing, at) {
                acts::click(context, view, voxel, is_inverted);
            }
        }
        MaskTool::Smart => proposing::press(context, view, shown.pane, footing, at),
    }
}

/// The voxel at a point of a picture.
pub fn voxel_under(desk: &Option<MaskDesk>, footing: &Footing, at: Point) -> Option<[u32; 3]> {
    let grid = &desk.as_ref()?.base.grid;
    let Span { slice, row, from, .. } = voxel_at(grid, footing.pose.voxel(at))?;
    Some([from, row, slice])
}

fn begin_stroke(
    context: &UiContext<'_>,
    shown: &Shown<'_>,
    view: &mut ViewState,
    footing: &Footing,
    paint: Paint,
    at: Point,
    moves: &Moves,
) {
    let is_ranged = view.transient.masks.settings.tool == MaskTool::RangeBrush;
    if is_ranged && !acts::has_values(context, view) {
        return;
    }
    let masks = &mut view.transient.masks;
    let Some(desk) = &masks.open else { return };
    let last = footing.pose.voxel(at);
    let before = desk.set.clone();
    masks.in_hand.stroke = Some(Stroke { pane: shown.pane, paint, pose: footing.pose, last, before, is_ranged });
    sample(context, view, last, moves);
}

/// Paints on to a place.
fn sample(context: &UiContext<'_>, view: &mut ViewState, to: [f64; 3], moves: &Moves) {
    let masks = &mut view.transient.masks;
    let (Some(desk), Some(stroke)) = (&mut masks.open, &mut masks.in_hand.stroke) else { return };
    let grid = desk.base.grid;
    let force = moves.force.filter(|_| masks.settings.heeds_pressure);
    let radius_mm = masks.settings.radius_mm * force.map_or(1.0, |force| f64::from(force.clamp(0.15, 1.0)));
    let is_sphere = masks.settings.is_sphere && desk.is_stack() && desk.base.is_upright;
    let tip = if is_sphere { Tip::Sphere } else { Tip::Disc { normal: stroke.pose.normal(&grid) } };
    let mut spans = Sweep { from: stroke.last, to, radius_mm, tip }.spans(&grid);
    stroke.last = to;
    if stroke.is_ranged
        && let (Ok(values), Some(range)) = (values_of(context, &desk.subject.ground, &desk.base), masks.settings.range)
    {
        spans = values.spans_within(&spans, range);
    }
    let Some(changed) = VoxelBox::of_spans(&spans) else { return };
    match desk.set.paint(desk.active, &spans, stroke.paint) {
        Ok(()) => masks.touch(Some(changed)),
        Err(refusal) => view.transient.hint = Some(refusal.to_string()),
    }
}

fn go_on(
    context: &UiContext<'_>,
    shown: &Shown<'_>,
    canvas: &Canvas,
    view: &mut ViewState,
    footing: &Footing,
    moves: &Moves,
) {
    picking(context, shown, canvas, view, footing, moves);
    let masks = &mut view.transient.masks;
    if masks.in_hand.stroke.as_ref().is_some_and(|stroke| stroke.pane == shown.pane) {
        masks.hand.moved(moves.now_s);
        let way = if moves.way.is_empty() { vec![moves.at] } else { moves.way.clone() };
        // Scrolled to another picture the stroke goes on there, beginning anew
        if masks.in_hand.stroke.as_ref().is_some_and(|stroke| stroke.pose != footing.pose)
            && let Some(stroke) = &mut masks.in_hand.stroke
        {
            stroke.pose = footing.pose;
            stroke.last = footing.pose.voxel(point(canvas, moves.at));
        }
        for at in way {
            sample(context, view, footing.pose.voxel(point(canvas, at)), moves);
        }
        if moves.is_released || !moves.is_down {
            finish_stroke(&mut view.transient.masks);
        }
        return;
    }
    outlining::moved(context, shown, canvas, view, footing, moves);
    if view.transient.masks.settings.tool == MaskTool::Smart {
        proposing::moves(context, view, shown.pane, footing, point(canvas, moves.at), moves.is_released);
    }
}

/// Ctrl is held: a click picks, a drag begins the tool inverted.
fn picking(
    context: &UiContext<'_>,
    shown: &Shown<'_>,
    canvas: &Canvas,
    view: &mut ViewState,
    footing: &Footing,
    moves: &Moves,
) {
    let Some(from) = view.transient.masks.in_hand.pick_from.filter(|from| canvas.rect.contains(*from)) else { return };
    if from.distance(moves.at) > CLICK_REACH && moves.is_down {
        view.transient.masks.in_hand.pick_from = None;
        let start = Moves { at: from, way: Vec::new(), ..*moves };
        begin(context, shown, canvas, view, footing, &start, true);
    } else if moves.is_released || !moves.is_down {
        view.transient.masks.in_hand.pick_from = None;
        let tool = view.transient.masks.settings.tool;
        if matches!(tool, MaskTool::Island) {
            begin(context, shown, canvas, view, footing, moves, true);
        } else {
            pick(view, footing, point(canvas, moves.at));
        }
    }
}

/// The segment under the pointer becomes the one that tools change; clicked again, the one below it.
fn pick(view: &mut ViewState, footing: &Footing, at: Point) {
    let masks = &mut view.transient.masks;
    let Some(voxel) = voxel_under(&masks.open, footing, at) else { return };
    let Some(desk) = &mut masks.open else { return };
    let found: Vec<usize> =
        desk.set.at(voxel).filter(|at| desk.segments.get(*at).is_some_and(|s| s.is_visible)).collect();
    let after = found.iter().position(|at| *at == desk.active).map_or(0, |at| (at + 1) % found.len());
    match found.get(after) {
        Some(segment) => {
            desk.active = *segment;
            view.transient.hint = desk.info(*segment).map(|info| format!("Segment: {}", info.name));
        }
        None => view.transient.hint = Some("No segment there.".to_owned()),
    }
}

/// The stroke becomes an event; one that changed nothing leaves no trace.
pub fn finish_stroke(masks: &mut MaskMemory) {
    let Some(stroke) = masks.in_hand.stroke.take() else { return };
    let tool = masks.settings.tool.code();
    commit(masks, &stroke.before, tool);
}

/// Hands on what changed since `before`.
pub fn commit(masks: &mut MaskMemory, before: &SegmentSet, tool: &str) {
    let spent = masks.hand;
    let Some(desk) = &mut masks.open else { return };
    let mut hand = spent;
    if let Some(change) = desk.commit(before, tool, hand.take_ms()) {
        masks.hand = hand;
        masks.asked.push(crate::ui::action::MaskAction::Change(change).into());
    }
    // The voxels are as they were drawn; only their count of writes is another
    let version = masks.open.as_ref().map_or(0, |desk| desk.version);
    masks.seen.version = version;
}

/// Takes the stroke in hand back.
pub fn cancel_stroke(masks: &mut MaskMemory) {
    let Some(stroke) = masks.in_hand.stroke.take() else { return };
    if let Some(desk) = &mut masks.open {
        desk.set = stroke.before;
        desk.version += 1;
    }
    masks.touch(None);
}

/// What a click needs of pixels is not here.
pub fn missing_words(missing: ValuesMissing) -> &'static str {
    match missing {
        ValuesMissing::Loading => "The pixels are still being loaded: try again in a moment.",
        ValuesMissing::Gone => "The pixels of this picture cannot be used here.",
    }
}
