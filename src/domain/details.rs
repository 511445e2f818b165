//! What a reader says of a finding besides the verdict. Codes are written to the record and never renamed; fields are
//! only ever added.

use serde::{Deserialize, Serialize};

use crate::domain::finding::FindingLabel;
use crate::domain::reading::{Confidence, UnknownCode, found_by_code};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DecisionDetails {
    /// What it is instead: the finding is there, and the model's name for it is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<FindingLabel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clinically_relevant: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difficulty: Option<Difficulty>,
    /// With what was on screen at the decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// As it was before the reader saw the model's result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence_before_ai: Option<Confidence>,
    /// What was changed of the model's result, beside the label.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modifications: Vec<Modification>,
    /// Of a reader's own finding: how the models missed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub miss: Option<MissKind>,
}

impl DecisionDetails {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Mild,
    Moderate,
    Severe,
}

impl Severity {
    pub const ALL: [Self; 3] = [Self::Mild, Self::Moderate, Self::Severe];

    pub fn code(self) -> &'static str {
        match self {
            Self::Mild => "mild",
            Self::Moderate => "moderate",
            Self::Severe => "severe",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Mild => "Mild",
            Self::Moderate => "Moderate",
            Self::Severe => "Severe",
        }
    }
}

/// How hard the finding was to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difficulty {
    Easy,
    Medium,
    Hard,
}

impl Difficulty {
    pub const ALL: [Self; 3] = [Self::Easy, Self::Medium, Self::Hard];

    pub fn code(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Medium => "medium",
            Self::Hard => "hard",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Easy => "Easy",
            Self::Medium => "Medium",
            Self::Hard => "Hard",
        }
    }
}

/// What a reader changed of a model's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Modification {
    Label,
    Place,
    Boundary,
    OverSegmentation,
    UnderSegmentation,
    MissedComponent,
    Leak,
    /// The mask, without a word on what was wrong with it.
    Mask,
}

impl Modification {
    pub const ALL: [Self; 8] = [
        Self::Label,
        Self::Place,
        Self::Boundary,
        Self::OverSegmentation,
        Self::UnderSegmentation,
        Self::MissedComponent,
        Self::Leak,
        Self::Mask,
    ];

    pub fn code(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Place => "place",
            Self::Boundary => "boundary",
            Self::OverSegmentation => "over_segmentation",
            Self::UnderSegmentation => "under_segmentation",
            Self::MissedComponent => "missed_component",
            Self::Leak => "leak",
            Self::Mask => "mask",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Label => "Label",
            Self::Place => "Place",
            Self::Boundary => "Boundary",
            Self::OverSegmentation => "Over-segmentation",
            Self::UnderSegmentation => "Under-segmentation",
            Self::MissedComponent => "Missed component",
            Self::Leak => "Leak",
            Self::Mask => "Mask",
        }
    }
}

/// Why a reader's own finding was none of the models'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissKind {
    NotMarked,
    BelowThreshold,
    OutsideScope,
}

impl MissKind {
    pub const ALL: [Self; 3] = [Self::NotMarked, Self::BelowThreshold, Self::OutsideScope];

    pub fn code(self) -> &'static str {
        match self {
            Self::NotMarked => "not_marked",
            Self::BelowThreshold => "below_threshold",
            Self::OutsideScope => "outside_scope",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::NotMarked => "Not marked",
            Self::BelowThreshold => "Below threshold",
            Self::OutsideScope => "Outside scope",
        }
    }
}

found_by_code!(Severity, Difficulty, Modification, MissKind);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_what_is_written_and_an_empty_record_of_details_is_an_empty_object() {
        for one in Severity::ALL {
            assert_eq!(
                (Severity::try_from(one.code()), serde_json::to_value(one).unwrap()),
                (Ok(one), one.code().into())
            );
        }
        for one in Modification::ALL {
            assert_eq!(
                (Modification::try_from(one.code()), serde_json::to_value(one).unwrap()),
                (Ok(one), one.code().into())
            );
        }
        for one in MissKind::ALL {
            assert_eq!(serde_json::to_value(one).unwrap(), one.code());
        }
        for one in Difficulty::ALL {
            assert_eq!(serde_json::to_value(one).unwrap(), one.code());
        }
        assert_eq!(serde_json::to_string(&DecisionDetails::default()).unwrap(), "{}");
    }
}
