//! A plane cut through a volume on the CPU: trilinear, thick or thin, not a number where there is nothing.
//!
//! Geometry is f64, values are f32. Within half a voxel of the outer centers the edge holds, as in ITK. Padding takes no
//! part: the rest of the eight neighbors is weighed alone, and where padding weighs more than half there is nothing.

use std::ops::Range;

use bytemuck::Pod;
use rayon::prelude::{IndexedParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _};

use crate::domain::frame::Buffer;
use crate::domain::geometry::Vec3;
use crate::imaging::plane_grid::{PlaneGrid, Projection, Slab, SlabSteps};
use crate::imaging::reslice_aligned::{self, Line};
use crate::imaging::volume_space::{BetweenSlices, VolumeSpace, between};
use crate::imaging::voxels::{Rescale, Volume, VoxelSlices};

/// So much of the neighbors' weight must be picture: half, less what rounding takes.
const LEAST_WEIGHT: f64 = 0.5 - 1e-6;

/// Modality values of the plane's pixels, row-major.
pub fn reslice(volume: &Volume, plane: &PlaneGrid, slab: &Slab) -> Vec<f32> {
    match volume.slices() {
        VoxelSlices::U8(slices) => Sampler::new(volume, slices).plane(plane, slab),
        VoxelSlices::I8(slices) => Sampler::new(volume, slices).plane(plane, slab),
        VoxelSlices::U16(slices) => Sampler::new(volume, slices).plane(plane, slab),
        VoxelSlices::I16(slices) => Sampler::new(volume, slices).plane(plane, slab),
        VoxelSlices::F32(slices) => Sampler::new(volume, slices).plane(plane, slab),
    }
}

/// The modality value at one point; `None` where there is nothing.
pub fn value_at(volume: &Volume, point_mm: Vec3) -> Option<f32> {
    let steps = Vec3([0.0; 3]);
    let plane = PlaneGrid { cols: 1, rows: 1, origin_mm: point_mm, col_step_mm: steps, row_step_mm: steps };
    reslice(volume, &plane, &Slab::SINGLE).first().copied().filter(|value| !value.is_nan())
}

/// Small enough for f32 to hold it exactly.
pub(crate) trait Voxel: Pod + Send + Sync {
    fn to_f32(self) -> f32;
}

macro_rules! voxel {
    ($($kind:ty),+) => {
        $(impl Voxel for $kind {
            fn to_f32(self) -> f32 {
                f32::from(self)
            }
        })+
    };
}

voxel!(u8, i8, u16, i16, f32);

/// Reads values between voxels.
pub(crate) struct Sampler<'a, T> {
    pub space: &'a VolumeSpace,
    pub slices: Vec<&'a [T]>,
    pub cols: usize,
    pub rows: usize,
    rescale: &'a Rescale,
    /// Stored values that are no picture, inclusive; not numbers when there are none.
    padding: [f32; 2],
    has_padding: bool,
}

/// Where the pixels of one row of a picture lie: columns, rows and place on the line of the slices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowPlaces {
    pub start: [f64; 3],
    pub step: [f64; 3],
}

impl RowPlaces {
    pub fn at(&self, pixel: usize) -> [f64; 3] {
        [0, 1, 2].map(|axis: usize| self.start[axis] + self.step[axis] * pixel as f64)
    }
}

impl<'a, T: Voxel> Sampler<'a, T> {
    fn new(volume: &'a Volume, slices: &'a [Buffer<T>]) -> Self {
        let space = volume.space();
        let [cols, rows, _] = space.dims().map(|n| n as usize);
        let padding = volume.padding().map(|padding| [padding.low as f32, padding.high as f32]);
        let has_padding = padding.is_some() || matches!(volume.slices(), VoxelSlices::F32(_));
        let slices = slices.iter().map(|slice| &**slice).collect();
        let padding = padding.unwrap_or([f32::NAN; 2]);
        Self { space, slices, cols, rows, rescale: volume.rescale(), padding, has_padding }
    }

