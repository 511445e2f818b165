//! What a network sees: the training code's own numbers, from stored values alone.

use std::fs;
use std::sync::Arc;

use overread::domain::frame::Samples;
use overread::domain::instance::{FrameAttributes, Instance};
use overread::domain::presentation::{
    LookupTable, ModalityLut, Palette, Photometric, PixelPadding, VoiTransform, Window,
};
use overread::inference::error::InferenceError;
use overread::inference::letterbox::Letterbox;
use overread::inference::model_card::{InputSpec, Intensity};
use overread::inference::preprocess::{percentile, prepare};

use crate::inference::{cases, frame, instance, tiny, waves};

fn input(rows: usize, cols: usize) -> InputSpec {
    let intensity = Intensity::Percentile { low: 0.5, high: 99.5 };
    InputSpec { rows, cols, intensity, ..tiny("unet").card().input.clone() }
}

/// The data of a version 1 `.npy` file in C order.
fn npy_data(name: &str) -> Vec<u8> {
    let bytes = fs::read(cases().join("preprocess").join(name)).unwrap();
    let n_header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert!(String::from_utf8_lossy(&bytes[10..10 + n_header]).contains("'fortran_order': False"));
    bytes[10 + n_header..].to_vec()
}

#[test]
fn preprocessing_gives_what_the_training_code_gives() {
    let stored = npy_data("input.npy").chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
    let expected: Vec<f32> =
        npy_data("expected.npy").chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let picture = instance(61, 83, Photometric::Monochrome2);
    let prepared = prepare(&input(32, 32), &picture, &frame(61, 83, Samples::U16(stored))).unwrap();
    assert_eq!(prepared.values.len(), expected.len());
    for (found, expected) in prepared.values.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }
}

#[test]
fn percentiles_are_numpys() {
    // numpy.percentile([3, 1, 4, 1, 5, 9, 2, 6], [0, 0.5, 37, 50, 99.5, 100])
    let mut values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
    for (percent, expected) in [(0.0, 1.0), (0.5, 1.0), (37.0, 2.59), (50.0, 3.5), (99.5, 8.895), (100.0, 9.0)] {
        let found = percentile(&mut values, percent).unwrap();
        assert!((found - expected).abs() < 1e-9, "{percent}: {found}");
    }
    assert_eq!(percentile(&mut [], 50.0), None);
}

#[test]
fn a_letterbox_keeps_the_shape_and_knows_its_way_back() {
    let letterbox = Letterbox::new(400, 200, &input(64, 32)).unwrap();
    assert_eq!((letterbox.top, letterbox.left, letterbox.height, letterbox.width), (0, 0, 64, 32));
    let letterbox = Letterbox::new(100, 301, &input(64, 64)).unwrap();
    assert_eq!((letterbox.top, letterbox.left, letterbox.height, letterbox.width), (21, 0, 21, 64));
    let map = letterbox.map_from_source();
    // The outer edges of source and picture coincide.
    assert!((map.scale_y * -0.5 + map.offset_y - 20.5).abs() < 1e-12);
    assert!((map.scale_y * 99.5 + map.offset_y - 41.5).abs() < 1e-12);
    assert!((map.scale_x * 300.5 + map.offset_x - 63.5).abs() < 1e-12);
}

fn prepared(picture: &Instance, samples: Samples) -> Vec<f32> {
    prepare(&input(32, 24), picture, &frame(48, 40, samples)).unwrap().values
}

fn assert_close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    let apart = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart < 1e-4, "{apart}");
}

#[test]
fn what_the_network_sees_does_not_depend_on_the_screen() {
    let stored = || Samples::U16(waves(48, 40).into());
    let plain = prepared(&instance(48, 40, Photometric::Monochrome2), stored());
    let mut windowed = instance(48, 40, Photometric::Monochrome2);
    windowed.frames = vec![Arc::new(FrameAttributes {
        plane: None,
        modality_lut: ModalityLut::Identity,
        voi: vec![VoiTransform::Window { window: Window::linear(5.0, 2.0), explanation: "odd".into() }],
        ..FrameAttributes::default()
    })];
    assert_eq!(prepared(&windowed, stored()), plain);
}

