//! What may be asked of a review, and the stamp under which it happens.

use std::sync::Arc;

use crate::domain::annotation::Annotation;
use crate::domain::decision::{Seen, Verdict};
use crate::domain::finding::Finding;
use crate::domain::uid::{AnnotationId, EventId, FindingId, ReaderName};

/// One request. A refused one leaves no trace.
#[derive(Clone, Debug)]
pub enum Command {
    /// What a model suggests. Those already known by id are passed over, so a repeated run loses no decision.
    AddSuggestions(Vec<Arc<Finding>>),
    /// The image of this finding is in a viewport with this finding selected. Not an event: it dies with the session.
    MarkDisplayed {
        finding: FindingId,
    },
    /// Decides at the screen, or changes a decision or its comment. Accepting needs the finding displayed before.
    Decide {
        finding: FindingId,
        verdict: Verdict,
        seen: Option<Seen>,
        comment: String,
    },
    /// Decides from the command line, recorded as made without a screen.
    DecideWithoutScreen {
        finding: FindingId,
        verdict: Verdict,
        comment: String,
    },
    /// The reader's own finding: what the model missed.
    AddFinding(Arc<Finding>),
    /// Takes a reader's own finding back; a model's finding is rejected instead.
    RemoveReaderFinding {
        finding: FindingId,
    },
    PlaceAnnotation(Arc<Annotation>),
    /// With the whole new value; what it was drawn on stays.
    ChangeAnnotation(Arc<Annotation>),
    RemoveAnnotation {
        annotation: AnnotationId,
    },
    Undo,
    Redo,
}

/// Who, when, and under which id: the caller's to know, fresh for every event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub reader: ReaderName,
    /// RFC 3339 with offset.
    pub at: String,
    pub event: EventId,
}
