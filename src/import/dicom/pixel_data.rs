//! One frame from disk to canonical samples: only the bytes of that frame are read.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::domain::frame::Samples;
use crate::domain::stored_pixels::{
    ColorModel, Fragment, PixelCoding, PixelLayout, PixelPlace, SampleKind, StoredPixels,
};
use crate::import::dicom::codecs::{self, Decoded};
use crate::import::dicom::dataset::Coding;
use crate::import::dicom::file::DicomFile;
use crate::import::dicom::fragments;
use crate::import::dicom::inflate::inflate;
use crate::import::dicom::rle;
use crate::import::dicom::samples::{self, BitField, Words};
use crate::import::dicom::source::Source;
use crate::import::error::ImportError;
use crate::import::limits::Limits;

/// Where the samples lie and how they are packed.
pub fn stored(file: &DicomFile, layout: PixelLayout, limits: &Limits) -> Result<StoredPixels, ImportError> {
    let pixels = file.scanned.pixels.as_ref().ok_or(ImportError::NoPixels)?;
    let place = match pixels.n_bytes {
        Some(declared) if file.syntax.pixels == PixelCoding::Native => {
            let n_left = file.source.n_bytes().saturating_sub(pixels.offset);
            PixelPlace::Flat { offset: pixels.offset, n_bytes: declared.min(n_left) }
        }
        Some(_) => {
            let fault = "the compressed pixels are not in fragments";
            return Err(ImportError::Malformed { at: pixels.offset, fault });
        }
        None if file.syntax.pixels == PixelCoding::Unsupported => {
            return Err(ImportError::UnsupportedTransferSyntax(file.syntax.name));
        }
        None if file.syntax.pixels == PixelCoding::Native => {
            // Whatever is packed in there would be shown as if it were samples
            let fault = "the pixels lie in fragments, against the transfer syntax";
            return Err(ImportError::Malformed { at: pixels.offset, fault });
        }
        None => {
            let root = file.root();
            let index = fragments::index(&file.source, &root, pixels.offset, layout.n_frames, limits)?;
            PixelPlace::Fragments(index.frames)
        }
    };
    Ok(StoredPixels {
        stamp: file.source.stamp(),
        layout,
        coding: file.syntax.pixels,
        is_big_endian: file.syntax.coding.is_big_endian,
        is_byte_stream: pixels.vr.is_some_and(|vr| &vr == b"OB"),
        place,
    })
}

/// How many frames the file really holds: fewer than declared when it was cut short.
pub fn n_whole_frames(stored: &StoredPixels, limits: &Limits) -> Result<u32, ImportError> {
    let n_present = match &stored.place {
        PixelPlace::Flat { n_bytes, .. } => {
            let n_bits = frame_bits(&stored.layout, *n_bytes);
            n_bytes.saturating_mul(8).checked_div(n_bits).unwrap_or(0)
        }
        PixelPlace::Fragments(frames) => frames.len() as u64,
    };
    let n_whole = n_present.min(u64::from(stored.layout.n_frames));
    match u32::try_from(n_whole) {
        Ok(0) | Err(_) => Err(ImportError::FrameMissing { frame: 1, n_present }),
        Ok(n) if n > limits.max_frames => Err(ImportError::TooManyFrames { limit: limits.max_frames }),
        Ok(n) => Ok(n),
    }
}

/// Decodes one frame (zero-based) from the source that `stored` describes.
pub fn load(source: &Source, stored: &StoredPixels, frame: u32, limits: &Limits) -> Result<Samples, ImportError> {
    match &stored.place {
        PixelPlace::Flat { offset, n_bytes } => {
            let flat = Flat { source, stored, offset: *offset, n_bytes: *n_bytes };
            flat.frame(frame)
        }
        PixelPlace::Fragments(frames) => {
            let missing = ImportError::FrameMissing { frame: u64::from(frame) + 1, n_present: frames.len() as u64 };
            let fragments = frames.get(frame as usize).ok_or(missing)?;
            let data = joined(source, fragments, limits)?;
            decode(stored.coding, &data, &stored.layout, limits)
        }
    }
}

