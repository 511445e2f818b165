//! Findings, drawings and decisions as content items of TID 1500: TID 1410 with a region, 1411 with a segment, 1501
//! otherwise (PS3.16).

use crate::domain::annotation::{Annotation, Ground};
use crate::domain::codes::{Code, Codes};
use crate::domain::coding::CodedConcept;
use crate::domain::content_item::{
    ContentItem, ContentValue, GraphicType, MeasuredNumber, ObjectReference, Relationship,
};
use crate::domain::decision::Verdict;
use crate::domain::finding::{Finding, FindingLabel, MeasuredLine, Measurement, Origin, Subject};
use crate::domain::model::ModelIdentity;
use crate::domain::report::ReportedFinding;
use crate::domain::score::Score;
use crate::domain::shape::{Point, Shape};
use crate::domain::study::Study;
use crate::domain::uid::SopInstanceUid;
use crate::export::dicom::segmentation_frames::written;
use crate::export::dicom::uids::{observation_uid, tracking_uid};

use Relationship::{Contains, HasConceptMod, HasObsContext, InferredFrom, SelectedFrom};

/// Private codes of measurements that the table has no code for.
const PRIVATE_SCHEME: &str = "99OVERREAD";

/// What items are made with.
#[derive(Clone, Copy)]
pub struct Items<'a> {
    pub codes: &'a Codes,
    pub study: &'a Study,
}

/// A segment of a segmentation that is written beside the report.
#[derive(Clone, Debug)]
pub struct SegmentLink {
    pub object: ObjectReference,
    /// The picture it was drawn over.
    pub source: ObjectReference,
}

/// Objects that a finding's item points to.
#[derive(Clone, Debug, Default)]
pub struct Links {
    pub segment: Option<SegmentLink>,
    pub map: Option<ObjectReference>,
}

