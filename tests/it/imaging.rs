//! From a frame and what its file says to gray levels, with values worked out by hand from PS3.3.

use std::path::PathBuf;
use std::sync::Arc;

use overread::domain::frame::{Frame, FrameKey, Samples};
use overread::domain::geometry::{ImagePlane, Spacing, Vec3};
use overread::domain::instance::{Acquisition, FrameAttributes, Instance, PixelDescription};
use overread::domain::presentation::{
    LookupTable, ModalityLut, Palette, Photometric, PixelPadding, ValueUnit, VoiFunction, VoiTransform, Window,
};
use overread::domain::series::Modality;
use overread::domain::uid::SopInstanceUid;
use overread::imaging::orientation::ViewOrientation;
use overread::imaging::presentation::{GreyPresentation, default_presentation, default_voi, file_inverts};
use overread::imaging::voi_lut::Voi;
use overread::imaging::{histogram, modality_lut, orientation, pipeline, presets};

/// An eight-bit MONOCHROME2 instance of one row, without any transform.
fn instance(cols: u32) -> Instance {
    let pixels = PixelDescription {
        rows: 1,
        cols,
        samples_per_pixel: 1,
        bits_allocated: 16,
        bits_stored: 16,
        high_bit: 15,
        is_signed: false,
        photometric: Photometric::Monochrome2,
        transfer_syntax: "1.2.840.10008.1.2.1".into(),
        lossy: None,
    };
    Instance {
        sop: SopInstanceUid::new("1.2.3"),
        written_sop: None,
        sop_class: "1.2.840.10008.5.1.4.1.1.7".into(),
        path: PathBuf::new(),
        number: Some(1),
        pixels,
        frames: vec![Arc::new(attributes(ModalityLut::Identity))],
        stored: None,
        palette: None,
        padding: None,
        regions: Vec::new(),
        overlays: Vec::new(),
        derivation: None,
        spacing: Spacing::UNKNOWN,
        patient_orientation: None,
        presentation_inverse: false,
        value_unit: ValueUnit::Unspecified,
        acquisition: Acquisition::default(),
        notices: Vec::new(),
    }
}

fn attributes(modality_lut: ModalityLut) -> FrameAttributes {
    FrameAttributes { plane: None, modality_lut, voi: Vec::new(), ..FrameAttributes::default() }
}

fn frame(samples: Samples) -> Frame {
    let cols = (samples.len() / samples.samples_per_pixel()) as u32;
    Frame::new(FrameKey { sop: SopInstanceUid::new("1.2.3"), index: 0, origin: 0 }, 1, cols, samples).unwrap()
}

fn window(center: f64, width: f64, invert: bool) -> GreyPresentation {
    GreyPresentation { voi: Voi::Window(Window::linear(center, width)), invert }
}

#[test]
fn hounsfield_units_through_an_abdominal_window_have_the_standards_gray_levels() {
    let lut = ModalityLut::Linear { slope: 1.0, intercept: -1024.0 };
    let instance = Instance { frames: vec![Arc::new(attributes(lut))], ..instance(5) };
    // HU −160, −159, 40, 239, 240 at 40/400. 40: (0.5/399 + 0.5)·255 = 127.82.
    let frame = frame(Samples::U16(vec![864, 865, 1064, 1263, 1264].into()));
    let levels = pipeline::grey_u8(&frame, &instance, 0, &window(40.0, 400.0, false));
    assert_eq!(levels, [0, 1, 128, 255, 255]);
    let inverted = pipeline::grey_u8(&frame, &instance, 0, &window(40.0, 400.0, true));
    assert_eq!(inverted, [255, 254, 127, 0, 0]);
    assert_eq!(modality_lut::modality_values(&frame, instance.frame(0).unwrap()), [-160.0, -159.0, 40.0, 239.0, 240.0]);
}

