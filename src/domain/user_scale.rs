//! A reader's own scale of an image: a line of known length says how large its pixels are.

use serde::{Deserialize, Serialize};

use crate::domain::geometry::{Spacing, SpacingKind};
use crate::domain::shape::Point;

/// Lengths that a reader may name, mm.
pub const KNOWN_LENGTHS_MM: std::ops::RangeInclusive<f64> = 0.01..=10_000.0;

/// Drawn along something whose size is known, such as a ruler or a marker ball.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserScale {
    /// Pixel-center coordinates.
    pub ends: [Point; 2],
    /// What the reader knows it to be.
    pub length_mm: f64,
    /// From one column to the next, as it follows from both; finite and positive.
    pub col_mm: f64,
}

impl UserScale {
    /// On pixels `aspect` times as high as wide. `None` for a line or a length that says nothing.
    pub fn new(ends: [Point; 2], length_mm: f64, aspect: f64) -> Option<Self> {
        let [[x0, y0], [x1, y1]] = ends;
        let length_px = (x1 - x0).hypot((y1 - y0) * aspect);
        let is_known = KNOWN_LENGTHS_MM.contains(&length_mm) && length_px.is_finite() && length_px >= 1.0;
        is_known.then(|| Self { ends, length_mm, col_mm: length_mm / length_px })
    }

    /// Of the image, whose pixels keep their form.
    pub fn spacing(&self, of_file: &Spacing) -> Spacing {
        let Spacing { aspect, .. } = *of_file;
        Spacing { kind: SpacingKind::User, row_mm: self.col_mm * aspect, col_mm: self.col_mm, aspect }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_length_says_how_large_pixels_are_whichever_way_it_lies() {
        let tall = Spacing { aspect: 2.0, ..Spacing::UNKNOWN };
        let across = UserScale::new([[0.0, 0.0], [50.0, 0.0]], 100.0, 2.0).unwrap().spacing(&tall);
        let down = UserScale::new([[0.0, 0.0], [0.0, 25.0]], 100.0, 2.0).unwrap().spacing(&tall);
        assert_eq!((across.col_mm, across.row_mm), (2.0, 4.0));
        assert_eq!(across, down);
        assert_eq!(across.kind, SpacingKind::User);
        assert!(across.is_measurable());
        for (length_px, length_mm) in [(0.5, 10.0), (50.0, 0.0), (50.0, f64::NAN), (f64::NAN, 10.0), (50.0, 1e9)] {
            assert_eq!(UserScale::new([[0.0, 0.0], [length_px, 0.0]], length_mm, 1.0), None);
        }
    }
}
