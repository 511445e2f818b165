//! Twin of `shaders/volume_pass.wgsl`: the values of a plane. It is the reslicer itself, whose places are the same whole numbers.

use crate::imaging::plane_picture::PlaneRequest;
use crate::imaging::reslice::reslice;

/// Modality values of the plane's pixels, row-major; not a number where there is nothing.
pub fn values(request: &PlaneRequest) -> Vec<f32> {
    let PlaneRequest { volume, grid, slab, .. } = request;
    reslice(volume, grid, slab)
}
