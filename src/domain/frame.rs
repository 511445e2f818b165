//! One decoded picture: canonical samples, immutable, shared by `Arc`.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::sync::Arc;

use bytemuck::Pod;
use thiserror::Error;

use crate::domain::intake::Notice;
use crate::domain::overlay::EmbeddedPlane;
use crate::domain::uid::SopInstanceUid;

/// Names one frame of one instance. Sorts by instance, then frame.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameKey {
    pub sop: SopInstanceUid,
    /// Zero-based.
    pub index: u32,
    /// Of the file it comes from: two files that claim one UID never share a picture. 0 where there is no file.
    pub origin: u64,
}

/// Memory that holds samples: a vector, or a slab that many frames may share.
pub trait SampleMemory: Send + Sync {
    fn bytes(&self) -> &[u8];
}

impl<T: Pod + Send + Sync> SampleMemory for Vec<T> {
    fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(self)
    }
}

/// Samples of one type, immutable; clones share the memory.
#[derive(Clone)]
pub struct Buffer<T> {
    memory: Arc<dyn SampleMemory>,
    /// In bytes; inside the memory and aligned.
    range: Range<usize>,
    kind: PhantomData<T>,
}

impl<T: Pod> Buffer<T> {
    /// Bytes `range` of `memory`; `None` when they are outside, or not whole and aligned samples.
    pub fn part(memory: Arc<dyn SampleMemory>, range: Range<usize>) -> Option<Self> {
        let bytes = memory.bytes().get(range.clone())?;
        bytemuck::try_cast_slice::<u8, T>(bytes).ok()?;
        Some(Self { memory, range, kind: PhantomData })
    }
}

impl<T> Buffer<T> {
    /// The memory behind the samples, of which they may be a part only.
    pub fn memory(&self) -> MemoryUse {
        MemoryUse { id: Arc::as_ptr(&self.memory).cast::<()>().addr(), n_bytes: self.memory.bytes().len() }
    }
}

/// For whoever counts memory: the same `id` is the same memory, as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryUse {
    pub id: usize,
    /// All of it, however little of it these samples are.
    pub n_bytes: usize,
}

impl<T: Pod + Send + Sync> From<Vec<T>> for Buffer<T> {
    fn from(samples: Vec<T>) -> Self {
        let range = 0..size_of_val(samples.as_slice());
        Self { memory: Arc::new(samples), range, kind: PhantomData }
    }
}

impl<T: Pod> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        let bytes = self.memory.bytes().get(self.range.clone()).unwrap_or_default();
        // Checked when the buffer was made
        bytemuck::try_cast_slice(bytes).unwrap_or_default()
    }
}

impl<T: Pod + Send + Sync> FromIterator<T> for Buffer<T> {
    fn from_iter<I: IntoIterator<Item = T>>(samples: I) -> Self {
        samples.into_iter().collect::<Vec<T>>().into()
    }
}

impl<'a, T: Pod> IntoIterator for &'a Buffer<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: Pod + PartialEq> PartialEq for Buffer<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

/// Stored values, row-major, masked to BitsStored and sign-extended; color is interleaved R, G, B.
#[derive(Clone, PartialEq)]
pub enum Samples {
    U8(Buffer<u8>),
    I8(Buffer<i8>),
    U16(Buffer<u16>),
    I16(Buffer<i16>),
    U32(Buffer<u32>),
    I32(Buffer<i32>),
    F32(Buffer<f32>),
    F64(Buffer<f64>),
    Rgb8(Buffer<u8>),
    Rgb16(Buffer<u16>),
    Rgb32(Buffer<u32>),
}