fn joined(source: &Source, fragments: &[Fragment], limits: &Limits) -> Result<Vec<u8>, ImportError> {
    let n_total: u64 = fragments.iter().map(|fragment| fragment.n_bytes).sum();
    if n_total > limits.max_codestream_bytes {
        return Err(ImportError::TooLarge { what: "One compressed picture", limit: limits.max_codestream_bytes });
    }
    let mut data = Vec::new();
    for fragment in fragments {
        source.append_at(fragment.offset, fragment.n_bytes, &mut data)?;
    }
    Ok(data)
}

/// Two samples per pixel on average when chroma is halved (PS3.3 C.7.6.3.1.2).
pub fn is_halved(layout: &PixelLayout, n_bytes: u64) -> bool {
    let is_422 = matches!(layout.color, ColorModel::YbrFull422 | ColorModel::YbrPartial422);
    let n_full = layout.n_samples() as u64 * u64::from(layout.bits_allocated / 8) * u64::from(layout.n_frames);
    is_422 && n_bytes < n_full
}

/// Bits of one frame of uncompressed pixel data that has `n_bytes` in all.
pub fn frame_bits(layout: &PixelLayout, n_bytes: u64) -> u64 {
    let n_samples = match is_halved(layout, n_bytes) {
        true => 2 * layout.n_pixels(),
        false => layout.n_samples(),
    };
    n_samples as u64 * u64::from(layout.bits_allocated)
}

struct Flat<'a> {
    source: &'a Source,
    stored: &'a StoredPixels,
    offset: u64,
    n_bytes: u64,
}

impl Flat<'_> {
    fn frame(&self, frame: u32) -> Result<Samples, ImportError> {
        let layout = &self.stored.layout;
        let n_bits = frame_bits(layout, self.n_bytes);
        let first_bit = n_bits * u64::from(frame);
        let (from, to) = (first_bit / 8, (first_bit + n_bits).div_ceil(8));
        if to > self.n_bytes {
            let n_present = (self.n_bytes * 8).checked_div(n_bits).unwrap_or(0);
            return Err(ImportError::FrameMissing { frame: u64::from(frame) + 1, n_present });
        }
        let coding = Coding { is_explicit: true, is_big_endian: self.stored.is_big_endian };
        if layout.bits_allocated == 8 && coding.is_big_endian {
            let bytes = self.unswapped(from, to)?;
            return native(&bytes, coding, layout, is_halved(layout, self.n_bytes));
        }
        let bytes = self.source.read_at(self.offset + from, to - from)?;
        if layout.bits_allocated == 1 {
            return Ok(Samples::U8(unpacked_bits(&bytes, first_bit % 8, layout.n_pixels()).into()));
        }
        native(&bytes, coding, layout, is_halved(layout, self.n_bytes))
    }

    /// Bytes `from..to` out of big-endian words: read on word borders, so that a frame of odd length keeps its pairs.
    fn unswapped(&self, from: u64, to: u64) -> Result<Vec<u8>, ImportError> {
        let first = from & !1;
        let words = self.source.read_at(self.offset + first, to.next_multiple_of(2).min(self.n_bytes) - first)?;
        let bytes = match self.stored.is_byte_stream {
            true => words,
            false => words.chunks(2).flat_map(|pair| pair.iter().rev().copied()).collect(),
        };
        let range = usize::try_from(from - first).ok().zip(usize::try_from(to - first).ok());
        Ok(range.and_then(|(start, end)| bytes.get(start..end)).unwrap_or_default().to_vec())
    }
}

/// One-bit samples, least significant bit first (PS3.5 8.1.1); frames need not begin on a byte.
fn unpacked_bits(bytes: &[u8], first_bit: u64, n_samples: usize) -> Vec<u8> {
    let bits = bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1));
    bits.skip(first_bit as usize).take(n_samples).collect()
}

