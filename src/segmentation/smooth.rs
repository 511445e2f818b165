//! Smoothing by majority: the median of a mask over a box around each voxel, and the same for several segments at once.
//!
//! The median of zeros and ones is what more than half of the box says. Past the grid's edge its outermost voxels go on,
//! so that nothing wears away at the first and the last slice.

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::segmentation::bit_sums::{BitRow, bits_for, row_sums};
use crate::segmentation::grid::VoxelGrid;
use crate::segmentation::voxel_mask::VoxelMask;

/// Voxels to each side of a box, along columns, rows and slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel {
    pub reach: [u32; 3],
}

impl Kernel {
    /// The box of about `mm` across: an odd number of voxels along each axis, one slice thick where slices are apart by
    /// more than that.
    pub fn of_mm(grid: &VoxelGrid, mm: f64) -> Self {
        const MOST: f64 = 15.0;
        let along = |axis: usize| {
            let spacing = grid.spacing_mm[axis];
            if mm.is_finite() { (mm / spacing / 2.0).round().clamp(0.0, MOST) as u32 } else { 0 }
        };
        let slices = if grid.is_flat() { 0 } else { along(2) };
        Self { reach: [along(0), along(1), slices] }
    }

    pub fn n_voxels(&self) -> u32 {
        self.reach.iter().map(|reach| 2 * reach + 1).product()
    }

    fn is_point(&self) -> bool {
        self.reach == [0; 3]
    }
}

/// The median of a mask over the kernel.
pub fn median(mask: &VoxelMask, kernel: Kernel) -> VoxelMask {
    let Some(bounds) = mask.bounds().filter(|_| !kernel.is_point()) else { return mask.clone() };
    let grid = *mask.grid();
    let near = bounds.widened(kernel.reach, &grid);
    let half = kernel.n_voxels() / 2;
    let rows = near.low[1]..near.high[1];
    let slices = blocks(near.low[2], near.high[2]);
    let made: Vec<(u32, Vec<Vec<u64>>)> = slices
        .into_par_iter()
        .map(|block| {
            let mut out = Vec::new();
            let mut sums = BoxSums::new(mask, kernel, rows.clone());
            for slice in block.clone() {
                let mut words = vec![0_u64; grid.words_per_slice()];
                sums.each_row(slice, |row, sum| {
                    let start = row as usize * sum.n_words;
                    for word in 0..sum.n_words {
                        words[start + word] = sum.above(half, word);
                    }
                });
                clip(&mut words, &grid);
                out.push(words);
            }
            (block.start, out)
        })
        .collect();
    gathered(grid, made)
}

/// Several segments smoothed together: each voxel goes to the segment, or to none, that most of its box belongs to. Of
/// equals the one before stays: no gaps and no overlaps come in between neighbors.
pub fn joint(masks: &[VoxelMask], kernel: Kernel) -> Vec<VoxelMask> {
    let Some(grid) = masks.first().map(|mask| *mask.grid()).filter(|_| !kernel.is_point()) else {
        return masks.to_vec();
    };
    let Some(bounds) = masks.iter().filter_map(VoxelMask::bounds).reduce(|a, b| a.around(b)) else {
        return masks.to_vec();
    };
    let near = bounds.widened(kernel.reach, &grid);
    let rows = near.low[1]..near.high[1];
    let nothing = masks.iter().fold(VoxelMask::empty(grid), |all, mask| all.union(mask)).inverted();
    // The ground comes first; where counts are equal, the segment a voxel has stays
    let all: Vec<&VoxelMask> = std::iter::once(&nothing).chain(masks).collect();
    let made: Vec<(u32, Vec<Vec<Vec<u64>>>)> = blocks(near.low[2], near.high[2])
        .into_par_iter()
        .map(|block| {
            let mut sums: Vec<BoxSums<'_>> = all.iter().map(|mask| BoxSums::new(mask, kernel, rows.clone())).collect();
            let of_slice = |slice: u32| joint_slice(&all, &mut sums, slice, &grid, &rows);
            (block.start, block.clone().map(of_slice).collect())
        })
        .collect();
    (0..masks.len())
        .map(|segment| {
            let of_segment = made.iter().map(|(first, slices)| {
                let words = slices.iter().filter_map(|segments| segments.get(segment + 1).cloned()).collect();
                (*first, words)
            });
            gathered(grid, of_segment.collect())
        })
        .collect()
}

