//! Broken and hostile files: refused by name or opened with a word of warning, never a crash.

pub mod case;
mod files;
pub mod harness;
mod index;
mod memory;
mod mutations;
mod places;
mod structure;
mod text;

use std::time::{Duration, Instant};

use overread::domain::frame::Samples;
use overread::import::dicom::attributes::derived_uid;
use overread::import::{load_frame, reason};

use crate::import::synthetic::{Written, codes, element, only_instance, scan_all};

fn check_refused(name: &str, bytes: &[u8], code: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    let start = Instant::now();
    let intake = scan_all(&path);
    assert!(start.elapsed() < Duration::from_secs(2), "{name} took {:?}", start.elapsed());
    assert_eq!(codes(&intake), [code], "{name}");
    assert!(intake.studies.is_empty(), "{name}");
}

#[test]
fn what_is_no_picture_is_refused_by_its_kind() {
    check_refused("empty", b"", reason::EMPTY);
    check_refused("text", b"Not a picture at all, only a few words in a row.", reason::NOT_AN_IMAGE_FILE);
    check_refused("all ones", &[0xFF; 10_000], reason::NOT_AN_IMAGE_FILE);
    let mut report = Written::ct("1.2.3.4");
    report.text(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.88.11").without(0x7FE0_0010);
    check_refused("report", &report.bytes(), reason::NOT_AN_IMAGE);
    check_refused("no pixels", &Written::ct("1.2.3.4").without(0x7FE0_0010).bytes(), reason::NO_PIXELS);
}

#[test]
fn a_path_to_nothing_and_a_folder_without_dicom_are_answers_not_errors() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(codes(&scan_all(&folder.path().join("absent"))), [reason::NOT_FOUND]);
    assert!(scan_all(folder.path()).files.is_empty());
    std::fs::write(folder.path().join("notes.dcm"), "words").unwrap();
    let intake = scan_all(folder.path());
    assert_eq!((intake.studies.len(), codes(&intake)), (0, vec![reason::NOT_AN_IMAGE_FILE]));
}

#[test]
fn contradictions_in_the_pixel_module_are_refused() {
    let with = |tag, value| Written::ct("1.2.3.4").word(tag, value).bytes();
    check_refused("no rows", &with(0x0028_0010, 0), reason::INVALID_ATTRIBUTE);
    check_refused("bits stored 0", &with(0x0028_0101, 0), reason::INVALID_ATTRIBUTE);
    check_refused("bits stored 20", &with(0x0028_0101, 20), reason::INVALID_ATTRIBUTE);
    check_refused("bits allocated 12", &with(0x0028_0100, 12), reason::INVALID_ATTRIBUTE);
    check_refused("three samples of grey", &with(0x0028_0002, 3), reason::INVALID_ATTRIBUTE);
    check_refused("more rows than pixels", &with(0x0028_0010, 60_000), reason::FRAME_MISSING);
    let mut palette = Written::ct("1.2.3.4");
    check_refused("no palette", &palette.text(0x0028_0004, "CS", "PALETTE COLOR").bytes(), reason::INVALID_ATTRIBUTE);
}

#[test]
fn missing_attributes_are_defaulted_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = Written::ct("1.2.3.4");
    for tag in [0x0028_0002, 0x0028_0004, 0x0028_0101, 0x0028_0102, 0x0028_0103] {
        file.without(tag);
    }
    let intake = scan_all(&file.write(folder.path(), "file"));
    let mut expected = [reason::ATTRIBUTE_DEFAULTED; 5];
    expected[0] = reason::PHOTOMETRIC_ASSUMED;
    assert_eq!(codes(&intake), expected);
    let instance = only_instance(&intake);
    assert_eq!((instance.pixels.bits_stored, instance.pixels.high_bit), (16, 15));
    let frame = load_frame(instance, 0).unwrap();
    assert_eq!(frame.samples(), &Samples::U16((0..12).collect()));
}

#[test]
fn unusable_numbers_are_ignored_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = Written::ct("1.2.3.4");
    file.text(0x0028_1053, "DS", "0").text(0x0028_1052, "DS", "-1024");
    file.text(0x0028_1050, "DS", "40\\nan").text(0x0028_1051, "DS", "400\\0");
    file.text(0x0028_0030, "DS", "0\\-1").text(0x0020_0037, "DS", "1\\0\\0\\0.1\\1\\0");
    let intake = scan_all(&file.write(folder.path(), "file"));
    let mut found = codes(&intake);
    found.sort_unstable();
    let mut expected =
        [reason::RESCALE_IGNORED, reason::WINDOW_IGNORED, reason::SPACING_IGNORED, reason::ORIENTATION_IGNORED];
    expected.sort_unstable();
    assert_eq!(found, expected);
    let instance = only_instance(&intake);
    assert!(instance.frames[0].plane.is_none() && instance.frames[0].voi.len() == 1);
    assert!(!instance.spacing.is_measurable());
}

