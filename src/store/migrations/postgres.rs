//! PostgreSQL: a schema of its own, the same tables, and guards that hold for the owner too.

use crate::store::error::StoreError;
use crate::store::sql::{Sql, values};

const STEPS: [&str; 1] = [include_str!("postgres/0001_record.sql")];

/// The version after all steps.
pub(crate) const SCHEMA_VERSION: i64 = STEPS.len() as i64;

/// Tables that only grow; each has two guards, against changes of rows and against emptying.
pub(crate) const GUARDED: [&str; 4] = ["blob", "event", "finding", "merged_event"];

/// The version found; 0 where there is no record yet.
pub(crate) fn version(sql: &dyn Sql) -> Result<i64, StoreError> {
    let is_there = "SELECT 1::bigint WHERE to_regclass('overread.schema_step') IS NOT NULL";
    if !sql.exists(is_there, &[])? {
        return Ok(0);
    }
    let row = sql.row("SELECT COALESCE(MAX(step), 0) FROM overread.schema_step", &[])?;
    row.map_or(Ok(0), |row| row.int(0))
}

/// Takes the steps that are missing, inside the caller's transaction and with nobody else writing.
pub(crate) fn migrate(sql: &dyn Sql, batch: &dyn Fn(&str) -> Result<(), StoreError>) -> Result<(), StoreError> {
    let found = version(sql)?;
    for (step, text) in (1_i64..).zip(STEPS).filter(|(step, _)| *step > found) {
        batch(text)?;
        sql.execute("INSERT INTO overread.schema_step (step) VALUES (?1)", values![step])?;
    }
    Ok(())
}
