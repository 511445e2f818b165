//! A plane cut through a volume on the CPU: trilinear, thick or thin, not a number where there is nothing.
//!
//! Places are whole numbers (`plane_lattice`), values are f32. Within half a voxel of the outer centers the edge holds, as in ITK. Padding takes no
//! part: the rest of the eight neighbors is weighed alone, and where padding weighs more than half there is nothing.

use std::ops::Range;

use bytemuck::Pod;
use rayon::prelude::{IndexedParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _};

use crate::domain::frame::Buffer;
use crate::domain::geometry::Vec3;
use crate::imaging::plane_grid::{PlaneGrid, Projection, Slab};
use crate::imaging::plane_lattice::{self, PlaneLattice, RowPlaces, ends, slice_ends};
use crate::imaging::reslice_aligned::{self, Line};
use crate::imaging::reslice_block;
use crate::imaging::volume_space::{BetweenSlices, VolumeSpace, between};
use crate::imaging::voxels::{Rescale, Volume, VoxelSlices};

/// So much of the neighbors' weight must be picture: half, less what rounding takes.
const LEAST_WEIGHT: f64 = 0.5 - 1.0 / (1 << 20) as f64;

/// Rows of pixels that one thread computes together, and how many pixels of each at a time: what they read of the volume
/// stays near the processor from row to row.
const BAND: usize = 32;
const PIECE: usize = 32;

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
    pub rescale: &'a Rescale,
    /// Stored values that are no picture, inclusive; not numbers when there are none.
    padding: [f32; 2],
    pub has_padding: bool,
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

    /// Where every place has a neighbor after it on each axis.
    pub fn inner_ends(&self) -> [[i64; 2]; 3] {
        [self.cols, self.rows, self.slices.len()].map(plane_lattice::inner_ends)
    }

    fn plane(&self, plane: &PlaneGrid, slab: &Slab) -> Vec<f32> {
        let lattice = PlaneLattice::new(self.space, plane, slab);
        let ends = [ends(self.cols), ends(self.rows), slice_ends(self.space)];
        let (cols, n_across) = (plane.cols as usize, lattice.n_across as usize);
        // A row along an axis is read as a line, whole
        let piece = if lattice.runs_along_an_axis(cols) { cols } else { PIECE };
        let mut values = vec![f32::NAN; plane.n_pixels()];
        values.par_chunks_mut(cols * BAND).enumerate().for_each_init(
            || Scratch::new(piece, n_across),
            |scratch, (band, out)| {
                for first in (0..cols).step_by(piece) {
                    let n_pixels = piece.min(cols - first);
                    for (row, out) in out.chunks_exact_mut(cols).enumerate() {
                        let Some(out) = out.get_mut(first..first + n_pixels) else { continue };
                        let places = |across: usize| {
                            let places = lattice.row(band * BAND + row, across).from(first);
                            let inside = places.within(&ends, n_pixels);
                            (places.from(inside.start), inside)
                        };
                        self.piece(n_across, places, slab.projection, scratch, out);
                    }
                }
            },
        );
        values
    }

    /// A piece of a row of pixels: of one sample, or of many across the plane that become one value.
    fn piece(
        &self,
        n_across: usize,
        places: impl Fn(usize) -> (RowPlaces, Range<usize>),
        projection: Projection,
        scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        let Scratch { lines, row, counts } = scratch;
        if let [line] = lines.as_mut_slice() {
            let (places, inside) = places(0);
            return self.row(&places, line, out.get_mut(inside).unwrap_or_default());
        }
        let mut thick = Across::new(projection, out, counts);
        for (line, (places, inside)) in lines.iter_mut().zip((0..n_across).map(places)) {
            let thin = row.get_mut(inside.clone()).unwrap_or_default();
            self.row(&places, line, thin);
            thick.add(inside.start, thin);
        }
        thick.finish();
    }

    /// Part of a row of one thin plane, all within the volume.
    fn row(&self, places: &RowPlaces, line: &mut Line, out: &mut [f32]) {
        if out.is_empty() {
            return;
        }
        if !reslice_aligned::row(self, places, line, out) {
            reslice_block::row(self, places, out);
        }
        if self.has_padding {
            for (pixel, value) in out.iter_mut().enumerate().filter(|(_, value)| value.is_nan()) {
                *value = self.weighed(places.at(pixel));
            }
        }
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

/// What a thread reuses from row to row.
struct Scratch {
    /// One for each sample across.
    lines: Vec<Line>,
    row: Vec<f32>,
    counts: Vec<u16>,
}

impl Scratch {
    fn new(n_pixels: usize, n_across: usize) -> Self {
        let lines = (0..n_across).map(|_| Line::default()).collect();
        Self { lines, row: vec![f32::NAN; n_pixels], counts: vec![0; n_pixels] }
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

    /// A part of a row, and the pixel it begins with.
    fn add(&mut self, first: usize, row: &[f32]) {
        let pairs = self.out.iter_mut().skip(first).zip(row);
        match self.projection {
            // `max` and `min` take the number where one side is none
            Projection::Mip => pairs.for_each(|(most, value)| *most = most.max(*value)),
            Projection::MinIp => pairs.for_each(|(least, value)| *least = least.min(*value)),
            Projection::Single | Projection::Mean => {
                for ((sum, value), count) in pairs.zip(self.counts.iter_mut().skip(first)) {
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
