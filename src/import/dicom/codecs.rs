//! One compressed frame through its decoder, after its header was compared with the object.

use jpeg_decoder::ColorTransform;
use jxl_oxide::JxlImage;

use crate::domain::stored_pixels::{ColorModel, PixelLayout};
use crate::import::dicom::codestream::{self, StreamInfo};
use crate::import::dicom::jpeg_extended;
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

/// A codestream that was stored without its end marker gets it back: decoders wait for it.
fn with_end(data: &[u8]) -> Vec<u8> {
    let mut bytes = data.to_vec();
    let n_padding = bytes.iter().rev().take(2).take_while(|byte| **byte == 0).count();
    let unpadded = bytes.get(..bytes.len() - n_padding).unwrap_or_default();
    if !unpadded.ends_with(&[0xFF, 0xD9]) {
        bytes.extend([0xFF, 0xD9]);
    }
    bytes
}

/// The stream without zero bytes before its end marker, which some encoders left there; `None` when it has none.
fn without_padding(data: &[u8]) -> Option<Vec<u8>> {
    let end = data.windows(2).rposition(|pair| pair == [0xFF, 0xD9])?;
    let scan = data.get(..end)?;
    let n_zeros = scan.iter().rev().take_while(|byte| **byte == 0).count();
    (n_zeros > 0).then(|| [scan.get(..end - n_zeros).unwrap_or_default(), &[0xFF, 0xD9]].concat())
}

pub fn jpeg(data: &[u8], layout: &PixelLayout) -> Result<Decoded, ImportError> {
    let info = codestream::jpeg(data)?;
    check(&info, layout)?;
    let is_lossless = info.process == 0xC3;
    if !matches!(info.process, 0xC0..=0xC3) {
        return Err(ImportError::UnsupportedTransferSyntax("Arithmetic or hierarchical JPEG"));
    }
    // Every sample (lossless) or block of 64 (DCT) costs at least one bit: what promises more is a bomb
    let n_codes = if is_lossless { layout.n_samples() } else { layout.n_pixels() / 64 };
    if n_codes > data.len().saturating_mul(8) {
        return Err(failed("the stream is too short for its picture"));
    }
    let bytes = with_end(data);
    if !is_lossless && info.precision == 12 {
        let decoded = jpeg_extended::decode(&bytes).map_err(|_| failed("the 12-bit JPEG stream is damaged"))?;
        let is_rgb = layout.color == ColorModel::Rgb;
        return Ok(Decoded { words: Words::U16(decoded), precision: 12, is_signed: false, is_planar: false, is_rgb });
    }
    let mut decoder = jpeg_decoder::Decoder::new(bytes.as_slice());
    let is_ybr = !is_lossless && info.n_components == 3 && is_ybr_inside(&info, layout.color);
    if info.n_components == 3 {
        decoder.set_color_transform(if is_ybr { ColorTransform::YCbCr } else { ColorTransform::RGB });
    }
    let pixels = decoder.decode().map_err(failed)?;
    let words = match info.precision {
        0..=8 => Words::U8(pixels),
        _ => Words::U16(pixels.as_chunks::<2>().0.iter().map(|pair| u16::from_ne_bytes(*pair)).collect()),
    };
    let is_rgb = !is_lossless || layout.color == ColorModel::Rgb;
    Ok(Decoded { words, precision: info.precision, is_signed: false, is_planar: false, is_rgb })
}

/// Whether three DCT components are Y, Cb, Cr: the photometric interpretation decides, unless the stream itself is plain.
fn is_ybr_inside(info: &StreamInfo, color: ColorModel) -> bool {
    if info.component_ids == *b"RGB" || info.adobe_transform == Some(0) {
        return false;
    }
    color != ColorModel::Rgb || info.has_jfif || info.adobe_transform == Some(1)
}

pub fn jpeg_ls(data: &[u8], layout: &PixelLayout) -> Result<Decoded, ImportError> {
    let info = codestream::jpeg(data)?;
    check(&info, layout)?;
    let data = with_end(data);
    let decode = |data: &[u8]| charls::CharLS::default().decode(data).map_err(failed);
    let bytes = decode(&data).or_else(|error| decode(&without_padding(&data).ok_or(error)?))?;
    let words = match info.precision {
        0..=8 => Words::U8(bytes),
        _ => Words::U16(bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_ne_bytes(*pair)).collect()),
    };
    let is_planar = info.n_components == 3 && info.interleave == 0;
    Ok(Decoded {
        words,
        precision: info.precision,
        is_signed: false,
        is_planar,
        is_rgb: layout.color == ColorModel::Rgb,
    })
}

pub fn jpeg_2000(data: &[u8], layout: &PixelLayout) -> Result<Decoded, ImportError> {
    let info = codestream::jpeg_2000(data)?;
    check(&info, layout)?;
    let parameters = jpeg2k::DecodeParameters::new().strict(true).ignore_pclr_cmap_cdef();
    let image = jpeg2k::Image::from_bytes_with(data, parameters).map_err(failed)?;
    let components = image.components();
    let n = components.len();
    if n != usize::from(layout.samples_per_pixel) {
        return Err(ImportError::CodestreamMismatch(format!("{n} components came out")));
    }
    let mut values = vec![0; layout.n_samples()];
    for (index, component) in components.iter().enumerate() {
        if component.data().len() != layout.n_pixels() {
            return Err(ImportError::CodestreamMismatch("a component has another size".to_owned()));
        }
        let places = values.iter_mut().skip(index).step_by(n);
        places.zip(component.data()).for_each(|(place, value)| *place = value.cast_unsigned());
    }
    let is_rgb = info.has_component_transform || !is_plain_ybr(layout.color);
    let words = Words::U32(values);
    Ok(Decoded { words, precision: info.precision, is_signed: info.is_signed, is_planar: false, is_rgb })
}

/// YBR whose transform is the object's, not the codestream's.
fn is_plain_ybr(color: ColorModel) -> bool {
    use ColorModel::{YbrFull, YbrFull422, YbrPartial420, YbrPartial422};
    matches!(color, YbrFull | YbrFull422 | YbrPartial420 | YbrPartial422)
}

pub fn jpeg_xl(data: &[u8], layout: &PixelLayout) -> Result<Decoded, ImportError> {
    let image = JxlImage::builder().read(data).map_err(failed)?;
    let depth = u16::try_from(image.image_header().metadata.bit_depth.bits_per_sample()).unwrap_or(u16::MAX);
    let n_components = u16::try_from(image.pixel_format().channels()).unwrap_or(u16::MAX);
    let info = StreamInfo {
        rows: image.height(),
        cols: image.width(),
        n_components,
        precision: depth,
        ..StreamInfo::default()
    };
    check(&info, layout)?;
    let render = image.render_frame(0).map_err(failed)?;
    let mut stream = render.stream_no_alpha();
    let mut buffer = vec![0_f32; layout.n_samples()];
    if stream.write_to_buffer(&mut buffer) != buffer.len() {
        return Err(ImportError::CodestreamMismatch("too few samples came out".to_owned()));
    }
    let peak = f64::from(u32::MAX >> (32 - u32::from(depth.clamp(1, 32))));
    // Samples are fractions of the full range; f64 keeps 16 bits exact
    let values = buffer.iter().map(|value| (f64::from(*value) * peak).round().clamp(0.0, peak) as u32).collect();
    Ok(Decoded { words: Words::U32(values), precision: depth, is_signed: false, is_planar: false, is_rgb: true })
}
