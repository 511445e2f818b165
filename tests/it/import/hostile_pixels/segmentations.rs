//! Row 93: segmentations that contradict themselves or the pictures they name. They are listed with a notice, open as
//! the pictures they hold, and change nothing about any other picture.

use std::path::Path;

use overread::domain::intake::{FileStatus, Intake};
use overread::domain::presentation::Photometric;
use overread::imaging::pipeline::rgb_u8;
use overread::imaging::presentation::default_presentation;
use overread::import::load_frame;
use overread::import::reason::{
    FRACTION_EXCEEDED, NOT_AN_IMAGE, RESULT_NOT_UNDERSTOOD, SEGMENTS_CONTRADICTED, SOURCES_CONTRADICTED,
    SOURCES_MISSING,
};

use crate::import::corpus::instances;
use crate::import::synthetic::{Written, element, items, scan_all};

const PICTURE: &str = "1.2.3.4";

fn sequence(tag: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    element(tag, "SQ", &items(sets))
}

fn us(tag: u32, value: u16) -> Vec<u8> {
    element(tag, "US", &value.to_le_bytes())
}

/// As large as the picture, made of `sources`, with `numbers` for its segments and one frame for each of `of_frames`.
fn segmentation(sources: &[&str], numbers: &[u16], of_frames: &[u16]) -> Written {
    let mut file = Written::ct("1.2.3.9");
    file.class("1.2.840.10008.5.1.4.1.1.66.4").text(0x0008_0060, "CS", "SEG");
    file.text(0x0020_000E, "UI", "1.2.3.3").without(0x0020_0032).without(0x0020_0037);
    file.without(0x0028_0030).without(0x0028_1052).without(0x0028_1053);
    let named = |source: &&str| element(0x0008_1155, "UI", source.as_bytes());
    let referenced: Vec<Vec<u8>> = sources.iter().map(named).collect();
    file.sequence(0x0008_1115, &[sequence(0x0008_114A, &referenced)]);
    let segments: Vec<Vec<u8>> = numbers.iter().map(|number| us(0x0062_0004, *number)).collect();
    file.sequence(0x0062_0002, &segments).text(0x0062_0001, "CS", "BINARY");
    let frames: Vec<Vec<u8>> =
        of_frames.iter().map(|number| sequence(0x0062_000A, &[us(0x0062_000B, *number)])).collect();
    file.sequence(0x5200_9230, &frames).text(0x0028_0008, "IS", &of_frames.len().to_string());
    file.bits(1, 1, 0).raw(0x7FE0_0010, "OB", &vec![0xAA; (12 * of_frames.len()).div_ceil(8)]);
    file
}

fn picture() -> Written {
    Written::ct(PICTURE)
}

/// What the picture looks like, by itself or among others.
fn looks(folder: &Path) -> Vec<[u8; 3]> {
    let intake = scan_all(folder);
    let found = instances(&intake).find(|instance| instance.sop.as_str() == PICTURE);
    let instance = found.unwrap_or_else(|| panic!("the picture is not there"));
    assert!(instance.overlays.is_empty() && instance.notices.is_empty(), "{:?}", instance.notices);
    let frame = load_frame(instance, 0).unwrap();
    assert!(frame.embedded().is_empty());
    rgb_u8(&frame, instance, 0, &default_presentation(instance, 0, &frame))
}

fn codes_of(intake: &Intake, name: &str) -> Vec<&'static str> {
    let outcome = intake.files.iter().find(|file| file.path.ends_with(name)).map(|file| &file.status);
    match outcome {
        Some(FileStatus::Warned(notices)) => notices.iter().map(|notice| notice.code).collect(),
        Some(FileStatus::Refused(notice)) => vec![notice.code],
        Some(FileStatus::Read) => Vec::new(),
        None => panic!("{name} is not listed"),
    }
}

/// Beside the picture the object is listed with exactly these words, and the picture stays as it was.
fn check(name: &str, object: &Written, codes: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    picture().write(folder.path(), "picture");
    let alone = looks(folder.path());
    object.write(folder.path(), "object");
    let intake = scan_all(folder.path());
    assert_eq!(codes_of(&intake, "object"), codes, "{name}");
    assert!(codes_of(&intake, "picture").is_empty(), "{name}: {:?}", codes_of(&intake, "picture"));
    assert_eq!(looks(folder.path()), alone, "{name}");
    for instance in instances(&intake).filter(|instance| instance.derivation.is_some()) {
        let told: Vec<&str> = instance.notices.iter().map(|notice| notice.code).collect();
        assert_eq!(told, codes, "{name}: on the picture as in the list");
        assert!((0..instance.n_frames()).all(|frame| load_frame(instance, frame).is_ok()), "{name}");
    }
}

