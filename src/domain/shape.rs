//! The shapes a reader can draw, as their points: columns and rows of one picture, in pixel-center coordinates.

use serde::{Deserialize, Serialize};

/// Column and row; the first pixel's center is `[0, 0]`.
pub type Point = [f64; 2];

/// More points than a hand draws, few enough to be kept in one event.
pub const MAX_OUTLINE_POINTS: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "shape", rename_all = "snake_case")]
pub enum Shape {
    /// The value of one pixel.
    Probe {
        at: Point,
    },
    Length {
        ends: [Point; 2],
    },
    /// The longest diameter, and the one across it at right angles.
    Bidirectional {
        long: [Point; 2],
        short: [Point; 2],
    },
    Angle {
        first: Point,
        vertex: Point,
        second: Point,
    },
    /// Between two lines that need not meet.
    Cobb {
        lines: [[Point; 2]; 2],
    },
    /// Along rows and columns; two opposite corners.
    Rectangle {
        corners: [Point; 2],
    },
    /// In a box along rows and columns, of which two opposite corners are given; then turned about its middle.
    Ellipse {
        corners: [Point; 2],
        /// Clockwise on the picture as it is stored.
        #[serde(default, skip_serializing_if = "is_zero")]
        turned_deg: f64,
    },
    /// A closed outline; the last point is joined to the first.
    Freehand {
        outline: Vec<Point>,
    },
    Arrow {
        tip: Point,
        tail: Point,
    },
    Text {
        at: Point,
    },
}

impl Shape {
    /// Stable word, as written to files.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Probe { .. } => "probe",
            Self::Length { .. } => "length",
            Self::Bidirectional { .. } => "bidirectional",
            Self::Angle { .. } => "angle",
            Self::Cobb { .. } => "cobb",
            Self::Rectangle { .. } => "rectangle",
            Self::Ellipse { .. } => "ellipse",
            Self::Freehand { .. } => "freehand",
            Self::Arrow { .. } => "arrow",
            Self::Text { .. } => "text",
        }
    }

    /// As a reader calls it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Probe { .. } => "Probe",
            Self::Length { .. } => "Length",
            Self::Bidirectional { .. } => "Bidirectional",
            Self::Angle { .. } => "Angle",
            Self::Cobb { .. } => "Cobb angle",
            Self::Rectangle { .. } => "Rectangle",
            Self::Ellipse { .. } => "Ellipse",
            Self::Freehand { .. } => "Freehand region",
            Self::Arrow { .. } => "Arrow",
            Self::Text { .. } => "Text",
        }
    }

    /// The points it is kept as, in order.
    pub fn points(&self) -> Vec<Point> {
        match self {
            Self::Probe { at } | Self::Text { at } => vec![*at],
            Self::Length { ends } => ends.to_vec(),
            Self::Bidirectional { long: [a, b], short: [c, d] } | Self::Cobb { lines: [[a, b], [c, d]] } => {
                vec![*a, *b, *c, *d]
            }
            Self::Angle { first, vertex, second } => vec![*first, *vertex, *second],
            Self::Rectangle { corners } | Self::Ellipse { corners, .. } => corners.to_vec(),
            Self::Freehand { outline } => outline.clone(),
            Self::Arrow { tip, tail } => vec![*tip, *tail],
        }
    }

    /// The same shape with every point put elsewhere.
    #[must_use]
    pub fn mapped(&self, map: impl Fn(Point) -> Point) -> Self {
        let pair = |[a, b]: [Point; 2]| [map(a), map(b)];
        match self {
            Self::Probe { at } => Self::Probe { at: map(*at) },
            Self::Text { at } => Self::Text { at: map(*at) },
            Self::Length { ends } => Self::Length { ends: pair(*ends) },
            Self::Bidirectional { long, short } => Self::Bidirectional { long: pair(*long), short: pair(*short) },
            Self::Angle { first, vertex, second } => {
                Self::Angle { first: map(*first), vertex: map(*vertex), second: map(*second) }
            }
            Self::Cobb { lines } => Self::Cobb { lines: lines.map(pair) },
            Self::Rectangle { corners } => Self::Rectangle { corners: pair(*corners) },
            Self::Ellipse { corners, turned_deg } => Self::Ellipse { corners: pair(*corners), turned_deg: *turned_deg },
            Self::Freehand { outline } => Self::Freehand { outline: outline.iter().copied().map(map).collect() },
            Self::Arrow { tip, tail } => Self::Arrow { tip: map(*tip), tail: map(*tail) },
        }
    }

    /// Moved as a whole, columns and rows.
    #[must_use]
    pub fn moved(&self, [by_col, by_row]: [f64; 2]) -> Self {
        self.mapped(|[col, row]| [col + by_col, row + by_row])
    }

    /// What a label's offset counts from: the first point.
    pub fn anchor(&self) -> Point {
        self.points().first().copied().unwrap_or_default()
    }

    /// Lowest and highest column and row: `[[col, row], [col, row]]`.
    pub fn bounds(&self) -> [Point; 2] {
        if let Some(TurnedBox { center: [x, y], radii: [rx, ry], turn: (sin, cos) }) = self.turned_box() {
            let (across, down) = ((rx * cos).hypot(ry * sin), (rx * sin).hypot(ry * cos));
            return [[x - across, y - down], [x + across, y + down]];
        }
        let points = self.points();
        let along = |axis: usize, pick: fn(f64, f64) -> f64| {
            points.iter().filter_map(|point| point.get(axis).copied()).reduce(pick).unwrap_or_default()
        };
        [[along(0, f64::min), along(1, f64::min)], [along(0, f64::max), along(1, f64::max)]]
    }

    /// Of an ellipse that is turned.
    pub fn turned_box(&self) -> Option<TurnedBox> {
        let Self::Ellipse { corners: [[x0, y0], [x1, y1]], turned_deg } = self else { return None };
        (*turned_deg != 0.0).then(|| TurnedBox {
            center: [f64::midpoint(*x0, *x1), f64::midpoint(*y0, *y1)],
            radii: [(x1 - x0).abs() / 2.0, (y1 - y0).abs() / 2.0],
            turn: turned_deg.to_radians().sin_cos(),
        })
    }

    /// Whether it encloses pixels.
    pub fn is_region(&self) -> bool {
        matches!(self, Self::Rectangle { .. } | Self::Ellipse { .. } | Self::Freehand { .. })
    }

    /// Whether its points are numbers and it has a size where it needs one.
    pub fn is_sound(&self) -> bool {
        let points = self.points();
        let is_finite = points.iter().flatten().all(|value| value.is_finite() && value.abs() < 1e9);
        let has_length = |[a, b]: &[Point; 2]| a != b;
        is_finite
            && match self {
                Self::Probe { .. } | Self::Text { .. } => true,
                Self::Length { ends } => has_length(ends),
                Self::Bidirectional { long, .. } => has_length(long),
                Self::Angle { first, vertex, second } => first != vertex && second != vertex,
                Self::Cobb { lines } => lines.iter().all(has_length),
                Self::Rectangle { corners: [a, b] } => a[0] != b[0] && a[1] != b[1],
                Self::Ellipse { corners: [a, b], turned_deg } => {
                    a[0] != b[0] && a[1] != b[1] && (-360.0..=360.0).contains(turned_deg)
                }
                Self::Freehand { outline } => (3..=MAX_OUTLINE_POINTS).contains(&outline.len()),
                Self::Arrow { tip, tail } => tip != tail,
            }
    }
}

