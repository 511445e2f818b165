//! A network moved over volumes and large pictures: what it marks becomes findings whose sizes and places are true.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use overread::domain::finding::{Finding, Subject};
use overread::domain::frame::{Buffer, Samples};
use overread::domain::geometry::{ImagePlane, Spacing, SpacingKind, Vec3};
use overread::domain::instance::{FrameAttributes, Instance};
use overread::domain::intake::Progress;
use overread::domain::model::DistanceVerdict;
use overread::domain::presentation::{ModalityLut, Photometric};
use overread::domain::series::{Modality, Regularity, Series, SeriesGeometry, SortRule, StackImage};
use overread::domain::uid::{SeriesUid, SopInstanceUid, StudyUid};
use overread::imaging::volume::VolumeGrid;
use overread::imaging::volume_space::VolumeSpace;
use overread::imaging::voxels::{Rescale, Volume, VoxelSlices};
use overread::inference::device::DeviceChoice;
use overread::inference::model::{Analysis, Model, PictureInput, Scanner, VolumeInput};
use overread::inference::registry::load_model;
use overread::inference::weights::sha256_hex;
use overread::segmentation::lung_field::LungField;
use tempfile::TempDir;

use crate::inference::{entry, instance, subject};

/// Air around, a body of water, lungs of -850 HU, and balls of 400 HU in them.
const ORIGIN_MM: [f64; 3] = [-100.0, -80.0, 30.0];
const STEP_MM: [f64; 3] = [1.25, 1.25, 2.5];
const DIMS: [u32; 3] = [160, 128, 48];
/// Middle and radius of each ball, mm; the first two are in lungs, the last in the body between.
const BALLS: [([f64; 3], f64); 3] = [([-45.0, 0.0, 80.0], 9.0), ([50.0, 12.0, 110.0], 5.5), ([0.0, 0.0, 90.0], 8.0)];

fn hounsfield([x, y, z]: [f64; 3]) -> i16 {
    let in_ball = |([bx, by, bz], radius): &([f64; 3], f64)| {
        (x - bx).powi(2) + (y - by).powi(2) + (z - bz).powi(2) <= radius * radius
    };
    if BALLS.iter().any(in_ball) {
        return 400;
    }
    let in_lung = |middle: f64| ((x - middle) / 34.0).powi(2) + (y / 55.0).powi(2) <= 1.0;
    if in_lung(-45.0) || in_lung(45.0) {
        return -850;
    }
    if (x / 92.0).powi(2) + (y / 72.0).powi(2) <= 1.0 { 0 } else { -1000 }
}

fn volume() -> Volume {
    let [cols, rows, n_slices] = DIMS;
    let slice = |k: u32| -> Buffer<i16> {
        let at = |i: u32, axis: usize| ORIGIN_MM[axis] + f64::from(i) * STEP_MM[axis];
        // Stored with an offset, as scanners do.
        let voxels = (0..rows).flat_map(|j| (0..cols).map(move |i| hounsfield([at(i, 0), at(j, 1), at(k, 2)]) + 1024));
        voxels.collect::<Vec<i16>>().into()
    };
    let grid = VolumeGrid {
        dims: DIMS,
        origin_mm: Vec3(ORIGIN_MM),
        col_step_mm: Vec3([STEP_MM[0], 0.0, 0.0]),
        row_step_mm: Vec3([0.0, STEP_MM[1], 0.0]),
        slice_step_mm: Vec3([0.0, 0.0, STEP_MM[2]]),
    };
    let slices = VoxelSlices::I16((0..n_slices).map(slice).collect());
    Volume::new(VolumeSpace::even(grid), slices, Rescale::Same([1.0, -1024.0]), None)
}

