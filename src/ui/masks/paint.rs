//! What is seen of a mask under correction: the segments themselves, the model's as a ghost, the brush, what is in hand.

use egui::{Color32, Painter, Pos2, Shape as PaintShape, Stroke as Line};

use crate::domain::shape::Point;
use crate::domain::uid::FindingId;
use crate::imaging::overlay::FILL_OPACITY;
use crate::imaging::volume_space::VolumeSpace;
use crate::render::live_labels::LiveLayer;
use crate::render::request::DrawRequest;
use crate::segmentation::voxel_mask::VoxelMask;
use crate::ui::masks::MaskMemory;
use crate::ui::masks::desk::MaskDesk;
use crate::ui::masks::footing::{Footing, footing};
use crate::ui::masks::tiles::Wanted;
use crate::ui::theme::{faded, from_srgb, theme};
use crate::ui::view_state::{MaskStyle, OverlayView};
use crate::ui::viewport::shown::{Canvas, Shown};

/// Dashes of the ghost, points.
const DASH: f32 = 5.0;
const GAP: f32 = 4.0;

/// Lays the open mask over the picture of a pane, in place of the finding's own; else what readers made of that finding
/// and of the series before.
pub fn lay_over(
    request: &mut DrawRequest,
    shown: &Shown<'_>,
    masks: &mut MaskMemory,
    overlay: &OverlayView,
    selected: Option<&FindingId>,
) {
    let MaskMemory { open, shelf, seen, work, in_hand, .. } = masks;
    let fits = |desk: &&MaskDesk| footing(shown, &desk.subject.ground, &desk.base).is_some();
    // What is selected goes before what lies there without a finding
    let of_selected = |desk: &&MaskDesk| desk.subject.finding.as_ref().is_some_and(|id| Some(id) == selected);
    let is_own = |desk: &&MaskDesk| desk.subject.finding.is_none() && request.overlay.masks.is_empty();
    let has_any = |desk: &&MaskDesk| !desk.set.layers.iter().all(|layer| layer.mask.is_empty());
    let of_shelf = || {
        shelf.iter().filter(fits).find(of_selected).or_else(|| shelf.iter().filter(fits).filter(has_any).find(is_own))
    };
    let is_open = open.as_ref().is_some_and(|desk| fits(&desk));
    let Some(desk) = open.as_ref().filter(|_| is_open).or_else(of_shelf) else { return };
    let Some(Footing { pose, .. }) = footing(shown, &desk.subject.ground, &desk.base) else { return };
    request.overlay.masks.clear();
    if overlay.masks == MaskStyle::Off {
        return;
    }
    let looked_at = work.looked_at.as_ref().filter(|_| desk.looks_at.is_some()).map(|(_, masks)| masks);
    let proposed = in_hand.proposal.as_ref().filter(|_| is_open).and_then(|smart| smart.region.as_deref());
    let mut voxels: Vec<&VoxelMask> = match looked_at {
        Some(masks) => masks.iter().collect(),
        None => desk.set.layers.iter().map(|layer| &layer.mask).collect(),
    };
    let look = |index: usize| {
        let segment = desk.segments.get(index)?;
        let is_visible = segment.is_visible && !overlay.hidden_segments.contains(&segment.info.id);
        Some(LiveLayer { color: segment.info.color, is_visible, opacity: segment.opacity })
    };
    let mut layers: Vec<LiveLayer> = (0..voxels.len()).filter_map(look).collect();
    if let Some(region) = proposed {
        voxels.push(region);
        let [red, green, blue, _] = Color32::from(theme().marks.proposal).to_array();
        layers.push(LiveLayer { color: [red, green, blue], is_visible: true, opacity: 1.0 });
    }
    let space = space_of(shown);
    let changed = seen.changed.filter(|_| !seen.all_changed);
    let wanted =
        Wanted { pane: shown.pane, desk: desk.id, pose, space, masks: &voxels, layers, changed, pass: seen.pass };
    request.overlay.live = Some(seen.labels.of(wanted));
    request.overlay.fill_opacity = if overlay.masks == MaskStyle::Outline { 0.0 } else { FILL_OPACITY * 2.0 };
}

/// Where the slices lie that a plane is cut through.
fn space_of<'a>(shown: &Shown<'a>) -> Option<&'a VolumeSpace> {
    shown.cut.as_ref().and_then(|cut| cut.picture).map(|picture| picture.request.volume.space())
}

/// Ghost, brush, outline and box in hand, over the picture.
pub fn marks_ui(
    painter: &Painter,
    canvas: &Canvas,
    shown: &Shown<'_>,
    masks: &mut MaskMemory,
    hovered: Option<[f64; 2]>,
    is_hidden: bool,
) {
    let Some(desk) = &masks.open else { return };
    let Some(footing) = footing(shown, &desk.subject.ground, &desk.base) else { return };
    if is_hidden {
        return;
    }
    if masks.settings.is_ghost_shown {
        ghost_ui(painter, canvas, shown, masks, &footing);
    }
    in_hand_ui(painter, canvas, shown.pane, masks);
    if let Some(at) = hovered {
        brush_ui(painter, canvas, masks, &footing, at);
    }
}

