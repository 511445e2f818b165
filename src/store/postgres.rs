//! The review record of a department: PostgreSQL 15 or newer, several readers at once, one writer at a time.
//!
//! Appends are serializable transactions behind an advisory lock that is taken before their snapshot, so that the head
//! read is the head linked to. A connection lost in the middle leaves it open whether the append was kept; it is sent
//! once more, and what is stored already is passed over by its identity.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::error::Error as _;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use native_tls::{Certificate, TlsConnector};
use postgres::error::SqlState;
use postgres::types::{FromSql, IsNull, ToSql, Type, WrongType, private::BytesMut, to_sql_checked};
use postgres::{Client, Statement};
use postgres_native_tls::MakeTlsConnector;

use crate::store::anchor::{Anchor, AnchorState};
use crate::store::appending;
use crate::store::clock::SystemClock;
use crate::store::error::StoreError;
use crate::store::kept_record::{Access, Engine, KeptRecord};
use crate::store::migrations::postgres::{GUARDED, SCHEMA_VERSION, migrate, version};
use crate::store::protection::{HowKept, Place, Protection};
use crate::store::server_address::ServerAddress;
use crate::store::sql::{Row, Sql, Value};
use crate::store::sqlite::OpenMode;

/// `OVERREAD` in ASCII: the advisory lock of those who append.
const WRITERS_LOCK: i64 = 0x4F56_4552_5245_4144;
/// PostgreSQL 15.
const OLDEST_SERVER: i64 = 150_000;
/// Two writers that saw each other's rows; the advisory lock makes it rare.
const MOST_TRIES: usize = 5;

pub struct Postgres {
    address: ServerAddress,
    client: RefCell<Client>,
    statements: RefCell<HashMap<String, Statement>>,
    is_in_transaction: Cell<bool>,
}

/// The record on a server.
pub type PostgresStore = KeptRecord<Postgres>;

impl PostgresStore {
    /// Connects; makes the tables where there are none and the user may. What this machine has seen of the record is
    /// remembered in `anchors`.
    pub fn connect(address: &ServerAddress, mode: OpenMode, anchors: &Path) -> Result<Self, StoreError> {
        let engine = Postgres::connect(address)?;
        let access = engine.prepare(mode)?;
        fs::create_dir_all(anchors).map_err(|error| StoreError::CannotOpen {
            detail: format!("the folder of its anchor cannot be made: {}", error.kind()),
            path: anchors.to_owned(),
        })?;
        let anchor = Anchor::beside(&anchors.join(address.file_name()));
        if anchor.read() == AnchorState::Missing {
            // This machine sees the record for the first time: from here on it remembers.
            let head = appending::head(&engine)?;
            if let Err(error) = anchor.write(&head) {
                log::warn!("the anchor of the review record could not be written: {}", error.kind());
            }
        }
        let how_kept = HowKept {
            place: Place::Server(address.words()),
            protection: if address.is_encrypted { Protection::ServerOverTls } else { Protection::Server },
            durability: "every append is on the server's disk before it counts as kept".to_owned(),
        };
        Self::new(engine, anchor, access, how_kept, Arc::new(SystemClock))
    }
}

impl Postgres {
    fn connect(address: &ServerAddress) -> Result<Self, StoreError> {
        let client = RefCell::new(open_client(address)?);
        let (statements, is_in_transaction) = (RefCell::default(), Cell::new(false));
        Ok(Self { address: address.clone(), client, statements, is_in_transaction })
    }

    /// Checks the server's promises and the tables.
    fn prepare(&self, mode: OpenMode) -> Result<Access, StoreError> {
        let setting = |name: &str| -> Result<String, StoreError> {
            let row = self.row(&format!("SELECT current_setting('{name}')"), &[])?;
            row.map_or_else(|| Ok(String::new()), |row| row.text(0).map(ToOwned::to_owned))
        };
        let found = setting("server_version_num")?.parse::<i64>().unwrap_or(0);
        if found < OLDEST_SERVER {
            let detail = format!("the server is PostgreSQL {}, older than 15", found / 10_000);
            return Err(StoreError::Unreachable { detail });
        }
        if setting("fsync")? != "on" || setting("full_page_writes")? != "on" {
            return Err(StoreError::NotDurable { detail: "the server runs without fsync or full pages".to_owned() });
        }
        let known = version(self)?;
        if known > SCHEMA_VERSION {
            return Err(StoreError::Newer { found: known, known: SCHEMA_VERSION });
        }
        if setting("transaction_read_only")? == "on" {
            return Ok(Access::ReadOnly { why: "the server is a standby".to_owned() });
        }
        if known < SCHEMA_VERSION && mode == OpenMode::ReadWrite {
            self.write(&mut |sql| migrate(sql, &|text| self.batch(text)))?;
        } else if known == 0 {
            return Err(StoreError::Unreachable { detail: "the server holds no record yet".to_owned() });
        }
        if mode == OpenMode::ReadOnly {
            return Ok(Access::ReadOnly { why: "opened for reading".to_owned() });
        }
        let may = "SELECT 1::bigint WHERE has_table_privilege('overread.event', 'INSERT')";
        let may_write = self.exists(may, &[])?;
        Ok(if may_write { Access::Writable } else { Access::ReadOnly { why: "this user may only read".to_owned() } })
    }

