//! What jobs report. Every event carries its subject, and what can be overtaken its generation: stale ones are dropped.

use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::deidentification::{CopyPreview, CopySummary, WritingSearch};
use crate::domain::finding::Finding;
use crate::domain::frame::{Frame, FrameKey};
use crate::domain::header::HeaderLine;
use crate::domain::intake::{Intake, Progress};
use crate::domain::mask_edit::{MaskSubject, SegmentFigures};
use crate::domain::picture::CapturedPicture;
use crate::domain::saliency::{SaliencyMap, SaliencyMethod};
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::domain::uid::{EventId, FindingId, ModelId, StudyUid};
use crate::export::formats::Written;
use crate::imaging::plane_picture::PlanePicture;
use crate::imaging::voxels::Volume;
use crate::inference::explain::NetworkInput;
use crate::jobs::wanted_planes::PlaneSlot;
use crate::review::digest::StudyDigest;
use crate::review::work_item::StudyCard;
use crate::segmentation::operation::OperationError;
use crate::segmentation::segment_set::SegmentSet;
use crate::store::StudyRecord;
use crate::store::conflict::{Conflict, Receipt};
use crate::store::presence::Presence;
use crate::store::protection::HowKept;

/// Counts the requests of one kind; an answer to an older request is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Generation(pub u64);

