//! What other products, other people or earlier exports say about a study: objects that came in beside its pictures.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::display_state::DisplayState;
use crate::domain::finding::{Finding, Subject};
use crate::domain::intake::Notice;
use crate::domain::mask::Segment;
use crate::domain::uid::{SeriesUid, SopInstanceUid};

/// One such object as the importer understood it. Immutable.
#[derive(Clone)]
pub struct Document {
    pub sop: SopInstanceUid,
    pub sop_class: String,
    pub series: SeriesUid,
    pub path: PathBuf,
    pub kind: DocumentKind,
    /// As the object is titled; never empty.
    pub title: String,
    /// Who made it, in words; empty when it does not say.
    pub maker: String,
    /// `YYYYMMDD`; empty when absent.
    pub date: String,
    pub is_verified: bool,
    /// What it says of the study's pictures, to be decided on.
    pub findings: Vec<Arc<Finding>>,
    /// Masks by the picture they lie on. Those of segmentation objects are read where they are looked at instead.
    pub masks: BTreeMap<(SopInstanceUid, u32), Vec<Arc<Segment>>>,
    pub key_images: Vec<Subject>,
    /// How it wants pictures shown.
    pub displays: Vec<DisplayState>,
    /// Its words, line by line, those below others further in.
    pub lines: Vec<DocumentLine>,
    /// What of it could not be understood, or not be placed.
    pub notices: Vec<Notice>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentLine {
    pub depth: usize,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    StructuredReport,
    KeyObjects,
    PresentationState,
    StructureSet,
    Segmentation,
    ParametricMap,
}

impl DocumentKind {
    pub fn word(self) -> &'static str {
        match self {
            Self::StructuredReport => "Structured report",
            Self::KeyObjects => "Key object selection",
            Self::PresentationState => "Presentation state",
            Self::StructureSet => "Structure set",
            Self::Segmentation => "Segmentation",
            Self::ParametricMap => "Parametric map",
        }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({:?}, {:?}, {} findings)", self.kind, self.sop, self.findings.len())
    }
}
