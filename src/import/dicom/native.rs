//! Samples that are not compressed: bytes, words, floats and single bits (PS3.5 8.1), as a file or a decoder has them.

use bytemuck::Pod;

use crate::domain::frame::Samples;
use crate::domain::stored_pixels::{ColorModel, PixelLayout, SampleKind};
use crate::import::dicom::codecs::Decoded;
use crate::import::dicom::samples::{self, Words};
use crate::import::error::ImportError;

/// How the bytes of one frame lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packing {
    pub is_big_endian: bool,
    /// Chroma for every second pixel only (PS3.3 C.7.6.3.1.2).
    pub is_halved: bool,
}

/// Two samples per pixel on average when chroma is halved; `n_bytes` are those of all frames.
pub fn is_halved(layout: &PixelLayout, n_bytes: u64) -> bool {
    let is_422 = matches!(layout.color, ColorModel::YbrFull422 | ColorModel::YbrPartial422);
    let n_full = layout.n_samples() as u64 * u64::from(layout.bits_allocated / 8) * u64::from(layout.n_frames);
    is_422 && n_bytes < n_full
}

/// Bits of one frame; `n_bytes` are those of all frames.
pub fn frame_bits(layout: &PixelLayout, n_bytes: u64) -> u64 {
    let n_samples = match is_halved(layout, n_bytes) {
        true => 2 * layout.n_pixels(),
        false => layout.n_samples(),
    };
    n_samples as u64 * u64::from(layout.bits_allocated)
}

/// Samples of 8 bits and more out of `n_bytes`, which `fill` brings: straight into the memory that stays.
pub fn samples(
    n_bytes: usize,
    fill: impl FnOnce(&mut [u8]) -> Result<(), ImportError>,
    packing: Packing,
    layout: &PixelLayout,
) -> Result<Samples, ImportError> {
    let is_swapped = packing.is_big_endian != cfg!(target_endian = "big");
    match layout.kind {
        SampleKind::Float => {
            let mut words: Vec<u32> = filled(n_bytes, fill)?;
            swap(is_swapped, &mut words, u32::swap_bytes);
            return Ok(Samples::F32(bytemuck::cast_vec(words).into()));
        }
        SampleKind::Double => {
            let mut words: Vec<u64> = filled(n_bytes, fill)?;
            swap(is_swapped, &mut words, u64::swap_bytes);
            return Ok(Samples::F64(bytemuck::cast_vec(words).into()));
        }
        SampleKind::Integer => {}
    }
    let words = match layout.bits_allocated {
        8 => Words::U8(filled(n_bytes, fill)?),
        16 => {
            let mut words = filled(n_bytes, fill)?;
            swap(is_swapped, &mut words, u16::swap_bytes);
            Words::U16(words)
        }
        _ => {
            let mut words = filled(n_bytes, fill)?;
            swap(is_swapped, &mut words, u32::swap_bytes);
            Words::U32(words)
        }
    };
    let words = if packing.is_halved { doubled_chroma(words) } else { words };
    samples::canonical(stored(words, layout.is_planar && !packing.is_halved, layout), layout)
}

/// Words that are all of Bits Allocated, as a file or an RLE stream has them.
pub fn stored(words: Words, is_planar: bool, layout: &PixelLayout) -> Decoded {
    let is_rgb = layout.color == ColorModel::Rgb;
    Decoded { words, precision: layout.bits_allocated, is_signed: false, is_planar, is_rgb }
}

fn filled<T: Pod>(
    n_bytes: usize,
    fill: impl FnOnce(&mut [u8]) -> Result<(), ImportError>,
) -> Result<Vec<T>, ImportError> {
    let mut words = vec![T::zeroed(); n_bytes / size_of::<T>()];
    fill(bytemuck::cast_slice_mut(&mut words))?;
    Ok(words)
}

/// Turns each word round.
pub fn swap<T: Copy>(is_swapped: bool, words: &mut [T], swap_bytes: fn(T) -> T) {
    if is_swapped {
        words.iter_mut().for_each(|word| *word = swap_bytes(*word));
    }
}

/// Y Y Cb Cr to Y Cb Cr, Y Cb Cr.
fn doubled_chroma(words: Words) -> Words {
    fn expand<T: Copy>(halved: &[T]) -> Vec<T> {
        halved.as_chunks::<4>().0.iter().flat_map(|[y0, y1, cb, cr]| [*y0, *cb, *cr, *y1, *cb, *cr]).collect()
    }
    match words {
        Words::U8(v) => Words::U8(expand(&v)),
        Words::U16(v) => Words::U16(expand(&v)),
        Words::U32(v) => Words::U32(expand(&v)),
    }
}

/// One-bit samples, least significant bit first (PS3.5 8.1.1); frames need not begin on a byte.
pub fn unpacked_bits(bytes: &[u8], first_bit: u64, n_samples: usize) -> Vec<u8> {
    let bits = bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1));
    bits.skip(first_bit as usize).take(n_samples).collect()
}
