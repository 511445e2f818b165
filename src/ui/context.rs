//! What the screen is shown: borrowed facts of one pass, made by `app`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::frame::{Frame, FrameKey};
use crate::domain::intake::{Notice, Progress};
use crate::domain::saliency::{SaliencyMap, SaliencyMethod};
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::domain::uid::{FindingId, ModelId, ReaderName, StudyUid};
use crate::imaging::plane_picture::PlanePicture;
use crate::imaging::voxels::Volume;
use crate::review::session::ReviewSession;
use crate::review::work_item::{TriageTimes, WorkItem};
use crate::ui::copies::CopiesState;
use crate::ui::hanging::Protocol;
use crate::ui::preferences::Preferences;

/// Everything a panel may read.
pub struct UiContext<'a> {
    /// The worklist, in the order it is shown.
    pub studies: &'a [Arc<Study>],
    /// The study on screen.
    pub open_study: Option<&'a Arc<Study>>,
    /// More images of the open study may still come.
    pub is_reading: bool,
    /// Files of the last intake that were not opened, with the reason.
    pub refused: &'a [RefusedFile],
    pub frames: &'a dyn FrameSource,
    /// The open study's review; `None` while its record is being read.
    pub session: Option<&'a ReviewSession>,
    /// One entry per known model, about the open study.
    pub models: &'a [ModelStatus],
    /// What the reader asked the models for, beyond their findings, about the open study.
    pub asked: &'a Asked,
    /// Anonymous copies of the open study.
    pub copies: Option<&'a CopiesState>,
    pub jobs: &'a [JobStatus],
    pub messages: &'a [Message],
    pub worklist: &'a WorklistFacts,
    pub app: AppFacts<'a>,
}

impl UiContext<'_> {
    pub fn open_study_uid(&self) -> Option<&StudyUid> {
        self.open_study.map(|study| &study.uid)
    }
}

/// The worklist as it stands, in the order of urgency.
#[derive(Clone, Debug, Default)]
pub struct WorklistFacts {
    pub items: Vec<WorkItem>,
    /// When it was made, seconds since 1970.
    pub now_s: i64,
    pub times: TriageTimes,
}

/// What the screen knows of the program around it.
#[derive(Clone, Copy)]
pub struct AppFacts<'a> {
    /// Such as `0.1.0`.
    pub version: &'a str,
    pub reader: &'a ReaderName,
    /// The reader has read and accepted the research-use statement on this machine.
    pub has_accepted_terms: bool,
    pub recent_places: &'a [PathBuf],
    /// The reader's own hanging protocols.
    pub hangings: &'a [Protocol],
    pub store: &'a StoreState,
    /// Where and how the record is kept; `None` until it is open.
    pub how_kept: Option<&'a RecordWords>,
    /// Decisions that came too late, the oldest first.
    pub conflicts: &'a [ConflictNotice],
    /// Who else has the open study open.
    pub also_open: &'a [AlsoOpen],
    /// Where inference runs, such as `CPU, 2 threads`.
    pub device: &'a str,
    pub preferences: &'a Preferences,
    /// What a report can be written as.
    pub export_choices: &'a [ExportChoice],
}

/// One way to write a report.
#[derive(Clone, Debug)]
pub struct ExportChoice {
    pub id: &'static str,
    pub name: &'static str,
    /// What it holds, in a sentence without a full stop.
    pub about: &'static str,
    /// Chosen until the reader chooses otherwise.
    pub is_default: bool,
}

/// Decoded frames, as far as they are loaded. Asking never waits.
pub trait FrameSource {
    fn frame(&self, key: &FrameKey) -> FrameState;

    /// The volume of a series.
    fn volume(&self, series: &Arc<Series>) -> VolumeState;

    /// The plane that was cut last for a place on the screen, maybe not the one wanted there now.
    fn plane(&self, slot: u64) -> Option<&Arc<PlanePicture>>;
}

#[derive(Clone)]
pub enum VolumeState {
    /// The screen asks for it with `ViewAction::WantVolume`.
    Absent,
    Loading(Progress),
    Ready(Arc<Volume>),
    /// Why there is none, in words.
    Failed(String),
}

#[derive(Clone, Debug)]
pub enum FrameState {
    Ready(Arc<Frame>),
    /// Coarse, until the frame itself comes: to be looked at with its mark, never measured and never decided upon.
    Preview(Arc<Frame>),
    /// Not here yet; the screen asks for it with `ViewAction::WantFrames`.
    Loading,
    /// Cannot be decoded: the reason in words.
    Failed(String),
}

impl FrameState {
    pub fn ready(&self) -> Option<&Arc<Frame>> {
        match self {
            Self::Ready(frame) => Some(frame),
            Self::Preview(_) | Self::Loading | Self::Failed(_) => None,
        }
    }
}

#[derive(Clone, Debug)]
pub struct RefusedFile {
    pub path: PathBuf,
    pub notice: Notice,
}

