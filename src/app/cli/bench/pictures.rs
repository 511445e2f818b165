//! Pictures to draw: the phantom on a coarse grid, enlarged and made noisy, since only size and depth cost.

use std::sync::Arc;

use crate::domain::frame::{Frame, FrameKey, Samples};
use crate::domain::uid::SopInstanceUid;
use crate::imaging::phantom::noise::SplitMix;
use crate::imaging::phantom::{CtGrid, PhantomOptions, RadiographGrid, ct, radiograph};
use crate::imaging::resample::resize_triangle_antialias;

/// Enlarges 12 bits to 16.
const TO_16_BITS: f32 = 15.0;
const NOISE_16_BITS: f64 = 60.0;
const NOISE_HU: f64 = 12.0;

/// A radiograph that uses 16 bits, `size` × `size`.
pub fn radiograph_16_bits(size: u32) -> Result<Arc<Frame>, String> {
    let options = PhantomOptions::default();
    let grid = RadiographGrid::SMALL;
    let coarse = radiograph::radiograph(&options.scene(), &grid, options.seed, 0.0);
    let coarse: Vec<f32> = coarse.iter().map(|stored| f32::from(*stored) * TO_16_BITS).collect();
    let values = noisy(enlarged(&coarse, (grid.rows, grid.cols), size), NOISE_16_BITS);
    frame(size, Samples::U16(values.map(|value| value as u16).collect()))
}

/// A slice through the middle of the thorax, `size` × `size`.
pub fn ct_slice(size: u32) -> Result<Arc<Frame>, String> {
    let options = PhantomOptions::default();
    let grid = CtGrid::SMALL;
    let coarse = ct::quiet_slice(&options.scene(), &grid, grid.n_slices / 2);
    let values = noisy(enlarged(&coarse, (grid.rows, grid.cols), size), NOISE_HU);
    frame(size, Samples::I16(values.map(|value| value as i16).collect()))
}

/// The same values as a frame of its own, which nobody has drawn before.
pub fn unseen(frame: &Frame) -> Arc<Frame> {
    Arc::new(frame.clone())
}

fn enlarged(coarse: &[f32], (rows, cols): (u32, u32), size: u32) -> Vec<f32> {
    resize_triangle_antialias(coarse, rows as usize, cols as usize, size as usize, size as usize)
}

fn noisy(values: Vec<f32>, sigma: f64) -> impl Iterator<Item = f64> {
    let mut noise = SplitMix::new(1);
    // Casts to stored values saturate.
    values.into_iter().map(move |value| (f64::from(value) + sigma * noise.normal()).round())
}

fn frame(size: u32, samples: Samples) -> Result<Arc<Frame>, String> {
    let key = FrameKey { sop: SopInstanceUid::new("1.2.3"), index: 0, origin: 0 };
    Frame::new(key, size, size, samples).map(Arc::new).map_err(|error| error.to_string())
}
