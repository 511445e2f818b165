//! What lies under the pointer: a handle before a label, a label before a line. The inside of a region is picture.

use std::sync::Arc;

use egui::{Pos2, Vec2};

use crate::domain::annotation::Annotation;
use crate::domain::shape::Shape;
use crate::imaging::measure::strokes;
use crate::review::session::ReviewSession;
use crate::ui::tools::editing::Part;
use crate::ui::tools::lie::Lie;
use crate::ui::tools::{ToolMemory, form};
use crate::ui::viewport::shown::{Canvas, Shown};

/// Reach of a handle and of a line, points.
const HANDLE_REACH: f32 = 9.0;
const LINE_REACH: f32 = 6.0;

pub struct Hit {
    pub annotation: Arc<Annotation>,
    pub part: Part,
    pub lie: Lie,
}

/// Of several that are equally near, the selected one, else the one drawn last.
pub fn hit(tools: &ToolMemory, session: &ReviewSession, canvas: &Canvas, shown: &Shown<'_>, at: Pos2) -> Option<Hit> {
    let mut nearest: Option<(f32, Hit)> = None;
    for review in session.annotations() {
        let annotation = &review.annotation;
        let Some(lie) = Lie::of(annotation, shown) else { continue };
        let Some((rank, part)) = part_at(tools, annotation, lie, canvas, shown.pane, at) else { continue };
        let is_selected = tools.selected.as_ref() == Some(&annotation.id);
        let rank = if is_selected { rank - 1.0 } else { rank };
        if nearest.as_ref().is_none_or(|(best, _)| rank <= *best) {
            nearest = Some((rank, Hit { annotation: Arc::clone(annotation), part, lie }));
        }
    }
    nearest.map(|(_, hit)| hit)
}

/// The part, and its distance with that of lesser parts counted farther.
fn part_at(
    tools: &ToolMemory,
    annotation: &Annotation,
    lie: Lie,
    canvas: &Canvas,
    pane: usize,
    at: Pos2,
) -> Option<(f32, Part)> {
    let shape = &annotation.shape;
    if lie == Lie::Own {
        let handles = form::handles(shape).into_iter().enumerate();
        let near = handles.map(|(index, point)| (lie.screen(canvas, point).distance(at), index));
        let near = near.filter(|(distance, _)| *distance <= HANDLE_REACH).min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((distance, index)) = near {
            return Some((distance, Part::Handle(index)));
        }
    }
    let label = tools.traces.labels.iter().find(|(of_pane, id, _)| *of_pane == pane && *id == annotation.id);
    if let Some((_, _, rect)) = label.filter(|(_, _, rect)| rect.contains(at)) {
        let ([x, y], [anchor_x, anchor_y]) = (lie.point(canvas, rect.center()), shape.anchor());
        let part =
            if matches!(shape, Shape::Text { .. }) { Part::Body } else { Part::Label([x - anchor_x, y - anchor_y]) };
        return Some((20.0, part));
    }
    let lines = strokes::strokes(shape);
    let on_screen = lines.iter().map(|line| line.iter().map(|point| lie.screen(canvas, *point)).collect::<Vec<_>>());
    let distance = on_screen.map(|line| distance_to(&line, at)).fold(f32::INFINITY, f32::min);
    (distance <= LINE_REACH).then_some((40.0 + distance, Part::Body))
}

/// From a point to a polyline, points.
fn distance_to(line: &[Pos2], at: Pos2) -> f32 {
    let to_segment = |pair: &[Pos2]| {
        let [a, b] = pair else { return f32::INFINITY };
        let along: Vec2 = *b - *a;
        let share = if along.length_sq() > 0.0 { (at - *a).dot(along) / along.length_sq() } else { 0.0 };
        (*a + along * share.clamp(0.0, 1.0)).distance(at)
    };
    line.windows(2).map(to_segment).fold(f32::INFINITY, f32::min)
}
