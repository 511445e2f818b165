//! The shape of `report.json`: every field that leaves is named here, so that a change of the domain changes no file.
//!
//! Version 1. A reader may count on the fields; new ones may be added within a version. Frames count from 0, boxes and
//! bounds are in pixel-edge coordinates, lines in pixel-centre coordinates, units are UCUM, times RFC 3339.

use serde::Serialize;

use crate::domain::RESEARCH_USE_ONLY;
use crate::domain::coding::CodedConcept;
use crate::domain::finding::{
    DocumentSource, Finding, FindingLabel, MeasuredLine, Measurement, Origin, PlacedSegment, Subject,
};
use crate::domain::geometry::{PixelBox, Vec3};
use crate::domain::intake::Notice;
use crate::domain::mask::Segment;
use crate::domain::model::{InputDistance, ModelRun};
use crate::domain::report::{Report, ReportedFinding};
use crate::domain::saliency::SaliencyMap;
use crate::domain::score::{Assessment, OperatingPoint, Score, ScoreInterval};
use crate::domain::study::Study;
use crate::export::json_annotation::AnnotationBlock;
use crate::export::json_decision::{CourseBlock, DecisionBlock};

pub const REPORT_SCHEMA: &str = "overread-report";
pub const REPORT_VERSION: u32 = 1;

#[derive(Serialize)]
pub struct ReportDocument<'a> {
    schema: &'static str,
    version: u32,
    research_use_only: &'static str,
    made_at: &'a str,
    made_by: &'a str,
    study: StudyBlock<'a>,
    /// `null` when the study's files were not at hand.
    patient: Option<PatientBlock<'a>>,
    findings: Vec<FindingBlock<'a>>,
    /// What readers drew and measured, in the order it was placed.
    annotations: Vec<AnnotationBlock<'a>>,
    /// Images that the reader marked to come back to.
    key_images: Vec<ImageBlock<'a>>,
    /// How it was read, and who signed.
    #[serde(flatten)]
    course: CourseBlock<'a>,
}

impl<'a> ReportDocument<'a> {
    pub fn new(report: &'a Report) -> Self {
        // Masks are too large for it: their objects are beside it
        let Report {
            study_uid,
            study,
            findings,
            annotations,
            key_images,
            masks: _,
            displays: _,
            course,
            made_at,
            made_by,
        } = report;
        let study = study.as_deref();
        Self {
            schema: REPORT_SCHEMA,
            version: REPORT_VERSION,
            research_use_only: RESEARCH_USE_ONLY,
            made_at,
            made_by,
            study: StudyBlock { study_instance_uid: study_uid.as_str(), attributes: study.map(StudyAttributes::new) },
            patient: study.map(PatientBlock::new),
            findings: findings.iter().map(FindingBlock::new).collect(),
            annotations: annotations.iter().map(AnnotationBlock::new).collect(),
            key_images: key_images.iter().map(ImageBlock::new).collect(),
            course: CourseBlock::new(course),
        }
    }
}

#[derive(Serialize)]
struct StudyBlock<'a> {
    study_instance_uid: &'a str,
    #[serde(flatten)]
    attributes: Option<StudyAttributes<'a>>,
}

#[derive(Serialize)]
struct StudyAttributes<'a> {
    study_id: &'a str,
    accession_number: &'a str,
    date: &'a str,
    time: &'a str,
    description: &'a str,
    institution: &'a str,
    series: Vec<SeriesBlock<'a>>,
}

#[derive(Serialize)]
struct SeriesBlock<'a> {
    series_instance_uid: &'a str,
    modality: &'a str,
    description: &'a str,
    n_images: usize,
}

impl<'a> StudyAttributes<'a> {
    fn new(study: &'a Study) -> Self {
        let series = study.series.iter().map(|series| SeriesBlock {
            series_instance_uid: series.uid.as_str(),
            modality: &series.modality.0,
            description: &series.description,
            n_images: series.stack.len(),
        });
        Self {
            study_id: &study.id,
            accession_number: &study.accession,
            date: &study.date,
            time: &study.time,
            description: &study.description,
            institution: &study.institution,
            series: series.collect(),
        }
    }
}

#[derive(Serialize)]
struct PatientBlock<'a> {
    id: &'a str,
    name: &'a str,
    birth_date: &'a str,
    sex: &'a str,
}

impl<'a> PatientBlock<'a> {
    fn new(study: &'a Study) -> Self {
        let patient = study.patient.as_ref();
        Self { id: &patient.id, name: &patient.name, birth_date: &patient.birth_date, sex: &patient.sex }
    }
}

