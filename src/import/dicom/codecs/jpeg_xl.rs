//! JPEG XL (ISO/IEC 18181), lossless and lossy.

use jxl_oxide::JxlImage;

use crate::domain::stored_pixels::PixelLayout;
use crate::import::dicom::codecs::{Decoded, check, failed};
use crate::import::dicom::codestream::StreamInfo;
use crate::import::dicom::samples::Words;
use crate::import::error::ImportError;

pub fn decode(data: &[u8], layout: &PixelLayout) -> Result<Decoded, ImportError> {
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
    // Samples are fractions of the full range; f64 keeps 16 bits exact
    let peak = f64::from(u32::MAX >> (32 - u32::from(depth.clamp(1, 32))));
    let values = buffer.iter().map(|value| (f64::from(*value) * peak).round().clamp(0.0, peak));
    let words = match layout.bits_allocated {
        0..=8 => Words::U8(values.map(|value| value as u8).collect()),
        9..=16 => Words::U16(values.map(|value| value as u16).collect()),
        _ => Words::U32(values.map(|value| value as u32).collect()),
    };
    Ok(Decoded { words, precision: depth, is_signed: false, is_planar: false, is_rgb: true })
}
