//! What is computed of masks in the background: operations on whole masks, and figures against the model's.

use sha2::{Digest as _, Sha256};

use crate::domain::mask_edit::SegmentFigures;
use crate::segmentation::change::ChangeWatch;
use crate::segmentation::grid::VoxelGrid;
use crate::segmentation::voxel_mask::VoxelMask;
use crate::validation::overlap::MaskGrid;
use crate::validation::surface::SurfaceDistances;

/// A segment's id, the model's voxels and the reader's.
pub type SegmentPair = (String, VoxelMask, VoxelMask);

/// Figures of every segment; `None` when cancelled. Where no millimeters are known distances and sizes are absent.
pub fn figures(segments: &[SegmentPair], has_mm: bool, is_cancelled: &dyn Fn() -> bool) -> Option<Vec<SegmentFigures>> {
    let mut all = Vec::with_capacity(segments.len());
    for (segment, before, now) in segments {
        if is_cancelled() {
            return None;
        }
        let counts = ChangeWatch::default().update(before, now);
        let voxel_mm = now.grid().voxel_mm();
        all.push(SegmentFigures {
            segment: segment.clone(),
            n_voxels: counts.n_now,
            size_mm: has_mm.then_some(counts.n_now as f64 * voxel_mm),
            n_added: counts.n_added(),
            n_removed: counts.n_removed(),
            dice: counts.dice(),
            surface_mm: has_mm.then(|| surface_mm(before, now)).flatten(),
        });
    }
    Some(all)
}

/// SHA-256 of the voxels of all segments, lower-case hex: the ids, the size of the grid, and the runs of each slice.
pub fn voxels_sha256(segments: &[SegmentPair]) -> String {
    let mut digest = Sha256::new();
    for (id, _, mask) in segments {
        let VoxelGrid { cols, rows, slices, .. } = *mask.grid();
        digest.update((id.len() as u64).to_le_bytes());
        digest.update(id.as_bytes());
        [cols, rows, slices].iter().for_each(|n| digest.update(n.to_le_bytes()));
        for slice in 0..slices {
            for run in mask.slice_mask(slice).runs() {
                digest.update(slice.to_le_bytes());
                digest.update(run.start.to_le_bytes());
                digest.update(run.len.to_le_bytes());
            }
        }
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Mean distance of the two surfaces and its 95th percentile, mm; `None` when one is empty.
fn surface_mm(before: &VoxelMask, now: &VoxelMask) -> Option<[f64; 2]> {
    let bounds = before.bounds()?.around(now.bounds()?);
    let grid = *now.grid();
    let [cols, rows, slices] = bounds.size().map(|n| n as usize);
    let [x, y, z] = grid.spacing_mm;
    let window = match grid.is_flat() {
        true => MaskGrid::flat([rows, cols], [y, x]),
        false => MaskGrid::volume([slices, rows, cols], [z, y, x]),
    };
    let dense = |mask: &VoxelMask| {
        let mut dense = vec![0_u8; cols * rows * slices];
        for (slice, out) in (bounds.low[2]..bounds.high[2]).zip(dense.chunks_exact_mut(cols * rows)) {
            for (row, out) in (bounds.low[1]..bounds.high[1]).zip(out.chunks_exact_mut(cols)) {
                let words = mask.row(slice, row);
                for (col, out) in (bounds.low[0]..bounds.high[0]).zip(out) {
                    *out = words.get(col as usize / 64).map_or(0, |word| (word >> (col % 64) & 1) as u8);
                }
            }
        }
        dense
    };
    let distances = SurfaceDistances::between(&window, &dense(before), &dense(now)).ok()?;
    let mean = distances.average_symmetric().ok()?;
    let most = distances.hausdorff(0.95).ok()?;
    (mean.is_finite() && most.is_finite()).then_some([mean, most])
}
