//! Native frames whose stored bytes are their samples: read straight to where they stay, mended there if need be.

use std::ops::Range;
use std::sync::Arc;

use bytemuck::PodCastError;

use crate::domain::frame::{SampleMemory, Samples};
use crate::domain::instance::Instance;
use crate::domain::overlay::{Overlay, OverlayPlane};
use crate::domain::stored_pixels::{PixelCoding, PixelPlace, SampleKind, StoredPixels};
use crate::import::dicom::native;
use crate::import::dicom::samples::BitField;
use crate::import::dicom::source::Source;
use crate::import::error::ImportError;
use crate::import::sample_type::SampleType;

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
    sample_type: SampleType,
    /// The file's bytes stand the other way round.
    is_swapped: bool,
    field: BitField,
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
        // Slabs are aligned
        self.format.mend(target).map_err(|_| ImportError::FileChanged)
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
        let sample_type = match (layout.kind, layout.bits_allocated, layout.is_signed) {
            (SampleKind::Float, 32, _) => SampleType::F32,
            (SampleKind::Double, 64, _) => SampleType::F64,
            (SampleKind::Integer, 8, false) => SampleType::U8,
            (SampleKind::Integer, 8, true) => SampleType::I8,
            (SampleKind::Integer, 16, false) => SampleType::U16,
            (SampleKind::Integer, 16, true) => SampleType::I16,
            (SampleKind::Integer, 32, false) => SampleType::U32,
            (SampleKind::Integer, 32, true) => SampleType::I32,
            _ => return None,
        };
        let is_possible = (layout.bits_stored..=layout.bits_allocated).contains(&layout.high_bit.checked_add(1)?);
        let field = is_possible.then(|| BitField::of(layout.bits_allocated, false, layout))?;
        Some(Self { sample_type, is_swapped: *is_big_endian != cfg!(target_endian = "big"), field })
    }

    fn mend(self, bytes: &mut [u8]) -> Result<(), PodCastError> {
        use SampleType::{F32, F64, I8, I16, I32, Rgb8, Rgb16, Rgb32, U8, U16, U32};
        let Self { sample_type, is_swapped, field } = self;
        match sample_type {
            U8 | I8 | Rgb8 => field.fit(bytes),
            U16 | I16 | Rgb16 => {
                let words = bytemuck::try_cast_slice_mut(bytes)?;
                native::swap(is_swapped, words, u16::swap_bytes);
                field.fit(words);
            }
            U32 | I32 | Rgb32 => {
                let words = bytemuck::try_cast_slice_mut(bytes)?;
                native::swap(is_swapped, words, u32::swap_bytes);
                field.fit(words);
            }
            F32 => native::swap(is_swapped, bytemuck::try_cast_slice_mut(bytes)?, u32::swap_bytes),
            F64 => native::swap(is_swapped, bytemuck::try_cast_slice_mut(bytes)?, u64::swap_bytes),
        }
        Ok(())
    }

    /// The samples that lie in bytes `range` of `memory`; `None` when they are not aligned.
    pub fn samples(self, memory: &Arc<dyn SampleMemory>, range: Range<usize>) -> Option<Samples> {
        self.sample_type.samples(Arc::clone(memory), range)
    }
}