#[test]
fn every_sample_type_gives_the_same_levels_by_table_and_one_by_one() {
    let presentation = window(50.0, 101.0, false);
    let small: Vec<u8> = (0..100).collect();
    let expected = pipeline::grey_u8(&frame(Samples::U8(small.clone().into())), &instance(100), 0, &presentation);
    // (x − 49.5)/100 + 0.5 = (x + 0.5)/100
    assert_eq!(expected[..3], [1, 4, 6]);
    let check = |samples: Samples| {
        let frame = frame(samples);
        assert_eq!(pipeline::grey_u8(&frame, &instance(frame.cols()), 0, &presentation)[..100], expected[..]);
    };
    let wide = |n: usize| small.iter().copied().cycle().take(n);
    check(Samples::I8(small.iter().map(|x| *x as i8).collect()));
    check(Samples::U8(wide(300).collect()));
    check(Samples::I8(wide(300).map(|x| x as i8).collect()));
    check(Samples::U16(wide(70_000).map(u16::from).collect()));
    check(Samples::I16(wide(70_000).map(i16::from).collect()));
    check(Samples::I16(wide(100).map(i16::from).collect()));
    check(Samples::U32(wide(100).map(u32::from).collect()));
    check(Samples::I32(wide(100).map(i32::from).collect()));
    check(Samples::F32(wide(100).map(f32::from).collect()));
    check(Samples::F64(wide(100).map(f64::from).collect()));
}

#[test]
fn monochrome1_and_inverse_shape_invert_once_even_together() {
    let with = |photometric, presentation_inverse| {
        let mut instance = Instance { presentation_inverse, ..instance(2) };
        instance.pixels.photometric = photometric;
        instance.frames = vec![Arc::new(FrameAttributes {
            voi: vec![VoiTransform::Window { window: Window::linear(128.0, 256.0), explanation: String::new() }],
            ..attributes(ModalityLut::Identity)
        })];
        let frame = frame(Samples::U8(vec![0, 255].into()));
        pipeline::grey_u8(&frame, &instance, 0, &default_presentation(&instance, 0, &frame))
    };
    assert_eq!(with(Photometric::Monochrome2, false), [0, 255]);
    assert_eq!(with(Photometric::Monochrome1, false), [255, 0]);
    assert_eq!(with(Photometric::Monochrome2, true), [255, 0]);
    assert_eq!(with(Photometric::Monochrome1, true), [255, 0]);
    assert!(!file_inverts(&instance(1)));
}

#[test]
fn padding_is_black_even_inverted_and_does_not_move_the_automatic_window() {
    let padded = Instance { padding: Some(PixelPadding { low: -2000, high: -1999 }), ..instance(6) };
    let frame = frame(Samples::I16(vec![-2000, -1999, -1998, 0, 50, 100].into()));
    let levels = pipeline::grey_u8(&frame, &padded, 0, &window(50.5, 101.0, true));
    assert_eq!(levels, [0, 0, 255, 255, 128, 0]);
    let attrs = padded.frame(0).unwrap();
    let full = histogram::full_range_window(&frame, attrs, padded.padding);
    // Black at −1998, white at 100.
    assert_eq!((full.center, full.width, full.function), (-948.5, 2099.0, VoiFunction::Linear));
    assert_eq!(histogram::value_range(&frame, attrs), (-2000.0, 100.0));
}

#[test]
fn the_automatic_window_runs_from_the_half_percentile_to_its_mirror() {
    let frame = frame(Samples::U16((0..=1000).collect()));
    let auto = histogram::auto_window(&frame, &attributes(ModalityLut::Identity), None);
    assert_eq!((auto.center, auto.width), (500.5, 991.0));
    assert_eq!(default_voi(&instance(1001), 0, &frame), Voi::Window(auto));
    // numpy.percentile([1, 2, 3, 4, 10], [0.5, 99.5]) is [1.02, 9.88]
    let values = Samples::F64(vec![10.0, f64::NAN, 3.0, 1.0, f64::INFINITY, 2.0, 4.0].into());
    let frame = self::frame(values);
    let attrs = attributes(ModalityLut::Identity);
    let (low, high) = histogram::percentiles(&frame, &attrs, None, 0.5, 99.5).unwrap();
    assert!((low - 1.02).abs() < 1e-12 && (high - 9.88).abs() < 1e-12);
    assert_eq!(histogram::auto_window(&frame, &attrs, None).function, VoiFunction::LinearExact);
}

#[test]
fn a_picture_without_a_spread_or_without_numbers_still_has_a_window() {
    let attrs = attributes(ModalityLut::Identity);
    let flat = histogram::auto_window(&frame(Samples::U8(vec![7; 9].into())), &attrs, None);
    assert_eq!((flat.center, flat.width), (7.5, 1.0));
    let no_numbers = frame(Samples::F32(vec![f32::NAN; 4].into()));
    let window = histogram::auto_window(&no_numbers, &attrs, None);
    assert!(window.width >= 1.0 && window.center.is_finite());
    let presentation = GreyPresentation { voi: Voi::Window(window), invert: true };
    assert_eq!(pipeline::grey_u8(&no_numbers, &instance(4), 0, &presentation), [0; 4]);
    assert_eq!(histogram::value_range(&no_numbers, &attrs), (0.0, 0.0));
}

