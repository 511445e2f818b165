//! Native frames whose stored bytes are their samples: read straight to where they stay, mended there if need be.

use std::ops::Range;
use std::sync::Arc;

use crate::domain::frame::{Buffer, SampleMemory, Samples};
use crate::domain::instance::Instance;
use crate::domain::overlay::{Overlay, OverlayPlane};
use crate::domain::stored_pixels::{PixelCoding, PixelPlace, SampleKind, StoredPixels};
use crate::import::dicom::source::Source;
use crate::import::error::ImportError;

/// One frame that needs no decoder: gray or indexed, 8 bits or more, not compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InPlace {
    /// Of the frame's first byte in its file.
    offset: u64,
    pub n_bytes: usize,
    pub format: Format,
}

/// What becomes of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    kind: Kind,
    /// The file's bytes stand the other way round.
    is_swapped: bool,
    /// Bits below and number of bits of a value, where they do not fill the word.
    field: Option<(u32, u32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    F64,
}

impl InPlace {
    /// `None`: this frame goes through a decoder, or is not there.
    pub fn of(instance: &Instance, frame_idx: u32) -> Option<Self> {
        let has_embedded = |overlay: &Overlay| matches!(overlay.plane, OverlayPlane::Embedded { .. });
        let stored = instance.stored.as_deref().filter(|_| !instance.overlays.iter().any(has_embedded))?;
        let PixelPlace::Flat { offset, n_bytes: n_present } = stored.place else { return None };
        let format = Format::of(stored)?;
        let n_bytes = stored.layout.n_pixels().checked_mul(usize::from(stored.layout.bits_allocated / 8))?;
        let start = (n_bytes as u64).checked_mul(u64::from(frame_idx))?;
        let end = start.checked_add(n_bytes as u64)?;
        let is_there = end <= n_present && frame_idx < instance.n_frames();
        is_there.then_some(Self { offset: offset + start, n_bytes, format })
    }

    /// Reads the frame into `target`, which is as long as the frame.
    pub fn read(&self, source: &Source, target: &mut [u8]) -> Result<(), ImportError> {
        source.read_into(self.offset, target)?;
        self.format.mend(target);
        Ok(())
    }
}

impl Format {
    fn of(stored: &StoredPixels) -> Option<Self> {
        let StoredPixels { layout, coding, is_big_endian, is_byte_stream, .. } = stored;
        let is_gray = *coding == PixelCoding::Native && layout.samples_per_pixel == 1 && !layout.color.is_color();
        // Bytes in big-endian words change their places
        let is_paired = layout.bits_allocated == 8 && *is_big_endian && !is_byte_stream;
        if !is_gray || is_paired {
            return None;
        }
        let kind = match (layout.kind, layout.bits_allocated, layout.is_signed) {
            (SampleKind::Float, 32, _) => Kind::F32,
            (SampleKind::Double, 64, _) => Kind::F64,
            (SampleKind::Integer, 8, false) => Kind::U8,
            (SampleKind::Integer, 8, true) => Kind::I8,
            (SampleKind::Integer, 16, false) => Kind::U16,
            (SampleKind::Integer, 16, true) => Kind::I16,
            (SampleKind::Integer, 32, false) => Kind::U32,
            (SampleKind::Integer, 32, true) => Kind::I32,
            _ => return None,
        };
        let is_integer = layout.kind == SampleKind::Integer;
        let is_partial = is_integer && layout.bits_stored < layout.bits_allocated;
        let shift = u32::from((layout.high_bit + 1).checked_sub(layout.bits_stored)?);
        let field = is_partial.then_some((shift, u32::from(layout.bits_stored)));
        Some(Self { kind, is_swapped: *is_big_endian != cfg!(target_endian = "big"), field })
    }

    fn mend(self, bytes: &mut [u8]) {
        let Self { kind, is_swapped, field } = self;
        match kind {
            Kind::U8 => with_field(field, |shift, n| each(bytes, |[byte]| [cut8(byte, shift, n)])),
            Kind::I8 => with_field(field, |shift, n| each(bytes, |[byte]| [extend8(byte, shift, n)])),
            Kind::U16 => {
                swap::<2>(bytes, is_swapped);
                with_field(field, |shift, n| {
                    let mask = u16::MAX >> (16 - n);
                    each(bytes, |word| ((u16::from_ne_bytes(word) >> shift) & mask).to_ne_bytes());
                });
            }
            Kind::I16 => {
                swap::<2>(bytes, is_swapped);
                with_field(field, |shift, n| {
                    let (up, down) = (16 - n - shift, 16 - n);
                    each(bytes, |word| ((i16::from_ne_bytes(word) << up) >> down).to_ne_bytes());
                });
            }
            Kind::U32 => {
                swap::<4>(bytes, is_swapped);
                with_field(field, |shift, n| {
                    let mask = u32::MAX >> (32 - n);
                    each(bytes, |word| ((u32::from_ne_bytes(word) >> shift) & mask).to_ne_bytes());
                });
            }
            Kind::I32 => {
                swap::<4>(bytes, is_swapped);
                with_field(field, |shift, n| {
                    let (up, down) = (32 - n - shift, 32 - n);
                    each(bytes, |word| ((i32::from_ne_bytes(word) << up) >> down).to_ne_bytes());
                });
            }
            Kind::F32 => swap::<4>(bytes, is_swapped),
            Kind::F64 => swap::<8>(bytes, is_swapped),
        }
    }

    /// The samples that lie in bytes `range` of `memory`; `None` when they are not aligned.
    pub fn samples(self, memory: &Arc<dyn SampleMemory>, range: Range<usize>) -> Option<Samples> {
        let memory = Arc::clone(memory);
        Some(match self.kind {
            Kind::U8 => Samples::U8(Buffer::part(memory, range)?),
            Kind::I8 => Samples::I8(Buffer::part(memory, range)?),
            Kind::U16 => Samples::U16(Buffer::part(memory, range)?),
            Kind::I16 => Samples::I16(Buffer::part(memory, range)?),
            Kind::U32 => Samples::U32(Buffer::part(memory, range)?),
            Kind::I32 => Samples::I32(Buffer::part(memory, range)?),
            Kind::F32 => Samples::F32(Buffer::part(memory, range)?),
            Kind::F64 => Samples::F64(Buffer::part(memory, range)?),
        })
    }
}

fn with_field(field: Option<(u32, u32)>, work: impl FnOnce(u32, u32)) {
    if let Some((shift, n_bits)) = field {
        work(shift, n_bits);
    }
}

fn cut8(byte: u8, shift: u32, n_bits: u32) -> u8 {
    (byte >> shift) & (u8::MAX >> (8 - n_bits))
}

fn extend8(byte: u8, shift: u32, n_bits: u32) -> u8 {
    ((byte << (8 - n_bits - shift)).cast_signed() >> (8 - n_bits)).cast_unsigned()
}

fn swap<const N: usize>(bytes: &mut [u8], is_swapped: bool) {
    if is_swapped {
        bytes.as_chunks_mut::<N>().0.iter_mut().for_each(|word| word.reverse());
    }
}

fn each<const N: usize>(bytes: &mut [u8], change: impl Fn([u8; N]) -> [u8; N]) {
    bytes.as_chunks_mut::<N>().0.iter_mut().for_each(|word| *word = change(*word));
}