impl RefusedFile {
    /// The file's own name, as a reader knows it.
    pub fn name(&self) -> String {
        Path::file_name(&self.path).unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }
}

/// A model and what it did with the open study.
#[derive(Clone, Debug)]
pub struct ModelStatus {
    pub id: ModelId,
    pub name: String,
    pub version: String,
    pub state: AnalysisState,
    /// What its card says; `None` where the card cannot be read.
    pub about: Option<Arc<ModelAbout>>,
}

/// A model's card in words, as it is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelAbout {
    pub summary: String,
    pub sections: Vec<AboutSection>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AboutSection {
    pub title: &'static str,
    /// What stands above the rows; empty: nothing.
    pub text: String,
    /// Name and value.
    pub rows: Vec<(String, String)>,
    /// The text is something to beware of.
    pub is_warning: bool,
}

/// Maps and inputs that were asked for; recomputable, never part of the record.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub maps: BTreeMap<(FindingId, SaliencyMethod), MapState>,
    /// The last one.
    pub input: Option<(FindingId, InputState)>,
}

impl Asked {
    /// The map of a finding by this method, once it is there.
    pub fn map(&self, finding: &FindingId, method: SaliencyMethod) -> Option<&Arc<SaliencyMap>> {
        match self.maps.get(&(finding.clone(), method)) {
            Some(MapState::Ready(map)) => Some(map),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub enum MapState {
    Running(Progress),
    Ready(Arc<SaliencyMap>),
    Failed(String),
}

#[derive(Clone, Debug)]
pub enum InputState {
    Loading,
    Ready(Arc<InputPicture>),
    Failed(String),
}

/// What a network was given, to be looked at: all its values, none of them changed.
#[derive(Clone, Debug, PartialEq)]
pub struct InputPicture {
    pub channels: usize,
    pub rows: usize,
    pub cols: usize,
    /// Channels × rows × cols.
    pub values: Vec<f32>,
    /// Name and value of what was done to the picture.
    pub facts: Vec<(String, String)>,
}

impl InputPicture {
    /// The lowest and the highest value.
    pub fn range(&self) -> [f32; 2] {
        let low = self.values.iter().copied().fold(f32::INFINITY, f32::min);
        let high = self.values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        if low <= high { [low, high] } else { [0.0, 0.0] }
    }

    /// One channel, 0 to 255 between the lowest and the highest value of all.
    pub fn gray(&self, channel: usize) -> Vec<u8> {
        let [low, high] = self.range();
        let n_pixels = self.rows * self.cols;
        let level = |value: &f32| {
            let share = if high > low { (value - low) / (high - low) } else { 0.0 };
            (share * 255.0).round() as u8
        };
        self.values.iter().skip(channel * n_pixels).take(n_pixels).map(level).collect()
    }
}

#[derive(Clone, Debug)]
pub enum AnalysisState {
    /// The model's folder could not be used: why.
    Unavailable(String),
    NotRun,
    Running(Progress),
    /// Outside the card's intended use: the sentence that says what did not fit.
    OutOfScope(String),
    /// The images' faults keep every model away: why.
    Unfit(String),
    /// The images lie too far from those the model was trained on; its findings are not told: how far.
    HeldBack(String),
    Failed(String),
    Done,
}

/// Work in the background.
#[derive(Clone, Debug)]
pub struct JobStatus {
    pub id: u64,
    pub name: String,
    pub progress: Progress,
    pub can_cancel: bool,
}

/// Something said once, until the reader dismisses it.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: u64,
    pub severity: Severity,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Info,
    Warning,
    Error,
}

/// How the record is kept, for the bar at the bottom and its tooltip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordWords {
    pub short: String,
    pub long: String,
}

/// A decision that came too late: somebody else's about the same finding was there first and is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictNotice {
    pub study: StudyUid,
    /// `None` for a measurement.
    pub finding: Option<FindingId>,
    /// The finding's name.
    pub what: String,
    /// A word such as `rejected`.
    pub theirs: String,
    pub reader: ReaderName,
    /// RFC 3339 with offset.
    pub at: String,
    pub ours: String,
}

impl ConflictNotice {
    pub fn sentence(&self) -> String {
        let Self { what, theirs, reader, at, ours, .. } = self;
        let time = at.get(11..16).unwrap_or_default();
        format!(
            "{what}: {reader} {theirs} it at {time}, before you ({ours}). Theirs is in force: look and decide again."
        )
    }
}

/// Whether decisions can be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreState {
    Ready,
    /// Decisions cannot be kept: why, in a sentence.
    ReadOnly(String),
    /// Encrypted, and its key is not here yet.
    Locked(String),
    /// Not there yet; the reader is to say how it is protected.
    Unmade(String),
}

/// Somebody else who has the open study open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlsoOpen {
    /// Such as `Dr. Ann`, or `this reader, in another window`.
    pub who: String,
    /// Where and since when, in a sentence.
    pub sentence: String,
}
