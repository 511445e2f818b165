//! A frame as a texture: stored values of up to 16 bits as they are, wider ones as modality values, color as bytes.

use std::borrow::Cow;
use std::sync::Arc;

use rayon::prelude::{IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _};

use crate::domain::frame::{Frame, FrameKey, Samples};
use crate::domain::presentation::{LookupTable, ModalityLut, Palette};
use crate::imaging::{histogram, lookup, modality_lut, pipeline};
use crate::render::request::{DrawRequest, PixelMeaning};
use crate::render::texture_cache::{Identity, Texels};

/// What the shader finds in a frame's texture; the numbers are the shader's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PixelKind {
    StoredUnsigned = 0,
    StoredSigned = 1,
    ModalityValues = 2,
    Color = 3,
}

impl PixelKind {
    pub fn of(frame: &Frame, meaning: &PixelMeaning) -> Self {
        match frame.samples() {
            Samples::Rgb8(_) | Samples::Rgb16(_) | Samples::Rgb32(_) => Self::Color,
            _ if meaning.palette.is_some() => Self::Color,
            Samples::U8(_) | Samples::U16(_) => Self::StoredUnsigned,
            Samples::I8(_) | Samples::I16(_) => Self::StoredSigned,
            Samples::U32(_) | Samples::I32(_) | Samples::F32(_) | Samples::F64(_) => Self::ModalityValues,
        }
    }
}

/// Padding among modality values: no file's value, as ±3·10³⁸ is the most a value is let be.
const NO_VALUE: f32 = f32::MIN;
const VALUE_LIMIT: f64 = 3.0e38;

/// The frame, and what of its meaning went into the texels.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct FrameTextureKey {
    pub frame: FrameKey,
    pub identity: Identity<Frame>,
    meaning: BakedMeaning,
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum BakedMeaning {
    Nothing,
    FullScale(u16),
    Palette(Identity<Palette>),
    Modality { lut: BakedLut, padding: Option<(i64, i64)> },
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum BakedLut {
    Identity,
    Linear { slope: u64, intercept: u64 },
    Table(Identity<LookupTable>),
}

impl FrameTextureKey {
    pub fn of(request: &DrawRequest) -> Self {
        let DrawRequest { frame, meaning, .. } = request;
        let baked = match (PixelKind::of(frame, meaning), &meaning.palette) {
            (PixelKind::StoredUnsigned | PixelKind::StoredSigned, _) => BakedMeaning::Nothing,
            (PixelKind::Color, Some(palette)) if !frame.samples().is_color() => {
                BakedMeaning::Palette(Identity::of(palette))
            }
            (PixelKind::Color, _) => BakedMeaning::FullScale(meaning.bits_stored),
            (PixelKind::ModalityValues, _) => BakedMeaning::Modality {
                lut: match &meaning.modality_lut {
                    ModalityLut::Identity => BakedLut::Identity,
                    ModalityLut::Linear { slope, intercept } => {
                        BakedLut::Linear { slope: slope.to_bits(), intercept: intercept.to_bits() }
                    }
                    ModalityLut::Table(table) => BakedLut::Table(Identity::of(table)),
                },
                padding: meaning.padding.map(|padding| (padding.low, padding.high)),
            },
        };
        Self { frame: frame.key().clone(), identity: Identity::of(frame), meaning: baked }
    }
}

pub(crate) fn texels<'a>(frame: &'a Arc<Frame>, meaning: &PixelMeaning) -> Texels<'a> {
    let (format, level) = match (PixelKind::of(frame, meaning), frame.samples()) {
        (PixelKind::Color, samples) => (wgpu::TextureFormat::Rgba8Unorm, Cow::Owned(color_bytes(samples, meaning))),
        (PixelKind::ModalityValues, samples) => (wgpu::TextureFormat::R32Float, modality_bytes(samples, meaning)),
        (_, samples) => (wgpu::TextureFormat::R16Uint, stored_bytes(samples)),
    };
    Texels { format, width: frame.cols(), height: frame.rows(), levels: vec![level] }
}

/// The color of one pixel of a color or palette frame.
pub(crate) fn color_at(samples: &Samples, meaning: &PixelMeaning, pixel: usize) -> [u8; 3] {
    match (samples, &meaning.palette) {
        (Samples::Rgb8(v), _) => v.as_chunks::<3>().0.get(pixel).copied().unwrap_or([0; 3]),
        (Samples::Rgb16(v), _) => {
            let full_scale = pipeline::full_scale(meaning.bits_stored);
            let rgb = v.as_chunks::<3>().0.get(pixel).copied().unwrap_or([0; 3]);
            rgb.map(|sample| pipeline::to_u8(f64::from(sample) / full_scale))
        }
        (Samples::Rgb32(v), _) => {
            let full_scale = pipeline::full_scale(meaning.bits_stored);
            let rgb = v.as_chunks::<3>().0.get(pixel).copied().unwrap_or([0; 3]);
            rgb.map(|sample| pipeline::to_u8(f64::from(sample) / full_scale))
        }
        (_, Some(palette)) => {
            samples.at(pixel).map_or([0; 3], |index| lookup::palette_entry(palette, index).map(pipeline::high_byte))
        }
        (_, None) => [0; 3],
    }
}

/// The modality value of one sample; `None` for padding and not-a-number.
pub(crate) fn modality_value_at(samples: &Samples, meaning: &PixelMeaning, pixel: usize) -> Option<f64> {
    let stored = samples.at(pixel)?;
    if stored.is_nan() || histogram::is_padding(meaning.padding, stored) {
        return None;
    }
    Some(modality_lut::apply(&meaning.modality_lut, stored).clamp(-VALUE_LIMIT, VALUE_LIMIT))
}

fn color_bytes(samples: &Samples, meaning: &PixelMeaning) -> Vec<u8> {
    let n_pixels = samples.len() / samples.samples_per_pixel();
    let mut bytes = vec![0; n_pixels * 4];
    let (pixels, _) = bytes.as_chunks_mut::<4>();
    pixels.into_par_iter().enumerate().with_min_len(4096).for_each(|(pixel, rgba)| {
        let [red, green, blue] = color_at(samples, meaning, pixel);
        *rgba = [red, green, blue, 255];
    });
    bytes
}

fn modality_bytes(samples: &Samples, meaning: &PixelMeaning) -> Cow<'static, [u8]> {
    let value = |pixel| modality_value_at(samples, meaning, pixel).map_or(NO_VALUE, |value| value as f32);
    let values: Vec<f32> = (0..samples.len()).into_par_iter().with_min_len(4096).map(value).collect();
    Cow::Owned(bytemuck::cast_slice(&values).to_vec())
}

/// Sixteen bits each; the shader extends the sign.
fn stored_bytes(samples: &Samples) -> Cow<'_, [u8]> {
    match samples {
        Samples::U16(v) => Cow::Borrowed(bytemuck::cast_slice(v)),
        Samples::I16(v) => Cow::Borrowed(bytemuck::cast_slice(v)),
        Samples::U8(v) => Cow::Owned(v.iter().flat_map(|x| u16::from(*x).to_ne_bytes()).collect()),
        Samples::I8(v) => Cow::Owned(v.iter().flat_map(|x| i16::from(*x).to_ne_bytes()).collect()),
        _ => Cow::Borrowed(&[]),
    }
}
