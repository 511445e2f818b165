//! From files to studies: order, gaps, duplicates, indexes and plain pictures.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;

use overread::domain::fitness::stopping_fault;
use overread::domain::frame::Samples;
use overread::domain::geometry::SpacingKind;
use overread::domain::intake::Intake;
use overread::domain::series::{Regularity, Series, SortRule};
use overread::domain::uid::SopInstanceUid;
use overread::import::{ScanOptions, load_frame, reason, scan};

use crate::import::synthetic::{Written, codes, element, only_instance, scan_all};

fn slice(sop: &str, z: f64) -> Written {
    let mut file = Written::ct(sop);
    file.text(0x0020_0032, "DS", &format!("0\\0\\{z}"));
    file
}

fn only_series(intake: &Intake) -> &Series {
    assert_eq!(intake.studies.len(), 1);
    assert_eq!(intake.studies[0].series.len(), 1);
    &intake.studies[0].series[0]
}

fn positions(series: &Series) -> Vec<f64> {
    let image = |index| series.image(index).unwrap().0.frames[0].plane.unwrap().position_mm.0[2];
    (0..series.stack.len()).map(image).collect()
}

fn check_regularity(heights: &[f64], code: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    for (index, z) in heights.iter().enumerate() {
        slice(&format!("1.2.3.{index}"), *z).write(folder.path(), &format!("{index}"));
    }
    let intake = scan_all(folder.path());
    let found = match &only_series(&intake).geometry.regularity {
        Regularity::Regular => None,
        Regularity::NotAStack => Some("not_a_stack"),
        Regularity::Irregular(notice) => Some(notice.code),
    };
    assert_eq!(found, code, "{heights:?}");
}

#[test]
fn slices_are_sorted_by_position_whatever_their_names_and_numbers() {
    let folder = tempfile::tempdir().unwrap();
    for (index, z) in [10.0, -5.0, 0.0, 5.0].into_iter().enumerate() {
        let number = format!("{}", 9 - index);
        slice(&format!("1.2.3.{index}"), z).text(0x0020_0013, "IS", &number).write(folder.path(), &format!("{index}"));
    }
    let intake = scan_all(folder.path());
    let series = only_series(&intake);
    assert_eq!(series.geometry.sort, SortRule::Position);
    assert_eq!(positions(series), [-5.0, 0.0, 5.0, 10.0]);
    assert_eq!(series.geometry.slice_spacing_mm, Some(5.0));
    assert_eq!(series.instances[0].spacing.kind, SpacingKind::Patient);
}

#[test]
fn what_keeps_a_stack_from_being_a_volume_is_told() {
    check_regularity(&[0.0], Some("not_a_stack"));
    check_regularity(&[0.0, 1.0, 2.0, 3.0], None);
    check_regularity(&[0.0, 1.0, 2.0, 4.0, 5.0], Some(reason::SLICE_GAP));
    check_regularity(&[0.0, 1.0, 2.1, 3.0], Some(reason::UNEVEN_SPACING));
    check_regularity(&[0.0, 1.0, 1.0, 2.0], Some(reason::DUPLICATE_POSITION));
}

#[test]
fn a_tilted_gantry_is_told_with_its_angle() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..4 {
        let mut file = Written::ct(&format!("1.2.3.{index}"));
        file.text(0x0020_0032, "DS", &format!("0\\{index}\\{index}"));
        file.write(folder.path(), &format!("{index}"));
    }
    let intake = scan_all(folder.path());
    let notice = only_series(&intake).notices.first().unwrap().clone();
    assert_eq!(notice.code, reason::GANTRY_TILT);
    assert!(notice.text.contains("45.0°"));
}

#[test]
fn a_localizer_in_the_series_becomes_a_stack_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    slice("1.2.3.1", 0.0).write(folder.path(), "a");
    slice("1.2.3.2", 1.0).write(folder.path(), "b");
    slice("1.2.3.3", 0.0).text(0x0020_0037, "DS", "0\\1\\0\\0\\0\\-1").write(folder.path(), "c");
    let intake = scan_all(folder.path());
    let sizes: Vec<usize> = intake.studies[0].series.iter().map(|series| series.stack.len()).collect();
    assert_eq!(sizes, [2, 1]);
    assert!(intake.studies[0].series.iter().all(|series| series.notices[0].code == reason::SERIES_SPLIT));
}

