//! What a mask has become against the one it came from, kept up to date while it is painted: only slices that changed are
//! counted again.

use crate::segmentation::voxel_mask::{Plane, VoxelMask, count};

/// Counts of one mask against another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangeCounts {
    pub n_before: u64,
    pub n_now: u64,
    pub n_both: u64,
}

impl ChangeCounts {
    pub fn n_added(&self) -> u64 {
        self.n_now - self.n_both
    }

    pub fn n_removed(&self) -> u64 {
        self.n_before - self.n_both
    }

    /// Twice the common voxels over the voxels of both; `None` when both are empty.
    pub fn dice(&self) -> Option<f64> {
        let n = self.n_before + self.n_now;
        (n > 0).then(|| 2.0 * self.n_both as f64 / n as f64)
    }

    fn plus(self, other: Self) -> Self {
        Self {
            n_before: self.n_before + other.n_before,
            n_now: self.n_now + other.n_now,
            n_both: self.n_both + other.n_both,
        }
    }
}

/// The counts of every slice, and the bits they were taken of.
#[derive(Clone, Debug, Default)]
pub struct ChangeWatch {
    slices: Vec<Counted>,
    total: ChangeCounts,
}

#[derive(Clone, Debug, Default)]
struct Counted {
    /// Versions of the slice in both.
    of: Option<[u64; 2]>,
    counts: ChangeCounts,
}

impl ChangeWatch {
    /// Counts what changed since the last call.
    pub fn update(&mut self, before: &VoxelMask, now: &VoxelMask) -> ChangeCounts {
        let n_slices = now.planes().len();
        self.slices.resize(n_slices, Counted::default());
        for (slice, known) in (0..).zip(&mut self.slices) {
            let of = Some([before.version(slice), now.version(slice)]);
            if known.of != of {
                known.counts = counts(before.plane(slice), now.plane(slice));
                known.of = of;
            }
        }
        self.total = self.slices.iter().map(|known| known.counts).fold(ChangeCounts::default(), ChangeCounts::plus);
        self.total
    }

    pub fn total(&self) -> ChangeCounts {
        self.total
    }
}

fn counts(before: Option<&Plane>, now: Option<&Plane>) -> ChangeCounts {
    let n_both = match (before, now) {
        (Some(before), Some(now)) => before.iter().zip(now.iter()).map(|(a, b)| u64::from((a & b).count_ones())).sum(),
        _ => 0,
    };
    ChangeCounts { n_before: before.map_or(0, count), n_now: now.map_or(0, count), n_both }
}
