//! Where the review is kept: appended, chained, never edited. SQLite or PostgreSQL behind one trait.
//!
//! The original pictures are never stored, only what was found and decided, by UID and hash.

pub mod access_note;
pub mod anchor;
mod appending;
pub mod chain;
mod chain_row;
pub mod clock;
pub mod conflict;
pub mod error;
mod json;
mod kept_record;
pub mod key;
pub mod keyring;
pub mod log_entry;
pub mod merging;
mod migrations;
mod opening;
mod own_events;
pub mod postgres;
pub mod presence;
pub mod protection;
mod reading;
pub mod recasting;
mod rows;
pub mod server_address;
pub mod signing;
mod sql;
pub mod sqlite;
mod verifying;
mod worklist;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::finding::Finding;
use crate::domain::uid::{ReaderName, StudyUid};
use crate::review::event::ReviewEvent;
use crate::store::access_note::AccessNote;
use crate::store::chain::ChainReport;
use crate::store::conflict::{Basis, Receipt};
use crate::store::error::StoreError;
use crate::store::log_entry::LogEntry;
use crate::store::merging::{Merged, Parcel};
use crate::store::presence::Presence;
use crate::store::protection::HowKept;
use crate::store::signing::Signer;

/// What the record holds of one study; ready for `ReviewSession::replay`.
#[derive(Clone, Debug, Default)]
pub struct StudyRecord {
    pub findings: Vec<Arc<Finding>>,
    /// In the record's order.
    pub events: Vec<ReviewEvent>,
    /// The number of the last of them; what a [`Basis`] is made of.
    pub version: i64,
}

/// A study the record knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredStudy {
    pub study: StudyUid,
    pub n_events: u64,
    /// When its last event was written, RFC 3339 UTC.
    pub last_written_utc: String,
}

/// A study of the worklist as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorklistRow {
    pub study: StudyUid,
    /// Of the record; 0 for a study of which only a card is kept.
    pub n_events: u64,
    /// JSON of the worklist's own making.
    pub card: Option<String>,
    pub digest: Option<String>,
}

/// What is to be kept of a study for the worklist; what is `None` stays as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StudyMemory {
    pub study: StudyUid,
    pub card: Option<String>,
    pub digest: Option<String>,
}

/// A folder or file that was opened before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentPlace {
    pub path: PathBuf,
    /// RFC 3339 UTC.
    pub last_used_utc: String,
}

/// How many places are remembered.
pub const MAX_RECENT_PLACES: usize = 20;

/// The review record. Object-safe; an engine is chosen at startup and lives on one thread.
pub trait ReviewStore: Send {
    /// Stores findings and appends events in one step, all or nothing. Returns only when they would survive a power
    /// cut. Findings and events that are stored already are passed over, so that a failed call is simply repeated.
    ///
    /// With a basis, nothing is put in force about a finding or annotation that somebody else has changed since:
    /// [`StoreError::Conflict`] names both sides, and what was not put in force is kept beside as such.
    fn record_onto(
        &mut self,
        study: &StudyUid,
        basis: Option<&Basis>,
        findings: &[Arc<Finding>],
        events: &[ReviewEvent],
    ) -> Result<Receipt, StoreError>;

    /// `record_onto` whatever others have written.
    fn record(
        &mut self,
        study: &StudyUid,
        findings: &[Arc<Finding>],
        events: &[ReviewEvent],
    ) -> Result<(), StoreError> {
        self.record_onto(study, None, findings, events).map(drop)
    }

    /// `record` without findings: those the events name are stored before.
    fn append(&mut self, study: &StudyUid, events: &[ReviewEvent]) -> Result<(), StoreError> {
        self.record(study, &[], events)
    }

    /// Stores findings ahead of the events that name them. A finding is immutable: the first one stays.
    fn save_findings(&mut self, findings: &[Arc<Finding>]) -> Result<(), StoreError>;

    /// Keeps who looked at the study or took something out, in the chain like everything else.
    fn note_access(&mut self, study: &StudyUid, reader: &ReaderName, note: &AccessNote) -> Result<(), StoreError>;

    /// Says that `reader` has the study open in this program, and no other one; who else has it open. Where nothing
    /// may be written, only asks.
    fn announce(&mut self, study: &StudyUid, reader: &ReaderName) -> Result<Vec<Presence>, StoreError>;

    /// This program has no study open any more.
    fn leave(&mut self) -> Result<(), StoreError>;

    /// Empty for a study the record does not know.
    fn load(&self, study: &StudyUid) -> Result<StudyRecord, StoreError>;

    /// Last written first.
    fn studies(&self) -> Result<Vec<StoredStudy>, StoreError>;

    /// Every study that the record or the worklist's memory knows, by UID. An engine without such a memory lists what
    /// the record has.
    fn worklist(&self) -> Result<Vec<WorklistRow>, StoreError> {
        let row = |stored: StoredStudy| {
            let StoredStudy { study, n_events, .. } = stored;
            WorklistRow { study, n_events, card: None, digest: None }
        };
        let mut rows: Vec<WorklistRow> = self.studies()?.into_iter().map(row).collect();
        rows.sort_by(|a, b| a.study.cmp(&b.study));
        Ok(rows)
    }

    /// Keeps what the worklist wants to find again. May be lost without medical loss; an engine may keep nothing.
    fn remember_studies(&mut self, _memories: &[StudyMemory]) -> Result<(), StoreError> {
        Ok(())
    }
    /// At most `limit` events of the whole record after number `after`, in order, as they lie there.
    fn read_log(&self, after: i64, limit: u32) -> Result<Vec<LogEntry>, StoreError>;

    /// Where the reader looked, as JSON of the screen's own making. May be lost without medical loss.
    fn save_view(&mut self, study: &StudyUid, json: &str) -> Result<(), StoreError>;

    fn load_view(&self, study: &StudyUid) -> Result<Option<String>, StoreError>;

    /// Keeps the latest [`MAX_RECENT_PLACES`]. A path that is not Unicode is not remembered.
    fn remember_place(&mut self, path: &Path) -> Result<(), StoreError>;

    /// Last used first.
    fn recent_places(&self) -> Result<Vec<RecentPlace>, StoreError>;

    fn forget_places(&mut self) -> Result<(), StoreError>;

    /// Reads the whole record and names every place where it is not what was written.
    fn verify(&self) -> Result<ChainReport, StoreError>;

    /// All of the record, to be merged into another. Refused where it is not what was written.
    fn pack(&self) -> Result<Parcel, StoreError>;

    /// Takes another record in, all or nothing: see [`merging`].
    fn merge(&mut self, parcel: &Parcel) -> Result<Merged, StoreError>;

    /// From now on this device signs every event; the first time, its key is written into the record.
    fn sign_with(&mut self, signer: Signer) -> Result<(), StoreError>;

    /// Whether any device was ever enrolled.
    fn has_devices(&self) -> Result<bool, StoreError>;

    fn is_read_only(&self) -> bool;

    /// Why nothing can be kept, as a sentence for the screen.
    fn read_only_reason(&self) -> Option<String>;

    /// Where the record lies and what protects it.
    fn how_kept(&self) -> HowKept;
}
