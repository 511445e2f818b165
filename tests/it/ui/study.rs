//! A made-up chest study: a radiograph and a small CT of the phantom, with findings of every kind.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use overread::domain::coding::CodedConcept;
use overread::domain::finding::{Evidence, Finding, FindingLabel, MeasuredLine, Measurement, Origin, Place, Subject};
use overread::domain::frame::{Frame, FrameKey, Samples};
use overread::domain::geometry::{ImagePlane, PixelBox, Spacing, SpacingKind};
use overread::domain::instance::{Acquisition, FrameAttributes, Instance, PixelDescription};
use overread::domain::mask::{Mask, Segment};
use overread::domain::model::{ModelIdentity, ModelRun};
use overread::domain::patient::Patient;
use overread::domain::presentation::{ModalityLut, Photometric, ValueUnit, VoiTransform, Window};
use overread::domain::saliency::{MapFromSource, SaliencyFacts, SaliencyMap};
use overread::domain::score::{Assessment, OperatingPoint, Score};
use overread::domain::series::{Modality, Regularity, Series, SeriesGeometry, SortRule, StackImage};
use overread::domain::study::Study;
use overread::domain::uid::{FindingId, ModelId, SeriesUid, SopInstanceUid, StudyUid};
use overread::imaging::phantom::{CtGrid, PhantomOptions, RadiographGrid, ct, radiograph};

const CT_IMAGE: &str = "1.2.840.10008.5.1.4.1.1.2";
const RADIOGRAPH: RadiographGrid = RadiographGrid { rows: 512, cols: 512, pixel_mm: 0.77 };
const CT: CtGrid =
    CtGrid { rows: 160, cols: 160, n_slices: 16, pixel_mm: 2.3, slice_mm: 10.0, first_z_mm: -80.0, ..CtGrid::SMALL };

type Frames = BTreeMap<FrameKey, Arc<Frame>>;

/// Drawn once for all tests of the binary.
pub fn chest_study() -> (Arc<Study>, Frames) {
    static STUDY: OnceLock<(Arc<Study>, Frames)> = OnceLock::new();
    STUDY.get_or_init(make).clone()
}

fn make() -> (Arc<Study>, Frames) {
    let mut frames = Frames::new();
    let patient = Patient {
        id: "PHANTOM-01".into(),
        name: "Phantom^Chest".into(),
        birth_date: "19610417".into(),
        sex: "O".into(),
    };
    let study = Study {
        uid: StudyUid::new("1.2.3"),
        patient: Arc::new(patient),
        date: "20260518".into(),
        time: "093005".into(),
        description: "Chest, synthetic".into(),
        id: "S-1".into(),
        accession: "A-1001".into(),
        institution: "Phantom laboratory".into(),
        series: vec![Arc::new(radiograph_series(&mut frames)), Arc::new(ct_series(&mut frames))],
        written_uid: None,
        documents: Vec::new(),
        notices: Vec::new(),
    };
    (Arc::new(study), frames)
}

fn radiograph_series(frames: &mut Frames) -> Series {
    let scene = PhantomOptions::default().scene();
    let values = radiograph::radiograph(&scene, &RADIOGRAPH, 1, 1.0);
    let sop = SopInstanceUid::new("1.2.3.1.1");
    insert(frames, &sop, RADIOGRAPH.rows, RADIOGRAPH.cols, Samples::U16(values.into()));
    let mm = RADIOGRAPH.pixel_mm;
    let instance = Instance {
        spacing: Spacing { kind: SpacingKind::Projection, row_mm: mm, col_mm: mm, aspect: 1.0 },
        patient_orientation: Some(["L".into(), "F".into()]),
        acquisition: Acquisition { view_position: "PA".into(), kvp: Some(125.0), ..Acquisition::default() },
        ..instance(sop, "1.2.840.10008.5.1.4.1.1.1.1", RADIOGRAPH.rows, RADIOGRAPH.cols, 12)
    };
    series("1.2.3.1", 1, "DX", "Chest PA", vec![Arc::new(instance)], Regularity::NotAStack)
}

