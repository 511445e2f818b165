//! Who looked at what and who took what out: kept in the chain beside the decisions (PS3.15 A.5, ATNA).

use serde::{Deserialize, Serialize};

use crate::domain::uid::SopInstanceUid;
use crate::store::own_events::{IMAGES_DISPLAYED, REPORT_EXPORTED, STUDY_OPENED};

/// One access, as it is written to the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "access", rename_all = "snake_case")]
pub enum AccessNote {
    /// A reader opened the study.
    StudyOpened { n_images: u64 },
    /// Its first picture was on a screen.
    ImagesDisplayed { sop: SopInstanceUid },
    /// A report left the program.
    ReportExported { folder: String, formats: Vec<String>, files: Vec<ExportedFile> },
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
        }
    }
}
