//! What leaves: a study's findings and decisions, folded from the record at one moment.

use std::sync::Arc;

use crate::domain::annotation::Annotation;
use crate::domain::decision::Decision;
use crate::domain::display_state::DisplayState;
use crate::domain::finding::{Finding, Subject};
use crate::domain::mask::Mask;
use crate::domain::mask_edit::SegmentInfo;
use crate::domain::reading::{Reading, SignOff};
use crate::domain::study::Study;
use crate::domain::uid::{FindingId, ReaderName, SeriesUid, StudyUid};

/// A snapshot for export. Findings in the order the panel shows them.
#[derive(Clone, Debug)]
pub struct Report {
    pub study_uid: StudyUid,
    /// Absent when the study's files are not at hand: the record is exported without attributes and pictures.
    pub study: Option<Arc<Study>>,
    pub findings: Vec<ReportedFinding>,
    /// In the order they were placed.
    pub annotations: Vec<ReportedAnnotation>,
    /// Images that the reader marked, in the study's order.
    pub key_images: Vec<Subject>,
    /// Masks that readers changed or drew, as they stand; filled in where the study's files are at hand.
    pub masks: Vec<ReportedMask>,
    /// How it was read and who signed.
    pub course: ReportedCourse,
    /// How series stand on the reader's screen, where that is known.
    pub displays: Vec<DisplayState>,
    /// RFC 3339 with offset.
    pub made_at: String,
    /// Program name and version.
    pub made_by: String,
}

/// A mask with all edits in force.
#[derive(Clone, Debug)]
pub struct ReportedMask {
    pub series: SeriesUid,
    /// Whose mask was corrected; `None` for a reader's own.
    pub finding: Option<FindingId>,
    /// None without a voxel.
    pub segments: Vec<ReportedSegment>,
    /// The last change in force.
    pub changed: Signed,
}

/// One structure of a mask, picture by picture.
#[derive(Clone, Debug)]
pub struct ReportedSegment {
    pub info: SegmentInfo,
    /// Each picture at most once, in the order of the stack.
    pub frames: Vec<(Subject, Mask)>,
    /// A model made it first.
    pub is_models: bool,
    /// It is not as the model left it.
    pub is_changed: bool,
}

/// How the study was read, and how far it has come.
#[derive(Clone, Debug, Default)]
pub struct ReportedCourse {
    /// One for each reader, by name.
    pub readings: Vec<Reading>,
    /// Oldest first, with those that were amended since.
    pub signatures: Vec<SignOff>,
    /// For whom the report was made no AI result may be shown: it holds none.
    pub is_ai_hidden: bool,
}

impl ReportedCourse {
    /// The signature in force: the last, unless the study was opened again after it.
    pub fn signature(&self) -> Option<&SignOff> {
        self.signatures.last().filter(|signature| signature.amended.is_none())
    }
}

/// A reader's mark or measurement as it stands.
#[derive(Clone, Debug)]
pub struct ReportedAnnotation {
    pub annotation: Arc<Annotation>,
    pub placed: Signed,
    /// Its last change, if it was changed.
    pub changed: Option<Signed>,
}

/// Who did it, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    pub reader: ReaderName,
    /// RFC 3339 with offset.
    pub at: String,
}

#[derive(Clone, Debug)]
pub struct ReportedFinding {
    pub finding: Arc<Finding>,
    /// The decision in force; `None` while unreviewed.
    pub decision: Option<Decision>,
    /// Every decision ever taken, oldest first, with those that were undone or replaced.
    pub history: Vec<Decision>,
    /// Each reader's own decision in force, by name.
    pub by_reader: Vec<Decision>,
    /// What an adjudicator decided, beside what the readers did.
    pub adjudicated: Option<Decision>,
    /// When it was suggested, RFC 3339; `None` for a reader's own.
    pub suggested_at: Option<String>,
}

impl ReportedFinding {
    pub fn undecided(finding: Arc<Finding>) -> Self {
        Self {
            finding,
            decision: None,
            history: Vec::new(),
            by_reader: Vec::new(),
            adjudicated: None,
            suggested_at: None,
        }
    }

    /// The adjudicator's decision, else the readers' last.
    pub fn result(&self) -> Option<&Decision> {
        self.adjudicated.as_ref().or(self.decision.as_ref())
    }

    /// Not all readers who decided gave the same verdict and label.
    pub fn is_disputed(&self) -> bool {
        let answer = |decision: &Decision| (decision.verdict.word(), decision.details.label.clone());
        let first = self.by_reader.first().map(answer);
        self.by_reader.iter().any(|decision| Some(answer(decision)) != first)
    }
}