fn series() -> Series {
    let [cols, rows, n_slices] = DIMS;
    let of_slice = |k: u32| {
        let plane = ImagePlane {
            position_mm: Vec3([ORIGIN_MM[0], ORIGIN_MM[1], ORIGIN_MM[2] + f64::from(k) * STEP_MM[2]]),
            row_dir: Vec3([1.0, 0.0, 0.0]),
            col_dir: Vec3([0.0, 1.0, 0.0]),
        };
        let attributes = FrameAttributes {
            plane: Some(plane),
            modality_lut: ModalityLut::Linear { slope: 1.0, intercept: -1024.0 },
            ..FrameAttributes::default()
        };
        Arc::new(Instance {
            sop: SopInstanceUid::new(format!("1.2.3.{k}")),
            frames: vec![Arc::new(attributes)],
            spacing: Spacing { kind: SpacingKind::Patient, row_mm: STEP_MM[1], col_mm: STEP_MM[0], aspect: 1.0 },
            ..instance(rows, cols, Photometric::Monochrome2)
        })
    };
    Series {
        uid: SeriesUid::new("1.2.3"),
        number: Some(1),
        modality: Modality("CT".into()),
        description: String::new(),
        part: String::new(),
        body_part: "CHEST".into(),
        frame_of_reference: None,
        instances: (0..n_slices).map(of_slice).collect(),
        stack: (0..n_slices).map(|k| StackImage { instance: k as usize, frame: 0 }).collect(),
        geometry: SeriesGeometry {
            sort: SortRule::Position,
            slice_spacing_mm: Some(STEP_MM[2]),
            regularity: Regularity::Regular,
            ..SeriesGeometry::default()
        },
        notices: vec![],
    }
}

/// A network whose answer is known: what is denser than 200 HU is a lesion. One level, no norm; of its context slices it looks at the
/// middle one.
fn write_thresholder(root: &Path, n_channels: usize, sliding: &str, input: &str) {
    let folder = root.join("thresholder");
    fs::create_dir_all(&folder).unwrap();
    // Scaled, -1000 to 400 HU are 0 to 1; with mean 0.5 and deviation 0.5, 200 HU are 0.714.
    let middle = |n_out: usize, n_in: usize, at: usize| {
        let mut weight = vec![0.0_f32; n_out * n_in * 9];
        weight[at * 9 + 4] = 1.0;
        Tensor::from_vec(weight, (n_out, n_in, 3, 3), &Device::Cpu).unwrap()
    };
    let line = |values: &[f32]| Tensor::new(values, &Device::Cpu).unwrap();
    let head = Tensor::new(&[0.0_f32, 100.0], &Device::Cpu).unwrap().reshape((2, 1, 1, 1)).unwrap();
    let tensors = HashMap::from([
        ("enc0.conv1.weight".to_owned(), middle(1, n_channels, n_channels / 2)),
        ("enc0.conv1.bias".to_owned(), line(&[0.0])),
        ("enc0.conv2.weight".to_owned(), middle(1, 1, 0)),
        ("enc0.conv2.bias".to_owned(), line(&[0.0])),
        ("head.weight".to_owned(), head),
        ("head.bias".to_owned(), line(&[0.0, -71.4])),
    ]);
    candle_core::safetensors::save(&tensors, folder.join("model.safetensors")).unwrap();
    let statistics = HashMap::from([
        ("mean".to_owned(), line(&[0.0])),
        ("factor".to_owned(), Tensor::new(&[[1.0_f32]], &Device::Cpu).unwrap()),
        ("percentiles".to_owned(), line(&[0.0, 50.0, 100.0])),
        ("quantiles".to_owned(), line(&[0.0, 0.5, 1.0])),
    ]);
    candle_core::safetensors::save(&statistics, folder.join("features.safetensors")).unwrap();
    let sha256 = |file: &str| sha256_hex(&fs::read(folder.join(file)).unwrap());
    let card = format!(
        r#"schema = 1
id = "thresholder"
name = "Thresholder"
version = "0.0.1"
task = "segmentation"
summary = "Dense"
intended_use = "Tests"
not_for = "Anything else"
license = "As the repository"

[weights]
file = "model.safetensors"
sha256 = "{weights}"

[golden]
file = "golden.safetensors"
sha256 = "{zeros}"
tolerance = 1e-4

[architecture]
network = "unet"
in_channels = {n_channels}
out_channels = 2
base_width = 1
depth = 1
norm = "none"
up = "transposed"

[input]
modalities = ["CT"]
body_parts = ["CHEST"]
rows = 64
cols = 64
channels = {n_channels}
{input}
fit = "tiles"
resize = "triangle_antialias"
mean = 0.5
std = 0.5

[output]
activation = "softmax"
calibrated = false
temperature = 1.0

[sliding]
{sliding}

[component]
segment = "lesion"
threshold = 0.5
min_size = 20.0
operating_point = {{ threshold = 0.5, set = "none" }}

[distance]
file = "features.safetensors"
sha256 = "{features}"
layer = "enc0"
warn_percentile = 95.0
hold_percentile = 100.0
n = 3

[[segment]]
index = 1
id = "lesion"
name = "Lesion"
color = [200, 80, 80]
code = {{ scheme = "SCT", value = "27925004", meaning = "Nodule" }}
"#,
        weights = sha256("model.safetensors"),
        features = sha256("features.safetensors"),
        zeros = "0".repeat(64),
    );
    fs::write(folder.join("model.toml"), card).unwrap();
}

