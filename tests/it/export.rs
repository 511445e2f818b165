//! What leaves: the JSON report and the pictures, from a small study made here.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use overread::domain::annotation::{Annotation, Ground};
use overread::domain::coding::CodedConcept;
use overread::domain::decision::{Decision, RejectReason, Seen, SeenOverlay, Verdict};
use overread::domain::finding::{Evidence, Finding, FindingLabel, MeasuredLine, Measurement, Origin, Place, Subject};
use overread::domain::frame::{Frame, Samples};
use overread::domain::geometry::{PixelBox, Spacing, SpacingKind};
use overread::domain::instance::{Acquisition, FrameAttributes, Instance, PixelDescription};
use overread::domain::intake::Notice;
use overread::domain::mask::{Mask, Segment};
use overread::domain::model::{ModelIdentity, ModelInput, ModelRun};
use overread::domain::patient::Patient;
use overread::domain::presentation::{ModalityLut, Photometric, ValueUnit, VoiTransform, Window};
use overread::domain::report::{Report, ReportedAnnotation, ReportedFinding, Signed};
use overread::domain::saliency::{MapFromSource, SaliencyFacts, SaliencyMap};
use overread::domain::score::{Assessment, Logit, OperatingPoint, Score};
use overread::domain::series::{Modality, Series, SeriesGeometry, StackImage};
use overread::domain::shape::Shape;
use overread::domain::study::Study;
use overread::domain::uid::{
    AnnotationId, EventId, FindingId, ModelId, ReaderName, SeriesUid, SopInstanceUid, StudyUid,
};
use overread::export::secondary_capture::{self, Captures};
use overread::export::{ExportError, write_json};
use serde_json::{Value, json};

const SIDE: u32 = 640;

fn instance(sop: &str, path: &Path) -> Instance {
    let window = VoiTransform::Window { window: Window::linear(2048.0, 4096.0), explanation: String::new() };
    Instance {
        sop: SopInstanceUid::new(sop),
        written_sop: None,
        sop_class: "1.2.840.10008.5.1.4.1.1.1.1".into(),
        path: path.to_owned(),
        number: Some(1),
        pixels: PixelDescription {
            rows: SIDE,
            cols: SIDE,
            samples_per_pixel: 1,
            bits_allocated: 16,
            bits_stored: 12,
            high_bit: 11,
            is_signed: false,
            photometric: Photometric::Monochrome1,
            transfer_syntax: "1.2.840.10008.1.2.1".into(),
            lossy: None,
        },
        frames: vec![Arc::new(FrameAttributes {
            plane: None,
            modality_lut: ModalityLut::Identity,
            voi: vec![window],
            ..FrameAttributes::default()
        })],
        stored: None,
        palette: None,
        padding: None,
        regions: Vec::new(),
        overlays: Vec::new(),
        derivation: None,
        spacing: Spacing::UNKNOWN,
        patient_orientation: None,
        presentation_inverse: true,
        value_unit: ValueUnit::Unspecified,
        acquisition: Acquisition::default(),
        notices: Vec::new(),
    }
}

fn study(sop: &str, path: &Path) -> Arc<Study> {
    let series = Series {
        uid: SeriesUid::new("1.2.2"),
        number: Some(1),
        modality: Modality("DX".into()),
        description: "Chest PA".into(),
        part: String::new(),
        body_part: "CHEST".into(),
        frame_of_reference: None,
        instances: vec![Arc::new(instance(sop, path))],
        stack: vec![StackImage { instance: 0, frame: 0 }],
        geometry: SeriesGeometry::default(),
        notices: Vec::new(),
    };
    let patient = Patient { id: "P-1".into(), name: "Doe^Jane".into(), birth_date: "19600102".into(), sex: "F".into() };
    Arc::new(Study {
        uid: StudyUid::new("1.2.1"),
        patient: Arc::new(patient),
        date: "20260301".into(),
        time: "101500".into(),
        description: "Chest".into(),
        id: "S1".into(),
        accession: "A1".into(),
        institution: "Example Hospital".into(),
        series: vec![Arc::new(series)],
        written_uid: None,
        documents: Vec::new(),
        notices: Vec::new(),
    })
}

