//! Where a volume's voxels lie when slices may be sheared or unevenly spaced, and what a reader must be told about it.

use crate::domain::geometry::Vec3;
use crate::domain::series::{Regularity, Series};
use crate::imaging::volume::{NotAVolume, VolumeGrid};

/// Coordinates this close to a voxel's center are its center, voxels.
const SNAP: f64 = 1e-6;

/// A grid whose slices may lie unevenly on their line.
#[derive(Clone, Debug, PartialEq)]
pub struct VolumeSpace {
    /// With places, its slice step is 1 mm along the line of the slices.
    grid: VolumeGrid,
    places: Option<SlicePlaces>,
    warning: Option<String>,
}

/// Where uneven slices lie.
#[derive(Clone, Debug, PartialEq)]
struct SlicePlaces {
    /// On the line of the slices, mm, ascending from 0; at least two.
    at_mm: Vec<f64>,
    /// The usual distance between neighbors, mm.
    usual_mm: f64,
    /// Neighbors further apart than this have something missing between them, mm.
    widest_mm: f64,
}

/// A place between two slices: the slice before it, and how far it is to the next, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BetweenSlices {
    pub first: usize,
    pub share: f64,
}

impl VolumeSpace {
    /// Even, sheared and uneven stacks; refuses what is no stack of parallel slices.
    pub fn of(series: &Series) -> Result<Self, NotAVolume> {
        match VolumeGrid::sheared(series) {
            Ok(grid) => {
                let tilt = series.geometry.tilt_degrees;
                let warning = tilt.map(|degrees| format!("Resampled (gantry tilt {}°)", short(degrees)));
                Ok(Self { grid, places: None, warning })
            }
            Err(NotAVolume::Irregular(_)) => {
                let (grid, at_mm) = VolumeGrid::uneven(series)?;
                let places = SlicePlaces::new(at_mm);
                let warning = Some(uneven_warning(series, &places));
                Ok(Self { grid, places: Some(places), warning })
            }
            Err(other) => Err(other),
        }
    }

    /// An even grid.
    pub fn even(grid: VolumeGrid) -> Self {
        Self { grid, places: None, warning: None }
    }

    /// What stands on every plane that is cut through the volume.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Columns, rows, slices.
    pub fn dims(&self) -> [u32; 3] {
        self.grid.dims
    }

    pub fn is_even(&self) -> bool {
        self.places.is_none()
    }

    /// Directions along columns, rows and the line of the slices; unit vectors, not always at right angles.
    pub fn axes(&self) -> [Vec3; 3] {
        let VolumeGrid { col_step_mm, row_step_mm, slice_step_mm, .. } = self.grid;
        [col_step_mm, row_step_mm, slice_step_mm].map(|step| step.scaled(1.0 / step.length()))
    }

    /// Distances between columns, rows and slices; of slices along their line and the usual ones, mm.
    pub fn spacing_mm(&self) -> [f64; 3] {
        let VolumeGrid { col_step_mm, row_step_mm, slice_step_mm, .. } = self.grid;
        let usual = self.places.as_ref().map_or(slice_step_mm.length(), |places| places.usual_mm);
        [col_step_mm.length(), row_step_mm.length(), usual]
    }

    /// Column, row and place on the line of the slices: what [`VolumeSpace::slices_at`] takes for the third.
    pub fn place(&self, point_mm: Vec3) -> [f64; 3] {
        self.grid.voxel(point_mm).map(snapped)
    }

    /// How far a way goes along columns, rows and the line of the slices.
    pub fn way(&self, way_mm: Vec3) -> [f64; 3] {
        // A millionth of a voxel over ten thousand steps
        self.grid.steps(way_mm).map(|step| if step.abs() < 1e-10 { 0.0 } else { step })
    }

    /// The slices around a place on their line; `None` outside of the volume and where slices are missing.
    pub fn slices_at(&self, place: f64) -> Option<BetweenSlices> {
        match &self.places {
            None => between(place, self.grid.dims[2]),
            Some(places) => places.around(place),
        }
    }

    /// The nearest slice; `None` outside of the volume and where slices are missing.
    pub fn nearest_slice(&self, place: f64) -> Option<usize> {
        self.slices_at(place).map(|BetweenSlices { first, share }| if share < 0.5 { first } else { first + 1 })
    }

    /// Center of a voxel, given as column, row and slice.
    pub fn point_mm(&self, [col, row, slice]: [f64; 3]) -> Vec3 {
        let place = match &self.places {
            None => slice,
            Some(places) => places.at_slice(slice),
        };
        self.grid.point_mm([col, row, place])
    }

