//! Slices between drawn ones, by their shape: the signed distances to both outlines are mixed, and where the mixture is
//! inside is inside (Raya and Udupa, IEEE Trans Med Imaging 1990;9:32).
//!
//! Outlines that lie apart are first laid over one another by their centers, so that a structure that runs obliquely does
//! not vanish half way.

use rayon::iter::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};

use crate::segmentation::grid::{VoxelBox, VoxelGrid};
use crate::segmentation::voxel_mask::{VoxelMask, runs_of};

/// Fills the empty slices between slices with voxels. Slices that have some stay as they are.
pub fn between_slices(mask: &VoxelMask) -> VoxelMask {
    let drawn: Vec<u32> = (0..mask.grid().slices).filter(|slice| mask.plane(*slice).is_some()).collect();
    fill_between(mask, &drawn)
}

/// As [`between_slices`], from these slices alone: every other slice from the first to the last of them is made anew.
pub fn between_keys(mask: &VoxelMask, keys: &[u32]) -> VoxelMask {
    let keys: Vec<u32> = keys.iter().copied().filter(|key| mask.plane(*key).is_some()).collect();
    fill_between(mask, &keys)
}

fn fill_between(mask: &VoxelMask, keys: &[u32]) -> VoxelMask {
    let grid = *mask.grid();
    let shapes: Vec<Option<Shape>> = keys.par_iter().map(|key| Shape::of(mask, *key)).collect();
    let pairs: Vec<(usize, u32, u32)> = keys
        .windows(2)
        .enumerate()
        .filter_map(|(at, pair)| match pair {
            [low, high] if high - low > 1 => Some((at, *low, *high)),
            _ => None,
        })
        .collect();
    let mut made = mask.clone();
    let filled: Vec<Vec<(u32, Vec<u64>)>> = pairs
        .into_par_iter()
        .map(|(at, low, high)| match (shapes.get(at), shapes.get(at + 1)) {
            (Some(Some(a)), Some(Some(b))) => between(&grid, (low, a), (high, b)),
            _ => Vec::new(),
        })
        .collect();
    for (slice, words) in filled.into_iter().flatten() {
        let is_empty = words.iter().all(|word| *word == 0);
        made.set_plane(slice, (!is_empty).then(|| words.into()));
    }
    made
}

/// The outline of one slice as signed distances to it, mm, over its box.
struct Shape {
    bounds: VoxelBox,
    /// Column and row, the mean of all voxels.
    center: [f64; 2],
    inside: Vec<bool>,
}

impl Shape {
    fn of(mask: &VoxelMask, slice: u32) -> Option<Self> {
        let mut alone = VoxelMask::empty(*mask.grid());
        alone.set_plane(slice, mask.plane(slice).cloned());
        let bounds = alone.bounds()?;
        let [n_cols, n_rows, _] = bounds.size();
        let mut inside = vec![false; n_cols as usize * n_rows as usize];
        let (mut sum, mut n) = ([0.0, 0.0], 0.0);
        for row in bounds.low[1]..bounds.high[1] {
            let start = (row - bounds.low[1]) as usize * n_cols as usize;
            for (from, to) in runs_of(mask.row(slice, row)) {
                let (a, b) = ((from - bounds.low[0]) as usize, (to - bounds.low[0]) as usize);
                inside[start + a..start + b].fill(true);
                let len = f64::from(to - from);
                sum[0] += len * f64::midpoint(f64::from(from), f64::from(to - 1));
                sum[1] += len * f64::from(row);
                n += len;
            }
        }
        Some(Self { bounds, center: sum.map(|sum| sum / n), inside })
    }