const CT: &str = "polarity = \"as_stored\"\nintensity = { kind = \"window\", low = -1000.0, high = 400.0 }";

struct Sample {
    root: TempDir,
}

impl Sample {
    fn model(n_channels: usize, sliding: &str) -> (Self, Model) {
        let sample = Self { root: tempfile::tempdir().unwrap() };
        write_thresholder(sample.root.path(), n_channels, sliding, CT);
        let model = load_model(&entry(sample.root.path(), "thresholder"), &DeviceChoice::Cpu).unwrap();
        (sample, model)
    }
}

fn assess(model: &Model, volume: &Volume, series: &Series) -> Analysis {
    let subject = Subject { study: StudyUid::new("1.2"), series: series.uid.clone(), ..subject() };
    let input = VolumeInput { subject: &subject, series, volume, scanner: &Scanner::default() };
    model.assess_volume(&input, &|| false, &|_| {}).unwrap()
}

fn value(finding: &Finding, id: &str) -> f64 {
    finding.measurements.iter().find(|measurement| measurement.id == id).unwrap().value
}

fn check_ball(finding: &Finding, ([x, y, z], radius): ([f64; 3], f64)) {
    let Vec3([cx, cy, cz]) = finding.evidence.center_mm.unwrap();
    assert!((cx - x).abs() < 0.6 && (cy - y).abs() < 0.6 && (cz - z).abs() < 1.2, "{cx} {cy} {cz}");
    let truth = 4.0 / 3.0 * std::f64::consts::PI * radius.powi(3);
    assert!((value(finding, "volume") / truth - 1.0).abs() < 0.1, "{} of {truth}", value(finding, "volume"));
    assert!((value(finding, "volume_ml") * 1000.0 - value(finding, "volume")).abs() < 1e-9);
    assert!((value(finding, "long_axis") - 2.0 * radius).abs() < 1.9, "{}", value(finding, "long_axis"));
    assert!((value(finding, "short_axis") - 2.0 * radius).abs() < 1.9, "{}", value(finding, "short_axis"));
    assert!((value(finding, "mean_hu") - 400.0).abs() < 1e-6, "{}", value(finding, "mean_hu"));
    // On every slice the ball goes through, the subject's own among them.
    let slices = 2.0 * radius / STEP_MM[2];
    let n_masks = finding.placed_segments().count() as f64;
    assert!((n_masks - slices).abs() <= 1.5, "{n_masks} of {slices}");
    let n_voxels: u64 = finding.placed_segments().map(|(_, _, segment)| segment.mask.n_pixels()).sum();
    let voxel_mm3: f64 = STEP_MM.iter().product();
    assert!((n_voxels as f64 * voxel_mm3 - value(finding, "volume")).abs() < 1e-6);
    assert_eq!(finding.evidence.lines.len(), 2);
    assert!(finding.is_flagged());
}

