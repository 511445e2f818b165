//! A PA chest radiograph of the phantom: line integrals, scatter, quanta, and the film-like rendering of a detector.

use rayon::prelude::{IndexedParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _};

use crate::domain::geometry::Vec3;
use crate::imaging::phantom::convex::{Bounds, Ray, unit};
use crate::imaging::phantom::noise::{SplitMix, smooth_3x3};
use crate::imaging::phantom::scene::{Body, Scene, Tracer};

/// Detector and tube. The tube stands behind the patient, the detector before the chest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RadiographGrid {
    pub rows: u32,
    pub cols: u32,
    /// At the detector.
    pub pixel_mm: f64,
}

impl RadiographGrid {
    pub const FULL: Self = Self { rows: 1400, cols: 1400, pixel_mm: 0.28 };
    /// The same extent, coarse: for tests.
    pub const SMALL: Self = Self { rows: 196, cols: 196, pixel_mm: 2.0 };

    /// Where a patient point falls, in pixel-centre coordinates (column, row).
    pub fn project(&self, point: Vec3) -> [f64; 2] {
        let source = Vec3(SOURCE);
        let ray = point.minus(source);
        let [x, _, z] = source.plus(ray.scaled((DETECTOR_Y_MM - source.0[1]) / ray.0[1])).0;
        let middle = |n: u32| (f64::from(n) - 1.0) / 2.0;
        // Columns run to the patient's left, rows to the feet.
        [x / self.pixel_mm + middle(self.cols), (CENTER_Z_MM - z) / self.pixel_mm + middle(self.rows)]
    }

    /// The ray from the tube to a place on the detector.
    pub fn ray(&self, col: f64, row: f64) -> Ray {
        let middle = |n: u32| (f64::from(n) - 1.0) / 2.0;
        let x = (col - middle(self.cols)) * self.pixel_mm;
        let z = CENTER_Z_MM - (row - middle(self.rows)) * self.pixel_mm;
        let origin = Vec3(SOURCE);
        Ray { origin, dir: unit(Vec3([x, DETECTOR_Y_MM, z]).minus(origin)) }
    }
}

pub const SOURCE_TO_DETECTOR_MM: f64 = 1800.0;
/// From the patient's middle plane (y = 0) to the detector.
pub const MAGNIFICATION: f64 = SOURCE_TO_DETECTOR_MM / (SOURCE_TO_DETECTOR_MM + DETECTOR_Y_MM);
const DETECTOR_Y_MM: f64 = -140.0;
const CENTER_Z_MM: f64 = -14.0;
const SOURCE: [f64; 3] = [0.0, DETECTOR_Y_MM + SOURCE_TO_DETECTOR_MM, CENTER_Z_MM];

/// Water at the mean energy of a filtered 120 kV beam, about 68 keV (NIST XCOM), per mm.
const WATER_PER_MM: f64 = 0.0197;
/// Quanta per mm² of the detector in the open beam.
const QUANTA_PER_MM2: f64 = 120_000.0;
/// Scattered over primary signal behind a grid, averaged over the picture.
const SCATTER_TO_PRIMARY: f64 = 0.28;
const TILE: usize = 20;

/// Stored values of 12 bits, row-major; bright is dense. `noise` scales the noise; 0 leaves none.
pub fn radiograph(scene: &Scene, grid: &RadiographGrid, seed: u64, noise: f64) -> Vec<u16> {
    let thickness = water_thickness(scene, grid);
    let cols = grid.cols as usize;
    let mut signal: Vec<f32> = thickness.iter().map(|mm| (-WATER_PER_MM * f64::from(*mm)).exp() as f32).collect();
    add_scatter(&mut signal, grid);
    if noise > 0.0 {
        add_quantum_noise(&mut signal, grid, seed, noise);
    }
    let mut density: Vec<f32> = signal.into_iter().map(|s| -s.max(1e-5).ln()).collect();
    smooth_3x3(&mut density, cols);
    render_as_film(&density, grid)
}

/// Equivalent thickness of water along each ray, mm.
pub fn water_thickness(scene: &Scene, grid: &RadiographGrid) -> Vec<f32> {
    let cols = grid.cols as usize;
    let shadows: Vec<[f64; 4]> = scene.bodies.iter().map(|body| shadow(body.shape.bounds(), grid)).collect();
    let mut thickness = vec![0.0_f32; grid.rows as usize * cols];
    thickness.par_chunks_mut(cols * TILE).enumerate().for_each(|(band, pixels)| {
        let top = band * TILE;
        let reaches = |low: f64, high: f64, edge: usize| {
            let edge = edge as f64 - 0.5;
            low <= edge + TILE as f64 && high >= edge
        };
        let in_band: Vec<(&Body, &[f64; 4])> =
            scene.bodies.iter().zip(&shadows).filter(|(_, [_, y0, _, y1])| reaches(*y0, *y1, top)).collect();
        let mut tracer = Tracer::default();
        for left in (0..cols).step_by(TILE) {
            let in_tile = in_band.iter().filter(|(_, [x0, _, x1, _])| reaches(*x0, *x1, left));
            let near: Vec<&Body> = in_tile.map(|(body, _)| *body).collect();
            for (row, line) in pixels.chunks_mut(cols).enumerate() {
                for (col, pixel) in line.iter_mut().enumerate().skip(left).take(TILE) {
                    let ray = grid.ray(col as f64, (top + row) as f64);
                    *pixel = integrate(&mut tracer, &near, &ray);
                }
            }
        }
    });
    thickness
}