/// The model's outline, dashed, in the segment's own color but lighter; only where it differs is it seen.
fn ghost_ui(painter: &Painter, canvas: &Canvas, shown: &Shown<'_>, masks: &mut MaskMemory, footing: &Footing) {
    let space = space_of(shown);
    let MaskMemory { open, seen, .. } = masks;
    let Some(desk) = open else { return };
    // Where nothing was changed the ghost would only make the line restless
    let is_changed = |index: usize, ghost: &VoxelMask| match footing.pose.slice() {
        Some(slice) => desk.set.mask(index).is_none_or(|mask| mask.plane(slice) != ghost.plane(slice)),
        None => desk.set.mask(index).is_none_or(|mask| !mask.is_same(ghost)),
    };
    let shown_segments = desk.segments.iter().enumerate().filter(|(_, segment)| segment.is_visible);
    for (index, segment) in shown_segments.filter(|(index, segment)| is_changed(*index, &segment.ghost)) {
        let outline = seen.ghosts.of(shown.pane, index, &footing.pose, space, &segment.ghost);
        for line in outline.iter() {
            let points = thinned(line.iter().map(|point| canvas.screen_point(*point)));
            let (dark, light) = (faded(theme().text.outline, 0.5), faded(theme().text.strong, 0.85));
            painter.extend(PaintShape::dashed_line(&points, Line::new(2.2, dark), DASH, GAP));
            painter.extend(PaintShape::dashed_line(&points, Line::new(1.1, light), DASH, GAP));
        }
    }
}

/// Points closer than a point of the screen say nothing.
fn thinned(points: impl Iterator<Item = Pos2>) -> Vec<Pos2> {
    let mut kept: Vec<Pos2> = Vec::new();
    let mut last = None;
    for point in points {
        last = Some(point);
        if kept.last().is_none_or(|before| before.distance(point) >= 1.5) {
            kept.push(point);
        }
    }
    kept.extend(last);
    kept
}

fn active_color(masks: &MaskMemory) -> Color32 {
    let info = masks.open.as_ref().and_then(|desk| desk.info(desk.active));
    info.map_or(theme().accent.main.into(), |info| from_srgb(info.color))
}

fn in_hand_ui(painter: &Painter, canvas: &Canvas, pane: usize, masks: &MaskMemory) {
    let color = active_color(masks);
    let to_screen = |point: &Point| canvas.screen_point(point.map(|at| at + 0.5));
    if let Some(outline) = masks.in_hand.outline.as_ref().filter(|outline| outline.pane == pane) {
        let mut points: Vec<Pos2> = outline.points.iter().map(to_screen).collect();
        painter.line(points.clone(), Line::new(3.0, faded(theme().text.outline, 0.5)));
        painter.line(points.clone(), Line::new(1.6, color));
        if let (Some(first), Some(last)) = (points.first().copied(), points.pop()) {
            painter.extend(PaintShape::dashed_line(
                &[last, first],
                Line::new(1.0, faded(theme().text.strong, 0.6)),
                4.0,
                4.0,
            ));
            if !outline.is_dragged {
                painter.circle(first, 4.0, theme().surface.picture, Line::new(1.6, color));
            }
        }
    }
    let drawn = masks.in_hand.proposal.as_ref().filter(|smart| smart.pane == pane).and_then(|smart| smart.drawn_box());
    if let Some([from, to]) = drawn {
        let rect = egui::Rect::from_two_pos(to_screen(&from), to_screen(&to));
        painter.rect_stroke(rect, 0.0, Line::new(1.6, color), egui::StrokeKind::Middle);
    }
}

/// The brush as large as it paints.
fn brush_ui(painter: &Painter, canvas: &Canvas, masks: &MaskMemory, footing: &Footing, at: [f64; 2]) {
    if !masks.settings.tool.is_brush() {
        return;
    }
    let Some(desk) = &masks.open else { return };
    let [across_mm, down_mm] = footing.pose.pixel_mm(&desk.base.grid);
    let radius = [masks.settings.radius_mm / across_mm, masks.settings.radius_mm / down_mm];
    // Turned pictures have their axes turned too
    const N: usize = 48;
    let ring: Vec<Pos2> = (0..N)
        .map(|step| {
            let (sin, cos) = (step as f64 / N as f64 * std::f64::consts::TAU).sin_cos();
            canvas.screen_point([at[0] + cos * radius[0], at[1] + sin * radius[1]])
        })
        .collect();
    painter.add(PaintShape::closed_line(ring.clone(), Line::new(2.6, faded(theme().text.outline, 0.6))));
    painter.add(PaintShape::closed_line(ring, Line::new(1.2, active_color(masks))));
}