    fn batch(&self, text: &str) -> Result<(), StoreError> {
        self.client.borrow_mut().batch_execute(text).map_err(|error| store_error(&error))
    }

    fn reconnect(&self) -> Result<(), StoreError> {
        self.statements.borrow_mut().clear();
        self.is_in_transaction.set(false);
        *self.client.borrow_mut() = open_client(&self.address)?;
        Ok(())
    }

    fn try_write(&self, work: &mut dyn FnMut(&dyn Sql) -> Result<(), StoreError>) -> Result<(), Failure> {
        self.execute("SELECT pg_advisory_lock(?1)", &[Value::Int(WRITERS_LOCK)])?;
        let done = self.transact("BEGIN ISOLATION LEVEL SERIALIZABLE", work);
        if !self.client.borrow_mut().is_closed() {
            // Released with the connection otherwise.
            self.execute("SELECT pg_advisory_unlock(?1)", &[Value::Int(WRITERS_LOCK)])?;
        }
        done
    }

    fn transact(&self, begin: &str, work: &mut dyn FnMut(&dyn Sql) -> Result<(), StoreError>) -> Result<(), Failure> {
        self.batch(begin)?;
        self.is_in_transaction.set(true);
        let done = work(self);
        let ended = match done {
            Ok(()) => {
                let committed = self.client.borrow_mut().batch_execute("COMMIT");
                committed.map_err(|error| Failure::of(&error))
            }
            Err(error) => {
                if !self.client.borrow_mut().is_closed() {
                    self.batch("ROLLBACK")?;
                }
                Err(Failure::from(error))
            }
        };
        self.is_in_transaction.set(false);
        ended
    }
}

/// Why a transaction did not go through, and whether another try may.
struct Failure {
    error: StoreError,
    again: Again,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    No,
    /// Two transactions got in each other's way.
    AtOnce,
    /// Over a new connection.
    Reconnected,
}

impl Failure {
    fn of(error: &postgres::Error) -> Self {
        let is_clash =
            matches!(error.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED));
        let failure = Self::from(store_error(error));
        if is_clash { Self { again: Again::AtOnce, ..failure } } else { failure }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let again = match error {
            StoreError::Unreachable { .. } => Again::Reconnected,
            StoreError::Clash => Again::AtOnce,
            _ => Again::No,
        };
        Self { error, again }
    }
}

fn open_client(address: &ServerAddress) -> Result<Client, StoreError> {
    let mut builder = TlsConnector::builder();
    if let Some(file) = &address.root_certificate {
        let refused = |detail: &str| StoreError::CannotOpen { detail: detail.to_owned(), path: file.clone() };
        let pem = fs::read(file).map_err(|_| refused("the root certificate cannot be read"))?;
        let certificate = Certificate::from_pem(&pem).map_err(|_| refused("this is no certificate in PEM"))?;
        builder.add_root_certificate(certificate);
    }
    let tls = builder.build().map_err(|_| unreachable("no TLS on this machine"))?;
    let mut client = address.config.connect(MakeTlsConnector::new(tls)).map_err(|error| store_error(&error))?;
    let session = "SET search_path = overread, pg_temp; SET lock_timeout = '5s'; SET statement_timeout = '30s';
                   SET idle_in_transaction_session_timeout = '60s'; SET standard_conforming_strings = on;
                   SELECT set_config('synchronous_commit', 'on', false)
                   WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')";
    client.batch_execute(session).map_err(|error| store_error(&error))?;
    Ok(client)
}

fn unreachable(detail: &str) -> StoreError {
    StoreError::Unreachable { detail: detail.to_owned() }
}

