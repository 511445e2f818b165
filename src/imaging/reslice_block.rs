//! Values between voxels along rows that run across the volume's axes: the eight neighbors' weighted mean.
//!
//! Rows are taken in short pieces, one below the other: what a piece reads of the volume, the next one reads again.

use std::ops::Range;

use crate::imaging::plane_lattice::{self, RowPlaces, first_and_share, in_voxels, rounded};
use crate::imaging::reslice::{Sampler, Voxel};
use crate::imaging::volume_space::BetweenSlices;
use crate::imaging::voxels::Rescale;

/// Two neighbors along each axis: the first of them, and the share of the second.
type Neighbors = [(usize, f32); 3];

/// Fills `out` along places that all lie in the volume: not a number where one of the eight voxels is padding.
pub(crate) fn row<T: Voxel>(sampler: &Sampler<'_, T>, places: &RowPlaces, out: &mut [f32]) {
    let Rescale::Same(_) = sampler.rescale else { return slowly(sampler, places, out) };
    if !sampler.space.is_even() {
        return slowly(sampler, places, out);
    }
    let Range { start, end } = places.within(&sampler.inner_ends(), out.len());
    let (before, rest) = out.split_at_mut(start.min(out.len()));
    let (inner, after) = rest.split_at_mut(end.saturating_sub(start).min(rest.len()));
    slowly(sampler, places, before);
    match sampler.has_padding {
        true => quickly::<T, true>(sampler, &places.from(start), inner),
        false => quickly::<T, false>(sampler, &places.from(start), inner),
    }
    slowly(sampler, &places.from(start + inner.len()), after);
}

/// Where every place has a neighbor after it on each axis.
fn quickly<T: Voxel, const HAS_PADDING: bool>(sampler: &Sampler<'_, T>, places: &RowPlaces, out: &mut [f32]) {
    let Sampler { cols, slices, .. } = sampler;
    let cols = *cols;
    let [slope, intercept] = sampler.slope_and_intercept(0);
    let [mut at_x, mut at_y, mut at_z] = places.start.map(plane_lattice::biased);
    let [step_x, step_y, step_z] = places.step;
    let read = |value: T| if HAS_PADDING { sampler.stored(value) } else { value.to_f32() };
    for out in out {
        let [(x, across), (y, down), (z, through)] = [at_x, at_y, at_z].map(plane_lattice::inner_first_and_share);
        at_x += step_x;
        at_y += step_y;
        at_z += step_z;
        let start = y * cols + x;
        let Some([near, far]) = slices.get(z..z + 2).and_then(|both| <&[&[T]; 2]>::try_from(both).ok()) else {
            return;
        };
        let window = cols + 2;
        let (Some(near), Some(far)) = (near.get(start..start + window), far.get(start..start + window)) else { return };
        let (top, below) = (read(near[0]), read(near[cols]));
        let top = top + (read(near[1]) - top) * across;
        let below = below + (read(near[cols + 1]) - below) * across;
        let of_near = top + (below - top) * down;
        let (top, below) = (read(far[0]), read(far[cols]));
        let top = top + (read(far[1]) - top) * across;
        let below = below + (read(far[cols + 1]) - below) * across;
        let of_far = top + (below - top) * down;
        *out = (of_near + (of_far - of_near) * through) * slope + intercept;
    }
}

/// At the edge, between uneven slices, and where each slice has a slope of its own.
fn slowly<T: Voxel>(sampler: &Sampler<'_, T>, places: &RowPlaces, out: &mut [f32]) {
    let [last_col, last_row] = [sampler.cols, sampler.rows].map(|n| n.saturating_sub(1));
    for (pixel, out) in out.iter_mut().enumerate() {
        let [x, y, z] = places.from(pixel).start;
        let slices = match sampler.space.is_even() {
            true => Some(first_and_share(z, sampler.slices.len().saturating_sub(1))),
            false => {
                let between = sampler.space.slices_at(in_voxels(rounded(z)));
                between.map(|BetweenSlices { first, share }| (first, share as f32))
            }
        };
        let value =
            slices.and_then(|z| mixed(sampler, [first_and_share(x, last_col), first_and_share(y, last_row), z]));
        *out = value.unwrap_or(f32::NAN);
    }
}

fn mixed<T: Voxel>(sampler: &Sampler<'_, T>, [(x, across), (y, down), (z, through)]: Neighbors) -> Option<f32> {
    // A volume of one column or row has no second one
    let (right, below) = (usize::from(sampler.cols > 1), if sampler.rows > 1 { sampler.cols } else { 0 });
    let of_slice = |slice: usize| {
        let start = y * sampler.cols + x;
        let four = sampler.slices.get(slice)?.get(start..start + below + right + 1)?;
        let read = |at: usize| four.get(at).map_or(f32::NAN, |value| sampler.stored(*value));
        let (a, b, c, d) = (read(0), read(right), read(below), read(below + right));
        let (top, bottom) = (a + (b - a) * across, c + (d - c) * across);
        Some(sampler.rescaled(slice, top + (bottom - top) * down))
    };
    let near = of_slice(z)?;
    if through == 0.0 {
        return Some(near);
    }
    let far = of_slice(z + 1)?;
    Some(near + (far - near) * through)
}
