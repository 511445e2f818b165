//! Who looked at what and who took what out: kept in the chain beside the decisions (PS3.15 A.5, ATNA).

use serde::{Deserialize, Serialize};

use crate::domain::uid::SopInstanceUid;
use crate::store::own_events::{IMAGES_DISPLAYED, REPORT_EXPORTED, STUDY_OPENED, WORKLIST_SEARCHED};

/// One access, as it is written to the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "access", rename_all = "snake_case")]
pub enum AccessNote {
    /// A reader opened the study.
    StudyOpened { n_images: u64 },
    /// Its first picture was on a screen.
    ImagesDisplayed { sop: SopInstanceUid },
    /// A report or a picture left the program, on paper too: that is a file for printing.
    ReportExported { folder: String, formats: Vec<String>, files: Vec<ExportedFile> },
    /// A reader looked for patients or studies by words; about no study of its own.
    WorklistSearched { words: String, n_found: u64 },
}

/// A file that left the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedFile {
    pub name: String,
    /// Lower-case hex.
    pub sha256: String,
}

impl AccessNote {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::StudyOpened { .. } => STUDY_OPENED,
            Self::ImagesDisplayed { .. } => IMAGES_DISPLAYED,
            Self::ReportExported { .. } => REPORT_EXPORTED,
            Self::WorklistSearched { .. } => WORKLIST_SEARCHED,
        }
    }
}
