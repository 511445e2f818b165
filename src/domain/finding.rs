//! A finding: what a model suggests, or what a reader saw that the model missed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::coding::CodedConcept;
use crate::domain::geometry::{PixelBox, Vec3};
use crate::domain::intake::Notice;
use crate::domain::likelihood::Likelihood;
use crate::domain::mask::Segment;
use crate::domain::model::{ModelIdentity, ModelRun};
use crate::domain::saliency::SaliencyMap;
use crate::domain::score::Assessment;
use crate::domain::uid::{FindingId, ModelId, ReaderName, SeriesUid, SopInstanceUid, StudyUid};

/// Immutable once made; what readers think of it is a [`crate::domain::decision::Decision`].
#[derive(Clone, Debug)]
pub struct Finding {
    pub id: FindingId,
    pub subject: Subject,
    pub label: FindingLabel,
    pub origin: Origin,
    /// Absent for a reader's own finding, and when a model's measurement failed (a notice says why).
    pub assessment: Option<Assessment>,
    pub place: Place,
    pub measurements: Vec<Measurement>,
    pub evidence: Evidence,
    /// Doubts about this very result, such as a touching image border.
    pub notices: Vec<Notice>,
}

impl Finding {
    /// A model's finding at or above its operating point, or any reader's finding.
    pub fn is_flagged(&self) -> bool {
        match &self.origin {
            Origin::Reader(_) => true,
            // A result that could not be measured stands beside the picture, but flags nothing.
            Origin::Model(_) => self.assessment.as_ref().is_some_and(Assessment::is_flagged),
            Origin::Document(source) => source.is_presented,
        }
    }

    /// Its masks with the images they lie on, those of the subject's frame first.
    pub fn placed_segments(&self) -> impl Iterator<Item = (&SopInstanceUid, u32, &Arc<Segment>)> {
        let Subject { sop, frame, .. } = &self.subject;
        let here = self.evidence.segments.iter().map(move |segment| (sop, *frame, segment));
        here.chain(self.evidence.elsewhere.iter().map(|placed| (&placed.sop, placed.frame, &placed.segment)))
    }

    /// Its masks on one image.
    pub fn segments_on<'a>(&'a self, sop: &SopInstanceUid, frame: u32) -> Vec<&'a Arc<Segment>> {
        let of_image = self.placed_segments().filter(|(at, of, _)| *at == sop && *of == frame);
        of_image.map(|(_, _, segment)| segment).collect()
    }

    pub fn model_run(&self) -> Option<&ModelRun> {
        match &self.origin {
            Origin::Model(run) => Some(run),
            Origin::Reader(_) | Origin::Document(_) => None,
        }
    }

    /// The object of another product that it came with.
    pub fn imported(&self) -> Option<&DocumentSource> {
        match &self.origin {
            Origin::Document(source) => Some(source),
            Origin::Model(_) | Origin::Reader(_) => None,
        }
    }

    /// Made by somebody else than a reader of this review: to be decided on, never to be taken back.
    pub fn is_suggested(&self) -> bool {
        !matches!(self.origin, Origin::Reader(_))
    }

    /// Who suggests it, as the record names a model; `None` for a reader's own.
    pub fn suggested_by(&self) -> Option<ModelIdentity> {
        match &self.origin {
            Origin::Model(run) => Some(run.model.clone()),
            Origin::Document(source) => Some(source.identity()),
            Origin::Reader(_) => None,
        }
    }
}

/// The picture a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    pub study: StudyUid,
    pub series: SeriesUid,
    pub sop: SopInstanceUid,
    /// Zero-based frame of the instance.
    pub frame: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingLabel {
    /// Stable id from the model card, such as `effusion`; `reader` for free text.
    pub id: String,
    pub name: String,
    pub code: Option<CodedConcept>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Model(Box<ModelRun>),
    Reader(ReaderName),
    /// Came in as a DICOM object of another product, or of an earlier export.
    Document(Box<DocumentSource>),
}