#[test]
fn balls_in_lungs_become_findings_of_true_size_and_place_and_what_lies_elsewhere_does_not() {
    let (volume, series) = (volume(), series());
    let (_kept, model) = Sample::model(1, "overlap = 0.5\nregion = \"lungs\"");
    let analysis = assess(&model, &volume, &series);
    assert_eq!(analysis.findings.len(), 2, "{:?}", analysis.findings);
    let mut findings = analysis.findings.clone();
    findings.sort_by(|a, b| value(b, "volume").total_cmp(&value(a, "volume")));
    for (finding, ball) in findings.iter().zip(BALLS) {
        check_ball(finding, ball);
        let run = finding.model_run().unwrap();
        assert_eq!(run.inputs.len(), DIMS[2] as usize);
        assert_eq!(run.distance, analysis.distance);
    }
    assert_ne!(findings[0].id, findings[1].id);
    assert_eq!(analysis.distance.unwrap().verdict, DistanceVerdict::Usual);
    let (_kept, everywhere) = Sample::model(1, "overlap = 0.25");
    assert_eq!(assess(&everywhere, &volume, &series).findings.len(), 3);
}

#[test]
fn planes_of_any_axis_context_slices_and_other_pixels_find_the_same() {
    let (volume, series) = (volume(), series());
    for (n_channels, sliding) in [
        (3, "overlap = 0.5\nregion = \"lungs\"\ncontext_mm = 3.0"),
        (1, "overlap = 0.5\nregion = \"lungs\"\naxis = \"coronal\""),
        (1, "overlap = 0.3\nregion = \"lungs\"\naxis = \"sagittal\"\nbatch = 3"),
        (1, "overlap = 0.5\nregion = \"lungs\"\npixel_mm = 1.0"),
    ] {
        let (_kept, model) = Sample::model(n_channels, sliding);
        let mut findings = assess(&model, &volume, &series).findings;
        assert_eq!(findings.len(), 2, "{sliding}: {findings:?}");
        findings.sort_by(|a, b| value(b, "volume").total_cmp(&value(a, "volume")));
        for (finding, ([x, y, z], radius)) in findings.iter().zip(BALLS) {
            let Vec3([cx, cy, cz]) = finding.evidence.center_mm.unwrap();
            assert!((cx - x).abs() < 1.0 && (cy - y).abs() < 1.0 && (cz - z).abs() < 1.3, "{sliding}: {cx} {cy} {cz}");
            let truth = 4.0 / 3.0 * std::f64::consts::PI * radius.powi(3);
            assert!((value(finding, "volume") / truth - 1.0).abs() < 0.3, "{sliding}");
        }
    }
}

#[test]
fn a_stopped_run_ends_between_tiles_and_progress_counts_them() {
    use std::cell::RefCell;
    use std::sync::atomic::{AtomicUsize, Ordering};

    let (volume, series) = (volume(), series());
    let (_kept, model) = Sample::model(1, "overlap = 0.5\nregion = \"lungs\"");
    let subject = Subject { series: series.uid.clone(), ..subject() };
    let input = VolumeInput { subject: &subject, series: &series, volume: &volume, scanner: &Scanner::default() };
    let seen = RefCell::new(Vec::new());
    model.assess_volume(&input, &|| false, &|progress| seen.borrow_mut().push(progress)).unwrap();
    let seen = seen.into_inner();
    let Progress { n_done, n_total } = *seen.last().unwrap();
    assert!(n_done == n_total && n_total > 40, "{n_done} of {n_total}");
    assert!(seen.windows(2).all(|pair| pair[0].n_done <= pair[1].n_done));
    let asked = AtomicUsize::new(0);
    let stopped = model.assess_volume(&input, &|| asked.fetch_add(1, Ordering::Relaxed) > 150, &|_| {});
    assert_eq!(stopped.unwrap_err().code(), "analysis_cancelled");
    assert!(asked.load(Ordering::Relaxed) < 160);
}

