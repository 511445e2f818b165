//! What the worklist is made of: every study that the record or the worklist's own memory knows, with what is kept of it
//! beside the record. The memory is convenience: whatever it says of a review, the events say better.

use std::collections::BTreeMap;

use crate::domain::uid::StudyUid;
use crate::store::error::StoreError;
use crate::store::own_events::OWN_KINDS;
use crate::store::sql::{Sql, values};
use crate::store::{StudyMemory, WorklistRow};

/// By study UID.
pub(crate) fn rows(sql: &dyn Sql) -> Result<Vec<WorklistRow>, StoreError> {
    let mut rows: BTreeMap<String, WorklistRow> = BTreeMap::new();
    let text =
        format!("SELECT study, COUNT(*) FROM event WHERE kind NOT IN {OWN_KINDS} AND study <> '' GROUP BY study");
    for row in sql.rows(&text, &[])? {
        let (study, n_events) = (row.text(0)?.to_owned(), u64::try_from(row.int(1)?).unwrap_or(0));
        let known = WorklistRow { study: StudyUid::new(&study), n_events, card: None, digest: None };
        rows.insert(study, known);
    }
    for row in sql.rows("SELECT study, card, digest FROM study_memory", &[])? {
        let study = row.text(0)?.to_owned();
        let empty = || WorklistRow { study: StudyUid::new(&study), n_events: 0, card: None, digest: None };
        let known = rows.entry(study.clone()).or_insert_with(empty);
        let words = |at| if row.is_null(at) { Ok(None) } else { row.text(at).map(|text| Some(text.to_owned())) };
        (known.card, known.digest) = (words(1)?, words(2)?);
    }
    Ok(rows.into_values().collect())
}

/// What is `None` stays as it was.
pub(crate) fn remember(sql: &dyn Sql, memories: &[StudyMemory]) -> Result<(), StoreError> {
    let text = "INSERT INTO study_memory (study, card, digest) VALUES (?1, ?2, ?3)
                ON CONFLICT (study) DO UPDATE SET card = COALESCE(excluded.card, study_memory.card),
                    digest = COALESCE(excluded.digest, study_memory.digest)";
    for StudyMemory { study, card, digest } in memories {
        sql.execute(text, values![study.as_str(), card.as_deref(), digest.as_deref()])?;
    }
    Ok(())
}
