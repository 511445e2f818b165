//! Findings on planes through a volume: a finding's box is as thick as its slice, and a plane shows where it meets it.

use egui::{Painter, Pos2};

use crate::domain::finding::Finding;
use crate::domain::geometry::{PixelPlane, Vec3};
use crate::domain::uid::FindingId;
use crate::imaging::plane_grid::Projection;
use crate::review::session::{FindingReview, ReviewSession};
use crate::ui::viewport::marks;
use crate::ui::viewport::shown::{Canvas, Shown, pixel_plane};

/// Of a slice where nothing says how thick it is, mm.
const THICKNESS_MM: f64 = 1.0;

/// Draws the findings whose boxes the plane meets, the selected one on top.
pub fn plane_marks_ui(
    painter: &Painter,
    canvas: &Canvas,
    shown: &Shown<'_>,
    session: &ReviewSession,
    selected: Option<&FindingId>,
    shows_ai: bool,
) {
    let Some((plane, picture)) = shown.plane.zip(shown.cut.as_ref().and_then(|cut| cut.picture)) else { return };
    let slab = picture.request.slab;
    let reach_mm = if slab.projection == Projection::Single { 0.0 } else { slab.thickness_mm / 2.0 };
    let met = |review: &FindingReview| {
        let finding = &review.finding;
        let is_here = finding.subject.series == shown.series.uid && marks::is_drawn(finding, selected, shows_ai);
        let body = Body::of(finding, shown).filter(|_| is_here)?;
        let outline = body.outline_in(&plane, reach_mm)?;
        // Pixel-center to pixel-edge coordinates
        Some(outline.iter().map(|[col, row]| canvas.screen_point([col + 0.5, row + 0.5])).collect())
    };
    let mut drawn: Vec<(bool, &FindingReview, Vec<Pos2>)> = Vec::new();
    for review in session.findings().iter().filter(|review| review.finding.place.region().is_some()) {
        if let Some(outline) = met(review) {
            drawn.push((selected == Some(&review.finding.id), review, outline));
        }
    }
    drawn.sort_by_key(|(is_selected, ..)| *is_selected);
    for (is_selected, review, outline) in &drawn {
        marks::outline_ui(painter, canvas, review, outline, *is_selected);
    }
}

/// A box in the patient: four corners on a slice, and half the way across it.
struct Body {
    corners_mm: [Vec3; 4],
    half_mm: Vec3,
}

impl Body {
    fn of(finding: &Finding, shown: &Shown<'_>) -> Option<Self> {
        let region = finding.place.region()?;
        let subject = &finding.subject;
        let mut images = (0..shown.series.stack.len()).filter_map(|index| shown.series.image(index));
        let (instance, frame) = images.find(|(image, frame)| image.sop == subject.sop && *frame == subject.frame)?;
        let plane = pixel_plane(instance, frame)?;
        let between = shown.series.geometry.slice_spacing_mm.or(instance.acquisition.slice_thickness_mm);
        let thickness_mm = between.map_or(THICKNESS_MM, f64::abs);
        // Pixel-edge to pixel-center coordinates
        let corner = |x: f64, y: f64| plane.point_mm([x - 0.5, y - 0.5]);
        let corners_mm = [
            corner(region.x0, region.y0),
            corner(region.x1, region.y0),
            corner(region.x1, region.y1),
            corner(region.x0, region.y1),
        ];
        Some(Self { corners_mm, half_mm: plane.normal().scaled(thickness_mm / 2.0) })
    }

    /// What of it lies within `reach_mm` of a plane, as seen straight on: its corners in order, columns and rows.
    fn outline_in(&self, plane: &PixelPlane, reach_mm: f64) -> Option<Vec<[f64; 2]>> {
        let below = self.corners_mm.map(|corner| corner.minus(self.half_mm));
        let above = self.corners_mm.map(|corner| corner.plus(self.half_mm));
        let mut points: Vec<[f64; 2]> = below
            .iter()
            .chain(&above)
            .filter(|at| plane.distance_mm(**at).abs() <= reach_mm)
            .map(|at| plane.pixel(*at))
            .collect();
        for side in 0..4 {
            let next = (side + 1) % 4;
            for (a, b) in [(below[side], below[next]), (above[side], above[next]), (below[side], above[side])] {
                let (of_a, of_b) = (plane.distance_mm(a), plane.distance_mm(b));
                for level in [-reach_mm, reach_mm] {
                    if (of_a < level) != (of_b < level) {
                        points.push(plane.pixel(a.plus(b.minus(a).scaled((level - of_a) / (of_b - of_a)))));
                    }
                }
            }
        }
        let outline = hull(points);
        (outline.len() >= 3).then_some(outline)
    }
}

