//! From rows back to findings and events.

use std::sync::Arc;

use serde::Deserialize;

use crate::domain::finding::Finding;
use crate::domain::uid::StudyUid;
use crate::review::event::{EVENT_SCHEMA, ReviewEvent};
use crate::store::StoredStudy;
use crate::store::chain::Hash;
use crate::store::chain_row::ChainRow;
use crate::store::error::StoreError;
use crate::store::json;
use crate::store::own_events::OWN_KINDS;
use crate::store::rows::{Decoder, Flaw};
use crate::store::sql::{Sql, values};

/// Rows read at once where there may be many.
pub(crate) const BATCH: i64 = 1000;

/// In the order in which they were stored.
pub(crate) fn findings(
    sql: &dyn Sql,
    study: &StudyUid,
    decoder: &mut Decoder,
) -> Result<Vec<Arc<Finding>>, StoreError> {
    let text = "SELECT seq, content, content_sha256 FROM finding WHERE study = ?1 ORDER BY seq";
    let mut findings = Vec::new();
    for row in sql.rows(text, values![study.as_str()])? {
        let finding = decoder.decode(row.text(1)?, row.blob(2)?, &mut |hash| blob(sql, hash));
        let seq = row.int(0)?;
        findings.push(Arc::new(finding.map_err(|flaw| damaged(seq, flaw))?));
    }
    Ok(findings)
}

pub(crate) fn blob(sql: &dyn Sql, hash: &Hash) -> Result<Vec<u8>, Flaw> {
    let row = sql.row("SELECT bytes FROM blob WHERE sha256 = ?1", values![*hash]);
    let bytes = row.and_then(|row| row.map(|row| row.blob(0).map(<[u8]>::to_vec)).transpose());
    bytes.map_err(|_| "a mask or map cannot be read")?.ok_or("a mask or map is missing")
}

/// A study's events and the number of the last one.
pub(crate) fn events(sql: &dyn Sql, study: &StudyUid) -> Result<(Vec<ReviewEvent>, i64), StoreError> {
    let text = format!("SELECT seq, body FROM event WHERE study = ?1 AND kind NOT IN {OWN_KINDS} ORDER BY seq");
    let mut events = Vec::new();
    let mut version = 0;
    for row in sql.rows(&text, values![study.as_str()])? {
        version = row.int(0)?;
        events.push(event(version, row.text(1)?)?);
    }
    Ok((events, version))
}

#[derive(Deserialize)]
struct Versioned {
    schema: u32,
}

pub(crate) fn event(seq: i64, body: &str) -> Result<ReviewEvent, StoreError> {
    // The version first: a newer event may have a shape that cannot be read here.
    let Versioned { schema } = json::parse(body).ok_or_else(|| damaged(seq, "it cannot be read"))?;
    if schema > EVENT_SCHEMA {
        return Err(StoreError::Newer { found: schema.into(), known: EVENT_SCHEMA.into() });
    }
    json::parse(body).ok_or_else(|| damaged(seq, "it cannot be read"))
}

fn damaged(seq: i64, flaw: &str) -> StoreError {
    StoreError::Damaged { detail: format!("event {seq}: {flaw}") }
}

pub(crate) fn studies(sql: &dyn Sql) -> Result<Vec<StoredStudy>, StoreError> {
    let text = format!(
        "SELECT event.study, n_events, event.wall_utc
         FROM (SELECT MAX(seq) AS last, COUNT(*) AS n_events FROM event WHERE kind NOT IN {OWN_KINDS} GROUP BY study)
              AS per_study
         JOIN event ON event.seq = last ORDER BY last DESC"
    );
    let mut studies = Vec::new();
    for row in sql.rows(&text, &[])? {
        studies.push(StoredStudy {
            study: StudyUid::new(row.text(0)?),
            n_events: u64::try_from(row.int(1)?).unwrap_or(0),
            last_written_utc: row.text(2)?.to_owned(),
        });
    }
    Ok(studies)
}

/// At most `limit` rows of the chain after `after`, in order.
pub(crate) fn chain_rows(sql: &dyn Sql, after: i64, limit: i64) -> Result<Vec<Result<ChainRow, i64>>, StoreError> {
    let text = format!("SELECT {} FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2", ChainRow::COLUMNS);
    let rows = sql.rows(&text, values![after, limit])?;
    rows.iter().map(|row| Ok(ChainRow::read(row).or(Err(row.int(0)?)))).collect()
}