    /// The center of the voxel nearest to a point; of the nearest one at the edge for points outside.
    pub fn voxel_center_near(&self, point_mm: Vec3) -> Vec3 {
        let [col, row, place] = self.place(point_mm);
        let [cols, rows, n_slices] = self.dims();
        let within = |at: f64, n: u32| at.round().clamp(0.0, f64::from(n.max(1) - 1));
        let slice = match &self.places {
            None => within(place, n_slices),
            Some(places) => places.nearest(place) as f64,
        };
        self.point_mm([within(col, cols), within(row, rows), slice])
    }

    /// The voxel in the middle.
    pub fn center_mm(&self) -> Vec3 {
        self.point_mm(self.dims().map(|n| f64::from((n.max(1) - 1) / 2)))
    }

    /// The eight corners, at the outer edges of the outer voxels.
    pub fn corners_mm(&self) -> [Vec3; 8] {
        let [cols, rows, _] = self.dims().map(|n| f64::from(n) - 0.5);
        let [low, high] = self.ends();
        std::array::from_fn(|corner| {
            let pick = |bit: usize, ends: [f64; 2]| if corner & bit == 0 { ends[0] } else { ends[1] };
            self.grid.point_mm([pick(1, [-0.5, cols]), pick(2, [-0.5, rows]), pick(4, [low, high])])
        })
    }

    /// Where the volume begins and ends on the line of the slices.
    pub fn ends(&self) -> [f64; 2] {
        match &self.places {
            None => [-0.5, f64::from(self.grid.dims[2]) - 0.5],
            Some(places) => places.ends(),
        }
    }

    /// The longest step along a direction that passes over no voxel, mm: at most one voxel on in any axis.
    pub fn voxel_step_mm(&self, direction: Vec3) -> f64 {
        let [cols, rows, slices] = self.way(direction).map(f64::abs);
        let slices = self.places.as_ref().map_or(slices, |places| slices / places.usual_mm);
        1.0 / cols.max(rows).max(slices).max(1e-9)
    }
}

impl SlicePlaces {
    fn new(at_mm: Vec<f64>) -> Self {
        let steps: Vec<f64> = at_mm.windows(2).filter_map(|pair| Some(pair.get(1)? - pair.first()?)).collect();
        let mut sorted = steps.clone();
        sorted.sort_by(f64::total_cmp);
        let usual_mm = sorted.get(sorted.len() / 2).copied().unwrap_or(1.0);
        // A wide step that follows one like it is a spacing of its own, not a gap
        let is_alike = |a: f64, b: f64| (a - b).abs() <= 0.02 * a.max(b);
        let repeated = steps.windows(2).filter_map(|pair| match pair {
            [a, b] if is_alike(*a, *b) => Some(*a),
            _ => None,
        });
        let widest_mm = 1.5 * repeated.fold(usual_mm, f64::max);
        Self { at_mm, usual_mm, widest_mm }
    }

    fn around(&self, place: f64) -> Option<BetweenSlices> {
        let [low, high] = self.ends();
        if !(low - SNAP..=high + SNAP).contains(&place) {
            return None;
        }
        let after = self.at_mm.partition_point(|at| *at <= place);
        let Some(first) = after.checked_sub(1) else { return Some(BetweenSlices { first: 0, share: 0.0 }) };
        let (Some(from), Some(to)) = (self.at_mm.get(first), self.at_mm.get(after)) else {
            return Some(BetweenSlices { first, share: 0.0 });
        };
        let (step, on) = (to - from, place - from);
        if step <= self.widest_mm {
            return Some(BetweenSlices { first, share: on / step });
        }
        let reach = self.usual_mm / 2.0;
        match (on <= reach, step - on <= reach) {
            (true, _) => Some(BetweenSlices { first, share: 0.0 }),
            (_, true) => Some(BetweenSlices { first: after, share: 0.0 }),
            _ => None,
        }
    }

    fn nearest(&self, place: f64) -> usize {
        let after = self.at_mm.partition_point(|at| *at <= place);
        let before = after.saturating_sub(1);
        let off = |slice: usize| self.at_mm.get(slice).map_or(f64::MAX, |at| (at - place).abs());
        if off(after) < off(before) { after } else { before }
    }

    fn at_slice(&self, slice: f64) -> f64 {
        let first = slice.floor().clamp(0.0, self.at_mm.len().saturating_sub(2) as f64);
        let at = |index: f64| self.at_mm.get(index as usize).copied().unwrap_or(0.0);
        at(first) + (at(first + 1.0) - at(first)) * (slice - first)
    }

