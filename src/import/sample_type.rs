//! Samples as bytes in memory that somebody else has filled, and back.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::frame::{Buffer, SampleMemory, Samples};

/// The kinds of [`Samples`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SampleType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    F64,
    Rgb8,
    Rgb16,
    Rgb32,
}

impl SampleType {
    pub fn of(samples: &Samples) -> Self {
        match samples {
            Samples::U8(_) => Self::U8,
            Samples::I8(_) => Self::I8,
            Samples::U16(_) => Self::U16,
            Samples::I16(_) => Self::I16,
            Samples::U32(_) => Self::U32,
            Samples::I32(_) => Self::I32,
            Samples::F32(_) => Self::F32,
            Samples::F64(_) => Self::F64,
            Samples::Rgb8(_) => Self::Rgb8,
            Samples::Rgb16(_) => Self::Rgb16,
            Samples::Rgb32(_) => Self::Rgb32,
        }
    }

    /// Of one sample.
    pub fn n_bytes(self) -> u64 {
        match self {
            Self::U8 | Self::I8 | Self::Rgb8 => 1,
            Self::U16 | Self::I16 | Self::Rgb16 => 2,
            Self::U32 | Self::I32 | Self::F32 | Self::Rgb32 => 4,
            Self::F64 => 8,
        }
    }

    pub fn is_color(self) -> bool {
        matches!(self, Self::Rgb8 | Self::Rgb16 | Self::Rgb32)
    }

    /// The samples in bytes `range` of `memory`; `None` when they are no whole, aligned samples inside it.
    pub fn samples(self, memory: Arc<dyn SampleMemory>, range: Range<usize>) -> Option<Samples> {
        Some(match self {
            Self::U8 => Samples::U8(Buffer::part(memory, range)?),
            Self::I8 => Samples::I8(Buffer::part(memory, range)?),
            Self::U16 => Samples::U16(Buffer::part(memory, range)?),
            Self::I16 => Samples::I16(Buffer::part(memory, range)?),
            Self::U32 => Samples::U32(Buffer::part(memory, range)?),
            Self::I32 => Samples::I32(Buffer::part(memory, range)?),
            Self::F32 => Samples::F32(Buffer::part(memory, range)?),
            Self::F64 => Samples::F64(Buffer::part(memory, range)?),
            Self::Rgb8 => Samples::Rgb8(Buffer::part(memory, range)?),
            Self::Rgb16 => Samples::Rgb16(Buffer::part(memory, range)?),
            Self::Rgb32 => Samples::Rgb32(Buffer::part(memory, range)?),
        })
    }
}

/// As they lie in memory.
pub fn bytes(samples: &Samples) -> &[u8] {
    match samples {
        Samples::U8(v) | Samples::Rgb8(v) => v,
        Samples::I8(v) => bytemuck::cast_slice(v),
        Samples::U16(v) | Samples::Rgb16(v) => bytemuck::cast_slice(v),
        Samples::I16(v) => bytemuck::cast_slice(v),
        Samples::U32(v) | Samples::Rgb32(v) => bytemuck::cast_slice(v),
        Samples::I32(v) => bytemuck::cast_slice(v),
        Samples::F32(v) => bytemuck::cast_slice(v),
        Samples::F64(v) => bytemuck::cast_slice(v),
    }
}
