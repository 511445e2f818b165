//! Rows 62 to 64, 84, 85, 87, 89 to 94: values, windows, sides, dates and identifiers that cannot be so.

use std::path::PathBuf;

use overread::domain::fitness;
use overread::domain::presentation::{ModalityLut, PixelPadding, ValueUnit};
use overread::imaging::pipeline::grey_u8;
use overread::imaging::presentation::default_presentation;
use overread::import::load_frame;
use overread::import::reason::{
    self, BURNED_IN, DATE_INVALID, LATERALITY_CONTRADICTED, LUT_IGNORED, NOT_AN_IMAGE, RESCALE_IGNORED,
    RESCALE_MISSING, TOO_DEEP, UID_INVALID, UID_MISSING, WINDOW_IGNORED,
};

use crate::import::hostile_pixels::table::{Case, case, check};
use crate::import::synthetic::{Written, codes, element, items, only_instance, scan_all};

const INTERCEPT: u32 = 0x0028_1052;
const SLOPE: u32 = 0x0028_1053;
const CENTER: u32 = 0x0028_1050;
const WIDTH: u32 = 0x0028_1051;
const FUNCTION: u32 = 0x0028_1056;
const MODALITY_LUT: u32 = 0x0028_3000;
const VOI_LUT: u32 = 0x0028_3010;
const PIXELS: u32 = 0x7FE0_0010;

fn ct() -> Written {
    Written::ct("1.2.3.4")
}

fn with(tag: u32, vr: &str, value: &str) -> Written {
    let mut file = ct();
    file.text(tag, vr, value);
    file
}

fn windowed(center: &str, width: &str) -> Written {
    let mut file = with(CENTER, "DS", center);
    file.text(WIDTH, "DS", width);
    file
}

/// A LUT of `n` entries as its descriptor says, and the entries that are there.
fn lut(n: u16, entries: &[u16]) -> Vec<u8> {
    let words = |values: &[u16]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let set = [element(0x0028_3002, "US", &words(&[n, 0, 16])), element(0x0028_3006, "OW", &words(entries))].concat();
    items(&[set])
}

#[test]
fn a_rescale_that_is_none_leaves_stored_values_and_stops_the_models() {
    let mut cases: Vec<Case> = ["0", "NaN", "inf", "-inf", "1e300", "abc", "1,5", "-1e300"]
        .map(|text| {
            case(84, &format!("slope {text}"), &with(SLOPE, "DS", text)).warned(&[RESCALE_IGNORED]).stops_models()
        })
        .into();
    cases.extend(["NaN", "inf", "1e300", "abc"].map(|text| {
        case(84, &format!("intercept {text}"), &with(INTERCEPT, "DS", text)).warned(&[RESCALE_IGNORED]).stops_models()
    }));
    let mut none = ct();
    none.without(SLOPE).without(INTERCEPT);
    let mut short = ct();
    short.raw(MODALITY_LUT, "SQ", &lut(256, &[1, 2, 3]));
    cases.extend([
        case(84, "none in a CT", &none).warned(&[RESCALE_MISSING]),
        case(84, "a negative slope", &with(SLOPE, "DS", "-1")).kept(),
        case(19, "a modality LUT shorter than its descriptor", &short)
            .warned(&[LUT_IGNORED, RESCALE_IGNORED])
            .stops_models(),
    ]);
    check(cases);
    let folder = tempfile::tempdir().unwrap();
    let intake = scan_all(&with(SLOPE, "DS", "NaN").write(folder.path(), "file"));
    let instance = only_instance(&intake);
    assert_eq!(instance.frames[0].modality_lut, ModalityLut::Identity);
    let intake = scan_all(&none.write(folder.path(), "file"));
    assert_eq!(only_instance(&intake).value_unit, ValueUnit::Unspecified);
}

