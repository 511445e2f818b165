//! From a frame to findings, end to end.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;

use overread::domain::finding::{Finding, Origin, Place};
use overread::domain::frame::{Frame, Samples};
use overread::domain::intake::Progress;
use overread::domain::presentation::Photometric;
use overread::domain::score::Score;
use overread::domain::uid::{FindingId, SopInstanceUid};
use overread::inference::device::DeviceChoice;
use overread::inference::error::InferenceError;
use overread::inference::gate::{OutOfScope, mark_forced};
use overread::inference::identity::{finding_id, pixels_sha256};
use overread::inference::model::Model;
use overread::inference::registry::{list_models, load_model};
use overread::inference::weights::sha256_hex;

use crate::inference::{frame, instance, subject, tiny, waves};

fn analyze(model: &Model, frame: &Frame) -> Result<Vec<Finding>, InferenceError> {
    let picture = instance(frame.rows(), frame.cols(), Photometric::Monochrome2);
    model.analyze(&subject(), &picture, frame, &|| false, &|_| {})
}

fn built_in(id: &str) -> Model {
    let entries = list_models(&[]);
    load_model(entries.iter().find(|entry| entry.id.as_str() == id).unwrap(), &DeviceChoice::Cpu).unwrap()
}

#[test]
fn a_classifier_gives_every_label_with_score_place_and_saliency() {
    let model = tiny("densenet");
    let findings = analyze(&model, &frame(150, 120, Samples::U16(waves(150, 120).into()))).unwrap();
    assert_eq!(findings.iter().map(|finding| finding.label.id.as_str()).collect::<Vec<_>>(), ["label_0", "label_1"]);
    for finding in &findings {
        let assessment = finding.assessment.as_ref().unwrap();
        assert!(matches!(assessment.score, Score::Calibrated(_)));
        assert_eq!(assessment.operating_point.threshold, 0.5);
        assert_eq!(finding.is_flagged(), assessment.score.value() >= 0.5);
        let map = finding.evidence.saliency.as_ref().unwrap();
        assert_eq!((map.rows(), map.cols()), (44, 58));
        assert_eq!((map.facts().source_rows, map.facts().source_cols), (150, 120));
        if map.facts().raw_peak > 0.0 {
            assert!(map.values().contains(&1.0));
        }
        if let Place::Region { region } = &finding.place {
            assert!(region.x0 >= 0.0 && region.y0 >= 0.0 && region.x1 <= 120.0 && region.y1 <= 150.0, "{region:?}");
            assert!(region.width() > 0.0 && region.height() > 0.0);
        }
        let Origin::Model(run) = &finding.origin else { panic!("not a model's finding") };
        assert_eq!(run.model.weights_sha256, model.card().weights.sha256);
        assert_eq!(run.inputs[0].pixels_sha256.len(), 64);
        assert!(run.device.starts_with("cpu, ") && run.seconds > 0.0);
    }
}

#[test]
fn a_second_run_gives_the_same_findings() {
    for model in [tiny("densenet"), tiny("unet"), built_in("chest-findings"), built_in("chest-anatomy")] {
        let picture = frame(150, 120, Samples::U16(waves(150, 120).into()));
        let (first, second) = (analyze(&model, &picture).unwrap(), analyze(&model, &picture).unwrap());
        assert!(!first.is_empty());
        for (a, b) in first.iter().zip(&second) {
            assert_eq!((&a.id, &a.assessment, &a.place), (&b.id, &b.assessment, &b.place));
            assert_eq!((&a.evidence.saliency, &a.evidence.segments), (&b.evidence.saliency, &b.evidence.segments));
            assert_eq!((&a.measurements, &a.notices), (&b.measurements, &b.notices));
        }
    }
}

#[test]
fn ids_come_from_weights_picture_and_label_alone() {
    let id = |weights: &str, sop: &str, number: u32, label: &str| {
        let mut subject = subject();
        (subject.sop, subject.frame) = (SopInstanceUid::new(sop), number);
        finding_id(weights, &subject, label)
    };
    let base = id("aa", "1.2", 0, "effusion");
    assert_eq!(base, id("aa", "1.2", 0, "effusion"));
    // Frozen, from Python: the record refers to findings by these ids.
    assert_eq!(base, FindingId::new(FROZEN_ID));
    let others = [id("ab", "1.2", 0, "effusion"), id("aa", "1.21", 0, "effusion"), id("aa", "1.2", 1, "effusion")];
    assert!(others.iter().all(|other| *other != base));
    assert_ne!(id("aa", "1.2", 0, "edema"), base);
    let stored = frame(2, 2, Samples::U16(vec![1, 256, 65535, 0].into()));
    assert_eq!(pixels_sha256(&stored), sha256_hex(&[1, 0, 0, 1, 255, 255, 0, 0]));
}

