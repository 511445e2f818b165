//! Correcting masks, without a screen: every operation against a plain search, and what must hold whatever is done.

mod against_packages;
mod against_search;
mod promises;

use overread::segmentation::grid::{Span, VoxelGrid};
use overread::segmentation::voxel_mask::VoxelMask;

/// Numbers that look random and are the same in every run.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// 0 to 1.
    pub fn unit(&mut self) -> f64 {
        self.next() as f64 / (1_u64 << 31) as f64
    }
}

/// A few boxes and specks: blobs that touch edges, and single voxels.
pub fn blobs(grid: VoxelGrid, dice: &mut Dice) -> VoxelMask {
    let mut mask = VoxelMask::empty(grid);
    for _ in 0..4 {
        let [col, row, slice] = [grid.cols, grid.rows, grid.slices].map(|n| dice.below(u64::from(n)) as u32);
        let [cols, rows, slices] = [grid.cols, grid.rows, grid.slices].map(|n| dice.below(u64::from(n) / 2 + 1) as u32);
        for slice in slice..(slice + slices + 1).min(grid.slices) {
            for row in row..(row + rows + 1).min(grid.rows) {
                mask.fill(&Span { slice, row, from: col, to: (col + cols + 1).min(grid.cols) });
            }
        }
    }
    for _ in 0..20 {
        let [col, row, slice] = [grid.cols, grid.rows, grid.slices].map(|n| dice.below(u64::from(n)) as u32);
        let span = Span { slice, row, from: col, to: col + 1 };
        if dice.below(2) == 0 { mask.fill(&span) } else { mask.clear(&span) }
    }
    mask
}

/// One byte a voxel: column, then row, then slice.
pub fn dense(mask: &VoxelMask) -> Vec<bool> {
    let grid = *mask.grid();
    let mut all = Vec::new();
    for slice in 0..grid.slices {
        for row in 0..grid.rows {
            all.extend((0..grid.cols).map(|col| mask.contains([col, row, slice])));
        }
    }
    all
}

/// No bit stands past the end of a row.
pub fn assert_within_grid(mask: &VoxelMask) {
    let grid = mask.grid();
    for plane in mask.planes().iter().flatten() {
        assert_eq!(plane.len(), grid.words_per_slice());
        for row in plane.chunks_exact(grid.words_per_row()) {
            assert_eq!(row[row.len() - 1] & !grid.last_word(), 0, "a voxel past the end of a row");
        }
    }
    assert_eq!(mask.n_voxels(), dense(mask).iter().filter(|inside| **inside).count() as u64);
}
