//! Masks, pure: what a network's masks are made of, how they are changed, and what can be measured on them.
//!
//! A mask under correction is a [`voxel_mask::VoxelMask`], one bit a voxel; an edit is what it flipped, so that undo is
//! exact and costs what the edit touched. Tools give spans of voxels ([`brush`], [`polygon`]) or a whole new mask
//! ([`margin`], [`smooth`], [`islands`], …), and [`segment_set`] says what a segment may take from the others.

pub mod bit_sums;
pub mod brush;
pub mod burned_in_text;
pub mod change;
pub mod components;
pub mod cost_field;
pub mod grid;
pub mod intensities;
pub mod interpolate;
pub mod islands;
pub mod laid_over;
pub mod lesion;
pub mod live_wire;
pub mod lung_field;
pub mod margin;
pub mod measure;
pub mod model_masks;
pub mod moves;
pub mod operation;
pub mod outline;
pub mod polygon;
pub mod proposal;
pub mod region_grow;
pub mod segment_set;
pub mod smooth;
pub mod volume_components;
pub mod voxel_mask;
