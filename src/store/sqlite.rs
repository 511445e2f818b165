//! The review record in one SQLite file.

use std::path::Path;
use std::sync::Arc;

use crate::domain::finding::Finding;
use crate::domain::uid::StudyUid;
use crate::review::event::ReviewEvent;
use crate::store::chain::ChainReport;
use crate::store::error::StoreError;
use crate::store::{RecentPlace, ReviewStore, StoredStudy, StudyRecord};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Creates the record where there is none.
    ReadWrite,
    ReadOnly,
}

#[derive(Debug)]
pub struct SqliteStore;

impl SqliteStore {
    pub fn open(path: &Path, _mode: OpenMode) -> Result<Self, StoreError> {
        Err(StoreError::CannotOpen { detail: "not built yet".to_owned(), path: path.to_owned() })
    }
}

fn unbuilt<T>() -> Result<T, StoreError> {
    Err(StoreError::Engine { detail: "not built yet".to_owned() })
}

impl ReviewStore for SqliteStore {
    fn record(&mut self, _: &StudyUid, _: &[Arc<Finding>], _: &[ReviewEvent]) -> Result<(), StoreError> {
        unbuilt()
    }
    fn save_findings(&mut self, _: &[Arc<Finding>]) -> Result<(), StoreError> {
        unbuilt()
    }
    fn load(&self, _: &StudyUid) -> Result<StudyRecord, StoreError> {
        unbuilt()
    }
    fn studies(&self) -> Result<Vec<StoredStudy>, StoreError> {
        unbuilt()
    }
    fn save_view(&mut self, _: &StudyUid, _: &str) -> Result<(), StoreError> {
        unbuilt()
    }
    fn load_view(&self, _: &StudyUid) -> Result<Option<String>, StoreError> {
        unbuilt()
    }
    fn remember_place(&mut self, _: &Path) -> Result<(), StoreError> {
        unbuilt()
    }
    fn recent_places(&self) -> Result<Vec<RecentPlace>, StoreError> {
        unbuilt()
    }
    fn verify(&self) -> Result<ChainReport, StoreError> {
        unbuilt()
    }
    fn is_read_only(&self) -> bool {
        true
    }
}
