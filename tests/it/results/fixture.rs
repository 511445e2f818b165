//! A study with everything a reader and models can say of it, on the small phantom.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use overread::domain::annotation::{Annotation, Ground, PlaneInPatient};
use overread::domain::coding::CodedConcept;
use overread::domain::decision::{Decision, RejectReason, Verdict};
use overread::domain::finding::{Evidence, Finding, FindingLabel, MeasuredLine, Measurement, Origin, Place, Subject};
use overread::domain::geometry::{PixelBox, PixelPlane, SpacingKind};
use overread::domain::mask::{Mask, Segment};
use overread::domain::model::{ModelIdentity, ModelInput, ModelRun};
use overread::domain::report::{Report, ReportedAnnotation, ReportedFinding, Signed};
use overread::domain::saliency::{MapFromSource, SaliencyFacts, SaliencyMap};
use overread::domain::score::{Assessment, Logit, OperatingPoint, Score};
use overread::domain::series::Series;
use overread::domain::shape::Shape;
use overread::domain::study::Study;
use overread::domain::uid::{AnnotationId, EventId, FindingId, ModelId, ReaderName};
use overread::export::dicom::object::DataSet;
use overread::export::formats::Written;
use overread::imaging::measure::{self, scale::Scale};
use overread::import::{Importer, ScanOptions, scan};
use overread::jobs::work::handing_on::{self, ExportOrder};

use crate::data;

pub const READER: &str = "Ada Reader";
pub const MADE_AT: &str = "2026-03-02T10:00:00.5+01:00";

pub fn scanned(places: &[PathBuf]) -> overread::domain::intake::Intake {
    scan(places, &ScanOptions::default(), &|| false, &|_| {})
}

/// The small phantom as files and as a study.
pub fn phantom(folder: &Path) -> Arc<Study> {
    data::write_small_phantom(folder);
    scanned(&[folder.to_owned()]).studies.first().cloned().unwrap()
}

pub fn series<'a>(study: &'a Study, modality: &str) -> &'a Arc<Series> {
    study.series.iter().find(|series| series.modality.0 == modality).unwrap()
}

pub fn subject(study: &Study, series: &Series, index: usize) -> Subject {
    let (instance, frame) = series.image(index).unwrap();
    Subject { study: study.uid.clone(), series: series.uid.clone(), sop: instance.sop.clone(), frame }
}

fn origin(id: &str, name: &str) -> Origin {
    let model = ModelIdentity {
        id: ModelId::new(id),
        name: name.into(),
        version: "0.2.0".into(),
        weights_sha256: "ab".repeat(32),
    };
    let inputs: Vec<ModelInput> = Vec::new();
    Origin::Model(Box::new(ModelRun { model, inputs, device: "cpu".into(), seconds: 0.1, distance: None }))
}

fn assessment(logit: f64) -> Option<Assessment> {
    let operating_point = OperatingPoint {
        threshold: 0.5,
        sensitivity: Some(0.9),
        specificity: Some(0.6),
        set: "a set".into(),
        n: Some(9),
    };
    Some(Assessment::new(Score::uncalibrated(Logit(logit), 1.0), operating_point))
}

/// A disk with a hole, so that runs are many.
pub fn ring(rows: u32, cols: u32, [x, y]: [f64; 2], [inner, outer]: [f64; 2]) -> Mask {
    let inside = |pixel: u32| {
        let (row, col) = (f64::from(pixel / cols), f64::from(pixel % cols));
        let distance = (col - x).hypot(row - y);
        u8::from((inner..outer).contains(&distance))
    };
    Mask::from_dense(rows, cols, &(0..rows * cols).map(inside).collect::<Vec<_>>()).unwrap()
}

fn segment(id: &str, name: &str, code: [&str; 3], color: [u8; 3], mask: Mask) -> Arc<Segment> {
    let [scheme, value, meaning] = code;
    let code = CodedConcept::new(scheme, value, meaning);
    Arc::new(Segment { id: id.into(), name: name.into(), code, color, mask })
}

fn label(id: &str, name: &str, code: Option<[&str; 3]>) -> FindingLabel {
    let code = code.map(|[scheme, value, meaning]| CodedConcept::new(scheme, value, meaning));
    FindingLabel { id: id.into(), name: name.into(), code }
}

