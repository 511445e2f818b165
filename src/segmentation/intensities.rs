//! The values under a mask: of a volume or of one picture, in modality units, never as they are shown.

use std::sync::Arc;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::domain::frame::{Buffer, Frame, Samples};
use crate::domain::instance::FrameAttributes;
use crate::domain::presentation::ModalityLut;
use crate::imaging::modality_lut;
use crate::imaging::voxels::{Rescale, Volume, VoxelSlices};
use crate::segmentation::grid::{Span, VoxelBox, VoxelGrid};
use crate::segmentation::voxel_mask::VoxelMask;

/// Values on a mask's grid. Shares the memory of the pixels.
#[derive(Clone)]
pub struct Intensities {
    grid: VoxelGrid,
    slices: VoxelSlices,
    rescale: Rescale,
}

/// Values from `low` to `high`, both inside; modality units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueRange {
    pub low: f64,
    pub high: f64,
}

impl ValueRange {
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

impl Intensities {
    /// `None` when the volume is of another size than the grid.
    pub fn of_volume(volume: &Volume, grid: VoxelGrid) -> Option<Self> {
        let fits = volume.space().dims() == [grid.cols, grid.rows, grid.slices];
        fits.then(|| Self { grid, slices: volume.slices().clone(), rescale: volume.rescale().clone() })
    }

    /// One picture; color counts as its luma. `None` when it is of another size than the grid.
    pub fn of_frame(frame: &Arc<Frame>, attrs: &FrameAttributes, grid: VoxelGrid) -> Option<Self> {
        if (frame.cols(), frame.rows(), 1) != (grid.cols, grid.rows, grid.slices) {
            return None;
        }
        let linear = match &attrs.modality_lut {
            ModalityLut::Identity => Some([1.0, 0.0]),
            ModalityLut::Linear { slope, intercept } => Some([*slope, *intercept]),
            ModalityLut::Table(_) => None,
        };
        let stored = linear.and_then(|both| {
            let slices = match frame.samples() {
                Samples::U8(samples) => VoxelSlices::U8(vec![samples.clone()]),
                Samples::I8(samples) => VoxelSlices::I8(vec![samples.clone()]),
                Samples::U16(samples) => VoxelSlices::U16(vec![samples.clone()]),
                Samples::I16(samples) => VoxelSlices::I16(vec![samples.clone()]),
                _ => return None,
            };
            Some((slices, Rescale::Same(both)))
        });
        let (slices, rescale) = stored.unwrap_or_else(|| {
            let values: Buffer<f32> = modality_lut::modality_values(frame, attrs).into();
            (VoxelSlices::F32(vec![values]), Rescale::Same([1.0, 0.0]))
        });
        Some(Self { grid, slices, rescale })
    }

    pub fn new(grid: VoxelGrid, slices: VoxelSlices, rescale: Rescale) -> Self {
        Self { grid, slices, rescale }
    }

    pub fn grid(&self) -> &VoxelGrid {
        &self.grid
    }

    /// The value of a voxel; not a number off the grid.
    pub fn at(&self, [col, row, slice]: [u32; 3]) -> f64 {
        if col >= self.grid.cols || row >= self.grid.rows {
            return f64::NAN;
        }
        let pixel = row as usize * self.grid.cols as usize + col as usize;
        let [slope, intercept] = self.rescale.of_slice(slice as usize);
        self.slices.at(slice as usize, pixel) * slope + intercept
    }

    /// Values `from..` of a row, as many as `out` holds; not a number past the end.
    pub fn row(&self, slice: u32, row: u32, from: u32, out: &mut [f32]) {
        fn of<T: Copy + Into<f64>>(samples: Option<&[T]>, [slope, intercept]: [f64; 2], out: &mut [f32]) {
            out.fill(f32::NAN);
            let samples = samples.unwrap_or_default();
            for (out, sample) in out.iter_mut().zip(samples) {
                let stored: f64 = (*sample).into();
                *out = (stored * slope + intercept) as f32;
            }
        }
        let start = row as usize * self.grid.cols as usize;
        let range = start + from as usize..start + self.grid.cols as usize;
        let both = self.rescale.of_slice(slice as usize);
        let at = slice as usize;
        match &self.slices {
            VoxelSlices::U8(slices) => of(slices.get(at).and_then(|slice| slice.get(range)), both, out),
            VoxelSlices::I8(slices) => of(slices.get(at).and_then(|slice| slice.get(range)), both, out),
            VoxelSlices::U16(slices) => of(slices.get(at).and_then(|slice| slice.get(range)), both, out),
            VoxelSlices::I16(slices) => of(slices.get(at).and_then(|slice| slice.get(range)), both, out),
            VoxelSlices::F32(slices) => of(slices.get(at).and_then(|slice| slice.get(range)), both, out),
        }
    }

    /// The parts of spans whose values lie in a range.
    pub fn spans_within(&self, spans: &[Span], range: ValueRange) -> Vec<Span> {
        let mut parts = Vec::new();
        for span in spans {
            let to = span.to.min(self.grid.cols);
            if span.from >= to || span.row >= self.grid.rows {
                continue;
            }
            let mut open: Option<u32> = None;
            for col in span.from..to {
                let is_inside = range.contains(self.at([col, span.row, span.slice]));
                match (open, is_inside) {
                    (None, true) => open = Some(col),
                    (Some(from), false) => {
                        parts.push(Span { from, to: col, ..*span });
                        open = None;
                    }
                    _ => {}
                }
            }
            parts.extend(open.map(|from| Span { from, to, ..*span }));
        }
        parts
    }

