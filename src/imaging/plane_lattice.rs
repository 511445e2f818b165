//! Where the samples of a plane lie in its volume, in whole numbers: the processor and the adapter compute the same
//! places from them to the last bit, and so see the same edge.
//!
//! A place is a column, a row and a place on the line of the slices, each in units of 2⁻⁴⁰ voxel (2⁻⁴⁰ mm along uneven
//! slices). Values are read at the nearest 2⁻²³: so fine a share of a voxel is all that f32 holds.

use std::ops::Range;

use crate::imaging::plane_grid::{PlaneGrid, Slab, SlabSteps};
use crate::imaging::volume_space::VolumeSpace;

/// Of a place.
const FRACTION_BITS: u32 = 40;
/// A step of one voxel.
pub(crate) const ONE: i64 = 1 << FRACTION_BITS;
/// Of a place that is read.
pub const SHARE_BITS: u32 = 23;
const DROPPED_BITS: u32 = FRACTION_BITS - SHARE_BITS;
/// Rounds to the nearest place that is read, when the rest is dropped.
const HALF_DROPPED: i64 = 1 << (DROPPED_BITS - 1);
/// Within half a voxel of the outer centers, and so much more for what f64 loses: 2⁻²⁰.
pub const EDGE: i64 = (1 << (SHARE_BITS - 1)) + (1 << (SHARE_BITS - 20));
/// No volume reaches further, voxels; sums of four such terms stay within 64 bits.
const FARTHEST: f64 = (1 << 20) as f64;

/// The samples of a plane: columns × rows of pixels, one or more samples across the plane for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaneLattice {
    /// The first sample of the first pixel.
    pub first: [i64; 3],
    /// To the next pixel of a row.
    pub col_step: [i64; 3],
    /// To the next row.
    pub row_step: [i64; 3],
    /// To the next sample across the plane.
    pub slab_step: [i64; 3],
    /// At least 1.
    pub n_across: u32,
}

impl PlaneLattice {
    pub fn new(space: &VolumeSpace, plane: &PlaneGrid, slab: &Slab) -> Self {
        let normal = plane.normal();
        let steps = SlabSteps::of(slab, space, normal);
        let n_across = steps.n_each_side * 2 + 1;
        let by = |n: u32, way: [f64; 3]| {
            let most = FARTHEST / f64::from(n.max(1));
            way.map(|axis| fixed(axis.clamp(-most, most)))
        };
        let slab_step = by(n_across, space.way(normal.scaled(steps.step_mm)));
        let origin = by(1, space.place(plane.origin_mm));
        let before = i64::from(steps.n_each_side);
        let first = std::array::from_fn(|axis| origin[axis] - slab_step[axis] * before);
        let col_step = by(plane.cols, space.way(plane.col_step_mm));
        let row_step = by(plane.rows, space.way(plane.row_step_mm));
        Self { first, col_step, row_step, slab_step, n_across }
    }

    /// Whether rows of so many pixels keep to a line of voxels.
    pub(crate) fn runs_along_an_axis(&self, n_pixels: usize) -> bool {
        let row = RowPlaces { start: self.first, step: self.col_step };
        row.steps(n_pixels).iter().filter(|step| **step == 0.0).count() >= 2
    }

    /// One row of pixels at one of the samples across.
    pub(crate) fn row(&self, row: usize, across: usize) -> RowPlaces {
        let along = |axis: usize| self.row_step[axis] * row as i64 + self.slab_step[axis] * across as i64;
        RowPlaces { start: std::array::from_fn(|axis| self.first[axis] + along(axis)), step: self.col_step }
    }
}

/// Where the pixels of one row lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowPlaces {
    pub start: [i64; 3],
    pub step: [i64; 3],
}

impl RowPlaces {
    /// The row from a later pixel on.
    pub fn from(&self, pixel: usize) -> Self {
        let start = std::array::from_fn(|axis| self.start[axis] + self.step[axis] * pixel as i64);
        Self { start, step: self.step }
    }

    /// A pixel's place in voxels, as it is read.
    pub fn at(&self, pixel: usize) -> [f64; 3] {
        self.from(pixel).start.map(|place| in_voxels(rounded(place)))
    }

    /// Steps in voxels. Those that take a row of so many pixels less than a ten-millionth of a voxel off are none.
    pub fn steps(&self, n_pixels: usize) -> [f64; 3] {
        const NONE: u64 = 1 << (FRACTION_BITS - 23);
        self.step.map(|step| match step.unsigned_abs().saturating_mul(n_pixels as u64) < NONE {
            true => 0.0,
            false => step as f64 / ONE as f64,
        })
    }