#[test]
fn a_segmentation_says_what_speaks_against_its_sources() {
    let with = |change: &dyn for<'a> Fn(&'a mut Written) -> &'a mut Written| {
        let mut file = segmentation(&[PICTURE], &[1], &[1]);
        change(&mut file);
        file
    };
    check("as it should be", &segmentation(&[PICTURE], &[1], &[1]), &[]);
    check("of a picture that is not here", &segmentation(&["1.2.3.77"], &[1], &[1]), &[SOURCES_MISSING]);
    check("of one here and one that is not", &segmentation(&[PICTURE, "1.2.3.77"], &[1], &[1]), &[SOURCES_MISSING]);
    check("of no picture", &segmentation(&[], &[1], &[1]), &[SOURCES_MISSING]);
    let other_patient = with(&|file| {
        file.text(0x0010_0010, "PN", "Somebody^Else").text(0x0010_0020, "LO", "T2").text(0x0020_000D, "UI", "1.2.3.8")
    });
    check("of another patient's picture", &other_patient, &[SOURCES_CONTRADICTED]);
    let other_study = with(&|file| file.text(0x0020_000D, "UI", "1.2.3.8"));
    check("of another study's picture", &other_study, &[SOURCES_CONTRADICTED]);
    let larger = with(&|file| file.word(0x0028_0010, 30).raw(0x7FE0_0010, "OB", &[0xAA; 16]));
    check("larger than the picture", &larger, &[SOURCES_CONTRADICTED]);
    let itself = segmentation(&["1.2.3.9"], &[1], &[1]);
    check("of itself", &itself, &[]);
}

#[test]
fn segment_numbers_that_name_no_segment_are_told() {
    for (name, numbers, of_frames) in [
        ("number 0", &[0][..], &[0][..]),
        ("number 65535", &[65_535], &[65_535]),
        ("a gap", &[1, 3], &[1, 3]),
        ("one number twice", &[1, 1], &[1]),
        ("no segments", &[], &[1]),
        ("a frame of segment 0", &[1], &[1, 0]),
        ("a frame of a segment that is not there", &[1, 2], &[1, 3]),
    ] {
        check(name, &segmentation(&[PICTURE], numbers, of_frames), &[SEGMENTS_CONTRADICTED]);
    }
    // Two segments over one another are two frames: neither hides the other
    check("segments that overlap", &segmentation(&[PICTURE], &[2, 1], &[1, 2]), &[]);
}

#[test]
fn fractions_beyond_the_whole_are_told_with_the_frame() {
    let fractions = |most: u16| {
        let mut file = segmentation(&[PICTURE], &[1], &[1]);
        file.text(0x0062_0001, "CS", "FRACTIONAL").word(0x0062_000E, most).bits(8, 8, 7);
        file.raw(0x7FE0_0010, "OB", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 200]);
        file
    };
    for (most, codes) in [(200, &[][..]), (255, &[]), (10, &[FRACTION_EXCEEDED]), (0, &[FRACTION_EXCEEDED])] {
        let file = fractions(most);
        check("fractions", &file, &[]);
        let folder = tempfile::tempdir().unwrap();
        let intake = scan_all(&file.write(folder.path(), "object"));
        let instance = instances(&intake).next().unwrap();
        assert_eq!(instance.pixels.photometric, Photometric::Monochrome2);
        let told: Vec<&str> = load_frame(instance, 0).unwrap().notices().iter().map(|notice| notice.code).collect();
        assert_eq!(told, codes, "at most {most}");
    }
}

#[test]
fn reports_and_presentation_states_of_other_patients_change_no_picture() {
    for class in ["1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.11.1"] {
        for (source, patient) in [(PICTURE, "T1"), (PICTURE, "T2"), ("1.2.3.77", "T1")] {
            let mut file = Written::ct("1.2.3.9");
            file.class(class).text(0x0010_0020, "LO", patient).without(0x7FE0_0010);
            file.without(0x0028_0010).without(0x0028_0011);
            let named = sequence(0x0008_1140, &[element(0x0008_1155, "UI", source.as_bytes())]);
            file.sequence(0x0008_1115, &[named]);
            // A state that would turn the picture upside down and black
            file.word(0x0070_0042, 180).text(0x2050_0020, "CS", "INVERSE");
            // What names an image that is here is read as a result, and says that it holds none
            let folder = tempfile::tempdir().unwrap();
            picture().write(folder.path(), "picture");
            file.write(folder.path(), "object");
            let said = codes_of(&scan_all(folder.path()), "object");
            let is_said = |code: &&str| [NOT_AN_IMAGE, RESULT_NOT_UNDERSTOOD].contains(code);
            assert!(said.iter().all(is_said), "{said:?}");
            check("a state or report", &file, &said);
        }
    }
}