/// Which object a finding came with, who made it, and by what name it is known there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentSource {
    pub sop_class: String,
    pub sop: SopInstanceUid,
    pub series: SeriesUid,
    /// Such as `Structured report` or `Segmentation`.
    pub kind: String,
    pub speaker: Speaker,
    /// Manufacturer, or where a person speaks their organization; empty when not said.
    pub manufacturer: String,
    /// Product or algorithm, or the person's name; empty when not said.
    pub name: String,
    pub version: String,
    /// Observation UID (0040,A171) of the content item.
    pub observation_uid: Option<String>,
    pub tracking_uid: Option<String>,
    /// As the object calls it, such as `L1`; empty when not said.
    pub tracking_id: String,
    /// Segment Number (0062,0004) where it is a segment.
    pub segment: Option<u32>,
    /// What else the object says of it, such as `Lesion Review Status: Measurement auto-confirmed`.
    #[serde(default)]
    pub statements: Vec<String>,
    /// The object means it to be shown: not kept back as below its operating point, and not said to be absent.
    pub is_presented: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    Device,
    Person,
    Unsaid,
}

impl DocumentSource {
    /// `AI-Rad Companion Chest CT, Siemens Healthineers`; the kind of object when nobody is named.
    pub fn words(&self) -> String {
        let mut parts: Vec<&str> =
            [self.name.as_str(), self.manufacturer.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
        parts.dedup();
        if parts.is_empty() { self.kind.clone() } else { parts.join(", ") }
    }

    fn identity(&self) -> ModelIdentity {
        let (id, name) = (ModelId::new(format!("document:{}", self.sop)), self.words());
        ModelIdentity { id, name, version: self.version.clone(), weights_sha256: String::new() }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Place {
    WholeImage,
    Region { region: PixelBox },
}

impl Place {
    pub fn region(&self) -> Option<&PixelBox> {
        match self {
            Self::WholeImage => None,
            Self::Region { region } => Some(region),
        }
    }
}

/// What can be laid over the picture.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    pub saliency: Option<Arc<SaliencyMap>>,
    /// On the subject's own frame.
    pub segments: Vec<Arc<Segment>>,
    /// On other images of the same series: the rest of what reaches through several slices.
    pub elsewhere: Vec<PlacedSegment>,
    /// The middle of what was found, patient space (LPS), mm.
    pub center_mm: Option<Vec3>,
    /// Measured lines in pixel-centre coordinates `[x0, y0, x1, y1]`, such as the heart's width.
    pub lines: Vec<MeasuredLine>,
    /// Drawn lines and outlines without a value of their own, pixel-center coordinates.
    pub paths: Vec<DrawnPath>,
    /// A segment of a segmentation object, which lies over many images and is read where it is looked at.
    pub volume: Option<SegmentInVolume>,
    /// The network's own word on the segments, where it is at hand: not kept.
    pub likelihoods: Vec<Arc<Likelihood>>,
}

/// Points joined by straight lines; an outline ends where it begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrawnPath {
    /// Words beside it; mostly empty.
    pub name: String,
    pub points: Vec<[f64; 2]>,
}

/// A segment by its object and number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SegmentInVolume {
    pub sop: SopInstanceUid,
    /// Segment Number (0062,0004).
    pub number: u32,
}

/// A mask with the image it lies on.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedSegment {
    pub sop: SopInstanceUid,
    /// Zero-based frame of that instance.
    pub frame: u32,
    pub segment: Arc<Segment>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasuredLine {
    pub name: String,
    pub from: [f64; 2],
    pub to: [f64; 2],
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Stable id, such as `cardiothoracic_ratio`.
    pub id: String,
    pub name: String,
    pub value: f64,
    /// UCUM, such as `mm`, `mm2`, `1` (no unit) or `{pixels}`.
    pub unit: String,
}
