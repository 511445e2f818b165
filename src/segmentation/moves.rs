//! A mask put elsewhere: on the next slice, or on the other side of the body.

use std::sync::Arc;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::segmentation::grid::Span;
use crate::segmentation::voxel_mask::{VoxelMask, runs_of};

/// With the voxels of one slice on another too: added to what is there.
pub fn copied_to_slice(mask: &VoxelMask, from: u32, to: u32) -> VoxelMask {
    let mut made = mask.clone();
    let (Some(source), true) = (mask.plane(from), to < mask.grid().slices) else { return made };
    match mask.plane(to) {
        None => made.set_plane(to, Some(Arc::clone(source))),
        Some(there) => {
            let words: Vec<u64> = source.iter().zip(there.iter()).map(|(a, b)| a | b).collect();
            made.set_plane(to, Some(words.into()));
        }
    }
    made
}

/// Left and right exchanged about the line between two columns at `about` (pixel-center coordinates, whole or half).
/// What falls off the picture is lost.
pub fn mirrored(mask: &VoxelMask, about: f64) -> VoxelMask {
    let grid = *mask.grid();
    let twice = (about * 2.0).round() as i64;
    let of_slice = |slice: u32| {
        mask.plane(slice)?;
        let mut alone = VoxelMask::empty(crate::segmentation::grid::VoxelGrid { slices: 1, ..grid });
        for row in 0..grid.rows {
            for (from, to) in runs_of(mask.row(slice, row)) {
                let low = (twice - i64::from(to - 1)).max(0);
                let high = (twice - i64::from(from) + 1).min(i64::from(grid.cols));
                if low < high {
                    alone.fill(&Span { slice: 0, row, from: low as u32, to: high as u32 });
                }
            }
        }
        alone.plane(0).map(|plane| plane.to_vec())
    };
    VoxelMask::from_words(grid, (0..grid.slices).into_par_iter().map(of_slice))
}