fn ct_series(frames: &mut Frames) -> Series {
    let scene = PhantomOptions::default().scene();
    let instances = (0..CT.n_slices).map(|index| {
        let sop = SopInstanceUid::new(format!("1.2.3.2.{}", index + 1));
        let values = ct::slice(&scene, &CT, index, 7, 1.0);
        insert(frames, &sop, CT.rows, CT.cols, Samples::I16(values.into()));
        let plane: ImagePlane = CT.plane(index);
        let voi = VoiTransform::Window { window: Window::linear(40.0, 400.0), explanation: "MEDIASTINUM".into() };
        let attributes = FrameAttributes {
            plane: Some(plane),
            modality_lut: ModalityLut::Identity,
            voi: vec![voi],
            ..FrameAttributes::default()
        };
        let acquisition = Acquisition {
            slice_thickness_mm: Some(CT.slice_mm),
            slice_location_mm: Some(plane.position_mm.0[2]),
            kvp: Some(120.0),
            kernel: "B30f".into(),
            ..Acquisition::default()
        };
        Arc::new(Instance {
            frames: vec![Arc::new(attributes)],
            spacing: Spacing { kind: SpacingKind::Patient, row_mm: CT.pixel_mm, col_mm: CT.pixel_mm, aspect: 1.0 },
            value_unit: ValueUnit::Hounsfield,
            acquisition,
            ..instance(sop, CT_IMAGE, CT.rows, CT.cols, 16)
        })
    });
    series("1.2.3.2", 2, "CT", "Thorax axial 10 mm", instances.collect(), Regularity::Regular)
}

fn insert(frames: &mut Frames, sop: &SopInstanceUid, rows: u32, cols: u32, samples: Samples) {
    let key = instance(sop.clone(), "", rows, cols, 12).frame_key(0);
    frames.insert(key.clone(), Arc::new(Frame::new(key, rows, cols, samples).unwrap()));
}

fn instance(sop: SopInstanceUid, sop_class: &str, rows: u32, cols: u32, bits_stored: u16) -> Instance {
    Instance {
        path: PathBuf::from(format!("{sop}.dcm")),
        sop,
        written_sop: None,
        sop_class: sop_class.into(),
        number: Some(1),
        pixels: PixelDescription {
            rows,
            cols,
            samples_per_pixel: 1,
            bits_allocated: 16,
            bits_stored,
            high_bit: bits_stored - 1,
            is_signed: bits_stored == 16,
            photometric: Photometric::Monochrome2,
            transfer_syntax: "1.2.840.10008.1.2.1".into(),
            lossy: None,
        },
        frames: vec![Arc::new(FrameAttributes::default())],
        stored: None,
        palette: None,
        padding: None,
        regions: Vec::new(),
        overlays: Vec::new(),
        derivation: None,
        spacing: Spacing::UNKNOWN,
        patient_orientation: None,
        presentation_inverse: false,
        value_unit: ValueUnit::Unspecified,
        acquisition: Acquisition::default(),
        notices: Vec::new(),
    }
}

fn series(
    uid: &str,
    number: i64,
    modality: &str,
    description: &str,
    instances: Vec<Arc<Instance>>,
    regularity: Regularity,
) -> Series {
    let stack = (0..instances.len()).map(|instance| StackImage { instance, frame: 0 }).collect();
    let sort = SortRule::Position;
    Series {
        uid: SeriesUid::new(uid),
        number: Some(number),
        modality: Modality(modality.into()),
        description: description.into(),
        part: String::new(),
        body_part: "CHEST".into(),
        frame_of_reference: None,
        instances,
        stack,
        geometry: SeriesGeometry { sort, regularity, ..SeriesGeometry::default() },
        notices: Vec::new(),
    }
}

