//! What leaves: a study's findings and decisions, folded from the record at one moment.

use std::sync::Arc;

use crate::domain::decision::Decision;
use crate::domain::finding::Finding;
use crate::domain::study::Study;
use crate::domain::uid::StudyUid;

/// A snapshot for export. Findings in the order the panel shows them.
#[derive(Clone, Debug)]
pub struct Report {
    pub study_uid: StudyUid,
    /// Absent when the study's files are not at hand: the record is exported without attributes and pictures.
    pub study: Option<Arc<Study>>,
    pub findings: Vec<ReportedFinding>,
    /// RFC 3339 with offset.
    pub made_at: String,
    /// Program name and version.
    pub made_by: String,
}

#[derive(Clone, Debug)]
pub struct ReportedFinding {
    pub finding: Arc<Finding>,
    /// The decision in force; `None` while unreviewed.
    pub decision: Option<Decision>,
    /// Every decision ever taken, oldest first, with those that were undone or replaced.
    pub history: Vec<Decision>,
}
