//! From stored values to values for eyes and networks: pure pixel arithmetic, each step in one place.
//!
//! Stored value → `modality_lut` → modality value (such as HU) → `voi_lut` → 0 to 1 → `presentation` (inversion, once)
//! → gray level. `pipeline` runs the whole way at source resolution in f64; the shaders and their CPU twin repeat it.
//! Nothing here reads files, draws or knows the screen.

pub mod graphics;
pub mod histogram;
pub mod lookup;
pub mod measure;
pub mod modality_lut;
pub mod orientation;
pub mod overlay;
pub mod phantom;
pub mod pipeline;
pub mod plane_grid;
pub mod plane_lattice;
pub mod plane_picture;
pub mod presentation;
pub mod presets;
pub mod resample;
pub mod reslice;
pub mod reslice_aligned;
mod reslice_block;
pub mod reslice_layers;
pub mod saliency;
pub mod test_pattern;
pub mod typefaces;
pub mod view;
pub mod voi_lut;
pub mod volume;
pub mod volume_space;
pub mod voxels;
