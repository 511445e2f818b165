//! Two diameters at right angles: what stays when an end is moved.
//!
//! Right angles are in millimeters, not in pixels: on pixels that are not square they look it only where they are it.

use crate::domain::shape::{Point, Shape};
use crate::imaging::measure::scale::Scale;

/// The long axis with a short one across its middle, half as long, as a start.
pub fn started(long: [Point; 2], scale: &Scale) -> Shape {
    let [a, b] = long.map(|point| scale.scaled(point));
    let half = distance(a, b) / 4.0;
    across(long, scale, 0.5, half, half)
}

/// An end moved to `point`; 0 and 1 are the long axis', 2 and 3 the short one's. The axes stay at right angles: the
/// short one keeps its place along the long one and its reach to both sides; where one of its own ends is moved, it
/// slides along.
pub fn with_end(long: [Point; 2], short: [Point; 2], end: usize, point: Point, scale: &Scale) -> Shape {
    let before = Axes::new(long, scale);
    let [first, second] = short.map(|point| before.place(scale.scaled(point)));
    if let Some(moved) = long.get(end) {
        let other = if end == 0 { long[1] } else { long[0] };
        let point = if point == other { *moved } else { point };
        let long = if end == 0 { [point, other] } else { [other, point] };
        return across(long, scale, first.along, first.aside, -second.aside);
    }
    let moved = before.place(scale.scaled(point));
    let along = moved.along.clamp(0.0, 1.0);
    match end {
        2 => across(long, scale, along, moved.aside, -second.aside),
        _ => across(long, scale, along, first.aside, -moved.aside),
    }
}

/// A point by the long axis: the share of its length, and the distance to its left, in the scale's unit.
struct PlaceByAxis {
    along: f64,
    aside: f64,
}

struct Axes {
    start: [f64; 2],
    length: f64,
    /// Unit vector from start to end.
    dir: [f64; 2],
}

impl Axes {
    fn new(long: [Point; 2], scale: &Scale) -> Self {
        let [a, b] = long.map(|point| scale.scaled(point));
        let length = distance(a, b).max(f64::MIN_POSITIVE);
        Self { start: a, length, dir: [(b[0] - a[0]) / length, (b[1] - a[1]) / length] }
    }

    fn place(&self, [x, y]: [f64; 2]) -> PlaceByAxis {
        let ([dx, dy], [ux, uy]) = ([x - self.start[0], y - self.start[1]], self.dir);
        PlaceByAxis { along: (dx * ux + dy * uy) / self.length, aside: ux * dy - uy * dx }
    }

    fn point(&self, along: f64, aside: f64) -> [f64; 2] {
        let ([x, y], [ux, uy]) = (self.start, self.dir);
        let way = along * self.length;
        [x + ux * way - uy * aside, y + uy * way + ux * aside]
    }
}

fn across(long: [Point; 2], scale: &Scale, along: f64, reach: f64, back: f64) -> Shape {
    let axes = Axes::new(long, scale);
    let short = [axes.point(along, reach), axes.point(along, -back)].map(|point| scale.unscaled(point));
    Shape::Bidirectional { long, short }
}

fn distance([ax, ay]: [f64; 2], [bx, by]: [f64; 2]) -> f64 {
    (bx - ax).hypot(by - ay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::geometry::{Spacing, SpacingKind};

    #[test]
    fn whatever_end_is_moved_the_axes_stay_at_right_angles_in_millimeters() {
        let spacing = Spacing { kind: SpacingKind::Patient, row_mm: 0.5, col_mm: 1.5, aspect: 1.0 / 3.0 };
        let scale = Scale::of(&spacing, &[], &[]);
        let mut shape = started([[10.0, 10.0], [40.0, 55.0]], &scale);
        for (end, point) in [(0, [5.0, 30.0]), (2, [0.0, 0.0]), (1, [22.0, 90.0]), (3, [60.0, 20.0]), (2, [99.0, 9.0])]
        {
            let Shape::Bidirectional { long, short } = shape else { panic!() };
            shape = with_end(long, short, end, point, &scale);
            let Shape::Bidirectional { long, short } = &shape else { panic!() };
            assert!((scale.angle_between_deg(long, short) - 90.0).abs() < 1e-9);
        }
    }

    #[test]
    fn moving_an_end_of_the_long_axis_keeps_the_short_ones_length_and_moving_it_back_restores_all() {
        let scale = Scale::of(&Spacing::UNKNOWN, &[], &[]);
        let start = started([[0.0, 0.0], [20.0, 0.0]], &scale);
        let Shape::Bidirectional { long, short } = start.clone() else { panic!() };
        assert_eq!(scale.length(&short), 10.0);
        let there = with_end(long, short, 1, [0.0, 40.0], &scale);
        let Shape::Bidirectional { long, short } = there else { panic!() };
        assert_eq!(scale.length(&short), 10.0);
        assert_eq!(with_end(long, short, 1, [20.0, 0.0], &scale), start);
    }
}