#[test]
fn a_window_that_is_none_falls_back_to_the_range_of_the_data() {
    let faulty = [
        ("40", "0"),
        ("40", "-400"),
        ("40", "NaN"),
        ("NaN", "400"),
        ("40", "1e300"),
        ("1e300", "400"),
        ("a", "b"),
        ("40", "0.5"),
    ];
    let mut cases: Vec<Case> = faulty
        .map(|(center, width)| {
            case(85, &format!("{center} {width}"), &windowed(center, width)).warned(&[WINDOW_IGNORED])
        })
        .into();
    let mut unknown = windowed("40", "400");
    unknown.text(FUNCTION, "CS", "XYZZY");
    let mut short = ct();
    short.raw(VOI_LUT, "SQ", &lut(256, &[1, 2, 3]));
    let thousand = vec!["40"; 1_000].join("\\");
    cases.extend([
        case(85, "a function of no meaning", &unknown).warned(&[WINDOW_IGNORED]),
        case(85, "a thousand windows", &windowed(&thousand, &thousand)).warned(&[WINDOW_IGNORED]),
        case(85, "a center without a width", &with(CENTER, "DS", "40")).warned(&[WINDOW_IGNORED]),
        case(19, "a VOI LUT shorter than its descriptor", &short).warned(&[LUT_IGNORED]),
        case(64, "40 / 400", &windowed("40", "400")).kept(),
    ]);
    check(cases);
    let folder = tempfile::tempdir().unwrap();
    for (center, width) in faulty {
        let intake = scan_all(&windowed(center, width).write(folder.path(), "file"));
        assert_eq!(shown(&intake), shown(&scan_all(&ct().write(folder.path(), "file"))), "{center} {width}");
    }
}

/// Gray levels of the first frame as the file wants it shown.
fn shown(intake: &overread::domain::intake::Intake) -> Vec<u8> {
    let instance = only_instance(intake);
    let frame = load_frame(instance, 0).unwrap();
    grey_u8(&frame, instance, 0, &default_presentation(instance, 0, &frame))
}

#[test]
fn black_and_white_are_where_the_file_wants_them() {
    let folder = tempfile::tempdir().unwrap();
    let of = |photometric: &str, shape: &str| {
        let mut file = windowed("5.5", "11");
        file.text(0x0028_0004, "CS", photometric).text(0x2050_0020, "CS", shape);
        shown(&scan_all(&file.write(folder.path(), "file")))
    };
    let upright = of("MONOCHROME2", "IDENTITY");
    let inverted = of("MONOCHROME1", "");
    assert!(upright[0] < upright[11]);
    // Halves are rounded up on both sides
    assert!(upright.iter().zip(&inverted).all(|(a, b)| a.abs_diff(255 - b) <= 1), "{upright:?} {inverted:?}");
    assert_eq!(of("MONOCHROME2", ""), upright);
    assert_eq!(of("MONOCHROME1", "INVERSE"), inverted);
    assert_eq!(of("MONOCHROME2", "INVERSE"), inverted);
}

#[test]
fn the_ends_of_sixteen_bits_are_black_and_white() {
    let folder = tempfile::tempdir().unwrap();
    let of = |sign: u16, values: [u16; 12], center: &str, width: &str| {
        let mut file = windowed(center, width);
        file.bits(16, 16, 15).word(0x0028_0103, sign).words(PIXELS, "OW", &values);
        shown(&scan_all(&file.write(folder.path(), "file")))
    };
    let ends = [0x8000, 0x7FFF, 0, 0xFFFF, 0x8000, 0x7FFF, 0, 0xFFFF, 0, 0, 0, 0];
    let signed = of(1, ends, "-0.5", "65536");
    assert_eq!((signed[0], signed[1], signed[2]), (0, 255, 128));
    let unsigned = of(0, ends, "32767.5", "65536");
    assert_eq!((unsigned[2], unsigned[3]), (0, 255));
    // PS3.3 C.11.2.1.2.1: 40 / 400 is black up to -160 and white from 239.5 on
    let soft = [(-161_i16).cast_unsigned(), (-160_i16).cast_unsigned(), 240, 39, 40, 0, 0, 0, 0, 0, 0, 0];
    let soft = of(1, soft, "40", "400");
    assert_eq!((soft[0], soft[1], soft[2]), (0, 0, 255));
    assert!((127..=128).contains(&soft[3]) && soft[4] >= soft[3]);
}

