//! What it costs to go from one pixel of a picture to another: the ground of the live-wire and of the smart click.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::segmentation::grid::VoxelBox;
use crate::segmentation::intensities::Intensities;

/// Values of one window of a slice, not a number replaced by the lowest.
#[derive(Clone, Debug)]
pub struct Window {
    pub col: u32,
    pub row: u32,
    pub cols: usize,
    pub rows: usize,
    pub values: Vec<f32>,
    /// How steep the values are at each pixel, 0 to 1 of the steepest but for the last percent.
    pub steepness: Vec<f32>,
}

impl Window {
    pub fn of(values: &Intensities, slice: u32, bounds: &VoxelBox) -> Self {
        let [cols, rows, _] = bounds.size();
        let (n_cols, n_rows) = (cols as usize, rows as usize);
        let mut window = vec![0.0_f32; n_cols * n_rows];
        for (row, out) in (bounds.low[1]..bounds.high[1]).zip(window.chunks_exact_mut(n_cols)) {
            values.row(slice, row, bounds.low[0], out);
        }
        let lowest = window.iter().copied().filter(|value| value.is_finite()).fold(f32::MAX, f32::min);
        let lowest = if lowest == f32::MAX { 0.0 } else { lowest };
        window.iter_mut().filter(|value| !value.is_finite()).for_each(|value| *value = lowest);
        let steepness = steepness(&window, n_cols, n_rows);
        Self { col: bounds.low[0], row: bounds.low[1], cols: n_cols, rows: n_rows, values: window, steepness }
    }

    /// The pixel of the window at a column and row of the picture.
    pub fn index(&self, col: u32, row: u32) -> Option<usize> {
        let (x, y) = (col.checked_sub(self.col)? as usize, row.checked_sub(self.row)? as usize);
        (x < self.cols && y < self.rows).then_some(y * self.cols + x)
    }

    /// Column and row of the picture.
    pub fn place(&self, index: usize) -> [u32; 2] {
        [self.col + (index % self.cols) as u32, self.row + (index / self.cols) as u32]
    }

    /// The neighbors of a pixel, with whether they lie aslant.
    pub fn neighbors(&self, index: usize) -> impl Iterator<Item = (usize, bool)> {
        const WAYS: [(i64, i64); 8] = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)];
        let (cols, rows) = (self.cols as i64, self.rows as i64);
        let (x, y) = ((index % self.cols) as i64, (index / self.cols) as i64);
        WAYS.into_iter().filter_map(move |(dx, dy)| {
            let (x, y) = (x + dx, y + dy);
            let is_inside = (0..cols).contains(&x) && (0..rows).contains(&y);
            is_inside.then_some(((y * cols + x) as usize, dx != 0 && dy != 0))
        })
    }
}

/// Sobel, after the mean of three by three.
fn steepness(values: &[f32], cols: usize, rows: usize) -> Vec<f32> {
    let at = |x: i64, y: i64| {
        let (x, y) = (x.clamp(0, cols as i64 - 1) as usize, y.clamp(0, rows as i64 - 1) as usize);
        values[y * cols + x]
    };
    let mut slopes = vec![0.0_f32; values.len()];
    for y in 0..rows as i64 {
        for x in 0..cols as i64 {
            let side = |dx: i64| at(x + dx, y - 1) + 2.0 * at(x + dx, y) + at(x + dx, y + 1);
            let line = |dy: i64| at(x - 1, y + dy) + 2.0 * at(x, y + dy) + at(x + 1, y + dy);
            slopes[y as usize * cols + x as usize] = (side(1) - side(-1)).hypot(line(1) - line(-1));
        }
    }
    let mut sorted = slopes.clone();
    let rank = (sorted.len().saturating_sub(1)) * 99 / 100;
    let steepest = if sorted.is_empty() { 1.0 } else { *sorted.select_nth_unstable_by(rank, f32::total_cmp).1 };
    let steepest = if steepest > 0.0 { steepest } else { 1.0 };
    slopes.iter().map(|slope| (slope / steepest).min(1.0)).collect()
}

/// The cheapest ways from some pixels to all others (Dijkstra).
#[derive(Clone, Debug)]
pub struct Ways {
    /// What the way to each pixel costs; infinite where none leads.
    pub costs: Vec<f32>,
    before: Vec<u32>,
}

impl Ways {
    /// `step` says what it costs to go from one pixel to a neighbor, not negative.
    pub fn from(window: &Window, seeds: &[usize], step: impl Fn(usize, usize, bool) -> f32) -> Self {
        let n = window.values.len();
        let mut costs = vec![f32::INFINITY; n];
        let mut before = vec![u32::MAX; n];
        let mut open: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
        for seed in seeds.iter().copied().filter(|seed| *seed < n) {
            costs[seed] = 0.0;
            open.push(Reverse((0, seed as u32)));
        }
        while let Some(Reverse((cost, at))) = open.pop() {
            let at = at as usize;
            // Costs are not negative, and so sort as their bits do
            if cost > costs[at].to_bits() {
                continue;
            }
            for (next, is_aslant) in window.neighbors(at) {
                let longer = costs[at] + step(at, next, is_aslant).max(0.0);
                if longer < costs[next] {
                    costs[next] = longer;
                    before[next] = at as u32;
                    open.push(Reverse((longer.to_bits(), next as u32)));
                }
            }
        }
        Self { costs, before }
    }

    /// Pixels from a seed to `index`, both with it.
    pub fn to(&self, index: usize) -> Vec<usize> {
        let mut way = vec![index];
        let mut at = index;
        while let Some(before) = self.before.get(at).filter(|before| **before != u32::MAX) {
            at = *before as usize;
            way.push(at);
        }
        way.reverse();
        way
    }
}