/// Native samples of one frame.
fn native(bytes: &[u8], coding: Coding, layout: &PixelLayout, is_halved: bool) -> Result<Samples, ImportError> {
    let longs = || bytes.as_chunks::<4>().0.iter().map(|chunk| coding.u32(*chunk));
    match layout.kind {
        SampleKind::Float => return Ok(Samples::F32(longs().map(f32::from_bits).collect())),
        SampleKind::Double => {
            let read = |chunk: &[u8; 8]| match coding.is_big_endian {
                true => f64::from_be_bytes(*chunk),
                false => f64::from_le_bytes(*chunk),
            };
            return Ok(Samples::F64(bytes.as_chunks::<8>().0.iter().map(read).collect()));
        }
        SampleKind::Integer => {}
    }
    let words = match layout.bits_allocated {
        8 => Words::U8(bytes.to_vec()),
        16 => Words::U16(bytes.as_chunks::<2>().0.iter().map(|chunk| coding.u16(*chunk)).collect()),
        _ => Words::U32(longs().collect()),
    };
    let words = if is_halved { doubled_chroma(words) } else { words };
    let (precision, is_planar) = (layout.bits_allocated, layout.is_planar && !is_halved);
    let is_rgb = layout.color == ColorModel::Rgb;
    canonical(Decoded { words, precision, is_signed: false, is_planar, is_rgb }, layout)
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

fn decode(coding: PixelCoding, data: &[u8], layout: &PixelLayout, limits: &Limits) -> Result<Samples, ImportError> {
    // Decoders of other hands: one that panics costs this frame only
    let run = || match coding {
        PixelCoding::Native | PixelCoding::EncapsulatedNative => encapsulated_native(data, layout),
        PixelCoding::DeflatedFrames => {
            encapsulated_native(&inflate(data, limits.max_frame_bytes, limits)?.bytes, layout)
        }
        PixelCoding::Rle => run_length(data, layout),
        PixelCoding::Jpeg => canonical(codecs::jpeg::decode(data, layout)?, layout),
        PixelCoding::JpegLs => canonical(codecs::jpeg_ls::decode(data, layout)?, layout),
        PixelCoding::Jpeg2000 => canonical(codecs::jpeg_2000::decode(data, layout)?, layout),
        PixelCoding::JpegXl => canonical(codecs::jpeg_xl::decode(data, layout)?, layout),
        PixelCoding::Unsupported => Err(ImportError::UnsupportedTransferSyntax("This transfer syntax")),
    };
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(ImportError::DecoderFailed("the decoder gave up".to_owned())))
}

fn encapsulated_native(data: &[u8], layout: &PixelLayout) -> Result<Samples, ImportError> {
    let n_bits = frame_bits(layout, data.len() as u64 * u64::from(layout.n_frames));
    let n_bytes = usize::try_from(n_bits.div_ceil(8)).unwrap_or(usize::MAX);
    let missing = ImportError::DecoderFailed("the frame is too short".to_owned());
    let bytes = data.get(..n_bytes).ok_or(missing)?;
    match layout.bits_allocated {
        1 => Ok(Samples::U8(unpacked_bits(bytes, 0, layout.n_pixels()).into())),
        _ => native(
            bytes,
            Coding::EXPLICIT_LE,
            layout,
            n_bits != layout.n_samples() as u64 * u64::from(layout.bits_allocated),
        ),
    }
}

fn run_length(data: &[u8], layout: &PixelLayout) -> Result<Samples, ImportError> {
    if layout.bits_allocated == 1 {
        let packed = rle::decode(data, layout.n_pixels().div_ceil(8), 1, 1)?;
        return Ok(Samples::U8(unpacked_bits(&packed, 0, layout.n_pixels()).into()));
    }
    let n_bytes = usize::from(layout.bits_allocated / 8);
    let bytes = rle::decode(data, layout.n_pixels(), usize::from(layout.samples_per_pixel), n_bytes)?;
    let interleaved = PixelLayout { is_planar: false, ..layout.clone() };
    native(&bytes, Coding::EXPLICIT_LE, &interleaved, false)
}

/// Decoded words to samples that fill the picture exactly.
fn canonical(decoded: Decoded, layout: &PixelLayout) -> Result<Samples, ImportError> {
    let Decoded { words, precision, is_signed, is_planar, is_rgb } = decoded;
    if words.n_words() != layout.n_samples() {
        return Err(ImportError::CodestreamMismatch(format!("{} samples came out", words.n_words())));
    }
    let words = if is_planar { words.interleaved() } else { words };
    let shift = match precision > layout.bits_stored {
        true => u32::from(layout.high_bit + 1 - layout.bits_stored),
        false => 0,
    };
    // A stream narrower than Bits Stored carries its own sign bit
    let n_bits = match layout.is_signed && !is_signed && precision < layout.bits_stored {
        true => precision,
        false => layout.bits_stored,
    };
    let field = BitField { shift, n_bits: u32::from(n_bits.clamp(1, 32)) };
    match layout.color.is_color() {
        true => samples::color(&words, field, layout, is_rgb),
        false => Ok(samples::grey(&words, field, layout)),
    }
}
