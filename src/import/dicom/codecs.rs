//! One compressed frame through its decoder, after its header was compared with the object.

pub mod charls;
pub mod jpeg;
pub mod jpeg_2000;
pub mod jpeg_ls;
pub mod jpeg_xl;
pub mod openjpeg;
pub mod rle;
pub mod turbojpeg;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::domain::frame::Samples;
use crate::domain::stored_pixels::{PixelCoding, PixelLayout};
use crate::import::dicom::broken_promise;
use crate::import::dicom::codestream::StreamInfo;
use crate::import::dicom::inflate::inflate;
use crate::import::dicom::native::{self, Packing};
use crate::import::dicom::samples::{self, Words};
use crate::import::error::ImportError;
use crate::import::limits::Limits;

/// A codec library's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub String);

/// What the pixels to be had are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub rows: u32,
    pub cols: u32,
    /// 1 or 3.
    pub n_components: u16,
    /// Bits per sample, 2 to 16.
    pub precision: u16,
}

/// What a decoder gave: pixel-interleaved unless `is_planar`.
pub struct Decoded {
    pub words: Words,
    /// Bits per sample of the codestream.
    pub precision: u16,
    pub is_signed: bool,
    pub is_planar: bool,
    /// Color has already become RGB.
    pub is_rgb: bool,
}

/// One frame's fragments, joined, to canonical samples. Never panics.
pub fn decode(coding: PixelCoding, data: &[u8], layout: &PixelLayout, limits: &Limits) -> Result<Samples, ImportError> {
    let fitted = |decoded: Decoded| {
        let is_lossy = broken_promise::method_of_stream(coding, data).is_some();
        samples::canonical(undiminished(decoded, layout, is_lossy)?, layout)
    };
    let run = || match coding {
        PixelCoding::Native | PixelCoding::EncapsulatedNative => encapsulated_native(data, layout),
        PixelCoding::DeflatedFrames => {
            encapsulated_native(&inflate(data, limits.max_frame_bytes, limits)?.bytes, layout)
        }
        PixelCoding::Rle => run_length(data, layout),
        PixelCoding::Jpeg => fitted(jpeg::decode(data, layout)?),
        PixelCoding::JpegLs => fitted(jpeg_ls::decode(data, layout)?),
        PixelCoding::Jpeg2000 => fitted(jpeg_2000::decode(data, layout)?),
        PixelCoding::JpegXl => fitted(jpeg_xl::decode(data, layout)?),
        PixelCoding::Unsupported => Err(ImportError::UnsupportedTransferSyntax("This transfer syntax")),
    };
    guarded(run)
}

/// A coarse picture of the frame's full size, where it costs much less; `None` elsewhere. Never panics.
pub fn preview(coding: PixelCoding, data: &[u8], layout: &PixelLayout) -> Result<Option<Samples>, ImportError> {
    let run = || match coding {
        PixelCoding::Jpeg2000 => {
            jpeg_2000::preview(data, layout)?.map(|decoded| samples::canonical(decoded, layout)).transpose()
        }
        _ => Ok(None),
    };
    guarded(run)
}

/// Decoders of other hands: one that panics costs this frame only.
fn guarded<T>(run: impl FnOnce() -> Result<T, ImportError>) -> Result<T, ImportError> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(ImportError::DecoderFailed("the decoder gave up".to_owned())))
}

/// Values that Bits Stored has no room for: cutting off their upper bits would show another picture. Where loss made
/// a few overshoot they are the brightest, else the picture is refused.
fn undiminished(decoded: Decoded, layout: &PixelLayout, is_lossy: bool) -> Result<Decoded, ImportError> {
    let n_bits = u32::from(layout.bits_stored);
    // Left-aligned values are moved into place later
    if u32::from(decoded.precision) <= n_bits || layout.high_bit + 1 != layout.bits_stored {
        return Ok(decoded);
    }
    let is_signed = layout.is_signed;
    let fits = |word: u32, width: u32| {
        let kept = if is_signed { n_bits - 1 } else { n_bits };
        let above = word.unbounded_shr(kept);
        let ones = |n: u32| u32::MAX.unbounded_shr(32 - n.min(32)).unbounded_shr(kept);
        above == 0 || (is_signed && (above == ones(width) || above == ones(u32::from(decoded.precision))))
    };
    let n_above = match &decoded.words {
        Words::U8(words) => words.iter().filter(|word| !fits(u32::from(**word), 8)).count(),
        Words::U16(words) => words.iter().filter(|word| !fits(u32::from(**word), 16)).count(),
        Words::U32(words) => words.iter().filter(|word| !fits(**word, 32)).count(),
    };
    match decoded.words {
        _ if n_above == 0 => Ok(decoded),
        Words::U16(words) if is_lossy && !is_signed && n_bits < 16 && n_above <= words.len() / 100 => {
            let peak = (1_u16 << n_bits) - 1;
            let words = Words::U16(words.into_iter().map(|word| word.min(peak)).collect());
            Ok(Decoded { words, ..decoded })
        }
        _ => Err(ImportError::CodestreamMismatch(format!(
            "its values need more than the {n_bits} bits that are said to be stored"
        ))),
    }
}

