//! What a reader may not do, each with the sentence the screen shows.

use thiserror::Error;

use crate::domain::annotation::Annotation;
use crate::domain::decision::Verdict;
use crate::domain::details::DecisionDetails;
use crate::domain::finding::{Finding, Origin, Place, Subject};
use crate::domain::geometry::PixelBox;
use crate::domain::shape::Shape;
use crate::domain::uid::{ReaderName, StudyUid};

/// A command that was not carried out. Not an error of the program: something to tell the reader.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    #[error("Look at the finding's image before accepting it.")]
    NotDisplayed,
    #[error("Give at least one reason for rejecting.")]
    RejectNeedsReason,
    #[error("This finding is not, or no longer, part of the review.")]
    UnknownFinding,
    #[error("There is nothing to undo.")]
    NothingToUndo,
    #[error("There is nothing to redo.")]
    NothingToRedo,
    #[error("A finding with this identity is already part of the review.")]
    DuplicateFinding,
    #[error("Enter the reader's name before deciding.")]
    EmptyReader,
    #[error("The reader's name is one line of at most 64 characters.")]
    UnfitReader,
    #[error("The review record is read-only: decisions cannot be kept.")]
    ReadOnlyRecord,
    #[error("Name what was found.")]
    NeedsLabel,
    #[error("Mark where on the image the finding is.")]
    NeedsPlace,
    #[error("A model's finding cannot be removed; reject it instead.")]
    NotReadersFinding,
    #[error("Only a model's findings can be taken in as suggestions.")]
    NotASuggestion,
    #[error("This finding belongs to another study.")]
    OtherStudy,
    #[error("This measurement is not, or no longer, part of the review.")]
    UnknownAnnotation,
    #[error("A measurement with this identity is already part of the review.")]
    DuplicateAnnotation,
    #[error("A measurement needs a place on the image and a size.")]
    UnfitAnnotation,
    #[error("A text needs words: at most 1,000 characters.")]
    UnfitText,
    #[error("This measurement belongs to another study.")]
    AnnotationOfOtherStudy,
    #[error("Signed by {0}. Amend the study, with a reason, before changing anything.")]
    SignedOff(ReaderName),
    #[error("This study is not signed: there is nothing to amend.")]
    NotSigned,
    #[error("Type your name exactly as it stands for the reader to sign.")]
    WrongName,
    #[error("{0} flagged findings are not reviewed. Review them, or say that you sign without.")]
    Unreviewed(usize),
    #[error("Some decisions are not saved. Nothing is signed until they are.")]
    NotAllSaved,
    #[error("Say why the study is amended.")]
    NeedsReason,
    #[error("Lock your own answer first; then the AI is revealed.")]
    LockFirst,
    #[error("Your answer is locked. Reveal the AI to go on.")]
    RevealFirst,
    #[error("Your answer is locked already.")]
    AlreadyLocked,
    #[error("This study is read blind: the AI stays hidden.")]
    ReadBlind,
    #[error("The AI's results are shown already.")]
    NothingHidden,
    #[error("You have begun to read this study without the AI. Finish and sign, or lock, before reading it otherwise.")]
    ReadingUnderWay,
    #[error("Claimed by {0}. Ask them, or a lead, to release it.")]
    ClaimedByOther(ReaderName),
    #[error("Nobody has claimed this study.")]
    NotClaimed,
    #[error("Only a lead assigns studies.")]
    NeedsLead,
    #[error("Only an adjudicator or a lead decides where readers differ.")]
    NeedsAdjudicator,
    #[error("An annotator signs as author.")]
    AnnotatorSignsAsAuthor,
    #[error("This mask belongs to another study.")]
    MaskOfOtherStudy,
    #[error("Name the segment.")]
    UnnamedSegment,
    #[error("This image belongs to another study.")]
    ImageOfOtherStudy,
}

pub(crate) fn check_reader(reader: &ReaderName) -> Result<(), Refusal> {
    /// A person's name in DICOM (PN, PS3.5 6.2).
    const MAX_CHARS: usize = 64;
    let name = reader.as_str();
    if reader.is_empty() {
        return Err(Refusal::EmptyReader);
    }
    if name.chars().any(char::is_control) || name.chars().count() > MAX_CHARS {
        return Err(Refusal::UnfitReader);
    }
    Ok(())
}

pub(crate) fn check_study(finding: &Finding, study: &StudyUid) -> Result<(), Refusal> {
    if &finding.subject.study == study { Ok(()) } else { Err(Refusal::OtherStudy) }
}

pub(crate) fn check_verdict(verdict: &Verdict) -> Result<(), Refusal> {
    match verdict {
        Verdict::Rejected { reasons, .. } if reasons.is_empty() => Err(Refusal::RejectNeedsReason),
        Verdict::Rejected { .. } | Verdict::Accepted | Verdict::Uncertain | Verdict::NotAssessable => Ok(()),
    }
}

/// A new name for a finding is a name.
pub(crate) fn check_details(details: &DecisionDetails) -> Result<(), Refusal> {
    let is_named = details.label.as_ref().is_none_or(|label| !label.name.trim().is_empty());
    if is_named { Ok(()) } else { Err(Refusal::NeedsLabel) }
}

/// A reader's own finding says who, what and where.
pub(crate) fn check_reader_finding(finding: &Finding) -> Result<(), Refusal> {
    let Origin::Reader(reader) = &finding.origin else {
        return Err(Refusal::NotReadersFinding);
    };
    check_reader(reader)?;
    if finding.label.name.trim().is_empty() {
        return Err(Refusal::NeedsLabel);
    }
    let is_placed = match &finding.place {
        Place::WholeImage => true,
        Place::Region { region } => is_box(region),
    };
    if is_placed && !finding.subject.sop.is_empty() { Ok(()) } else { Err(Refusal::NeedsPlace) }
}

/// What a reader draws lies on a picture of this study, has a size where it needs one, and says something where that is
/// all it does.
pub(crate) fn check_annotation(annotation: &Annotation, study: &StudyUid) -> Result<(), Refusal> {
    const MAX_CHARS: usize = 1000;
    let Annotation { id, ground, shape, text, label_offset, measurements, .. } = annotation;
    if ground.study() != study {
        return Err(Refusal::AnnotationOfOtherStudy);
    }
    let is_on_something = ground.subject().is_none_or(|subject| !subject.sop.is_empty());
    let numbers =
        measurements.iter().map(|measurement| measurement.value).chain(label_offset.iter().flatten().copied());
    if id.is_empty() || !is_on_something || !shape.is_sound() || !numbers.into_iter().all(f64::is_finite) {
        return Err(Refusal::UnfitAnnotation);
    }
    let is_control = |c: char| c.is_control() && c != '\n';
    let is_wordless = matches!(shape, Shape::Text { .. }) && text.trim().is_empty();
    if is_wordless || text.chars().any(is_control) || text.chars().count() > MAX_CHARS {
        return Err(Refusal::UnfitText);
    }
    Ok(())
}

/// Of a key image, or of an image that gets a scale.
pub(crate) fn check_image(image: &Subject, study: &StudyUid) -> Result<(), Refusal> {
    if &image.study == study && !image.sop.is_empty() { Ok(()) } else { Err(Refusal::ImageOfOtherStudy) }
}

fn is_box(region: &PixelBox) -> bool {
    let PixelBox { x0, y0, x1, y1 } = *region;
    [x0, y0, x1, y1].into_iter().all(f64::is_finite) && x0 < x1 && y0 < y1
}
