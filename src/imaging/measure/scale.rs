//! How long one step of a picture is, and what that length means.

use crate::domain::geometry::{PixelBox, PixelPlane, Spacing, SpacingKind};
use crate::domain::shape::Point;
use crate::imaging::measure::{PIXELS, SQUARE_PIXELS};

/// The size of a pixel in the unit lengths are measured in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// From one column to the next.
    col: f64,
    /// From one row to the next.
    row: f64,
    kind: SpacingKind,
}

impl Scale {
    /// Of points on an image. Millimeters of ultrasound regions hold where all points lie in one of `regions`; elsewhere,
    /// and without a spacing in the patient, lengths are in widths of a pixel.
    pub fn of(spacing: &Spacing, regions: &[PixelBox], points: &[Point]) -> Self {
        let holds = spacing.kind != SpacingKind::Region || regions.iter().any(|region| is_inside(region, points));
        match spacing.kind {
            kind if spacing.is_measurable() && holds => Self { col: spacing.col_mm, row: spacing.row_mm, kind },
            SpacingKind::Detector => Self { col: 1.0, row: spacing.aspect, kind: SpacingKind::Detector },
            _ => Self { col: 1.0, row: spacing.aspect, kind: SpacingKind::None },
        }
    }

    /// Of points on a plane through a volume.
    pub fn of_plane(plane: &PixelPlane) -> Self {
        let (col, row) = (plane.col_step_mm.length(), plane.row_step_mm.length());
        Self { col, row, kind: SpacingKind::Patient }
    }

    /// How many units of the other one of this scale's is long: along rows and columns alike, as both have pixels of one
    /// form.
    pub fn ratio_to(&self, other: &Self) -> f64 {
        other.col / self.col
    }

    pub fn kind(&self) -> SpacingKind {
        self.kind
    }

    pub fn is_calibrated(&self) -> bool {
        is_calibrated(self.kind)
    }

    /// UCUM.
    pub fn length_unit(&self) -> &'static str {
        if self.is_calibrated() { "mm" } else { PIXELS }
    }

    /// UCUM.
    pub fn area_unit(&self) -> &'static str {
        if self.is_calibrated() { "mm2" } else { SQUARE_PIXELS }
    }

    /// From a pixel-center point to one whose axes have the same unit.
    pub fn scaled(&self, [col, row]: Point) -> [f64; 2] {
        [col * self.col, row * self.row]
    }

    /// Back again.
    pub fn unscaled(&self, [x, y]: [f64; 2]) -> Point {
        [x / self.col, y / self.row]
    }

    pub fn length(&self, [from, to]: &[Point; 2]) -> f64 {
        let [dx, dy] = self.way(*from, *to);
        dx.hypot(dy)
    }

    /// Of an area in pixels.
    pub fn area(&self, area_px: f64) -> f64 {
        area_px * self.col * self.row
    }

    /// At `vertex`, 0 to 180.
    pub fn angle_deg(&self, first: Point, vertex: Point, second: Point) -> f64 {
        angle_deg(self.way(vertex, first), self.way(vertex, second))
    }

    /// Between two lines, whichever way they were drawn: 0 to 90.
    pub fn angle_between_deg(&self, [a, b]: &[Point; 2], [c, d]: &[Point; 2]) -> f64 {
        let angle = angle_deg(self.way(*a, *b), self.way(*c, *d));
        angle.min(180.0 - angle)
    }

    fn way(&self, from: Point, to: Point) -> [f64; 2] {
        self.scaled([to[0] - from[0], to[1] - from[1]])
    }
}

/// Whether lengths of this kind are millimeters in the patient.
pub fn is_calibrated(kind: SpacingKind) -> bool {
    !matches!(kind, SpacingKind::None | SpacingKind::Detector)
}

/// From the sine and the cosine: exact also where one of them changes least.
fn angle_deg([ax, ay]: [f64; 2], [bx, by]: [f64; 2]) -> f64 {
    let (across, along) = (ax * by - ay * bx, ax * bx + ay * by);
    across.abs().atan2(along).to_degrees()
}