/// Dark to bright from left to right once inverted.
fn frame(instance: &Instance) -> Frame {
    let stored = (0..SIDE * SIDE).map(|i| (4095 - (i % SIDE) * 3) as u16).collect();
    Frame::new(instance.frame_key(0), SIDE, SIDE, Samples::U16(stored)).unwrap()
}

fn origin() -> Origin {
    let model = ModelIdentity {
        id: ModelId::new("chest-findings"),
        name: "Chest findings".into(),
        version: "0.1.0".into(),
        weights_sha256: "ab".repeat(32),
    };
    let input = ModelInput { sop: SopInstanceUid::new("1.2.3"), frame: 0, pixels_sha256: "cd".repeat(32) };
    Origin::Model(Box::new(ModelRun {
        model,
        inputs: vec![input],
        device: "cpu, 2 threads".into(),
        seconds: 0.8,
        distance: None,
    }))
}

fn assessment(logit: f64) -> Option<Assessment> {
    let operating_point = OperatingPoint {
        threshold: 0.5,
        sensitivity: Some(0.9),
        specificity: Some(0.6),
        set: "a held-out set".into(),
        n: Some(160),
    };
    Some(Assessment::new(Score::uncalibrated(Logit(logit), 1.0), operating_point))
}

fn finding(sop: &str, id: &str, name: &str, logit: f64) -> Finding {
    Finding {
        id: FindingId::new(id),
        subject: Subject {
            study: StudyUid::new("1.2.1"),
            series: SeriesUid::new("1.2.2"),
            sop: SopInstanceUid::new(sop),
            frame: 0,
        },
        label: FindingLabel {
            id: id.into(),
            name: name.into(),
            code: Some(CodedConcept::new("SCT", "60046008", "Pleural effusion")),
        },
        origin: origin(),
        assessment: assessment(logit),
        place: Place::WholeImage,
        measurements: Vec::new(),
        evidence: Evidence::default(),
        notices: Vec::new(),
    }
}

/// A hill with its peak at a quarter of the picture from the left, halfway down.
fn hill() -> Arc<SaliencyMap> {
    let n = 32;
    let scale = f64::from(n) / f64::from(SIDE);
    let values = (0..n * n).map(|i| {
        let (x, y) = (f64::from(i % n) - 8.0, f64::from(i / n) - 16.0);
        (-(x * x + y * y) / 18.0).exp() as f32
    });
    let facts = SaliencyFacts {
        method: "grad-cam".into(),
        layer: "features.norm5".into(),
        raw_peak: 3.5,
        map_from_source: MapFromSource {
            scale_x: scale,
            offset_x: scale / 2.0 - 0.5,
            scale_y: scale,
            offset_y: scale / 2.0 - 0.5,
        },
        source_rows: SIDE,
        source_cols: SIDE,
    };
    Arc::new(SaliencyMap::new(n, n, values.collect(), facts).unwrap())
}

/// An ellipse right of the middle.
fn heart() -> Arc<Segment> {
    let dense: Vec<u8> = (0..SIDE * SIDE)
        .map(|i| {
            let (x, y) = (f64::from(i % SIDE) - 400.0, f64::from(i / SIDE) - 300.0);
            u8::from((x / 90.0).powi(2) + (y / 110.0).powi(2) <= 1.0)
        })
        .collect();
    Arc::new(Segment {
        id: "heart".into(),
        name: "Heart".into(),
        code: CodedConcept::new("SCT", "80891009", "Heart"),
        color: [230, 159, 0],
        mask: Mask::from_dense(SIDE, SIDE, &dense).unwrap(),
    })
}

fn decision(verdict: Verdict) -> Decision {
    let seen = Seen {
        sop: SopInstanceUid::new("1.2.3"),
        frame: 0,
        window: Some(Window::linear(2000.0, 3000.0)),
        zoom: 1.25,
        rotation_deg: 90,
        is_flipped: false,
        is_inverted: true,
        overlay: SeenOverlay { masks_shown: true, saliency_shown: false, opacity: 0.35, score_shown: true },
        circumstances: Default::default(),
    };
    Decision {
        verdict,
        reader: ReaderName::new("dr_b"),
        at: "2026-03-01T10:20:30+01:00".into(),
        event: EventId::new("0195-event"),
        seen: Some(seen),
        comment: "see prior".into(),
        details: Default::default(),
    }
}

