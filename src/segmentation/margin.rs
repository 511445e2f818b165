//! Growing and shrinking by millimeters: exactly the voxels within a distance of the mask, found on bits.
//!
//! The ball is taken apart into discs and the discs into rows, so that 64 voxels are widened at once; nothing is
//! approximated: a voxel comes in when its center lies within the distance of the center of a voxel inside.

use std::collections::BTreeMap;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::segmentation::grid::VoxelGrid;
use crate::segmentation::voxel_mask::VoxelMask;

/// Where the distance is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// In all directions.
    Volume,
    /// In each slice alone.
    Slice,
}

/// All voxels within `mm` of the mask.
pub fn grow(mask: &VoxelMask, mm: f64, within: Within) -> VoxelMask {
    let ball = Ball::new(mask.grid(), mm, within);
    if ball.is_point() {
        return mask.clone();
    }
    dilated(mask, &ball)
}

/// The voxels farther than `mm` from everything outside of the mask; past the grid's edge nothing is known, and nothing
/// is taken away for it.
pub fn shrink(mask: &VoxelMask, mm: f64, within: Within) -> VoxelMask {
    let ball = Ball::new(mask.grid(), mm, within);
    if ball.is_point() {
        return mask.clone();
    }
    // Only what is near the mask can eat into it
    let Some(bounds) = mask.bounds() else { return mask.clone() };
    let near = bounds.widened([1, 1, 1], mask.grid());
    let outside = mask.inverted();
    let eaten = dilated_in(&outside, &ball, near.low[2]..near.high[2], near.low[1]..near.high[1]);
    mask.minus(&eaten)
}

/// The half widths of a ball's rows.
struct Ball {
    /// By distance between slices: by distance between rows, how many columns to each side.
    discs: Vec<Vec<u32>>,
}

impl Ball {
    fn new(grid: &VoxelGrid, mm: f64, within: Within) -> Self {
        let [sx, sy, sz] = grid.spacing_mm;
        let radius = if mm.is_finite() { mm.max(0.0) } else { 0.0 };
        let r2 = radius * radius * (1.0 + 1e-9) + 1e-12;
        let most = |spacing: f64, n: u32| ((r2.sqrt() / spacing) as u32).min(n);
        let n_slices = if within == Within::Slice || grid.is_flat() { 0 } else { most(sz, grid.slices) };
        let disc = |dz: u32| -> Vec<u32> {
            let left = r2 - (f64::from(dz) * sz).powi(2);
            let width = |dy: u32| {
                let rest = left - (f64::from(dy) * sy).powi(2);
                (rest >= 0.0).then(|| ((rest.sqrt() / sx) as u32).min(grid.cols))
            };
            (0..=most(sy, grid.rows)).map_while(width).collect()
        };
        Self { discs: (0..=n_slices).map(disc).filter(|disc| !disc.is_empty()).collect() }
    }

    fn is_point(&self) -> bool {
        matches!(&*self.discs, [disc] if matches!(&**disc, [0]))
    }
}

fn dilated(mask: &VoxelMask, ball: &Ball) -> VoxelMask {
    let grid = mask.grid();
    dilated_in(mask, ball, 0..grid.slices, 0..grid.rows)
}

/// Dilated, computed for these slices and rows only; the others stay empty.
fn dilated_in(mask: &VoxelMask, ball: &Ball, slices: std::ops::Range<u32>, rows: std::ops::Range<u32>) -> VoxelMask {
    let grid = *mask.grid();
    let reach = (ball.discs.len() - 1) as u32;
    let plan = Plan::new(ball);
    let widened_of = |slice: u32| plan.widened(mask, slice, &rows);
    // Blocks of slices: a widened slice serves all of its block that it reaches
    let n_threads = rayon::current_num_threads() as u32;
    let n_block = slices.len().div_ceil(n_threads as usize * 2).max(8) as u32;
    let blocks: Vec<u32> = (slices.start..slices.end).step_by(n_block as usize).collect();
    let made: Vec<Vec<Option<Vec<u64>>>> = blocks
        .into_par_iter()
        .map(|first| {
            let last = (first + n_block).min(slices.end);
            let mut out: Vec<Option<Vec<u64>>> = vec![None; (last - first) as usize];
            for source in first.saturating_sub(reach)..(last + reach).min(grid.slices) {
                let Some(widened) = widened_of(source) else { continue };
                for (target, place) in (first..last).zip(&mut out) {
                    let Some(disc) = ball.discs.get(target.abs_diff(source) as usize) else { continue };
                    let words = place.get_or_insert_with(|| vec![0; grid.words_per_slice()]);
                    widened.add_disc(disc, words, &grid, &rows);
                }
            }
            out
        })
        .collect();
    let mut all: Vec<Option<Vec<u64>>> = vec![None; grid.slices as usize];
    for (place, words) in all.iter_mut().skip(slices.start as usize).zip(made.into_iter().flatten()) {
        *place = words;
    }
    VoxelMask::from_words(grid, all)
}