/// Three flagged on the radiograph, one on the CT, two below their operating point.
pub fn findings(study: &Study) -> Vec<Arc<Finding>> {
    let radiograph = &study.series[0].instances[0];
    let slice = &study.series[1].instances[9];
    let region = |x0, y0, x1, y1| Place::Region { region: PixelBox { x0, y0, x1, y1 } };
    let base = |id: &str, name: &str, score: f64, place: Place| Finding {
        id: FindingId::new(id),
        subject: subject(study, 0, radiograph),
        label: FindingLabel { id: id.into(), name: name.into(), code: None },
        origin: Origin::Model(Box::new(run("chest-findings", "Chest findings"))),
        assessment: Some(assessment(Score::Uncalibrated(score), 0.5)),
        place,
        measurements: Vec::new(),
        evidence: Evidence { saliency: Some(saliency(radiograph, 0.30, 0.42)), ..Evidence::default() },
        notices: Vec::new(),
    };
    let nodule = base("nodule", "Nodule or mass", 0.87, region(120.0, 180.0, 185.0, 245.0));
    let effusion = base("effusion", "Pleural effusion", 0.62, Place::WholeImage);
    let on_ct = Finding {
        subject: subject(study, 1, slice),
        evidence: Evidence::default(),
        ..base("ct-nodule", "Lung nodule", 0.58, region(40.0, 60.0, 58.0, 78.0))
    };
    let heart = Finding {
        origin: Origin::Model(Box::new(run("chest-anatomy", "Chest anatomy"))),
        assessment: Some(assessment(Score::Measured(0.54), 0.5)),
        measurements: vec![
            measurement("Cardiothoracic ratio", 0.54, "1"),
            measurement("Heart width", 148.3, "mm"),
            measurement("Chest width", 274.6, "mm"),
        ],
        evidence: anatomy(radiograph),
        ..base("heart", "Enlarged heart", 0.54, region(190.0, 250.0, 360.0, 400.0))
    };
    let pneumothorax = base("pneumothorax", "Pneumothorax", 0.08, Place::WholeImage);
    let fracture = base("fracture", "Rib fracture", 0.21, Place::WholeImage);
    [nodule, effusion, on_ct, heart, pneumothorax, fracture].into_iter().map(Arc::new).collect()
}

/// A mass through five slices of the CT, a finding for each with its outline and its map, the middle one first.
pub fn mass(study: &Study) -> Vec<Arc<Finding>> {
    let (center, radius_mm) = ([49.0, 69.0], 27.0_f64);
    let on_slice = |off: i32| {
        let slice = &study.series[1].instances[usize::try_from(9 + off).unwrap()];
        let radius = (radius_mm.powi(2) - (f64::from(off) * CT.slice_mm).powi(2)).sqrt() / CT.pixel_mm;
        let (rows, cols) = (slice.pixels.rows, slice.pixels.cols);
        let is_inside = |index: u32| {
            let (dx, dy) = (f64::from(index % cols) - center[0], f64::from(index / cols) - center[1]);
            u8::from(dx.hypot(dy) <= radius)
        };
        let inside: Vec<u8> = (0..rows * cols).map(is_inside).collect();
        let code = CodedConcept::new("SCT", "0", "Mass");
        let mask = Mask::from_dense(rows, cols, &inside).unwrap();
        let segment = Segment { id: "mass".into(), name: "Mass".into(), code, color: [236, 170, 90], mask };
        let saliency = saliency(slice, center[0] / f64::from(cols), center[1] / f64::from(rows));
        let [x, y] = center;
        let region = PixelBox { x0: x - radius, y0: y - radius, x1: x + radius + 1.0, y1: y + radius + 1.0 };
        Arc::new(Finding {
            id: FindingId::new(format!("mass{off:+}")),
            subject: subject(study, 1, slice),
            label: FindingLabel { id: "mass".into(), name: "Lung mass".into(), code: None },
            origin: Origin::Model(Box::new(run("lung-masses", "Lung masses"))),
            assessment: Some(assessment(Score::Uncalibrated(0.9), 0.5)),
            place: Place::Region { region },
            measurements: Vec::new(),
            evidence: Evidence { segments: vec![Arc::new(segment)], saliency: Some(saliency), ..Evidence::default() },
            notices: Vec::new(),
        })
    };
    [0, -2, -1, 1, 2].into_iter().map(on_slice).collect()
}