#[derive(Serialize)]
struct FindingBlock<'a> {
    id: &'a str,
    label: LabelBlock<'a>,
    image: ImageBlock<'a>,
    origin: OriginBlock<'a>,
    flagged: bool,
    /// `null` for a reader's own finding.
    assessment: Option<AssessmentBlock<'a>>,
    place: PlaceBlock,
    measurements: Vec<MeasurementBlock<'a>>,
    lines: Vec<LineBlock<'a>>,
    segments: Vec<SegmentBlock<'a>>,
    /// On other images of the series.
    segments_elsewhere: Vec<PlacedSegmentBlock<'a>>,
    /// Patient space (LPS), mm; `null` where it is not known.
    center_mm: Option<Vec3>,
    saliency: Option<SaliencyBlock<'a>>,
    notices: Vec<NoticeBlock<'a>>,
    /// In force; `null` while unreviewed.
    decision: Option<DecisionBlock<'a>>,
    /// All ever taken, oldest first.
    history: Vec<DecisionBlock<'a>>,
    /// Each reader's own in force; empty while nobody has decided.
    by_reader: Vec<DecisionBlock<'a>>,
    /// What an adjudicator decided; `null` where nobody did.
    adjudicated: Option<DecisionBlock<'a>>,
}

impl<'a> FindingBlock<'a> {
    fn new(reported: &'a ReportedFinding) -> Self {
        let ReportedFinding { finding, decision, history, by_reader, adjudicated, suggested_at: _ } = reported;
        let Finding { id, subject, label, origin, assessment, place, measurements, evidence, notices } =
            finding.as_ref();
        Self {
            id: id.as_str(),
            label: LabelBlock::new(label),
            image: ImageBlock::new(subject),
            origin: OriginBlock::new(origin),
            flagged: finding.is_flagged(),
            assessment: assessment.as_ref().map(AssessmentBlock::new),
            place: PlaceBlock::new(place.region()),
            measurements: measurements.iter().map(MeasurementBlock::new).collect(),
            lines: evidence.lines.iter().map(LineBlock::new).collect(),
            segments: evidence.segments.iter().map(|segment| SegmentBlock::new(segment)).collect(),
            segments_elsewhere: evidence.elsewhere.iter().map(PlacedSegmentBlock::new).collect(),
            center_mm: evidence.center_mm,
            saliency: evidence.saliency.as_deref().map(SaliencyBlock::new),
            notices: notices.iter().map(NoticeBlock::new).collect(),
            decision: decision.as_ref().map(DecisionBlock::new),
            history: history.iter().map(DecisionBlock::new).collect(),
            by_reader: by_reader.iter().map(DecisionBlock::new).collect(),
            adjudicated: adjudicated.as_ref().map(DecisionBlock::new),
        }
    }
}

#[derive(Serialize)]
pub struct LabelBlock<'a> {
    id: &'a str,
    name: &'a str,
    code: Option<CodeBlock<'a>>,
}

impl<'a> LabelBlock<'a> {
    pub fn new(label: &'a FindingLabel) -> Self {
        Self { id: &label.id, name: &label.name, code: label.code.as_ref().map(CodeBlock::new) }
    }
}

#[derive(Serialize)]
pub struct CodeBlock<'a> {
    scheme: &'a str,
    value: &'a str,
    meaning: &'a str,
}

impl<'a> CodeBlock<'a> {
    fn new(code: &'a CodedConcept) -> Self {
        Self { scheme: &code.scheme, value: &code.value, meaning: &code.meaning }
    }
}

#[derive(Serialize)]
pub struct ImageBlock<'a> {
    series_instance_uid: &'a str,
    sop_instance_uid: &'a str,
    frame_index: u32,
}

impl<'a> ImageBlock<'a> {
    pub fn new(subject: &'a Subject) -> Self {
        let Subject { study: _, series, sop, frame } = subject;
        Self { series_instance_uid: series.as_str(), sop_instance_uid: sop.as_str(), frame_index: *frame }
    }
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum OriginBlock<'a> {
    Model(ModelBlock<'a>),
    Reader { reader: &'a str },
    Document { document: &'a DocumentSource },
}

#[derive(Serialize)]
struct ModelBlock<'a> {
    id: &'a str,
    name: &'a str,
    version: &'a str,
    weights_sha256: &'a str,
    device: &'a str,
    seconds: f64,
    inputs: Vec<InputBlock<'a>>,
    /// How far the input lay from the training images; `null` where the model cannot tell.
    distance: Option<&'a InputDistance>,
}

#[derive(Serialize)]
struct InputBlock<'a> {
    sop_instance_uid: &'a str,
    frame_index: u32,
    pixels_sha256: &'a str,
}

impl<'a> OriginBlock<'a> {
    fn new(origin: &'a Origin) -> Self {
        match origin {
            Origin::Reader(reader) => Self::Reader { reader: reader.as_str() },
            Origin::Document(source) => Self::Document { document: source },
            Origin::Model(run) => {
                let ModelRun { model, inputs, device, seconds, distance } = run.as_ref();
                let inputs = inputs.iter().map(|input| InputBlock {
                    sop_instance_uid: input.sop.as_str(),
                    frame_index: input.frame,
                    pixels_sha256: &input.pixels_sha256,
                });
                Self::Model(ModelBlock {
                    id: model.id.as_str(),
                    name: &model.name,
                    version: &model.version,
                    weights_sha256: &model.weights_sha256,
                    device,
                    seconds: *seconds,
                    inputs: inputs.collect(),
                    distance: distance.as_ref(),
                })
            }
        }
    }
}

#[derive(Serialize)]
struct AssessmentBlock<'a> {
    /// `uncalibrated_score`, `probability` or `measured_value`.
    kind: &'static str,
    value: f64,
    operating_point: OperatingPointBlock<'a>,
    flagged: bool,
    sentence: String,
    /// `null`: no interval available.
    interval: Option<&'a ScoreInterval>,
}