#[test]
fn the_same_object_is_shown_once_and_conflicting_ones_both_under_their_own_identities() {
    let folder = tempfile::tempdir().unwrap();
    slice("1.2.3.1", 0.0).write(folder.path(), "a");
    slice("1.2.3.1", 0.0).write(folder.path(), "b");
    slice("1.2.3.1", 7.0).write(folder.path(), "c");
    slice("1.2.3.2", 9.0).write(folder.path(), "d");
    let intake = scan_all(folder.path());
    assert_eq!(codes(&intake), [reason::CONFLICTING_SOP, reason::DUPLICATE_SOP, reason::CONFLICTING_SOP]);
    let series = only_series(&intake);
    assert_eq!(positions(series), [0.0, 7.0, 9.0]);
    let written: Vec<Option<&str>> =
        series.instances.iter().map(|instance| instance.written_sop.as_ref().map(SopInstanceUid::as_str)).collect();
    assert_eq!(written, [Some("1.2.3.1"), Some("1.2.3.1"), None]);
    assert_ne!(series.instances[0].sop, series.instances[1].sop);
    for instance in &series.instances[..2] {
        assert!(instance.sop.as_str().starts_with("2.25."));
        assert_eq!(stopping_fault(series, instance).unwrap().code, reason::CONFLICTING_SOP);
    }
    // Other names, other order: the same identities, so that what was decided stays with its picture
    let again = tempfile::tempdir().unwrap();
    slice("1.2.3.1", 7.0).write(again.path(), "a");
    slice("1.2.3.1", 0.0).write(again.path(), "z");
    let sops = |intake: &Intake| -> BTreeSet<String> {
        only_series(intake).instances.iter().map(|instance| instance.sop.to_string()).collect()
    };
    assert!(sops(&intake).is_superset(&sops(&scan_all(again.path()))));
}

#[test]
fn two_patients_never_share_a_study() {
    let folder = tempfile::tempdir().unwrap();
    slice("1.2.3.1", 0.0).write(folder.path(), "a");
    slice("1.2.3.2", 1.0).text(0x0010_0020, "LO", "T2").write(folder.path(), "b");
    slice("1.2.3.3", 2.0).text(0x0010_0010, "PN", "TEST^CASE^Q").write(folder.path(), "c");
    let intake = scan_all(folder.path());
    assert_eq!(codes(&intake), [reason::PATIENT_CONFLICT; 3]);
    let found: Vec<(&str, usize)> =
        intake.studies.iter().map(|study| (study.patient.id.as_str(), study.n_images())).collect();
    assert_eq!(found, [("T1", 2), ("T2", 1)]);
    for study in &intake.studies {
        assert_eq!(study.written_uid.as_ref().unwrap().as_str(), "1.2.3.1");
        assert_eq!(study.notices[0].code, reason::PATIENT_CONFLICT);
        assert_eq!(study.series[0].notices[0].code, reason::PATIENT_CONFLICT);
    }
    assert_ne!(intake.studies[0].uid, intake.studies[1].uid);
}

#[test]
fn one_patient_id_with_two_names_or_birth_dates_is_doubted_on_both_studies() {
    let changes: [(u32, &str, &str); 2] = [(0x0010_0010, "PN", "Other^Name"), (0x0010_0030, "DA", "19700102")];
    for (tag, vr, value) in changes {
        let folder = tempfile::tempdir().unwrap();
        slice("1.2.3.1", 0.0).text(0x0010_0030, "DA", "19600102").write(folder.path(), "a");
        let mut other = slice("1.2.3.2", 1.0);
        other.text(0x0020_000D, "UI", "1.2.3.8").text(0x0010_0030, "DA", "19600102").text(tag, vr, value);
        other.write(folder.path(), "b");
        let intake = scan_all(folder.path());
        assert_eq!(intake.studies.len(), 2);
        for study in &intake.studies {
            assert_eq!(study.notices[0].code, reason::PATIENT_CONFLICT);
            assert!(study.written_uid.is_none());
        }
    }
}

/// An index whose records name `references`, each a list of path components.
fn write_index(folder: &Path, references: &[&str]) -> std::path::PathBuf {
    let mut items = Vec::new();
    for reference in references {
        let record = element(0x0004_1500, "CS", reference.as_bytes());
        items.extend([0xFE, 0xFF, 0x00, 0xE0]);
        items.extend(u32::try_from(record.len()).unwrap().to_le_bytes());
        items.extend(record);
    }
    let mut index = Written::ct("1.2.3.9");
    index.text(0x0008_0016, "UI", "1.2.840.10008.1.3.10").raw(0x0004_1220, "SQ", &items).without(0x7FE0_0010);
    index.write(folder, "DICOMDIR")
}

#[test]
fn an_index_opens_the_files_it_names_and_none_outside_its_folder() {
    let outside = tempfile::tempdir().unwrap();
    let disc = outside.path().join("disc");
    std::fs::create_dir_all(disc.join("IMAGES")).unwrap();
    let secret = slice("1.2.3.7", 0.0).write(outside.path(), "secret");
    slice("1.2.3.1", 0.0).write(&disc.join("IMAGES"), "im1");
    slice("1.2.3.2", 1.0).write(&disc, "NOT_LISTED");
    let absolute = secret.to_string_lossy().into_owned();
    let index = write_index(&disc, &["IMAGES\\IM1", "..\\secret", &absolute, "IMAGES\\ABSENT"]);
    let intake = scan_all(&index);
    assert_eq!(only_series(&intake).instances.len(), 1);
    let mut found = codes(&intake);
    found.sort_unstable();
    assert_eq!(found, [reason::NOT_FOUND, reason::UNSAFE_REFERENCE]);
}