fn subject(study: &Study, series: usize, instance: &Instance) -> Subject {
    Subject { study: study.uid.clone(), series: study.series[series].uid.clone(), sop: instance.sop.clone(), frame: 0 }
}

fn run(id: &str, name: &str) -> ModelRun {
    let model = ModelIdentity {
        id: ModelId::new(id),
        name: name.into(),
        version: "1.0".into(),
        weights_sha256: "0".repeat(64),
    };
    ModelRun { model, inputs: Vec::new(), device: "cpu".into(), seconds: 0.4, distance: None }
}

fn assessment(score: Score, threshold: f64) -> Assessment {
    let operating_point = OperatingPoint {
        threshold,
        sensitivity: Some(0.90),
        specificity: Some(0.78),
        set: "held-out test set".into(),
        n: Some(412),
    };
    Assessment::new(score, operating_point)
}

fn measurement(name: &str, value: f64, unit: &str) -> Measurement {
    Measurement { id: name.to_lowercase().replace(' ', "_"), name: name.into(), value, unit: unit.into() }
}

fn anatomy(instance: &Instance) -> Evidence {
    let (rows, cols) = (instance.pixels.rows, instance.pixels.cols);
    let ellipse = |id: &str, name: &str, color: [u8; 3], [x, y, rx, ry]: [f64; 4]| {
        let inside: Vec<u8> = (0..rows * cols)
            .map(|index| {
                let (dx, dy) = (f64::from(index % cols) - x, f64::from(index / cols) - y);
                u8::from((dx / rx).powi(2) + (dy / ry).powi(2) <= 1.0)
            })
            .collect();
        let code = CodedConcept::new("SCT", "0", name);
        let mask = Mask::from_dense(rows, cols, &inside).unwrap();
        Arc::new(Segment { id: id.into(), name: name.into(), code, color, mask })
    };
    let line = |name: &str, from, to| MeasuredLine { name: name.into(), from, to };
    Evidence {
        saliency: None,
        segments: vec![
            ellipse("heart", "Heart", [216, 120, 190], [275.0, 325.0, 85.0, 75.0]),
            ellipse("right_lung", "Right lung", [90, 180, 210], [165.0, 255.0, 72.0, 150.0]),
            ellipse("left_lung", "Left lung", [120, 150, 220], [345.0, 255.0, 66.0, 150.0]),
        ],
        lines: vec![
            line("Heart width", [190.0, 340.0], [360.0, 340.0]),
            line("Chest width", [92.0, 372.0], [412.0, 372.0]),
        ],
        ..Evidence::default()
    }
}

fn saliency(instance: &Instance, x: f64, y: f64) -> Arc<SaliencyMap> {
    const N: u32 = 28;
    let values = (0..N * N)
        .map(|index| {
            let dx = f64::from(index % N) / f64::from(N) - x;
            let dy = f64::from(index / N) / f64::from(N) - y;
            (-(dx * dx + dy * dy) / 0.012).exp() as f32
        })
        .collect();
    let scale = f64::from(N) / f64::from(instance.pixels.cols);
    let offset = scale / 2.0 - 0.5;
    let facts = SaliencyFacts {
        method: "grad-cam".into(),
        layer: "features".into(),
        raw_peak: 1.0,
        map_from_source: MapFromSource { scale_x: scale, offset_x: offset, scale_y: scale, offset_y: offset },
        source_rows: instance.pixels.rows,
        source_cols: instance.pixels.cols,
    };
    Arc::new(SaliencyMap::new(N, N, values, facts).unwrap())
}
