//! Codecs by themselves: what was written comes back to the value, what was cut is refused, what merely lacks its end
//! marker opens.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use overread::domain::frame::{Frame, Samples};
use overread::domain::instance::Instance;
use overread::domain::stored_pixels::{ColorModel, PixelCoding, PixelLayout, PixelPlace, SampleKind};
use overread::import::dicom::codecs::Shape;
use overread::import::dicom::codecs::turbojpeg::{self, Process};
use overread::import::dicom::codecs::{self, charls, rle};
use overread::import::dicom::samples::Words;
use overread::import::limits::Limits;
use overread::import::{ImportError, load_frame, load_preview};

use crate::import::corpus::{data, instances};
use crate::import::synthetic::scan_all;

const ROWS: u32 = 61;
const COLS: u32 = 83;

fn layout(n_components: u16, bits_stored: u16) -> PixelLayout {
    PixelLayout {
        rows: ROWS,
        cols: COLS,
        samples_per_pixel: n_components,
        bits_allocated: bits_stored.next_multiple_of(8),
        bits_stored,
        high_bit: bits_stored - 1,
        is_signed: false,
        color: if n_components == 3 { ColorModel::Rgb } else { ColorModel::Monochrome2 },
        is_planar: false,
        kind: SampleKind::Integer,
        n_frames: 1,
    }
}

fn shape(n_components: u16, precision: u16) -> Shape {
    Shape { rows: ROWS, cols: COLS, n_components, precision }
}

/// Smooth with some noise, over all bits.
fn words(n_components: u16, precision: u16) -> Words {
    let peak = (1_u32 << precision) - 1;
    let n = ROWS * COLS * u32::from(n_components);
    let value = |at: u32| (at * peak / n + at.wrapping_mul(2_654_435_761) % (peak / 8 + 1)).min(peak);
    match precision {
        0..=8 => Words::U8((0..n).map(|at| value(at) as u8).collect()),
        _ => Words::U16((0..n).map(|at| value(at) as u16).collect()),
    }
}

fn samples(words: &Words, n_components: u16) -> Samples {
    match (words.clone(), n_components) {
        (Words::U8(v), 1) => Samples::U8(v.into()),
        (Words::U8(v), _) => Samples::Rgb8(v.into()),
        (Words::U16(v), 1) => Samples::U16(v.into()),
        (Words::U16(v), _) => Samples::Rgb16(v.into()),
        (Words::U32(v), _) => Samples::U32(v.into()),
    }
}

fn decode(coding: PixelCoding, data: &[u8], layout: &PixelLayout) -> Result<Samples, ImportError> {
    codecs::decode(coding, data, layout, &Limits::default())
}

#[test]
fn lossless_jpeg_comes_back_at_every_depth() {
    for (n_components, precision) in (2..=16).map(|precision| (1, precision)).chain([(3, 8), (3, 12), (3, 16)]) {
        let words = words(n_components, precision);
        let stream = turbojpeg::encode(&words, shape(n_components, precision), Process::Lossless).unwrap();
        let decoded = decode(PixelCoding::Jpeg, &stream, &layout(n_components, precision)).unwrap();
        assert!(decoded == samples(&words, n_components), "{n_components} components of {precision} bits");
    }
}

#[test]
fn jpeg_ls_comes_back_at_every_depth() {
    for precision in 2..=16 {
        let words = words(1, precision);
        let stream = charls::encode(&words, shape(1, precision)).unwrap();
        assert!(decode(PixelCoding::JpegLs, &stream, &layout(1, precision)).unwrap() == samples(&words, 1));
    }
}

/// Grey streams by name, with their layouts.
fn streams() -> Vec<(&'static str, PixelCoding, PixelLayout, Vec<u8>)> {
    let jpeg = |precision, process| turbojpeg::encode(&words(1, precision), shape(1, precision), process).unwrap();
    let dct = Process::Dct { quality: 90 };
    let Words::U16(values) = words(1, 12) else { panic!("width") };
    let plane = |shift: u32| values.iter().map(|value| (value >> shift) as u8).collect();
    let color = turbojpeg::encode(&words(3, 8), shape(3, 8), dct).unwrap();
    vec![
        ("JPEG, 8 bits", PixelCoding::Jpeg, layout(1, 8), jpeg(8, dct)),
        ("JPEG, 12 bits", PixelCoding::Jpeg, layout(1, 12), jpeg(12, dct)),
        ("JPEG, color", PixelCoding::Jpeg, layout(3, 8), color),
        ("JPEG lossless", PixelCoding::Jpeg, layout(1, 12), jpeg(12, Process::Lossless)),
        ("JPEG-LS", PixelCoding::JpegLs, layout(1, 12), charls::encode(&words(1, 12), shape(1, 12)).unwrap()),
        ("RLE", PixelCoding::Rle, layout(1, 12), rle::encode(&[plane(8), plane(0)])),
    ]
}

#[test]
fn what_was_cut_is_not_shown_as_a_whole_picture() {
    for (name, coding, layout, stream) in streams() {
        assert!(decode(coding, &stream, &layout).is_ok(), "{name}");
        // The last bits may be padding that nothing is read from
        for n_bytes in (0..stream.len() - 8).step_by(7) {
            let decoded = decode(coding, &stream[..n_bytes], &layout);
            assert!(decoded.is_err(), "{name}, cut at {n_bytes} of {}", stream.len());
        }
    }
}