impl Items<'_> {
    pub fn code(&self, relationship: Relationship, name: Code, value: Code) -> ContentItem {
        self.coded(relationship, name, self.codes.concept(value))
    }

    pub fn coded(&self, relationship: Relationship, name: Code, value: CodedConcept) -> ContentItem {
        ContentItem::new(relationship, self.codes.concept(name), ContentValue::Code(value))
    }

    pub fn text(&self, relationship: Relationship, name: Code, text: &str) -> ContentItem {
        ContentItem::new(relationship, self.codes.concept(name), ContentValue::Text(text.to_owned()))
    }

    pub fn uid(&self, relationship: Relationship, name: Code, uid: &str) -> ContentItem {
        ContentItem::new(relationship, self.codes.concept(name), ContentValue::UidRef(uid.to_owned()))
    }

    pub fn container(&self, name: Code) -> ContentItem {
        ContentItem::new(Contains, self.codes.concept(name), ContentValue::Container)
    }

    /// TID 1004.
    pub fn device_observer(&self, model: &ModelIdentity) -> Vec<ContentItem> {
        let uid = crate::export::dicom::uids::uid_of(&["device", model.id.as_str(), &model.version]);
        vec![
            self.code(HasObsContext, Code::ObserverType, Code::Device),
            self.uid(HasObsContext, Code::DeviceObserverUid, &uid),
            self.text(HasObsContext, Code::DeviceObserverName, &model.name),
            self.text(HasObsContext, Code::DeviceObserverManufacturer, crate::export::dicom::header::MANUFACTURER),
            self.text(HasObsContext, Code::DeviceObserverModel, &format!("{} {}", model.name, model.version)),
        ]
    }

    /// TID 1003.
    pub fn person_observer(&self, name: &str) -> Vec<ContentItem> {
        let value = ContentValue::PersonName(name.to_owned());
        let mut items = vec![
            self.code(HasObsContext, Code::ObserverType, Code::Person),
            ContentItem::new(HasObsContext, self.codes.concept(Code::PersonObserverName), value),
        ];
        let organization = self.study.institution.trim();
        if !organization.is_empty() {
            items.push(self.text(HasObsContext, Code::PersonObserverOrganization, organization));
        }
        items
    }

    /// `None` when the picture is not at hand.
    pub fn image(&self, subject: &Subject) -> Option<ObjectReference> {
        let (_, instance) = self.study.instance(&subject.sop)?;
        let frames = if instance.n_frames() > 1 { vec![subject.frame + 1] } else { Vec::new() };
        let sop = SopInstanceUid::new(written(instance));
        Some(ObjectReference { sop_class: instance.sop_class.clone(), sop, frames, segments: Vec::new() })
    }

    /// A measurement group of a finding, of a model's or a reader's own.
    pub fn finding_group(&self, finding: &Finding, links: &Links) -> ContentItem {
        let Finding { id, subject, label, origin, assessment, place, measurements, evidence, notices: _ } = finding;
        let is_regional = place.region().is_some();
        let template = match (&links.segment, is_regional) {
            (Some(_), _) => "1411",
            (None, true) => "1410",
            (None, false) => "1501",
        };
        let mut group = self.container(Code::MeasurementGroup).with_template(template);
        group.observation_uid = Some(observation_uid(id.as_str(), "result"));
        self.put_tracking(&mut group, &label.name, &tracking_uid(id.as_str()));
        if let Origin::Model(run) = origin {
            self.put_algorithm(&mut group, &run.model);
        }
        self.put_finding(&mut group, label);
        let image = self.image(subject);
        match (&links.segment, place.region(), &image) {
            (Some(SegmentLink { object, source }), ..) => {
                let image = |name, object: &ObjectReference| {
                    ContentItem::new(Contains, self.codes.concept(name), ContentValue::Image(object.clone()))
                };
                group.push(image(Code::ReferencedSegment, object));
                group.push(image(Code::SourceImage, source));
            }
            (None, Some(region), Some(image)) => {
                let [x0, y0, x1, y1] = [region.x0, region.y0, region.x1, region.y1];
                let outline = vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]];
                group.push(self.region(GraphicType::Polyline, outline, image));
            }
            (None, None, Some(image)) => {
                group.push(ContentItem::new(
                    Contains,
                    self.codes.concept(Code::Source),
                    ContentValue::Image(image.clone()),
                ));
            }
            (None, _, None) => {}
        }
        if let Some(map) = &links.map {
            let value = ContentValue::Image(map.clone());
            group.push(ContentItem::new(Contains, self.codes.concept(Code::VisualExplanation), value));
        }
        for measurement in measurements {
            let line = evidence.lines.iter().find(|line| line.name == measurement.name);
            let coordinates = line.zip(image.as_ref()).map(|(line, image)| self.measured_line(line, image));
            group.push(self.number(measurement, coordinates));
        }
        if let Some(assessment) = assessment {
            let intent = if finding.is_flagged() { Code::PresentationRequired } else { Code::PresentationOptional };
            group.push(self.plain_number(score_name(assessment.score), assessment.score.value(), "1"));
            group.push(self.plain_number(Code::OperatingPoint, assessment.operating_point.threshold, "1"));
            group.push(self.code(Contains, Code::RenderingIntent, intent));
        }
        group
    }

    /// What a reader drew. `None` for what is bound to no picture at hand and no place in the patient.
    pub fn annotation_group(&self, annotation: &Annotation) -> Option<ContentItem> {
        let Annotation { id, ground, shape, text, measurements, .. } = annotation;
        let template = if shape.is_region() { "1410" } else { "1501" };
        let mut group = self.container(Code::MeasurementGroup).with_template(template);
        group.observation_uid = Some(observation_uid(id.as_str(), "drawing"));
        let name = if text.trim().is_empty() { shape.word() } else { text.trim() };
        self.put_tracking(&mut group, name, &tracking_uid(id.as_str()));
        self.put_finding(&mut group, &FindingLabel { id: String::new(), name: name.to_owned(), code: None });
        let coordinates = self.coordinates(ground, shape)?;
        let mut rest = coordinates;
        if shape.is_region() || measurements.is_empty() {
            // A region, or a mark that measures nothing
            let mut region = rest.remove(0);
            region.name = Some(self.codes.concept(Code::ImageRegion));
            region.relationship = Some(Contains);
            group.push(region);
        }
        for measurement in measurements {
            let which = usize::from(measurement.id == "short_axis").min(rest.len().saturating_sub(1));
            let under = (!shape.is_region()).then(|| rest.get(which).cloned()).flatten();
            group.push(self.number(measurement, under));
        }
        Some(group)
    }

    /// What a reader thinks of a finding that somebody else suggested. `None` while unreviewed.
    pub fn decision_group(&self, reported: &ReportedFinding) -> Option<ContentItem> {
        let finding = &reported.finding;
        let decision = reported.result()?;
        let mut group = self.container(Code::MeasurementGroup).with_template("1501");
        group.observation_uid = Some(observation_uid(finding.id.as_str(), decision.event.as_str()));
        self.put_tracking(&mut group, &finding.label.name, &finding_tracking_uid(finding));
        self.put_finding(&mut group, &finding.label);
        if let Some(image) = self.image(&finding.subject) {
            group.push(ContentItem::new(Contains, self.codes.concept(Code::Source), ContentValue::Image(image)));
        }
        let presence = match &decision.verdict {
            Verdict::Accepted => Code::Present,
            Verdict::Rejected { .. } => Code::Absent,
            Verdict::Uncertain => Code::Equivocal,
            Verdict::NotAssessable => Code::Indeterminate,
        };
        group.push(self.code(Contains, Code::AssessedPresence, presence));
        if let Verdict::Rejected { reasons, text } = &decision.verdict {
            for reason in reasons {
                let code = CodedConcept::new(PRIVATE_SCHEME, reason.code(), reason.word());
                group.push(self.coded(Contains, Code::Reason, code));
            }
            if !text.trim().is_empty() {
                group.push(self.text(Contains, Code::Comment, text.trim()));
            }
        }
        if let Some(label) = &decision.details.label {
            group.push(self.text(Contains, Code::Comment, &format!("Labelled: {}", label.name)));
        }
        if !decision.comment.trim().is_empty() {
            group.push(self.text(Contains, Code::Comment, decision.comment.trim()));
        }
        Some(group)
    }

    fn put_tracking(&self, group: &mut ContentItem, name: &str, uid: &str) {
        group.push(self.text(HasObsContext, Code::TrackingIdentifier, name));
        group.push(self.uid(HasObsContext, Code::TrackingUid, uid));
    }

    /// TID 4019.
    fn put_algorithm(&self, group: &mut ContentItem, model: &ModelIdentity) {
        group.push(self.code(HasConceptMod, Code::AlgorithmFamily, Code::ArtificialIntelligence));
        group.push(self.text(HasConceptMod, Code::AlgorithmName, &model.name));
        group.push(self.text(HasConceptMod, Code::AlgorithmVersion, &model.version));
        let weights = format!("weights SHA-256 {}", model.weights_sha256);
        group.push(self.text(HasConceptMod, Code::AlgorithmParameters, &weights));
    }

    /// A finding without a code of its own is a clinical finding, said in words.
    fn put_finding(&self, group: &mut ContentItem, label: &FindingLabel) {
        match &label.code {
            Some(code) => group.push(self.coded(Contains, Code::Finding, code.clone())),
            None => {
                group.push(self.code(Contains, Code::Finding, Code::ClinicalFinding));
                group.push(self.text(Contains, Code::Comment, &label.name));
            }
        }
    }

    fn region(&self, graphic: GraphicType, points: Vec<[f64; 2]>, image: &ObjectReference) -> ContentItem {
        let value = ContentValue::Coordinates(graphic, points);
        ContentItem::new(Contains, self.codes.concept(Code::ImageRegion), value).with(self.selected(image))
    }

    fn selected(&self, image: &ObjectReference) -> ContentItem {
        ContentItem {
            name: None,
            ..ContentItem::new(SelectedFrom, self.codes.concept(Code::Source), ContentValue::Image(image.clone()))
        }
    }

    fn measured_line(&self, line: &MeasuredLine, image: &ObjectReference) -> ContentItem {
        // Lines are in pixel-center coordinates, SCOORD in pixel-edge ones (PS3.3 C.18.6.1.1)
        let points = [line.from, line.to].map(|[x, y]| [x + 0.5, y + 0.5]).to_vec();
        self.source_of_measurement(ContentValue::Coordinates(GraphicType::Polyline, points)).with(self.selected(image))
    }

    fn source_of_measurement(&self, value: ContentValue) -> ContentItem {
        ContentItem::new(InferredFrom, self.codes.concept(Code::SourceOfMeasurement), value)
    }

    /// One item for each stroke of the shape: on its image, or in the patient where it was drawn on a plane.
    fn coordinates(&self, ground: &Ground, shape: &Shape) -> Option<Vec<ContentItem>> {
        let strokes = strokes(shape);
        if let Some(subject) = ground.subject() {
            let image = self.image(subject)?;
            let item = |(graphic, points): (GraphicType, Vec<Point>)| {
                let points = points.into_iter().map(|[x, y]| [x + 0.5, y + 0.5]).collect();
                self.source_of_measurement(ContentValue::Coordinates(graphic, points)).with(self.selected(&image))
            };
            return Some(strokes.into_iter().map(item).collect());
        }
        let place = ground.plane()?;
        let item = |(graphic, points): (GraphicType, Vec<Point>)| {
            let mut points: Vec<[f64; 3]> = points.into_iter().map(|point| place.plane.point_mm(point).0).collect();
            // A closed outline is a polygon in space
            let is_closed = graphic == GraphicType::Polyline && points.len() > 3 && points.first() == points.last();
            let graphic = if is_closed { GraphicType::Polygon } else { graphic };
            points.shrink_to_fit();
            self.source_of_measurement(ContentValue::Coordinates3d {
                graphic,
                points,
                frame_of_reference: place.frame_of_reference.clone(),
            })
        };
        Some(strokes.into_iter().map(item).collect())
    }

    fn number(&self, measurement: &Measurement, coordinates: Option<ContentItem>) -> ContentItem {
        let Measurement { id, name, value, unit } = measurement;
        let (concept, derivation) = self.concept_of(id, name, unit);
        let number = ContentValue::Number(MeasuredNumber { value: Some(*value), unit: unit_concept(unit) });
        let mut item = ContentItem::new(Contains, concept, number);
        if let Some(derivation) = derivation {
            item.push(self.code(HasConceptMod, Code::Derivation, derivation));
        }
        item.children.extend(coordinates);
        item
    }

    fn plain_number(&self, name: Code, value: f64, unit: &str) -> ContentItem {
        let number = MeasuredNumber { value: Some(value), unit: unit_concept(unit) };
        ContentItem::new(Contains, self.codes.concept(name), ContentValue::Number(number))
    }

    /// What is measured and, of pixel values, which of their statistics.
    fn concept_of(&self, id: &str, name: &str, unit: &str) -> (CodedConcept, Option<Code>) {
        let pixel = if unit == "[hnsf'U]" { Code::Attenuation } else { Code::PixelValue };
        let (code, derivation) = match id {
            "length" => (Code::Length, None),
            "long_axis" => (Code::LongAxis, None),
            "short_axis" => (Code::ShortAxis, None),
            "diameter" => (Code::Diameter, None),
            "area" => (Code::Area, None),
            "volume" => (Code::Volume, None),
            "angle" => (Code::Angle, None),
            "value" => (pixel, None),
            "mean" => (pixel, Some(Code::Mean)),
            "sd" => (pixel, Some(Code::StandardDeviation)),
            "min" => (pixel, Some(Code::Minimum)),
            "max" => (pixel, Some(Code::Maximum)),
            _ => return (CodedConcept::new(PRIVATE_SCHEME, id, name), None),
        };
        (self.codes.concept(code), derivation)
    }
}

