//! The worklist: what was scanned, and what could not be read.

use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::instance::Instance;
use crate::domain::intake::{FileStatus, Intake, Progress};
use crate::domain::study::Study;
use crate::domain::uid::{SopInstanceUid, StudyUid};
use crate::jobs::event::Generation;
use crate::ui::context::RefusedFile;

/// A scan that is running.
#[derive(Clone, Copy, Debug)]
pub struct RunningScan {
    pub step: &'static str,
    pub progress: Progress,
}

#[derive(Default)]
pub struct Library {
    pub studies: Vec<Arc<Study>>,
    pub refused: Vec<RefusedFile>,
    pub open: Option<StudyUid>,
    pub generation: Generation,
    pub running: Option<RunningScan>,
    /// What the running scan was asked for, to be remembered when it brings something.
    pub asked: Vec<PathBuf>,
}

impl Library {
    pub fn study(&self, uid: &StudyUid) -> Option<&Arc<Study>> {
        self.studies.iter().find(|study| &study.uid == uid)
    }

    pub fn open_study(&self) -> Option<&Arc<Study>> {
        self.study(self.open.as_ref()?)
    }

    /// Takes in a scan: a study read again replaces the one that was there. Returns the first of the new ones.
    pub fn take_in(&mut self, intake: Intake) -> Option<StudyUid> {
        let first = intake.studies.first().map(|study| study.uid.clone());
        self.refused = refused_files(&intake);
        for study in intake.studies {
            self.studies.retain(|known| known.uid != study.uid);
            self.studies.push(study);
        }
        first
    }

    pub fn remove(&mut self, uid: &StudyUid) {
        self.studies.retain(|study| &study.uid != uid);
        if self.open.as_ref() == Some(uid) {
            self.open = None;
        }
    }

    /// The instance of any study on the worklist.
    pub fn instance(&self, sop: &SopInstanceUid) -> Option<&Arc<Instance>> {
        let of_open = self.open_study().and_then(|study| study.instance(sop));
        let found = of_open.or_else(|| self.studies.iter().find_map(|study| study.instance(sop)));
        found.map(|(_, instance)| instance)
    }
}

fn refused_files(intake: &Intake) -> Vec<RefusedFile> {
    let refused = intake.files.iter().filter_map(|file| match &file.status {
        FileStatus::Refused(notice) => Some(RefusedFile { path: file.path.clone(), notice: notice.clone() }),
        FileStatus::Read | FileStatus::Warned(_) => None,
    });
    refused.collect()
}