#[test]
fn an_end_marker_may_be_missing_and_bytes_may_trail() {
    for (name, coding, layout, stream) in streams() {
        let whole = decode(coding, &stream, &layout).unwrap();
        for tail in [&[0_u8][..], &[0, 0], &[0x20, 0x20]] {
            assert!(decode(coding, &[&stream, tail].concat(), &layout).unwrap() == whole, "{name} and {tail:?}");
        }
        if let Some(endless) = stream.strip_suffix(&[0xFF, 0xD9]) {
            assert!(decode(coding, endless, &layout).unwrap() == whole, "{name} without its end");
            assert!(
                decode(coding, &[endless, &[0]].concat(), &layout).unwrap() == whole,
                "{name}, padded, without its end"
            );
        }
    }
}

#[test]
fn a_picture_of_another_size_or_depth_is_refused() {
    for (name, coding, right, stream) in streams() {
        for wrong in [
            PixelLayout { rows: ROWS + 1, ..right.clone() },
            PixelLayout { cols: COLS - 1, rows: ROWS * 2, ..right.clone() },
            PixelLayout { samples_per_pixel: 4 - right.samples_per_pixel, color: ColorModel::YbrFull, ..right.clone() },
        ] {
            // Run lengths carry no size of their own: too few are an error, too many are not seen
            let may_open = coding == PixelCoding::Rle && wrong.n_samples() < right.n_samples();
            assert!(decode(coding, &stream, &wrong).is_err() || may_open, "{name} as {wrong:?}");
        }
    }
}

/// The bytes of one frame as they lie in the file.
fn codestream(instance: &Instance) -> Vec<u8> {
    let PixelPlace::Fragments(frames) = &instance.stored.as_ref().unwrap().place else { panic!("not compressed") };
    let file = std::fs::read(&instance.path).unwrap();
    let part = |start: u64, n: u64| file[start as usize..(start + n) as usize].to_vec();
    frames[0].iter().flat_map(|fragment| part(fragment.offset, fragment.n_bytes)).collect()
}

#[test]
fn jpeg_2000_that_was_cut_is_refused() {
    let Some(root) = data("conformance/wg04-and-others/WG04/J2KI") else { return };
    for name in ["CT1_J2KI", "MR1_J2KI", "VL1_J2KI"] {
        let intake = scan_all(&root.join(name));
        let instance = instances(&intake).next().unwrap();
        let layout = instance.stored.as_ref().unwrap().layout.clone();
        let stream = codestream(instance);
        let n_whole = stream.len() - stream.iter().rev().take_while(|byte| **byte == 0).count();
        for n_bytes in (0..n_whole - 2).step_by(n_whole / 40) {
            assert!(decode(PixelCoding::Jpeg2000, &stream[..n_bytes], &layout).is_err(), "{name} cut at {n_bytes}");
            let ended = [&stream[..n_bytes], &[0xFF, 0xD9]].concat();
            assert!(decode(PixelCoding::Jpeg2000, &ended, &layout).is_err(), "{name} cut at {n_bytes} and ended");
        }
        assert!(decode(PixelCoding::Jpeg2000, &stream[..n_whole - 2], &layout).is_ok(), "{name} without its end");
    }
}

fn frame(path: &Path) -> Option<Frame> {
    let intake = scan_all(path);
    let instance = instances(&intake).next()?;
    load_frame(instance, 0).ok()
}

/// NEMA's WG04 pictures come in several lossless syntaxes each; all must be the same picture.
#[test]
fn lossless_variants_of_one_picture_agree() {
    let Some(root) = data("conformance/wg04-and-others/WG04") else { return };
    let mut variants: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for syntax in ["RLE", "JPLL", "JLSL"] {
        for entry in std::fs::read_dir(root.join(syntax)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().split('_').next().unwrap().to_owned();
            variants.entry(name).or_default().push(path);
        }
    }
    let mut n_compared = 0;
    for (name, paths) in variants {
        let frames: Vec<Frame> = paths.iter().filter_map(|path| frame(path)).collect();
        assert_eq!(frames.len(), paths.len(), "{name}");
        assert!(frames.windows(2).all(|pair| pair[0].samples() == pair[1].samples()), "{name}");
        n_compared += frames.len() - 1;
    }
    assert!(n_compared >= 10);
}

#[test]
fn a_preview_is_made_of_large_jpeg_2000_only_and_is_near_the_frame() {
    let Some(root) = data("conformance") else { return };
    let mut n_previews = 0;
    for folder in ["wg04-and-others/WG04/J2KI", "wg04-and-others/WG04/JLSL"] {
        let intake = scan_all(&root.join(folder));
        for instance in instances(&intake) {
            let Some(preview) = load_preview(instance, 0).unwrap() else { continue };
            let whole = load_frame(instance, 0).unwrap();
            assert_eq!((preview.rows(), preview.cols()), (whole.rows(), whole.cols()));
            assert!(instance.pixels.rows * instance.pixels.cols > 4_000_000);
            let n = whole.samples().len();
            let sum = |frame: &Frame| -> f64 { (0..n).step_by(97).filter_map(|at| frame.samples().at(at)).sum() };
            let (fine, coarse) = (sum(&whole), sum(&preview));
            assert!((fine - coarse).abs() < 0.02 * fine.abs(), "{coarse} instead of {fine}");
            n_previews += 1;
        }
    }
    println!("{n_previews} previews");
}
