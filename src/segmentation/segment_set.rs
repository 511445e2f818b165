//! The segments of one picture or stack together: which voxels each may take from the others.

use thiserror::Error;

use crate::domain::flipped::FlippedVoxels;
use crate::segmentation::grid::{Span, VoxelGrid};
use crate::segmentation::voxel_mask::{MaskMismatch, VoxelMask};

/// Whether a voxel may belong to several segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// What one segment gains the others lose.
    #[default]
    Exclusive,
    Overlapping,
}

/// What becomes of the voxels under a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    Add,
    Remove,
}

#[derive(Clone, Debug)]
pub struct SegmentLayer {
    pub mask: VoxelMask,
    /// Keeps every voxel it has and takes none.
    pub is_locked: bool,
}

/// Why an edit was not made, as a sentence for the reader.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EditRefusal {
    #[error("This segment is locked. Unlock it in the list of segments to change it.")]
    Locked,
    #[error("Choose a segment to change first.")]
    NoSegment,
    #[error("{0}.")]
    Mismatch(#[from] MaskMismatch),
}

/// All on one grid.
#[derive(Clone, Debug)]
pub struct SegmentSet {
    grid: VoxelGrid,
    pub layers: Vec<SegmentLayer>,
    pub sharing: Sharing,
}

/// What an edit flipped in one segment.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentFlips {
    pub segment: usize,
    pub flips: FlippedVoxels,
}

impl SegmentSet {
    pub fn new(grid: VoxelGrid, sharing: Sharing) -> Self {
        Self { grid, layers: Vec::new(), sharing }
    }

    pub fn grid(&self) -> &VoxelGrid {
        &self.grid
    }

    pub fn mask(&self, segment: usize) -> Option<&VoxelMask> {
        self.layers.get(segment).map(|layer| &layer.mask)
    }

    /// Whether `segment` may be changed.
    pub fn check(&self, segment: usize) -> Result<(), EditRefusal> {
        match self.layers.get(segment) {
            None => Err(EditRefusal::NoSegment),
            Some(layer) if layer.is_locked => Err(EditRefusal::Locked),
            Some(_) => Ok(()),
        }
    }

    /// Adds or removes the voxels of spans, at once: one sample of a stroke.
    pub fn paint(&mut self, segment: usize, spans: &[Span], paint: Paint) -> Result<(), EditRefusal> {
        self.check(segment)?;
        match paint {
            Paint::Remove => {
                if let Some(layer) = self.layers.get_mut(segment) {
                    spans.iter().for_each(|span| layer.mask.clear(span));
                }
            }
            Paint::Add if self.has_no_rivals(segment) => {
                if let Some(layer) = self.layers.get_mut(segment) {
                    spans.iter().for_each(|span| layer.mask.fill(span));
                }
            }
            Paint::Add => spans.iter().for_each(|span| self.add_among_rivals(segment, span)),
        }
        Ok(())
    }

    /// Puts a whole new mask in place of a segment's, as the other segments allow.
    pub fn replace(&mut self, segment: usize, wanted: &VoxelMask) -> Result<(), EditRefusal> {
        self.check(segment)?;
        if *wanted.grid() != self.grid {
            return Err(MaskMismatch::Grid.into());
        }
        let mut wanted = wanted.clone();
        if self.sharing == Sharing::Exclusive {
            for (other, layer) in self.layers.iter_mut().enumerate().filter(|(other, _)| *other != segment) {
                if layer.mask.is_empty() {
                    continue;
                }
                // Voxels it had before stay with it: they were shared when that was allowed
                if layer.is_locked {
                    wanted = wanted.minus(&layer.mask);
                } else if !layer.mask.intersection(&wanted).is_empty() {
                    layer.mask = layer.mask.minus(&wanted);
                }
                debug_assert!(other != segment);
            }
        }
        if let Some(layer) = self.layers.get_mut(segment) {
            layer.mask = wanted;
        }
        Ok(())
    }

    /// What changed since `before`, by segment; none for segments that are as they were.
    pub fn flips_since(&self, before: &Self) -> Vec<SegmentFlips> {
        let pairs = self.layers.iter().zip(&before.layers).enumerate();
        let flips = pairs.map(|(segment, (now, then))| SegmentFlips { segment, flips: then.mask.flips_to(&now.mask) });
        flips.filter(|changed| !changed.flips.is_empty()).collect()
    }

    /// Applies what an edit flipped, or takes it back: both are the same.
    pub fn flip(&mut self, changed: &[SegmentFlips]) -> Result<(), MaskMismatch> {
        for SegmentFlips { segment, flips } in changed {
            if let Some(layer) = self.layers.get_mut(*segment) {
                layer.mask.flip(flips)?;
            }
        }
        Ok(())
    }

    /// The segments at a voxel.
    pub fn at(&self, voxel: [u32; 3]) -> impl Iterator<Item = usize> + '_ {
        self.layers.iter().enumerate().filter(move |(_, layer)| layer.mask.contains(voxel)).map(|(index, _)| index)
    }

    fn has_no_rivals(&self, segment: usize) -> bool {
        self.sharing == Sharing::Overlapping || self.layers.len() == 1 && segment == 0
    }

    fn add_among_rivals(&mut self, segment: usize, span: &Span) {
        let to = span.to.min(self.grid.cols);
        if span.row >= self.grid.rows || span.slice >= self.grid.slices || span.from >= to {
            return;
        }
        let start = span.row as usize * self.grid.words_per_row();
        for (word, bits) in crate::segmentation::grid::words_of(span.from, to) {
            let mut gained = bits;
            for (other, layer) in self.layers.iter_mut().enumerate() {
                let Some(plane) = layer.mask.plane(span.slice).filter(|_| other != segment) else { continue };
                let held = plane[start + word];
                if layer.is_locked {
                    gained &= !held;
                }
            }
            if gained == 0 {
                continue;
            }
            for (other, layer) in self.layers.iter_mut().enumerate() {
                if other == segment {
                    if let Some(plane) = layer.mask.plane_mut(span.slice) {
                        plane[start + word] |= gained;
                    }
                } else if layer.mask.plane(span.slice).is_some_and(|plane| plane[start + word] & gained != 0)
                    && let Some(plane) = layer.mask.plane_mut(span.slice)
                {
                    plane[start + word] &= !gained;
                }
            }
        }
    }
}