    fn plane(&self, plane: &PlaneGrid, slab: &Slab) -> Vec<f32> {
        let normal = plane.normal();
        let offsets: Vec<[f64; 3]> = match slab.projection {
            Projection::Single => vec![[0.0; 3]],
            _ => {
                let steps = SlabSteps::of(slab, self.space, normal);
                steps.offsets_mm().map(|offset| self.space.way(normal.scaled(offset))).collect()
            }
        };
        let origin = self.space.place(plane.origin_mm);
        let (col_step, row_step) = (self.space.way(plane.col_step_mm), self.space.way(plane.row_step_mm));
        let cols = plane.cols as usize;
        let mut values = vec![f32::NAN; plane.n_pixels()];
        values.par_chunks_exact_mut(cols).enumerate().for_each_init(
            || Scratch::new(cols),
            |scratch, (row, out)| {
                let place = |offset: &[f64; 3]| RowPlaces {
                    start: [0, 1, 2]
                        .map(|axis: usize| snapped(origin[axis] + row_step[axis] * row as f64 + offset[axis])),
                    step: col_step,
                };
                match offsets.as_slice() {
                    [only] => self.row(&place(only), &mut scratch.line, out),
                    many => {
                        let mut across = Across::new(slab.projection, out, &mut scratch.counts);
                        for offset in many {
                            self.row(&place(offset), &mut scratch.line, &mut scratch.row);
                            across.add(&scratch.row);
                        }
                        across.finish();
                    }
                }
            },
        );
        values
    }

    /// One row of one thin plane.
    fn row(&self, places: &RowPlaces, line: &mut Line, out: &mut [f32]) {
        out.fill(f32::NAN);
        let inside = self.inside(places, out.len());
        let Some(within) = out.get_mut(inside.clone()) else { return };
        if within.is_empty() {
            return;
        }
        let places = RowPlaces { start: places.at(inside.start), step: places.step };
        if !reslice_aligned::row(self, &places, line, within) {
            for (pixel, value) in within.iter_mut().enumerate() {
                *value = self.trilinear(places.at(pixel));
            }
        }
        if self.has_padding {
            for (pixel, value) in within.iter_mut().enumerate().filter(|(_, value)| value.is_nan()) {
                *value = self.weighed(places.at(pixel));
            }
        }
    }

    /// The pixels of a row that lie within the volume's box.
    fn inside(&self, places: &RowPlaces, n_pixels: usize) -> Range<usize> {
        const SLACK: f64 = 1e-6;
        let [low, high] = self.space.ends();
        let ends = [[-0.5, self.cols as f64 - 0.5], [-0.5, self.rows as f64 - 0.5], [low, high]];
        let (mut first, mut last) = (0.0_f64, n_pixels as f64 - 1.0);
        for ((start, step), [low, high]) in places.start.into_iter().zip(places.step).zip(ends) {
            let (low, high) = (low - SLACK, high + SLACK);
            if step == 0.0 {
                if !(low..=high).contains(&start) {
                    return 0..0;
                }
                continue;
            }
            let (a, b) = ((low - start) / step, (high - start) / step);
            first = first.max(a.min(b));
            last = last.min(a.max(b));
        }
        // Rounding may take or leave a pixel at the very edge: what is taken clamps to the edge voxel
        let (first, last) = ((first - SLACK).ceil(), (last + SLACK).floor());
        if last < first { 0..0 } else { first as usize..last as usize + 1 }
    }

    /// The eight neighbors' weighted mean; not a number when one of them is padding.
    fn trilinear(&self, [col, row, place]: [f64; 3]) -> f32 {
        let (x, share_x) = self.pair(col, self.cols);
        let (y, share_y) = self.pair(row, self.rows);
        let Some(BetweenSlices { first, share }) = self.space.slices_at(place) else { return f32::NAN };
        let near = self.bilinear(first, x, y, share_x, share_y);
        if share == 0.0 {
            return near;
        }
        let far = self.bilinear(first + 1, x, y, share_x, share_y);
        near + (far - near) * share as f32
    }

    fn bilinear(&self, slice: usize, x: usize, y: usize, share_x: f32, share_y: f32) -> f32 {
        let start = y * self.cols + x;
        let Some(pixels) = self.slices.get(slice) else { return f32::NAN };
        // A volume of one column or row has no second one
        let (right, below) = (usize::from(self.cols > 1), if self.rows > 1 { self.cols } else { 0 });
        let Some(four) = pixels.get(start..start + below + right + 1) else { return f32::NAN };
        let read = |at: usize| four.get(at).map_or(f32::NAN, |value| self.stored(*value));
        let [a, b, c, d] = [read(0), read(right), read(below), read(below + right)];
        let top = a + (b - a) * share_x;
        let bottom = c + (d - c) * share_x;
        self.rescaled(slice, top + (bottom - top) * share_y)
    }

