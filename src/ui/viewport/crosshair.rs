//! The lines in which the planes on screen meet: drawn in each plane in the others' colors, and dragged.
//!
//! The middle moves all planes, a line moves its own plane, the handles of the oblique plane's line turn it.

use egui::{Align2, Color32, CursorIcon, FontId, Painter, PointerButton, Pos2, Rect, Response, Stroke, Ui, Vec2, vec2};

use crate::domain::geometry::{PixelPlane, Vec3};
use crate::domain::uid::StudyUid;
use crate::imaging::plane_grid::Projection;
use crate::imaging::volume_space::VolumeSpace;
use crate::ui::context::UiContext;
use crate::ui::planes::{self, PlanesView};
use crate::ui::stage::PlaneAxis;
use crate::ui::theme::{faded, theme};
use crate::ui::view_state::{LookAt, ViewState};
use crate::ui::viewport::shown::{Canvas, Shown};
use crate::ui::widgets::line_style::dashed_line;
use crate::ui::widgets::outlined_text::plated_text;

/// Around the middle nothing is drawn, so that what is looked at stays free, points.
const GAP: f32 = 16.0;
/// The middle is taken within this, points.
const REACH_OF_MIDDLE: f32 = 14.0;
const REACH_OF_LINE: f32 = 5.0;
const REACH_OF_HANDLE: f32 = 9.0;
/// Handles stand at this part of the shorter side from the middle.
const HANDLE_AT: f32 = 0.32;

/// What is dragged, and where it was.
#[derive(Clone, Debug)]
pub struct CrosshairDrag {
    pub pane: usize,
    grip: Grip,
    start: PlanesView,
    start_center_mm: Vec3,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Grip {
    Middle,
    /// Moves this plane only.
    Line(PlaneAxis),
    /// Turns the oblique plane.
    Handle,
}

/// The color of a plane's lines and name.
pub fn color_of(axis: PlaneAxis) -> Color32 {
    let marks = &theme().marks;
    match axis {
        PlaneAxis::Axial => marks.axial,
        PlaneAxis::Coronal => marks.coronal,
        PlaneAxis::Sagittal => marks.sagittal,
        PlaneAxis::Oblique => marks.oblique,
    }
    .into()
}

/// The crosshair as it lies in one pane.
struct Crosshair {
    /// Of the pane's plane.
    normal: Vec3,
    center_mm: Vec3,
    middle: Pos2,
    lines: Vec<Line>,
    /// How thick the planes are, mm; 0 when they are not.
    thickness_mm: f64,
}

/// Where another plane meets this one.
struct Line {
    axis: PlaneAxis,
    /// Unit vector on the screen.
    along: Vec2,
    /// Half the other plane's thickness as it is cut by this one, points.
    half_width: f32,
}

impl Crosshair {
    fn of(context: &UiContext<'_>, look: &LookAt, canvas: &Canvas, shown: &Shown<'_>) -> Option<Self> {
        let axis = shown.cut.as_ref()?.axis;
        let plane = shown.plane?;
        let (part, volume) = planes::volume_of_pane(context, look, shown.pane)?;
        let space = volume.space();
        let view = look.planes.get(&part).cloned().unwrap_or_default();
        let center_mm = view.center(space);
        let middle = on_screen(canvas, &plane, center_mm);
        let is_thick = view.slab.projection != Projection::Single;
        let thickness_mm = if is_thick { view.slab.thickness_mm } else { 0.0 };
        let on_stage =
            |other: &PlaneAxis| look.stage.visible().any(|pane| planes::axis_of_pane(look, pane) == Some(*other));
        let others = PlaneAxis::ALL.into_iter().filter(|other| *other != axis).filter(on_stage);
        let points_per_mm = canvas.view.zoom / plane.col_step_mm.length() / canvas.pixels_per_point;
        let line = |other: PlaneAxis| {
            let normal = view.directions(other, space).normal();
            let way = plane.normal().cross(normal);
            let sine = way.length();
            let end = on_screen(canvas, &plane, center_mm.plus(way.scaled(100.0 / sine.max(1e-9))));
            let half_width = (thickness_mm / 2.0 / sine.max(1e-9) * points_per_mm) as f32;
            // Planes that lie alike meet in no line
            (sine > 1e-3).then(|| Line { axis: other, along: (end - middle).normalized(), half_width })
        };
        let lines = others.filter_map(line).collect();
        Some(Self { normal: plane.normal(), center_mm, middle, lines, thickness_mm })
    }