fn encapsulated_native(data: &[u8], layout: &PixelLayout) -> Result<Samples, ImportError> {
    let n_bytes_of_all = data.len() as u64 * u64::from(layout.n_frames);
    let n_bytes = native::frame_bits(layout, n_bytes_of_all).div_ceil(8);
    let bytes = usize::try_from(n_bytes).ok().and_then(|n_bytes| data.get(..n_bytes));
    let bytes = bytes.ok_or_else(|| failed("the frame is too short"))?;
    // One byte may pad it to an even length
    if data.len() > bytes.len() + 1 {
        return Err(ImportError::CodestreamMismatch(format!("it is {} bytes too long", data.len() - bytes.len())));
    }
    if layout.bits_allocated == 1 {
        return Ok(Samples::U8(native::unpacked_bits(bytes, 0, layout.n_pixels()).into()));
    }
    let packing = Packing { is_big_endian: false, is_halved: native::is_halved(layout, n_bytes_of_all) };
    let fill = |place: &mut [u8]| {
        place.copy_from_slice(bytes);
        Ok(())
    };
    native::samples(bytes.len(), fill, packing, layout)
}

fn run_length(data: &[u8], layout: &PixelLayout) -> Result<Samples, ImportError> {
    if layout.bits_allocated == 1 {
        let Words::U8(packed) = rle::decode(data, layout.n_pixels().div_ceil(8), 1, 1)? else {
            return Err(failed("the planes have another width"));
        };
        return Ok(Samples::U8(native::unpacked_bits(&packed, 0, layout.n_pixels()).into()));
    }
    let n_bytes = usize::from(layout.bits_allocated / 8);
    let words = rle::decode(data, layout.n_pixels(), usize::from(layout.samples_per_pixel), n_bytes)?;
    samples::canonical(native::stored(words, false, layout), layout)
}

fn failed(error: impl std::fmt::Display) -> ImportError {
    let text: String = error.to_string().chars().filter(|c| !c.is_control()).take(120).collect();
    ImportError::DecoderFailed(text)
}

fn check(info: &StreamInfo, layout: &PixelLayout) -> Result<(), ImportError> {
    let fault = if (info.rows, info.cols) != (layout.rows, layout.cols) {
        format!("{} × {} inside, {} × {} outside", info.rows, info.cols, layout.rows, layout.cols)
    } else if info.n_components != layout.samples_per_pixel {
        format!("{} components inside, {} outside", info.n_components, layout.samples_per_pixel)
    } else if info.precision > layout.bits_allocated {
        format!("{} bits inside, {} outside", info.precision, layout.bits_allocated)
    } else {
        return Ok(());
    };
    Err(ImportError::CodestreamMismatch(fault))
}

fn shape(info: &StreamInfo) -> Shape {
    Shape { rows: info.rows, cols: info.cols, n_components: info.n_components, precision: info.precision }
}

/// A codestream that was stored without its end marker gets it back: decoders wait for it.
fn with_end(data: &[u8]) -> Cow<'_, [u8]> {
    let n_padding = data.iter().rev().take(2).take_while(|byte| **byte == 0).count();
    let unpadded = data.get(..data.len() - n_padding).unwrap_or_default();
    match unpadded.ends_with(&[0xFF, 0xD9]) {
        true => Cow::Borrowed(unpadded),
        false => Cow::Owned([data, &[0xFF, 0xD9]].concat()),
    }
}