    /// First of two neighbors and the share of the second, within the volume.
    fn pair(&self, at: f64, n: usize) -> (usize, f32) {
        let clamped = at.clamp(0.0, n as f64 - 1.0);
        let first = (clamped as usize).min(n.saturating_sub(2));
        (first, (clamped - first as f64) as f32)
    }

    /// The neighbors that are picture, weighed among themselves.
    fn weighed(&self, [col, row, place]: [f64; 3]) -> f32 {
        let (Some(x), Some(y)) = (between(col, self.cols as u32), between(row, self.rows as u32)) else {
            return f32::NAN;
        };
        let Some(z) = self.space.slices_at(place) else { return f32::NAN };
        let both = |at: BetweenSlices| [(at.first, 1.0 - at.share), (at.first + 1, at.share)];
        let (mut sum, mut weight) = (0.0, 0.0);
        for (slice, weight_z) in both(z) {
            for (row, weight_y) in both(y) {
                for (col, weight_x) in both(x) {
                    let share = weight_x * weight_y * weight_z;
                    if share == 0.0 {
                        continue;
                    }
                    let stored = self.slices.get(slice).and_then(|pixels| pixels.get(row * self.cols + col));
                    let value = stored.map_or(f32::NAN, |value| self.rescaled(slice, self.stored(*value)));
                    if !value.is_nan() {
                        sum += f64::from(value) * share;
                        weight += share;
                    }
                }
            }
        }
        if weight < LEAST_WEIGHT { f32::NAN } else { (sum / weight) as f32 }
    }

    /// Not a number for padding.
    pub fn stored(&self, value: T) -> f32 {
        let value = value.to_f32();
        let [low, high] = self.padding;
        if value >= low && value <= high { f32::NAN } else { value }
    }

    pub fn rescaled(&self, slice: usize, stored: f32) -> f32 {
        let [slope, intercept] = self.slope_and_intercept(slice);
        stored * slope + intercept
    }

    pub fn slope_and_intercept(&self, slice: usize) -> [f32; 2] {
        self.rescale.of_slice(slice).map(|value| value as f32)
    }
}

/// On a voxel's center within what f64 loses on the way.
fn snapped(at: f64) -> f64 {
    if (at - at.round()).abs() < 1e-7 { at.round() } else { at }
}

/// What a thread reuses from row to row.
struct Scratch {
    line: Line,
    row: Vec<f32>,
    counts: Vec<u16>,
}

impl Scratch {
    fn new(cols: usize) -> Self {
        Self { line: Line::default(), row: vec![f32::NAN; cols], counts: vec![0; cols] }
    }
}

/// Rows of thin planes becoming one of a thick one. What is not a number does not count.
struct Across<'a> {
    projection: Projection,
    out: &'a mut [f32],
    counts: &'a mut [u16],
}

impl<'a> Across<'a> {
    fn new(projection: Projection, out: &'a mut [f32], counts: &'a mut [u16]) -> Self {
        out.fill(if projection == Projection::Mean { 0.0 } else { f32::NAN });
        counts.fill(0);
        Self { projection, out, counts }
    }

    fn add(&mut self, row: &[f32]) {
        let pairs = self.out.iter_mut().zip(row);
        match self.projection {
            // `max` and `min` take the number where one side is none
            Projection::Mip => pairs.for_each(|(most, value)| *most = most.max(*value)),
            Projection::MinIp => pairs.for_each(|(least, value)| *least = least.min(*value)),
            Projection::Single | Projection::Mean => {
                for ((sum, value), count) in pairs.zip(self.counts.iter_mut()) {
                    let is_number = !value.is_nan();
                    *sum += if is_number { *value } else { 0.0 };
                    *count += u16::from(is_number);
                }
            }
        }
    }

    fn finish(self) {
        if matches!(self.projection, Projection::Single | Projection::Mean) {
            for (sum, count) in self.out.iter_mut().zip(self.counts.iter()) {
                *sum = if *count == 0 { f32::NAN } else { *sum / f32::from(*count) };
            }
        }
    }
}
