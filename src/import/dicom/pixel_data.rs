//! One frame from disk to canonical samples: only the bytes of that frame are read.

use crate::domain::frame::Samples;
use crate::domain::stored_pixels::{Fragment, PixelCoding, PixelLayout, PixelPlace, StoredPixels};
use crate::import::dicom::codecs;
use crate::import::dicom::file::DicomFile;
use crate::import::dicom::fragments;
use crate::import::dicom::native::{self, Packing};
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
            let n_bits = native::frame_bits(&stored.layout, *n_bytes);
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
            codecs::decode(stored.coding, &data, &stored.layout, limits)
        }
    }
}

/// A coarse picture of one frame, where it costs much less than the frame itself.
pub fn preview(
    source: &Source,
    stored: &StoredPixels,
    frame: u32,
    limits: &Limits,
) -> Result<Option<Samples>, ImportError> {
    match &stored.place {
        // The others have none: not read in vain
        PixelPlace::Fragments(frames) if stored.coding == PixelCoding::Jpeg2000 => {
            let fragments = frames.get(frame as usize).map(Vec::as_slice).unwrap_or_default();
            codecs::preview(stored.coding, &joined(source, fragments, limits)?, &stored.layout)
        }
        _ => Ok(None),
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

struct Flat<'a> {
    source: &'a Source,
    stored: &'a StoredPixels,
    offset: u64,
    n_bytes: u64,
}

impl Flat<'_> {
    fn frame(&self, frame: u32) -> Result<Samples, ImportError> {
        let layout = &self.stored.layout;
        let n_bits = native::frame_bits(layout, self.n_bytes);
        let first_bit = n_bits * u64::from(frame);
        let (from, to) = (first_bit / 8, (first_bit + n_bits).div_ceil(8));
        if to > self.n_bytes {
            let n_present = (self.n_bytes * 8).checked_div(n_bits).unwrap_or(0);
            return Err(ImportError::FrameMissing { frame: u64::from(frame) + 1, n_present });
        }
        let packing =
            Packing { is_big_endian: self.stored.is_big_endian, is_halved: native::is_halved(layout, self.n_bytes) };
        let n_frame_bytes = usize::try_from(to - from).map_err(|_| ImportError::NoPixels)?;
        match layout.bits_allocated {
            1 => {
                let bytes = self.source.read_at(self.offset + from, to - from)?;
                Ok(Samples::U8(native::unpacked_bits(&bytes, first_bit % 8, layout.n_pixels()).into()))
            }
            8 if packing.is_big_endian => {
                let bytes = self.unswapped(from, to)?;
                let fill = |place: &mut [u8]| {
                    place.copy_from_slice(&bytes);
                    Ok(())
                };
                native::samples(bytes.len(), fill, packing, layout)
            }
            _ => native::samples(
                n_frame_bytes,
                |place| self.source.read_into(self.offset + from, place),
                packing,
                layout,
            ),
        }
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