fn finding(id: &str, subject: Subject, label: FindingLabel, origin: Origin) -> Finding {
    Finding {
        id: FindingId::new(id),
        subject,
        label,
        origin,
        assessment: None,
        place: Place::WholeImage,
        measurements: Vec::new(),
        evidence: Evidence::default(),
        notices: Vec::new(),
    }
}

fn measured(id: &str, name: &str, value: f64, unit: &str) -> Measurement {
    Measurement { id: id.into(), name: name.into(), value, unit: unit.into() }
}

/// What models say: two findings on the radiograph, one on two slices.
pub fn model_findings(study: &Study) -> Vec<Finding> {
    let (dx, ct) = (series(study, "DX"), series(study, "CT"));
    let on_dx = subject(study, dx, 0);
    let pixels = &dx.instances[0].pixels;
    let (rows, cols) = (pixels.rows, pixels.cols);
    let at = |x: f64, y: f64| [x * f64::from(cols), y * f64::from(rows)];
    let origin_of_findings = origin("chest-findings", "Chest findings");
    let effusion = Finding {
        assessment: assessment(1.2),
        place: Place::Region { region: PixelBox { x0: 10.5, y0: 20.0, x1: 44.25, y1: 61.0 } },
        evidence: Evidence { saliency: Some(Arc::new(saliency(rows, cols))), ..Evidence::default() },
        ..finding(
            "f-effusion",
            on_dx.clone(),
            label("effusion", "Pleural effusion", Some(["SCT", "60046008", "Pleural effusion"])),
            origin_of_findings.clone(),
        )
    };
    let edema = Finding {
        assessment: assessment(-2.0),
        ..finding("f-edema", on_dx.clone(), label("edema", "Edema", None), origin_of_findings)
    };
    let heart = segment(
        "heart",
        "Heart",
        ["SCT", "80891009", "Heart"],
        [230, 159, 0],
        ring(rows, cols, at(0.62, 0.6), [0.0, f64::from(cols) * 0.18]),
    );
    let lung = segment(
        "right_lung",
        "Right lung",
        ["SCT", "3341006", "Right lung"],
        [86, 180, 233],
        ring(rows, cols, at(0.22, 0.5), [0.0, f64::from(cols) * 0.12]),
    );
    let ratio = Finding {
        assessment: assessment(0.2),
        measurements: vec![
            measured("cardiothoracic_ratio", "Cardiothoracic ratio", 0.5437, "1"),
            measured("heart_width", "Heart width", 153.984_375_123, "mm"),
        ],
        evidence: Evidence {
            segments: vec![heart, lung],
            lines: vec![MeasuredLine { name: "Heart width".into(), from: at(0.3, 0.6), to: at(0.7, 0.6) }],
            ..Evidence::default()
        },
        ..finding(
            "f-ratio",
            on_dx,
            label("cardiothoracic_ratio", "Enlarged cardiac silhouette", Some(["SCT", "8186001", "Cardiomegaly"])),
            origin("chest-anatomy", "Chest anatomy"),
        )
    };
    let mut all = vec![effusion, edema, ratio];
    for index in [2, 3] {
        let on_ct = subject(study, ct, index);
        let pixels = &ct.instances[0].pixels;
        let mask = ring(pixels.rows, pixels.cols, [20.0, 25.0 + index as f64], [2.0, 6.0]);
        let nodule = segment("nodule", "Nodule", ["SCT", "27925004", "Nodule"], [200, 40, 90], mask);
        all.push(Finding {
            assessment: assessment(0.9),
            evidence: Evidence { segments: vec![nodule], ..Evidence::default() },
            ..finding(
                &format!("f-nodule-{index}"),
                on_ct,
                label("nodule", "Nodule", Some(["SCT", "27925004", "Nodule"])),
                origin("ct-nodules", "CT nodules"),
            )
        });
    }
    all
}

