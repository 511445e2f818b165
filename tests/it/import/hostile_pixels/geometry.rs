//! Rows 73 to 76, 86 and 88: millimetres and directions that are none. Nothing is measured by them.

use overread::domain::geometry::SpacingKind;
use overread::import::reason::{ORIENTATION_CONTRADICTED, ORIENTATION_IGNORED, SPACING_DETECTOR, SPACING_IGNORED};

use crate::import::hostile_pixels::table::{Case, case, check};
use crate::import::synthetic::{Written, codes, only_instance, scan_all};

const SPACING: u32 = 0x0028_0030;
const IMAGER_SPACING: u32 = 0x0018_1164;
const POSITION: u32 = 0x0020_0032;
const ORIENTATION: u32 = 0x0020_0037;
const PATIENT_ORIENTATION: u32 = 0x0020_0020;

fn with(tag: u32, vr: &str, value: &str) -> Written {
    let mut file = Written::ct("1.2.3.4");
    file.text(tag, vr, value);
    file
}

#[test]
fn a_spacing_that_is_none_measures_nothing_and_stops_the_models() {
    let faulty = [
        "NaN\\NaN",
        "inf\\inf",
        "0\\0",
        "-0.5\\-0.5",
        "0.5",
        "0.5\\",
        "1e-300\\1e-300",
        "1e300\\1e300",
        "0.5\\0.5\\0.5",
        "a\\b",
        "0,5\\0,5",
        "\\",
        "0.5\\-0.5",
    ];
    let cases: Vec<Case> = faulty
        .iter()
        .map(|text| case(73, text, &with(SPACING, "DS", text)).warned(&[SPACING_IGNORED]).stops_models())
        .collect();
    check(cases);
    let folder = tempfile::tempdir().unwrap();
    for text in faulty {
        let intake = scan_all(&with(SPACING, "DS", text).write(folder.path(), "file"));
        let spacing = only_instance(&intake).spacing;
        assert!(!spacing.is_measurable() && spacing.row_mm == 1.0 && spacing.col_mm == 1.0, "{text}");
    }
    let mut absent = Written::ct("1.2.3.4");
    absent.without(SPACING);
    let intake = scan_all(&absent.write(folder.path(), "file"));
    assert_eq!((codes(&intake), only_instance(&intake).spacing.kind), (vec![], SpacingKind::None));
}

#[test]
fn a_spacing_of_the_detector_is_not_one_of_the_patient() {
    let mut radiograph = Written::ct("1.2.3.4");
    radiograph.text(0x0008_0060, "CS", "DX");
    radiograph.without(POSITION).without(ORIENTATION).text(IMAGER_SPACING, "DS", "0.2\\0.2");
    let mut detector = radiograph.clone();
    detector.without(SPACING);
    let folder = tempfile::tempdir().unwrap();
    let spacing_of = |file: &Written| {
        let intake = scan_all(&file.write(folder.path(), "file"));
        (codes(&intake), only_instance(&intake).spacing)
    };
    let (said, spacing) = spacing_of(&detector);
    assert_eq!((said, spacing.is_measurable()), (vec![SPACING_DETECTOR], false));
    let (said, spacing) = spacing_of(&radiograph);
    assert_eq!((said, spacing.kind == SpacingKind::Calibrated), (vec![SPACING_DETECTOR], false));
}

#[test]
fn directions_and_positions_that_are_none_are_not_used() {
    let directions = [
        "0\\0\\0\\0\\0\\0",
        "1\\0\\0\\1\\0\\0",
        "0.9\\0\\0\\0\\1\\0",
        "1\\0\\0\\0.1\\1\\0",
        "NaN\\0\\0\\0\\1\\0",
        "1\\0\\0",
        "1e300\\0\\0\\0\\1\\0",
        "a\\b\\c\\d\\e\\f",
        "2\\0\\0\\0\\2\\0",
        "1\\0\\0\\0\\1\\0\\0",
    ];
    let positions = ["NaN\\0\\0", "0\\0", "inf\\0\\0", "1e300\\0\\0", "a\\b\\c", "0\\0\\0\\0", "\\\\"];
    let mut cases: Vec<Case> = directions
        .iter()
        .map(|text| case(75, text, &with(ORIENTATION, "DS", text)).warned(&[ORIENTATION_IGNORED]))
        .collect();
    cases.extend(
        positions.iter().map(|text| case(76, text, &with(POSITION, "DS", text)).warned(&[ORIENTATION_IGNORED])),
    );
    let mut placeless = Written::ct("1.2.3.4");
    placeless.without(POSITION);
    let mut directionless = Written::ct("1.2.3.4");
    directionless.without(ORIENTATION);
    let mut neither = placeless.clone();
    neither.without(ORIENTATION);
    cases.extend([
        case(75, "within a thousandth", &with(ORIENTATION, "DS", "0.9995\\0\\0\\0\\1.0005\\0")).kept(),
        case(75, "no direction", &directionless).warned(&[ORIENTATION_IGNORED]),
        case(76, "no position", &placeless).warned(&[ORIENTATION_IGNORED]),
        case(76, "neither", &neither).kept(),
        case(86, "negative spacing between slices", &with(0x0018_0088, "DS", "-4")).kept(),
        case(78, "thickness unlike the spacing", &with(0x0018_0050, "DS", "50")).kept(),
        case(88, "patient orientation as the directions say", &with(PATIENT_ORIENTATION, "CS", "L\\P")).kept(),
        case(88, "tilted a little", &with(PATIENT_ORIENTATION, "CS", "LA\\PF")).kept(),
        case(88, "mirrored", &with(PATIENT_ORIENTATION, "CS", "R\\P"))
            .warned(&[ORIENTATION_CONTRADICTED])
            .stops_models(),
        case(88, "upside down", &with(PATIENT_ORIENTATION, "CS", "L\\A"))
            .warned(&[ORIENTATION_CONTRADICTED])
            .stops_models(),
        case(88, "another plane", &with(PATIENT_ORIENTATION, "CS", "A\\F"))
            .warned(&[ORIENTATION_CONTRADICTED])
            .stops_models(),
        case(88, "words of no meaning", &with(PATIENT_ORIENTATION, "CS", "X\\Y")).kept(),
    ]);
    check(cases);
}