fn joint_slice(
    all: &[&VoxelMask],
    sums: &mut [BoxSums<'_>],
    slice: u32,
    grid: &VoxelGrid,
    rows: &std::ops::Range<u32>,
) -> Vec<Vec<u64>> {
    let n_words = grid.words_per_row();
    let n_bits = sums.first().map_or(1, |sums| sums.n_bits + 1);
    let mut won = vec![vec![0_u64; grid.words_per_slice()]; all.len()];
    let mut best: Vec<BitRow> = vec![BitRow::zero(n_words, n_bits); rows.len()];
    for (segment, (mask, sums)) in all.iter().zip(sums).enumerate() {
        sums.each_row(slice, |row, sum| {
            let place = (row - rows.start) as usize;
            // Twice the count, and one more where the voxel has this segment: it wins among equals
            let mut count = BitRow::zero(n_words, n_bits);
            let held = mask.row(slice, row);
            count.planes[..n_words].iter_mut().zip(held).for_each(|(word, held)| *word = *held);
            count.planes[n_words..].copy_from_slice(&sum.planes);
            let start = row as usize * n_words;
            for word in 0..n_words {
                let mut wins = count.above_row(&best[place], word);
                if segment == 0 {
                    wins = u64::MAX;
                }
                best[place].take(&count, wins, word);
                for (other, words) in won.iter_mut().enumerate() {
                    let at = &mut words[start + word];
                    *at = if other == segment { *at | wins } else { *at & !wins };
                }
            }
        });
    }
    won.iter_mut().for_each(|words| clip(words, grid));
    won
}

/// Box sums of one mask, slice after slice; slices that follow one another share most of their work.
struct BoxSums<'a> {
    mask: &'a VoxelMask,
    kernel: Kernel,
    rows: std::ops::Range<u32>,
    n_bits: usize,
    /// Sums over columns and rows of the slices in the box, and of which slice the window stands around.
    window: Option<(u32, Vec<BitRow>)>,
}

impl<'a> BoxSums<'a> {
    fn new(mask: &'a VoxelMask, kernel: Kernel, rows: std::ops::Range<u32>) -> Self {
        Self { mask, kernel, rows, n_bits: bits_for(kernel.n_voxels()), window: None }
    }

    /// Calls `each` with the sums over the box around every voxel of the rows of a slice.
    fn each_row(&mut self, slice: u32, mut each: impl FnMut(u32, &BitRow)) {
        let reach = self.kernel.reach[2];
        let last = self.mask.grid().slices - 1;
        let clamped = |at: i64| at.clamp(0, i64::from(last)) as u32;
        let at = i64::from(slice);
        let mut sums = match self.window.take() {
            Some((before, mut sums)) if before + 1 == slice => {
                self.change(&mut sums, clamped(at + i64::from(reach)), BitRow::add);
                self.change(&mut sums, clamped(at - 1 - i64::from(reach)), BitRow::subtract);
                sums
            }
            _ => {
                let mut sums = vec![BitRow::zero(self.mask.grid().words_per_row(), self.n_bits); self.rows.len()];
                for other in at - i64::from(reach)..=at + i64::from(reach) {
                    self.change(&mut sums, clamped(other), BitRow::add);
                }
                sums
            }
        };
        self.rows.clone().zip(&mut sums).for_each(|(row, sum)| each(row, sum));
        self.window = Some((slice, sums));
    }

    /// Adds one slice's sums to all rows, or takes them away.
    fn change(&self, sums: &mut [BitRow], slice: u32, change: impl Fn(&mut BitRow, &[u64])) {
        if self.mask.plane(slice).is_none() {
            return;
        }
        let grid = self.mask.grid();
        let [across, down, _] = self.kernel.reach;
        let n_words = grid.words_per_row();
        let n_flat = bits_for((2 * across + 1) * (2 * down + 1));
        let of_row = |row: i64| {
            let row = row.clamp(0, i64::from(grid.rows) - 1) as u32;
            let mut sum = BitRow::zero(n_words, bits_for(2 * across + 1));
            row_sums(self.mask.row(slice, row), grid.cols, across, &mut sum);
            sum
        };
        let first = i64::from(self.rows.start);
        let down = i64::from(down);
        let mut ring: std::collections::VecDeque<BitRow> = (first - down..first + down).map(&of_row).collect();
        let mut window = BitRow::zero(n_words, n_flat);
        ring.iter().for_each(|row| window.add(&row.planes));
        for (row, sum) in (first..).zip(sums) {
            let next = of_row(row + down);
            window.add(&next.planes);
            ring.push_back(next);
            change(sum, &window.planes);
            if let Some(gone) = ring.pop_front() {
                window.subtract(&gone.planes);
            }
        }
    }
}

/// Slices in so many blocks that every thread has some.
fn blocks(low: u32, high: u32) -> Vec<std::ops::Range<u32>> {
    let n_block = ((high - low) as usize).div_ceil(rayon::current_num_threads() * 2).max(4) as u32;
    (low..high).step_by(n_block as usize).map(|first| first..(first + n_block).min(high)).collect()
}

fn gathered(grid: VoxelGrid, made: Vec<(u32, Vec<Vec<u64>>)>) -> VoxelMask {
    let mut all: Vec<Option<Vec<u64>>> = vec![None; grid.slices as usize];
    for (first, slices) in made {
        for (place, words) in all.iter_mut().skip(first as usize).zip(slices) {
            *place = Some(words);
        }
    }
    VoxelMask::from_words(grid, all)
}

/// Bits past the ends of rows are 0.
fn clip(words: &mut [u64], grid: &VoxelGrid) {
    let last = grid.last_word();
    words.chunks_exact_mut(grid.words_per_row()).filter_map(<[u64]>::last_mut).for_each(|word| *word &= last);
}
