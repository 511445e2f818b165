//! Which pixels a region holds, and what their values are.

use std::ops::Range;

use crate::domain::shape::{Point, Shape, TurnedBox};
use crate::imaging::histogram::{self, Counted};
use crate::imaging::measure::Values;

/// Bars of a histogram at most.
pub const MAX_BINS: usize = 64;

/// Of the modality values of a region's pixels, without padding and what is not a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    pub n_pixels: u64,
    pub mean: f64,
    /// Of a sample (n − 1); `None` for a single pixel.
    pub sd: Option<f64>,
    pub min: f64,
    pub max: f64,
    pub histogram: Histogram,
}

/// Counts in bins of equal width.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Lower edge of the first bin.
    pub low: f64,
    /// Upper edge of the last.
    pub high: f64,
    /// 1 to [`MAX_BINS`].
    pub counts: Vec<u64>,
}

/// In pixels, of the outline itself; 0 for what encloses nothing.
pub fn area(shape: &Shape) -> f64 {
    let sides = |[a, b]: &[Point; 2]| ((b[0] - a[0]) * (b[1] - a[1])).abs();
    match shape {
        Shape::Rectangle { corners } => sides(corners),
        Shape::Ellipse { corners, .. } => sides(corners) * std::f64::consts::FRAC_PI_4,
        Shape::Freehand { outline } => polygon_area(outline),
        _ => 0.0,
    }
}

/// The shoelace formula about the first point, which keeps digits far from the corner.
fn polygon_area(outline: &[Point]) -> f64 {
    let Some([x0, y0]) = outline.first().copied() else { return 0.0 };
    let doubled: f64 = outline
        .windows(2)
        .map(|pair| (pair[0][0] - x0) * (pair[1][1] - y0) - (pair[1][0] - x0) * (pair[0][1] - y0))
        .sum();
    doubled.abs() / 2.0
}

/// `None` when no pixel's center lies inside, or the picture has colors of its own.
pub fn statistics(shape: &Shape, values: &Values<'_>) -> Option<Statistics> {
    if values.is_color {
        return None;
    }
    let spans = spans(shape, values.frame.rows(), values.frame.cols());
    let counted = histogram::counted_values_in(values.frame, values.attrs, values.padding, &spans);
    of_counts(&counted)
}

/// The pixels whose centers lie inside, as runs of places in the picture, row by row. A center on an edge belongs to
/// what lies to its right and below: regions that share an edge share no pixel.
pub fn spans(shape: &Shape, rows: u32, cols: u32) -> Vec<Range<usize>> {
    let [[_, top], [_, bottom]] = shape.bounds();
    let first = top.ceil().max(0.0) as u32;
    let end = (bottom.floor() + 1.0).clamp(0.0, f64::from(rows)) as u32;
    let mut spans = Vec::new();
    for row in first..end {
        for [left, right] in inside(shape, f64::from(row)) {
            let start = left.ceil().clamp(0.0, f64::from(cols)) as usize;
            let end = right.ceil().clamp(0.0, f64::from(cols)) as usize;
            if start < end {
                let line = row as usize * cols as usize;
                spans.push(line + start..line + end);
            }
        }
    }
    spans
}

/// The stretches of a row that lie inside, from left to right.
fn inside(shape: &Shape, row: f64) -> Vec<[f64; 2]> {
    match shape {
        Shape::Rectangle { .. } => {
            let [[x0, y0], [x1, y1]] = shape.bounds();
            if (y0..y1).contains(&row) { vec![[x0, x1]] } else { Vec::new() }
        }
        Shape::Ellipse { .. } if shape.turned_box().is_some() => {
            shape.turned_box().and_then(|turned| chord(&turned, row)).into_iter().collect()
        }
        Shape::Ellipse { .. } => {
            let [[x0, y0], [x1, y1]] = shape.bounds();
            let (rx, ry) = ((x1 - x0) / 2.0, (y1 - y0) / 2.0);
            let aside = 1.0 - ((row - f64::midpoint(y0, y1)) / ry).powi(2);
            let reach = rx * aside.max(0.0).sqrt();
            let middle = f64::midpoint(x0, x1);
            if aside > 0.0 { vec![[middle - reach, middle + reach]] } else { Vec::new() }
        }
        Shape::Freehand { outline } => crossings(outline, row),
        _ => Vec::new(),
    }
}

/// Where a row meets a turned ellipse: the roots of its equation in the row's own coordinate.
fn chord(TurnedBox { center, radii: [rx, ry], turn: (sin, cos) }: &TurnedBox, row: f64) -> Option<[f64; 2]> {
    let (p, q) = (1.0 / (rx * rx), 1.0 / (ry * ry));
    let dy = row - center[1];
    let a = cos * cos * p + sin * sin * q;
    let half_b = dy * cos * sin * (p - q);
    let c = dy * dy * (sin * sin * p + cos * cos * q) - 1.0;
    let rest = half_b * half_b - a * c;
    let reach = rest.max(0.0).sqrt() / a;
    let middle = center[0] - half_b / a;
    (rest > 0.0).then_some([middle - reach, middle + reach])
}