/// The server's code, never its message, which may quote a row.
fn store_error(error: &postgres::Error) -> StoreError {
    let Some(code) = error.code() else {
        if error.source().is_some_and(|source| source.is::<WrongType>()) {
            return StoreError::Engine { detail: "a column or parameter has another type".to_owned() };
        }
        return unreachable(connection_words(error));
    };
    let detail = format!("PostgreSQL code {}", code.code());
    match code {
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => StoreError::Clash,
        &SqlState::LOCK_NOT_AVAILABLE | &SqlState::QUERY_CANCELED => StoreError::Locked,
        &SqlState::DISK_FULL => StoreError::DiskFull,
        &SqlState::INSUFFICIENT_PRIVILEGE | &SqlState::READ_ONLY_SQL_TRANSACTION => {
            StoreError::ReadOnly { why: detail }
        }
        &SqlState::IO_ERROR => StoreError::WriteFailed { detail },
        &SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED => StoreError::Damaged { detail },
        &SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            unreachable("it refuses this user or password")
        }
        &SqlState::INVALID_CATALOG_NAME => unreachable("it has no such database"),
        &SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN | &SqlState::CANNOT_CONNECT_NOW => {
            unreachable("it is being stopped or started")
        }
        &SqlState::TOO_MANY_CONNECTIONS => unreachable("it has too many connections"),
        _ => StoreError::Engine { detail },
    }
}

fn connection_words(error: &postgres::Error) -> &'static str {
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    match io.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => "nothing listens there",
        Some(io::ErrorKind::TimedOut) => "it did not answer in time",
        _ if error.is_closed() => "the connection was lost",
        _ if error.source().is_some_and(|source| source.is::<native_tls::Error>()) => {
            "its certificate is not trusted or not for this name"
        }
        _ => "the connection failed",
    }
}

/// `?1` → `$1`.
fn translated(sql: &str) -> String {
    sql.replace('?', "$")
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql(ty, out),
            Self::Text(text) => text.as_str().to_sql(ty, out),
            Self::Blob(bytes) => bytes.as_slice().to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::TEXT | Type::VARCHAR | Type::BYTEA)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *ty {
            Type::INT8 => Self::Int(i64::from_sql(ty, raw)?),
            Type::BYTEA => Self::Blob(raw.to_vec()),
            _ => Self::Text(String::from_sql(ty, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(ty: &Type) -> bool {
        <Self as ToSql>::accepts(ty)
    }
}

impl Postgres {
    fn statement(&self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(known) = self.statements.borrow().get(sql) {
            return Ok(known.clone());
        }
        let prepared = self.client.borrow_mut().prepare(&translated(sql)).map_err(|error| store_error(&error))?;
        self.statements.borrow_mut().insert(sql.to_owned(), prepared.clone());
        Ok(prepared)
    }

    fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let statement = self.statement(sql)?;
        let parameters: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let rows = self.client.borrow_mut().query(&statement, &parameters).map_err(|error| store_error(&error))?;
        rows.iter()
            .map(|row| {
                let values = (0..row.len()).map(|at| row.try_get::<_, Value>(at));
                values.collect::<Result<_, _>>().map(Row).map_err(|error| store_error(&error))
            })
            .collect()
    }
}

impl Sql for Postgres {
    fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let statement = self.statement(sql)?;
        let parameters: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        self.client.borrow_mut().execute(&statement, &parameters).map_err(|error| store_error(&error))
    }

    fn rows(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        match self.query(sql, values) {
            // Between transactions a lost connection loses nothing.
            Err(StoreError::Unreachable { .. }) if !self.is_in_transaction.get() => {
                self.reconnect()?;
                self.query(sql, values)
            }
            answered => answered,
        }
    }

    fn engine_faults(&self) -> Result<Vec<String>, StoreError> {
        let mut faults = Vec::new();
        let text = "SELECT 1::bigint FROM pg_trigger
                    WHERE tgrelid = to_regclass('overread.' || ?1::text) AND tgname::text = ?2 AND tgenabled = 'A'";
        for table in GUARDED {
            for guard in [format!("{table}_is_kept"), format!("{table}_is_not_emptied")] {
                if !self.exists(text, &[table.into(), guard.as_str().into()])? {
                    faults.push(format!("The guard '{guard}' against changes was removed."));
                }
            }
        }
        Ok(faults)
    }
}

impl Engine for Postgres {
    fn write(&self, work: &mut dyn FnMut(&dyn Sql) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut was_lost = false;
        for _ in 0..MOST_TRIES {
            let Err(Failure { error, again }) = self.try_write(work) else { return Ok(()) };
            match again {
                Again::AtOnce => {}
                Again::Reconnected if !was_lost => {
                    was_lost = true;
                    self.reconnect()?;
                }
                Again::Reconnected | Again::No => return Err(error),
            }
        }
        Err(StoreError::Locked)
    }

    fn read(&self, work: &mut dyn FnMut(&dyn Sql) -> Result<(), StoreError>) -> Result<(), StoreError> {
        const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        match self.transact(BEGIN, work) {
            Ok(()) => Ok(()),
            Err(Failure { again: Again::Reconnected, .. }) => {
                self.reconnect()?;
                self.transact(BEGIN, work).map_err(|failure| failure.error)
            }
            Err(failure) => Err(failure.error),
        }
    }
}
