//! Public files: what opened once opens always, to the same pixels, and nothing takes long.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use overread::domain::frame::Samples;
use overread::domain::instance::Instance;
use overread::domain::intake::Intake;
use overread::domain::presentation::ValueUnit;
use overread::domain::series::{Regularity, Series};
use overread::imaging::volume::{NotAVolume, VolumeGrid};
use overread::import::{load_frame, reason};
use sha2::{Digest as _, Sha256};

use crate::import::synthetic::{codes, scan_all};

/// The folder of public DICOM data beside the repository; absent on most machines.
pub fn data(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("OVERREAD_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let path = root.join("dicom").join(folder);
    if !path.is_dir() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

pub fn instances(intake: &Intake) -> impl Iterator<Item = &Instance> {
    intake.studies.iter().flat_map(|study| &study.series).flat_map(|series| &series.instances).map(AsRef::as_ref)
}

fn bytes(samples: &Samples) -> Vec<u8> {
    match samples {
        Samples::U8(v) | Samples::Rgb8(v) => v.to_vec(),
        Samples::I8(v) => v.iter().map(|value| value.cast_unsigned()).collect(),
        Samples::U16(v) | Samples::Rgb16(v) => v.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Samples::I16(v) => v.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Samples::U32(v) | Samples::Rgb32(v) => v.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Samples::I32(v) => v.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Samples::F32(v) => v.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Samples::F64(v) => v.iter().flat_map(|value| value.to_le_bytes()).collect(),
    }
}

/// Longer files are compared by this many of their first frames.
const MOST_FRAMES: u32 = 16;

/// Of the first frames together; why not, where one is refused.
fn sha256(instance: &Instance) -> String {
    let mut digest = Sha256::new();
    for frame in 0..instance.n_frames().min(MOST_FRAMES) {
        match load_frame(instance, frame) {
            Ok(frame) => digest.update(bytes(frame.samples())),
            Err(error) => return error.to_string(),
        }
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Before a line was written, every value of its frames was compared with what the decoders it names made of the same
/// file: pydicom's own, its plugins (gdcm, pillow, pyjpegls, pylibjpeg), DCMTK, NEMA's uncompressed original
/// (WG04-REF), or the uncompressed file of that name. Color was compared as RGB.
#[test]
fn decoded_pixels_are_what_they_were() {
    let Some(root) = data("") else { return };
    let frozen = include_str!("../../cases/import/decoded.csv");
    let mut wrong = Vec::new();
    for line in frozen.lines().skip(1) {
        let [path, n_frames, hash, same_by, near] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
        assert!(!same_by.is_empty() || !near.is_empty(), "{path} was compared with nothing");
        let intake = scan_all(&root.join(path));
        let found = instances(&intake).next().map(|instance| (instance.n_frames().to_string(), sha256(instance)));
        if found != Some((n_frames.to_owned(), hash.to_owned())) {
            wrong.push(format!("{path}: {found:?} {:?}", codes(&intake)));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Every public file: opened, or refused for one reason. Any change of strictness shows here.
#[test]
fn every_public_file_has_the_outcome_it_had() {
    let Some(root) = data("") else { return };
    let frozen = include_str!("../../cases/import/outcomes.csv");
    let expected: BTreeMap<&str, &str> = frozen.lines().skip(1).filter_map(|line| line.rsplit_once(',')).collect();
    let mut found = BTreeMap::new();
    let mut pending = vec![root.clone()];
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => pending.push(entry.path()),
                false => {
                    let name = entry.path().strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                    let is_hostile = name.starts_with("hostile/");
                    found.insert(name, outcome(&entry.path(), is_hostile));
                }
            }
        }
    }
    let is_new = |(name, outcome): &(&String, &String)| expected.get(name.as_str()) != Some(&outcome.as_str());
    let mut wrong: Vec<String> =
        found.iter().filter(is_new).map(|(name, outcome)| format!("{name},{outcome}")).collect();
    let lost = expected.keys().filter(|name| !found.contains_key(**name));
    wrong.extend(lost.map(|name| format!("{name} is not there")));
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), found.len(), wrong.join("\n"));
}

/// `opens`, or why it does not; of a hostile file also whether its first frame can be had.
fn outcome(path: &Path, is_hostile: bool) -> String {
    let intake = scan_all(path);
    if let Some((_, notice)) = intake.refused().find(|(refused, _)| *refused == path) {
        return notice.code.to_owned();
    }
    let Some(instance) = instances(&intake).next() else { return "index".to_owned() };
    match is_hostile.then(|| load_frame(instance, 0)) {
        Some(Err(error)) => format!("frame {}", error.code()),
        Some(Ok(_)) | None => "opens".to_owned(),
    }
}

#[test]
fn no_hostile_file_takes_long_or_takes_the_program_down() {
    let Some(root) = data("hostile") else { return };
    let listing = scan_all(&root);
    let refused: BTreeMap<&PathBuf, &str> = listing.refused().map(|(path, notice)| (path, notice.code)).collect();
    for file in &listing.files {
        let start = Instant::now();
        let intake = scan_all(&file.path);
        instances(&intake).for_each(|instance| {
            load_frame(instance, 0).map_err(|error| error.code()).err();
        });
        assert!(start.elapsed() < Duration::from_secs(2), "{} took {:?}", file.path.display(), start.elapsed());
    }
    let code_of = |name: &str| refused.iter().find(|(path, _)| path.ends_with(name)).map(|(_, code)| *code);
    assert_eq!(code_of("cat03_sequence_nesting/TC0265_depth_100.dcm"), Some(reason::TOO_DEEP));
    assert_eq!(code_of("cat07_file_meta/TC0401_invalid_ts.dcm"), Some(reason::UNKNOWN_TRANSFER_SYNTAX));
    assert_eq!(code_of("baseline/BASELINE_valid_ct.dcm"), None);
}

#[test]
fn a_chest_ct_is_one_even_stack_in_hounsfield_units() {
    let Some(root) = data("chest-ct") else { return };
    let start = Instant::now();
    let intake = scan_all(&root);
    println!("chest CT scanned in {:?}", start.elapsed());
    let series = &intake.studies[0].series[0];
    assert_eq!((intake.studies.len(), series.stack.len()), (1, 99));
    assert_eq!(series.geometry.regularity, Regularity::Regular);
    assert!(series.geometry.slice_spacing_mm.is_some_and(|spacing| (spacing - 3.0).abs() < 1e-6));
    assert_eq!(series.instances[0].value_unit, ValueUnit::Hounsfield);
}

#[test]
fn a_tilted_head_ct_says_so() {
    let Some(root) = data("head-ct-gantry-tilt") else { return };
    let intake = scan_all(&root);
    let series = &intake.studies[0].series[0];
    let codes: Vec<&str> = series.notices.iter().map(|notice| notice.code).collect();
    assert_eq!(codes, [reason::SPACING_CHANGE, reason::GANTRY_TILT]);
    assert_eq!(
        series.notices[0].text,
        "The slice spacing changes after image 14, from 4 to 7 mm; the stretches overlap"
    );
    assert!(series.geometry.tilt_degrees.is_some_and(|degrees| (degrees - 18.5).abs() < 1e-3));
}

#[test]
fn exact_stacks_are_volumes_of_their_exact_steps() {
    let Some(root) = data("geometry") else { return };
    let stacks = [
        ("synthetic_dicom_10Slices_1mm", 10, 1.0),
        ("synthetic_dicom_11Slices_1mm", 11, 1.0),
        ("synthetic_dicom_10Slices_5mm", 10, 5.0),
        ("synthetic_dicom_11Slices_5mm", 11, 5.0),
        ("checkboard_11Slices_10mm", 11, 10.0),
    ];
    for (name, n_slices, step) in stacks {
        let intake = scan_all(&root.join(name));
        let series = &intake.studies[0].series[0];
        let grid = VolumeGrid::of(series).unwrap();
        assert_eq!(grid.dims[2], n_slices, "{name}");
        assert!((grid.spacing_mm()[2] - step).abs() < 1e-9 && grid.shear_degrees() < 1e-9, "{name}: {grid:?}");
        for index in 0..series.stack.len() {
            let (instance, frame) = series.image(index).unwrap();
            let position = instance.frame(frame).unwrap().plane.unwrap().position_mm;
            let voxel = grid.voxel(position);
            let expected = [0.0, 0.0, index as f64];
            assert!(voxel.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{name}: {voxel:?}");
        }
    }
}

#[test]
fn stacks_that_are_no_volumes_say_why() {
    let Some(root) = data("head-ct-gantry-tilt") else { return };
    let intake = scan_all(&root);
    assert!(matches!(VolumeGrid::of(&intake.studies[0].series[0]), Err(NotAVolume::Irregular(_))));
    let Some(root) = data("chest-ct") else { return };
    let intake = scan_all(&root);
    let series = &intake.studies[0].series[0];
    assert_eq!(VolumeGrid::of(series).unwrap().dims, [512, 512, 99]);
    let mut leaning = Series::clone(series);
    leaning.geometry.tilt_degrees = Some(20.0);
    assert_eq!(VolumeGrid::of(&leaning), Err(NotAVolume::Sheared { degrees: 20.0 }));
    leaning.stack.truncate(1);
    assert_eq!(VolumeGrid::sheared(&leaning), Err(NotAVolume::SingleImage));
}

/// As many as pydicom's FileSet finds, whatever became of the offsets when the index was written anew, even where
/// the last record claims more bytes than there are (`DICOMDIR-nooffset`).
#[test]
fn every_dress_of_an_index_names_the_same_files() {
    let Some(root) = data("conformance/pydicom/src/pydicom/data/test_files/dicomdirtests") else { return };
    let names = [
        ("DICOMDIR", 31),
        ("DICOMDIR-bigEnd", 31),
        ("DICOMDIR-implicit", 31),
        ("DICOMDIR-nooffset", 31),
        ("DICOMDIR-nopatient", 31),
        ("DICOMDIR-reordered", 31),
        ("TINY_ALPHA/DICOMDIR", 50),
    ];
    for (name, n_files) in names {
        let intake = scan_all(&root.join(name));
        assert_eq!(intake.files.len(), n_files + 1, "{name}");
        let broken: Vec<&str> = intake.refused().map(|(_, notice)| notice.code).collect();
        assert!(!broken.contains(&reason::NOT_FOUND) && !broken.contains(&reason::MALFORMED), "{name}: {broken:?}");
    }
}

#[test]
fn an_index_of_files_opens_its_studies() {
    let Some(root) = data("conformance/pydicom/src/pydicom/data/test_files/dicomdirtests") else { return };
    let intake = scan_all(&root.join("DICOMDIR"));
    println!("{} studies, {:?}", intake.studies.len(), codes(&intake).first());
    assert!(intake.files.len() > 1);
}