impl Samples {
    pub fn len(&self) -> usize {
        match self {
            Self::U8(v) | Self::Rgb8(v) => v.len(),
            Self::I8(v) => v.len(),
            Self::U16(v) | Self::Rgb16(v) => v.len(),
            Self::I16(v) => v.len(),
            Self::U32(v) | Self::Rgb32(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What keeping these samples keeps.
    pub fn memory(&self) -> MemoryUse {
        match self {
            Self::U8(v) | Self::Rgb8(v) => v.memory(),
            Self::I8(v) => v.memory(),
            Self::U16(v) | Self::Rgb16(v) => v.memory(),
            Self::I16(v) => v.memory(),
            Self::U32(v) | Self::Rgb32(v) => v.memory(),
            Self::I32(v) => v.memory(),
            Self::F32(v) => v.memory(),
            Self::F64(v) => v.memory(),
        }
    }

    pub fn is_color(&self) -> bool {
        matches!(self, Self::Rgb8(_) | Self::Rgb16(_) | Self::Rgb32(_))
    }

    /// 3 for color, 1 otherwise.
    pub fn samples_per_pixel(&self) -> usize {
        if self.is_color() { 3 } else { 1 }
    }

    /// One sample as f64; `None` past the end.
    pub fn at(&self, index: usize) -> Option<f64> {
        match self {
            Self::U8(v) | Self::Rgb8(v) => v.get(index).map(|x| f64::from(*x)),
            Self::I8(v) => v.get(index).map(|x| f64::from(*x)),
            Self::U16(v) | Self::Rgb16(v) => v.get(index).map(|x| f64::from(*x)),
            Self::I16(v) => v.get(index).map(|x| f64::from(*x)),
            Self::U32(v) | Self::Rgb32(v) => v.get(index).map(|x| f64::from(*x)),
            Self::I32(v) => v.get(index).map(|x| f64::from(*x)),
            Self::F32(v) => v.get(index).map(|x| f64::from(*x)),
            Self::F64(v) => v.get(index).copied(),
        }
    }
}

impl fmt::Debug for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Samples({} values)", self.len())
    }
}

/// Rows × cols samples of one frame; the length always fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    key: FrameKey,
    rows: u32,
    cols: u32,
    samples: Samples,
    embedded: Vec<EmbeddedPlane>,
    notices: Vec<Notice>,
}

/// The sample count does not fit the picture's size.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{n_samples} samples do not fill {rows} rows × {cols} columns")]
pub struct FrameSizeError {
    pub rows: u32,
    pub cols: u32,
    pub n_samples: usize,
}

impl Frame {
    pub fn new(key: FrameKey, rows: u32, cols: u32, samples: Samples) -> Result<Self, FrameSizeError> {
        let n_expected = u64::from(rows) * u64::from(cols) * samples.samples_per_pixel() as u64;
        if rows == 0 || cols == 0 || n_expected != samples.len() as u64 {
            return Err(FrameSizeError { rows, cols, n_samples: samples.len() });
        }
        Ok(Self { key, rows, cols, samples, embedded: Vec::new(), notices: Vec::new() })
    }

    /// With the overlays that came in unused bits of its pixels; those of another size are left out.
    #[must_use]
    pub fn with_embedded(mut self, planes: Vec<EmbeddedPlane>) -> Self {
        let n_pixels = self.samples.len() / self.samples.samples_per_pixel();
        self.embedded = planes.into_iter().filter(|plane| plane.set.len() == n_pixels).collect();
        self
    }

    /// Overlays that came in unused bits of the pixels.
    pub fn embedded(&self) -> &[EmbeddedPlane] {
        &self.embedded
    }

    /// Of the embedded overlays alone.
    pub fn embedded_bytes(&self) -> usize {
        self.embedded.iter().map(|plane| plane.set.len()).sum()
    }

    /// With what is to be known of these very samples.
    #[must_use]
    pub fn with_notices(mut self, notices: Vec<Notice>) -> Self {
        self.notices = notices;
        self
    }

    /// What only the decoded samples tell, beside the notices of their instance.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    pub fn key(&self) -> &FrameKey {
        &self.key
    }

    pub fn rows(&self) -> u32 {
        self.rows
    }

    pub fn cols(&self) -> u32 {
        self.cols
    }

    pub fn samples(&self) -> &Samples {
        &self.samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_refuses_samples_that_do_not_fill_it() {
        let key = FrameKey { sop: SopInstanceUid::new("1.2"), index: 0, origin: 0 };
        assert!(Frame::new(key.clone(), 2, 2, Samples::U16(vec![0; 4].into())).is_ok());
        assert!(Frame::new(key.clone(), 2, 2, Samples::U16(vec![0; 3].into())).is_err());
        assert!(Frame::new(key.clone(), 2, 2, Samples::Rgb8(vec![0; 12].into())).is_ok());
        assert!(Frame::new(key, 0, 2, Samples::U16(vec![].into())).is_err());
    }
}
