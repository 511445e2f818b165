//! Opening the file: what it must be, how it must be written, and when it may only be read.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use zeroize::Zeroizing;

use crate::store::anchor::Anchor;
use crate::store::error::StoreError;
use crate::store::key::{Key, Salt};
use crate::store::migrations::sqlite::{self as migrations, APPLICATION_ID, SCHEMA_VERSION};
use crate::store::sqlite::{Access, Durability, OpenMode, SqliteOptions};

/// How long a write waits for another program's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) struct Opened {
    pub conn: Connection,
    pub access: Access,
    pub is_encrypted: bool,
}

/// The way to one file.
struct Door<'a> {
    path: &'a Path,
    /// For an encrypted file.
    key: Option<&'a Key>,
    /// For one that is encrypted from its first page on.
    salt: Option<&'a Salt>,
    vfs: Option<&'a str>,
}

impl Door<'_> {
    fn connect(&self, path: &str, flags: OpenFlags) -> rusqlite::Result<Connection> {
        match self.vfs {
            Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs),
            None => Connection::open_with_flags(path, flags),
        }
    }

    /// In SQLite's own words about the file; a file that is no database to the key is one to another.
    fn opening(&self, error: rusqlite::Error) -> StoreError {
        if self.key.is_some() && error.sqlite_error_code() == Some(ErrorCode::NotADatabase) {
            return StoreError::WrongKey;
        }
        StoreError::opening(error, self.path)
    }

    fn name(&self) -> Result<&str, StoreError> {
        let refused = || StoreError::CannotOpen { detail: "its name is no Unicode".to_owned(), path: self.path.into() };
        self.path.to_str().ok_or_else(refused)
    }

    /// Before anything is read.
    fn harden(&self, conn: &Connection) -> rusqlite::Result<()> {
        conn.busy_timeout(BUSY_TIMEOUT)?;
        if let Some(key) = self.key {
            unlock(conn, key, self.salt)?;
        }
        conn.pragma_update(None, "foreign_keys", true)?;
        conn.pragma_update(None, "trusted_schema", false)?;
        conn.pragma_update(None, "cell_size_check", true)
    }
}

/// Gives SQLCipher the key. What it says of a wrong one comes with the first read.
pub(crate) fn unlock(conn: &Connection, key: &Key, salt: Option<&Salt>) -> rusqlite::Result<()> {
    // Its errors come back as results; on the terminal they would only be in the way.
    conn.execute_batch("PRAGMA cipher_log_level = NONE")?;
    let statement = Zeroizing::new(format!("PRAGMA key = \"{}\"", *key.literal(salt)));
    conn.execute_batch(&statement)?;
    conn.execute_batch("PRAGMA cipher_compatibility = 4")?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))
}

/// A power cut while a record was made may leave half a first page, by which nothing can be judged, and beside it the
/// journal that takes it back to nothing. SQLite does that with the first read, whatever key the pages need.
fn take_back_half_made(door: &Door<'_>) {
    let mut journal = door.path.as_os_str().to_owned();
    journal.push("-journal");
    let is_half_made = fs::metadata(journal).is_ok_and(|journal| journal.len() > 0);
    let Some(name) = door.path.to_str().filter(|_| is_half_made) else { return };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let read = door.connect(name, flags).and_then(|conn| {
        conn.busy_timeout(BUSY_TIMEOUT)?;
        conn.execute_batch("PRAGMA cipher_log_level = NONE")?;
        conn.query_row("SELECT COUNT(*) FROM sqlite_master", (), |row| row.get::<_, i64>(0))
    });
    if let Err(error) = read {
        // An encrypted record cannot be read so; whatever is wrong with it is said when it is opened.
        log::debug!("a journal beside the record was looked at: {:?}", error.sqlite_error_code());
    }
}

/// Whether there is a record, or something else that must not be taken for a new one.
pub(crate) fn is_there(path: &Path) -> bool {
    take_back_half_made(&Door { path, key: None, salt: None, vfs: None });
    fs::metadata(path).is_ok_and(|file| file.len() > 0) || Anchor::beside(path).exists()
}