/// The half widths that occur, ascending.
struct Plan {
    widths: BTreeMap<u32, usize>,
    most_rows: u32,
}

impl Plan {
    fn new(ball: &Ball) -> Self {
        let mut widths: BTreeMap<u32, usize> = ball.discs.iter().flatten().map(|width| (*width, 0)).collect();
        widths.values_mut().enumerate().for_each(|(index, place)| *place = index);
        let most_rows = ball.discs.first().map_or(0, Vec::len) as u32;
        Self { widths, most_rows }
    }

    /// A slice's rows widened by every width; `None` when the slice is empty.
    fn widened(&self, mask: &VoxelMask, slice: u32, rows: &std::ops::Range<u32>) -> Option<Widened<'_>> {
        mask.plane(slice)?;
        let grid = mask.grid();
        let n_words = grid.words_per_row();
        let from = rows.start.saturating_sub(self.most_rows);
        let to = (rows.end + self.most_rows).min(grid.rows);
        let n_rows = (to - from) as usize;
        let mut is_empty = vec![true; n_rows];
        let mut words = vec![0_u64; self.widths.len() * n_rows * n_words];
        let (mut row_words, mut spare) = (vec![0_u64; n_words], vec![0_u64; n_words]);
        for row in from..to {
            let source = mask.row(slice, row);
            if source.iter().all(|word| *word == 0) {
                continue;
            }
            is_empty[(row - from) as usize] = false;
            row_words.copy_from_slice(source);
            let mut done = 0;
            for (width, index) in &self.widths {
                widen(&mut row_words, &mut spare, width - done, grid.last_word());
                done = *width;
                let start = (index * n_rows + (row - from) as usize) * n_words;
                words[start..start + n_words].copy_from_slice(&row_words);
            }
        }
        Some(Widened { plan: self, first_row: from, n_rows, n_words, is_empty, words })
    }
}

/// One slice, its rows widened by every half width.
struct Widened<'a> {
    plan: &'a Plan,
    first_row: u32,
    n_rows: usize,
    n_words: usize,
    is_empty: Vec<bool>,
    words: Vec<u64>,
}

impl Widened<'_> {
    fn add_disc(&self, disc: &[u32], out: &mut [u64], grid: &VoxelGrid, rows: &std::ops::Range<u32>) {
        let places: Vec<usize> = disc.iter().filter_map(|width| self.plan.widths.get(width).copied()).collect();
        for source in (0..self.n_rows).filter(|row| !self.is_empty[*row]) {
            let row = self.first_row + source as u32;
            for (dy, index) in (0_u32..).zip(&places) {
                let start = (index * self.n_rows + source) * self.n_words;
                let widened = &self.words[start..start + self.n_words];
                let mut add = |target: u32| {
                    if rows.contains(&target) && target < grid.rows {
                        let at = target as usize * self.n_words;
                        out[at..at + self.n_words].iter_mut().zip(widened).for_each(|(out, word)| *out |= word);
                    }
                };
                add(row + dy);
                if dy > 0 && row >= dy {
                    add(row - dy);
                }
            }
        }
    }
}

/// Every voxel reaches `by` further to both sides.
fn widen(words: &mut [u64], spare: &mut [u64], by: u32, last: u64) {
    let mut left = by;
    let mut reached = 1;
    // Doubling: what reaches n to each side and is moved by n reaches 2n
    while left > 0 {
        let step = left.min(reached);
        spread(words, spare, step);
        left -= step;
        reached += step;
    }
    if let Some(word) = words.last_mut() {
        *word &= last;
    }
}

/// `w | w << step | w >> step` over the whole row; `step` may be any number.
fn spread(words: &mut [u64], source: &mut [u64], step: u32) {
    source.copy_from_slice(words);
    let (whole, bits) = (step as usize / 64, step % 64);
    let at = |index: Option<usize>| index.and_then(|index| source.get(index)).copied().unwrap_or(0);
    for (index, word) in words.iter_mut().enumerate() {
        let from_low = at(index.checked_sub(whole)) << bits;
        let from_high = at(Some(index + whole)) >> bits;
        let (carry_low, carry_high) = if bits == 0 {
            (0, 0)
        } else {
            (at(index.checked_sub(whole + 1)) >> (64 - bits), at(Some(index + whole + 1)) << (64 - bits))
        };
        *word |= from_low | carry_low | from_high | carry_high;
    }
}
