//! Growing a region from a seed: everything of like value that hangs together with it, and a guard against leaks.

use crate::segmentation::grid::{VoxelBox, VoxelGrid};
use crate::segmentation::intensities::{Intensities, ValueRange};
use crate::segmentation::islands::{Neighbors, connected};
use crate::segmentation::margin::{Within, grow, shrink};
use crate::segmentation::voxel_mask::VoxelMask;

/// What is to be grown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// Column, row and slice.
    pub seed: [u32; 3],
    /// Values this far from the seed's come in, modality units.
    pub tolerance: f64,
    /// Necks narrower than twice this are not passed, mm; 0 for no guard.
    pub guard_mm: f64,
    /// At most this far from the seed along each axis, mm.
    pub reach_mm: f64,
    pub within: Within,
}

/// The mean around the seed, so that one noisy voxel does not decide what is alike.
pub fn seed_value(values: &Intensities, [col, row, slice]: [u32; 3]) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for row in row.saturating_sub(1)..=row + 1 {
        for col in col.saturating_sub(1)..=col + 1 {
            let value = values.at([col, row, slice]);
            if value.is_finite() {
                sum += value;
                n += 1.0;
            }
        }
    }
    if n > 0.0 { sum / n } else { f64::NAN }
}

/// Empty where the seed has no value.
pub fn region(values: &Intensities, growth: &Growth) -> VoxelMask {
    let grid = *values.grid();
    let middle = seed_value(values, growth.seed);
    if !middle.is_finite() {
        return VoxelMask::empty(grid);
    }
    let range = ValueRange { low: middle - growth.tolerance, high: middle + growth.tolerance };
    let alike = values.within(range, around(&grid, growth));
    let found = connected(&alike, growth.seed, Neighbors::Faces);
    if growth.guard_mm <= 0.0 || found.is_empty() {
        return found;
    }
    // Narrow necks vanish when the region is shrunk; what is left at the seed is grown back, never past the region
    let core = shrink(&found, growth.guard_mm, growth.within);
    let near = nearest_core(&core, growth.seed);
    let Some(start) = near else { return found };
    let held = connected(&core, start, Neighbors::Faces);
    grow(&held, growth.guard_mm, growth.within).intersection(&found)
}

/// Whether a region ends only because it may reach no farther: it may have leaked.
pub fn meets_its_reach(region: &VoxelMask, growth: &Growth) -> bool {
    let grid = region.grid();
    let (Some(bounds), limit) = (region.bounds(), around(grid, growth)) else { return false };
    let n = [grid.cols, grid.rows, grid.slices];
    (0..3).filter(|axis| growth.within == Within::Volume || *axis < 2).any(|axis| {
        let is_low = limit.low[axis] > 0 && bounds.low[axis] <= limit.low[axis];
        is_low || limit.high[axis] < n[axis] && bounds.high[axis] >= limit.high[axis]
    })
}

/// The seed itself, or the nearest voxel of the core within a short way: a click near an edge still means the region.
fn nearest_core(core: &VoxelMask, seed: [u32; 3]) -> Option<[u32; 3]> {
    const REACH: u32 = 12;
    let grid = core.grid();
    let [col, row, slice] = seed;
    let near = VoxelBox { low: seed, high: [col + 1, row + 1, slice + 1] }.widened([REACH, REACH, 2], grid);
    let mut best: Option<(f64, [u32; 3])> = None;
    for z in near.low[2]..near.high[2] {
        for y in near.low[1]..near.high[1] {
            for x in near.low[0]..near.high[0] {
                if !core.contains([x, y, z]) {
                    continue;
                }
                let off = |axis: usize, at: u32| (f64::from(at) - f64::from(seed[axis])) * grid.spacing_mm[axis];
                let far = off(0, x).powi(2) + off(1, y).powi(2) + off(2, z).powi(2);
                if best.is_none_or(|(least, _)| far < least) {
                    best = Some((far, [x, y, z]));
                }
            }
        }
    }
    best.map(|(_, voxel)| voxel)
}

fn around(grid: &VoxelGrid, growth: &Growth) -> VoxelBox {
    let [col, row, slice] = growth.seed;
    let point = VoxelBox { low: growth.seed, high: [col + 1, row + 1, slice + 1] };
    let reach = |axis: usize| {
        let n = growth.reach_mm / grid.spacing_mm[axis];
        if n.is_finite() { n.clamp(0.0, 1e9) as u32 } else { u32::MAX }
    };
    let slices = if growth.within == Within::Slice { 0 } else { reach(2) };
    point.widened([reach(0), reach(1), slices], grid)
}
