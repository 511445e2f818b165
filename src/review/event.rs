//! What happened, as it is written to the record. Kinds and fields are only ever added.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::annotation::Annotation;
use crate::domain::decision::{Decision, Seen, Verdict};
use crate::domain::model::ModelIdentity;
use crate::domain::uid::{AnnotationId, EventId, FindingId, ReaderName};
use crate::review::command::Stamp;

/// The newest version of events this program writes; it reads this one and all before. An event bears the version that
/// brought its kind, so that a record without newer kinds stays readable to older programs.
pub const EVENT_SCHEMA: u32 = 2;

/// One fact of the record. The order of facts is their order in the record, never their time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewEvent {
    pub schema: u32,
    pub id: EventId,
    /// Empty only where a model spoke before a reader gave a name.
    pub reader: ReaderName,
    /// RFC 3339 with offset.
    pub at: String,
    #[serde(flatten)]
    pub change: Change,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    SuggestionsRecorded {
        model: ModelIdentity,
        findings: Vec<FindingId>,
    },
    FindingDecided(FindingDecided),
    FindingAdded {
        finding: FindingId,
    },
    FindingWithdrawn {
        finding: FindingId,
    },
    AnnotationPlaced {
        annotation: Arc<Annotation>,
    },
    /// With the whole new value.
    AnnotationChanged {
        annotation: Arc<Annotation>,
    },
    AnnotationRemoved {
        annotation: AnnotationId,
    },
    Undone {
        event: EventId,
    },
    Redone {
        event: EventId,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingDecided {
    pub finding: FindingId,
    #[serde(flatten)]
    pub verdict: Verdict,
    pub made: DecisionOrigin,
    pub seen: Option<Seen>,
    #[serde(default)]
    pub comment: String,
}

impl Change {
    /// The version of the record's words that first had this kind.
    fn schema(&self) -> u32 {
        match self {
            Self::AnnotationPlaced { .. } | Self::AnnotationChanged { .. } | Self::AnnotationRemoved { .. } => 2,
            Self::SuggestionsRecorded { .. }
            | Self::FindingDecided(_)
            | Self::FindingAdded { .. }
            | Self::FindingWithdrawn { .. }
            | Self::Undone { .. }
            | Self::Redone { .. } => 1,
        }
    }
}

/// Where a decision was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionOrigin {
    AtScreen,
    /// `overread decide`: nobody claims that the picture was looked at here.
    WithoutScreen,
}

impl ReviewEvent {
    pub fn new(stamp: Stamp, change: Change) -> Self {
        let Stamp { reader, at, event } = stamp;
        Self { schema: change.schema(), id: event, reader, at, change }
    }

    /// The `kind` as written.
    pub fn kind(&self) -> &'static str {
        match &self.change {
            Change::SuggestionsRecorded { .. } => "suggestions_recorded",
            Change::FindingDecided(_) => "finding_decided",
            Change::FindingAdded { .. } => "finding_added",
            Change::FindingWithdrawn { .. } => "finding_withdrawn",
            Change::AnnotationPlaced { .. } => "annotation_placed",
            Change::AnnotationChanged { .. } => "annotation_changed",
            Change::AnnotationRemoved { .. } => "annotation_removed",
            Change::Undone { .. } => "undone",
            Change::Redone { .. } => "redone",
        }
    }

    /// The findings this event names; an undo or redo names an event instead.
    pub fn findings(&self) -> &[FindingId] {
        match &self.change {
            Change::SuggestionsRecorded { findings, .. } => findings,
            Change::FindingDecided(FindingDecided { finding, .. })
            | Change::FindingAdded { finding }
            | Change::FindingWithdrawn { finding } => std::slice::from_ref(finding),
            Change::AnnotationPlaced { .. }
            | Change::AnnotationChanged { .. }
            | Change::AnnotationRemoved { .. }
            | Change::Undone { .. }
            | Change::Redone { .. } => &[],
        }
    }

    /// The annotation this event is about, if it is about one.
    pub fn annotation(&self) -> Option<&AnnotationId> {
        match &self.change {
            Change::AnnotationPlaced { annotation } | Change::AnnotationChanged { annotation } => Some(&annotation.id),
            Change::AnnotationRemoved { annotation } => Some(annotation),
            _ => None,
        }
    }

    /// The decision this event states, if it is one.
    pub fn decision(&self) -> Option<Decision> {
        let Change::FindingDecided(FindingDecided { verdict, seen, comment, .. }) = &self.change else {
            return None;
        };
        Some(Decision {
            verdict: verdict.clone(),
            reader: self.reader.clone(),
            at: self.at.clone(),
            event: self.id.clone(),
            seen: seen.clone(),
            comment: comment.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decision::RejectReason;

    #[test]
    fn an_event_is_flat_json_with_its_kind_and_reads_back() {
        let stamp =
            Stamp { reader: ReaderName::new("R1"), at: "2026-11-21T10:00:00+01:00".into(), event: EventId::new("e1") };
        let verdict = Verdict::Rejected { reasons: vec![RejectReason::Duplicate], text: "twice".into() };
        let decided = FindingDecided {
            finding: FindingId::new("f1"),
            verdict,
            made: DecisionOrigin::WithoutScreen,
            seen: None,
            comment: String::new(),
        };
        let event = ReviewEvent::new(stamp, Change::FindingDecided(decided));
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["kind"], event.kind());
        assert_eq!(json["verdict"], "rejected");
        assert_eq!(json["made"], "without_screen");
        assert_eq!(json["schema"], 1);
        assert_eq!(serde_json::from_value::<ReviewEvent>(json).unwrap(), event);
    }
}