fn is_inside(region: &PixelBox, points: &[Point]) -> bool {
    let PixelBox { x0, y0, x1, y1 } = *region;
    // Boxes are in pixel-edge coordinates
    points.iter().all(|[col, row]| (x0..=x1).contains(&(col + 0.5)) && (y0..=y1).contains(&(row + 0.5)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spacing(kind: SpacingKind, row_mm: f64, col_mm: f64) -> Spacing {
        Spacing { kind, row_mm, col_mm, aspect: row_mm / col_mm }
    }

    #[test]
    fn rows_and_columns_have_their_own_length() {
        let scale = Scale::of(&spacing(SpacingKind::Patient, 0.5, 2.0), &[], &[]);
        assert_eq!(scale.length(&[[0.0, 0.0], [3.0, 0.0]]), 6.0);
        assert_eq!(scale.length(&[[0.0, 0.0], [0.0, 3.0]]), 1.5);
        assert_eq!(scale.length(&[[1.0, 1.0], [3.0, 7.0]]), 5.0);
        assert_eq!(scale.area(10.0), 10.0);
        // In millimeters the two arms are at right angles, in pixels they are not
        assert!((scale.angle_deg([1.0, 4.0], [0.0, 0.0], [1.0, -4.0]) - 90.0).abs() < 1e-12);
        assert_eq!(scale.unscaled(scale.scaled([3.0, 5.0])), [3.0, 5.0]);
    }

    #[test]
    fn angles_are_exact_where_the_cosine_is_blind() {
        let scale = Scale::of(&spacing(SpacingKind::Patient, 1.0, 1.0), &[], &[]);
        assert_eq!(scale.angle_deg([1.0, 0.0], [0.0, 0.0], [2.0, 0.0]), 0.0);
        assert_eq!(scale.angle_deg([1.0, 0.0], [0.0, 0.0], [-2.0, 0.0]), 180.0);
        let small = scale.angle_deg([1.0, 0.0], [0.0, 0.0], [1.0, 1e-9]);
        assert!((small - 1e-9_f64.to_degrees()).abs() < 1e-20, "{small}");
    }

    #[test]
    fn the_angle_between_lines_does_not_ask_which_way_they_were_drawn() {
        let scale = Scale::of(&spacing(SpacingKind::Patient, 0.7, 0.7), &[], &[]);
        let (flat, steep) = ([[0.0, 0.0], [10.0, 0.0]], [[0.0, 5.0], [10.0, 5.0 + 10.0 * 30_f64.to_radians().tan()]]);
        let back = [steep[1], steep[0]];
        for (a, b) in [(flat, steep), (flat, back), (back, flat)] {
            assert!((scale.angle_between_deg(&a, &b) - 30.0).abs() < 1e-12);
        }
    }

    #[test]
    fn without_a_spacing_in_the_patient_lengths_are_pixels() {
        for kind in [SpacingKind::None, SpacingKind::Detector] {
            let scale = Scale::of(&spacing(kind, 0.2, 0.2), &[], &[]);
            assert_eq!((scale.length(&[[0.0, 0.0], [3.0, 4.0]]), scale.length_unit()), (5.0, PIXELS));
        }
        let tall = Spacing { aspect: 2.0, ..Spacing::UNKNOWN };
        assert_eq!(Scale::of(&tall, &[], &[]).length(&[[0.0, 0.0], [0.0, 3.0]]), 6.0);
    }

    #[test]
    fn an_ultrasound_regions_millimeters_end_with_the_region() {
        let spacing = spacing(SpacingKind::Region, 0.3, 0.3);
        let regions =
            [PixelBox { x0: 10.0, y0: 10.0, x1: 20.0, y1: 20.0 }, PixelBox { x0: 30.0, y0: 10.0, x1: 40.0, y1: 20.0 }];
        let kind = |points: &[Point]| Scale::of(&spacing, &regions, points).kind();
        assert_eq!(kind(&[[11.0, 11.0], [19.0, 19.0]]), SpacingKind::Region);
        assert_eq!(kind(&[[11.0, 11.0], [25.0, 19.0]]), SpacingKind::None);
        // From one region into another no length is known
        assert_eq!(kind(&[[11.0, 11.0], [35.0, 19.0]]), SpacingKind::None);
    }
}
