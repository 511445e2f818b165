//! One decoded picture: canonical samples, immutable, shared by `Arc`.

use std::fmt;

use thiserror::Error;

use crate::domain::uid::SopInstanceUid;

/// Names one frame of one instance. Sorts by instance, then frame.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameKey {
    pub sop: SopInstanceUid,
    /// Zero-based.
    pub index: u32,
}

/// Stored values, row-major, masked to BitsStored and sign-extended; color is interleaved R, G, B.
#[derive(Clone, PartialEq)]
pub enum Samples {
    U8(Vec<u8>),
    I8(Vec<i8>),
    U16(Vec<u16>),
    I16(Vec<i16>),
    U32(Vec<u32>),
    I32(Vec<i32>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Rgb8(Vec<u8>),
    Rgb16(Vec<u16>),
}

impl Samples {
    pub fn len(&self) -> usize {
        match self {
            Self::U8(v) | Self::Rgb8(v) => v.len(),
            Self::I8(v) => v.len(),
            Self::U16(v) | Self::Rgb16(v) => v.len(),
            Self::I16(v) => v.len(),
            Self::U32(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn is_color(&self) -> bool {
        matches!(self, Self::Rgb8(_) | Self::Rgb16(_))
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
            Self::U32(v) => v.get(index).map(|x| f64::from(*x)),
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
        Ok(Self { key, rows, cols, samples })
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
        let key = FrameKey { sop: SopInstanceUid::new("1.2"), index: 0 };
        assert!(Frame::new(key.clone(), 2, 2, Samples::U16(vec![0; 4])).is_ok());
        assert!(Frame::new(key.clone(), 2, 2, Samples::U16(vec![0; 3])).is_err());
        assert!(Frame::new(key.clone(), 2, 2, Samples::Rgb8(vec![0; 12])).is_ok());
        assert!(Frame::new(key, 0, 2, Samples::U16(vec![])).is_err());
    }
}
