//! Canonical samples: masked to Bits Stored, shifted by High Bit, sign-extended, color interleaved as RGB. Words are
//! changed where they lie; a pass that would change nothing is not made.

use crate::domain::frame::Samples;
use crate::domain::stored_pixels::{ColorModel, PixelLayout};
use crate::import::dicom::codecs::Decoded;
use crate::import::error::ImportError;

/// Raw words as they were stored or decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// `RRR…GGG…BBB…` to `RGBRGB…`.
    fn interleaved(self) -> Self {
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

    /// As words of another width: the same vector when it is theirs.
    fn into_u8(self) -> Vec<u8> {
        match self {
            Self::U8(v) => v,
            Self::U16(v) => v.iter().map(|word| *word as u8).collect(),
            Self::U32(v) => v.iter().map(|word| *word as u8).collect(),
        }
    }

    fn into_u16(self) -> Vec<u16> {
        match self {
            Self::U8(v) => v.iter().map(|word| u16::from(*word)).collect(),
            Self::U16(v) => v,
            Self::U32(v) => v.iter().map(|word| *word as u16).collect(),
        }
    }

    fn into_u32(self) -> Vec<u32> {
        match self {
            Self::U8(v) => v.iter().map(|word| u32::from(*word)).collect(),
            Self::U16(v) => v.iter().map(|word| u32::from(*word)).collect(),
            Self::U32(v) => v,
        }
    }
}

/// A word of 8, 16 or 32 bits.
pub trait Word: Copy {
    fn wide(self) -> u32;
    /// The low bits.
    fn cut(wide: u32) -> Self;
}

impl Word for u8 {
    fn wide(self) -> u32 {
        u32::from(self)
    }
    fn cut(wide: u32) -> Self {
        wide as Self
    }
}

impl Word for u16 {
    fn wide(self) -> u32 {
        u32::from(self)
    }
    fn cut(wide: u32) -> Self {
        wide as Self
    }
}

impl Word for u32 {
    fn wide(self) -> u32 {
        self
    }
    fn cut(wide: u32) -> Self {
        wide
    }
}

/// Where the stored bits lie in a word, and what the highest of them means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitField {
    shift: u32,
    /// 1 to 32.
    n_bits: u32,
    is_signed: bool,
    /// The words hold nothing else.
    is_clean: bool,
}

impl BitField {
    /// Of words with `precision` bits; `is_signed`: their decoder has extended the sign already.
    pub fn of(precision: u16, is_signed: bool, layout: &PixelLayout) -> Self {
        let shift = match precision > layout.bits_stored {
            true => u32::from(layout.high_bit + 1 - layout.bits_stored),
            false => 0,
        };
        // A stream narrower than Bits Stored carries its own sign bit
        let n_bits = match layout.is_signed && !is_signed && precision < layout.bits_stored {
            true => precision,
            false => layout.bits_stored,
        };
        let is_full = n_bits == layout.bits_allocated.max(8);
        let is_narrow = !layout.is_signed && !is_signed && precision <= n_bits;
        let n_bits = u32::from(n_bits.clamp(1, 32));
        Self { shift, n_bits, is_signed: layout.is_signed, is_clean: shift == 0 && (is_full || is_narrow) }
    }

    fn unsigned(self, word: u32) -> u32 {
        (word >> self.shift) & (u32::MAX >> (32 - self.n_bits))
    }

    fn signed(self, word: u32) -> u32 {
        let unused = 32 - self.n_bits;
        ((self.unsigned(word) << unused).cast_signed() >> unused).cast_unsigned()
    }

    pub fn fit<T: Word>(self, words: &mut [T]) {
        match (self.is_clean, self.is_signed) {
            (true, _) => {}
            (false, false) => words.iter_mut().for_each(|word| *word = T::cut(self.unsigned(word.wide()))),
            (false, true) => words.iter_mut().for_each(|word| *word = T::cut(self.signed(word.wide()))),
        }
    }
}

