//! A finding's masks on the grid of its picture or stack: where a correction begins.

use std::sync::Arc;

use crate::domain::finding::Finding;
use crate::domain::mask::Segment;
use crate::domain::mask_edit::MaskGround;
use crate::domain::series::Series;
use crate::segmentation::grid::VoxelGrid;
use crate::segmentation::voxel_mask::VoxelMask;

/// One structure over all slices.
#[derive(Clone, Debug)]
pub struct ModelMask {
    /// As on the first picture it was named on.
    pub segment: Arc<Segment>,
    pub voxels: VoxelMask,
}

/// Each segment once, in the order of the finding; what does not fit the grid is left out, and that is logged.
pub fn model_masks(finding: &Finding, ground: &MaskGround, series: &Series, grid: VoxelGrid) -> Vec<ModelMask> {
    let mut masks: Vec<ModelMask> = Vec::new();
    for (sop, frame, segment) in finding.placed_segments() {
        let Some(slice) = ground.slice_of(series, sop, frame) else { continue };
        let known = masks.iter().position(|mask| mask.segment.id == segment.id);
        let at = known.unwrap_or_else(|| {
            masks.push(ModelMask { segment: Arc::clone(segment), voxels: VoxelMask::empty(grid) });
            masks.len() - 1
        });
        let Some(mask) = masks.get_mut(at) else { continue };
        match mask.voxels.clone().with_slice(slice, &segment.mask) {
            Ok(voxels) => mask.voxels = voxels,
            Err(error) => log::warn!("a model's mask does not fit its picture: {error}"),
        }
    }
    masks
}
