//! What may be asked of a review, and the stamp under which it happens.

use std::sync::Arc;

use crate::domain::annotation::Annotation;
use crate::domain::decision::{Seen, Verdict};
use crate::domain::details::DecisionDetails;
use crate::domain::finding::{Finding, Subject};
use crate::domain::mask_edit::MaskChange;
use crate::domain::reading::{AiPresentation, Answer, ReadingMode, Role, SignatureMeaning};
use crate::domain::uid::{AnnotationId, EventId, FindingId, ReaderName};
use crate::review::event::{DecisionOrigin, ImageScaled, StudyExported};

/// One request. A refused one leaves no trace.
#[derive(Clone, Debug)]
pub enum Command {
    /// What a model suggests. Those already known by id are passed over, so a repeated run loses no decision.
    AddSuggestions(Vec<Arc<Finding>>),
    /// The image of this finding is in a viewport with this finding selected. Not an event: it dies with the session.
    MarkDisplayed {
        finding: FindingId,
    },
    /// Decides at the screen, or changes a decision, its details or its comment. Accepting needs the finding displayed
    /// before.
    Decide {
        finding: FindingId,
        verdict: Verdict,
        seen: Option<Seen>,
        comment: String,
        details: DecisionDetails,
    },
    /// Decides from the command line, recorded as made without a screen.
    DecideWithoutScreen {
        finding: FindingId,
        verdict: Verdict,
        comment: String,
        details: DecisionDetails,
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
    /// How the study is read, and how far: see [`ReadingCommand`].
    Reading(ReadingCommand),
    /// Who has the study: see [`WorkCommand`].
    Work(WorkCommand),
    /// Where readers differ: what it is. Kept beside their decisions.
    Adjudicate(Box<Adjudication>),
    /// What was written for others, after it was.
    RecordExport(StudyExported),
    /// A stroke, a segment's name, a revision. One that changes nothing makes no event.
    ChangeMask(Arc<MaskChange>),
    /// Marks an image, or takes the mark away.
    ToggleKeyImage {
        image: Subject,
    },
    ScaleImage(Box<ImageScaled>),
    Undo,
    Redo,
}

#[derive(Clone, Debug)]
pub enum ReadingCommand {
    Start(ReadingPlan),
    /// Which parts of the models' results are shown from now on.
    Present(AiPresentation),
    /// The reader's answer before the AI; what was found and decided stands with it.
    Lock(Answer),
    /// Shows the models' results after the lock.
    Reveal,
    Sign(SignRequest),
    /// Opens a signed study again.
    Amend {
        reason: String,
    },
}

/// How a reader begins a study.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadingPlan {
    pub mode: ReadingMode,
    pub presentation: AiPresentation,
    pub role: Role,
    pub is_independent: bool,
    pub audit_seed: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignRequest {
    /// As typed for this signature; must be the reader's name.
    pub name: String,
    pub meaning: SignatureMeaning,
    pub role: Role,
    pub made: DecisionOrigin,
    /// The signer was told how many findings are undecided, and signs.
    pub accepts_unreviewed: bool,
}

#[derive(Clone, Debug)]
pub enum WorkCommand {
    Claim,
    /// Gives back what one has; a lead gives back what anybody has.
    Release {
        role: Role,
    },
    Assign {
        to: ReaderName,
        role: Role,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Adjudication {
    pub finding: FindingId,
    pub verdict: Verdict,
    pub seen: Option<Seen>,
    pub comment: String,
    pub details: DecisionDetails,
    pub role: Role,
}

/// Who, when, and under which id: the caller's to know, fresh for every event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub reader: ReaderName,
    /// RFC 3339 with offset.
    pub at: String,
    pub event: EventId,
}
