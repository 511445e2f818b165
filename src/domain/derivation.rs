//! What an object that was made of other pictures says of them.

use serde::{Deserialize, Serialize};

use crate::domain::coding::CodedConcept;
use crate::domain::uid::SopInstanceUid;

/// Of a segmentation. Nothing of it is drawn over another picture by this alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derivation {
    /// The pictures it was made of, by its own words; sorted, each once.
    pub sources: Vec<SopInstanceUid>,
    /// Maximum Fractional Value (0062,000E): the stored value that means 1. `None` where samples are no fractions.
    pub max_fraction: Option<u32>,
    pub kind: SegmentationType,
    /// In the order of the file.
    pub segments: Vec<SegmentFacts>,
    /// One for each frame, in order; fewer when the file says nothing of the last.
    pub frames: Vec<SegmentedFrame>,
}

/// Segmentation Type (0062,0001).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SegmentationType {
    #[default]
    Binary,
    Fractional,
    /// Samples are segment numbers.
    LabelMap,
}

/// One item of Segment Sequence (PS3.3 C.8.20.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentFacts {
    pub number: u32,
    pub label: String,
    /// Segmented Property Category.
    pub category: Option<CodedConcept>,
    /// Segmented Property Type.
    pub code: Option<CodedConcept>,
    /// Of the body part, where said.
    pub region: Option<CodedConcept>,
    /// AUTOMATIC, SEMIAUTOMATIC or MANUAL; empty when absent.
    pub algorithm_type: String,
    pub algorithm_name: String,
    pub tracking_id: String,
    pub tracking_uid: Option<String>,
    /// Recommended Display CIELab Value (0062,000D) as sRGB.
    pub color: Option<[u8; 3]>,
}

/// What one frame is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentedFrame {
    /// Segment number; `None` in label maps, and where the file does not say.
    pub segment: Option<u32>,
    /// The picture it was made of, and its frame from 0, where exactly one is named.
    pub source: Option<(SopInstanceUid, u32)>,
}
