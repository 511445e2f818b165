//! What the worklist is made of: every study that the record or the worklist's own memory knows, with what is kept of it
//! beside the record. The memory is convenience: whatever it says of a review, the events say better.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::domain::uid::StudyUid;
use crate::store::appending::{ANCHOR_RENEWED, FINDING_STORED};
use crate::store::error::StoreError;
use crate::store::{StudyMemory, WorklistRow};

/// By study UID.
pub(crate) fn rows(conn: &Connection) -> Result<Vec<WorklistRow>, StoreError> {
    let mut rows: BTreeMap<String, WorklistRow> = BTreeMap::new();
    let sql = "SELECT study, COUNT(*) FROM event WHERE kind NOT IN (?1, ?2) AND study <> '' GROUP BY study";
    let mut statement = conn.prepare_cached(sql)?;
    let mut counted = statement.query((FINDING_STORED, ANCHOR_RENEWED))?;
    while let Some(row) = counted.next()? {
        let (study, n_events): (String, u32) = (row.get(0)?, row.get(1)?);
        let known = WorklistRow { study: StudyUid::new(&study), n_events: n_events.into(), card: None, digest: None };
        rows.insert(study, known);
    }
    // A record of an older program that may only be read has no such table.
    if !conn.table_exists(None, "study_memory")? {
        return Ok(rows.into_values().collect());
    }
    let mut statement = conn.prepare_cached("SELECT study, card, digest FROM study_memory")?;
    let mut kept = statement.query(())?;
    while let Some(row) = kept.next()? {
        let study: String = row.get(0)?;
        let empty = || WorklistRow { study: StudyUid::new(&study), n_events: 0, card: None, digest: None };
        let known = rows.entry(study.clone()).or_insert_with(empty);
        (known.card, known.digest) = (row.get(1)?, row.get(2)?);
    }
    Ok(rows.into_values().collect())
}

/// What is `None` stays as it was.
pub(crate) fn remember(conn: &Connection, memories: &[StudyMemory]) -> Result<(), StoreError> {
    let sql = "INSERT INTO study_memory (study, card, digest) VALUES (?1, ?2, ?3)
               ON CONFLICT (study) DO UPDATE SET
                   card = COALESCE(excluded.card, card), digest = COALESCE(excluded.digest, digest)";
    let mut statement = conn.prepare_cached(sql)?;
    for StudyMemory { study, card, digest } in memories {
        statement.execute((study.as_str(), card, digest))?;
    }
    Ok(())
}