#[test]
fn rescale_stored_as_unknown_is_still_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = Written::ct("1.2.3.4");
    file.raw(0x0028_1053, "UN", b"2 ").raw(0x0028_1052, "UN", b"-1000 ");
    let intake = scan_all(&file.write(folder.path(), "file"));
    let lut = &only_instance(&intake).frames[0].modality_lut;
    assert_eq!(format!("{lut:?}"), "Linear { slope: 2.0, intercept: -1000.0 }");
}

#[test]
fn stored_bits_are_cut_out_shifted_and_sign_extended() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = Written::ct("1.2.3.4");
    file.word(0x0028_0101, 10).word(0x0028_0102, 11).word(0x0028_0103, 1);
    // Bits 2 to 11 hold the value; the rest is garbage
    let words = [0xF003_u16, 0xF7FF, 0x0800, 0x0FFC, 0x0004, 0, 0, 0, 0, 0, 0, 0];
    file.raw(0x7FE0_0010, "OW", &words.into_iter().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    let intake = scan_all(&file.write(folder.path(), "file"));
    let frame = load_frame(only_instance(&intake), 0).unwrap();
    assert_eq!(frame.samples(), &Samples::I16(vec![0, 511, -512, -1, 1, 0, 0, 0, 0, 0, 0, 0].into()));
}

#[test]
fn frames_that_are_whole_are_kept_and_the_others_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = Written::ct("1.2.3.4");
    file.text(0x0028_0008, "IS", "1000").raw(0x7FE0_0010, "OW", &[7; 24 * 2 + 10]);
    let intake = scan_all(&file.write(folder.path(), "file"));
    assert_eq!(codes(&intake), [reason::PIXELS_TRUNCATED]);
    let instance = only_instance(&intake);
    assert_eq!(instance.n_frames(), 2);
    assert!(load_frame(instance, 1).is_ok());
    assert_eq!(load_frame(instance, 2).map_err(|error| error.code()), Err(reason::FRAME_MISSING));
}

#[test]
fn a_compressed_frame_of_garbage_is_an_error_of_that_frame() {
    let folder = tempfile::tempdir().unwrap();
    for (index, tail) in ["5", "4.50", "4.70", "4.80", "4.90", "4.110"].into_iter().enumerate() {
        for (variant, garbage) in [[0xFF; 64], [0x00; 64], [0x7F; 64]].into_iter().enumerate() {
            let mut pixels = element(0x7FE0_0010, "OB", b"");
            pixels.splice(8.., [0xFF; 4]);
            pixels.extend([0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0x00, 0xE0, 64, 0, 0, 0]);
            pixels.extend(garbage);
            pixels.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
            let mut file = Written::ct(&format!("1.2.{index}.{variant}"));
            file.syntax = format!("1.2.840.10008.1.2.{tail}");
            let intake = scan_all(&file.bytes_of(0x7FE0_0010, pixels).write(folder.path(), "file"));
            assert!(load_frame(only_instance(&intake), 0).is_err(), "{tail}");
        }
    }
}

#[test]
fn a_file_that_changed_since_the_scan_is_not_shown_as_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let intake = scan_all(&Written::ct("1.2.3.4").write(folder.path(), "file"));
    Written::ct("1.2.3.4").word(0x0028_0010, 2).word(0x0028_0011, 6).write(folder.path(), "file");
    let loaded = load_frame(only_instance(&intake), 0);
    assert_eq!(loaded.map_err(|error| error.code()), Err(reason::FILE_CHANGED));
}

#[test]
fn a_missing_identifier_is_derived_from_the_contents_and_stays_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = Written::ct("").without(0x0008_0018).write(folder.path(), "file");
    let (first, second) = (scan_all(&path), scan_all(&path));
    assert_eq!(codes(&first), [reason::UID_MISSING]);
    assert_eq!(only_instance(&first).sop, only_instance(&second).sop);
    assert!(derived_uid(&[b"x"]).len() <= 64);
}

#[test]
fn colors_of_32_bits_are_exact() {
    let mut file = Written::ct("1.2.5");
    file.word(0x0028_0002, 3).text(0x0028_0004, "CS", "RGB").word(0x0028_0006, 0);
    file.word(0x0028_0100, 32).word(0x0028_0101, 32).word(0x0028_0102, 31);
    let values = || (0..36_u32).map(|value| value << 16 | 0xFFFF);
    file.raw(0x7FE0_0010, "OW", &values().flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
    let folder = tempfile::tempdir().unwrap();
    let intake = scan_all(&file.write(folder.path(), "a.dcm"));
    assert_eq!(codes(&intake), Vec::<&str>::new());
    let frame = load_frame(only_instance(&intake), 0).unwrap();
    assert_eq!(frame.samples(), &Samples::Rgb32(values().collect()));
}
