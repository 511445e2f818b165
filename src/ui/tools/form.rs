//! The form of each shape: from points to a shape, its handles, and what moving one of them does.

use crate::domain::shape::{Point, Shape};
use crate::imaging::measure::bidirectional;
use crate::imaging::measure::scale::Scale;
use crate::imaging::measure::strokes;
use crate::ui::tools::Tool;

impl Tool {
    /// How many points make the shape; `None` for an outline of any number.
    pub fn n_points(self) -> Option<usize> {
        match self {
            Self::Probe | Self::Text => Some(1),
            Self::Length | Self::Bidirectional | Self::Rectangle | Self::Ellipse | Self::Arrow => Some(2),
            Self::Angle => Some(3),
            Self::Cobb => Some(4),
            Self::Freehand => None,
        }
    }

    /// The shape through these points; `None` while they are too few or have no size.
    pub fn shape(self, points: &[Point], scale: &Scale) -> Option<Shape> {
        let shape = match (self, points) {
            (Self::Probe, [at]) => Shape::Probe { at: *at },
            (Self::Text, [at]) => Shape::Text { at: *at },
            (Self::Length, [a, b]) => Shape::Length { ends: [*a, *b] },
            (Self::Bidirectional, [a, b]) if a != b => bidirectional::started([*a, *b], scale),
            (Self::Angle, [a, b, c]) => Shape::Angle { first: *a, vertex: *b, second: *c },
            (Self::Cobb, [a, b, c, d]) => Shape::Cobb { lines: [[*a, *b], [*c, *d]] },
            (Self::Rectangle, [a, b]) => Shape::Rectangle { corners: [*a, *b] },
            (Self::Ellipse, [a, b]) => Shape::Ellipse { corners: [*a, *b], turned_deg: 0.0 },
            (Self::Freehand, outline) => Shape::Freehand { outline: outline.to_vec() },
            (Self::Arrow, [tip, tail]) => Shape::Arrow { tip: *tip, tail: *tail },
            _ => return None,
        };
        shape.is_sound().then_some(shape)
    }
}

/// More corners than this are not taken one by one: the outline was drawn by hand.
const MOST_HANDLES: usize = 24;

/// The handle by which an ellipse is turned: the last one.
const TURNING: usize = 4;
/// How far it stands from the middle, in halves of the ellipse's height.
const TURNING_AT: f64 = 1.5;
/// Turned to within this of a right angle or of half of one, it is; degrees.
const TURN_SNAPS: f64 = 2.0;

/// Where the shape can be taken hold of. An ellipse's are outside of it, at its box, and cover nothing; the last one, at
/// its top, turns it.
pub fn handles(shape: &Shape) -> Vec<Point> {
    match shape {
        Shape::Rectangle { .. } => strokes::corners(shape).to_vec(),
        Shape::Ellipse { .. } => {
            let corners = strokes::corners(shape);
            corners.into_iter().chain(strokes::axes(shape).map(|[_, axis]| turning_handle(axis))).collect()
        }
        Shape::Freehand { outline } if outline.len() > MOST_HANDLES => Vec::new(),
        Shape::Text { .. } => Vec::new(),
        _ => shape.points(),
    }
}

/// The shape with one handle put elsewhere.
pub fn with_handle(shape: &Shape, handle: usize, point: Point, scale: &Scale) -> Shape {
    match shape {
        Shape::Rectangle { .. } => Shape::Rectangle { corners: with_corner(shape, handle, point) },
        Shape::Ellipse { corners, .. } if handle == TURNING => turned_to(*corners, point),
        Shape::Ellipse { turned_deg, .. } => {
            let [a, b] = with_corner(shape, handle, point);
            // Two corners as they lie, turned back about the new middle
            let back = |[x, y]: Point| {
                let (middle, (sin, cos)) =
                    ([f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])], (-turned_deg).to_radians().sin_cos());
                let (dx, dy) = (x - middle[0], y - middle[1]);
                [middle[0] + dx * cos - dy * sin, middle[1] + dx * sin + dy * cos]
            };
            let corners = if *turned_deg == 0.0 { [a, b] } else { [back(a), back(b)] };
            Shape::Ellipse { corners, turned_deg: *turned_deg }
        }
        Shape::Bidirectional { long, short } => bidirectional::with_end(*long, *short, handle, point, scale),
        _ => {
            let mut at = 0..;
            let found = |old: Point| if at.next() == Some(handle) { point } else { old };
            replaced(shape, found)
        }
    }
}

/// On the line through the ellipse's top, beyond it.
fn turning_handle([top, bottom]: [Point; 2]) -> Point {
    let at = |axis: usize| {
        let middle = f64::midpoint(top[axis], bottom[axis]);
        middle + (top[axis] - middle) * TURNING_AT
    };
    [at(0), at(1)]
}

