//! One compressed frame through its decoder, after its header was compared with the object.

pub mod charls;
pub mod jpeg;
pub mod jpeg_2000;
pub mod jpeg_ls;
pub mod jpeg_xl;
pub mod openjpeg;
pub mod turbojpeg;

use std::borrow::Cow;

use crate::domain::stored_pixels::PixelLayout;
use crate::import::dicom::codecs::turbojpeg::Shape;
use crate::import::dicom::codestream::StreamInfo;
use crate::import::dicom::samples::Words;
use crate::import::error::ImportError;

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
