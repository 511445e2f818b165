//! Canonical samples: masked to Bits Stored, shifted by High Bit, sign-extended, color interleaved as RGB.

use crate::domain::frame::Samples;
use crate::domain::stored_pixels::{ColorModel, PixelLayout};
use crate::import::error::ImportError;

/// Raw words as they were stored or decoded.
pub enum Words {
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
}

impl Words {
    pub fn n_words(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::U32(v) => v.len(),
        }
    }

    fn map<T>(&self, f: impl Fn(u32) -> T) -> Vec<T> {
        match self {
            Self::U8(v) => v.iter().map(|word| f(u32::from(*word))).collect(),
            Self::U16(v) => v.iter().map(|word| f(u32::from(*word))).collect(),
            Self::U32(v) => v.iter().map(|word| f(*word)).collect(),
        }
    }

    /// `RRR…GGG…BBB…` to `RGBRGB…`.
    pub fn interleaved(self) -> Self {
        fn weave<T: Copy>(planes: &[T]) -> Vec<T> {
            let n = planes.len() / 3;
            let (red, rest) = planes.split_at(n);
            let (green, blue) = rest.split_at(n);
            red.iter().zip(green).zip(blue).flat_map(|((r, g), b)| [*r, *g, *b]).collect()
        }
        match self {
            Self::U8(v) => Self::U8(weave(&v)),
            Self::U16(v) => Self::U16(weave(&v)),
            Self::U32(v) => Self::U32(weave(&v)),
        }
    }
}

/// Where the stored bits lie in a word.
#[derive(Clone, Copy)]
pub struct BitField {
    pub shift: u32,
    /// 1 to 32.
    pub n_bits: u32,
}

impl BitField {
    fn unsigned(self, word: u32) -> u32 {
        (word >> self.shift) & (u32::MAX >> (32 - self.n_bits))
    }

    fn signed(self, word: u32) -> i32 {
        let unused = 32 - self.n_bits;
        (self.unsigned(word) << unused).cast_signed() >> unused
    }
}

/// Grey or palette samples of the layout's width.
pub fn grey(words: &Words, field: BitField, layout: &PixelLayout) -> Samples {
    // The masks of BitField keep every value inside its type
    match (layout.bits_allocated, layout.is_signed) {
        (1..=8, false) => Samples::U8(words.map(|word| field.unsigned(word) as u8).into()),
        (1..=8, true) => Samples::I8(words.map(|word| field.signed(word) as i8).into()),
        (9..=16, false) => Samples::U16(words.map(|word| field.unsigned(word) as u16).into()),
        (9..=16, true) => Samples::I16(words.map(|word| field.signed(word) as i16).into()),
        (_, false) => Samples::U32(words.map(|word| field.unsigned(word)).into()),
        (_, true) => Samples::I32(words.map(|word| field.signed(word)).into()),
    }
}

/// Interleaved color of any model to RGB. `is_rgb`: the decoder has transformed it already.
pub fn color(words: &Words, field: BitField, layout: &PixelLayout, is_rgb: bool) -> Result<Samples, ImportError> {
    use ColorModel::{YbrFull, YbrFull422, YbrIct, YbrPartial420, YbrPartial422, YbrRct};
    let mut values = words.map(|word| field.unsigned(word));
    if !is_rgb {
        match layout.color {
            YbrFull | YbrFull422 | YbrIct => rgb_from_ybr(&mut values, field.n_bits, full_range),
            YbrPartial422 | YbrPartial420 => rgb_from_ybr(&mut values, field.n_bits, partial_range),
            YbrRct => return Err(ImportError::UnsupportedPixels("YBR_RCT outside of JPEG 2000".to_owned())),
            _ => {}
        }
    }
    Ok(match layout.bits_allocated {
        1..=8 => Samples::Rgb8(values.iter().map(|value| *value as u8).collect()),
        9..=16 => Samples::Rgb16(values.iter().map(|value| *value as u16).collect()),
        _ => Samples::Rgb32(values.into()),
    })
}

fn rgb_from_ybr(values: &mut [u32], n_bits: u32, transform: fn(f64, f64, f64, f64) -> [f64; 3]) {
    let peak = f64::from(u32::MAX >> (32 - n_bits));
    for [y, cb, cr] in values.as_chunks_mut::<3>().0 {
        let rgb = transform(f64::from(*y), f64::from(*cb), f64::from(*cr), peak);
        [*y, *cb, *cr] = rgb.map(|value| (value + 0.5).floor().clamp(0.0, peak) as u32);
    }
}

/// YBR_FULL (PS3.3 C.7.6.3.1.2), ITU-R BT.601 at full range.
fn full_range(y: f64, cb: f64, cr: f64, peak: f64) -> [f64; 3] {
    let half = (peak + 1.0) / 2.0;
    let (cb, cr) = (cb - half, cr - half);
    [y + 1.402 * cr, y - 0.344_136_286_201_022 * cb - 0.714_136_286_201_022 * cr, y + 1.772 * cb]
}

/// YBR_PARTIAL (PS3.3 C.7.6.3.1.2): luma from 16 to 235, chroma from 16 to 240 in 8 bits.
fn partial_range(y: f64, cb: f64, cr: f64, peak: f64) -> [f64; 3] {
    let unit = (peak + 1.0) / 256.0;
    let (y, cb, cr) = (y / unit - 16.0, cb / unit - 128.0, cr / unit - 128.0);
    let luma = 1.164_383_561_643_836 * y;
    let rgb = [
        luma + 1.596_026_785_714_286 * cr,
        luma - 0.391_762_290_094_914 * cb - 0.812_967_647_237_771 * cr,
        luma + 2.017_232_142_857_143 * cb,
    ];
    rgb.map(|value| value * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_above_and_below_the_stored_ones_are_not_values() {
        let field = BitField { shift: 2, n_bits: 12 };
        assert_eq!(field.unsigned(0xFFFF), 0xFFF);
        assert_eq!(field.signed(0b0010_0000_0000_0011), -2048);
        assert_eq!(field.signed(0b0000_0000_0000_0111), 1);
    }

    #[test]
    fn ybr_grey_stays_grey_and_red_is_red() {
        let mut values = vec![100, 128, 128, 76, 85, 255];
        rgb_from_ybr(&mut values, 8, full_range);
        assert_eq!(values, [100, 100, 100, 254, 0, 0]);
    }
}
