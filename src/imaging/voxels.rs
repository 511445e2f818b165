//! A series' pixels as one volume: the loaded slices side by side, without a copy of them.

use std::fmt;
use std::sync::Arc;

use bytemuck::Pod;

use crate::domain::frame::{Buffer, Frame, Samples};
use crate::domain::instance::Instance;
use crate::domain::presentation::{ModalityLut, PixelPadding, VoiFunction, Window};
use crate::domain::series::Series;
use crate::imaging::histogram::AUTO_WINDOW_PERCENTILES;
use crate::imaging::modality_lut;
use crate::imaging::volume::NotAVolume;
use crate::imaging::volume_space::VolumeSpace;

/// Slices in a space, with what their stored values mean. Every slice has columns × rows samples.
pub struct Volume {
    space: VolumeSpace,
    slices: VoxelSlices,
    rescale: Rescale,
    padding: Option<PixelPadding>,
    levels: VolumeLevels,
    like: Option<(Arc<Instance>, u32)>,
}

impl fmt::Debug for Volume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Volume({:?} voxels)", self.space.dims())
    }
}

/// The slices' samples, in the memory that the frames lie in.
#[derive(Clone)]
pub enum VoxelSlices {
    U8(Vec<Buffer<u8>>),
    I8(Vec<Buffer<i8>>),
    U16(Vec<Buffer<u16>>),
    I16(Vec<Buffer<i16>>),
    /// Modality values already; not a number where there is no picture.
    F32(Vec<Buffer<f32>>),
}

/// From stored to modality values: slope and intercept.
#[derive(Clone, Debug, PartialEq)]
pub enum Rescale {
    Same([f64; 2]),
    /// One for each slice, as PET has it.
    OfSlice(Vec<[f64; 2]>),
}

/// The spread of all voxels' modality values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolumeLevels {
    pub range: (f64, f64),
    /// From the 0.5th to the 99.5th percentile.
    pub auto: Window,
}

impl Volume {
    /// `frames` in the order of the stack, all of it.
    pub fn of(series: &Series, frames: &[Option<Arc<Frame>>]) -> Result<Self, NotAVolume> {
        let space = VolumeSpace::of(series)?;
        let n_images = series.stack.len();
        let missing = |image: usize| NotAVolume::MissingImage { image: image + 1, n_images };
        let frames =
            (0..n_images).map(|index| frames.get(index).and_then(Option::as_ref).ok_or_else(|| missing(index)));
        let frames: Vec<&Arc<Frame>> = frames.collect::<Result<_, _>>()?;
        let images: Vec<_> = (0..n_images).filter_map(|index| series.image(index)).collect();
        let luts: Vec<&ModalityLut> = images
            .iter()
            .map(|(instance, at)| instance.frame(*at).map_or(&IDENTITY, |attrs| &attrs.modality_lut))
            .collect();
        let paddings: Vec<Option<PixelPadding>> = images.iter().map(|(instance, _)| instance.padding).collect();
        if images.iter().any(|(instance, _)| instance.palette.is_some()) {
            return Err(NotAVolume::Color);
        }
        let [cols, rows, _] = space.dims();
        if let Some(wrong) = frames.iter().position(|frame| (frame.cols(), frame.rows()) != (cols, rows)) {
            return Err(missing(wrong));
        }
        let rescale = rescale(&luts);
        let is_same_padding = paddings.windows(2).all(|pair| pair.first() == pair.get(1));
        let stored = rescale.filter(|_| is_same_padding).and_then(|rescale| Some((gathered(&frames)?, rescale)));
        let (slices, rescale, padding) = match stored {
            Some((slices, rescale)) => (slices, rescale, paddings.first().copied().flatten()),
            None => (VoxelSlices::F32(modality_slices(&frames, &luts, &paddings)?), Rescale::Same([1.0, 0.0]), None),
        };
        let like = images.get(images.len() / 2).map(|(instance, frame)| (Arc::clone(instance), *frame));
        Ok(Self { like, ..Self::new(space, slices, rescale, padding) })
    }

    /// Every slice must have columns × rows samples.
    pub fn new(space: VolumeSpace, slices: VoxelSlices, rescale: Rescale, padding: Option<PixelPadding>) -> Self {
        let levels = levels(&slices, &rescale, padding);
        Self { space, slices, rescale, padding, levels, like: None }
    }