#[test]
fn names_on_a_disc_match_in_any_case_and_with_versions_and_never_with_too_many_folders() {
    let disc = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(disc.path().join("images")).unwrap();
    slice("1.2.3.1", 0.0).write(&disc.path().join("images"), "im1;1");
    slice("1.2.3.2", 1.0).write(&disc.path().join("images"), "Im2.");
    let deep = ["A"; 9].join("\\");
    let index = write_index(disc.path(), &["IMAGES\\IM1", "IMAGES\\IM2", "C:\\x", &deep]);
    let intake = scan_all(&index);
    assert_eq!(only_series(&intake).instances.len(), 2);
    assert_eq!(codes(&intake), [reason::UNSAFE_REFERENCE]);
}

#[test]
fn an_index_that_runs_in_a_circle_still_opens_its_files_and_says_so() {
    let disc = tempfile::tempdir().unwrap();
    slice("1.2.3.1", 0.0).write(disc.path(), "IM1");
    let first = write_index(disc.path(), &["IM1"]);
    // The one record begins behind the sequence's header: it names itself as its next
    let bytes = std::fs::read(&first).unwrap();
    let at = bytes.windows(4).position(|window| window == [0xFE, 0xFF, 0x00, 0xE0]).unwrap();
    let at = u32::try_from(at + element(0x0004_1200, "UL", &[0; 4]).len()).unwrap().to_le_bytes();
    let mut record = element(0x0004_1400, "UL", &at);
    record.extend(element(0x0004_1500, "CS", b"IM1"));
    let mut index = Written::ct("1.2.3.9");
    index.text(0x0008_0016, "UI", "1.2.840.10008.1.3.10").without(0x7FE0_0010);
    index.raw(0x0004_1200, "UL", &at).sequence(0x0004_1220, &[record]);
    let intake = scan_all(&index.write(disc.path(), "DICOMDIR"));
    assert_eq!(only_series(&intake).instances.len(), 1);
    assert_eq!(codes(&intake), [reason::MALFORMED]);
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_ends_and_a_link_out_of_an_index_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let disc = folder.path().join("disc");
    std::fs::create_dir_all(&disc).unwrap();
    let secret = slice("1.2.3.7", 0.0).write(folder.path(), "secret");
    std::os::unix::fs::symlink(&secret, disc.join("LINK")).unwrap();
    let index = write_index(&disc, &["LINK"]);
    assert_eq!(codes(&scan_all(&index)), [reason::UNSAFE_REFERENCE]);
    std::os::unix::fs::symlink(&disc, disc.join("again")).unwrap();
    assert_eq!(scan_all(&disc).files.len(), 2);
}

#[test]
fn a_plain_picture_is_a_study_with_a_notice_and_a_stable_identity() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture.of.unknown.kind");
    let picture = image::GrayImage::from_fn(4, 3, |x, y| image::Luma([u8::try_from(10 * y + x).unwrap()]));
    picture.save_with_format(&path, image::ImageFormat::Png).unwrap();
    let (intake, again) = (scan_all(&path), scan_all(&path));
    assert_eq!(codes(&intake), [reason::RASTER_FILE]);
    assert_eq!(intake.studies[0].uid, again.studies[0].uid);
    assert_eq!(intake.studies[0].series[0].modality.0, "OT");
    let frame = load_frame(only_instance(&intake), 0).unwrap();
    assert_eq!((frame.rows(), frame.cols()), (3, 4));
    assert_eq!(frame.samples(), &Samples::U8(picture.into_raw().into()));
}

#[test]
fn a_scan_tells_how_far_it_is_and_stops_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..20 {
        slice(&format!("1.2.3.{index}"), f64::from(index)).write(folder.path(), &format!("{index}"));
    }
    let paths = [folder.path().to_owned()];
    let last = Cell::new(0);
    let intake = scan(&paths, &ScanOptions::default(), &|| false, &|progress| last.set(progress.n_done));
    assert_eq!((last.get(), intake.files.len(), intake.was_cancelled), (20, 20, false));
    let stopped = scan(&paths, &ScanOptions::default(), &|| true, &|_| {});
    assert!(stopped.was_cancelled && stopped.studies.is_empty());
}

/// Two places opened one after the other, whose files claim one identity under other studies.
#[test]
fn files_of_one_uid_in_two_scans_never_share_a_frame() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    slice("1.2.3.9", 0.0).write(here.path(), "a");
    slice("1.2.3.9", 0.0).text(0x0020_000D, "UI", "1.2.3.777").write(there.path(), "a");
    let (one, other) = (scan_all(here.path()), scan_all(there.path()));
    let (one, other) = (only_instance(&one), only_instance(&other));
    assert_eq!(one.sop, other.sop);
    assert_ne!(one.frame_key(0), other.frame_key(0));
    let again = scan_all(here.path());
    assert_eq!(one.frame_key(0), only_instance(&again).frame_key(0));
}
