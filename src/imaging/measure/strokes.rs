//! A shape as lines to be drawn: the same on the screen and on an exported picture.

use crate::domain::shape::{Point, Shape};

/// Chords of an ellipse: at full screen height less than a tenth of a pixel from the curve.
const N_CHORDS: usize = 96;
/// Sides of an arrow's head, and half its opening angle.
const HEAD: (f64, f64) = (0.16, 0.42);

/// Polylines in pixel-center coordinates.
pub fn strokes(shape: &Shape) -> Vec<Vec<Point>> {
    match shape {
        Shape::Probe { .. } | Shape::Text { .. } => Vec::new(),
        Shape::Length { ends } => vec![ends.to_vec()],
        Shape::Bidirectional { long, short } => vec![long.to_vec(), short.to_vec()],
        Shape::Angle { first, vertex, second } => vec![vec![*first, *vertex, *second]],
        Shape::Cobb { lines } => lines.iter().map(|line| line.to_vec()).collect(),
        Shape::Rectangle { .. } => vec![closed(corners(shape).to_vec())],
        Shape::Ellipse { .. } => vec![closed(ellipse(shape))],
        Shape::Freehand { outline } => vec![closed(outline.clone())],
        Shape::Arrow { tip, tail } => vec![vec![*tail, *tip], head(*tip, *tail)],
    }
}

/// What ties the two lines of a Cobb angle together: from middle to middle. Drawn weaker than the lines.
pub fn tie(shape: &Shape) -> Option<[Point; 2]> {
    let Shape::Cobb { lines } = shape else { return None };
    let middle = |[a, b]: [Point; 2]| [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])];
    Some(lines.map(middle))
}

/// The box around a shape, in order; that of a turned ellipse is turned with it.
pub fn corners(shape: &Shape) -> [Point; 4] {
    if let Some(turned) = shape.turned_box() {
        let [rx, ry] = turned.radii;
        return [[-rx, -ry], [rx, -ry], [rx, ry], [-rx, ry]].map(|corner| turned.point(corner));
    }
    let [[x0, y0], [x1, y1]] = shape.bounds();
    [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
}

/// The ends of an ellipse's two axes: along its rows, then along its columns, as they lie once turned. `None` for other
/// shapes.
pub fn axes(shape: &Shape) -> Option<[[Point; 2]; 2]> {
    matches!(shape, Shape::Ellipse { .. }).then(|| {
        let [a, b, c, d] = corners(shape);
        let middle = |a: Point, b: Point| [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])];
        [[middle(a, d), middle(b, c)], [middle(a, b), middle(d, c)]]
    })
}

fn ellipse(shape: &Shape) -> Vec<Point> {
    if let Some(turned) = shape.turned_box() {
        let [rx, ry] = turned.radii;
        let at = |chord: usize| {
            let (sin, cos) = (chord as f64 / N_CHORDS as f64 * std::f64::consts::TAU).sin_cos();
            turned.point([rx * cos, ry * sin])
        };
        return (0..N_CHORDS).map(at).collect();
    }
    let [[x0, y0], [x1, y1]] = shape.bounds();
    let (x, y, rx, ry) = (f64::midpoint(x0, x1), f64::midpoint(y0, y1), (x1 - x0) / 2.0, (y1 - y0) / 2.0);
    let at = |chord: usize| {
        let (sin, cos) = (chord as f64 / N_CHORDS as f64 * std::f64::consts::TAU).sin_cos();
        [x + rx * cos, y + ry * sin]
    };
    (0..N_CHORDS).map(at).collect()
}

fn closed(mut points: Vec<Point>) -> Vec<Point> {
    points.extend(points.first().copied());
    points
}

fn head([x, y]: Point, [from_x, from_y]: Point) -> Vec<Point> {
    let (size, half_angle) = HEAD;
    let back = [(from_x - x) * size, (from_y - y) * size];
    let side = |angle: f64| {
        let (sin, cos) = angle.sin_cos();
        [x + back[0] * cos - back[1] * sin, y + back[0] * sin + back[1] * cos]
    };
    vec![side(half_angle), [x, y], side(-half_angle)]
}