/// The ellipse turned so that its top points to a place.
fn turned_to(corners: [Point; 2], [x, y]: Point) -> Shape {
    let [[x0, y0], [x1, y1]] = corners;
    let (dx, dy) = (x - f64::midpoint(x0, x1), y - f64::midpoint(y0, y1));
    let turned = dx.atan2(-dy).to_degrees();
    let straight = (turned / 45.0).round() * 45.0;
    let turned_deg = if (turned - straight).abs() <= TURN_SNAPS { straight } else { turned };
    Shape::Ellipse { corners, turned_deg }
}

/// As `Shape::mapped`, the points in order.
fn replaced(shape: &Shape, mut map: impl FnMut(Point) -> Point) -> Shape {
    match shape {
        Shape::Probe { at } => Shape::Probe { at: map(*at) },
        Shape::Text { at } => Shape::Text { at: map(*at) },
        Shape::Length { ends } => Shape::Length { ends: ends.map(&mut map) },
        Shape::Angle { first, vertex, second } => {
            let [first, vertex, second] = [*first, *vertex, *second].map(map);
            Shape::Angle { first, vertex, second }
        }
        Shape::Cobb { lines } => Shape::Cobb { lines: lines.map(|line| line.map(&mut map)) },
        Shape::Freehand { outline } => Shape::Freehand { outline: outline.iter().copied().map(map).collect() },
        Shape::Arrow { tip, tail } => {
            let [tip, tail] = [*tip, *tail].map(map);
            Shape::Arrow { tip, tail }
        }
        Shape::Bidirectional { .. } | Shape::Rectangle { .. } | Shape::Ellipse { .. } => shape.clone(),
    }
}

/// The corner opposite to the moved one stays.
fn with_corner(shape: &Shape, handle: usize, point: Point) -> [Point; 2] {
    let corners = strokes::corners(shape);
    let opposite = corners.get((handle + 2) % 4).copied().unwrap_or(point);
    [opposite, point]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::geometry::Spacing;

    #[test]
    fn every_handle_goes_where_it_is_put_and_the_rest_stays() {
        let scale = Scale::of(&Spacing::UNKNOWN, &[], &[]);
        let points = [[10.0, 10.0], [30.0, 12.0], [33.0, 40.0], [5.0, 44.0]];
        for tool in Tool::ALL {
            let n_points = tool.n_points().unwrap_or(4);
            let shape = tool.shape(&points[..n_points], &scale).unwrap();
            assert_eq!(shape.word(), tool.word());
            for handle in 0..handles(&shape).len() {
                let moved = with_handle(&shape, handle, [21.0, 23.0], &scale);
                assert_eq!(moved.kind(), shape.kind());
                let is_there = |p: &Point| (p[0] - 21.0).abs() < 1e-9 && (p[1] - 23.0).abs() < 1e-9;
                // A short axis slides along the long one and comes as near as right angles allow; what turns keeps its
                // distance
                let is_free =
                    !(tool == Tool::Bidirectional && handle > 1 || tool == Tool::Ellipse && handle == TURNING);
                assert!(!is_free || handles(&moved).iter().any(is_there), "{tool:?} {handle}");
            }
        }
    }

    #[test]
    fn an_ellipse_is_turned_by_its_top_and_a_corner_moves_while_the_opposite_one_stays() {
        let scale = Scale::of(&Spacing::UNKNOWN, &[], &[]);
        let upright = Tool::Ellipse.shape(&[[10.0, 10.0], [30.0, 20.0]], &scale).unwrap();
        let turned = with_handle(&upright, TURNING, [40.0, 15.3], &scale);
        assert_eq!(turned, Shape::Ellipse { corners: [[10.0, 10.0], [30.0, 20.0]], turned_deg: 90.0 });
        let [x, y] = handles(&turned)[TURNING];
        assert!((x - 27.5).abs() < 1e-9 && (y - 15.0).abs() < 1e-9, "{x} {y}");
        let slanted = with_handle(&upright, TURNING, [30.0, 5.0], &scale);
        let before = handles(&slanted);
        let after = handles(&with_handle(&slanted, 2, [33.0, 31.0], &scale));
        let is_at = |a: Point, b: Point| (a[0] - b[0]).abs() < 1e-9 && (a[1] - b[1]).abs() < 1e-9;
        assert!(is_at(after[0], before[0]) && is_at(after[2], [33.0, 31.0]), "{before:?} {after:?}");
    }

    #[test]
    fn a_tool_makes_nothing_of_too_few_points_or_of_one_place() {
        let scale = Scale::of(&Spacing::UNKNOWN, &[], &[]);
        let here = [4.0, 4.0];
        for tool in Tool::ALL.into_iter().filter(|tool| tool.n_points() != Some(1)) {
            assert_eq!(tool.shape(&[here], &scale), None, "{tool:?}");
            assert_eq!(tool.shape(&[here; 4][..tool.n_points().unwrap_or(2)], &scale), None, "{tool:?}");
        }
    }
}
