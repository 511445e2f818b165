//! The steps from an empty file to today's tables. Steps are only added, and each is taken whole or not at all.

use rusqlite::{Connection, TransactionBehavior};

use crate::store::error::StoreError;

/// `OVER`: marks the file as a review record in SQLite's header.
pub(crate) const APPLICATION_ID: i64 = 0x4F56_4552;

const STEPS: [&str; 2] =
    [include_str!("migrations/sqlite/0001_record.sql"), include_str!("migrations/sqlite/0002_study_memory.sql")];

/// The version after all steps.
pub(crate) const SCHEMA_VERSION: i64 = STEPS.len() as i64;

/// The triggers that keep events and findings as they were written.
pub(crate) const GUARDS: [&str; 6] =
    ["blob_is_kept", "blob_stays", "event_is_kept", "event_stays", "finding_is_kept", "finding_stays"];

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
