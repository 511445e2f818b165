//! What a plane must hold, in f64 and one voxel at a time, knowing nothing of how the program does it.

use overread::domain::geometry::Vec3;
use overread::domain::presentation::PixelPadding;
use overread::imaging::plane_grid::{PlaneGrid, Projection, Slab, SlabSteps};
use overread::imaging::volume::VolumeGrid;
use overread::imaging::voxels::Volume;

/// The value of every pixel; `None` where there is nothing.
pub fn plane(volume: &Volume, grid: &VolumeGrid, plane: &PlaneGrid, slab: &Slab) -> Vec<Option<f64>> {
    let normal = plane.normal();
    let steps = SlabSteps::of(slab, volume.space(), normal);
    let mut values = Vec::new();
    for row in 0..plane.rows {
        for col in 0..plane.cols {
            let across = plane.col_step_mm.scaled(f64::from(col)).plus(plane.row_step_mm.scaled(f64::from(row)));
            let center = plane.origin_mm.plus(across);
            let samples = steps.offsets_mm().map(|offset| point(volume, grid, center.plus(normal.scaled(offset))));
            let found: Vec<f64> = samples.flatten().collect();
            values.push((!found.is_empty()).then(|| match slab.projection {
                Projection::Mip => found.iter().copied().fold(f64::MIN, f64::max),
                Projection::MinIp => found.iter().copied().fold(f64::MAX, f64::min),
                Projection::Single | Projection::Mean => found.iter().sum::<f64>() / found.len() as f64,
            }));
        }
    }
    values
}

fn point(volume: &Volume, grid: &VolumeGrid, at: Vec3) -> Option<f64> {
    let voxel = grid.voxel(at);
    let dims = grid.dims.map(f64::from);
    if (0..3).any(|axis| voxel[axis] < -0.5 - 1e-6 || voxel[axis] > dims[axis] - 0.5 + 1e-6) {
        return None;
    }
    let (mut sum, mut weight) = (0.0, 0.0);
    for corner in 0..8_u32 {
        let mut share = 1.0;
        let mut index = [0_usize; 3];
        for axis in 0..3 {
            let clamped = voxel[axis].clamp(0.0, dims[axis] - 1.0);
            let (low, part) = (clamped.floor(), clamped - clamped.floor());
            let is_high = corner >> axis & 1 == 1;
            share *= if is_high { part } else { 1.0 - part };
            index[axis] = (low + f64::from(u8::from(is_high))).min(dims[axis] - 1.0) as usize;
        }
        let [col, row, slice] = index;
        let stored = volume.slices().at(slice, row * grid.dims[0] as usize + col);
        let is_padding = |PixelPadding { low, high }: PixelPadding| stored >= low as f64 && stored <= high as f64;
        if share > 1e-9 && !volume.padding().is_some_and(is_padding) {
            let [slope, intercept] = volume.rescale().of_slice(slice);
            sum += share * (stored * slope + intercept);
            weight += share;
        }
    }
    (weight >= 0.5 - 1e-6).then(|| sum / weight)
}