/// The corners of the least convex outline around points, in order (Andrew's monotone chain).
fn hull(mut points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    points.dedup_by(|a, b| (a[0] - b[0]).abs() < 1e-9 && (a[1] - b[1]).abs() < 1e-9);
    let half = |points: &mut dyn Iterator<Item = [f64; 2]>| {
        let mut chain: Vec<[f64; 2]> = Vec::new();
        for point in points {
            while let [.., a, b] = chain.as_slice()
                && (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) <= 1e-9
            {
                chain.pop();
            }
            chain.push(point);
        }
        // The other half begins with it
        chain.pop();
        chain
    };
    let mut outline = half(&mut points.iter().copied());
    outline.extend(half(&mut points.iter().rev().copied()));
    outline
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 40 mm wide, 20 mm high, on a slice of 3 mm at z = 30.
    fn body() -> Body {
        let corner = |x: f64, y: f64| Vec3([x, y, 30.0]);
        let corners_mm = [corner(-20.0, 10.0), corner(20.0, 10.0), corner(20.0, 30.0), corner(-20.0, 30.0)];
        Body { corners_mm, half_mm: Vec3([0.0, 0.0, 1.5]) }
    }

    fn plane(origin: [f64; 3], col: [f64; 3], row: [f64; 3]) -> PixelPlane {
        PixelPlane { origin_mm: Vec3(origin), col_step_mm: Vec3(col), row_step_mm: Vec3(row) }
    }

    fn bounds(outline: &[[f64; 2]]) -> [f64; 4] {
        let along = |axis: usize| outline.iter().map(move |point| point[axis]);
        [
            along(0).fold(f64::MAX, f64::min),
            along(1).fold(f64::MAX, f64::min),
            along(0).fold(f64::MIN, f64::max),
            along(1).fold(f64::MIN, f64::max),
        ]
    }

    fn check(found: Option<Vec<[f64; 2]>>, n_corners: usize, expected: [f64; 4]) {
        let outline = found.unwrap();
        assert_eq!(outline.len(), n_corners, "{outline:?}");
        let all = bounds(&outline);
        assert!(all.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{all:?}");
    }

    #[test]
    fn a_box_is_itself_on_its_slice_and_a_thin_strip_across_it() {
        let axial = |z: f64| plane([-100.0, -100.0, z], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]);
        check(body().outline_in(&axial(30.0), 0.0), 4, [80.0, 110.0, 120.0, 130.0]);
        check(body().outline_in(&axial(31.4), 0.0), 4, [80.0, 110.0, 120.0, 130.0]);
        assert_eq!(body().outline_in(&axial(31.6), 0.0), None);
        // As a slab it is met from further away
        check(body().outline_in(&axial(35.0), 5.0), 4, [80.0, 110.0, 120.0, 130.0]);
        let coronal = |y: f64| plane([-100.0, y, 100.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]);
        check(body().outline_in(&coronal(15.0), 0.0), 4, [80.0, 68.5, 120.0, 71.5]);
        assert_eq!(body().outline_in(&coronal(31.0), 0.0), None);
    }

    #[test]
    fn an_oblique_plane_meets_it_in_an_outline_that_lies_within_it() {
        let half = std::f64::consts::FRAC_1_SQRT_2;
        let oblique = plane([0.0, 20.0, 30.0], [half, half, 0.0], [0.0, 0.0, 1.0]);
        let outline = body().outline_in(&oblique, 0.0).unwrap();
        assert_eq!(outline.len(), 4);
        for [col, row] in outline {
            let Vec3([x, y, z]) = oblique.point_mm([col, row]);
            assert!(x.abs() <= 20.0 + 1e-9 && (y - 20.0).abs() <= 10.0 + 1e-9 && (z - 30.0).abs() <= 1.5 + 1e-9);
        }
    }
}
