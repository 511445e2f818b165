//! Who has which study open, on which machine: beside the record, not part of it, and free to be lost.
//!
//! Nobody is kept out by it: two who decide the same are told of each other by the record itself. A program says every
//! minute that it is still there; what a killed one left is passed over and swept.

use crate::domain::uid::{ReaderName, StudyUid};
use crate::store::clock::{self, Moment};
use crate::store::error::StoreError;
use crate::store::sql::{Sql, values};

/// A program that has said nothing for so long is gone.
const GONE_AFTER_S: i64 = 180;

/// Somebody who has a study open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    pub reader: ReaderName,
    /// The machine's name.
    pub host: String,
    /// RFC 3339 UTC.
    pub since_utc: String,
    /// Whether it is a program on this machine.
    pub is_here: bool,
}

/// Notes that this program has the study open and no other one; who else has it.
pub(crate) fn announce(
    sql: &dyn Sql,
    instance: &str,
    study: &StudyUid,
    reader: &ReaderName,
    now: &Moment,
) -> Result<(), StoreError> {
    let text = "DELETE FROM presence WHERE instance = ?1 AND (study <> ?2 OR reader <> ?3)";
    sql.execute(text, values![instance, study.as_str(), reader.as_str()])?;
    let text = "INSERT INTO presence (study, instance, reader, host, pid, since_utc, seen_utc)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
                ON CONFLICT (study, instance) DO UPDATE SET seen_utc = excluded.seen_utc";
    let (host, pid, wall) = (clock::host_name(), i64::from(std::process::id()), now.wall.to_string());
    sql.execute(text, values![study.as_str(), instance, reader.as_str(), host, pid, wall])?;
    sweep(sql, now)
}

/// Takes away what ended programs left.
fn sweep(sql: &dyn Sql, now: &Moment) -> Result<(), StoreError> {
    for row in sql.rows("SELECT study, instance, host, pid, seen_utc FROM presence", &[])? {
        if is_gone(row.text(2)?, row.int(3)?, row.text(4)?, now) {
            let text = "DELETE FROM presence WHERE study = ?1 AND instance = ?2";
            sql.execute(text, values![row.text(0)?, row.text(1)?])?;
        }
    }
    Ok(())
}

/// Everybody else who has the study open, the first comer first.
pub(crate) fn others(
    sql: &dyn Sql,
    instance: &str,
    study: &StudyUid,
    now: &Moment,
) -> Result<Vec<Presence>, StoreError> {
    let text = "SELECT reader, host, pid, since_utc, seen_utc FROM presence WHERE study = ?1 AND instance <> ?2
                ORDER BY since_utc, instance";
    let mut others = Vec::new();
    for row in sql.rows(text, values![study.as_str(), instance])? {
        let (host, pid) = (row.text(1)?, row.int(2)?);
        if !is_gone(host, pid, row.text(4)?, now) {
            let is_here = host == clock::host_name();
            let (reader, since_utc) = (ReaderName::new(row.text(0)?), row.text(3)?.to_owned());
            others.push(Presence { reader, host: host.to_owned(), since_utc, is_here });
        }
    }
    Ok(others)
}

pub(crate) fn leave(sql: &dyn Sql, instance: &str) -> Result<(), StoreError> {
    sql.execute("DELETE FROM presence WHERE instance = ?1", values![instance]).map(drop)
}

/// Whether the program has ended: its process is not there any more, or it has long said nothing.
fn is_gone(host: &str, pid: i64, seen_utc: &str, now: &Moment) -> bool {
    let is_dead = cfg!(target_os = "linux") && host == clock::host_name() && !is_running(pid);
    let age_s = seen_utc.parse::<jiff::Timestamp>().map(|seen| now.wall.as_second() - seen.as_second());
    // A clock that was set makes neither side older than it is: the age counts both ways.
    is_dead || age_s.map_or(true, |age_s| age_s.abs() > GONE_AFTER_S)
}

fn is_running(pid: i64) -> bool {
    std::path::Path::new("/proc").join(pid.to_string()).exists()
}
