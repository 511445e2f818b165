//! The studies whose files are open, what could not be read of them, and the worklist they are part of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::app::state::first_image::FirstImage;
use crate::app::state::worklist::Worklist;
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

/// Studies that are shown while the rest of them is still being read.
#[derive(Default)]
pub struct Partial {
    pub studies: BTreeSet<StudyUid>,
    /// Looks that the record brought: they speak of the whole study.
    pub kept_looks: BTreeMap<StudyUid, String>,
}

#[derive(Default)]
pub struct Library {
    pub studies: Vec<Arc<Study>>,
    pub refused: Vec<RefusedFile>,
    pub open: Option<StudyUid>,
    pub generation: Generation,
    pub running: Option<RunningScan>,
    /// Of the running scan.
    pub partial: Partial,
    /// Of the scan that was asked for last.
    pub first_image: FirstImage,
    /// What the running scan was asked for, to be remembered when it brings something.
    pub asked: Vec<PathBuf>,
    /// The places whose reading brought each study.
    pub origins: BTreeMap<StudyUid, Vec<PathBuf>>,
    /// The study to open when the running scan brings it, before others.
    pub wanted: Option<StudyUid>,
    pub worklist: Worklist,
    /// The studies that were last made ready to come next.
    pub ahead: Vec<StudyUid>,
}

impl Library {
    pub fn study(&self, uid: &StudyUid) -> Option<&Arc<Study>> {
        self.studies.iter().find(|study| &study.uid == uid)
    }

    pub fn open_study(&self) -> Option<&Arc<Study>> {
        self.study(self.open.as_ref()?)
    }

    pub fn note_refused(&mut self, intake: &Intake) {
        self.refused = refused_files(intake);
    }

    /// A study read again replaces the one that was there; one that grows keeps its place on the list.
    pub fn take_in_studies(&mut self, studies: Vec<Arc<Study>>) {
        for study in studies {
            match self.studies.iter_mut().find(|known| known.uid == study.uid) {
                Some(known) if self.partial.studies.contains(&study.uid) => *known = study,
                _ => {
                    self.studies.retain(|known| known.uid != study.uid);
                    self.studies.push(study);
                }
            }
        }
    }

    /// Many studies at once, in the place of those of the same UID; how many are new.
    pub fn join(&mut self, studies: Vec<Arc<Study>>) -> usize {
        let known: BTreeSet<StudyUid> = self.studies.iter().map(|study| study.uid.clone()).collect();
        let joining: BTreeSet<&StudyUid> = studies.iter().map(|study| &study.uid).collect();
        self.studies.retain(|study| !joining.contains(&study.uid));
        let n_new = studies.iter().filter(|study| !known.contains(&study.uid)).count();
        self.studies.extend(studies);
        n_new
    }

    /// Whether some of the study's files may still be unread.
    pub fn is_partial(&self, study: &StudyUid) -> bool {
        self.partial.studies.contains(study)
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