    pub fn space(&self) -> &VolumeSpace {
        &self.space
    }

    pub fn slices(&self) -> &VoxelSlices {
        &self.slices
    }

    pub fn rescale(&self) -> &Rescale {
        &self.rescale
    }

    pub fn padding(&self) -> Option<PixelPadding> {
        self.padding
    }

    pub fn levels(&self) -> VolumeLevels {
        self.levels
    }

    /// The image in the middle of the stack and its frame: what it says of units and windows holds for the volume.
    pub fn like(&self) -> Option<&(Arc<Instance>, u32)> {
        self.like.as_ref()
    }
}

impl Rescale {
    pub fn of_slice(&self, slice: usize) -> [f64; 2] {
        match self {
            Self::Same(both) => *both,
            Self::OfSlice(each) => each.get(slice).copied().unwrap_or([1.0, 0.0]),
        }
    }
}

impl VoxelSlices {
    pub fn n_bytes(&self) -> usize {
        fn of<T: Pod>(slices: &[Buffer<T>]) -> usize {
            slices.iter().map(|slice| size_of_val::<[T]>(slice)).sum()
        }
        match self {
            Self::U8(slices) => of(slices),
            Self::I8(slices) => of(slices),
            Self::U16(slices) => of(slices),
            Self::I16(slices) => of(slices),
            Self::F32(slices) => of(slices),
        }
    }

    /// A stored value; not a number past the end.
    pub fn at(&self, slice: usize, pixel: usize) -> f64 {
        fn of<T: Copy + Pod + Into<f64>>(slices: &[Buffer<T>], slice: usize, pixel: usize) -> f64 {
            slices.get(slice).and_then(|slice| slice.get(pixel)).map_or(f64::NAN, |value| (*value).into())
        }
        match self {
            Self::U8(slices) => of(slices, slice, pixel),
            Self::I8(slices) => of(slices, slice, pixel),
            Self::U16(slices) => of(slices, slice, pixel),
            Self::I16(slices) => of(slices, slice, pixel),
            Self::F32(slices) => of(slices, slice, pixel),
        }
    }
}

static IDENTITY: ModalityLut = ModalityLut::Identity;

/// `None` when a slice has a table.
fn rescale(luts: &[&ModalityLut]) -> Option<Rescale> {
    let linear = |lut: &&ModalityLut| match lut {
        ModalityLut::Identity => Some([1.0, 0.0]),
        ModalityLut::Linear { slope, intercept } => Some([*slope, *intercept]),
        ModalityLut::Table(_) => None,
    };
    let each: Vec<[f64; 2]> = luts.iter().map(linear).collect::<Option<_>>()?;
    let first = *each.first()?;
    Some(if each.iter().all(|both| *both == first) { Rescale::Same(first) } else { Rescale::OfSlice(each) })
}

/// The frames' own memory, when all have samples of one small type.
fn gathered(frames: &[&Arc<Frame>]) -> Option<VoxelSlices> {
    fn all<T: Clone>(frames: &[&Arc<Frame>], of: fn(&Samples) -> Option<&Buffer<T>>) -> Option<Vec<Buffer<T>>> {
        frames.iter().map(|frame| of(frame.samples()).cloned()).collect()
    }
    macro_rules! one_type {
        ($kind:ident) => {
            all(frames, |samples| match samples {
                Samples::$kind(buffer) => Some(buffer),
                _ => None,
            })
            .map(VoxelSlices::$kind)
        };
    }
    match frames.first()?.samples() {
        Samples::U8(_) => one_type!(U8),
        Samples::I8(_) => one_type!(I8),
        Samples::U16(_) => one_type!(U16),
        Samples::I16(_) => one_type!(I16),
        _ => None,
    }
}

/// A copy in modality values: for wide samples, tables, and slices of different kinds.
fn modality_slices(
    frames: &[&Arc<Frame>],
    luts: &[&ModalityLut],
    paddings: &[Option<PixelPadding>],
) -> Result<Vec<Buffer<f32>>, NotAVolume> {
    let one = |((frame, lut), padding): ((&&Arc<Frame>, &&ModalityLut), &Option<PixelPadding>)| {
        let samples = frame.samples();
        if samples.is_color() {
            return Err(NotAVolume::Color);
        }
        let value = |index: usize| {
            let stored = samples.at(index).unwrap_or(f64::NAN);
            let is_picture = stored.is_finite() && !is_padding(*padding, stored);
            if is_picture { modality_lut::apply(lut, stored) as f32 } else { f32::NAN }
        };
        Ok((0..samples.len()).map(value).collect())
    };
    frames.iter().zip(luts).zip(paddings).map(one).collect()
}