/// Even-odd: where the outline crosses itself, what is enclosed twice is outside.
fn crossings(outline: &[Point], row: f64) -> Vec<[f64; 2]> {
    let next = outline.iter().cycle().skip(1);
    let mut at: Vec<f64> = outline
        .iter()
        .zip(next)
        .filter(|([_, ya], [_, yb])| (*ya <= row) != (*yb <= row))
        .map(|([xa, ya], [xb, yb])| xa + (row - ya) / (yb - ya) * (xb - xa))
        .collect();
    at.sort_unstable_by(f64::total_cmp);
    at.as_chunks::<2>().0.to_vec()
}

fn of_counts(counted: &[Counted]) -> Option<Statistics> {
    let n_pixels: u64 = counted.iter().map(|(_, count)| count).sum();
    let (min, max) = (counted.first()?.0, counted.last()?.0);
    let n = n_pixels as f64;
    let weighted =
        |of: &dyn Fn(f64) -> f64| counted.iter().map(|(value, count)| of(*value) * *count as f64).sum::<f64>();
    // About the lowest value, then about the mean: two passes lose no digits
    let mean = min + weighted(&|value| value - min) / n;
    let squares = weighted(&|value| (value - mean).powi(2));
    let sd = (n_pixels > 1).then(|| (squares / (n - 1.0)).sqrt());
    Some(Statistics { n_pixels, mean, sd, min, max, histogram: histogram_of(counted, min, max) })
}

/// Whole values get bins of whole width, so that no bin holds more of them than its neighbor by rounding.
fn histogram_of(counted: &[Counted], min: f64, max: f64) -> Histogram {
    let is_whole = counted.iter().all(|(value, _)| value.fract() == 0.0);
    let (low, width, n_bins) = if is_whole {
        let n_values = max - min + 1.0;
        let width = (n_values / MAX_BINS as f64).ceil();
        (min - 0.5, width, (n_values / width).ceil() as usize)
    } else {
        let n_bins = if max > min { MAX_BINS } else { 1 };
        (min, if max > min { (max - min) / n_bins as f64 } else { 1.0 }, n_bins)
    };
    let mut counts = vec![0; n_bins.clamp(1, MAX_BINS)];
    let last = counts.len() - 1;
    for (value, count) in counted {
        let bin = (((value - low) / width) as usize).min(last);
        counts[bin] += count;
    }
    Histogram { low, high: low + width * (last + 1) as f64, counts }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n_inside(shape: &Shape, rows: u32, cols: u32) -> usize {
        spans(shape, rows, cols).iter().map(ExactSizeIterator::len).sum()
    }

    #[test]
    fn a_rectangle_along_pixel_edges_holds_its_area_in_pixels_and_neighbors_share_none() {
        let rectangle = |a, b| Shape::Rectangle { corners: [a, b] };
        assert_eq!(n_inside(&rectangle([1.5, 2.5], [4.5, 4.5]), 10, 10), 6);
        // Edges through the centers
        assert_eq!(n_inside(&rectangle([4.0, 5.0], [1.0, 2.0]), 10, 10), 9);
        assert_eq!(spans(&rectangle([1.0, 2.0], [3.0, 3.0]), 10, 10).first(), Some(&(21..23)));
        // What lies outside of the picture holds nothing
        assert_eq!(n_inside(&rectangle([-5.0, -5.0], [50.0, 0.5]), 10, 10), 10);
        assert_eq!(n_inside(&rectangle([-5.0, -5.0], [-1.0, 50.0]), 10, 10), 0);
    }

    #[test]
    fn an_outline_that_is_a_rectangle_holds_what_the_rectangle_holds() {
        let corners = [[1.3, 2.2], [17.9, 11.0]];
        let [[x0, y0], [x1, y1]] = corners;
        let outline = vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
        let (rectangle, freehand) = (Shape::Rectangle { corners }, Shape::Freehand { outline });
        assert_eq!(spans(&rectangle, 30, 30), spans(&freehand, 30, 30));
        assert!((area(&rectangle) - area(&freehand)).abs() < 1e-12);
    }

    #[test]
    fn what_an_outline_encloses_twice_is_outside_and_a_hole_between_two_lobes_too() {
        // A bow tie
        let bow = Shape::Freehand { outline: vec![[0.0, 0.0], [8.0, 8.0], [8.0, 0.0], [0.0, 8.0]] };
        assert_eq!(inside(&bow, 2.0), [[0.0, 2.0], [6.0, 8.0]]);
        assert_eq!(inside(&bow, 20.0), [[0.0; 2]; 0]);
    }

    #[test]
    fn statistics_are_two_pass_and_bins_of_whole_values_are_whole() {
        let found = of_counts(&[(1e9, 1), (1e9 + 1.0, 2), (1e9 + 4.0, 1)]).unwrap();
        assert_eq!((found.n_pixels, found.mean, found.min, found.max), (4, 1e9 + 1.5, 1e9, 1e9 + 4.0));
        // Of 0, 1, 1, 4: squares 9 over 3
        assert_eq!(found.sd, Some(3_f64.sqrt()));
        assert_eq!(found.histogram.counts, [1, 2, 0, 0, 1]);
        let wide: Vec<Counted> = (0..200).map(|value| (f64::from(value), 1)).collect();
        let histogram = of_counts(&wide).unwrap().histogram;
        assert_eq!((histogram.low, histogram.high, histogram.counts.len()), (-0.5, 199.5, 50));
        assert!(histogram.counts.iter().all(|count| *count == 4));
        let single = of_counts(&[(0.25, 1)]).unwrap();
        assert_eq!((single.sd, single.histogram.counts.as_slice()), (None, [1].as_slice()));
    }
}