const FROZEN_ID: &str = "27ca6997-4b89-84bb-862b-c40c11db6081";

#[test]
fn a_stopped_run_gives_nothing_and_says_so() {
    let model = tiny("unet");
    let stored = frame(150, 120, Samples::U16(waves(150, 120).into()));
    let picture = instance(150, 120, Photometric::Monochrome2);
    for n_before in 0..4 {
        let asked = Cell::new(0);
        let cancel = || asked.replace(asked.get() + 1) == n_before;
        let stopped = model.analyze(&subject(), &picture, &stored, &cancel, &|_| {});
        assert_eq!(stopped.unwrap_err(), InferenceError::Cancelled);
    }
    let seen = RefCell::new(Vec::new());
    model.analyze(&subject(), &picture, &stored, &|| false, &|progress| seen.borrow_mut().push(progress)).unwrap();
    let expected: Vec<Progress> = (0..=3).map(|n_done| Progress { n_done, n_total: 3 }).collect();
    assert_eq!(*seen.borrow(), expected);
}

#[test]
fn a_picture_that_cannot_be_judged_fails_and_is_not_negative() {
    let model = tiny("densenet");
    let flat = analyze(&model, &frame(150, 120, Samples::U16(vec![3; 150 * 120].into()))).unwrap_err();
    assert_eq!(flat.code(), "image_unsuitable");
    let nan = analyze(&model, &frame(150, 120, Samples::F32(vec![f32::NAN; 150 * 120].into()))).unwrap_err();
    assert_eq!(nan.code(), "result_not_finite");
    // candle's ReLU would turn these into ordinary-looking scores.
    assert_eq!(model.run(vec![f32::NAN; 44 * 58]).unwrap_err().code(), "result_not_finite");
    assert_eq!(model.run(vec![1e38; 44 * 58]).unwrap_err().code(), "result_not_finite");
    assert_eq!(model.run(vec![0.0; 7]).unwrap_err().code(), "result_shape");
    let mut elsewhere = subject();
    elsewhere.sop = SopInstanceUid::new("1.2.3");
    let picture = instance(150, 120, Photometric::Monochrome2);
    let stored = frame(150, 120, Samples::U16(waves(150, 120).into()));
    let error = model.analyze(&elsewhere, &picture, &stored, &|| false, &|_| {}).unwrap_err();
    assert_eq!(error.to_string(), "the image cannot be analyzed: its pixels belong to another image");
}

#[test]
fn a_forced_run_says_so_on_every_finding() {
    let model = tiny("densenet");
    let findings = analyze(&model, &frame(150, 120, Samples::U16(waves(150, 120).into()))).unwrap();
    let scope = OutOfScope { model: "Tiny".into(), code: "modality", reason: "the series has modality OT".into() };
    for finding in mark_forced(findings, &scope) {
        assert_eq!(finding.notices[0].code, "forced_out_of_scope");
        assert!(finding.notices[0].text.contains("modality OT"));
    }
}

#[test]
fn lungs_and_heart_are_found_on_real_radiographs() {
    let data = std::env::var_os("OVERREAD_DATA").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = data.unwrap_or(beside).join("cxr-anatomy");
    let Ok(listed) = std::fs::read_dir(folder.join("images")) else {
        println!("skipped: no radiographs at hand");
        return;
    };
    let mut images: Vec<PathBuf> = listed.flatten().map(|file| file.path()).collect();
    images.sort();
    let model = built_in("chest-anatomy");
    let mut scores = Vec::new();
    for path in images.iter().step_by(images.len() / 6 + 1) {
        let gray = image::open(path).unwrap().to_luma8();
        let (cols, rows) = gray.dimensions();
        let findings = analyze(&model, &frame(rows, cols, Samples::U8(gray.into_raw().into()))).unwrap();
        let mask_path = folder.join(format!("masks/{}.png", path.file_stem().unwrap().to_string_lossy()));
        let truth = image::open(mask_path).unwrap().to_luma8();
        for (value, id) in [(1, "right_lung"), (2, "left_lung"), (3, "heart")] {
            let segment = findings[0].evidence.segments.iter().find(|segment| segment.id == id).unwrap();
            let found = segment.mask.to_dense();
            let both = found.iter().zip(truth.as_raw()).filter(|(a, b)| **a == 1 && **b == value).count();
            let total = segment.mask.n_pixels() as usize + truth.iter().filter(|b| **b == value).count();
            scores.push(2.0 * both as f64 / total as f64);
        }
        println!("{:?} {:?}", findings[0].assessment.as_ref().map(|a| a.sentence()), &scores[scores.len() - 3..]);
    }
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    assert!(mean > 0.9, "mean Dice {mean}");
}
