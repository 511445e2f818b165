//! What the size of a pixel means, and when there is none.

use overread::domain::geometry::SpacingKind;
use overread::import::reason;

use crate::import::synthetic::{Written, codes, element, only_instance, scan_all};

fn check(change: impl FnOnce(&mut Written), kind: SpacingKind, [row_mm, col_mm]: [f64; 2], notices: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let mut file = Written::ct("1.2.3.70");
    change(&mut file);
    let path = file.write(folder.path(), "a.dcm");
    let intake = scan_all(&path);
    let spacing = only_instance(&intake).spacing;
    assert_eq!(spacing.kind, kind);
    assert!((spacing.row_mm - row_mm).abs() < 1e-9 && (spacing.col_mm - col_mm).abs() < 1e-9, "{spacing:?}");
    assert_eq!(codes(&intake), notices);
}

fn radiograph(file: &mut Written) -> &mut Written {
    file.text(0x0008_0060, "CS", "DX").without(0x0028_0030).without(0x0020_0032).without(0x0020_0037)
}

#[test]
fn unusable_spacing_means_pixels() {
    for written in ["NaN\\NaN", "inf\\0.5", "0\\0.5", "-0.5\\0.5", "0.5", "0.5\\", "1e-300\\0.5", "1e300\\0.5"] {
        let change = |file: &mut Written| _ = file.text(0x0028_0030, "DS", written);
        check(change, SpacingKind::None, [1.0, 1.0], &[reason::SPACING_IGNORED]);
    }
    check(|file| _ = file.without(0x0028_0030), SpacingKind::None, [1.0, 1.0], &[]);
}

#[test]
fn a_radiograph_says_where_its_millimetres_are() {
    let imager = |file: &mut Written| _ = radiograph(file).text(0x0018_1164, "DS", "0.2\\0.1");
    check(imager, SpacingKind::Detector, [0.2, 0.1], &[reason::SPACING_DETECTOR]);
    let magnified = |file: &mut Written| {
        imager(file);
        file.text(0x0018_1114, "DS", "1.25");
    };
    check(magnified, SpacingKind::Magnified, [0.16, 0.08], &[]);
    let unlikely = |file: &mut Written| {
        imager(file);
        file.text(0x0018_1114, "DS", "0.5");
    };
    check(unlikely, SpacingKind::Detector, [0.2, 0.1], &[reason::SPACING_DETECTOR]);
    let differing = |file: &mut Written| {
        imager(file);
        file.text(0x0028_0030, "DS", "0.15\\0.15");
    };
    check(differing, SpacingKind::Projection, [0.15, 0.15], &[reason::SPACING_DETECTOR]);
    let calibrated = |file: &mut Written| {
        differing(file);
        file.text(0x0028_0A02, "CS", "FIDUCIAL");
    };
    check(calibrated, SpacingKind::Calibrated, [0.15, 0.15], &[]);
    let film = |file: &mut Written| _ = radiograph(file).text(0x0018_2010, "DS", "0.1\\0.1");
    check(film, SpacingKind::Detector, [0.1, 0.1], &[reason::SPACING_DETECTOR]);
}

/// One ultrasound region over the whole slice: spatial format, unit, and size of a pixel in that unit.
fn region(format: u16, unit: u16, delta: f64) -> Vec<u8> {
    let long = |tag, value: u32| element(tag, "UL", &value.to_le_bytes());
    let word = |tag, value: u16| element(tag, "US", &value.to_le_bytes());
    let double = |tag, value: f64| element(tag, "FD", &value.to_le_bytes());
    [
        word(0x0018_6012, format),
        long(0x0018_6018, 0),
        long(0x0018_601A, 0),
        long(0x0018_601C, 3),
        long(0x0018_601E, 2),
        word(0x0018_6024, unit),
        word(0x0018_6026, unit),
        double(0x0018_602C, delta),
        double(0x0018_602E, 2.0 * delta),
    ]
    .concat()
}

#[test]
fn ultrasound_is_measured_only_where_all_of_it_has_one_scale() {
    let us = |regions: Vec<Vec<u8>>| {
        move |file: &mut Written| {
            radiograph(file).text(0x0008_0060, "CS", "US").sequence(0x0018_6011, &regions);
        }
    };
    let tissue = || region(1, 3, 0.05);
    check(us(vec![tissue()]), SpacingKind::Region, [1.0, 0.5], &[]);
    check(us(vec![tissue(), tissue()]), SpacingKind::Region, [1.0, 0.5], &[]);
    let in_pixels = &[reason::SPACING_OF_REGIONS];
    // A spectrum beside it has no millimetres
    check(us(vec![tissue(), region(3, 4, 0.01)]), SpacingKind::Region, [1.0, 0.5], in_pixels);
    // Another scale, a unit of time, no size
    check(us(vec![tissue(), region(1, 3, 0.06)]), SpacingKind::None, [1.0, 1.0], in_pixels);
    check(us(vec![region(1, 4, 0.05)]), SpacingKind::None, [1.0, 1.0], in_pixels);
    check(us(vec![region(1, 3, f64::NAN)]), SpacingKind::None, [1.0, 1.0], in_pixels);
    check(us(vec![region(1, 3, 0.0)]), SpacingKind::None, [1.0, 1.0], in_pixels);
}

#[test]
fn an_aspect_ratio_is_height_to_width_in_whole_numbers() {
    let folder = tempfile::tempdir().unwrap();
    for (written, aspect, notices) in [("6\\5", 1.2, vec![]), ("0\\5", 1.0, vec![reason::SPACING_IGNORED])] {
        let mut file = Written::ct("1.2.3.71");
        file.without(0x0028_0030).text(0x0028_0034, "IS", written);
        let intake = scan_all(&file.write(folder.path(), "a.dcm"));
        assert!((only_instance(&intake).spacing.aspect - aspect).abs() < 1e-12);
        assert_eq!(codes(&intake), notices);
    }
}