fn rejected() -> Verdict {
    Verdict::Rejected { reasons: vec![RejectReason::DeviceOrLine, RejectReason::Other], text: "pacemaker".into() }
}

fn reported(finding: Finding, verdict: Option<Verdict>) -> ReportedFinding {
    let decision = verdict.map(decision);
    let history = decision.clone().into_iter().collect();
    ReportedFinding { history, decision, ..ReportedFinding::undecided(Arc::new(finding)) }
}

fn report(study: Option<Arc<Study>>, findings: Vec<ReportedFinding>) -> Report {
    Report {
        study_uid: StudyUid::new("1.2.1"),
        study,
        findings,
        annotations: Vec::new(),
        key_images: Vec::new(),
        masks: Vec::new(),
        course: Default::default(),
        displays: Vec::new(),
        made_at: "2026-03-01T11:00:00+01:00".into(),
        made_by: "overread 0.1.0".into(),
    }
}

/// One of each state on one image.
fn full_report(sop: &str, path: &Path) -> Report {
    let mut effusion = finding(sop, "effusion", "Pleural effusion", 1.0);
    effusion.evidence.saliency = Some(hill());
    let mut heart_size = finding(sop, "cardiothoracic_ratio", "Enlarged cardiac silhouette", 0.4);
    heart_size.evidence.segments = vec![heart()];
    let line = MeasuredLine { name: "Heart width".into(), from: [310.0, 300.0], to: [489.0, 300.0] };
    heart_size.evidence.lines = vec![line];
    let ratio = Measurement { id: "ctr".into(), name: "Cardiothoracic ratio".into(), value: 0.56, unit: "1".into() };
    heart_size.measurements = vec![ratio];
    let mut nodule = finding(sop, "nodule", "Nodule", 2.0);
    nodule.place = Place::Region { region: PixelBox { x0: 60.0, y0: 60.0, x1: 150.0, y1: 140.0 } };
    let mut missed = finding(sop, "missed", "Rib fracture", 0.0);
    missed.origin = Origin::Reader(ReaderName::new("dr_b"));
    missed.assessment = None;
    missed.place = Place::Region { region: PixelBox { x0: 500.0, y0: 430.0, x1: 590.0, y1: 500.0 } };
    let findings = vec![
        reported(nodule, Some(rejected())),
        reported(effusion, None),
        reported(heart_size, Some(Verdict::Accepted)),
        reported(missed, None),
        reported(finding(sop, "edema", "Edema", -2.0), None),
    ];
    report(Some(study(sop, path)), findings)
}

fn capture(report: &Report, folder: &Path) -> Result<Captures, ExportError> {
    let mut frames = |instance: &Instance, _: u32| Ok(Arc::new(frame(instance)));
    secondary_capture::write(report, &mut frames, folder, &|| false, &|_| {})
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_json_report_says_everything_about_a_rejected_finding() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_json(&full_report("1.2.3", Path::new("")), folder.path()).unwrap();
    assert_eq!(names(folder.path()), ["report.json"]);
    let text = fs::read_to_string(path).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["schema"], "overread-report");
    assert_eq!(document["version"], 1);
    assert_eq!(document["research_use_only"], "Research use only. Not for diagnostic use.");
    assert!(text.find("research_use_only").unwrap() < text.find("findings").unwrap());
    assert_eq!(document["study"]["study_instance_uid"], "1.2.1");
    assert_eq!(document["patient"], json!({"id": "P-1", "name": "Doe^Jane", "birth_date": "19600102", "sex": "F"}));
    let nodule = &document["findings"][0];
    let expected = json!({
        "verdict": "rejected",
        "reasons": ["device_or_line", "other"],
        "text": "pacemaker",
        "comment": "see prior",
        "reader": "dr_b",
        "at": "2026-03-01T10:20:30+01:00",
        "event_id": "0195-event",
        "seen": {
            "sop_instance_uid": "1.2.3",
            "frame_index": 0,
            "window": {"center": 2000.0, "width": 3000.0, "function": "LINEAR"},
            "zoom": 1.25,
            "rotation_deg": 90,
            "flipped": false,
            "inverted": true,
            "overlay": {"masks_shown": true, "saliency_shown": false, "opacity": 0.35, "score_shown": true},
        },
    });
    assert_eq!(nodule["decision"], expected);
    assert_eq!(nodule["history"], json!([expected]));
    assert_eq!(nodule["place"]["region"]["x1"], 150.0);
    let origin = &nodule["origin"];
    assert_eq!((&origin["kind"], &origin["id"]), (&json!("model"), &json!("chest-findings")));
    assert_eq!(origin["weights_sha256"], "ab".repeat(32));
    assert_eq!(origin["inputs"][0]["pixels_sha256"], "cd".repeat(32));
    assert_eq!(nodule["assessment"]["sentence"], "Score 0.88, above operating point 0.50");
    assert_eq!(nodule["assessment"]["kind"], "uncalibrated_score");
}

