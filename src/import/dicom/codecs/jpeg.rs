//! Every JPEG process of ITU-T T.81 that is in use: DCT of 8 and 12 bits, sequential and progressive, Huffman and
//! arithmetic; lossless of 2 to 16 bits.

use std::borrow::Cow;

use crate::domain::stored_pixels::{ColorModel, PixelLayout};
use crate::import::dicom::codecs::{Decoded, check, failed, shape, with_end};
use crate::import::dicom::codecs::{Fault, turbojpeg};
use crate::import::dicom::codestream::{self, StreamInfo};
use crate::import::error::ImportError;

pub fn decode(data: &[u8], layout: &PixelLayout) -> Result<Decoded, ImportError> {
    let info = codestream::jpeg(data)?;
    check(&info, layout)?;
    let is_lossless = info.process == 0xC3;
    let is_arithmetic = matches!(info.process, 0xC9 | 0xCA);
    if !matches!(info.process, 0xC0..=0xC3 | 0xC9 | 0xCA) {
        return Err(ImportError::UnsupportedTransferSyntax("Hierarchical JPEG"));
    }
    // Every sample (lossless) or block of 64 (DCT) costs at least one bit of Huffman code: what promises more is a bomb
    let n_codes = if is_lossless { layout.n_samples() } else { layout.n_pixels() / 64 };
    if !is_arithmetic && n_codes > data.len().saturating_mul(8) {
        return Err(failed("the stream is too short for its picture"));
    }
    // The library would make do with tables of its own, and perhaps show another picture
    let has_codes = codestream::jpeg_segments(data, info.scan_at).iter().any(|(marker, _)| *marker == 0xC4);
    if !is_arithmetic && !has_codes {
        return Err(failed("the stream has no Huffman tables"));
    }
    let is_ybr = !is_lossless && info.n_components == 3 && is_ybr_inside(&info, layout.color);
    let transform = (info.n_components == 3).then_some(is_ybr);
    let has_wrong_scan = matches!(info.process, 0xC0 | 0xC1 | 0xC9) && info.scan_parameters != SEQUENTIAL_SCAN;
    let stream = match transform.is_some() || has_wrong_scan {
        true => Cow::Owned(rewritten(data, &info, transform)?),
        false => with_end(data),
    };
    let is_in_many_scans = matches!(info.process, 0xC2 | 0xCA) || info.n_scan_components < info.n_components;
    if is_in_many_scans && !codestream::has_all_scans(data, &info) {
        return Err(failed("the stream is cut short: scans are missing"));
    }
    let words = turbojpeg::decode(&stream, shape(&info), is_harmless).map_err(|Fault(text)| failed(text))?;
    let is_rgb = !is_lossless || layout.color == ColorModel::Rgb;
    Ok(Decoded { words, precision: info.precision, is_signed: false, is_planar: false, is_rgb })
}

/// Surplus bytes before the end marker are padding; every other warning means that samples were made up.
fn is_harmless(warning: &str) -> bool {
    warning.contains("extraneous bytes before marker 0xd9")
}

/// Whether three DCT components are Y, Cb, Cr: the photometric interpretation decides, unless the stream itself is plain.
fn is_ybr_inside(info: &StreamInfo, color: ColorModel) -> bool {
    if info.component_ids == *b"RGB" || info.adobe_transform == Some(0) {
        return false;
    }
    color != ColorModel::Rgb || info.has_jfif || info.adobe_transform == Some(1)
}

/// Spectral selection and approximation of a sequential scan (T.81 B.2.3); encoders have left zeros here.
const SEQUENTIAL_SCAN: [u8; 3] = [0, 63, 0];

/// The stream with one application segment at most, Adobe's, which tells the library what three components are, and
/// with the scan parameters that a sequential picture must have.
fn rewritten(data: &[u8], info: &StreamInfo, is_ybr: Option<bool>) -> Result<Vec<u8>, ImportError> {
    let mut out = Vec::with_capacity(data.len() + 24);
    out.extend([0xFF, 0xD8]);
    if let Some(is_ybr) = is_ybr {
        out.extend(*b"\xFF\xEE\0\x0EAdobe\0\x64\0\0\0\0");
        out.push(u8::from(is_ybr));
    }
    for (marker, segment) in codestream::jpeg_segments(data, info.scan_at) {
        if !matches!(marker, 0xE0..=0xEF | 0xFE) {
            out.extend_from_slice(segment);
        }
    }
    let scan = data.get(info.scan_at..).ok_or_else(|| failed("the stream has no scan"))?;
    let parameters_at = out.len() + 5 + 2 * usize::from(info.n_scan_components);
    out.extend_from_slice(&with_end(scan));
    if matches!(info.process, 0xC0 | 0xC1 | 0xC9)
        && let Some(parameters) = out.get_mut(parameters_at..parameters_at + 3)
    {
        parameters.copy_from_slice(&SEQUENTIAL_SCAN);
    }
    Ok(out)
}
