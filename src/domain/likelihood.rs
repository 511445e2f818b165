//! How likely each place of a picture belongs to a structure, by a segmentation network's own word.

use std::fmt;

use crate::domain::saliency::MapFromSource;

/// On the network's grid, so that it stays small; lives as long as the session and is never kept: a mask can be had again
/// from the model.
#[derive(Clone, PartialEq)]
pub struct Likelihood {
    /// Id of the segment it is of.
    pub segment: String,
    cols: u32,
    /// Row-major, 0 to 1.
    values: Vec<f32>,
    map_from_source: MapFromSource,
}

impl Likelihood {
    /// `None` when the values do not fill rows of `cols`.
    pub fn new(segment: String, cols: u32, values: Vec<f32>, map_from_source: MapFromSource) -> Option<Self> {
        let is_whole = cols > 0 && !values.is_empty() && values.len().is_multiple_of(cols as usize);
        is_whole.then_some(Self { segment, cols, values, map_from_source })
    }

    /// At a column and row of the picture, mixed of the four nearest; 0 to 1.
    pub fn at(&self, col: u32, row: u32) -> f32 {
        let MapFromSource { scale_x, offset_x, scale_y, offset_y } = self.map_from_source;
        let rows = self.values.len() as u32 / self.cols;
        let place = |at: f64, n: u32| {
            let at = at.clamp(0.0, f64::from(n - 1));
            let first = at.floor();
            (first as u32, (first as u32 + 1).min(n - 1), (at - first) as f32)
        };
        let (x0, x1, share_x) = place(f64::from(col) * scale_x + offset_x, self.cols);
        let (y0, y1, share_y) = place(f64::from(row) * scale_y + offset_y, rows);
        let value = |x: u32, y: u32| self.values.get((y * self.cols + x) as usize).copied().unwrap_or(0.0);
        let above = value(x0, y0) + (value(x1, y0) - value(x0, y0)) * share_x;
        let below = value(x0, y1) + (value(x1, y1) - value(x0, y1)) * share_x;
        (above + (below - above) * share_y).clamp(0.0, 1.0)
    }
}

impl fmt::Debug for Likelihood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Likelihood({}, {} values)", self.segment, self.values.len())
    }
}
