//! The steps from an empty file to today's tables. Steps are only added, and each is taken whole or not at all.

use rusqlite::{Connection, TransactionBehavior};

use crate::store::error::StoreError;

/// `OVER`: marks the file as a review record in SQLite's header.
pub(crate) const APPLICATION_ID: i64 = 0x4F56_4552;

const STEPS: [&str; 3] = [
    include_str!("sqlite/0001_record.sql"),
    include_str!("sqlite/0002_study_memory.sql"),
    include_str!("sqlite/0003_header.sql"),
];

/// The version after all steps.
pub(crate) const SCHEMA_VERSION: i64 = STEPS.len() as i64;

/// The triggers that keep events and findings as they were written, and the step that brought each.
pub(crate) const GUARDS: [(&str, i64); 8] = [
    ("blob_is_kept", 1),
    ("blob_stays", 1),
    ("event_is_kept", 1),
    ("event_stays", 1),
    ("finding_is_kept", 1),
    ("finding_stays", 1),
    ("merged_event_is_kept", 3),
    ("merged_event_stays", 3),
];

/// A record of an older program that may only be read: what it lacks stands before it as empty, in memory.
pub(crate) fn read_as_today(conn: &Connection) -> Result<(), StoreError> {
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version < 2 {
        conn.execute_batch("CREATE TEMP TABLE study_memory (study, card, digest)")?;
    }
    if version < 3 {
        conn.execute_batch(include_str!("sqlite/read_without_0003.sql"))?;
    }
    Ok(())
}

/// Takes the steps that are missing. Two programs may try at once; the second finds nothing to do.
pub(crate) fn migrate(conn: &mut Connection) -> Result<(), StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let missing = STEPS.iter().zip(1_i64..).filter(|(_, step)| *step > version);
    for (sql, step) in missing {
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", step)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    Ok(tx.commit()?)
}