    /// Signed distance to the outline over a window, negative inside, mm.
    fn distances(&self, window: &Window, spacing: [f64; 2]) -> Vec<f32> {
        let n = window.n_cols * window.n_rows;
        let mut inside = vec![false; n];
        let n_own = self.bounds.size()[0] as usize;
        let (left, top) = (self.bounds.low[0] as i64 - window.col, self.bounds.low[1] as i64 - window.row);
        for (row, own) in self.inside.chunks_exact(n_own).enumerate() {
            let start = (row as i64 + top) as usize * window.n_cols + left as usize;
            inside[start..start + n_own].copy_from_slice(own);
        }
        let to_inside = squared_distances(&inside, window, spacing);
        inside.iter_mut().for_each(|inside| *inside = !*inside);
        let to_outside = squared_distances(&inside, window, spacing);
        to_inside.iter().zip(&to_outside).map(|(out, within)| out.sqrt() - within.sqrt()).collect()
    }
}

/// Columns and rows of a picture, possibly past its edges.
#[derive(Clone, Copy)]
struct Window {
    col: i64,
    row: i64,
    n_cols: usize,
    n_rows: usize,
}

fn between(grid: &VoxelGrid, (low, a): (u32, &Shape), (high, b): (u32, &Shape)) -> Vec<(u32, Vec<u64>)> {
    let spacing = [grid.spacing_mm[0], grid.spacing_mm[1]];
    let [window_a, window_b] = [a, b].map(|shape| {
        // As large as both boxes together around the center, so that either shape fits
        let reach = |axis: usize| {
            let of = |shape: &Shape| {
                let (low, high) = (f64::from(shape.bounds.low[axis]), f64::from(shape.bounds.high[axis]));
                (shape.center[axis] - low).max(high - shape.center[axis]).ceil() as i64 + 2
            };
            of(a).max(of(b))
        };
        let (across, down) = (reach(0), reach(1));
        Window {
            col: shape.center[0].round() as i64 - across,
            row: shape.center[1].round() as i64 - down,
            n_cols: (2 * across + 1) as usize,
            n_rows: (2 * down + 1) as usize,
        }
    });
    let (from_a, from_b) = (a.distances(&window_a, spacing), b.distances(&window_b, spacing));
    let shift = [(window_b.col - window_a.col) as f64, (window_b.row - window_a.row) as f64];
    let of_slice = |slice: u32| {
        let share = f64::from(slice - low) / f64::from(high - low);
        let (share_b, share_a) = (share as f32, 1.0 - share as f32);
        let left = window_a.col + (shift[0] * share).round() as i64;
        let top = window_a.row + (shift[1] * share).round() as i64;
        let mut words = vec![0_u64; grid.words_per_slice()];
        let rows = from_a.chunks_exact(window_a.n_cols).zip(from_b.chunks_exact(window_a.n_cols));
        for (row, (near, far)) in (top..).zip(rows) {
            if !(0..i64::from(grid.rows)).contains(&row) {
                continue;
            }
            let start = row as usize * grid.words_per_row();
            for (col, (near, far)) in (left..).zip(near.iter().zip(far)) {
                if near * share_a + far * share_b < 0.0 && (0..i64::from(grid.cols)).contains(&col) {
                    words[start + col as usize / 64] |= 1 << (col % 64);
                }
            }
        }
        (slice, words)
    };
    (low + 1..high).map(of_slice).collect()
}

/// Squared distance of every pixel to the nearest that is set, mm²: exact, in time linear in the pixels (Felzenszwalb and
/// Huttenlocher, Theory of Computing 2012;8:415). Large where none is set.
fn squared_distances(set: &[bool], window: &Window, [col_mm, row_mm]: [f64; 2]) -> Vec<f32> {
    const FAR: f32 = 1e12;
    let Window { n_cols, n_rows, .. } = *window;
    let mut out: Vec<f32> = set.iter().map(|set| if *set { 0.0 } else { FAR }).collect();
    let mut envelope = Envelope::new(n_cols.max(n_rows));
    let mut line = vec![0.0_f32; n_rows];
    // Down the columns first: zeros and ones make that two sweeps of counting
    for col in 0..n_cols {
        let mut since: Option<usize> = None;
        for row in 0..n_rows {
            if set[row * n_cols + col] {
                since = Some(row);
            }
            line[row] = since.map_or(FAR, |at| (((row - at) as f64) * row_mm).powi(2) as f32);
        }
        let mut until: Option<usize> = None;
        for row in (0..n_rows).rev() {
            if set[row * n_cols + col] {
                until = Some(row);
            }
            let below = until.map_or(FAR, |at| (((at - row) as f64) * row_mm).powi(2) as f32);
            out[row * n_cols + col] = line[row].min(below);
        }
    }
    for row in out.chunks_exact_mut(n_cols) {
        envelope.lower(row, col_mm as f32);
    }
    out
}

