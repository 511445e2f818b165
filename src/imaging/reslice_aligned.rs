//! Rows of a plane that run along an axis of the volume: read as a line of voxels, then stretched to the pixels.
//!
//! The same values as the eight neighbors give, in fewer steps; upright planes are all such rows.

use crate::imaging::plane_lattice::{self, RowPlaces};
use crate::imaging::reslice::{Sampler, Voxel};
use crate::imaging::volume_space::BetweenSlices;

/// Values at the voxels of one line, and those of the two slices they were mixed from: the rows that follow often lie
/// between the same two.
#[derive(Default)]
pub(crate) struct Line {
    values: Vec<f32>,
    near: SliceLine,
    far: SliceLine,
}

/// Modality values along one slice.
#[derive(Default)]
struct SliceLine {
    of: Option<SliceLineKey>,
    values: Vec<f32>,
}

#[derive(Clone, Copy, PartialEq)]
struct SliceLineKey {
    slice: usize,
    /// Where on the other axis.
    at: f64,
}

/// Fills `out` when the row runs along one axis; false when it does not.
pub(crate) fn row<T: Voxel>(sampler: &Sampler<'_, T>, places: &RowPlaces, line: &mut Line, out: &mut [f32]) -> bool {
    let [col, row, place] = places.at(0);
    match places.steps(out.len()).map(|step| step == 0.0) {
        [false, true, true] => {
            out.fill(f32::NAN);
            let read = |slice: usize, values: &mut Vec<f32>| along_columns(sampler, slice, row, values);
            blended(sampler, place, row, line, read, |values| stretch(values, places, 0, out));
        }
        [true, false, true] => {
            out.fill(f32::NAN);
            let read = |slice: usize, values: &mut Vec<f32>| along_rows(sampler, slice, col, values);
            blended(sampler, place, col, line, read, |values| stretch(values, places, 1, out));
        }
        [true, true, false] => along_slices(sampler, [col, row], places, line, out),
        _ => return false,
    }
    true
}

fn along_columns<T: Voxel>(sampler: &Sampler<'_, T>, slice: usize, row: f64, values: &mut Vec<f32>) {
    let [y, second_y, share] = pair(row, sampler.rows);
    let pixels = sampler.slices.get(slice).copied().unwrap_or_default();
    let cols = sampler.cols;
    let [first, second] =
        [y as usize, second_y as usize].map(|y| pixels.get(y * cols..(y + 1) * cols).unwrap_or_default());
    if share == 0.0 {
        values.extend(first.iter().map(|value| sampler.stored(*value)));
        return;
    }
    let share = share as f32;
    values.extend(first.iter().zip(second).map(|(a, b)| {
        let (a, b) = (sampler.stored(*a), sampler.stored(*b));
        a + (b - a) * share
    }));
}

fn along_rows<T: Voxel>(sampler: &Sampler<'_, T>, slice: usize, col: f64, values: &mut Vec<f32>) {
    let [x, second_x, share] = pair(col, sampler.cols);
    let (x, second_x, share) = (x as usize, second_x as usize, share as f32);
    let pixels = sampler.slices.get(slice).copied().unwrap_or_default();
    let rows = pixels.chunks_exact(sampler.cols);
    let read = |row: &[T], x: usize| row.get(x).map_or(f32::NAN, |value| sampler.stored(*value));
    if share == 0.0 {
        values.extend(rows.map(|row| read(row, x)));
    } else {
        values.extend(rows.map(|row| {
            let (a, b) = (read(row, x), read(row, second_x));
            a + (b - a) * share
        }));
    }
}

