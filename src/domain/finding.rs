//! A finding: what a model suggests, or what a reader saw that the model missed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::coding::CodedConcept;
use crate::domain::geometry::PixelBox;
use crate::domain::intake::Notice;
use crate::domain::mask::Segment;
use crate::domain::model::ModelRun;
use crate::domain::saliency::SaliencyMap;
use crate::domain::score::Assessment;
use crate::domain::uid::{FindingId, ReaderName, SeriesUid, SopInstanceUid, StudyUid};

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
        }
    }

    pub fn model_run(&self) -> Option<&ModelRun> {
        match &self.origin {
            Origin::Model(run) => Some(run),
            Origin::Reader(_) => None,
        }
    }
}

/// The picture a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    pub segments: Vec<Arc<Segment>>,
    /// Measured lines in pixel-centre coordinates `[x0, y0, x1, y1]`, such as the heart's width.
    pub lines: Vec<MeasuredLine>,
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