pub fn saliency(rows: u32, cols: u32) -> SaliencyMap {
    let facts = SaliencyFacts {
        method: "grad-cam".into(),
        layer: "features.norm5".into(),
        raw_peak: 0.25,
        map_from_source: MapFromSource {
            scale_x: 14.0 / f64::from(cols),
            offset_x: -0.5,
            scale_y: 14.0 / f64::from(rows),
            offset_y: -0.5,
        },
        source_rows: rows,
        source_cols: cols,
    };
    SaliencyMap::new(14, 14, (0..196).map(|i| i as f32 / 195.0).collect(), facts).unwrap()
}

/// One of each shape on a slice, and one on a plane of the patient.
pub fn annotations(study: &Study) -> Vec<Annotation> {
    let ct = series(study, "CT");
    let (instance, frame) = ct.image(4).unwrap();
    let plane = PixelPlane::of(&instance.frame(frame).unwrap().plane.unwrap(), &instance.spacing_of(frame)).unwrap();
    let plane = PlaneInPatient { frame_of_reference: ct.frame_of_reference.clone(), plane };
    let ground = Ground::Image { subject: subject(study, ct, 4), plane: Some(plane.clone()) };
    let on_plane = Ground::Plane { study: study.uid.clone(), series: ct.uid.clone(), plane: plane.clone(), slab: None };
    let shapes = [
        Shape::Length { ends: [[10.0, 12.5], [22.25, 30.0]] },
        Shape::Bidirectional { long: [[8.0, 8.0], [24.0, 20.0]], short: [[13.0, 18.0], [19.0, 10.0]] },
        Shape::Angle { first: [5.0, 5.0], vertex: [15.0, 15.0], second: [25.0, 6.0] },
        Shape::Cobb { lines: [[[4.0, 4.0], [20.0, 6.0]], [[4.0, 24.0], [20.0, 18.0]]] },
        Shape::Rectangle { corners: [[6.0, 7.0], [18.0, 21.0]] },
        Shape::Ellipse { corners: [[6.0, 7.0], [26.0, 17.0]], turned_deg: 0.0 },
        Shape::Freehand { outline: vec![[5.0, 5.0], [20.0, 7.0], [22.0, 20.0], [9.0, 18.0]] },
        Shape::Probe { at: [12.0, 13.0] },
        Shape::Arrow { tip: [14.0, 14.0], tail: [30.0, 30.0] },
        Shape::Text { at: [7.0, 28.0] },
    ];
    let frame_of_pixels = overread::import::load_frame(instance, frame).unwrap();
    let scale = Scale::of_plane(&plane.plane);
    let values = measure::Values::of(instance, frame, &frame_of_pixels);
    let annotation = |(number, (ground, shape)): (usize, (Ground, Shape))| Annotation {
        id: AnnotationId::new(format!("a-{number}")),
        text: if matches!(shape, Shape::Text { .. }) { "Look here".into() } else { String::new() },
        label_offset: None,
        measurements: measure::measure(&shape, &scale, values.as_ref()),
        calibration: SpacingKind::Patient,
        ground,
        shape,
    };
    let grounds = shapes.into_iter().map(|shape| (ground.clone(), shape));
    let grounds = grounds.chain([(on_plane, Shape::Length { ends: [[3.0, 3.0], [30.0, 20.0]] })]);
    grounds.enumerate().map(annotation).collect()
}

pub fn decision(verdict: Verdict) -> Decision {
    Decision {
        verdict,
        reader: ReaderName::new(READER),
        at: "2026-03-02T09:30:00+01:00".into(),
        event: EventId::new("e-1"),
        seen: None,
        comment: "Seen before".into(),
        details: Default::default(),
    }
}

