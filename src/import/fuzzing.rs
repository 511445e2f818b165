//! The doors that fuzzers knock at: each takes any bytes and must come back, whatever they are.
//!
//! Not for the program: it reads files by `scan` and `load_frame`.

use std::path::Path;

use dicom_core::VR;

use crate::domain::frame::Samples;
use crate::domain::stored_pixels::{ColorModel, FileStamp, PixelCoding, PixelLayout, SampleKind};
use crate::import::dicom::dataset::{Coding, View};
use crate::import::dicom::file::{DicomFile, FIRST_READ};
use crate::import::dicom::source::Source;
use crate::import::dicom::text::Charset;
use crate::import::dicom::{attributes, codecs, dicomdir, pixel_data};
use crate::import::guard::{self, Input, Until};
use crate::import::limits::Limits;
use crate::import::recognize;

/// Small, so that a fuzzer that finds the way to a large allocation is told by its own cap.
pub const LIMITS: Limits = Limits {
    max_nesting: 64,
    max_items: 10_000,
    max_elements: 100_000,
    max_header_bytes: 8 << 20,
    max_meta_bytes: 64 << 10,
    min_inflated_bytes: 1 << 20,
    max_inflated_bytes: 16 << 20,
    max_frame_bytes: 16 << 20,
    max_codestream_bytes: 8 << 20,
    max_frames: 10_000,
    max_fragments: 100_000,
    max_folder_depth: 4,
    max_files: 100,
};

/// Kind of file, start of the data set, and the structure check in every layout.
pub fn guard(bytes: &[u8]) {
    recognize::file_kind(bytes);
    recognize::dicom_start(bytes, &mut Vec::new());
    let input = Input { bytes, n_total: bytes.len() as u64, start: 0 };
    for coding in [Coding::EXPLICIT_LE, Coding::IMPLICIT_LE, Coding::EXPLICIT_BE] {
        for until in [Until::PixelData, Until::EndOfMeta] {
            let Ok(scanned) = guard::scan(input, coding, until, &LIMITS) else { continue };
            let view = View { bytes, set: &scanned.set, charset: Charset::default() };
            for element in &scanned.set.elements {
                let tag = element.tag.tag();
                std::hint::black_box((view.text(tag), view.numbers(tag), view.codes(tag), view.items(tag).len()));
            }
        }
    }
}

fn open(bytes: &[u8]) -> Option<DicomFile> {
    let stamp = FileStamp { n_bytes: bytes.len() as u64, modified_ns: 0 };
    let source = Source::Memory { bytes: bytes.to_vec(), stamp };
    let head = source.head(FIRST_READ).ok()?;
    DicomFile::read(source, head, &LIMITS).ok()
}

/// A whole file: opened, described, its first and last frame decoded.
pub fn open_decode(bytes: &[u8]) {
    let Some(file) = open(bytes) else { return };
    let Ok(object) = attributes::image_object(Path::new("fuzz"), &file, &LIMITS) else { return };
    let Some(stored) = &object.instance.stored else { return };
    let n_frames = object.instance.n_frames();
    assert!(n_frames > 0, "an image without a frame was opened");
    for frame in [0, n_frames - 1] {
        if let Ok(samples) = pixel_data::load(&file.source, stored, frame, &LIMITS) {
            let pixels = &object.instance.pixels;
            check_size(&samples, pixels.rows as usize * pixels.cols as usize);
        }
    }
}

/// An index of files; what it names is looked for in a folder that is not there.
pub fn dicomdir(bytes: &[u8]) {
    let Some(file) = open(bytes) else { return };
    for reference in dicomdir::references(Path::new("/nonexistent/fuzz/DICOMDIR"), &file) {
        assert!(reference.is_err() || reference.is_ok_and(|path| path.starts_with("/nonexistent/fuzz")));
    }
}

/// Terms of Specific Character Set up to the first NUL, then a text.
pub fn charset(bytes: &[u8]) {
    let at = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (terms, text) = bytes.split_at(at);
    let terms: Vec<String> = String::from_utf8_lossy(terms).split('\\').map(str::to_owned).collect();
    let (charset, _) = Charset::from_codes(&terms);
    for vr in [VR::PN, VR::LO, VR::UT] {
        assert!(!charset.decode(text, vr).contains(char::is_control), "a control character came through");
    }
}

/// Ten bytes of description, then one compressed frame.
pub fn codec(coding: PixelCoding, bytes: &[u8]) {
    let Some(([rows, cols, more_rows, flags, allocated, stored, color, ..], data)) = bytes.split_first_chunk::<10>()
    else {
        return;
    };
    let color = match color % 6 {
        0 | 1 => ColorModel::Monochrome2,
        2 => ColorModel::Rgb,
        3 => ColorModel::YbrFull,
        4 => ColorModel::YbrFull422,
        _ => ColorModel::Palette,
    };
    let is_color = !matches!(color, ColorModel::Monochrome2 | ColorModel::Palette);
    let bits_allocated =
        if is_color { [8, 16][usize::from(allocated % 2)] } else { [8, 16, 32, 1][usize::from(allocated % 4)] };
    let bits_stored = u16::from(*stored) % bits_allocated + 1;
    let layout = PixelLayout {
        rows: u32::from(*rows).max(1) + u32::from(more_rows & 7) * 256,
        cols: u32::from(*cols).max(1) + u32::from(more_rows >> 4 & 7) * 256,
        samples_per_pixel: if is_color { 3 } else { 1 },
        bits_allocated,
        bits_stored,
        high_bit: bits_stored - 1,
        is_signed: flags & 1 == 1 && !is_color,
        color,
        is_planar: flags & 2 == 2 && is_color,
        kind: SampleKind::Integer,
        n_frames: 1,
    };
    if let Ok(samples) = codecs::decode(coding, data, &layout, &LIMITS) {
        check_size(&samples, layout.n_pixels());
    }
    if let Ok(Some(samples)) = codecs::preview(coding, data, &layout) {
        assert!(samples.len() <= layout.n_samples(), "a preview is larger than its frame");
    }
}

fn check_size(samples: &Samples, n_pixels: usize) {
    let n_components = if samples.is_color() { 3 } else { 1 };
    assert_eq!(samples.len(), n_pixels * n_components, "a frame of another size came out");
}
