//! What the screen asks for. `app` carries it out; the screen never does.

use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::annotation::Annotation;
use crate::domain::decision::{Seen, Verdict};
use crate::domain::details::DecisionDetails;
use crate::domain::finding::{Place, Subject};
use crate::domain::frame::FrameKey;
use crate::domain::mask_edit::MaskChange;
use crate::domain::picture::CapturedPicture;
use crate::domain::reading::{AiPresentation, Answer};
use crate::domain::saliency::SaliencyMethod;
use crate::domain::uid::{AnnotationId, FindingId, ModelId, ReaderName, StudyUid};
use crate::imaging::plane_picture::PlaneRequest;
use crate::review::command::{Adjudication, ReadingPlan, SignRequest};
use crate::review::event::ImageScaled;
use crate::ui::copies::CopiesAction;
use crate::ui::hanging::Protocol;
use crate::ui::masks::{MaskFiguresWork, MaskWork};
use crate::ui::preferences::Preferences;
use crate::ui::record_action::RecordAction;
use crate::ui::stage::SeriesRef;

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Open(OpenAction),
    Study(StudyAction),
    View(ViewAction),
    Review(ReviewAction),
    Mask(MaskAction),
    Analysis(AnalysisAction),
    Export(ExportAction),
    Copies(CopiesAction),
    Worklist(WorklistAction),
    Record(RecordAction),
    App(AppAction),
}

#[derive(Clone, Debug, PartialEq)]
pub enum OpenAction {
    /// Show the platform's folder dialog.
    ChooseFolder,
    /// Show the platform's file dialog.
    ChooseFiles,
    /// Scan these now: typed, dropped, or a recent place.
    Paths(Vec<PathBuf>),
    /// Write the built-in phantom study and open it.
    Demo,
    ForgetRecentPlaces,
    /// Open the study that was last on screen when the program ended.
    Continue,
}

#[derive(Clone, Debug, PartialEq)]
pub enum StudyAction {
    Select(StudyUid),
    /// Take it off the worklist; its files and its record stay.
    Close(StudyUid),
}

#[derive(Clone, Debug, PartialEq)]
pub enum ViewAction {
    /// All frames that are looked at and not here, the most urgent first. Said when the list changes and once a second
    /// while it stands; an earlier list is void.
    WantFrames(Vec<FrameKey>),
    /// Build the volume of this series, if it is not here. Said while it is missing.
    WantVolume(SeriesRef),
    /// All planes that are looked at and not here, one for each place on the screen; an earlier list is void.
    WantPlanes(Vec<(u64, PlaneRequest)>),
    /// What a file says of itself, for the dialog that shows it.
    WantHeader(PathBuf),
    /// The look at this study changed: keep `ViewState::to_json` with the study when convenient.
    Changed(StudyUid),
}

/// All of them concern the open study.
#[derive(Clone, Debug, PartialEq)]
pub enum ReviewAction {
    /// The finding's own image was painted with the finding selected.
    MarkDisplayed(FindingId),
    Decide(Box<DecisionRequest>),
    /// Several in one act; each is checked by itself.
    DecideMany(Vec<DecisionRequest>),
    /// How the study is read, and how far it has come.
    Course(CourseAction),
    AddFinding(NewFinding),
    /// Take back a finding that a reader added.
    Withdraw(FindingId),
    /// A new drawing, without its identity yet.
    PlaceAnnotation(Arc<Annotation>),
    /// With the whole new value.
    ChangeAnnotation(Arc<Annotation>),
    RemoveAnnotation(AnnotationId),
    /// Marks an image as a key image, or takes the mark away.
    ToggleKeyImage(Subject),
    /// A scale for an image, or the file's again, with what is drawn there measured anew.
    ScaleImage(Box<ImageScaled>),
    Undo,
    Redo,
    /// Append again what could not be kept.
    RetrySaving,
}

/// All of them concern the open mask.
#[derive(Clone, Debug, PartialEq)]
pub enum MaskAction {
    /// Drawn already; the review says whether it stands.
    Change(Arc<MaskChange>),
    Work(Box<MaskWork>),
    Figures(Box<MaskFiguresWork>),
    /// What is being worked on is not wanted any more.
    Cancel,
}

#[derive(Clone, Debug, PartialEq)]
pub enum CourseAction {
    Start(ReadingPlan),
    Present(AiPresentation),
    /// The reader's own answer, and then the models'.
    LockAndReveal(Answer),
    Sign(SignRequest),
    /// Opens a signed study again: why.
    Amend(String),
    Adjudicate(Box<Adjudication>),
}

/// About studies of the worklist, open or not.
#[derive(Clone, Debug, PartialEq)]
pub enum WorklistAction {
    Open(StudyUid),
    /// The next to read after the open one.
    Next,
    /// Read again what the store knows.
    Refresh,
    Claim(StudyUid),
    Release(StudyUid),
    Assign(StudyUid, ReaderName),
}

#[derive(Clone, Debug, PartialEq)]
pub struct DecisionRequest {
    pub finding: FindingId,
    pub verdict: Verdict,
    /// What was on screen; `None` when the finding's image is not the one shown.
    pub seen: Option<Seen>,
    pub comment: String,
    pub details: DecisionDetails,
}

/// A finding the reader saw and no model suggested.
#[derive(Clone, Debug, PartialEq)]
pub struct NewFinding {
    pub subject: Subject,
    /// Free text, not empty.
    pub label: String,
    pub place: Place,
}

#[derive(Clone, Debug, PartialEq)]
pub enum AnalysisAction {
    /// Every model whose intended use admits the open study.
    RunAll,
    Run(ModelId),
    /// Although the card or the distance from the training images speaks against it; said on every finding.
    RunAnyway(ModelId),
    /// A map of the finding's label by this method.
    Explain(FindingId, SaliencyMethod),
    /// What the finding's model was given.
    ShowInput(FindingId),
}

#[derive(Clone, Debug, PartialEq)]
pub enum ExportAction {
    /// Ask for a folder, then write the open study's report there in these formats.
    ChooseFolder(Vec<String>),
    ToFolder(PathBuf, Vec<String>),
    /// Ask for a file, then write the picture there.
    SavePicture(CapturedPicture),
    PictureToFile(CapturedPicture, PathBuf),
    /// The screen has put a picture on the clipboard.
    PictureCopied,
}

#[derive(Clone, Debug, PartialEq)]
pub enum AppAction {
    SetReader(ReaderName),
    /// These are the reader's preferences from now on.
    Prefer(Box<Preferences>),
    AcceptTerms,
    /// Studies of this kind open like this from now on; one of the same name is replaced.
    SaveHanging(Box<Protocol>),
    /// The reader's own hanging protocol of this name.
    ForgetHanging(String),
    CancelJob(u64),
    DismissMessage(u64),
    /// The screen has asked the window to close.
    Quit,
}

macro_rules! into_action {
    ($($subject:ident($inner:ty)),+ $(,)?) => {
        $(impl From<$inner> for Action {
            fn from(inner: $inner) -> Self {
                Self::$subject(inner)
            }
        })+
    };
}

into_action! {
    Open(OpenAction),
    Study(StudyAction),
    View(ViewAction),
    Review(ReviewAction),
    Mask(MaskAction),
    Analysis(AnalysisAction),
    Export(ExportAction),
    Copies(CopiesAction),
    Worklist(WorklistAction),
    Record(RecordAction),
    App(AppAction),
}
