//! Segmentations and parametric maps as results: which picture each segment is shown on first, without a pixel read.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::codes::{Code, Codes};
use crate::domain::derivation::{Derivation, SegmentFacts, SegmentationType};
use crate::domain::document::{Document, DocumentKind};
use crate::domain::finding::{
    DocumentSource, Evidence, Finding, FindingLabel, Origin, Place, SegmentInVolume, Speaker, Subject,
};
use crate::domain::geometry::Vec3;
use crate::domain::instance::Instance;
use crate::domain::intake::Notice;
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::domain::uid::{FindingId, FrameOfReferenceUid, SeriesUid, SopInstanceUid};
use crate::import::dicom::attributes::derived_uid;
use crate::import::dicom::results::regions::{PlacedImage, image_of_points, pixel_plane, placed_images};
use crate::import::reason;

pub const PARAMETRIC_MAP: &str = "1.2.840.10008.5.1.4.1.1.30";

/// All segmentations and maps of the study.
pub fn documents(study: &Study) -> Vec<Document> {
    let mut documents = Vec::new();
    let mut images: Option<(Option<&FrameOfReferenceUid>, Vec<PlacedImage<'_>>)> = None;
    for (series, instance) in results(study) {
        // Positions count from one point only within one frame of reference
        let frame = series.frame_of_reference.as_ref();
        let is_other = images.as_ref().is_none_or(|(of, _)| *of != frame);
        if is_other {
            images = Some((frame, placed_images(study, frame, None)));
        }
        let images = images.as_ref().map_or(&[][..], |(_, images)| images.as_slice());
        documents.push(match &instance.derivation {
            Some(derivation) => segmentation(study, series, instance, derivation, images),
            None => map(study, series, instance, images),
        });
    }
    documents
}

/// Each once, though parts of a series may share it.
fn results(study: &Study) -> Vec<(&Arc<Series>, &Arc<Instance>)> {
    let mut found: BTreeMap<&SopInstanceUid, (&Arc<Series>, &Arc<Instance>)> = BTreeMap::new();
    for series in &study.series {
        for instance in &series.instances {
            if instance.derivation.is_some() || instance.sop_class == PARAMETRIC_MAP {
                found.entry(&instance.sop).or_insert((series, instance));
            }
        }
    }
    found.into_values().collect()
}

fn segmentation(
    study: &Study,
    series: &Arc<Series>,
    instance: &Arc<Instance>,
    derivation: &Derivation,
    images: &[PlacedImage<'_>],
) -> Document {
    let mut document = document(series, instance, DocumentKind::Segmentation);
    let mut n_placed = 0;
    for segment in &derivation.segments {
        let subject = subject_of(study, instance, derivation, segment, images);
        n_placed += usize::from(subject.is_some());
        let subject = subject.unwrap_or_else(|| Subject {
            study: study.uid.clone(),
            series: SeriesUid::new(""),
            sop: SopInstanceUid::new(""),
            frame: 0,
        });
        document.findings.push(Arc::new(finding(&document, segment, subject)));
    }
    if n_placed < derivation.segments.len() {
        let text = format!(
            "{} of {} segments lie on no picture that is here; the segmentation opens by itself",
            derivation.segments.len() - n_placed,
            derivation.segments.len()
        );
        document.notices.push(Notice::new(reason::RESULT_NOT_PLACED, text));
    }
    document
}

fn document(series: &Series, instance: &Instance, kind: DocumentKind) -> Document {
    let description = series.description.clone();
    Document {
        sop: instance.sop.clone(),
        sop_class: instance.sop_class.clone(),
        series: series.uid.clone(),
        path: instance.path.clone(),
        kind,
        title: if description.is_empty() { kind.word().to_owned() } else { description },
        maker: instance.acquisition.manufacturer.clone(),
        date: instance.acquisition.date.clone(),
        is_verified: false,
        findings: Vec::new(),
        masks: BTreeMap::new(),
        key_images: Vec::new(),
        displays: Vec::new(),
        lines: Vec::new(),
        notices: Vec::new(),
    }
}

/// The picture in the middle of the frames that have the segment.
fn subject_of(
    study: &Study,
    instance: &Instance,
    derivation: &Derivation,
    segment: &SegmentFacts,
    images: &[PlacedImage<'_>],
) -> Option<Subject> {
    let is_of_segment = |frame: &u32| {
        let said = derivation.frames.get(*frame as usize).and_then(|frame| frame.segment);
        derivation.kind == SegmentationType::LabelMap || said == Some(segment.number)
    };
    let frames: Vec<u32> = (0..instance.n_frames()).filter(is_of_segment).collect();
    let outward = {
        let middle = frames.len() / 2;
        let (before, after) = frames.split_at(middle);
        after.iter().chain(before.iter().rev()).copied().collect::<Vec<u32>>()
    };
    outward.into_iter().find_map(|frame| subject_of_frame(study, instance, derivation, frame, images))
}

/// By the place of its pixels; by the picture it names only where it has no place.
fn subject_of_frame(
    study: &Study,
    instance: &Instance,
    derivation: &Derivation,
    frame: u32,
    images: &[PlacedImage<'_>],
) -> Option<Subject> {
    if let Some(plane) = pixel_plane(instance, frame) {
        let (rows, cols) = (f64::from(instance.pixels.rows), f64::from(instance.pixels.cols));
        let corners = [[0.0, 0.0], [cols - 1.0, 0.0], [0.0, rows - 1.0], [cols - 1.0, rows - 1.0]];
        let corners: Vec<Vec3> = corners.iter().map(|corner| plane.point_mm(*corner)).collect();
        return Some(image_of_points(images, &corners)?.subject(study));
    }
    let (sop, source_frame) = derivation.frames.get(frame as usize)?.source.as_ref()?;
    named_subject(study, sop, *source_frame)
}

fn named_subject(study: &Study, sop: &SopInstanceUid, frame: u32) -> Option<Subject> {
    let (series, instance) = study.written_instance(sop)?;
    (frame < instance.n_frames()).then(|| Subject {
        study: study.uid.clone(),
        series: series.uid.clone(),
        sop: instance.sop.clone(),
        frame,
    })
}

fn finding(document: &Document, segment: &SegmentFacts, subject: Subject) -> Finding {
    let SegmentFacts { number, label, code, region, algorithm_type, algorithm_name, tracking_id, tracking_uid, .. } =
        segment;
    let meaning = code.as_ref().map(|code| code.meaning.clone()).unwrap_or_default();
    let name = [label.clone(), meaning].into_iter().find(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| format!("Segment {number}"));
    let name = match region {
        Some(region) => format!("{name}, {}", region.meaning),
        None => name,
    };
    let made =
        if algorithm_type.is_empty() { Vec::new() } else { vec![format!("Made: {}", made_word(algorithm_type))] };
    let source = DocumentSource {
        sop_class: document.sop_class.clone(),
        sop: document.sop.clone(),
        series: document.series.clone(),
        kind: document.kind.word().to_owned(),
        speaker: if algorithm_type == "MANUAL" { Speaker::Person } else { Speaker::Device },
        manufacturer: document.maker.clone(),
        name: algorithm_name.clone(),
        version: String::new(),
        observation_uid: None,
        tracking_uid: tracking_uid.clone(),
        tracking_id: tracking_id.clone(),
        segment: Some(*number),
        statements: made,
        is_presented: is_to_be_decided(segment),
    };
    let id = derived_uid(&[b"segment of", document.sop.as_str().as_bytes(), number.to_string().as_bytes()]);
    let is_nowhere = subject.sop.is_empty();
    let absent = Notice::new(reason::RESULT_NOT_PLACED, "The pictures this segment lies on are not here");
    Finding {
        id: FindingId::new(id),
        subject,
        label: FindingLabel { id: "segment".to_owned(), name, code: code.clone() },
        origin: Origin::Document(Box::new(source)),
        assessment: None,
        place: Place::WholeImage,
        measurements: Vec::new(),
        evidence: Evidence {
            volume: Some(SegmentInVolume { sop: document.sop.clone(), number: *number }),
            ..Evidence::default()
        },
        notices: if is_nowhere { vec![absent] } else { Vec::new() },
    }
}

/// Organs are there to be looked at, findings to be decided on.
fn is_to_be_decided(segment: &SegmentFacts) -> bool {
    let codes = Codes::shipped();
    let is_anatomy = segment.code.as_ref().is_some_and(|code| codes.is_anatomy(code));
    let is = |code| segment.category.as_ref().is_some_and(|category| codes.means(category, code));
    !is_anatomy && !is(Code::AnatomicalStructure) && !is(Code::Tissue) && segment.number > 0
}

fn made_word(algorithm_type: &str) -> &str {
    match algorithm_type {
        "AUTOMATIC" => "by a program",
        "SEMIAUTOMATIC" => "by a program, edited by a person",
        "MANUAL" => "by a person",
        other => other,
    }
}

/// A map is one thing to look at, on the picture in its middle.
fn map(study: &Study, series: &Arc<Series>, instance: &Arc<Instance>, images: &[PlacedImage<'_>]) -> Document {
    let mut document = document(series, instance, DocumentKind::ParametricMap);
    let middle = instance.n_frames() / 2;
    let found = pixel_plane(instance, middle).and_then(|plane| {
        let center = [f64::from(instance.pixels.cols) / 2.0, f64::from(instance.pixels.rows) / 2.0];
        Some(image_of_points(images, &[plane.point_mm(center)])?.subject(study))
    });
    let same_size = || {
        // Without places: the one picture of its size
        let mut fitting = study.series.iter().flat_map(|series| {
            let fits = |other: &&Arc<Instance>| {
                other.sop_class != PARAMETRIC_MAP
                    && other.derivation.is_none()
                    && (other.pixels.rows, other.pixels.cols) == (instance.pixels.rows, instance.pixels.cols)
            };
            series.instances.iter().filter(fits).map(|other| (series.uid.clone(), other.sop.clone()))
        });
        let (series, sop) = fitting.next()?;
        let is_only = fitting.next().is_none();
        is_only.then(|| Subject { study: study.uid.clone(), series, sop, frame: 0 })
    };
    match found.or_else(same_size) {
        Some(subject) => {
            let facts = SegmentFacts {
                number: 0,
                label: document.title.clone(),
                category: None,
                code: None,
                region: None,
                algorithm_type: String::new(),
                algorithm_name: String::new(),
                tracking_id: String::new(),
                tracking_uid: None,
                color: None,
            };
            let finding = finding(&document, &facts, subject);
            document.findings.push(Arc::new(finding));
        }
        None => {
            let text = "The map lies on no picture that is here; it opens by itself";
            document.notices.push(Notice::new(reason::RESULT_NOT_PLACED, text));
        }
    }
    document
}