    /// The pixels whose places read within `ends` on all axes, both inclusive.
    pub fn within(&self, ends: &[[i64; 2]; 3], n_pixels: usize) -> Range<usize> {
        let (mut first, mut last) = (0, n_pixels as i64 - 1);
        for ((start, step), [low, high]) in self.start.into_iter().zip(self.step).zip(ends) {
            let (low, high) = ((low << DROPPED_BITS) - HALF_DROPPED, ((high + 1) << DROPPED_BITS) - HALF_DROPPED - 1);
            let (from, to) = match step {
                0 if (low..=high).contains(&start) => continue,
                0 => return 0..0,
                1.. => (low - start, high - start),
                _ => (start - high, start - low),
            };
            let step = step.abs();
            // Rounded up, rounded down
            first = first.max(-(-from).div_euclid(step));
            last = last.min(to.div_euclid(step));
        }
        if last < first { 0..0 } else { first as usize..last as usize + 1 }
    }
}

/// Where an axis of `n` voxels begins and ends, as places are read.
pub(crate) fn ends(n: usize) -> [i64; 2] {
    [-EDGE, ((n as i64 - 1) << SHARE_BITS) + EDGE]
}

/// The same for places that have a voxel on both sides.
pub(crate) fn inner_ends(n: usize) -> [i64; 2] {
    [0, ((n as i64 - 1) << SHARE_BITS) - 1]
}

/// The ends of the line of slices; uneven ones end where their space says.
pub(crate) fn slice_ends(space: &VolumeSpace) -> [i64; 2] {
    if space.is_even() {
        return ends(space.dims()[2] as usize);
    }
    // A millionth of a millimeter, as the space itself allows
    let [low, high] = space.ends();
    [rounded(fixed(low - 1e-6)), rounded(fixed(high + 1e-6))]
}

/// To the nearest 2⁻²³.
#[inline(always)]
pub(crate) fn rounded(place: i64) -> i64 {
    (place + HALF_DROPPED) >> DROPPED_BITS
}

/// A place that [`inner_first_and_share`] takes.
#[inline(always)]
pub(crate) fn biased(place: i64) -> i64 {
    place + HALF_DROPPED
}

/// As [`first_and_share`], of a biased place that no edge is near.
#[inline(always)]
pub(crate) fn inner_first_and_share(biased: i64) -> (usize, f32) {
    const MANTISSA: u32 = (1 << SHARE_BITS) - 1;
    let share = (biased >> DROPPED_BITS) as u32 & MANTISSA;
    // The share's bits as those of a number from 1 to 2
    ((biased >> FRACTION_BITS) as usize, f32::from_bits(share | 1.0_f32.to_bits()) - 1.0)
}

/// The voxel before a place and the share of the next one; the last voxel is the second of its pair. Beyond the outer
/// centers the edge holds.
#[inline(always)]
pub(crate) fn first_and_share(place: i64, last: usize) -> (usize, f32) {
    let at = rounded(place).clamp(0, (last as i64) << SHARE_BITS);
    let first = (at >> SHARE_BITS).min((last as i64 - 1).max(0));
    (first as usize, (at - (first << SHARE_BITS)) as i32 as f32 * (1.0 / (1 << SHARE_BITS) as f32))
}

/// The voxel on whose center a place is read.
pub(crate) fn whole(place: i64) -> Option<usize> {
    let at = rounded(place);
    let is_whole = at & ((1 << SHARE_BITS) - 1) == 0;
    usize::try_from(at >> SHARE_BITS).ok().filter(|_| is_whole)
}

/// Of a rounded place.
pub(crate) fn in_voxels(rounded: i64) -> f64 {
    rounded as f64 / f64::from(1 << SHARE_BITS)
}

/// Rounded to 2⁻⁴⁰; far beyond what any volume has it ends.
fn fixed(place: f64) -> i64 {
    (place.clamp(-FARTHEST, FARTHEST) * ONE as f64).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `within` must say, pixel for pixel.
    fn check(start: i64, step: i64, n_voxels: usize) {
        let row = RowPlaces { start: [start, 0, 0], step: [step, 0, 0] };
        let ends = [ends(n_voxels), ends(1), ends(1)];
        let found = row.within(&ends, 50);
        for pixel in 0..50 {
            let at = rounded(start + step * pixel as i64);
            let is_in = at >= ends[0][0] && at <= ends[0][1];
            assert_eq!(found.contains(&pixel), is_in, "pixel {pixel} from {start} by {step}");
        }
    }

    #[test]
    fn the_pixels_within_are_those_whose_rounded_places_are() {
        for start in [-3 * ONE, -ONE / 2 - 1, -ONE / 2, 0, 1, 7 * ONE + 12345, 30 * ONE] {
            for step in [ONE, -ONE, ONE / 3, -ONE / 7, 0, 1, -1, 5 * ONE, 1 << 20] {
                check(start, step, 10);
                check(start, step, 1);
            }
        }
    }

    #[test]
    fn a_place_is_read_at_the_nearest_share_and_whole_ones_are_whole() {
        assert_eq!(rounded(3 * ONE), 3 << SHARE_BITS);
        assert_eq!(rounded(3 * ONE - 1), 3 << SHARE_BITS);
        assert_eq!(in_voxels(rounded(-ONE / 2)), -0.5);
        let row = RowPlaces { start: [0; 3], step: [ONE, 1, 1 << 20] };
        assert_eq!(row.steps(512)[..2], [1.0, 0.0]);
        assert!(row.steps(512)[2] > 0.0);
    }
}