/// A box turned about its middle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TurnedBox {
    pub center: Point,
    /// Half its width and half its height.
    pub radii: [f64; 2],
    /// Sine and cosine.
    pub turn: (f64, f64),
}

impl TurnedBox {
    /// A point of the upright box about its middle, where it lies once turned.
    pub fn point(&self, [x, y]: [f64; 2]) -> Point {
        let (sin, cos) = self.turn;
        [self.center[0] + x * cos - y * sin, self.center[1] + x * sin + y * cos]
    }
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_without_size_or_with_a_point_nowhere_is_not_sound() {
        let line = |a, b| Shape::Length { ends: [a, b] };
        assert!(line([0.0, 0.0], [0.0, 1.0]).is_sound());
        assert!(!line([1.0, 1.0], [1.0, 1.0]).is_sound());
        assert!(!line([f64::NAN, 1.0], [1.0, 1.0]).is_sound());
        assert!(!Shape::Ellipse { corners: [[1.0, 1.0], [1.0, 5.0]], turned_deg: 0.0 }.is_sound());
        assert!(!Shape::Ellipse { corners: [[1.0, 1.0], [3.0, 5.0]], turned_deg: f64::NAN }.is_sound());
        assert!(!Shape::Freehand { outline: vec![[0.0, 0.0], [1.0, 1.0]] }.is_sound());
    }

    #[test]
    fn a_turned_ellipse_reaches_as_far_as_it_does_and_an_upright_one_is_written_as_before() {
        let ellipse = |turned_deg| Shape::Ellipse { corners: [[0.0, 0.0], [8.0, 4.0]], turned_deg };
        let json = serde_json::to_value(ellipse(0.0)).unwrap();
        assert_eq!(json, serde_json::json!({ "shape": "ellipse", "corners": [[0.0, 0.0], [8.0, 4.0]] }));
        assert_eq!(serde_json::from_value::<Shape>(json).unwrap(), ellipse(0.0));
        let [[x0, y0], [x1, y1]] = ellipse(90.0).bounds();
        assert!([x0 - 2.0, y0 + 2.0, x1 - 6.0, y1 - 6.0].iter().all(|off| off.abs() < 1e-12));
    }

    #[test]
    fn a_shape_reads_back_and_moves_as_a_whole() {
        let shape = Shape::Cobb { lines: [[[0.0, 1.0], [2.0, 3.0]], [[4.0, 5.0], [6.0, 7.5]]] };
        let json = serde_json::to_value(&shape).unwrap();
        assert_eq!(json["shape"], shape.kind());
        assert_eq!(serde_json::from_value::<Shape>(json).unwrap(), shape);
        assert_eq!(shape.moved([1.0, -1.0]).bounds(), [[1.0, 0.0], [7.0, 6.5]]);
    }
}
