//! The review record in one SQLite file: a write-ahead log, an fsync behind every append, and a chain over all events.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use crate::domain::finding::Finding;
use crate::domain::uid::StudyUid;
use crate::review::event::ReviewEvent;
use crate::store::anchor::Anchor;
use crate::store::appending::{self, Appender};
use crate::store::chain::{ChainReport, Head};
use crate::store::error::StoreError;
use crate::store::rows::Decoder;
use crate::store::{MAX_RECENT_PLACES, RecentPlace, ReviewStore, StoredStudy, StudyMemory, StudyRecord, WorklistRow};
use crate::store::{opening, reading, verifying, worklist};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Creates the record where there is none; falls back to reading where the disk does not let us write.
    ReadWrite,
    ReadOnly,
}

/// What stands between the caller and an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    Writable,
    ReadOnly {
        why: String,
    },
    /// The record is not what this program wrote; it can be read, and `verify` says where.
    Altered {
        detail: String,
    },
}

/// As SQLite itself reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durability {
    pub journal_mode: String,
    /// 2 is FULL.
    pub synchronous: i64,
}

pub struct SqliteStore {
    conn: Connection,
    anchor: Anchor,
    access: Access,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqliteStore({:?})", self.access)
    }
}

impl SqliteStore {
    /// Opens the record at `path`; its folder must be there. A record that ends before its anchor opens for reading.
    pub fn open(path: &Path, mode: OpenMode) -> Result<Self, StoreError> {
        let anchor = Anchor::beside(path);
        let (conn, access) = opening::open(path, mode, &anchor)?;
        if access == Access::Writable {
            anchor.sweep();
        }
        let mut store = Self { conn, anchor, access };
        // Before the snapshot below, so that another program's append cannot put the anchor ahead of it.
        let anchored = store.anchor.read();
        let tx = store.conn.unchecked_transaction()?;
        let altered = appending::check_anchor(&tx, anchored)?;
        drop(tx);
        if let Some(detail) = altered {
            log::error!("the review record was altered from outside: {detail}");
            store.access = Access::Altered { detail };
        }
        Ok(store)
    }

    pub fn access(&self) -> &Access {
        &self.access
    }

    pub fn durability(&self) -> Result<Durability, StoreError> {
        opening::durability(&self.conn)
    }

    /// How long a write waits for another program before it gives up with `Locked`; 5 s at first.
    pub fn set_busy_timeout(&self, timeout: Duration) -> Result<(), StoreError> {
        Ok(self.conn.busy_timeout(timeout)?)
    }

    fn check_writable(&self) -> Result<(), StoreError> {
        match &self.access {
            Access::Writable => Ok(()),
            Access::ReadOnly { why } => Err(StoreError::ReadOnly { why: why.clone() }),
            Access::Altered { detail } => Err(StoreError::Altered { detail: detail.clone() }),
        }
    }

