//! Lengths read off a mask.

use crate::domain::mask::Mask;

/// How far masks reach from left to right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HorizontalExtent {
    /// First and last column inside.
    pub col_min: u32,
    pub col_max: u32,
    /// The leftmost and the rightmost pixel, `[x, y]` in pixel-centre coordinates: of several, the middle one.
    pub left: [f64; 2],
    pub right: [f64; 2],
}

impl HorizontalExtent {
    /// Columns covered: last − first + 1.
    pub fn width_px(&self) -> f64 {
        f64::from(self.col_max - self.col_min) + 1.0
    }
}

/// The extent of all masks together, which share one grid; `None` when all are empty.
///
/// The heart's is taken of its largest component, the thorax's of both lungs; their widths' quotient is the
/// cardiothoracic ratio.
pub fn horizontal_extent(masks: &[&Mask]) -> Option<HorizontalExtent> {
    let bounds = masks.iter().filter_map(|mask| mask.bounds());
    let (x0, x1) = bounds.map(|bounds| (bounds.x0, bounds.x1)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
    let (col_min, col_max) = (x0 as u32, x1 as u32 - 1);
    Some(HorizontalExtent {
        col_min,
        col_max,
        left: [f64::from(col_min), middle_row(masks, col_min)],
        right: [f64::from(col_max), middle_row(masks, col_max)],
    })
}

/// Middle of the first and last row that are inside at `col`.
fn middle_row(masks: &[&Mask], col: u32) -> f64 {
    let is_inside = |row: &u32| masks.iter().any(|mask| mask.contains(*row, col));
    let n_rows = masks.iter().map(|mask| mask.rows()).max().unwrap_or(0);
    let first = (0..n_rows).find(is_inside).unwrap_or(0);
    let last = (0..n_rows).rev().find(is_inside).unwrap_or(0);
    f64::midpoint(f64::from(first), f64::from(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extent_of_two_lungs_spans_the_gap_between_them() {
        let right_lung = Mask::from_dense(3, 6, &[0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]).unwrap();
        let left_lung = Mask::from_dense(3, 6, &[0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0]).unwrap();
        let extent = horizontal_extent(&[&right_lung, &left_lung]).unwrap();
        assert_eq!((extent.col_min, extent.col_max, extent.width_px()), (0, 4, 5.0));
        assert_eq!((extent.left, extent.right), ([0.0, 1.0], [4.0, 1.0]));
        let empty = Mask::from_dense(3, 6, &[0; 18]).unwrap();
        assert_eq!(horizontal_extent(&[&empty]), None);
        assert_eq!(horizontal_extent(&[&right_lung, &empty]).unwrap().width_px(), 2.0);
    }
}