#[test]
fn a_voi_table_of_the_file_comes_first_when_the_file_lists_it_first() {
    let table =
        Arc::new(LookupTable { first_mapped: 0, entries: vec![0, 64, 255], bits: 8, explanation: String::new() });
    let window = VoiTransform::Window { window: Window::linear(1.0, 2.0), explanation: String::new() };
    let attrs = FrameAttributes {
        voi: vec![VoiTransform::Table(Arc::clone(&table)), window],
        ..attributes(ModalityLut::Identity)
    };
    let instance = Instance { frames: vec![Arc::new(attrs)], ..instance(4) };
    let frame = frame(Samples::U8(vec![0, 1, 2, 3].into()));
    let presentation = default_presentation(&instance, 0, &frame);
    assert_eq!(presentation.voi, Voi::Table(table));
    assert_eq!(pipeline::grey_u8(&frame, &instance, 0, &presentation), [0, 64, 255, 255]);
}

#[test]
fn color_keeps_its_colors_whatever_the_window_says() {
    let presentation = window(0.0, 1.0, true);
    let rgb = frame(Samples::Rgb8(vec![10, 20, 30, 255, 0, 128].into()));
    assert_eq!(pipeline::rgb_u8(&rgb, &instance(2), 0, &presentation), [[10, 20, 30], [255, 0, 128]]);
    let mut twelve_bits = instance(1);
    twelve_bits.pixels.bits_stored = 12;
    let rgb = frame(Samples::Rgb16(vec![0, 2048, 4095].into()));
    assert_eq!(pipeline::rgb_u8(&rgb, &twelve_bits, 0, &presentation), [[0, 128, 255]]);
    let palette = Palette { first_mapped: 1, entries: vec![[0, 0x8000, 0xFF00], [0xFFFF, 0x1234, 0]] };
    let indexed = Instance { palette: Some(Arc::new(palette)), ..instance(3) };
    let indices = frame(Samples::U8(vec![0, 1, 200].into()));
    let expected = [[0, 0x80, 0xFF], [0, 0x80, 0xFF], [0xFF, 0x12, 0]];
    assert_eq!(pipeline::rgb_u8(&indices, &indexed, 0, &presentation), expected);
    let gray = frame(Samples::U8(vec![3].into()));
    assert_eq!(pipeline::rgb_u8(&gray, &instance(1), 0, &window(128.0, 256.0, false)), [[3; 3]]);
}

#[test]
fn presets_are_for_ct_in_hounsfield_units_only() {
    let ct = Modality("CT".into());
    let with = |value_unit, sop_class: &str| Instance { value_unit, sop_class: sop_class.into(), ..instance(1) };
    let ct_image = "1.2.840.10008.5.1.4.1.1.2";
    assert!(presets::presets_apply(&ct, &with(ValueUnit::Hounsfield, "")));
    assert!(presets::presets_apply(&ct, &with(ValueUnit::Unspecified, ct_image)));
    assert!(!presets::presets_apply(&ct, &with(ValueUnit::Named("US".into()), ct_image)));
    assert!(!presets::presets_apply(&ct, &instance(1)));
    assert!(!presets::presets_apply(&Modality("MR".into()), &with(ValueUnit::Hounsfield, ct_image)));
}

#[test]
fn letters_come_from_the_plane_then_from_patient_orientation_then_from_nothing() {
    let upright = ViewOrientation::default();
    assert_eq!(orientation::letters(&instance(1), 0, &upright), None);
    let projection = Instance { patient_orientation: Some(["L".into(), "F".into()]), ..instance(1) };
    assert_eq!(orientation::letters(&projection, 0, &upright).unwrap().right, "L");
    let plane =
        ImagePlane { position_mm: Vec3([0.0; 3]), row_dir: Vec3([0.0, 1.0, 0.0]), col_dir: Vec3([0.0, 0.0, -1.0]) };
    let attrs = FrameAttributes { plane: Some(plane), ..attributes(ModalityLut::Identity) };
    let sagittal = Instance { frames: vec![Arc::new(attrs)], ..projection };
    assert_eq!(orientation::letters(&sagittal, 0, &upright).unwrap().right, "P");
}
