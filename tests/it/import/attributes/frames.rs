//! Frames of multi-frame objects: each has what the file says of it, and nothing of its neighbors.

use overread::domain::instance::Instance;
use overread::domain::presentation::{ModalityLut, ValueUnit, VoiTransform};
use overread::import::reason;

use crate::import::synthetic::{Written, codes, element, items, only_instance, scan_all};

fn opened(file: &Written) -> (Instance, Vec<&'static str>) {
    let folder = tempfile::tempdir().unwrap();
    let path = file.write(folder.path(), "a.dcm");
    let intake = scan_all(&path);
    (only_instance(&intake).clone(), codes(&intake))
}

/// The slice three times over.
fn three_frames() -> Written {
    let mut file = Written::ct("1.2.3.80");
    file.text(0x0028_0008, "IS", "3").words(0x7FE0_0010, "OW", &[7; 36]);
    file
}

fn z_of(instance: &Instance) -> Vec<Option<f64>> {
    instance.frames.iter().map(|frame| frame.plane.map(|plane| plane.position_mm.0[2])).collect()
}

fn group(sequence: u32, content: &[Vec<u8>]) -> Vec<u8> {
    element(sequence, "SQ", &items(&[content.concat()]))
}

fn text(tag: u32, vr: &str, value: &str) -> Vec<u8> {
    element(tag, vr, value.as_bytes())
}

/// One frame's groups: position, rescale, window and pixel size.
fn described(z: &str, slope: &str, center: &str, spacing: &str) -> Vec<u8> {
    [
        group(0x0020_9113, &[text(0x0020_0032, "DS", &format!("0\\0\\{z}"))]),
        group(0x0028_9110, &[text(0x0028_0030, "DS", spacing)]),
        group(0x0028_9132, &[text(0x0028_1050, "DS", center), text(0x0028_1051, "DS", "100")]),
        group(0x0028_9145, &[text(0x0028_1052, "DS", "0"), text(0x0028_1053, "DS", slope)]),
    ]
    .concat()
}

fn enhanced(per_frame: &[Vec<u8>]) -> Written {
    let mut file = three_frames();
    let shared = group(0x0020_9116, &[text(0x0020_0037, "DS", "1\\0\\0\\0\\1\\0")]);
    file.without(0x0020_0032).without(0x0020_0037).without(0x0028_0030);
    file.sequence(0x5200_9229, &[shared]).sequence(0x5200_9230, per_frame);
    file
}

#[test]
fn every_frame_has_its_own_groups() {
    let file = enhanced(&[
        described("1", "1", "40", "0.5\\0.5"),
        described("2", "2", "50", "0.5\\0.5"),
        described("4", "3", "60", "0.25\\0.25"),
    ]);
    let (instance, notices) = opened(&file);
    assert_eq!(notices, Vec::<&str>::new());
    assert_eq!(z_of(&instance), [Some(1.0), Some(2.0), Some(4.0)]);
    let slopes = instance.frames.iter().map(|frame| match frame.modality_lut {
        ModalityLut::Linear { slope, .. } => slope,
        _ => 0.0,
    });
    assert_eq!(slopes.collect::<Vec<_>>(), [1.0, 2.0, 3.0]);
    let centers = instance.frames.iter().map(|frame| match &frame.voi[0] {
        VoiTransform::Window { window, .. } => window.center,
        VoiTransform::Table(_) => 0.0,
    });
    assert_eq!(centers.collect::<Vec<_>>(), [40.0, 50.0, 60.0]);
    assert_eq!([0, 1, 2].map(|frame| instance.spacing_of(frame).row_mm), [0.5, 0.5, 0.25]);
}

#[test]
fn frames_the_file_forgot_lie_nowhere() {
    let file = enhanced(&[described("1", "1", "40", "0.5\\0.5"), described("2", "1", "40", "0.5\\0.5")]);
    let (instance, notices) = opened(&file);
    assert_eq!(z_of(&instance), [Some(1.0), Some(2.0), None]);
    assert_eq!(notices, [reason::FRAMES_UNDESCRIBED]);
}

#[test]
fn positions_in_a_volume_of_its_own_are_not_the_patients() {
    let volume = group(0x0020_930E, &[element(0x0020_9301, "FD", &[0; 24])]);
    let (instance, _) = opened(&enhanced(&[volume.clone(), volume.clone(), volume]));
    assert_eq!(z_of(&instance), [None, None, None]);
}

#[test]
fn a_dose_grid_says_where_its_frames_lie_in_either_way() {
    let mut file = three_frames();
    file.text(0x0008_0060, "CS", "RTDOSE").text(0x0020_0032, "DS", "0\\0\\-10");
    file.without(0x0028_1052).without(0x0028_1053);
    file.text(0x3004_000C, "DS", "0\\2\\5").text(0x3004_000E, "DS", "0.25").text(0x3004_0002, "CS", "GY");
    let (instance, _) = opened(&file);
    assert_eq!(z_of(&instance), [Some(-10.0), Some(-8.0), Some(-5.0)]);
    assert_eq!(instance.frames[0].modality_lut, ModalityLut::Linear { slope: 0.25, intercept: 0.0 });
    assert_eq!(instance.value_unit, ValueUnit::Named("Gy".to_owned()));
    // Patient coordinates, on a plane whose normal points down
    file.text(0x3004_000C, "DS", "-10\\-8\\-5").text(0x0020_0037, "DS", "1\\0\\0\\0\\-1\\0");
    assert_eq!(z_of(&opened(&file).0), [Some(-10.0), Some(-8.0), Some(-5.0)]);
}

#[test]
fn slices_of_nuclear_medicine_step_along_the_detectors_normal() {
    let mut file = three_frames();
    file.text(0x0008_0060, "CS", "NM").text(0x0008_0008, "CS", "ORIGINAL\\PRIMARY\\RECON TOMO\\EMISSION");
    file.without(0x0020_0032).without(0x0020_0037).text(0x0018_0088, "DS", "-4").words(0x0054_0080, "US", &[1, 2, 3]);
    let place = [text(0x0020_0032, "DS", "0\\0\\100"), text(0x0020_0037, "DS", "1\\0\\0\\0\\1\\0")].concat();
    file.sequence(0x0054_0022, &[place]);
    assert_eq!(z_of(&opened(&file).0), [Some(100.0), Some(96.0), Some(92.0)]);
    file.text(0x0008_0008, "CS", "ORIGINAL\\PRIMARY\\TOMO\\EMISSION");
    assert_eq!(z_of(&opened(&file).0), [None, None, None]);
}

#[test]
fn an_older_object_places_its_first_frame_only() {
    assert_eq!(z_of(&opened(&three_frames()).0), [Some(0.0), None, None]);
}