/// The identity under which a finding is followed: the one it came with, else our own.
pub fn finding_tracking_uid(finding: &Finding) -> String {
    let came_with = finding.imported().and_then(|from| from.tracking_uid.clone());
    came_with.unwrap_or_else(|| tracking_uid(finding.id.as_str()))
}

fn score_name(score: Score) -> Code {
    match score {
        Score::Calibrated(_) => Code::Probability,
        Score::Uncalibrated(_) => Code::ModelScore,
        Score::Measured(_) => Code::ModelScore,
    }
}

/// A shape's strokes as SCOORD has them, in pixel-center coordinates.
fn strokes(shape: &Shape) -> Vec<(GraphicType, Vec<Point>)> {
    match shape {
        Shape::Probe { at } | Shape::Text { at } => vec![(GraphicType::Point, vec![*at])],
        Shape::Length { ends } => vec![(GraphicType::Polyline, ends.to_vec())],
        Shape::Bidirectional { long, short } => {
            vec![(GraphicType::Polyline, long.to_vec()), (GraphicType::Polyline, short.to_vec())]
        }
        Shape::Angle { first, vertex, second } => vec![(GraphicType::Polyline, vec![*first, *vertex, *second])],
        Shape::Cobb { lines: [[a, b], [c, d]] } => vec![(GraphicType::Multipoint, vec![*a, *b, *c, *d])],
        Shape::Rectangle { corners: [[x0, y0], [x1, y1]] } => {
            let outline = vec![[*x0, *y0], [*x1, *y0], [*x1, *y1], [*x0, *y1], [*x0, *y0]];
            vec![(GraphicType::Polyline, outline)]
        }
        // Ends of the first axis, then of the second (PS3.3 C.18.6.1.2)
        Shape::Ellipse { corners: [[x0, y0], [x1, y1]], .. } => {
            let [across, down] = crate::imaging::measure::strokes::axes(shape).unwrap_or_default();
            // The major axis comes first
            let is_wide = (x1 - x0).abs() >= (y1 - y0).abs();
            let ends = if is_wide { [across, down] } else { [down, across] };
            vec![(GraphicType::Ellipse, ends.concat())]
        }
        Shape::Freehand { outline } => {
            let closed = outline.iter().chain(outline.first()).copied().collect();
            vec![(GraphicType::Polyline, closed)]
        }
        Shape::Arrow { tip, tail } => vec![(GraphicType::Polyline, vec![*tail, *tip])],
    }
}

/// UCUM with the words people know; what is no UCUM unit is an annotation in braces.
pub fn unit_concept(unit: &str) -> CodedConcept {
    let meaning = match unit {
        "mm" => "millimeter",
        "mm2" => "square millimeter",
        "mm3" => "cubic millimeter",
        "ml" | "mL" => "milliliter",
        "deg" => "degree",
        "1" | "" => "no units",
        "%" => "percent",
        "[hnsf'U]" => "Hounsfield unit",
        "{pixels}" => "pixels",
        "{square_pixels}" => "square pixels",
        other => other,
    };
    let is_ucum =
        matches!(unit, "mm" | "mm2" | "mm3" | "ml" | "mL" | "deg" | "1" | "%" | "[hnsf'U]" | "g/ml{SUVbw}" | "Gy");
    let value = match unit {
        "" => "1".to_owned(),
        _ if is_ucum || unit.starts_with('{') => unit.to_owned(),
        _ => format!("{{{}}}", unit.replace(['{', '}'], "")),
    };
    CodedConcept::new("UCUM", &value, meaning)
}
