//! Anonymous copies of the open study as the screen knows them: what they would change, where writing is, what was made.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::deidentification::{CopyPreview, CopySummary, Options, WritingFound, WritingSearch, WritingVerdict};
use crate::domain::intake::Progress;
use crate::domain::uid::SopInstanceUid;

/// Of one study; made anew with the program.
#[derive(Clone, Debug, Default)]
pub struct CopiesState {
    pub preview: Option<Arc<CopyPreview>>,
    pub writing: WritingState,
    /// Copies are being made.
    pub running: Option<Progress>,
    /// How the last making ended: a folder and what was made, or in a sentence why not.
    pub end: Option<Result<(PathBuf, Arc<CopySummary>), String>>,
}

#[derive(Clone, Debug, Default)]
pub enum WritingState {
    #[default]
    NotLooked,
    Looking(Progress),
    Found(Arc<WritingSearch>),
}

impl WritingState {
    pub fn found(&self) -> &[WritingFound] {
        match self {
            Self::Found(search) => &search.found,
            Self::NotLooked | Self::Looking(_) => &[],
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum CopiesAction {
    /// What these options would change in the open study.
    Preview(Options),
    /// Look for writing in its pictures.
    LookForWriting,
    /// Show the platform's folder dialog.
    ChooseFolder,
    Make(Box<CopyWish>),
    Stop,
}

/// Copies to be made of the open study.
#[derive(Clone, Debug, PartialEq)]
pub struct CopyWish {
    pub folder: PathBuf,
    pub options: Options,
    /// Of images with writing that were judged; others with writing stay behind.
    pub verdicts: BTreeMap<SopInstanceUid, WritingVerdict>,
    /// The review's results go along as DICOM objects.
    pub with_results: bool,
}