    fn handles(&self, rect: Rect) -> Option<[Pos2; 2]> {
        let line = self.lines.iter().find(|line| line.axis == PlaneAxis::Oblique)?;
        let reach = rect.width().min(rect.height()) * HANDLE_AT;
        Some([self.middle + line.along * reach, self.middle - line.along * reach])
    }

    /// What lies under the pointer.
    fn grip_at(&self, at: Pos2, rect: Rect) -> Option<Grip> {
        if self.middle.distance(at) <= REACH_OF_MIDDLE {
            return Some(Grip::Middle);
        }
        let is_on_handle =
            self.handles(rect).is_some_and(|ends| ends.iter().any(|end| end.distance(at) <= REACH_OF_HANDLE));
        if is_on_handle {
            return Some(Grip::Handle);
        }
        let off = |line: &Line| (at - self.middle).dot(line.along.rot90()).abs();
        let nearest = self.lines.iter().min_by(|a, b| off(a).total_cmp(&off(b)))?;
        (off(nearest) <= REACH_OF_LINE).then_some(Grip::Line(nearest.axis))
    }
}

/// Takes what the pointer does to the crosshair. True when nothing else may have this drag.
pub fn pointer_ui(
    ui: &Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    open: &StudyUid,
    (canvas, shown): (&Canvas, &Shown<'_>),
    response: &Response,
) -> bool {
    let Some(look) = view.looks.get(open) else { return false };
    let Some(crosshair) = Crosshair::of(context, look, canvas, shown) else { return false };
    let (origin, latest, modifiers) =
        ui.input(|input| (input.pointer.press_origin(), input.pointer.latest_pos(), input.modifiers));
    if response.clicked_by(PointerButton::Primary) && modifiers.shift {
        if let (Some(at), Some(plane)) = (latest, shown.plane) {
            let point = point_mm(canvas, &plane, at);
            planes::change(context, view, shown.pane, |planes, space, _| planes.go_to(space, point));
        }
        return true;
    }
    if let Some(at) = response.hover_pos().filter(|_| view.transient.planes.drag.is_none()) {
        match crosshair.grip_at(at, canvas.rect) {
            Some(Grip::Middle) => ui.set_cursor_icon(CursorIcon::Move),
            Some(Grip::Line(_)) => ui.set_cursor_icon(CursorIcon::Grab),
            Some(Grip::Handle) => ui.set_cursor_icon(CursorIcon::Alias),
            None => {}
        }
    }
    if response.drag_started_by(PointerButton::Primary)
        && let Some(grip) = origin.and_then(|at| crosshair.grip_at(at, canvas.rect))
    {
        let (part, _) = planes::volume_of_pane(context, look, shown.pane).unzip();
        let start = part.and_then(|part| look.planes.get(&part).cloned()).unwrap_or_default();
        let start_center_mm = crosshair.center_mm;
        view.transient.planes.drag = Some(CrosshairDrag { pane: shown.pane, grip, start, start_center_mm });
    }
    let Some(drag) = view.transient.planes.drag.clone().filter(|drag| drag.pane == shown.pane) else { return false };
    if let (Some(origin), Some(latest), Some(plane)) = (origin, latest, shown.plane) {
        let [from, to] = [origin, latest].map(|at| point_mm(canvas, &plane, at));
        planes::change(context, view, shown.pane, |planes, space, _| {
            apply(&drag, planes, space, [from, to], crosshair.normal);
        });
    }
    let is_over = response.drag_stopped_by(PointerButton::Primary)
        || !ui.input(|input| input.pointer.button_down(PointerButton::Primary));
    if is_over {
        view.transient.planes.drag = None;
    }
    true
}

/// The planes as they lie when the pointer has come from one point of a plane to another.
fn apply(drag: &CrosshairDrag, planes: &mut PlanesView, space: &VolumeSpace, [from, to]: [Vec3; 2], normal: Vec3) {
    let center = drag.start_center_mm;
    match drag.grip {
        Grip::Middle => planes.go_to(space, center.plus(to.minus(from))),
        Grip::Line(axis) => {
            let across = drag.start.directions(axis, space).normal();
            // Within the plane the line is seen in, so far that the other plane comes under the pointer
            let within = across.minus(normal.scaled(normal.dot(across)));
            let share = to.minus(from).dot(within) / within.dot(within).max(1e-9);
            planes.go_to(space, center.plus(within.scaled(share)));
        }
        Grip::Handle => {
            let [a, b] = [from, to].map(|point| point.minus(center));
            let turned = normal.dot(a.cross(b)).atan2(a.dot(b));
            planes.oblique = Some(drag.start.directions(PlaneAxis::Oblique, space).turned(normal, turned));
        }
    }
}

/// Draws the lines of the other planes and this plane's name. `top` is where the strip along the top ends.
pub fn lines_ui(
    painter: &Painter,
    context: &UiContext<'_>,
    view: &ViewState,
    open: &StudyUid,
    (canvas, shown): (&Canvas, &Shown<'_>),
) {
    let Some(look) = view.looks.get(open) else { return };
    let Some(crosshair) = Crosshair::of(context, look, canvas, shown) else { return };
    if !look.stage.links.lines {
        return;
    }
    let reach = canvas.rect.width() + canvas.rect.height();
    for line in &crosshair.lines {
        let color = faded(color_of(line.axis), 0.85);
        for side in [1.0, -1.0] {
            let along = line.along * side;
            let ends = [crosshair.middle + along * GAP, crosshair.middle + along * reach];
            painter.line_segment(ends, Stroke::new(2.4, faded(theme().text.outline, 0.35)));
            painter.line_segment(ends, Stroke::new(1.0, color));
        }
        if crosshair.thickness_mm > 0.0 && line.half_width >= 2.0 {
            for side in [1.0, -1.0] {
                let beside = crosshair.middle + line.along.rot90() * line.half_width * side;
                let ends = [beside - line.along * reach, beside + line.along * reach];
                dashed_line(painter, ends, Stroke::new(1.0, faded(color_of(line.axis), 0.5)));
            }
        }
    }
    for handle in crosshair.handles(canvas.rect).into_iter().flatten() {
        painter.circle(handle, 5.0, theme().surface.picture, Stroke::new(1.6, color_of(PlaneAxis::Oblique)));
    }
}

/// The plane's name in its color, above the picture's middle.
pub fn name_ui(painter: &Painter, area: Rect, top: f32, shown: &Shown<'_>) {
    let Some(cut) = &shown.cut else { return };
    let at = area.left_top() + vec2(area.width() / 2.0, top - area.top() + 24.0);
    plated_text(painter, at, Align2::CENTER_TOP, cut.axis.words(), FontId::proportional(13.0), color_of(cut.axis));
}

fn on_screen(canvas: &Canvas, plane: &PixelPlane, point_mm: Vec3) -> Pos2 {
    // Pixel-center to pixel-edge coordinates
    canvas.screen_point(plane.pixel(point_mm).map(|at| at + 0.5))
}

fn point_mm(canvas: &Canvas, plane: &PixelPlane, at: Pos2) -> Vec3 {
    plane.point_mm(canvas.image_point(at).map(|at| at - 0.5))
}