fn integrate(tracer: &mut Tracer, near: &[&Body], ray: &Ray) -> f32 {
    let spans = tracer.trace(near.iter().copied(), ray);
    let of_span = |start: f64, end: f64, hounsfield: f64| (end - start) * (1.0 + hounsfield / 1000.0);
    let sum: f64 = spans
        .iter()
        .map(|span| {
            let middle = ray.at((span.start_mm + span.end_mm) / 2.0);
            of_span(span.start_mm, span.end_mm, span.tissue.hounsfield(middle))
        })
        .sum();
    sum as f32
}

/// The box on the detector (columns and rows, low then high) that a body can darken.
fn shadow(bounds: &Bounds, grid: &RadiographGrid) -> [f64; 4] {
    let mut found = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    for corner in bounds.corners() {
        let [x, y] = grid.project(corner);
        let [x0, y0, x1, y1] = found;
        found = [x0.min(x), y0.min(y), x1.max(x), y1.max(y)];
    }
    found
}

/// Scatter is the primary picture, blurred over some 60 mm.
fn add_scatter(signal: &mut [f32], grid: &RadiographGrid) {
    let blurred = blur(signal, grid, 60.0);
    for (pixel, around) in signal.iter_mut().zip(blurred) {
        let scatter = SCATTER_TO_PRIMARY * f64::from(around);
        *pixel = ((f64::from(*pixel) + scatter) / (1.0 + SCATTER_TO_PRIMARY)) as f32;
    }
}

fn add_quantum_noise(signal: &mut [f32], grid: &RadiographGrid, seed: u64, noise: f64) {
    let quanta = QUANTA_PER_MM2 * grid.pixel_mm * grid.pixel_mm;
    signal.par_chunks_mut(grid.cols as usize).enumerate().for_each(|(row, line)| {
        let mut random = SplitMix::lane(seed, 1_000 + row as u64);
        for pixel in line {
            let sigma = noise * (f64::from(*pixel).max(1e-5) / quanta).sqrt();
            *pixel += (sigma * random.normal()) as f32;
        }
    });
}

/// Three box blurs of both directions, close to a Gaussian of `sigma_mm`. Edges repeat.
fn blur(image: &[f32], grid: &RadiographGrid, sigma_mm: f64) -> Vec<f32> {
    let (rows, cols) = (grid.rows as usize, grid.cols as usize);
    // Three boxes of half-width r have a variance of r(r + 1).
    let sigma = sigma_mm / grid.pixel_mm;
    let radius = ((0.25 + sigma * sigma).sqrt() - 0.5).round().max(1.0) as usize;
    let mut now = image.to_vec();
    for _ in 0..3 {
        now.par_chunks_mut(cols).for_each(|line| box_blur(line, radius));
        now = transposed(&now, rows, cols);
        now.par_chunks_mut(rows).for_each(|line| box_blur(line, radius));
        now = transposed(&now, cols, rows);
    }
    now
}

fn box_blur(line: &mut [f32], radius: usize) {
    let last = line.len().saturating_sub(1);
    let source: Vec<f64> = line.iter().map(|v| f64::from(*v)).collect();
    let at = |index: usize| source.get(index.saturating_sub(radius).min(last)).copied().unwrap_or(0.0);
    let width = 2 * radius + 1;
    let mut sum: f64 = (0..width).map(at).sum();
    for (index, pixel) in line.iter_mut().enumerate() {
        *pixel = (sum / width as f64) as f32;
        sum += at(index + width) - at(index);
    }
}

fn transposed(image: &[f32], rows: usize, cols: usize) -> Vec<f32> {
    let mut turned = vec![0.0; image.len()];
    turned.par_chunks_mut(rows.max(1)).enumerate().for_each(|(col, line)| {
        for (row, pixel) in line.iter_mut().enumerate() {
            *pixel = image.get(row * cols + col).copied().unwrap_or(0.0);
        }
    });
    turned
}

/// What detectors' software does before a radiologist sees it: the latitude is compressed, detail lifted, and an
/// S-shaped curve gives lungs and mediastinum their share of the 12 bits.
fn render_as_film(density: &[f32], grid: &RadiographGrid) -> Vec<u16> {
    let coarse = blur(density, grid, 18.0);
    let mut balanced: Vec<f32> =
        density.iter().zip(&coarse).map(|(value, around)| 0.5 * around + 1.15 * (value - around)).collect();
    let fine = blur(&balanced, grid, 1.2);
    for (value, around) in balanced.iter_mut().zip(&fine) {
        *value += 0.5 * (*value - around);
    }
    let (low, high) = (percentile(&balanced, 0.06), percentile(&balanced, 0.985));
    let scale = 1.0 / f64::from((high - low).max(1e-6));
    balanced.iter().map(|value| curve(f64::from(value - low) * scale)).collect()
}

/// 0 to 1 becomes 12 bits along a logistic curve, whose ends bend gently.
fn curve(x: f64) -> u16 {
    let logistic = |x: f64| 1.0 / (1.0 + (-3.4 * (x - 0.5)).exp());
    let (bottom, top) = (logistic(0.0), logistic(1.0));
    let y = 0.04 + 0.92 * (logistic(x) - bottom) / (top - bottom);
    (y * 4095.0).round().clamp(0.0, 4095.0) as u16
}

fn percentile(values: &[f32], share: f64) -> f32 {
    let mut sorted: Vec<f32> = values.iter().copied().step_by(7).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let index = (sorted.len() as f64 * share) as usize;
    sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
}
