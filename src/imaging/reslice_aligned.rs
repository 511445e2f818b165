//! Rows of a plane that run along an axis of the volume: read as a line of voxels, then stretched to the pixels.
//!
//! The same values as the eight neighbors give, in fewer steps; upright planes are all such rows.

use crate::imaging::reslice::{RowPlaces, Sampler, Voxel};
use crate::imaging::volume_space::BetweenSlices;

/// Values at the voxels of one line.
#[derive(Default)]
pub(crate) struct Line {
    values: Vec<f32>,
    second: Vec<f32>,
}

/// Fills `out` when the row runs along one axis; false when it does not.
pub(crate) fn row<T: Voxel>(sampler: &Sampler<'_, T>, places: &RowPlaces, line: &mut Line, out: &mut [f32]) -> bool {
    // Off its line by less than a ten-millionth of a voxel at the end of the row
    let is_still = |step: f64| step.abs() * (out.len() as f64) < 1e-7;
    let [col, row, place] = places.start;
    match places.step.map(is_still) {
        [false, true, true] => {
            along_columns(sampler, row, place, line) && stretch(&line.values, col, places.step[0], out)
        }
        [true, false, true] => along_rows(sampler, col, place, line) && stretch(&line.values, row, places.step[1], out),
        [true, true, false] => along_slices(sampler, [col, row], places, line, out),
        _ => return false,
    };
    true
}

/// False where there are no slices; the line is then undefined, and what was in `out` stays.
fn along_columns<T: Voxel>(sampler: &Sampler<'_, T>, row: f64, place: f64, line: &mut Line) -> bool {
    let [y, second_y, share_y] = pair(row, sampler.rows);
    let cols = sampler.cols;
    let rows_of = |slice: usize| {
        let pixels = sampler.slices.get(slice).copied().unwrap_or_default();
        [y as usize, second_y as usize].map(|y| pixels.get(y * cols..(y + 1) * cols).unwrap_or_default())
    };
    blended(sampler, place, line, |slice, values| {
        let [first, second] = rows_of(slice);
        values.clear();
        if share_y == 0.0 {
            values.extend(first.iter().map(|value| sampler.stored(*value)));
        } else {
            let share = share_y as f32;
            let mix = |(a, b): (&T, &T)| {
                let (a, b) = (sampler.stored(*a), sampler.stored(*b));
                a + (b - a) * share
            };
            values.extend(first.iter().zip(second).map(mix));
        }
    })
}

fn along_rows<T: Voxel>(sampler: &Sampler<'_, T>, col: f64, place: f64, line: &mut Line) -> bool {
    let [x, second_x, share_x] = pair(col, sampler.cols);
    let (x, second_x, share) = (x as usize, second_x as usize, share_x as f32);
    blended(sampler, place, line, |slice, values| {
        let pixels = sampler.slices.get(slice).copied().unwrap_or_default();
        values.clear();
        let rows = pixels.chunks_exact(sampler.cols);
        let read = |row: &[T], x: usize| row.get(x).map_or(f32::NAN, |value| sampler.stored(*value));
        if share_x == 0.0 {
            values.extend(rows.map(|row| read(row, x)));
        } else {
            values.extend(rows.map(|row| {
                let (a, b) = (read(row, x), read(row, second_x));
                a + (b - a) * share
            }));
        }
    })
}

/// The lines of the slices on both sides of a place, mixed and rescaled.
fn blended<T: Voxel>(
    sampler: &Sampler<'_, T>,
    place: f64,
    line: &mut Line,
    read: impl Fn(usize, &mut Vec<f32>),
) -> bool {
    let Some(BetweenSlices { first, share }) = sampler.space.slices_at(place) else { return false };
    let rescale = |slice: usize, values: &mut [f32]| {
        let [slope, intercept] = sampler.slope_and_intercept(slice);
        if [slope, intercept] != [1.0, 0.0] {
            values.iter_mut().for_each(|value| *value = *value * slope + intercept);
        }
    };
    read(first, &mut line.values);
    rescale(first, &mut line.values);
    if share != 0.0 {
        read(first + 1, &mut line.second);
        rescale(first + 1, &mut line.second);
        let share = share as f32;
        line.values.iter_mut().zip(&line.second).for_each(|(a, b)| *a += (*b - *a) * share);
    }
    true
}

/// From slice to slice at one column and row.
fn along_slices<T: Voxel>(
    sampler: &Sampler<'_, T>,
    [col, row]: [f64; 2],
    places: &RowPlaces,
    line: &mut Line,
    out: &mut [f32],
) -> bool {
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
    let value = |slice: usize| line.values.get(slice).copied().unwrap_or(f32::NAN);
    for (pixel, out) in out.iter_mut().enumerate() {
        let place = places.start[2] + places.step[2] * pixel as f64;
        if let Some(BetweenSlices { first, share }) = sampler.space.slices_at(place) {
            let near = value(first);
            *out = if share == 0.0 { near } else { near + (value(first + 1) - near) * share as f32 };
        }
    }
    true
}

/// `out[i]` is the line at `start + i · step`; beyond its ends the outer values hold.
fn stretch(line: &[f32], start: f64, step: f64, out: &mut [f32]) -> bool {
    let is_whole = |value: f64| (value - value.round()).abs() < 1e-7;
    let first = start.round();
    if step == 1.0 && is_whole(start) && first >= 0.0 {
        let from = first as usize;
        if let Some(part) = line.get(from..from + out.len()) {
            out.copy_from_slice(part);
            return true;
        }
    }
    let last = line.len().saturating_sub(1) as f64;
    for (pixel, out) in out.iter_mut().enumerate() {
        let at = (start + step * pixel as f64).clamp(0.0, last);
        let at = if is_whole(at) { at.round() } else { at };
        let before = at as usize;
        let share = (at - before as f64) as f32;
        let near = line.get(before).copied().unwrap_or(f32::NAN);
        *out = match share {
            0.0 => near,
            share => line.get(before + 1).map_or(near, |far| near + (far - near) * share),
        };
    }
    true
}

/// Two neighbors and the share of the second; the same twice at the edge.
fn pair(at: f64, n: usize) -> [f64; 3] {
    let last = n.saturating_sub(1) as f64;
    let clamped = at.clamp(0.0, last);
    let first = clamped.floor();
    [first, (first + 1.0).min(last), clamped - first]
}
