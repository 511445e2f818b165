//! Axial CT slices of the phantom: exact along each image row, sampled across rows and through the slice.

use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};

use crate::domain::geometry::{ImagePlane, Vec3};
use crate::imaging::phantom::convex::Ray;
use crate::imaging::phantom::noise::{SMOOTH_3X3_GAIN, SplitMix, smooth_3x3};
use crate::imaging::phantom::scene::{Body, Scene, Tracer};

/// The grid of a CT series: square pixels, slices from the feet up, supine, head first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CtGrid {
    pub rows: u32,
    pub cols: u32,
    pub n_slices: u32,
    pub pixel_mm: f64,
    /// Distance between slices and their thickness.
    pub slice_mm: f64,
    /// Centre of the lowest slice.
    pub first_z_mm: f64,
    /// Where the grid's middle lies in the patient; the table's axis is at 0, 0.
    pub center_xy_mm: [f64; 2],
}

impl CtGrid {
    pub const FULL: Self = Self {
        rows: 512,
        cols: 512,
        n_slices: 80,
        pixel_mm: 0.7,
        slice_mm: 4.0,
        first_z_mm: -184.0,
        center_xy_mm: [0.0, 0.0],
    };
    /// The same extent, coarse: for tests.
    pub const SMALL: Self = Self {
        rows: 128,
        cols: 128,
        n_slices: 40,
        pixel_mm: 2.8,
        slice_mm: 8.0,
        first_z_mm: -182.0,
        center_xy_mm: [0.0, 0.0],
    };

    /// Where slice `index` lies.
    pub fn plane(&self, index: u32) -> ImagePlane {
        let [center_x, center_y] = self.center_xy_mm;
        let half = |n: u32| (f64::from(n) - 1.0) / 2.0 * self.pixel_mm;
        let z = self.first_z_mm + f64::from(index) * self.slice_mm;
        ImagePlane {
            position_mm: Vec3([center_x - half(self.cols), center_y - half(self.rows), z]),
            row_dir: Vec3([1.0, 0.0, 0.0]),
            col_dir: Vec3([0.0, 1.0, 0.0]),
        }
    }
}

/// Noise of a body CT at a moderate dose, HU, in the middle of the patient.
const NOISE_HU: f64 = 14.0;
const N_ROW_SAMPLES: u32 = 2;
const N_SLICE_SAMPLES: u32 = 3;

/// Hounsfield units of one slice, row-major. `noise` scales the noise; 0 leaves none.
pub fn slice(scene: &Scene, grid: &CtGrid, index: u32, seed: u64, noise: f64) -> Vec<i16> {
    let mut values = quiet_slice(scene, grid, index);
    if noise > 0.0 {
        add_noise(&mut values, grid, seed ^ u64::from(index), noise);
    }
    // -1024 is the lowest value scanners write; the cast saturates.
    values.into_iter().map(|value| value.round().clamp(-1024.0, 3071.0) as i16).collect()
}

/// The same without noise.
pub fn quiet_slice(scene: &Scene, grid: &CtGrid, index: u32) -> Vec<f32> {
    let plane = grid.plane(index);
    let [_, _, z] = plane.position_mm.0;
    let near: Vec<&Body> = scene.bodies.iter().filter(|body| meets(body, 2, z, grid.slice_mm / 2.0)).collect();
    let rows: Vec<Vec<f32>> = (0..grid.rows)
        .into_par_iter()
        .map_init(Tracer::default, |tracer, row| image_row(&near, grid, &plane, row, tracer))
        .collect();
    rows.concat()
}

fn meets(body: &Body, axis: usize, at_mm: f64, reach_mm: f64) -> bool {
    let bounds = body.shape.bounds();
    bounds.low[axis] <= at_mm + reach_mm && bounds.high[axis] >= at_mm - reach_mm
}

fn image_row(near: &[&Body], grid: &CtGrid, plane: &ImagePlane, row: u32, tracer: &mut Tracer) -> Vec<f32> {
    let [x, y, z] = plane.position_mm.0;
    let y = y + f64::from(row) * grid.pixel_mm;
    let near: Vec<&Body> = near.iter().copied().filter(|body| meets(body, 1, y, grid.pixel_mm / 2.0)).collect();
    let mut line = vec![0.0_f64; grid.cols as usize];
    for row_sample in 0..N_ROW_SAMPLES {
        for slice_sample in 0..N_SLICE_SAMPLES {
            let y = y + centered(row_sample, N_ROW_SAMPLES) * grid.pixel_mm;
            let z = z + centered(slice_sample, N_SLICE_SAMPLES) * grid.slice_mm;
            let origin = Vec3([x - grid.pixel_mm / 2.0, y, z]);
            let ray = Ray { origin, dir: plane.row_dir };
            for span in tracer.trace(near.iter().copied(), &ray) {
                let hounsfield = span.tissue.hounsfield(origin);
                paint(&mut line, span.start_mm / grid.pixel_mm, span.end_mm / grid.pixel_mm, hounsfield + 1000.0);
            }
        }
    }
    let n_samples = f64::from(N_ROW_SAMPLES * N_SLICE_SAMPLES);
    line.into_iter().map(|sum| (sum / n_samples - 1000.0) as f32).collect()
}

/// The middle of sample `index` of `n`, in −½ to ½.
fn centered(index: u32, n: u32) -> f64 {
    (f64::from(index) + 0.5) / f64::from(n) - 0.5
}

/// Adds `value` to the pixels from `start` to `end` (pixel-edge coordinates), in part where they are covered in part.
fn paint(line: &mut [f64], start: f64, end: f64, value: f64) {
    let n = line.len() as f64;
    let (start, end) = (start.clamp(0.0, n), end.clamp(0.0, n));
    let (first, last) = (start.floor() as usize, end.ceil() as usize);
    for (index, sum) in line.iter_mut().enumerate().take(last).skip(first) {
        let left = index as f64;
        *sum += value * (end.min(left + 1.0) - start.max(left)).max(0.0);
    }
}

/// Quantum noise: strongest where the beam is weakened most, with the short correlation of a soft kernel.
fn add_noise(values: &mut [f32], grid: &CtGrid, seed: u64, noise: f64) {
    let mut random = SplitMix::lane(seed, 17);
    let mut field: Vec<f32> = (0..values.len()).map(|_| random.normal() as f32).collect();
    let cols = grid.cols as usize;
    smooth_3x3(&mut field, cols);
    let (half_rows, half_cols) = (f64::from(grid.rows) / 2.0, f64::from(grid.cols) / 2.0);
    for (index, (value, draw)) in values.iter_mut().zip(&field).enumerate() {
        let u = ((index % cols) as f64 - half_cols) / half_cols;
        let v = ((index / cols) as f64 - half_rows) / half_rows;
        let depth = (1.0 - (u * u + v * v)).max(0.0);
        let sigma = noise * NOISE_HU * (0.45 + 0.55 * depth) / SMOOTH_3X3_GAIN;
        *value += (sigma * f64::from(*draw)) as f32;
    }
}
