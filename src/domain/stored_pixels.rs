//! How a file stores its pixels, as the importer found them: enough to read one frame without parsing the file again.

use serde::{Deserialize, Serialize};

/// Where one instance's samples lie and how they are packed. Says nothing about the patient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPixels {
    /// The file as it stood; one that has changed since is refused.
    pub stamp: FileStamp,
    pub layout: PixelLayout,
    pub coding: PixelCoding,
    /// The data set's byte order, which native pixels share.
    pub is_big_endian: bool,
    /// Pixel Data is written as OB: its bytes are never swapped.
    pub is_byte_stream: bool,
    pub place: PixelPlace,
}

/// Tells whether a file is still the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FileStamp {
    pub n_bytes: u64,
    /// Nanoseconds since 1970; 0 when the file system does not say.
    pub modified_ns: i64,
}

/// Offsets count from the start of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PixelPlace {
    /// Native frames one behind the other, perhaps not on byte borders.
    Flat { offset: u64, n_bytes: u64 },
    /// Fragments by frame (PS3.5 A.4); fewer frames than declared when the file was cut short.
    Fragments(Vec<Vec<Fragment>>),
}

/// A stretch of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fragment {
    pub offset: u64,
    pub n_bytes: u64,
}

/// How the samples of Pixel Data are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PixelCoding {
    Native,
    /// Fragments that hold native samples.
    EncapsulatedNative,
    /// Fragments that hold native samples, deflated frame by frame.
    DeflatedFrames,
    Rle,
    /// Every DCT and lossless JPEG process.
    Jpeg,
    JpegLs,
    Jpeg2000,
    JpegXl,
    /// Known by name, not decoded.
    Unsupported,
}

/// The Image Pixel module (PS3.3 C.7.6.3) as written, checked against itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelLayout {
    pub rows: u32,
    pub cols: u32,
    pub samples_per_pixel: u16,
    pub bits_allocated: u16,
    pub bits_stored: u16,
    pub high_bit: u16,
    pub is_signed: bool,
    pub color: ColorModel,
    pub is_planar: bool,
    pub kind: SampleKind,
    /// As declared.
    pub n_frames: u32,
}

impl PixelLayout {
    pub fn n_pixels(&self) -> usize {
        self.rows as usize * self.cols as usize
    }

    pub fn n_samples(&self) -> usize {
        self.n_pixels() * usize::from(self.samples_per_pixel)
    }
}

/// Photometric Interpretation as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColorModel {
    Monochrome1,
    Monochrome2,
    Palette,
    Rgb,
    YbrFull,
    YbrFull422,
    YbrPartial422,
    YbrPartial420,
    YbrIct,
    YbrRct,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SampleKind {
    Integer,
    Float,
    Double,
}