#[test]
fn the_json_report_tells_evidence_and_the_readers_own_findings() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_json(&full_report("1.2.3", Path::new("")), folder.path()).unwrap();
    let document: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let effusion = &document["findings"][1];
    assert_eq!(effusion["decision"], Value::Null);
    assert_eq!(effusion["saliency"]["layer"], "features.norm5");
    let heart = &document["findings"][2];
    assert_eq!(heart["measurements"][0]["unit_ucum"], "1");
    assert_eq!(heart["segments"][0]["n_pixels"], heart_pixels());
    assert_eq!(heart["segments"][0]["bounds"], json!({"x0": 310.0, "y0": 190.0, "x1": 491.0, "y1": 411.0}));
    assert_eq!(heart["lines"][0]["to"], json!([489.0, 300.0]));
    let missed = &document["findings"][3];
    assert_eq!(missed["origin"], json!({"kind": "reader", "reader": "dr_b"}));
    assert_eq!((&missed["assessment"], &missed["flagged"]), (&Value::Null, &json!(true)));
    assert_eq!(document["findings"][4]["flagged"], false);
}

fn heart_pixels() -> u64 {
    heart().mask.n_pixels()
}

#[test]
fn a_report_without_the_studys_files_still_leaves_and_replaces_an_older_one() {
    let folder = tempfile::tempdir().unwrap();
    write_json(&full_report("1.2.3", Path::new("")), folder.path()).unwrap();
    let without = report(None, vec![reported(finding("1.2.3", "edema", "Edema", -2.0), None)]);
    let path = write_json(&without, folder.path()).unwrap();
    let document: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(document["study"], json!({"study_instance_uid": "1.2.1"}));
    assert_eq!(document["patient"], Value::Null);
    assert_eq!(names(folder.path()), ["report.json"]);
    let captures = capture(&without, folder.path()).unwrap();
    assert_eq!((captures.written.len(), captures.skipped[0].1.code), (0, "image_absent"));
}

#[test]
fn a_picture_shows_the_files_own_gray_levels_beside_its_marks() {
    let folder = tempfile::tempdir().unwrap();
    let report = full_report("1.2.3", Path::new(""));
    let captures = capture(&report, folder.path()).unwrap();
    assert_eq!(names(folder.path()), ["1.2.3.png"]);
    let [written] = captures.written.as_slice() else { panic!("{captures:?}") };
    assert_eq!(written.sha256.len(), 64);
    let picture = image::open(&written.path).unwrap().into_rgb8();
    assert_eq!(picture.width(), SIDE);
    assert!(picture.height() > SIDE + 100);
    // MONOCHROME1 with INVERSE: inverted once. Stored 4095 − 3x shows as 3x/4095.
    for (x, y) in [(5, 5), (300, 20), (620, 250)] {
        let gray = (f64::from(3 * x) / 4095.0 * 255.0).round() as u8;
        assert_eq!(picture.get_pixel(x, y).0, [gray; 3]);
    }
    let is_colored = |x, y| picture.get_pixel(x, y).0.iter().any(|channel| channel != &picture.get_pixel(x, y).0[0]);
    assert!(is_colored(160, 320), "saliency of the flagged, unreviewed finding");
    assert!(is_colored(400, 250), "fill of the accepted finding's mask");
    assert!((60..150).any(|x| is_colored(x, 60)), "box of the rejected finding");
}

