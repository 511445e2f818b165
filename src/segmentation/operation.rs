//! What takes longer than a stroke: the operations on whole masks, as one value that a worker can be handed.

use thiserror::Error;

use crate::segmentation::grid::VoxelGrid;
use crate::segmentation::intensities::{Intensities, ValueRange};
use crate::segmentation::islands::{self, Neighbors};
use crate::segmentation::margin::{Within, grow, shrink};
use crate::segmentation::region_grow::{Growth, region};
use crate::segmentation::segment_set::{EditRefusal, SegmentSet, Sharing};
use crate::segmentation::smooth::{Kernel, joint, median};
use crate::segmentation::voxel_mask::VoxelMask;
use crate::segmentation::{interpolate, moves};

#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    KeepLargestIsland,
    /// Smaller than so many mm³, of a picture mm².
    RemoveSmallIslands {
        mm: f64,
    },
    KeepIslandAt {
        voxel: [u32; 3],
    },
    RemoveIslandAt {
        voxel: [u32; 3],
    },
    /// The largest stays, each other becomes a segment: needs as many empty segments after the last.
    SplitIslands {
        into: Vec<usize>,
    },
    FillHoles,
    FillHolesBySlice,
    Grow {
        mm: f64,
        within: Within,
    },
    Shrink {
        mm: f64,
        within: Within,
    },
    /// Over a box so many mm across.
    Median {
        mm: f64,
    },
    /// All segments that are not locked, together.
    JointSmooth {
        mm: f64,
    },
    InterpolateSlices,
    CopyToSlice {
        from: u32,
        to: u32,
    },
    /// About a column, in pixel-center coordinates; added to what is there.
    Mirror {
        about: f64,
    },
    /// All of the picture or stack within a range of values.
    Threshold {
        range: ValueRange,
    },
    /// Only what lies in the range stays.
    KeepWithin {
        range: ValueRange,
    },
    GrowRegion(Growth),
    /// The empty region around a voxel, in its slice.
    FillAt {
        voxel: [u32; 3],
    },
    /// All of another segment comes to this one.
    MergeFrom {
        other: usize,
    },
    Clear,
}

/// What a worker needs: copies that share their memory.
#[derive(Clone)]
pub struct Work {
    pub set: SegmentSet,
    pub segment: usize,
    pub operation: Operation,
    pub values: Option<Intensities>,
}

#[derive(Clone, Debug, Error, PartialEq)]
pub enum OperationError {
    #[error("{0}")]
    Refused(#[from] EditRefusal),
    #[error("The pixels are not loaded yet.")]
    NoValues,
    #[error("There is no island at that place.")]
    NoIsland,
    #[error("Nothing to interpolate: draw the structure on at least two slices with empty ones between.")]
    NothingBetween,
    #[error("There is only one island: nothing to split.")]
    OneIsland,
}

impl Operation {
    /// Stable word for the record.
    pub fn code(&self) -> &'static str {
        match self {
            Self::KeepLargestIsland => "keep_largest_island",
            Self::RemoveSmallIslands { .. } => "remove_small_islands",
            Self::KeepIslandAt { .. } => "keep_island",
            Self::RemoveIslandAt { .. } => "remove_island",
            Self::SplitIslands { .. } => "split_islands",
            Self::FillHoles => "fill_holes",
            Self::FillHolesBySlice => "fill_holes_by_slice",
            Self::Grow { .. } => "grow",
            Self::Shrink { .. } => "shrink",
            Self::Median { .. } => "smooth",
            Self::JointSmooth { .. } => "smooth_jointly",
            Self::InterpolateSlices => "interpolate_slices",
            Self::CopyToSlice { .. } => "copy_to_slice",
            Self::Mirror { .. } => "mirror",
            Self::Threshold { .. } => "threshold",
            Self::KeepWithin { .. } => "keep_within_range",
            Self::GrowRegion(_) => "grow_region",
            Self::FillAt { .. } => "fill",
            Self::MergeFrom { .. } => "merge",
            Self::Clear => "clear",
        }
    }

    /// What is being done, for the status bar.
    pub fn words(&self) -> &'static str {
        match self {
            Self::KeepLargestIsland => "Keeping the largest island",
            Self::RemoveSmallIslands { .. } => "Removing small islands",
            Self::KeepIslandAt { .. } => "Keeping an island",
            Self::RemoveIslandAt { .. } => "Removing an island",
            Self::SplitIslands { .. } => "Splitting islands",
            Self::FillHoles | Self::FillHolesBySlice => "Filling holes",
            Self::Grow { .. } => "Growing",
            Self::Shrink { .. } => "Shrinking",
            Self::Median { .. } | Self::JointSmooth { .. } => "Smoothing",
            Self::InterpolateSlices => "Interpolating slices",
            Self::CopyToSlice { .. } => "Copying to another slice",
            Self::Mirror { .. } => "Mirroring",
            Self::Threshold { .. } | Self::KeepWithin { .. } => "Applying a threshold",
            Self::GrowRegion(_) => "Growing a region",
            Self::FillAt { .. } => "Filling",
            Self::MergeFrom { .. } => "Merging segments",
            Self::Clear => "Clearing",
        }
    }
}

