//! How a reader's mask comes about: strokes and steps, each as what it flipped, and the revisions they add up to.
//!
//! A mask is the model's own (or nothing) with all edits in force flipped on top. The order does not matter, and taking
//! one back is leaving it out: so what is on screen, what is replayed and any earlier state are the same sum.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::coding::CodedConcept;
use crate::domain::finding::Subject;
use crate::domain::flipped::FlippedVoxels;
use crate::domain::mask::Segment;
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::domain::uid::{EventId, FindingId, SeriesUid, SopInstanceUid, StudyUid};

/// Which mask: on what it lies, and the finding whose mask it corrects; a reader's own has none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MaskSubject {
    pub ground: MaskGround,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<FindingId>,
}

/// What a mask lies on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "snake_case")]
pub enum MaskGround {
    Image {
        subject: Subject,
        cols: u32,
        rows: u32,
    },
    /// The images of a series in the order of their places. Told apart by its first and last image, so that a stack to
    /// which images were added is another.
    Stack {
        study: StudyUid,
        series: SeriesUid,
        first: SopInstanceUid,
        last: SopInstanceUid,
        cols: u32,
        rows: u32,
        slices: u32,
    },
}

impl MaskGround {
    pub fn study(&self) -> &StudyUid {
        match self {
            Self::Image { subject, .. } => &subject.study,
            Self::Stack { study, .. } => study,
        }
    }

    pub fn series(&self) -> &SeriesUid {
        match self {
            Self::Image { subject, .. } => &subject.series,
            Self::Stack { series, .. } => series,
        }
    }

    /// Columns, rows, slices.
    pub fn dims(&self) -> [u32; 3] {
        match self {
            Self::Image { cols, rows, .. } => [*cols, *rows, 1],
            Self::Stack { cols, rows, slices, .. } => [*cols, *rows, *slices],
        }
    }

    /// The series it lies on, in the very stack it was made on.
    pub fn series_in<'a>(&self, study: &'a Study) -> Option<&'a Arc<Series>> {
        let fits = |series: &&Arc<Series>| match self {
            Self::Image { subject, .. } => series.instances.iter().any(|instance| instance.sop == subject.sop),
            Self::Stack { first, last, slices, .. } => {
                let n = series.stack.len();
                let has = |index: usize, sop| series.image(index).is_some_and(|(instance, _)| &instance.sop == sop);
                n > 0 && n == *slices as usize && has(0, first) && has(n - 1, last)
            }
        };
        study.series.iter().filter(|series| &series.uid == self.series()).find(fits)
    }

    /// The picture of a slice.
    pub fn picture(&self, series: &Series, slice: u32) -> Option<Subject> {
        match self {
            Self::Image { subject, .. } => (slice == 0).then(|| subject.clone()),
            Self::Stack { study, series: uid, .. } => {
                let (instance, frame) = series.image(slice as usize)?;
                Some(Subject { study: study.clone(), series: uid.clone(), sop: instance.sop.clone(), frame })
            }
        }
    }

    /// The slice of a picture.
    pub fn slice_of(&self, series: &Series, sop: &SopInstanceUid, frame: u32) -> Option<u32> {
        match self {
            Self::Image { subject, .. } => (&subject.sop == sop && subject.frame == frame).then_some(0),
            Self::Stack { .. } => {
                let is_it =
                    |index: &usize| series.image(*index).is_some_and(|(one, of)| &one.sop == sop && of == frame);
                u32::try_from((0..series.stack.len()).find(is_it)?).ok()
            }
        }
    }
}

/// One structure of a mask, without its voxels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentInfo {
    /// Stable within its mask; of a model's segment the id of its card.
    pub id: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodedConcept>,
    /// Display color, sRGB.
    pub color: [u8; 3],
}

impl From<&Segment> for SegmentInfo {
    fn from(segment: &Segment) -> Self {
        Self {
            id: segment.id.clone(),
            name: segment.name.clone(),
            code: Some(segment.code.clone()),
            color: segment.color,
        }
    }
}

/// What happened to a mask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaskChange {
    pub mask: MaskSubject,
    #[serde(flatten)]
    pub step: MaskStep,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum MaskStep {
    /// A stroke, or what a tool made of the whole.
    Edited(MaskEdit),
    /// A segment came in, or has another name, code or color now.
    SegmentDefined { segment: SegmentInfo },
    /// With all its voxels.
    SegmentRemoved { segment: String },
    /// The reader is done, for now.
    Revised(MaskRevision),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaskEdit {
    /// Stable word, such as `brush` or `smooth`.
    pub tool: String,
    /// By segment; none is empty.
    pub segments: Vec<SegmentEdit>,
    /// From the first sample of the stroke to its end, or what the reader waited for.
    pub spent_ms: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentEdit {
    pub segment: String,
    pub flips: FlippedVoxels,
}

/// A mask as a reader leaves it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaskRevision {
    /// The revision before; `None` for the first, which comes from the model's mask or from nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<EventId>,
    pub segments: Vec<SegmentFigures>,
    pub effort: MaskEffort,
    /// SHA-256 of the voxels of all segments, lower-case hex.
    pub voxels_sha256: String,
}

/// One segment against the model's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentFigures {
    pub segment: String,
    pub n_voxels: u64,
    /// mm³, of a single image mm²; absent where no millimeters are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_mm: Option<f64>,
    /// Against the model's mask: came in, went out.
    pub n_added: u64,
    pub n_removed: u64,
    /// Absent when both masks are empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dice: Option<f64>,
    /// Mean distance between the two surfaces and the 95th percentile, mm; absent when one of them is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surface_mm: Option<[f64; 2]>,
}

/// What correcting took, since the revision before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskEffort {
    /// With the mask open and the hand at work: pauses of more than 30 s do not count.
    pub spent_ms: u64,
    pub n_strokes: u32,
    pub n_undone: u32,
    /// Of all strokes together, those taken back again too.
    pub n_voxels_added: u64,
    pub n_voxels_removed: u64,
}

impl MaskEdit {
    pub fn is_empty(&self) -> bool {
        self.segments.iter().all(|segment| segment.flips.is_empty())
    }

    pub fn n_added(&self) -> u64 {
        self.segments.iter().map(|segment| segment.flips.n_added()).sum()
    }

    pub fn n_removed(&self) -> u64 {
        self.segments.iter().map(|segment| segment.flips.n_removed()).sum()
    }
}
