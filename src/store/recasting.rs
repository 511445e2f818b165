//! A copy of a whole record under another key or none: written beside it, verified event by event, then put in its place.
//!
//! So a record is encrypted, given another key, opened up again, and backed up. Until the last step the record is the
//! old one, after it the new one; a power cut leaves one of the two.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use zeroize::Zeroizing;

use crate::store::ReviewStore as _;
use crate::store::anchor::{Anchor, AnchorState};
use crate::store::chain::Head;
use crate::store::error::StoreError;
use crate::store::key::{Key, Salt};
use crate::store::opening::{sync_folder, unlock};
use crate::store::sqlite::{OpenMode, SqliteOptions, SqliteStore};

/// What a copy is protected with.
#[derive(Clone, Copy, Debug)]
pub enum Cover<'a> {
    Plain,
    Encrypted(&'a Key, &'a Salt),
}

/// Puts the record at `path` under another cover. Nobody else may have it open: then nothing is done.
pub fn recast(path: &Path, key: Option<&Key>, cover: Cover<'_>) -> Result<Head, StoreError> {
    let beside = with_suffix(path, ".recast");
    remove_old(&beside)?;
    let recast = recast_beside(path, key, cover, &beside);
    if recast.is_err() {
        // The failure itself is reported; what is left is swept by the next try.
        drop(fs::remove_file(&beside));
    }
    recast
}

fn recast_beside(path: &Path, key: Option<&Key>, cover: Cover<'_>, beside: &Path) -> Result<Head, StoreError> {
    let conn = connect(path, key)?;
    // Neither a write-ahead log nor another program may hold what the copy lacks: this fails while others are there.
    conn.busy_timeout(std::time::Duration::from_millis(200))?;
    let mode: String = conn.pragma_update_and_check(None, "journal_mode", "delete", |row| row.get(0))?;
    if mode != "delete" {
        return Err(StoreError::Locked);
    }
    conn.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT")?;
    let expected = copy(&conn, path, beside, cover)?;
    let head = check(beside, cover, &expected)?;
    fs::rename(beside, path).map_err(|error| write_failed(&error))?;
    sync_folder(path)?;
    drop(conn);
    Ok(head)
}

/// A copy elsewhere, with its anchor beside it; the record may be in use. `to` must not be there.
pub fn back_up(path: &Path, key: Option<&Key>, cover: Cover<'_>, to: &Path) -> Result<Head, StoreError> {
    if to.exists() || Anchor::beside(to).exists() {
        return Err(StoreError::CannotOpen { detail: "something is there already".to_owned(), path: to.to_owned() });
    }
    let beside = with_suffix(to, ".recast");
    remove_old(&beside)?;
    let conn = connect(path, key)?;
    let done = copy(&conn, path, &beside, cover).and_then(|expected| {
        let head = check(&beside, cover, &expected)?;
        fs::rename(&beside, to).map_err(|error| write_failed(&error))?;
        sync_folder(to)?;
        Anchor::beside(to).write(&head).map_err(|error| write_failed(&error))?;
        Ok(head)
    });
    if done.is_err() {
        drop(fs::remove_file(&beside));
    }
    done
}

fn connect(path: &Path, key: Option<&Key>) -> Result<Connection, StoreError> {
    // Checks that it is a record, that the key fits, and that it ends where its anchor says.
    let mut options = SqliteOptions::new(OpenMode::ReadWrite);
    options.key = key.map(|key| Key::from_slice(key.secret())).transpose()?.map(std::sync::Arc::new);
    let store = SqliteStore::open_with(path, &options)?;
    if let Some(why) = store.read_only_reason() {
        return Err(StoreError::ReadOnly { why });
    }
    drop(store);
    let conn = Connection::open(path).map_err(|error| StoreError::opening(error, path))?;
    if let Some(key) = key {
        unlock(&conn, key, None)?;
    }
    Ok(conn)
}

/// Everything into a new file, and where the chain should end there.
fn copy(conn: &Connection, from: &Path, to: &Path, cover: Cover<'_>) -> Result<Head, StoreError> {
    let name = to
        .to_str()
        .ok_or_else(|| StoreError::CannotOpen { detail: "its name is no Unicode".to_owned(), path: to.to_owned() })?;
    let key = match cover {
        Cover::Plain => Zeroizing::new(String::new()),
        Cover::Encrypted(key, salt) => key.literal(Some(salt)),
    };
    // As a parameter, so that no statement holds it.
    conn.execute("ATTACH DATABASE ?1 AS recast KEY ?2", (name, key.as_str()))?;
    let copied = export(conn);
    conn.execute_batch("DETACH DATABASE recast")?;
    let head = copied?;
    let synced = fs::File::options().write(true).open(to).and_then(|file| file.sync_all());
    synced.map_err(|error| write_failed(&error))?;
    match Anchor::beside(from).read() {
        AnchorState::At(anchored) if anchored.seq > head.seq => {
            Err(StoreError::Altered { detail: format!("it ends before event {}", anchored.seq) })
        }
        _ => Ok(head),
    }
}

fn export(conn: &Connection) -> Result<Head, StoreError> {
    // Every page of the copy is synced by us; until it is in place it is nobody's record.
    conn.execute_batch("PRAGMA recast.journal_mode = DELETE")?;
    conn.query_row("SELECT sqlcipher_export('recast')", (), |_| Ok(()))?;
    for pragma in ["application_id", "user_version"] {
        let value: i64 = conn.pragma_query_value(None, pragma, |row| row.get(0))?;
        conn.pragma_update(Some("recast"), pragma, value)?;
    }
    let sql = "SELECT COALESCE(MAX(seq), 0), COUNT(*) FROM recast.event";
    let (seq, count): (i64, i64) = conn.query_row(sql, (), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let hash: Option<Vec<u8>> = match seq {
        0 => None,
        seq => Some(conn.query_row("SELECT hash FROM recast.event WHERE seq = ?1", [seq], |row| row.get(0))?),
    };
    let hash = hash.and_then(|hash| hash.try_into().ok()).unwrap_or(Head::EMPTY.hash);
    Ok(Head { seq, hash, count })
}

/// The copy is a whole record of its own, and ends where the original does.
fn check(copy: &Path, cover: Cover<'_>, expected: &Head) -> Result<Head, StoreError> {
    let mut options = SqliteOptions::new(OpenMode::ReadOnly);
    if let Cover::Encrypted(key, _) = cover {
        options.key = Some(std::sync::Arc::new(Key::from_slice(key.secret())?));
    }
    let store = SqliteStore::open_with(copy, &options)?;
    let report = store.verify()?;
    // The copy has no anchor yet; everything else must be in order.
    let is_sound = report.problems.iter().all(|problem| problem.text.starts_with("The anchor is missing"));
    if !is_sound || report.head != *expected {
        return Err(StoreError::Damaged { detail: "the copy is not what the record is".to_owned() });
    }
    Ok(report.head)
}

fn remove_old(beside: &Path) -> Result<(), StoreError> {
    match fs::remove_file(beside) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(write_failed(&error)),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn write_failed(error: &std::io::Error) -> StoreError {
    StoreError::WriteFailed { detail: error.kind().to_string() }
}