pub(crate) fn open(path: &Path, options: &SqliteOptions, anchor: &Anchor) -> Result<Opened, StoreError> {
    let SqliteOptions { mode, key, salt, vfs, .. } = options;
    if *mode == OpenMode::ReadWrite {
        take_back_half_made(&Door { path, key: None, salt: None, vfs: vfs.as_deref() });
    }
    let file = fs::metadata(path).ok();
    let is_blank = file.as_ref().is_none_or(|file| file.len() == 0);
    if is_blank && anchor.exists() {
        return Err(StoreError::Missing { path: path.to_owned() });
    }
    if file.as_ref().is_some_and(|file| !file.is_file()) {
        return Err(StoreError::NotARecord { path: path.to_owned() });
    }
    let found_salt = Salt::of(path);
    if found_salt.is_some() && key.is_none() {
        return Err(StoreError::KeyNeeded { path: path.to_owned() });
    }
    let is_encrypted = key.is_some() && (found_salt.is_some() || is_blank && salt.is_some());
    let door = Door {
        path,
        key: key.as_deref().filter(|_| is_encrypted),
        salt: salt.as_ref().filter(|_| is_blank),
        vfs: vfs.as_deref(),
    };
    let (conn, access) = open_door(&door, *mode, file.as_ref())?;
    Ok(Opened { conn, access, is_encrypted })
}

fn open_door(door: &Door<'_>, mode: OpenMode, file: Option<&fs::Metadata>) -> Result<(Connection, Access), StoreError> {
    let path = door.path;
    let is_new = file.is_none();
    let why = match mode {
        OpenMode::ReadOnly => Some("opened for reading"),
        OpenMode::ReadWrite => write_protection(path, file),
    };
    if mode == OpenMode::ReadOnly && is_new {
        let detail = "there is none yet".to_owned();
        return Err(StoreError::CannotOpen { detail, path: path.to_owned() });
    }
    if let Some(why) = why {
        return open_read_only(door, why);
    }
    if is_new {
        // The first start of a user: not even the folder is there.
        fs::create_dir_all(folder_of(path)).map_err(|error| StoreError::CannotOpen {
            detail: format!("its folder cannot be made: {}", error.kind()),
            path: path.to_owned(),
        })?;
    }
    match open_writable(door, is_new) {
        Ok(Some(conn)) => Ok((conn, Access::Writable)),
        Ok(None) => open_read_only(door, "the file may not be written"),
        // The folder refuses the files SQLite needs beside the record.
        Err(StoreError::ReadOnly { .. }) if !is_new => open_read_only(door, "its folder may not be written"),
        Err(StoreError::CannotOpen { detail, path: at }) if !is_new => {
            open_read_only(door, "its folder may not be written")
                .map_err(|_| StoreError::CannotOpen { detail, path: at })
        }
        Err(error) => Err(error),
    }
}

/// Somebody said in so many words that this is not to be written, even where the system would let us.
fn write_protection(path: &Path, file: Option<&fs::Metadata>) -> Option<&'static str> {
    let file = file?;
    if file.permissions().readonly() {
        return Some("the file is write-protected");
    }
    // Elsewhere the attribute means something else on folders.
    let folder = cfg!(unix).then(|| fs::metadata(folder_of(path)).ok()).flatten()?;
    folder.permissions().readonly().then_some("its folder is write-protected")
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// `None` when the system lets us only read.
fn open_writable(door: &Door<'_>, is_new: bool) -> Result<Option<Connection>, StoreError> {
    let create = if is_new { OpenFlags::SQLITE_OPEN_CREATE } else { OpenFlags::empty() };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
    let opening = |error| door.opening(error);
    let mut conn = door.connect(door.name()?, flags).map_err(opening)?;
    if conn.is_readonly(rusqlite::MAIN_DB).map_err(opening)? {
        return Ok(None);
    }
    door.harden(&conn).map_err(opening)?;
    let is_empty = check_identity(&conn, door)?;
    if is_empty && Anchor::beside(door.path).exists() {
        // A first page without its log: what was in the log is gone, and nothing is made anew in its place.
        return Err(StoreError::Missing { path: door.path.to_owned() });
    }
    make_durable(&conn).map_err(opening)?;
    check_durable(&durability(&conn)?)?;
    migrations::migrate(&mut conn)?;
    if is_empty {
        sync_folder(door.path)?;
    }
    Ok(Some(conn))
}