#[test]
fn an_image_with_a_measurement_alone_gets_its_picture_with_the_line_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut report = report(Some(study("1.2.3", Path::new(""))), Vec::new());
    let shape = Shape::Length { ends: [[100.0, 200.0], [300.0, 200.0]] };
    let subject = finding("1.2.3", "x", "x", 0.0).subject;
    let signed = Signed { reader: ReaderName::new("dr_b"), at: String::new() };
    let annotation = Annotation {
        id: AnnotationId::new("m1"),
        ground: Ground::Image { subject, plane: None },
        measurements: vec![Measurement { id: "length".into(), name: "Length".into(), value: 28.6, unit: "mm".into() }],
        shape,
        text: String::new(),
        label_offset: None,
        calibration: SpacingKind::Projection,
    };
    report.annotations = vec![ReportedAnnotation { annotation: Arc::new(annotation), placed: signed, changed: None }];
    let captures = capture(&report, folder.path()).unwrap();
    let picture = image::open(&captures.written[0].path).unwrap().into_rgb8();
    let is_colored = |x, y| {
        let [red, _, blue] = picture.get_pixel(x, y).0;
        red > blue + 60
    };
    assert!((110..290).all(|x| is_colored(x, 200)) && !is_colored(80, 200) && !is_colored(200, 180));
    let label = (305..420).any(|x| is_colored(x, 200));
    assert!(label, "the value stands beside it");
}

#[test]
fn saliency_of_a_rejected_or_unflagged_finding_is_not_drawn() {
    let check = |logit: f64, verdict: Option<Verdict>, is_drawn: bool| {
        let folder = tempfile::tempdir().unwrap();
        let mut effusion = finding("1.2.3", "effusion", "Pleural effusion", logit);
        effusion.evidence.saliency = Some(hill());
        let report = report(Some(study("1.2.3", Path::new(""))), vec![reported(effusion, verdict)]);
        let captures = capture(&report, folder.path()).unwrap();
        let picture = image::open(&captures.written[0].path).unwrap().into_rgb8();
        let [red, green, _] = picture.get_pixel(160, 320).0;
        assert_eq!(red != green, is_drawn);
    };
    check(1.0, None, true);
    check(1.0, Some(Verdict::Accepted), true);
    check(1.0, Some(rejected()), false);
    check(-1.0, None, false);
}

#[test]
fn a_hostile_uid_stays_in_the_folder_and_an_original_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("out");
    capture(&full_report("../../1.2/escape", Path::new("")), &inside).unwrap();
    assert_eq!(names(folder.path()), ["out"]);
    let written = names(&inside);
    assert!(written.len() == 1 && written[0].starts_with("1.2-") && written[0].ends_with(".png"), "{written:?}");

    let original = folder.path().join("1.2.3.png");
    fs::write(&original, b"the original").unwrap();
    let error = capture(&full_report("1.2.3", &original), folder.path()).unwrap_err();
    assert_eq!(error.code(), "is_an_original");
    assert_eq!(fs::read(&original).unwrap(), b"the original");
    assert_eq!(names(folder.path()), ["1.2.3.png", "out"]);
}

#[test]
fn an_export_that_is_stopped_or_cannot_be_written_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let report = full_report("1.2.3", Path::new(""));
    let mut frames = |instance: &Instance, _: u32| Ok(Arc::new(frame(instance)));
    let stopped = secondary_capture::write(&report, &mut frames, folder.path(), &|| true, &|_| {});
    assert!(matches!(stopped, Err(ExportError::Cancelled)));
    let mut absent = |_: &Instance, _: u32| Err(Notice::new("file_gone", "the file is no longer there"));
    let skipped = secondary_capture::write(&report, &mut absent, folder.path(), &|| false, &|_| {}).unwrap();
    assert_eq!((skipped.written.len(), skipped.skipped[0].1.code), (0, "file_gone"));
    assert!(names(folder.path()).is_empty());
    let file = folder.path().join("a file");
    fs::write(&file, b"x").unwrap();
    let error = write_json(&report, &file).unwrap_err();
    assert!(error.to_string().starts_with("the folder cannot be written to"), "{error}");
    assert_eq!(names(folder.path()), ["a file"]);
}
