//! What came in through the door, and what did not, file by file.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::document::Document;
use crate::domain::study::Study;

/// Something a reader should know: a stable code for scripts and a sentence for people. No patient data in either.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Notice {
    /// `snake_case`, never renamed once shipped.
    pub code: &'static str,
    pub text: String,
}

impl Notice {
    pub fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

impl<'de> Deserialize<'de> for Notice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Sent {
            code: String,
            text: String,
        }
        let Sent { code, text } = Sent::deserialize(deserializer)?;
        Ok(Self { code: lasting(&code), text })
    }
}

/// A notice's code lives as long as the program. Codes are a small closed set; a source full of made-up ones gets one
/// code for the rest rather than the memory.
pub fn lasting(code: &str) -> &'static str {
    const MAX_CODES: usize = 1000;
    static CODES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut codes = CODES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = codes.get(code) {
        return known;
    }
    if codes.len() >= MAX_CODES || code.len() > 100 {
        return "stored_notice";
    }
    let code: &'static str = Box::leak(code.to_owned().into_boxed_str());
    codes.insert(code);
    code
}

/// How one file fared.
#[derive(Clone, Debug, PartialEq)]
pub enum FileStatus {
    Read,
    /// Opened, with something to know about it.
    Warned(Vec<Notice>),
    /// Not opened; the rest goes on.
    Refused(Notice),
}

#[derive(Clone, Debug, PartialEq)]
pub struct FileOutcome {
    pub path: PathBuf,
    pub status: FileStatus,
}

/// The result of one scan. Studies by patient, date and UID; files by path.
#[derive(Clone, Debug, Default)]
pub struct Intake {
    pub studies: Vec<Arc<Study>>,
    /// Results of other products of which no picture is here; by path.
    pub documents: Vec<Arc<Document>>,
    pub files: Vec<FileOutcome>,
    /// The reader stopped the scan; what was read before is here.
    pub was_cancelled: bool,
}

impl Intake {
    pub fn refused(&self) -> impl Iterator<Item = (&PathBuf, &Notice)> {
        self.files.iter().filter_map(|file| match &file.status {
            FileStatus::Refused(notice) => Some((&file.path, notice)),
            FileStatus::Read | FileStatus::Warned(_) => None,
        })
    }
}

/// How far a long job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Progress {
    pub n_done: usize,
    /// 0 while not yet known.
    pub n_total: usize,
}