#[test]
fn a_padding_range_written_backwards_is_the_same_range() {
    let folder = tempfile::tempdir().unwrap();
    for (value, limit) in [(5, 9), (9, 5)] {
        let mut file = ct();
        file.word(0x0028_0120, value).word(0x0028_0121, limit);
        let intake = scan_all(&file.write(folder.path(), "file"));
        assert_eq!(only_instance(&intake).padding, Some(PixelPadding { low: 5, high: 9 }));
    }
}

#[test]
fn sides_that_contradict_each_other_are_said() {
    let sided = |laterality: &str, tag: u32, vr: &str, other: &str| {
        let mut file = with(0x0020_0062, "CS", laterality);
        file.text(tag, vr, other);
        file
    };
    let contradicted =
        |name: &str, file: &Written| case(87, name, file).warned(&[LATERALITY_CONTRADICTED]).stops_models();
    check(vec![
        contradicted("two attributes", &sided("L", 0x0020_0060, "CS", "R")),
        contradicted("body part", &sided("L", 0x0018_0015, "CS", "RIGHT KNEE")),
        contradicted("description", &sided("R", 0x0008_103E, "LO", "Left breast MLO")),
        contradicted("view", &sided("L", 0x0018_5101, "CS", "RCC")),
        case(87, "the same side", &sided("L", 0x0020_0060, "CS", "L")).kept(),
        case(87, "a view toward the other side", &sided("R", 0x0008_103E, "LO", "Chest left lateral")).kept(),
        case(87, "the lumbar spine", &sided("R", 0x0018_0015, "CS", "LSPINE")).kept(),
        case(87, "unpaired", &sided("U", 0x0018_0015, "CS", "RIGHT KNEE")).kept(),
        case(89, "text burned in", &with(0x0028_0301, "CS", "YES")).warned(&[BURNED_IN]),
        case(89, "no text burned in", &with(0x0028_0301, "CS", "NO")).kept(),
    ]);
}

#[test]
fn dates_that_no_calendar_has_are_shown_as_they_stand() {
    let day = |text: &str| case(91, text, &with(0x0008_0020, "DA", text));
    let mut before_birth = with(0x0008_0020, "DA", "20200101");
    before_birth.text(0x0010_0030, "DA", "20210101");
    let mut cases: Vec<Case> =
        ["20260230", "99999999", "2026.02.30", "00000000", "2026-02-03", "yesterday", "29990101"]
            .map(|text| day(text).warned(&[DATE_INVALID]))
            .into();
    cases.extend(["20240229", "1997.04.24"].map(|text| day(text).kept()));
    cases.extend([
        case(91, "before birth", &before_birth).warned(&[DATE_INVALID]),
        case(91, "an hour of 24 and a minute of 60", &with(0x0008_0030, "TM", "246060")).warned(&[DATE_INVALID]),
        case(91, "a leap second", &with(0x0008_0030, "TM", "235960")).kept(),
        case(91, "a zone of 25 hours", &with(0x0008_0201, "SH", "+2500")).warned(&[DATE_INVALID]),
        case(91, "a zone", &with(0x0008_0201, "SH", "-0330")).kept(),
    ]);
    check(cases);
    let folder = tempfile::tempdir().unwrap();
    let intake = scan_all(&with(0x0008_0020, "DA", "20260230").write(folder.path(), "file"));
    assert_eq!(intake.studies[0].date, "20260230");
}

