//! Volumes cut into planes: against a reference written apart from the program, and against ITK on a real series.

mod layers;
mod real;
mod reference;
mod reslicing;
mod sides;

use overread::domain::frame::Buffer;
use overread::domain::geometry::Vec3;
use overread::domain::presentation::PixelPadding;
use overread::imaging::volume::VolumeGrid;
use overread::imaging::volume_space::VolumeSpace;
use overread::imaging::voxels::{Rescale, Volume, VoxelSlices};

/// Deterministic numbers in 0 to 1.
pub fn numbers(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        f64::from((state >> 40) as u32) / f64::from(1 << 24)
    }
}

/// Voxels of 0.8 × 0.9 mm in slices 2.5 mm apart.
pub fn upright(dims: [u32; 3]) -> VolumeGrid {
    VolumeGrid {
        dims,
        origin_mm: Vec3([-11.0, 4.0, 100.0]),
        col_step_mm: Vec3([0.8, 0.0, 0.0]),
        row_step_mm: Vec3([0.0, 0.9, 0.0]),
        slice_step_mm: Vec3([0.0, 0.0, 2.5]),
    }
}

/// Slices that lean by 20°.
pub fn sheared(dims: [u32; 3]) -> VolumeGrid {
    let (sin, cos) = 20_f64.to_radians().sin_cos();
    VolumeGrid { row_step_mm: Vec3([0.0, 0.9 * cos, -0.9 * sin]), ..upright(dims) }
}

/// Random whole numbers of CT's range.
pub fn volume(grid: VolumeGrid, rescale: Rescale, padding: Option<PixelPadding>) -> Volume {
    let mut next = numbers(7);
    let [cols, rows, n_slices] = grid.dims;
    let mut slice = || -> Buffer<i16> {
        (0..cols * rows).map(|_| if next() < 0.05 { -2000 } else { (next() * 3000.0) as i16 - 1000 }).collect()
    };
    let slices = (0..n_slices).map(|_| slice()).collect();
    Volume::new(VolumeSpace::even(grid), VoxelSlices::I16(slices), rescale, padding)
}
