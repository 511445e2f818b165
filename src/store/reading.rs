//! From rows back to findings and events.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _};
use serde::Deserialize;

use crate::domain::finding::Finding;
use crate::domain::uid::StudyUid;
use crate::review::event::{EVENT_SCHEMA, ReviewEvent};
use crate::store::StoredStudy;
use crate::store::appending::{ANCHOR_RENEWED, FINDING_STORED};
use crate::store::chain::Hash;
use crate::store::error::StoreError;
use crate::store::json;
use crate::store::rows::{Decoder, Flaw};

/// In the order in which they were stored.
pub(crate) fn findings(
    conn: &Connection,
    study: &StudyUid,
    decoder: &mut Decoder,
) -> Result<Vec<Arc<Finding>>, StoreError> {
    let sql = "SELECT seq, content, content_sha256 FROM finding WHERE study = ?1 ORDER BY seq";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query([study.as_str()])?;
    let mut findings = Vec::new();
    while let Some(row) = rows.next()? {
        let (seq, content, hash): (i64, String, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let finding = decoder.decode(&content, &hash, &mut |hash| blob(conn, hash));
        let finding = finding.map_err(|flaw| damaged(seq, flaw))?;
        findings.push(Arc::new(finding));
    }
    Ok(findings)
}

pub(crate) fn blob(conn: &Connection, hash: &Hash) -> Result<Vec<u8>, Flaw> {
    let bytes = conn
        .prepare_cached("SELECT bytes FROM blob WHERE sha256 = ?1")
        .and_then(|mut statement| statement.query_row([hash], |row| row.get(0)).optional());
    bytes.map_err(|_| "a mask or map cannot be read")?.ok_or("a mask or map is missing")
}

pub(crate) fn events(conn: &Connection, study: &StudyUid) -> Result<Vec<ReviewEvent>, StoreError> {
    let sql = "SELECT seq, body FROM event WHERE study = ?1 AND kind NOT IN (?2, ?3) ORDER BY seq";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query((study.as_str(), FINDING_STORED, ANCHOR_RENEWED))?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let (seq, body): (i64, String) = (row.get(0)?, row.get(1)?);
        events.push(event(seq, &body)?);
    }
    Ok(events)
}

#[derive(Deserialize)]
struct Versioned {
    schema: u32,
}

fn event(seq: i64, body: &str) -> Result<ReviewEvent, StoreError> {
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

pub(crate) fn studies(conn: &Connection) -> Result<Vec<StoredStudy>, StoreError> {
    let sql = "SELECT event.study, n_events, event.wall_utc
               FROM (SELECT MAX(seq) AS last, COUNT(*) AS n_events FROM event
                     WHERE kind NOT IN (?1, ?2) GROUP BY study)
               JOIN event ON event.seq = last ORDER BY last DESC";
    let mut statement = conn.prepare_cached(sql)?;
    let studies = statement.query_map((FINDING_STORED, ANCHOR_RENEWED), |row| {
        let study: String = row.get(0)?;
        Ok(StoredStudy {
            study: StudyUid::new(study),
            n_events: row.get::<_, u32>(1)?.into(),
            last_written_utc: row.get(2)?,
        })
    })?;
    Ok(studies.collect::<Result<_, _>>()?)
}