#[derive(Serialize)]
struct OperatingPointBlock<'a> {
    threshold: f64,
    sensitivity: Option<f64>,
    specificity: Option<f64>,
    set: &'a str,
    n: Option<u32>,
}

impl<'a> AssessmentBlock<'a> {
    fn new(assessment: &'a Assessment) -> Self {
        let OperatingPoint { threshold, sensitivity, specificity, set, n } = &assessment.operating_point;
        Self {
            kind: match assessment.score {
                Score::Uncalibrated(_) => "uncalibrated_score",
                Score::Calibrated(_) => "probability",
                Score::Measured(_) => "measured_value",
            },
            value: assessment.score.value(),
            operating_point: OperatingPointBlock {
                threshold: *threshold,
                sensitivity: *sensitivity,
                specificity: *specificity,
                set,
                n: *n,
            },
            flagged: assessment.is_flagged(),
            sentence: assessment.sentence(),
            interval: assessment.interval.as_ref(),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum PlaceBlock {
    WholeImage,
    Region { region: BoxBlock },
}

#[derive(Serialize)]
struct BoxBlock {
    x0: f64,
    y0: f64,
    x1: f64,
    y1: f64,
}

impl PlaceBlock {
    fn new(region: Option<&PixelBox>) -> Self {
        region.map_or(Self::WholeImage, |region| Self::Region { region: BoxBlock::new(region) })
    }
}

impl BoxBlock {
    fn new(pixel_box: &PixelBox) -> Self {
        let PixelBox { x0, y0, x1, y1 } = *pixel_box;
        Self { x0, y0, x1, y1 }
    }
}

#[derive(Serialize)]
pub struct MeasurementBlock<'a> {
    id: &'a str,
    name: &'a str,
    value: f64,
    unit_ucum: &'a str,
}

impl<'a> MeasurementBlock<'a> {
    pub fn new(measurement: &'a Measurement) -> Self {
        let Measurement { id, name, value, unit } = measurement;
        Self { id, name, value: *value, unit_ucum: unit }
    }
}

#[derive(Serialize)]
struct LineBlock<'a> {
    name: &'a str,
    from: [f64; 2],
    to: [f64; 2],
}

impl<'a> LineBlock<'a> {
    fn new(line: &'a MeasuredLine) -> Self {
        let MeasuredLine { name, from, to } = line;
        Self { name, from: *from, to: *to }
    }
}

#[derive(Serialize)]
struct PlacedSegmentBlock<'a> {
    sop_instance_uid: &'a str,
    frame_index: u32,
    segment: SegmentBlock<'a>,
}

impl<'a> PlacedSegmentBlock<'a> {
    fn new(placed: &'a PlacedSegment) -> Self {
        let PlacedSegment { sop, frame, segment } = placed;
        Self { sop_instance_uid: sop.as_str(), frame_index: *frame, segment: SegmentBlock::new(segment) }
    }
}

#[derive(Serialize)]
struct SegmentBlock<'a> {
    id: &'a str,
    name: &'a str,
    code: CodeBlock<'a>,
    color_srgb: [u8; 3],
    rows: u32,
    cols: u32,
    n_pixels: u64,
    /// `null` when empty.
    bounds: Option<BoxBlock>,
}

impl<'a> SegmentBlock<'a> {
    fn new(segment: &'a Segment) -> Self {
        let Segment { id, name, code, color, mask } = segment;
        Self {
            id,
            name,
            code: CodeBlock::new(code),
            color_srgb: *color,
            rows: mask.rows(),
            cols: mask.cols(),
            n_pixels: mask.n_pixels(),
            bounds: mask.bounds().as_ref().map(BoxBlock::new),
        }
    }
}

#[derive(Serialize)]
struct SaliencyBlock<'a> {
    method: &'a str,
    layer: &'a str,
    raw_peak: f32,
    rows: u32,
    cols: u32,
    meaning: &'static str,
}

impl<'a> SaliencyBlock<'a> {
    fn new(map: &'a SaliencyMap) -> Self {
        let facts = map.facts();
        Self {
            method: &facts.method,
            layer: &facts.layer,
            raw_peak: facts.raw_peak,
            rows: map.rows(),
            cols: map.cols(),
            meaning: "where the network looked, not where disease is",
        }
    }
}

#[derive(Serialize)]
struct NoticeBlock<'a> {
    code: &'a str,
    text: &'a str,
}

impl<'a> NoticeBlock<'a> {
    fn new(notice: &'a Notice) -> Self {
        Self { code: notice.code, text: &notice.text }
    }
}