    /// Appends under the write lock, so that the head read there is the head linked to, whoever else writes.
    fn append_with(
        &mut self,
        work: impl FnOnce(&mut Appender<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.check_writable()?;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let head = match append_in(&tx, &self.anchor, work) {
            Ok(head) => head,
            Err(StoreError::Altered { detail }) => {
                drop(tx);
                log::error!("the review record was altered from outside: {detail}");
                self.access = Access::Altered { detail: detail.clone() };
                return Err(StoreError::Altered { detail });
            }
            Err(error) => return Err(error),
        };
        tx.commit()?;
        if let Some(head) = head
            && let Err(error) = self.anchor.write(&head)
        {
            // The events are kept; the next append tries again.
            log::warn!("the anchor beside the review record could not be written: {}", error.kind());
        }
        Ok(())
    }
}

fn append_in(
    tx: &Transaction<'_>,
    anchor: &Anchor,
    work: impl FnOnce(&mut Appender<'_>) -> Result<(), StoreError>,
) -> Result<Option<Head>, StoreError> {
    let mut appender = Appender::begin(tx, anchor.read())?;
    work(&mut appender)?;
    appender.finish()
}

impl ReviewStore for SqliteStore {
    fn record(
        &mut self,
        study: &StudyUid,
        findings: &[Arc<Finding>],
        events: &[ReviewEvent],
    ) -> Result<(), StoreError> {
        if findings.iter().any(|finding| &finding.subject.study != study) {
            return Err(StoreError::OtherStudy);
        }
        self.append_with(|appender| {
            findings.iter().try_for_each(|finding| appender.finding(finding))?;
            events.iter().try_for_each(|event| appender.event(study, event))
        })
    }

    fn save_findings(&mut self, findings: &[Arc<Finding>]) -> Result<(), StoreError> {
        self.append_with(|appender| findings.iter().try_for_each(|finding| appender.finding(finding)))
    }

    fn load(&self, study: &StudyUid) -> Result<StudyRecord, StoreError> {
        let tx = self.conn.unchecked_transaction()?;
        let mut decoder = Decoder::default();
        let findings = reading::findings(&tx, study, &mut decoder)?;
        let events = reading::events(&tx, study)?;
        Ok(StudyRecord { findings, events })
    }

    fn studies(&self) -> Result<Vec<StoredStudy>, StoreError> {
        reading::studies(&self.conn)
    }

    fn worklist(&self) -> Result<Vec<WorklistRow>, StoreError> {
        let tx = self.conn.unchecked_transaction()?;
        worklist::rows(&tx)
    }

    fn remember_studies(&mut self, memories: &[StudyMemory]) -> Result<(), StoreError> {
        self.check_writable()?;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        worklist::remember(&tx, memories)?;
        Ok(tx.commit()?)
    }

    fn save_view(&mut self, study: &StudyUid, json: &str) -> Result<(), StoreError> {
        self.check_writable()?;
        let sql = "INSERT INTO view_memory (study, state) VALUES (?1, ?2)
                   ON CONFLICT (study) DO UPDATE SET state = excluded.state";
        self.conn.prepare_cached(sql)?.execute((study.as_str(), json))?;
        Ok(())
    }

    fn load_view(&self, study: &StudyUid) -> Result<Option<String>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT state FROM view_memory WHERE study = ?1")?;
        Ok(statement.query_row([study.as_str()], |row| row.get(0)).optional()?)
    }

    fn remember_place(&mut self, path: &Path) -> Result<(), StoreError> {
        self.check_writable()?;
        let Some(path) = path.to_str() else {
            return Ok(());
        };
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Turns, not times: the clock may go back.
        let sql = "INSERT INTO place (path, turn, last_used_utc)
                   VALUES (?1, (SELECT COALESCE(MAX(turn), 0) + 1 FROM place), ?2)
                   ON CONFLICT (path) DO UPDATE SET turn = excluded.turn, last_used_utc = excluded.last_used_utc";
        tx.execute(sql, (path, appending::now_utc()))?;
        let sql = "DELETE FROM place WHERE path NOT IN (SELECT path FROM place ORDER BY turn DESC LIMIT ?1)";
        tx.execute(sql, [i64::try_from(MAX_RECENT_PLACES).unwrap_or(i64::MAX)])?;
        Ok(tx.commit()?)
    }

    fn recent_places(&self) -> Result<Vec<RecentPlace>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT path, last_used_utc FROM place ORDER BY turn DESC")?;
        let places = statement.query_map((), |row| {
            let path: String = row.get(0)?;
            Ok(RecentPlace { path: PathBuf::from(path), last_used_utc: row.get(1)? })
        })?;
        Ok(places.collect::<Result<_, _>>()?)
    }

    fn forget_places(&mut self) -> Result<(), StoreError> {
        self.check_writable()?;
        self.conn.execute("DELETE FROM place", ())?;
        Ok(())
    }

    fn verify(&self) -> Result<ChainReport, StoreError> {
        let anchored = self.anchor.read();
        let tx = self.conn.unchecked_transaction()?;
        verifying::verify(&tx, anchored)
    }

    fn is_read_only(&self) -> bool {
        self.access != Access::Writable
    }

    fn read_only_reason(&self) -> Option<String> {
        self.check_writable().err().map(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::uid::{EventId, FindingId, ReaderName};
    use crate::review::command::Stamp;
    use crate::review::event::Change;
    use crate::store::error::StoreError;

    #[test]
    fn a_full_disk_keeps_nothing_of_the_append_and_everything_before_and_a_later_retry_works() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::open(&folder.path().join("record.db"), OpenMode::ReadWrite).unwrap();
        let study = StudyUid::new("1.2.3");
        let event = |n: usize| {
            let stamp = Stamp { reader: ReaderName::new("R"), at: String::new(), event: EventId::new(format!("e{n}")) };
            let model = crate::domain::model::ModelIdentity {
                id: crate::domain::uid::ModelId::new("m"),
                name: "x".repeat(3000),
                version: String::new(),
                weights_sha256: String::new(),
            };
            ReviewEvent::new(stamp, Change::SuggestionsRecorded { model, findings: Vec::<FindingId>::new() })
        };
        let pages: i64 = store.conn.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        store.conn.pragma_update_and_check(None, "max_page_count", pages + 5, |_| Ok(())).unwrap();
        let n_kept = (0..100).take_while(|n| store.append(&study, &[event(*n)]).is_ok()).count();
        let failed = store.append(&study, &[event(n_kept)]);
        assert!(matches!(failed, Err(StoreError::DiskFull)), "{failed:?}");
        assert_eq!(store.load(&study).unwrap().events.len(), n_kept);
        store.conn.pragma_update_and_check(None, "max_page_count", 100_000, |_| Ok(())).unwrap();
        store.append(&study, &[event(n_kept)]).unwrap();
        assert_eq!(store.load(&study).unwrap().events.len(), n_kept + 1);
        assert!(store.verify().unwrap().is_intact());
    }
}
