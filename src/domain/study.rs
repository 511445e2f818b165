//! A study: one patient, one examination, its series.

use std::fmt;
use std::sync::Arc;

use crate::domain::document::Document;
use crate::domain::instance::Instance;
use crate::domain::intake::Notice;
use crate::domain::patient::Patient;
use crate::domain::series::Series;
use crate::domain::uid::{SeriesUid, SopInstanceUid, StudyUid};

/// General Study module (PS3.3 C.7.2.1). Immutable after import; texts empty when absent.
#[derive(Clone)]
pub struct Study {
    pub uid: StudyUid,
    pub patient: Arc<Patient>,
    /// Study Date (0008,0020), `YYYYMMDD`.
    pub date: String,
    /// Study Time (0008,0030), `HHMMSS`.
    pub time: String,
    pub description: String,
    /// Study ID (0020,0010).
    pub id: String,
    pub accession: String,
    pub institution: String,
    /// By series number, then UID.
    pub series: Vec<Arc<Series>>,
    /// The files' own Study Instance UID where `uid` is another: several patients' files claim it.
    pub written_uid: Option<StudyUid>,
    /// Results that came in beside the pictures, by kind and identifier.
    pub documents: Vec<Arc<Document>>,
    /// What is to be known before anything of this study is trusted.
    pub notices: Vec<Notice>,
}

impl Study {
    pub fn series(&self, uid: &SeriesUid) -> Option<&Arc<Series>> {
        self.series.iter().find(|series| &series.uid == uid)
    }

    pub fn instance(&self, sop: &SopInstanceUid) -> Option<(&Arc<Series>, &Arc<Instance>)> {
        self.series.iter().find_map(|series| {
            let instance = series.instances.iter().find(|instance| &instance.sop == sop)?;
            Some((series, instance))
        })
    }

    /// The image that its own file calls so, and its series.
    pub fn written_instance(&self, sop: &SopInstanceUid) -> Option<(&Arc<Series>, &Arc<Instance>)> {
        let is_meant = |instance: &Instance| instance.written_sop.as_ref().unwrap_or(&instance.sop) == sop;
        self.series.iter().find_map(|series| {
            let instance = series.instances.iter().find(|instance| is_meant(instance))?;
            Some((series, instance))
        })
    }

    pub fn document(&self, sop: &SopInstanceUid) -> Option<&Arc<Document>> {
        self.documents.iter().find(|document| &document.sop == sop)
    }

    pub fn n_images(&self) -> usize {
        self.series.iter().map(|series| series.stack.len()).sum()
    }
}

impl fmt::Debug for Study {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Study({:?}, {} series)", self.uid, self.series.len())
    }
}