/// Decoded words to samples that fill the picture exactly.
pub fn canonical(decoded: Decoded, layout: &PixelLayout) -> Result<Samples, ImportError> {
    if decoded.words.n_words() != layout.n_samples() {
        return Err(ImportError::CodestreamMismatch(format!("{} samples came out", decoded.words.n_words())));
    }
    let field = BitField::of(decoded.precision, decoded.is_signed, layout);
    let words = if decoded.is_planar { decoded.words.interleaved() } else { decoded.words };
    match layout.color.is_color() {
        true => color(words, field, layout, decoded.is_rgb),
        false => Ok(grey(words, field, layout)),
    }
}

/// Grey or palette samples of the layout's width.
fn grey(words: Words, field: BitField, layout: &PixelLayout) -> Samples {
    fn fitted<T: Word>(mut words: Vec<T>, field: BitField) -> Vec<T> {
        field.fit(&mut words);
        words
    }
    match (layout.bits_allocated, layout.is_signed) {
        (1..=8, false) => Samples::U8(fitted(words.into_u8(), field).into()),
        (1..=8, true) => Samples::I8(bytemuck::cast_vec(fitted(words.into_u8(), field)).into()),
        (9..=16, false) => Samples::U16(fitted(words.into_u16(), field).into()),
        (9..=16, true) => Samples::I16(bytemuck::cast_vec(fitted(words.into_u16(), field)).into()),
        (_, false) => Samples::U32(fitted(words.into_u32(), field).into()),
        (_, true) => Samples::I32(bytemuck::cast_vec(fitted(words.into_u32(), field)).into()),
    }
}

/// Interleaved color of any model to RGB. `is_rgb`: the decoder has transformed it already.
fn color(words: Words, field: BitField, layout: &PixelLayout, is_rgb: bool) -> Result<Samples, ImportError> {
    fn fitted<T: Word>(mut words: Vec<T>, field: BitField, model: Option<ColorModel>) -> Vec<T> {
        use ColorModel::{YbrFull, YbrFull422, YbrIct, YbrPartial420, YbrPartial422};
        field.fit(&mut words);
        match model {
            Some(YbrFull | YbrFull422 | YbrIct) => rgb_from_ybr(&mut words, field.n_bits, full_range),
            Some(YbrPartial422 | YbrPartial420) => rgb_from_ybr(&mut words, field.n_bits, partial_range),
            _ => {}
        }
        words
    }
    if !is_rgb && layout.color == ColorModel::YbrRct {
        return Err(ImportError::UnsupportedPixels("YBR_RCT outside of JPEG 2000".to_owned()));
    }
    let model = (!is_rgb).then_some(layout.color);
    Ok(match layout.bits_allocated {
        1..=8 => Samples::Rgb8(fitted(words.into_u8(), field, model).into()),
        9..=16 => Samples::Rgb16(fitted(words.into_u16(), field, model).into()),
        _ => Samples::Rgb32(fitted(words.into_u32(), field, model).into()),
    })
}

fn rgb_from_ybr<T: Word>(values: &mut [T], n_bits: u32, transform: impl Fn(f64, f64, f64, f64) -> [f64; 3]) {
    let peak = f64::from(u32::MAX >> (32 - n_bits));
    for [y, cb, cr] in values.as_chunks_mut::<3>().0 {
        let rgb = transform(f64::from(y.wide()), f64::from(cb.wide()), f64::from(cr.wide()), peak);
        // Truncation rounds what is not negative, and the conversion saturates below
        [*y, *cb, *cr] = rgb.map(|value| T::cut((value + 0.5).min(peak) as u32));
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
        let unsigned = BitField { shift: 2, n_bits: 12, is_signed: false, is_clean: false };
        let mut words = [0xFFFF_u16, 0b0010_0000_0000_0011];
        unsigned.fit(&mut words);
        assert_eq!(words, [0xFFF, 0x800]);
        let signed = BitField { is_signed: true, ..unsigned };
        let mut words = [0b0010_0000_0000_0011_u16, 0b0000_0000_0000_0111];
        signed.fit(&mut words);
        assert_eq!(words.map(u16::cast_signed), [-2048, 1]);
    }

    #[test]
    fn ybr_grey_stays_grey_and_red_is_red() {
        let mut values = [100_u8, 128, 128, 76, 85, 255];
        rgb_from_ybr(&mut values, 8, full_range);
        assert_eq!(values, [100, 100, 100, 254, 0, 0]);
    }
}