/// Hands on the line between two slices: each read at `at` on the other axis, rescaled, and mixed. Nothing where there
/// are no slices.
fn blended<T: Voxel>(
    sampler: &Sampler<'_, T>,
    place: f64,
    at: f64,
    line: &mut Line,
    read: impl Fn(usize, &mut Vec<f32>),
    then: impl FnOnce(&[f32]),
) {
    let Some(BetweenSlices { first, share }) = sampler.space.slices_at(place) else { return };
    let Line { values, near, far } = line;
    let key = |slice: usize| SliceLineKey { slice, at };
    if far.of == Some(key(first)) || near.of == Some(key(first + 1)) {
        std::mem::swap(near, far);
    }
    let fill = |line: &mut SliceLine, slice: usize| {
        if line.of == Some(key(slice)) {
            return;
        }
        line.of = Some(key(slice));
        line.values.clear();
        read(slice, &mut line.values);
        let [slope, intercept] = sampler.slope_and_intercept(slice);
        if [slope, intercept] != [1.0, 0.0] {
            line.values.iter_mut().for_each(|value| *value = *value * slope + intercept);
        }
    };
    fill(near, first);
    if share == 0.0 {
        return then(&near.values);
    }
    fill(far, first + 1);
    let share = share as f32;
    values.clear();
    values.extend(near.values.iter().zip(&far.values).map(|(a, b)| a + (b - a) * share));
    then(values);
}

/// From slice to slice at one column and row.
fn along_slices<T: Voxel>(
    sampler: &Sampler<'_, T>,
    [col, row]: [f64; 2],
    places: &RowPlaces,
    line: &mut Line,
    out: &mut [f32],
) {
    let [x, second_x, share_x] = pair(col, sampler.cols);
    let [y, second_y, share_y] = pair(row, sampler.rows);
    let (share_x, share_y) = (share_x as f32, share_y as f32);
    let at = |x: f64, y: f64| y as usize * sampler.cols + x as usize;
    let corners = [at(x, y), at(second_x, y), at(x, second_y), at(second_x, second_y)];
    line.values.clear();
    line.values.extend(sampler.slices.iter().enumerate().map(|(slice, pixels)| {
        let [a, b, c, d] = corners.map(|at| pixels.get(at).map_or(f32::NAN, |value| sampler.stored(*value)));
        let top = if share_x == 0.0 { a } else { a + (b - a) * share_x };
        if share_y == 0.0 {
            return sampler.rescaled(slice, top);
        }
        let bottom = if share_x == 0.0 { c } else { c + (d - c) * share_x };
        sampler.rescaled(slice, top + (bottom - top) * share_y)
    }));
    if sampler.space.is_even() {
        return stretch(&line.values, places, 2, out);
    }
    let value = |slice: usize| line.values.get(slice).copied().unwrap_or(f32::NAN);
    for (pixel, out) in out.iter_mut().enumerate() {
        let [_, _, place] = places.at(pixel);
        *out = sampler.space.slices_at(place).map_or(f32::NAN, |BetweenSlices { first, share }| {
            let near = value(first);
            if share == 0.0 { near } else { near + (value(first + 1) - near) * share as f32 }
        });
    }
}

/// The line's values at the places along an axis; beyond its ends the outer values hold.
fn stretch(line: &[f32], places: &RowPlaces, axis: usize, out: &mut [f32]) {
    let Some(last) = line.len().checked_sub(1) else { return };
    let (start, step) = (places.start[axis], places.step[axis]);
    if let Some(first) = plane_lattice::whole(start).filter(|_| step == plane_lattice::ONE)
        && let Some(part) = line.get(first..first + out.len())
    {
        return out.copy_from_slice(part);
    }
    let mut place = start;
    for out in out {
        let (first, share) = plane_lattice::first_and_share(place, last);
        place += step;
        let near = line.get(first).copied().unwrap_or(f32::NAN);
        let far = line.get(first + 1).copied().unwrap_or(near);
        *out = if share == 0.0 { near } else { near + (far - near) * share };
    }
}

/// Two neighbors and the share of the second; the same twice at the edge.
fn pair(at: f64, n: usize) -> [f64; 3] {
    let last = n.saturating_sub(1) as f64;
    let clamped = at.clamp(0.0, last);
    let first = clamped.floor();
    [first, (first + 1.0).min(last), clamped - first]
}
