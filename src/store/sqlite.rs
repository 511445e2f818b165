//! The review record in one SQLite file: a write-ahead log, an fsync behind every append, and a chain over all events.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, Transaction, TransactionBehavior};

use crate::store::anchor::Anchor;
use crate::store::clock::{Clock, SystemClock};
use crate::store::error::StoreError;
use crate::store::kept_record::{Engine, KeptRecord};
use crate::store::key::{Key, Salt};
use crate::store::migrations::sqlite::GUARDS;
use crate::store::opening;
use crate::store::protection::{HowKept, Place, Protection};
use crate::store::sql::{Row, Sql, Value};

pub use crate::store::kept_record::Access;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Creates the record where there is none; falls back to reading where the disk does not let us write.
    ReadWrite,
    ReadOnly,
}

/// How a file is opened.
#[derive(Clone)]
pub struct SqliteOptions {
    pub mode: OpenMode,
    /// For an encrypted record. A plain record opens without it.
    pub key: Option<Arc<Key>>,
    /// A new record is encrypted with the key, behind this salt.
    pub salt: Option<Salt>,
    pub clock: Arc<dyn Clock>,
    /// SQLite's own name of another way to the disk; a test brings one that fails.
    pub vfs: Option<String>,
}

impl SqliteOptions {
    pub fn new(mode: OpenMode) -> Self {
        Self { mode, key: None, salt: None, clock: Arc::new(SystemClock), vfs: None }
    }

    #[must_use]
    pub fn with_key(self, key: Arc<Key>) -> Self {
        Self { key: Some(key), ..self }
    }

    /// For a record that is not there yet.
    #[must_use]
    pub fn with_new_key(self, key: Arc<Key>, salt: Salt) -> Self {
        Self { key: Some(key), salt: Some(salt), ..self }
    }
}

/// As SQLite itself reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durability {
    pub journal_mode: String,
    /// 2 is FULL.
    pub synchronous: i64,
}

pub struct Sqlite {
    conn: Connection,
}

/// The record in a file.
pub type SqliteStore = KeptRecord<Sqlite>;

impl SqliteStore {
    /// Opens the record at `path`; its folder must be there. A record that ends before its anchor opens for reading.
    pub fn open(path: &Path, mode: OpenMode) -> Result<Self, StoreError> {
        Self::open_with(path, &SqliteOptions::new(mode))
    }

    pub fn open_with(path: &Path, options: &SqliteOptions) -> Result<Self, StoreError> {
        let anchor = Anchor::beside(path);
        let opening::Opened { conn, access, is_encrypted } = opening::open(path, options, &anchor)?;
        if access == Access::Writable {
            anchor.sweep();
        }
        let how_kept = HowKept {
            place: Place::File(path.to_owned()),
            protection: if is_encrypted { Protection::Encrypted } else { Protection::Plain },
            durability: "every append is on disk before it counts as kept".to_owned(),
        };
        Self::new(Sqlite { conn }, anchor, access, how_kept, Arc::clone(&options.clock))
    }

    /// Whether a record is there, or something else that must not be taken for a new one.
    pub fn is_there(path: &Path) -> bool {
        opening::is_there(path)
    }

    pub fn durability(&self) -> Result<Durability, StoreError> {
        opening::durability(&self.engine.conn)
    }

    /// How long a write waits for another program before it gives up with `Locked`; 5 s at first.
    pub fn set_busy_timeout(&self, timeout: Duration) -> Result<(), StoreError> {
        Ok(self.engine.conn.busy_timeout(timeout)?)
    }

    /// After how many pages of its log SQLite writes them into the file; 1,000 at first.
    pub fn set_checkpoint_pages(&self, n_pages: u32) -> Result<(), StoreError> {
        Ok(self.engine.conn.pragma_update_and_check(None, "wal_autocheckpoint", n_pages, |_| Ok(()))?)
    }

    /// Takes the promise away, to see that the test of it fails.
    #[doc(hidden)]
    pub fn weaken_for_test_of_tests(&self) -> Result<(), StoreError> {
        Ok(self.engine.conn.pragma_update(None, "synchronous", "NORMAL")?)
    }

    #[cfg(test)]
    fn connection(&self) -> &Connection {
        &self.engine.conn
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn read_value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        // No column holds one.
        ValueRef::Real(number) => Value::Text(number.to_string()),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => bytes.into(),
        },
        ValueRef::Blob(bytes) => bytes.into(),
    }
}

impl Sql for Sqlite {
    fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let changed = self.conn.prepare_cached(sql)?.execute(rusqlite::params_from_iter(values))?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    fn rows(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let n_columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(values))?;
        let mut read = Vec::new();
        while let Some(row) = rows.next()? {
            let values = (0..n_columns).map(|at| Ok(read_value(row.get_ref(at)?)));
            read.push(Row(values.collect::<rusqlite::Result<_>>()?));
        }
        Ok(read)
    }

    fn engine_faults(&self) -> Result<Vec<String>, StoreError> {
        let mut faults = Vec::new();
        let answer: String = self.conn.query_row("PRAGMA quick_check(1)", (), |row| row.get(0))?;
        if answer != "ok" {
            faults.push("The file's pages are damaged.".to_owned());
        }
        let mut statement = self.conn.prepare("SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = ?1")?;
        let version: i64 = self.conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
        for (guard, _) in GUARDS.iter().filter(|(_, step)| *step <= version) {
            if !statement.exists([guard])? {
                faults.push(format!("The guard '{guard}' against changes was removed."));
            }
        }
        Ok(faults)
    }
}

impl Engine for Sqlite {
    fn write(&self, work: &mut dyn FnMut(&dyn Sql) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let tx = Transaction::new_unchecked(&self.conn, TransactionBehavior::Immediate)?;
        work(self)?;
        Ok(tx.commit()?)
    }

    fn read(&self, work: &mut dyn FnMut(&dyn Sql) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let tx = self.conn.unchecked_transaction()?;
        work(self)?;
        drop(tx);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::uid::{EventId, FindingId, ReaderName, StudyUid};
    use crate::review::command::Stamp;
    use crate::review::event::{Change, ReviewEvent};
    use crate::store::ReviewStore as _;

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
        let conn = |store: &SqliteStore, most: i64| {
            store.connection().pragma_update_and_check(None, "max_page_count", most, |_| Ok(())).unwrap();
        };
        let pages: i64 = store.connection().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        conn(&store, pages + 5);
        let n_kept = (0..100).take_while(|n| store.append(&study, &[event(*n)]).is_ok()).count();
        let failed = store.append(&study, &[event(n_kept)]);
        assert!(matches!(failed, Err(StoreError::DiskFull)), "{failed:?}");
        assert_eq!(store.load(&study).unwrap().events.len(), n_kept);
        conn(&store, 100_000);
        store.append(&study, &[event(n_kept)]).unwrap();
        assert_eq!(store.load(&study).unwrap().events.len(), n_kept + 1);
        assert!(store.verify().unwrap().is_intact());
    }
}