/// The segments after the operation; `work` is left as it is.
pub fn run(work: &Work) -> Result<SegmentSet, OperationError> {
    let Work { set, segment, operation, values } = work;
    set.check(*segment)?;
    let mask = set.mask(*segment).ok_or(EditRefusal::NoSegment)?;
    let grid = *set.grid();
    let mut made = set.clone();
    let wanted = match operation {
        Operation::SplitIslands { into } => return split(made, *segment, into),
        Operation::JointSmooth { mm } => return Ok(smoothed_jointly(made, *mm)),
        Operation::MergeFrom { other } => return merged(made, *segment, *other),
        Operation::KeepLargestIsland => islands::keep_largest(mask, Neighbors::Faces),
        Operation::RemoveSmallIslands { mm } => {
            let n = (mm / grid.voxel_mm()).ceil().clamp(0.0, 1e15) as u64;
            islands::remove_small(mask, n, Neighbors::Faces)
        }
        Operation::KeepIslandAt { voxel } => {
            islands::keep_at(mask, *voxel, Neighbors::Faces).ok_or(OperationError::NoIsland)?
        }
        Operation::RemoveIslandAt { voxel } => {
            mask.minus(&islands::keep_at(mask, *voxel, Neighbors::Faces).ok_or(OperationError::NoIsland)?)
        }
        Operation::FillHoles => islands::fill_holes(mask),
        Operation::FillHolesBySlice => islands::fill_holes_by_slice(mask),
        Operation::Grow { mm, within } => grow(mask, *mm, *within),
        Operation::Shrink { mm, within } => shrink(mask, *mm, *within),
        Operation::Median { mm } => median(mask, Kernel::of_mm(&grid, *mm)),
        Operation::InterpolateSlices => {
            let between = interpolate::between_slices(mask);
            if between.is_same(mask) {
                return Err(OperationError::NothingBetween);
            }
            between
        }
        Operation::CopyToSlice { from, to } => moves::copied_to_slice(mask, *from, *to),
        Operation::Mirror { about } => mask.union(&moves::mirrored(mask, *about)),
        Operation::Threshold { range } => {
            let values = values.as_ref().ok_or(OperationError::NoValues)?;
            mask.union(&values.within(*range, grid.whole()))
        }
        Operation::KeepWithin { range } => {
            let values = values.as_ref().ok_or(OperationError::NoValues)?;
            let bounds = mask.bounds().unwrap_or_else(|| grid.whole());
            mask.intersection(&values.within(*range, bounds))
        }
        Operation::GrowRegion(growth) => {
            let values = values.as_ref().ok_or(OperationError::NoValues)?;
            mask.union(&region(values, growth))
        }
        Operation::FillAt { voxel } => mask.union(&filled_at(set, *voxel)),
        Operation::Clear => VoxelMask::empty(grid),
    };
    made.replace(*segment, &wanted)?;
    Ok(made)
}

/// The region without any segment around a voxel, within its slice.
fn filled_at(set: &SegmentSet, voxel: [u32; 3]) -> VoxelMask {
    let grid = *set.grid();
    let [col, row, slice] = voxel;
    let flat = VoxelGrid { slices: 1, ..grid };
    let mut taken = VoxelMask::empty(flat);
    for layer in &set.layers {
        let mut alone = VoxelMask::empty(flat);
        alone.set_plane(0, layer.mask.plane(slice).cloned());
        taken = taken.union(&alone);
    }
    let region = islands::connected(&taken.inverted(), [col, row, 0], Neighbors::Faces);
    let mut filled = VoxelMask::empty(grid);
    filled.set_plane(slice, region.plane(0).cloned());
    filled
}

fn split(mut set: SegmentSet, segment: usize, into: &[usize]) -> Result<SegmentSet, OperationError> {
    let mask = set.mask(segment).ok_or(EditRefusal::NoSegment)?;
    let parts = islands::split(mask, Neighbors::Faces, into.len() + 1);
    if parts.len() < 2 {
        return Err(OperationError::OneIsland);
    }
    // The part that stays first: what the others take it has given up already
    for (place, part) in std::iter::once(&segment).chain(into).zip(&parts) {
        set.check(*place)?;
        if let Some(layer) = set.layers.get_mut(*place) {
            layer.mask = if *place == segment { part.clone() } else { layer.mask.union(part) };
        }
    }
    Ok(set)
}

fn smoothed_jointly(mut set: SegmentSet, mm: f64) -> SegmentSet {
    let grid = *set.grid();
    let free: Vec<usize> = (0..set.layers.len()).filter(|at| set.check(*at).is_ok()).collect();
    let masks: Vec<VoxelMask> = free.iter().filter_map(|at| set.mask(*at).cloned()).collect();
    let made = joint(&masks, Kernel::of_mm(&grid, mm));
    let locked = set.layers.iter().filter(|layer| layer.is_locked);
    let held = locked.fold(VoxelMask::empty(grid), |all, layer| all.union(&layer.mask));
    let is_exclusive = set.sharing == Sharing::Exclusive;
    for (place, mask) in free.into_iter().zip(made) {
        if let Some(layer) = set.layers.get_mut(place) {
            layer.mask = if is_exclusive { mask.minus(&held) } else { mask };
        }
    }
    set
}

fn merged(mut set: SegmentSet, segment: usize, other: usize) -> Result<SegmentSet, OperationError> {
    set.check(other)?;
    let (Some(own), Some(theirs)) = (set.mask(segment), set.mask(other)) else {
        return Err(EditRefusal::NoSegment.into());
    };
    let both = own.union(theirs);
    if let Some(layer) = set.layers.get_mut(other) {
        layer.mask = VoxelMask::empty(*both.grid());
    }
    set.replace(segment, &both)?;
    Ok(set)
}
