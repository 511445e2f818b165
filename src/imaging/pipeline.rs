//! The whole way from stored values to eight-bit gray or color at source resolution, in f64.
//!
//! The truth the CPU twin, the shaders and the export are held against.

use crate::domain::frame::{Frame, Samples};
use crate::domain::instance::Instance;
use crate::domain::presentation::{ModalityLut, PixelPadding};
use crate::imaging::presentation::GreyPresentation;
use crate::imaging::{histogram, lookup, modality_lut, voi_lut};

/// One gray level per pixel, row-major. Padding is black whatever is inverted; color frames become their luma.
pub fn grey_u8(frame: &Frame, instance: &Instance, frame_idx: u32, presentation: &GreyPresentation) -> Vec<u8> {
    if shows_color(frame, instance) {
        return rgb_u8(frame, instance, frame_idx, presentation).into_iter().map(luma_u8).collect();
    }
    let modality_lut = instance.frame(frame_idx).map_or(&ModalityLut::Identity, |attrs| &attrs.modality_lut);
    let level = |stored: f64| gray_level(stored, modality_lut, instance.padding, presentation);
    match frame.samples() {
        Samples::U8(v) => mapped(v, 0, 8, level),
        Samples::I8(v) => mapped(v, i32::from(i8::MIN), 8, level),
        Samples::U16(v) => mapped(v, 0, 16, level),
        Samples::I16(v) => mapped(v, i32::from(i16::MIN), 16, level),
        Samples::U32(v) => v.iter().map(|x| level(f64::from(*x))).collect(),
        Samples::I32(v) => v.iter().map(|x| level(f64::from(*x))).collect(),
        Samples::F32(v) => v.iter().map(|x| level(f64::from(*x))).collect(),
        Samples::F64(v) => v.iter().map(|x| level(*x)).collect(),
        Samples::Rgb8(_) | Samples::Rgb16(_) | Samples::Rgb32(_) => Vec::new(),
    }
}

/// Red, green and blue per pixel, row-major: color and palette frames in their own colors, which no window or
/// inversion touches; gray frames as [`grey_u8`] three times.
pub fn rgb_u8(frame: &Frame, instance: &Instance, frame_idx: u32, presentation: &GreyPresentation) -> Vec<[u8; 3]> {
    match (frame.samples(), &instance.palette) {
        (Samples::Rgb8(v), _) => v.as_chunks::<3>().0.to_vec(),
        (Samples::Rgb16(v), _) => {
            let max = max_stored(instance);
            v.as_chunks::<3>().0.iter().map(|rgb| rgb.map(|x| to_u8(f64::from(x) / max))).collect()
        }
        (Samples::Rgb32(v), _) => {
            let max = max_stored(instance);
            v.as_chunks::<3>().0.iter().map(|rgb| rgb.map(|x| to_u8(f64::from(x) / max))).collect()
        }
        (samples, Some(palette)) => {
            let color = |stored| lookup::palette_entry(palette, stored).map(high_byte);
            (0..samples.len()).map(|i| samples.at(i).map_or([0; 3], color)).collect()
        }
        _ => grey_u8(frame, instance, frame_idx, presentation).into_iter().map(|gray| [gray; 3]).collect(),
    }
}

/// Whether the frame is shown in its own colors rather than through a VOI transform.
pub fn shows_color(frame: &Frame, instance: &Instance) -> bool {
    frame.samples().is_color() || instance.palette.is_some()
}

/// The gray level of one stored value: modality LUT, VOI, inversion; padding and not-a-number are black.
pub fn gray_level(
    stored: f64,
    modality_lut: &ModalityLut,
    padding: Option<PixelPadding>,
    presentation: &GreyPresentation,
) -> u8 {
    if stored.is_nan() || histogram::is_padding(padding, stored) {
        return 0;
    }
    let shown = voi_lut::apply(&presentation.voi, modality_lut::apply(modality_lut, stored));
    to_u8(if presentation.invert { 1.0 - shown } else { shown })
}

/// 0 to 1 → 0 to 255, rounding half up.
pub fn to_u8(unit: f64) -> u8 {
    (unit.clamp(0.0, 1.0) * 255.0 + 0.5).floor() as u8
}

/// Palette entries are scaled to 16 bits by repetition or by shifting; the high byte is right for both.
pub fn high_byte(entry: u16) -> u8 {
    entry.to_be_bytes()[0]
}

fn luma_u8([red, green, blue]: [u8; 3]) -> u8 {
    // ITU-R BT.601
    to_u8((0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue)) / 255.0)
}

/// The largest value of so many bits, 1 to 32.
pub fn full_scale(bits_stored: u16) -> f64 {
    f64::from(u32::MAX >> (32 - bits_stored.clamp(1, 32)))
}

fn max_stored(instance: &Instance) -> f64 {
    full_scale(instance.pixels.bits_stored)
}

/// Each distinct stored value goes through `level` once.
fn mapped<T>(samples: &[T], lowest: i32, bits: u32, level: impl Fn(f64) -> u8) -> Vec<u8>
where
    T: Copy + Into<i32>,
{
    if samples.len() < 1 << bits {
        return samples.iter().map(|x| level(f64::from((*x).into()))).collect();
    }
    let levels: Vec<u8> = (lowest..lowest + (1 << bits)).map(|stored| level(f64::from(stored))).collect();
    samples.iter().map(|x| levels.get(((*x).into() - lowest) as usize).copied().unwrap_or(0)).collect()
}