fn is_padding(padding: Option<PixelPadding>, stored: f64) -> bool {
    padding.is_some_and(|padding| stored >= padding.low as f64 && stored <= padding.high as f64)
}

/// Of so many voxels at most: percentiles of every n-th slice are those of all, to what an eye can tell.
const MOST_COUNTED: usize = 1 << 24;

fn levels(slices: &VoxelSlices, rescale: &Rescale, padding: Option<PixelPadding>) -> VolumeLevels {
    let values = match slices {
        VoxelSlices::U8(slices) => spread(slices, rescale, padding),
        VoxelSlices::I8(slices) => spread(slices, rescale, padding),
        VoxelSlices::U16(slices) => spread(slices, rescale, padding),
        VoxelSlices::I16(slices) => spread(slices, rescale, padding),
        VoxelSlices::F32(slices) => spread(slices, rescale, padding),
    };
    let (low, high) = (values.quantile(0.0), values.quantile(1.0));
    let (share_low, share_high) = AUTO_WINDOW_PERCENTILES;
    let [from, to] = [share_low, share_high].map(|percent| values.quantile(percent / 100.0));
    let is_whole = !matches!(slices, VoxelSlices::F32(_)) && matches!(rescale, Rescale::Same([1.0, _]));
    let auto = match is_whole {
        true => Window::linear(f64::midpoint(from, to) + 0.5, to - from + 1.0),
        false => {
            let width = if to > from { to - from } else { 1.0 };
            Window { center: f64::midpoint(from, to), width, function: VoiFunction::LinearExact }
        }
    };
    VolumeLevels { range: (low, high), auto }
}

/// Counts of values in equal bins from the lowest to the highest.
struct Spread {
    low: f64,
    bin: f64,
    counts: Vec<u64>,
}

impl Spread {
    const N_BINS: usize = 1 << 16;

    fn quantile(&self, share: f64) -> f64 {
        let total: u64 = self.counts.iter().sum();
        let rank = (share * total.saturating_sub(1) as f64).round() as u64;
        let mut seen = 0;
        let bin = self.counts.iter().position(|count| {
            seen += count;
            seen > rank
        });
        self.low + bin.unwrap_or(0) as f64 * self.bin
    }
}

fn spread<T: Pod + Into<f64> + Sync>(slices: &[Buffer<T>], rescale: &Rescale, padding: Option<PixelPadding>) -> Spread {
    let n_voxels: usize = slices.iter().map(|slice| slice.len()).sum();
    let stride = n_voxels.div_ceil(MOST_COUNTED).max(1);
    let counted = || {
        // The last slice too, so that the range does not depend on where the stride ends
        let chosen = slices.iter().enumerate().filter(|(at, _)| at % stride == 0 || at + 1 == slices.len());
        chosen.flat_map(|(at, slice)| {
            let [slope, intercept] = rescale.of_slice(at);
            let stored = slice.iter().map(|value| (*value).into());
            stored
                .filter(|value: &f64| value.is_finite() && !is_padding(padding, *value))
                .map(move |value| value * slope + intercept)
        })
    };
    let (low, high) = counted().fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    if low > high {
        return Spread { low: 0.0, bin: 0.0, counts: vec![1] };
    }
    // Whole numbers of up to 16 bits have a bin each
    let bin = ((high - low) / (Spread::N_BINS - 1) as f64).max(f64::MIN_POSITIVE);
    let bin = if bin <= 1.0 && matches!(rescale, Rescale::Same([1.0, _])) && low.fract() == 0.0 { 1.0 } else { bin };
    let mut counts = vec![0_u64; Spread::N_BINS];
    for value in counted() {
        if let Some(count) = counts.get_mut(((value - low) / bin).round() as usize) {
            *count += 1;
        }
    }
    Spread { low, bin, counts }
}