#[test]
fn dense_is_bright_however_the_file_says_it() {
    let stored = waves(48, 40);
    let plain = prepared(&instance(48, 40, Photometric::Monochrome2), Samples::U16(stored.clone().into()));
    let negative: Vec<u16> = stored.iter().map(|value| 4000 - value).collect();
    let mut inverse = instance(48, 40, Photometric::Monochrome1);
    assert_close(&prepared(&inverse, Samples::U16(negative.clone().into())), &plain);
    // A DX image says both; that is one inversion, not two.
    inverse.presentation_inverse = true;
    assert_close(&prepared(&inverse, Samples::U16(negative.clone().into())), &plain);
    let mut monochrome2 = instance(48, 40, Photometric::Monochrome2);
    monochrome2.presentation_inverse = true;
    assert_close(&prepared(&monochrome2, Samples::U16(negative.clone().into())), &plain);
    // A falling modality LUT turns the picture before anything else.
    let mut falling = instance(48, 40, Photometric::Monochrome2);
    let modality_lut = ModalityLut::Linear { slope: -0.5, intercept: 7.0 };
    falling.frames =
        vec![Arc::new(FrameAttributes { plane: None, modality_lut, voi: vec![], ..FrameAttributes::default() })];
    assert_close(&prepared(&falling, Samples::U16(negative.clone().into())), &plain);
    let table =
        LookupTable { first_mapped: 0, entries: (0..=4000).rev().collect(), bits: 16, explanation: String::new() };
    let modality_lut = ModalityLut::Table(Arc::new(table));
    falling.frames =
        vec![Arc::new(FrameAttributes { plane: None, modality_lut, voi: vec![], ..FrameAttributes::default() })];
    assert_close(&prepared(&falling, Samples::U16(negative.into())), &plain);
}

#[test]
fn padding_neither_sets_the_percentiles_nor_shows() {
    let mut stored = waves(48, 40);
    for (i, value) in stored.iter_mut().enumerate() {
        if i % 40 < 6 {
            *value = 65000;
        }
    }
    let mut picture = instance(48, 40, Photometric::Monochrome2);
    picture.padding = Some(PixelPadding { low: 64000, high: 65535 });
    let values = prepared(&picture, Samples::U16(stored.clone().into()));
    let black = (0.0 - 0.5) / 0.25;
    let row = &values[16 * 24..17 * 24];
    assert!((row[1] - black).abs() < 1e-6, "{row:?}");
    // Without padding the bright band would leave next to nothing of the picture.
    assert!(row.iter().any(|value| *value > 1.0), "{row:?}");
    picture.padding = Some(PixelPadding { low: 0, high: 65535 });
    let error = prepare(&input(32, 24), &picture, &frame(48, 40, Samples::U16(stored.into()))).unwrap_err();
    assert!(matches!(error, InferenceError::Image { .. }), "{error}");
}

#[test]
fn color_is_read_by_its_luminance_and_says_so() {
    let gray = waves(48, 40);
    let plain = prepared(&instance(48, 40, Photometric::Monochrome2), Samples::U16(gray.clone().into()));
    let rgb = gray.iter().flat_map(|value| [*value; 3]).collect();
    let picture = instance(48, 40, Photometric::Rgb);
    let colored = prepare(&input(32, 24), &picture, &frame(48, 40, Samples::Rgb16(rgb))).unwrap();
    assert_close(&colored.values, &plain);
    assert_eq!(colored.notices[0].code, "color_luminance");
    let mut palette = instance(48, 40, Photometric::PaletteColor);
    palette.palette = Some(Arc::new(Palette { first_mapped: 0, entries: (0..4000).map(|i| [i; 3]).collect() }));
    let indexed = prepare(&input(32, 24), &palette, &frame(48, 40, Samples::U16(gray.into()))).unwrap();
    assert_close(&indexed.values, &plain);
    assert_eq!(indexed.notices[0].code, "color_luminance");
}

#[test]
fn a_picture_that_says_nothing_is_refused() {
    let picture = instance(48, 40, Photometric::Monochrome2);
    let flat = prepare(&input(32, 24), &picture, &frame(48, 40, Samples::U16(vec![7; 48 * 40].into()))).unwrap_err();
    assert_eq!(flat.to_string(), "the image cannot be analyzed: it has no contrast");
    let mut values = vec![1.0; 48 * 40];
    values[5] = f32::NAN;
    let broken = prepare(&input(32, 24), &picture, &frame(48, 40, Samples::F32(values.into()))).unwrap_err();
    assert_eq!(broken, InferenceError::NotFinite { stage: "the image" });
    let other = instance(40, 48, Photometric::Monochrome2);
    assert!(prepare(&input(32, 24), &other, &frame(48, 40, Samples::U16(waves(48, 40).into()))).is_err());
}