/// The lower envelope of parabolas along one line.
struct Envelope {
    places: Vec<usize>,
    bounds: Vec<f32>,
    values: Vec<f32>,
}

impl Envelope {
    fn new(n: usize) -> Self {
        Self { places: vec![0; n], bounds: vec![0.0; n + 1], values: vec![0.0; n] }
    }

    fn lower(&mut self, line: &mut [f32], step: f32) {
        let n = line.len();
        let square = step * step;
        let Self { places, bounds, values } = self;
        values[..n].copy_from_slice(line);
        let height = |at: usize| values[at] + square * (at * at) as f32;
        let mut top = 0;
        places[0] = 0;
        (bounds[0], bounds[1]) = (f32::MIN, f32::MAX);
        for at in 1..n {
            let meet = |other: usize| (height(at) - height(other)) / (2.0 * square * (at - other) as f32);
            let mut crossing = meet(places[top]);
            while top > 0 && crossing <= bounds[top] {
                top -= 1;
                crossing = meet(places[top]);
            }
            top += 1;
            places[top] = at;
            bounds[top] = crossing;
            bounds[top + 1] = f32::MAX;
        }
        let mut part = 0;
        for (at, out) in line.iter_mut().enumerate() {
            while bounds[part + 1] < at as f32 {
                part += 1;
            }
            let place = places[part];
            *out = square * (at.abs_diff(place) * at.abs_diff(place)) as f32 + values[place];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segmentation::grid::Span;

    #[test]
    fn distances_are_those_of_a_search_over_all_pixels() {
        let window = Window { col: 0, row: 0, n_cols: 23, n_rows: 17 };
        let set: Vec<bool> = (0..23 * 17).map(|at| at % 29 == 3 || at == 200).collect();
        let found = squared_distances(&set, &window, [0.7, 1.3]);
        for (at, found) in found.iter().enumerate() {
            let nearest = (0..set.len())
                .filter(|other| set[*other])
                .map(|other| {
                    let dx = (at % 23) as f64 - (other % 23) as f64;
                    let dy = (at / 23) as f64 - (other / 23) as f64;
                    (dx * 0.7).powi(2) + (dy * 1.3).powi(2)
                })
                .fold(f64::MAX, f64::min);
            assert!((f64::from(*found) - nearest).abs() < 1e-3, "{at}");
        }
    }

    #[test]
    fn a_square_between_squares_has_the_size_between_and_moves_with_them() {
        let grid = VoxelGrid { cols: 100, rows: 90, slices: 9, spacing_mm: [1.0, 1.0, 2.0] };
        let square = |slice: u32, left: u32, top: u32, side: u32| -> Vec<Span> {
            (top..top + side).map(|row| Span { slice, row, from: left, to: left + side }).collect()
        };
        let spans = [square(2, 10, 10, 11), square(6, 60, 50, 21)].concat();
        let mask = VoxelMask::from_spans(grid, &spans);
        let made = between_slices(&mask);
        assert!(made.plane(1).is_none() && made.plane(7).is_none());
        let mut before = 0;
        for slice in 2..=6 {
            let mut alone = VoxelMask::empty(grid);
            alone.set_plane(slice, made.plane(slice).cloned());
            let bounds = alone.bounds().unwrap();
            let n = alone.n_voxels();
            assert!(n > before, "slice {slice}: {n} after {before}");
            before = n;
            let middle = (bounds.low[0] + bounds.high[0]) / 2;
            let expected = 15.0 + (70.0 - 15.0) * f64::from(slice - 2) / 4.0;
            assert!((f64::from(middle) - expected).abs() <= 1.5, "slice {slice}: {middle} for {expected}");
        }
        assert!(made.flips_to(&mask).n_added() == 0);
    }
}