/// All states of decisions, the reader's own finding, all drawings, a key image.
pub fn report(study: &Arc<Study>) -> Report {
    let verdicts = [
        Some(Verdict::Accepted),
        None,
        Some(Verdict::Rejected { reasons: vec![RejectReason::CompositeShadow], text: "Overlap".into() }),
        Some(Verdict::Uncertain),
        None,
    ];
    let reported = |(finding, verdict): (Finding, Option<Verdict>)| {
        let decision = verdict.map(decision);
        ReportedFinding {
            history: decision.clone().into_iter().collect(),
            decision,
            suggested_at: Some("2026-03-02T09:00:00+01:00".into()),
            ..ReportedFinding::undecided(Arc::new(finding))
        }
    };
    let mut findings: Vec<ReportedFinding> = model_findings(study).into_iter().zip(verdicts).map(reported).collect();
    let ct = series(study, "CT");
    let own = Finding {
        place: Place::Region { region: PixelBox { x0: 3.0, y0: 4.0, x1: 12.5, y1: 11.0 } },
        ..finding(
            "r-1",
            subject(study, ct, 5),
            label("reader", "Rib fracture", None),
            Origin::Reader(ReaderName::new(READER)),
        )
    };
    findings.push(ReportedFinding::undecided(Arc::new(own)));
    let placed = || Signed { reader: ReaderName::new(READER), at: "2026-03-02T09:40:00+01:00".into() };
    let annotations = annotations(study).into_iter().map(|annotation| ReportedAnnotation {
        annotation: Arc::new(annotation),
        placed: placed(),
        changed: None,
    });
    Report {
        study_uid: study.uid.clone(),
        study: Some(Arc::clone(study)),
        findings,
        annotations: annotations.collect(),
        key_images: vec![subject(study, ct, 4), subject(study, series(study, "DX"), 0)],
        masks: Vec::new(),
        displays: Vec::new(),
        course: Default::default(),
        made_at: MADE_AT.into(),
        made_by: "overread test".into(),
    }
}

/// Of a study, with nothing in it.
pub fn empty_report(study: &Arc<Study>) -> Report {
    Report {
        study_uid: study.uid.clone(),
        study: Some(Arc::clone(study)),
        findings: Vec::new(),
        annotations: Vec::new(),
        key_images: Vec::new(),
        masks: Vec::new(),
        displays: Vec::new(),
        course: Default::default(),
        made_at: MADE_AT.into(),
        made_by: "overread test".into(),
    }
}

/// An axial slice of 512 × 512 at `index` × 2.5 mm.
pub fn write_ct(path: &Path, study: &str, sop: &str, index: usize, pixel_mm: f64) {
    const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
    let mut data = DataSet::new();
    let z = 2.5 * index as f64;
    data.uid(tags::SOP_CLASS_UID, CT)
        .uid(tags::SOP_INSTANCE_UID, sop)
        .uid(tags::STUDY_INSTANCE_UID, study)
        .uid(tags::SERIES_INSTANCE_UID, "1.2.3.4.5")
        .uid(tags::FRAME_OF_REFERENCE_UID, "1.2.3.4.6")
        .text(tags::MODALITY, VR::CS, "CT")
        .text(tags::PATIENT_ID, VR::LO, "LIDC-IDRI-0060")
        .text(tags::PATIENT_NAME, VR::PN, "LIDC-IDRI-0060")
        .integer(tags::INSTANCE_NUMBER, index as i64 + 1)
        .decimals(tags::IMAGE_POSITION_PATIENT, &[-180.0, -180.0, z])
        .decimals(tags::IMAGE_ORIENTATION_PATIENT, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
        .decimals(tags::PIXEL_SPACING, &[pixel_mm, pixel_mm])
        .decimals(tags::SLICE_THICKNESS, &[2.5])
        .u16(tags::SAMPLES_PER_PIXEL, 1)
        .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2")
        .u16(tags::ROWS, 512)
        .u16(tags::COLUMNS, 512)
        .u16(tags::BITS_ALLOCATED, 16)
        .u16(tags::BITS_STORED, 12)
        .u16(tags::HIGH_BIT, 11)
        .u16(tags::PIXEL_REPRESENTATION, 0)
        .value(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(vec![100; 512 * 512].into()));
    std::fs::write(path, data.to_file(CT, sop).unwrap()).unwrap();
}

pub fn order(report: Report, formats: &[&str]) -> ExportOrder {
    ExportOrder {
        report,
        formats: formats.iter().map(|id| (*id).to_owned()).collect(),
        reader: READER.to_owned(),
        exported: Vec::new(),
        codes: None,
    }
}

pub fn written(order: &ExportOrder, folder: &Path) -> Written {
    let importer = Importer::in_process(ScanOptions::default());
    handing_on::run(order, &importer, folder, &|| false, &|_| {}).unwrap()
}

pub const DICOM_FORMATS: [&str; 8] = ["sr", "seg", "labelmap", "pm", "aira", "sc", "gsps", "ko"];