#[test]
fn a_large_picture_is_run_in_tiles_too() {
    let root = tempfile::tempdir().unwrap();
    let input = "polarity = \"bright_is_dense\"\nintensity = { kind = \"percentile\", low = 0.0, high = 100.0 }";
    write_thresholder(root.path(), 1, "overlap = 0.5", input);
    let card = root.path().join("thresholder/model.toml");
    let text = fs::read_to_string(&card).unwrap().replace("[\"CT\"]", "[\"DX\"]");
    fs::write(&card, text).unwrap();
    let model = load_model(&entry(root.path(), "thresholder"), &DeviceChoice::Cpu).unwrap();
    let (rows, cols) = (300, 410);
    let value_at = |i: u32| {
        let (x, y) = (f64::from(i % cols) - 200.0, f64::from(i / cols) - 100.0);
        if (x / 40.0).powi(2) + (y / 20.0).powi(2) <= 1.0 { 4000 } else { 100 }
    };
    let samples = Samples::U16((0..rows * cols).map(value_at).collect::<Vec<u16>>().into());
    let frame = crate::inference::frame(rows, cols, samples);
    let picture = instance(rows, cols, Photometric::Monochrome2);
    let input = PictureInput { subject: &subject(), instance: &picture, frame: &frame, scanner: &Scanner::default() };
    let found = model.assess(&input, &|| false, &|_| {}).unwrap().findings;
    assert_eq!(found.len(), 1);
    // Half a millimeter a pixel
    assert!((value(&found[0], "long_axis") - 40.5).abs() < 0.6, "{:?}", found[0].measurements);
    assert!((value(&found[0], "area") - std::f64::consts::PI * 20.0 * 10.0).abs() < 8.0, "{:?}", found[0].measurements);
    assert!(found[0].evidence.center_mm.is_none());
}

#[test]
fn lungs_are_found_in_a_volume_and_none_where_there_are_none() {
    let volume = volume();
    let field = LungField::of(&volume, 0.0).unwrap();
    let (mut both, mut n_truth, mut n_field) = (0, 0, 0);
    for k in (0..DIMS[2]).step_by(5) {
        for j in (0..DIMS[1]).step_by(3) {
            for i in (0..DIMS[0]).step_by(3) {
                let at = |i: u32, axis: usize| ORIGIN_MM[axis] + f64::from(i) * STEP_MM[axis];
                let x = at(i, 0);
                let in_lung = |middle: f64| ((x - middle) / 34.0).powi(2) + (at(j, 1) / 55.0).powi(2) <= 1.0;
                let truth = in_lung(-45.0) || in_lung(45.0);
                let found = field.contains(i, j, k as usize);
                both += usize::from(truth && found);
                n_truth += usize::from(truth);
                n_field += usize::from(found);
            }
        }
    }
    let dice = 2.0 * both as f64 / (n_truth + n_field) as f64;
    assert!(dice > 0.96 && both as f64 / n_truth as f64 > 0.97, "Dice {dice}, found {both} of {n_truth}");
    let slices = VoxelSlices::I16((0..DIMS[2]).map(|_| vec![0_i16; 160 * 128].into()).collect());
    let water = Volume::new(volume.space().clone(), slices, Rescale::Same([1.0, 0.0]), None);
    assert!(LungField::of(&water, 0.0).is_none());
    let (_kept, model) = Sample::model(1, "overlap = 0.5\nregion = \"lungs\"");
    let (subject, series) = (subject(), series());
    let input = VolumeInput { subject: &subject, series: &series, volume: &water, scanner: &Scanner::default() };
    let refused = model.assess_volume(&input, &|| false, &|_| {}).unwrap_err();
    assert!(refused.to_string().contains("no lungs were found"), "{refused}");
}