#[test]
fn identifiers_that_are_none_are_kept_as_they_stand_and_name_no_path() {
    let long = format!("1.{}", "2".repeat(70));
    let odd = ["1.02.3", "1.2.x", "..", "../../etc/passwd", "/etc/passwd", "C:\\x", "1.2 .3", &long];
    let mut cases: Vec<Case> = odd
        .iter()
        .filter(|text| !text.contains('\\'))
        .map(|text| case(92, text, &with(0x0020_000D, "UI", text)).warned(&[UID_INVALID]))
        .collect();
    cases.push(case(92, "empty", &with(0x0020_000D, "UI", "")).warned(&[UID_MISSING]));
    check(cases);
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("in").join("the").join("middle");
    std::fs::create_dir_all(&place).unwrap();
    for (index, text) in odd.iter().enumerate() {
        let mut file = with(0x0020_000D, "UI", text);
        file.text(0x0008_0018, "UI", &format!("{text}.{index}")).write(&place, &format!("{index}"));
    }
    let before = tree(&folder.path().to_owned());
    let intake = scan_all(folder.path());
    let instances = intake.studies.iter().flat_map(|study| &study.series).flat_map(|series| &series.instances);
    assert_eq!(instances.filter(|instance| load_frame(instance, 0).is_ok()).count(), odd.len());
    assert!(intake.studies.iter().any(|study| study.uid.as_str() == "../../etc/passwd"));
    assert_eq!(tree(&folder.path().to_owned()), before);
}

fn tree(folder: &PathBuf) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    let below: Vec<PathBuf> = found.iter().filter(|path| path.is_dir()).flat_map(tree).collect();
    found.extend(below);
    found
}

#[test]
fn reports_states_and_their_like_are_listed_and_not_drawn() {
    let object = |class: &str| {
        let mut file = with(0x0008_0016, "UI", class);
        file.without(PIXELS).without(0x0028_0010).without(0x0028_0011);
        file
    };
    let report = "1.2.840.10008.5.1.4.1.1.88.33";
    let nested = (0..1_000).fold(Vec::new(), |inner, _| element(0x0040_A730, "SQ", &items(&[inner])));
    let mut deep = object(report);
    deep.bytes_of(0x0040_A730, nested);
    let mut by_reference = object(report);
    let reference = element(0x0040_DB73, "UL", &[1, 0, 0, 0, 1, 0, 0, 0]);
    by_reference.sequence(0x0040_A730, &[reference]);
    check(vec![
        case(93, "a report", &object(report)).refused(NOT_AN_IMAGE),
        case(93, "a report 1000 levels deep", &deep).refused(TOO_DEEP),
        case(93, "a report that refers to itself", &by_reference).refused(NOT_AN_IMAGE),
        case(93, "a presentation state", &object("1.2.840.10008.5.1.4.1.1.11.1")).refused(NOT_AN_IMAGE),
        case(93, "a key object selection", &object("1.2.840.10008.5.1.4.1.1.88.59")).refused(NOT_AN_IMAGE),
        case(93, "a structure set", &object("1.2.840.10008.5.1.4.1.1.481.3")).refused(NOT_AN_IMAGE),
    ]);
}

#[test]
fn a_hundred_thousand_frames_share_what_they_have_in_common() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = ct();
    file.word(0x0028_0010, 1).word(0x0028_0011, 2).bits(8, 8, 7).text(0x0028_0008, "IS", "100000");
    file.raw(PIXELS, "OB", &(0..200_000_u32).map(|at| u8::try_from(at % 251).unwrap()).collect::<Vec<u8>>());
    let intake = scan_all(&file.write(folder.path(), "file"));
    assert!(codes(&intake).is_empty(), "{:?}", codes(&intake));
    let instance = only_instance(&intake);
    let mut kinds: Vec<_> = instance.frames.iter().map(std::sync::Arc::as_ptr).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!((instance.n_frames(), kinds.len()), (100_000, 2));
    assert!(load_frame(instance, 99_999).is_ok());
    assert_eq!(load_frame(instance, 100_000).map_err(|error| error.code()), Err(reason::FRAME_MISSING));
}

#[test]
fn what_stops_the_models_is_a_word_of_this_door() {
    let source = include_str!("../../../../src/import/reason.rs");
    for code in fitness::STOPPING_CODES {
        assert!(source.contains(&format!("\"{code}\"")), "{code}");
    }
}