impl Generation {
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

pub enum JobEvent {
    Scan {
        generation: Generation,
        event: ScanEvent,
    },
    Frame {
        generation: Generation,
        key: FrameKey,
        result: Result<Arc<Frame>, String>,
    },
    /// A coarse picture ahead of the frame itself.
    Preview {
        generation: Generation,
        key: FrameKey,
        frame: Arc<Frame>,
    },
    /// About the volume of this series.
    Volume {
        generation: Generation,
        series: Arc<Series>,
        event: VolumeEvent,
    },
    /// A plane for a place on the screen; it knows its volume.
    Plane {
        slot: PlaneSlot,
        picture: Arc<PlanePicture>,
    },
    /// What a file says of itself, or in a sentence why it cannot be read.
    Header {
        path: PathBuf,
        lines: Result<Vec<HeaderLine>, String>,
    },
    Analysis {
        generation: Generation,
        study: StudyUid,
        event: AnalysisEvent,
    },
    /// About what a reader asked a model for, beyond its findings.
    Asked {
        study: StudyUid,
        finding: FindingId,
        event: AskedEvent,
    },
    Store(StoreEvent),
    Mask(MaskAnswer),
    Export {
        study: StudyUid,
        event: ExportEvent,
    },
    /// About anonymous copies of a study.
    Copies {
        study: StudyUid,
        event: CopyEvent,
    },
    Chosen(Chosen),
    /// A watched folder has changed and come to rest: all that lies in the watched folders now.
    Watched(Intake),
    /// A job failed by a panic; the program goes on.
    Panicked(JobKind),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobKind {
    Scan,
    Analysis,
    Store,
    Export,
}

pub enum ScanEvent {
    /// What is being done now, such as "Writing the phantom".
    Progress {
        step: &'static str,
        progress: Progress,
    },
    /// What has been read so far, while the rest is still read.
    Partial(Vec<Arc<Study>>),
    Done(Intake),
    /// The demo's files could not be written.
    DemoFailed(String),
}

pub enum VolumeEvent {
    Progress(Progress),
    /// Or, in a sentence, why there is none.
    Built(Result<Arc<Volume>, String>),
    /// A newer one was wanted.
    Cancelled,
}

/// What was computed of a mask; the number is that of the request.
pub struct MaskAnswer {
    pub mask: MaskSubject,
    pub number: u64,
    pub result: MaskResult,
}

pub enum MaskResult {
    Edited(Result<SegmentSet, OperationError>),
    Figures { figures: Vec<SegmentFigures>, voxels_sha256: String },
}

pub enum AnalysisEvent {
    Progress {
        model: ModelId,
        progress: Progress,
    },
    /// One model is through with the study.
    ModelEnded {
        model: ModelId,
        end: ModelEnd,
    },
    /// Every model is through, or the run was cancelled.
    Finished,
}

pub enum AskedEvent {
    MapProgress(SaliencyMethod, Progress),
    /// Or, in a sentence, why there is none.
    Map(SaliencyMethod, Result<Arc<SaliencyMap>, String>),
    /// A newer one was wanted.
    MapCancelled(SaliencyMethod),
    /// Or, in a sentence, why there is none.
    Input(Result<Box<InputShown>, String>),
}

/// What a network was given, with rows of what was done to the picture.
pub struct InputShown {
    pub input: NetworkInput,
    pub facts: Vec<(String, String)>,
}

/// How one model's run on one study ended.
pub enum ModelEnd {
    Findings(Vec<Arc<Finding>>),
    /// Some of the study's images were analyzed; `missed` says which were not, and why.
    Partly {
        findings: Vec<Arc<Finding>>,
        missed: String,
    },
    OutOfScope(String),
    /// The files' faults keep every model away: why.
    Unfit(String),
    /// The images lie too far from those the model was trained on: how far.
    HeldBack(String),
    Failed(String),
    Cancelled,
}

pub enum StoreEvent {
    Opened {
        read_only: Option<String>,
        recent_places: Vec<PathBuf>,
        how_kept: HowKept,
    },
    /// The record is encrypted and its key is not at hand, or does not fit.
    Locked {
        was_wrong: bool,
        text: String,
    },
    /// There is no record yet, and a person is to say how it is protected.
    Unmade(String),
    /// No store at all: decisions cannot be kept.
    OpenFailed(String),
    Loaded {
        study: StudyUid,
        result: Result<LoadedRecord, String>,
    },
    Appended {
        study: StudyUid,
        events: Vec<EventId>,
        result: Result<Receipt, NotKept>,
    },
    RecentPlaces(Vec<PathBuf>),
    /// Every study that the store knows.
    Worklist(Result<Vec<ListedStudy>, String>),
    /// Digests that were missing or stale, made anew from the record.
    Digested(Vec<(StudyUid, StudyDigest)>),
    /// A study that is not open was claimed, released or assigned; or why not, in a sentence.
    Worked {
        study: StudyUid,
        result: Result<StudyDigest, String>,
    },
    /// Who else has the study open.
    AlsoOpen {
        study: StudyUid,
        others: Vec<Presence>,
    },
    /// Something that may be lost could not be kept, such as a view.
    Degraded(String),
}

/// A study as the store lists it.
#[derive(Clone, Debug)]
pub struct ListedStudy {
    pub study: StudyUid,
    pub card: Option<StudyCard>,
    /// `None` where it is missing or stale.
    pub digest: Option<StudyDigest>,
    /// The record holds events of it.
    pub is_recorded: bool,
}

/// Why an append was not kept.
pub enum NotKept {
    /// A sentence.
    Failed(String),
    /// Somebody else was first; nothing else of the append was kept either.
    Conflicting(Vec<Conflict>),
}

/// A study's record as kept, with the look that was kept beside it.
pub struct LoadedRecord {
    pub record: StudyRecord,
    pub view: Option<String>,
}

pub enum ExportEvent {
    Progress(Progress),
    Done {
        folder: PathBuf,
        /// As asked for.
        formats: Vec<String>,
        written: Written,
    },
    Cancelled,
    Failed(String),
}

pub enum CopyEvent {
    Preview(CopyPreview),
    LookingForWriting(Progress),
    Writing(WritingSearch),
    Progress(Progress),
    Done { folder: PathBuf, summary: CopySummary },
    Failed(String),
}

/// What the reader picked in the platform's dialog.
pub enum Chosen {
    ToOpen(Vec<PathBuf>),
    ExportFolder {
        study: StudyUid,
        folder: PathBuf,
        formats: Vec<String>,
    },
    /// Where anonymous copies go.
    CopyFolder(PathBuf),
    /// A picture of the screen was written, with its SHA-256 in hex; or why not.
    PictureWritten(Result<(PathBuf, String), String>),
    /// No dialog can be shown here: where the picture goes is to be typed.
    PictureWithoutPlace(CapturedPicture),
    /// Closed without a choice, or no dialog could be shown; `at_once` tells that nobody can have seen one.
    Nothing {
        at_once: bool,
    },
}