    fn ends(&self) -> [f64; 2] {
        let half = |a: Option<&f64>, b: Option<&f64>| match (a, b) {
            (Some(a), Some(b)) => (b - a).min(self.usual_mm) / 2.0,
            _ => 0.0,
        };
        let last = self.at_mm.len().saturating_sub(1);
        let end = self.at_mm.last().copied().unwrap_or(0.0);
        [
            -half(self.at_mm.first(), self.at_mm.get(1)),
            end + half(self.at_mm.get(last.wrapping_sub(1)), self.at_mm.get(last)),
        ]
    }

    fn has_gap(&self) -> bool {
        self.at_mm.windows(2).any(|pair| matches!(pair, [a, b] if b - a > self.widest_mm))
    }
}

/// Neighbors on an axis of `n` voxels; within half a voxel of the outer centers the edge holds, beyond is nothing.
pub fn between(at: f64, n: u32) -> Option<BetweenSlices> {
    let last = f64::from(n) - 1.0;
    if !(-0.5 - SNAP..=last + 0.5 + SNAP).contains(&at) {
        return None;
    }
    let clamped = at.clamp(0.0, last.max(0.0));
    let first = clamped.floor();
    Some(BetweenSlices { first: first as usize, share: clamped - first })
}

fn snapped(at: f64) -> f64 {
    if (at - at.round()).abs() < SNAP { at.round() } else { at }
}

fn uneven_warning(series: &Series, places: &SlicePlaces) -> String {
    let tilt = series.geometry.tilt_degrees.map(|degrees| format!(", gantry tilt {}°", short(degrees)));
    let tilt = tilt.unwrap_or_default();
    let changes =
        matches!(&series.geometry.regularity, Regularity::Irregular(gravest) if gravest.code == "spacing_change");
    match (places.has_gap(), changes) {
        (true, _) => format!("Resampled (slices are missing, nothing is shown there{tilt})"),
        (_, true) => format!("Resampled (slice spacing changes{tilt})"),
        _ => format!("Resampled (uneven spacing{tilt})"),
    }
}

/// Degrees as they are read: whole, or with one digit.
fn short(degrees: f64) -> String {
    let text = format!("{degrees:.1}");
    text.trim_end_matches(".0").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(n_slices: u32) -> VolumeGrid {
        VolumeGrid {
            dims: [4, 4, n_slices],
            origin_mm: Vec3([0.0; 3]),
            col_step_mm: Vec3([1.0, 0.0, 0.0]),
            row_step_mm: Vec3([0.0, 1.0, 0.0]),
            slice_step_mm: Vec3([0.0, 0.0, 1.0]),
        }
    }

    fn uneven(at_mm: &[f64]) -> VolumeSpace {
        let places = SlicePlaces::new(at_mm.to_vec());
        VolumeSpace { grid: grid(at_mm.len() as u32), places: Some(places), warning: None }
    }

    fn check(space: &VolumeSpace, place: f64, expected: Option<(usize, f64)>) {
        let found = space.slices_at(place).map(|at| (at.first, at.share));
        match (found, expected) {
            (Some((a, x)), Some((b, y))) => assert!(a == b && (x - y).abs() < 1e-9, "{place}: {found:?}"),
            _ => assert_eq!(found, expected, "{place}"),
        }
    }

    #[test]
    fn the_edge_holds_for_half_a_voxel_and_no_further() {
        let space = VolumeSpace::even(grid(3));
        check(&space, -0.5, Some((0, 0.0)));
        check(&space, -0.6, None);
        check(&space, 1.25, Some((1, 0.25)));
        check(&space, 2.5, Some((2, 0.0)));
        check(&space, 2.6, None);
    }

    #[test]
    fn uneven_slices_are_weighed_by_their_true_distance() {
        let space = uneven(&[0.0, 1.0, 2.1, 3.0]);
        check(&space, 1.55, Some((1, 0.5)));
        check(&space, 2.1, Some((2, 0.0)));
        check(&space, 3.4, Some((3, 0.0)));
        check(&space, 3.6, None);
        assert_eq!(space.point_mm([0.0, 0.0, 1.5]).0[2], 1.55);
        assert_eq!(space.voxel_center_near(Vec3([9.0, 0.4, 1.6])).0, [3.0, 0.0, 2.1]);
    }

    #[test]
    fn nothing_is_made_up_where_slices_are_missing() {
        let space = uneven(&[0.0, 1.0, 2.0, 5.0, 6.0, 7.0]);
        check(&space, 2.4, Some((2, 0.0)));
        check(&space, 3.0, None);
        check(&space, 4.6, Some((3, 0.0)));
        check(&space, 5.5, Some((3, 0.5)));
    }

    #[test]
    fn a_second_spacing_is_no_gap() {
        let space = uneven(&[0.0, 1.0, 2.0, 3.0, 6.0, 9.0, 12.0]);
        check(&space, 4.5, Some((3, 0.5)));
    }
}