    /// All voxels of a box whose values lie in a range.
    pub fn within(&self, range: ValueRange, bounds: VoxelBox) -> VoxelMask {
        let grid = self.grid;
        let of_slice = |slice: u32| {
            if !(bounds.low[2]..bounds.high[2]).contains(&slice) {
                return None;
            }
            let mut words = vec![0_u64; grid.words_per_slice()];
            self.mark(slice, range, &bounds, &mut words);
            Some(words)
        };
        VoxelMask::from_words(grid, (0..grid.slices).into_par_iter().map(of_slice))
    }

    /// Sets the bits of the values in the range; of a range whose ends are the wrong way round, none.
    fn mark(&self, slice: u32, range: ValueRange, bounds: &VoxelBox, words: &mut [u64]) {
        let [slope, intercept] = self.rescale.of_slice(slice as usize);
        let at = slice as usize;
        let place = Place { grid: &self.grid, bounds };
        // The range in stored values, so that no value need be converted
        let stored = [(range.low - intercept) / slope, (range.high - intercept) / slope];
        // A falling line exchanges the ends
        let (low, high) = if slope < 0.0 { (stored[1], stored[0]) } else { (stored[0], stored[1]) };
        // The division may have come out on the other side of a stored value
        let is_inside = |stored: f64| range.contains(stored * slope + intercept);
        let nudged = |at: f64, outward: f64| match (is_inside(at + outward), is_inside(at)) {
            (true, _) => at + outward,
            (false, true) => at,
            (false, false) => at - outward,
        };
        let whole = |least: f64, most: f64| {
            let (low, high) = (nudged(low.ceil(), -1.0), nudged(high.floor(), 1.0));
            (low.clamp(least, most + 1.0), high.clamp(least - 1.0, most))
        };
        if slope == 0.0 || !low.is_finite() || !high.is_finite() || range.low > range.high {
            if slope == 0.0 && range.contains(intercept) {
                place.each_row(words, |_, from, to, words| (from..to).for_each(|col| set(words, col)));
            }
            return;
        }
        match &self.slices {
            VoxelSlices::U8(slices) => {
                let (low, high) = whole(0.0, 255.0);
                place.integers(slices.get(at).map(|s| &**s), low as i32, high as i32, words);
            }
            VoxelSlices::I8(slices) => {
                let (low, high) = whole(-128.0, 127.0);
                place.integers(slices.get(at).map(|s| &**s), low as i32, high as i32, words);
            }
            VoxelSlices::U16(slices) => {
                let (low, high) = whole(0.0, 65_535.0);
                place.integers(slices.get(at).map(|s| &**s), low as i32, high as i32, words);
            }
            VoxelSlices::I16(slices) => {
                let (low, high) = whole(-32_768.0, 32_767.0);
                place.integers(slices.get(at).map(|s| &**s), low as i32, high as i32, words);
            }
            VoxelSlices::F32(slices) => {
                let samples = slices.get(at).map(|s| &**s).unwrap_or_default();
                place.each_row(words, |start, from, to, words| {
                    for col in from..to {
                        let value = samples.get(start + col as usize).copied().map_or(f64::NAN, f64::from);
                        if range.contains(value * slope + intercept) {
                            set(words, col);
                        }
                    }
                });
            }
        }
    }
}

/// Which part of a slice is looked at.
struct Place<'a> {
    grid: &'a VoxelGrid,
    bounds: &'a VoxelBox,
}

impl Place<'_> {
    /// Calls with the row's first pixel, the columns, and the row's words.
    fn each_row(&self, words: &mut [u64], mut each: impl FnMut(usize, u32, u32, &mut [u64])) {
        let n_words = self.grid.words_per_row();
        for row in self.bounds.low[1]..self.bounds.high[1] {
            let start = row as usize * self.grid.cols as usize;
            let at = row as usize * n_words;
            each(start, self.bounds.low[0], self.bounds.high[0], &mut words[at..at + n_words]);
        }
    }

    fn integers<T: Copy + Into<i32>>(&self, samples: Option<&[T]>, low: i32, high: i32, words: &mut [u64]) {
        let samples = samples.unwrap_or_default();
        if low > high {
            return;
        }
        let width = high.abs_diff(low);
        self.each_row(words, |start, from, to, words| {
            let row = samples.get(start..start + self.grid.cols as usize).unwrap_or_default();
            for (word, chunk) in row.chunks(64).enumerate() {
                let first = word as u32 * 64;
                if first >= to || first + 64 <= from {
                    continue;
                }
                let mut bits = 0_u64;
                for (bit, sample) in chunk.iter().enumerate() {
                    let value: i32 = (*sample).into();
                    bits |= u64::from(value.wrapping_sub(low) as u32 <= width) << bit;
                }
                let low_bits = if first < from { u64::MAX << (from - first) } else { u64::MAX };
                let high_bits = if first + 64 > to { u64::MAX >> (first + 64 - to) } else { u64::MAX };
                words[word] |= bits & low_bits & high_bits;
            }
        });
    }
}

fn set(words: &mut [u64], col: u32) {
    words[col as usize / 64] |= 1 << (col % 64);
}