fn open_read_only(door: &Door<'_>, why: &str) -> Result<(Connection, Access), StoreError> {
    let access = Access::ReadOnly { why: why.to_owned() };
    let opening = |error| door.opening(error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = door.connect(door.name()?, flags).and_then(|conn| {
        door.harden(&conn)?;
        // Touches the file, so that a folder without room for the shared index is noticed here.
        conn.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?;
        Ok(conn)
    });
    let conn = match opened {
        Ok(conn) => conn,
        Err(error) => {
            let is_folder = matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly));
            // Without a write-ahead log the file alone is the whole record and can be read as it lies.
            let Some(uri) = is_folder.then(|| immutable_uri(door.path)).flatten() else {
                return Err(opening(error));
            };
            let conn = door.connect(&uri, flags | OpenFlags::SQLITE_OPEN_URI).map_err(opening)?;
            door.harden(&conn).map_err(opening)?;
            conn
        }
    };
    if check_identity(&conn, door)? {
        return Err(StoreError::NotARecord { path: door.path.to_owned() });
    }
    conn.pragma_update(None, "temp_store", "MEMORY").map_err(opening)?;
    migrations::read_as_today(&conn)?;
    Ok((conn, access))
}

fn immutable_uri(path: &Path) -> Option<String> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if fs::metadata(log).is_ok_and(|log| log.len() > 0) {
        return None;
    }
    let escaped = path.to_str()?.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Some(format!("file:{escaped}?immutable=1"))
}

/// Whether the file is still empty. Refuses everything that is neither empty nor a record this program knows.
fn check_identity(conn: &Connection, door: &Door<'_>) -> Result<bool, StoreError> {
    let opening = |error| door.opening(error);
    let number = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(opening);
    let n_tables: i64 = conn.query_row("SELECT COUNT(*) FROM sqlite_master", (), |row| row.get(0)).map_err(opening)?;
    let (application, version) = (number("application_id")?, number("user_version")?);
    match (application, version) {
        (0, 0) if n_tables == 0 => Ok(true),
        (APPLICATION_ID, 1..) if version > SCHEMA_VERSION => {
            Err(StoreError::Newer { found: version, known: SCHEMA_VERSION })
        }
        (APPLICATION_ID, 1..) => Ok(false),
        _ => Err(StoreError::NotARecord { path: door.path.to_owned() }),
    }
}

/// `synchronous=FULL` is the promise: with NORMAL a power cut loses commits that were already acknowledged.
fn make_durable(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    // On macOS an fsync alone does not empty the drive's cache; elsewhere these do nothing.
    conn.pragma_update(None, "fullfsync", true)?;
    conn.pragma_update(None, "checkpoint_fullfsync", true)
}

pub(crate) fn durability(conn: &Connection) -> Result<Durability, StoreError> {
    let journal_mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    let synchronous: i64 = conn.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    Ok(Durability { journal_mode, synchronous })
}

fn check_durable(durability: &Durability) -> Result<(), StoreError> {
    let Durability { journal_mode, synchronous } = durability;
    if journal_mode == "wal" && *synchronous == 2 {
        return Ok(());
    }
    Err(StoreError::NotDurable { detail: format!("journal {journal_mode}, synchronous {synchronous}") })
}

/// A new file's name is only on disk once its folder is.
pub(crate) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        let synced = fs::File::open(folder_of(path)).and_then(|folder| folder.sync_all());
        synced.map_err(|error| StoreError::WriteFailed { detail: error.kind().to_string() })?;
    }
    Ok(())
}
