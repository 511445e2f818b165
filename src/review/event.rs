//! What happened, as it is written to the record. Kinds and fields are only ever added.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::annotation::Annotation;
use crate::domain::decision::{Decision, Seen, Verdict};
use crate::domain::details::DecisionDetails;
use crate::domain::exported::ExportedObject;
use crate::domain::finding::Subject;
use crate::domain::mask_edit::MaskChange;
use crate::domain::model::ModelIdentity;
use crate::domain::reading::{AiPresentation, Answer, ReadingMode, Role, SignatureMeaning};
use crate::domain::uid::{AnnotationId, EventId, FindingId, ReaderName};
use crate::domain::user_scale::UserScale;
use crate::review::command::Stamp;

/// The newest version of events this program writes; it reads this one and all before. An event bears the version that
/// brought its kind, so that a record without newer kinds stays readable to older programs.
pub const EVENT_SCHEMA: u32 = 4;

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
    ReadingStarted(ReadingStarted),
    PresentationChanged {
        presentation: AiPresentation,
    },
    /// The reader's answer before the AI. What that reader found and decided before this event stands with it.
    ReadingLocked {
        answer: Answer,
    },
    AiRevealed,
    StudySigned(StudySigned),
    StudyAmended {
        /// The signature that no longer closes the study.
        signature: EventId,
        reason: String,
    },
    StudyClaimed,
    StudyReleased,
    StudyAssigned {
        to: ReaderName,
        role: Role,
    },
    FindingAdjudicated(FindingAdjudicated),
    /// Something left the house. Not the reader's act on the study: never undone.
    Exported(StudyExported),
    /// A stroke, a segment's name, a revision: `step` says which.
    MaskChanged {
        #[serde(flatten)]
        change: Arc<MaskChange>,
    },
    /// An image to come back to and to hand on.
    KeyImageMarked {
        image: Subject,
    },
    KeyImageUnmarked {
        image: Subject,
    },
    ImageScaled(ImageScaled),
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
    #[serde(default, skip_serializing_if = "DecisionDetails::is_empty")]
    pub details: DecisionDetails,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadingStarted {
    pub mode: ReadingMode,
    pub presentation: AiPresentation,
    pub role: Role,
    pub is_independent: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit_seed: Option<u64>,
    /// The reader had decided on AI findings of this study before.
    pub had_seen_ai: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudySigned {
    /// As typed for this signature.
    pub name: String,
    pub meaning: SignatureMeaning,
    pub role: Role,
    pub made: DecisionOrigin,
    /// Flagged findings left undecided, which the signer was told.
    pub n_unreviewed: usize,
    /// The study's events that the signer had before them, and SHA-256 over these as written, lower-case hex.
    pub covers: Vec<EventId>,
    pub covers_sha256: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingAdjudicated {
    pub finding: FindingId,
    #[serde(flatten)]
    pub verdict: Verdict,
    pub role: Role,
    /// The decisions it stands between.
    pub between: Vec<EventId>,
    pub seen: Option<Seen>,
    #[serde(default)]
    pub comment: String,
    #[serde(default, skip_serializing_if = "DecisionDetails::is_empty")]
    pub details: DecisionDetails,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StudyExported {
    /// Ids, such as `sr`.
    pub formats: Vec<String>,
    pub n_files: usize,
    /// The DICOM objects among the files. Where they went is not kept: a path may name a person.
    #[serde(default)]
    pub objects: Vec<ExportedObject>,
}

/// A reader gave an image a scale of its own, or took it away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageScaled {
    /// All frames of its instance.
    pub image: Subject,
    /// `None`: the file's own scale holds again.
    pub scale: Option<UserScale>,
    /// What was drawn there, measured anew: one act with it.
    pub annotations: Vec<Arc<Annotation>>,
}

impl Change {
    /// The version of the record's words that first had this kind, or these details.
    fn schema(&self) -> u32 {
        match self {
            Self::MaskChanged { .. } => 4,
            Self::KeyImageMarked { .. } | Self::KeyImageUnmarked { .. } | Self::ImageScaled(_) => 3,
            Self::AnnotationPlaced { .. } | Self::AnnotationChanged { .. } | Self::AnnotationRemoved { .. } => 2,
            Self::FindingDecided(decided) if !decided.details.is_empty() => 3,
            Self::ReadingStarted(_)
            | Self::PresentationChanged { .. }
            | Self::ReadingLocked { .. }
            | Self::AiRevealed
            | Self::StudySigned(_)
            | Self::StudyAmended { .. }
            | Self::StudyClaimed
            | Self::StudyReleased
            | Self::StudyAssigned { .. }
            | Self::FindingAdjudicated(_) => 3,
            Self::Exported(_) => 3,
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
            Change::ReadingStarted(_) => "reading_started",
            Change::PresentationChanged { .. } => "presentation_changed",
            Change::ReadingLocked { .. } => "reading_locked",
            Change::AiRevealed => "ai_revealed",
            Change::StudySigned(_) => "study_signed",
            Change::StudyAmended { .. } => "study_amended",
            Change::StudyClaimed => "study_claimed",
            Change::StudyReleased => "study_released",
            Change::StudyAssigned { .. } => "study_assigned",
            Change::FindingAdjudicated(_) => "finding_adjudicated",
            Change::Exported(_) => "study_exported",
            Change::MaskChanged { .. } => "mask_changed",
            Change::KeyImageMarked { .. } => "key_image_marked",
            Change::KeyImageUnmarked { .. } => "key_image_unmarked",
            Change::ImageScaled(_) => "image_scaled",
            Change::Undone { .. } => "undone",
            Change::Redone { .. } => "redone",
        }
    }

    /// The findings this event names; an undo or redo names an event instead.
    pub fn findings(&self) -> &[FindingId] {
        match &self.change {
            Change::SuggestionsRecorded { findings, .. } => findings,
            Change::FindingDecided(FindingDecided { finding, .. })
            | Change::FindingAdjudicated(FindingAdjudicated { finding, .. })
            | Change::FindingAdded { finding }
            | Change::FindingWithdrawn { finding } => std::slice::from_ref(finding),
            _ => &[],
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

    /// The decision this event states, if it is one; an adjudication states one, too.
    pub fn decision(&self) -> Option<Decision> {
        let (verdict, seen, comment, details) = match &self.change {
            Change::FindingDecided(FindingDecided { verdict, seen, comment, details, .. })
            | Change::FindingAdjudicated(FindingAdjudicated { verdict, seen, comment, details, .. }) => {
                (verdict, seen, comment, details)
            }
            _ => return None,
        };
        Some(Decision {
            verdict: verdict.clone(),
            reader: self.reader.clone(),
            at: self.at.clone(),
            event: self.id.clone(),
            seen: seen.clone(),
            comment: comment.clone(),
            details: details.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decision::RejectReason;

    fn stamp() -> Stamp {
        Stamp { reader: ReaderName::new("R1"), at: "2026-11-21T10:00:00+01:00".into(), event: EventId::new("e1") }
    }

    #[test]
    fn every_kind_is_written_under_its_name_and_reads_back() {
        let started = ReadingStarted {
            mode: ReadingMode::SecondReader,
            presentation: AiPresentation::default(),
            role: Role::Annotator,
            is_independent: true,
            audit_seed: Some(7),
            had_seen_ai: false,
        };
        let signed = StudySigned {
            name: "R1".into(),
            meaning: SignatureMeaning::Approval,
            role: Role::Reader,
            made: DecisionOrigin::AtScreen,
            n_unreviewed: 2,
            covers: vec![EventId::new("e0")],
            covers_sha256: "ab".into(),
        };
        let adjudicated = FindingAdjudicated {
            finding: FindingId::new("f"),
            verdict: Verdict::Uncertain,
            role: Role::Adjudicator,
            between: vec![EventId::new("e0")],
            seen: None,
            comment: "both".into(),
            details: DecisionDetails { clinically_relevant: Some(true), ..DecisionDetails::default() },
        };
        let changes = [
            Change::ReadingStarted(started),
            Change::PresentationChanged { presentation: AiPresentation { map: false, ..Default::default() } },
            Change::ReadingLocked { answer: Answer { is_abnormal: Some(true), ..Answer::default() } },
            Change::AiRevealed,
            Change::StudySigned(signed),
            Change::StudyAmended { signature: EventId::new("e0"), reason: "a second look".into() },
            Change::StudyClaimed,
            Change::StudyReleased,
            Change::StudyAssigned { to: ReaderName::new("R2"), role: Role::Lead },
            Change::FindingAdjudicated(adjudicated),
        ];
        for change in changes {
            let event = ReviewEvent::new(stamp(), change);
            let json = serde_json::to_value(&event).unwrap();
            assert_eq!((&json["kind"], &json["schema"]), (&event.kind().into(), &3.into()));
            assert_eq!(serde_json::from_value::<ReviewEvent>(json).unwrap(), event);
        }
    }

    #[test]
    fn an_event_is_flat_json_with_its_kind_and_reads_back() {
        let verdict = Verdict::Rejected { reasons: vec![RejectReason::Duplicate], text: "twice".into() };
        let decided = FindingDecided {
            finding: FindingId::new("f1"),
            verdict,
            made: DecisionOrigin::WithoutScreen,
            seen: None,
            comment: String::new(),
            details: DecisionDetails::default(),
        };
        let event = ReviewEvent::new(stamp(), Change::FindingDecided(decided));
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["kind"], event.kind());
        assert_eq!(json["verdict"], "rejected");
        assert_eq!(json["made"], "without_screen");
        assert_eq!(json["schema"], 1);
        assert_eq!(serde_json::from_value::<ReviewEvent>(json).unwrap(), event);
    }
}
