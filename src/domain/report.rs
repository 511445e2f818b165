//! What leaves: a study's findings and decisions, folded from the record at one moment.

use std::sync::Arc;

use crate::domain::annotation::Annotation;
use crate::domain::decision::Decision;
use crate::domain::finding::{Finding, Subject};
use crate::domain::study::Study;
use crate::domain::uid::{ReaderName, StudyUid};

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
    /// RFC 3339 with offset.
    pub made_at: String,
    /// Program name and version.
    pub made_by: String,
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
}
