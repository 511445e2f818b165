//! What a reader decided about a finding, and what was on screen when they did.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::circumstances::Circumstances;
use crate::domain::details::{DecisionDetails, Modification};
use crate::domain::presentation::Window;
use crate::domain::uid::{EventId, ReaderName, SopInstanceUid};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    Accepted,
    Rejected {
        /// At least one.
        reasons: Vec<RejectReason>,
        #[serde(default)]
        text: String,
    },
    /// Needs a second read.
    Uncertain,
    NotAssessable,
}

impl Verdict {
    /// The state's word on screen.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Rejected { .. } => "Rejected",
            Self::Uncertain => "Uncertain",
            Self::NotAssessable => "Not assessable",
        }
    }
}

/// Why a finding was rejected. Codes are written to files and never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    NormalVariant,
    ArtifactOrMotion,
    DeviceOrLine,
    CompositeShadow,
    WrongLocation,
    WrongClass,
    Duplicate,
    NotClinicallyRelevant,
    SegmentationUnusable,
    ImageQuality,
    OutOfIntendedUse,
    Other,
}

impl RejectReason {
    /// In palette order: keys 1 to 9, then by pointer.
    pub const ALL: [Self; 12] = [
        Self::NormalVariant,
        Self::ArtifactOrMotion,
        Self::DeviceOrLine,
        Self::CompositeShadow,
        Self::WrongLocation,
        Self::WrongClass,
        Self::Duplicate,
        Self::NotClinicallyRelevant,
        Self::SegmentationUnusable,
        Self::ImageQuality,
        Self::OutOfIntendedUse,
        Self::Other,
    ];

    pub fn code(self) -> &'static str {
        match self {
            Self::NormalVariant => "normal_variant",
            Self::ArtifactOrMotion => "artifact_or_motion",
            Self::DeviceOrLine => "device_or_line",
            Self::CompositeShadow => "composite_shadow",
            Self::WrongLocation => "wrong_location",
            Self::WrongClass => "wrong_class",
            Self::Duplicate => "duplicate",
            Self::NotClinicallyRelevant => "not_clinically_relevant",
            Self::SegmentationUnusable => "segmentation_unusable",
            Self::ImageQuality => "image_quality",
            Self::OutOfIntendedUse => "out_of_intended_use",
            Self::Other => "other",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::NormalVariant => "Normal variant",
            Self::ArtifactOrMotion => "Artifact or motion",
            Self::DeviceOrLine => "Device or line",
            Self::CompositeShadow => "Overlap, composite shadow",
            Self::WrongLocation => "Wrong location",
            Self::WrongClass => "Wrong class (true finding, other label)",
            Self::Duplicate => "Duplicate",
            Self::NotClinicallyRelevant => "Not clinically relevant",
            Self::SegmentationUnusable => "Segmentation unusable",
            Self::ImageQuality => "Image quality",
            Self::OutOfIntendedUse => "Out of intended use",
            Self::Other => "Other",
        }
    }
}

/// No reason has this code.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("'{0}' is not a reject reason; one of: {list}", list = RejectReason::ALL.map(RejectReason::code).join(", "))]
pub struct UnknownRejectReason(pub String);

impl TryFrom<&str> for RejectReason {
    type Error = UnknownRejectReason;

    fn try_from(code: &str) -> Result<Self, Self::Error> {
        let found = Self::ALL.into_iter().find(|reason| reason.code() == code);
        found.ok_or_else(|| UnknownRejectReason(code.to_owned()))
    }
}

/// One reader's verdict on one finding, as recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    #[serde(flatten)]
    pub verdict: Verdict,
    pub reader: ReaderName,
    /// RFC 3339 with offset.
    pub at: String,
    pub event: EventId,
    /// Absent when the decision was made without a screen (`overread decide`).
    pub seen: Option<Seen>,
    #[serde(default)]
    pub comment: String,
    /// What was said besides the verdict.
    #[serde(default, skip_serializing_if = "DecisionDetails::is_empty")]
    pub details: DecisionDetails,
}

/// How a finding was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    Unmodified,
    AfterModification,
}

impl Decision {
    /// `None` where it was not accepted.
    pub fn acceptance(&self) -> Option<Acceptance> {
        let is_modified = self.details.label.is_some() || !self.details.modifications.is_empty();
        match &self.verdict {
            Verdict::Accepted if is_modified => Some(Acceptance::AfterModification),
            Verdict::Accepted => Some(Acceptance::Unmodified),
            Verdict::Rejected { .. } | Verdict::Uncertain | Verdict::NotAssessable => None,
        }
    }

    /// What was changed before it was accepted; a new label always is.
    pub fn modifications(&self) -> Vec<Modification> {
        let label = self.details.label.as_ref().map(|_| Modification::Label);
        let mut all: Vec<Modification> = label.into_iter().chain(self.details.modifications.clone()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The state's word on screen and in reports.
    pub fn words(&self) -> &'static str {
        match self.acceptance() {
            Some(Acceptance::AfterModification) => "Accepted, modified",
            _ => self.verdict.word(),
        }
    }
}

/// What was on screen at the moment of the decision (the record's "what was on screen").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    pub sop: SopInstanceUid,
    /// Zero-based.
    pub frame: u32,
    pub window: Option<Window>,
    /// Screen pixels per image pixel.
    pub zoom: f64,
    /// 0, 90, 180 or 270, clockwise.
    pub rotation_deg: u16,
    pub is_flipped: bool,
    pub is_inverted: bool,
    pub overlay: SeenOverlay,
    /// Empty in records of older programs.
    #[serde(default, skip_serializing_if = "Circumstances::is_empty")]
    pub circumstances: Box<Circumstances>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeenOverlay {
    pub masks_shown: bool,
    pub saliency_shown: bool,
    /// 0 to 1.
    pub opacity: f64,
    pub score_shown: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_found_by_its_code_and_serialises_as_it() {
        for reason in RejectReason::ALL {
            assert_eq!(RejectReason::try_from(reason.code()), Ok(reason));
            assert_eq!(serde_json::to_string(&reason).unwrap(), format!("\"{}\"", reason.code()));
        }
        assert!(RejectReason::try_from("bad").is_err());
    }
}
