//! One append: findings and events linked to the head of the chain, under the write lock.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction};
use serde::Serialize;

use crate::domain::finding::Finding;
use crate::domain::uid::StudyUid;
use crate::review::event::{Change, ReviewEvent};
use crate::store::anchor::AnchorState;
use crate::store::chain::{Hash, Head, Link};
use crate::store::error::StoreError;
use crate::store::json::{self, hex};
use crate::store::rows;

/// Kind of the store's own event that ties a finding's content into the chain.
pub(crate) const FINDING_STORED: &str = "finding_stored";
/// Kind of the store's own event that remembers that the anchor was gone.
pub(crate) const ANCHOR_RENEWED: &str = "anchor_renewed";
/// Who the store's own events are by.
const STORE_ACTOR: &str = "overread";

/// Body of a `finding_stored` event.
#[derive(Serialize)]
struct FindingStored<'a> {
    finding: &'a str,
    content_sha256: String,
}

/// One row of the chain as it lies in the table.
pub(crate) struct ChainRow {
    pub seq: i64,
    pub event_id: String,
    pub study: String,
    pub prev_hash: Vec<u8>,
    pub hash: Vec<u8>,
    pub kind: String,
    pub actor: String,
    pub wall_utc: String,
    pub body: String,
}

impl ChainRow {
    pub const COLUMNS: &str = "seq, event_id, study, prev_hash, hash, kind, actor, wall_utc, body";

    pub fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            event_id: row.get(1)?,
            study: row.get(2)?,
            prev_hash: row.get(3)?,
            hash: row.get(4)?,
            kind: row.get(5)?,
            actor: row.get(6)?,
            wall_utc: row.get(7)?,
            body: row.get(8)?,
        })
    }

    /// What its hash should be.
    pub fn expected_hash(&self) -> Option<Hash> {
        let Self { seq, event_id, study, prev_hash, hash: _, kind, actor, wall_utc, body } = self;
        let prev: &Hash = prev_hash.as_slice().try_into().ok()?;
        Some(Link { seq: *seq, event_id, study, kind, actor, wall_utc, body }.hash(prev))
    }
}

/// What is wrong with the record's end, as seen from the anchor; `None` when nothing is.
pub(crate) fn check_anchor(conn: &Connection, anchored: AnchorState) -> Result<Option<String>, StoreError> {
    let AnchorState::At(anchored) = anchored else {
        return Ok(None);
    };
    if anchored.seq == 0 {
        return Ok(None);
    }
    let (last, n_events): (i64, i64) =
        conn.query_row("SELECT COALESCE(MAX(seq), 0), COUNT(*) FROM event WHERE seq <= ?1", [anchored.seq], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if last < anchored.seq {
        let lost = anchored.seq - last;
        return Ok(Some(format!("the last events are missing: it ends {lost} before event {}", anchored.seq)));
    }
    let sql = "SELECT hash FROM event WHERE seq = ?1";
    let hash: Vec<u8> = conn.query_row(sql, [anchored.seq], |row| row.get(0))?;
    if hash != anchored.hash || n_events != anchored.count {
        return Ok(Some(format!("event {} is not the one that was written", anchored.seq)));
    }
    Ok(None)
}

pub(crate) fn head(conn: &Connection) -> Result<Head, StoreError> {
    let sql = format!("SELECT {} FROM event ORDER BY seq DESC LIMIT 1", ChainRow::COLUMNS);
    let Some(row) = conn.prepare_cached(&sql)?.query_row((), ChainRow::read).optional()? else {
        return Ok(Head::EMPTY);
    };
    let altered = || StoreError::Altered { detail: format!("event {} is not the one that was written", row.seq) };
    let hash = row.expected_hash().filter(|hash| row.hash == hash).ok_or_else(altered)?;
    // Without a hole the number is the count; `verify` finds holes.
    Ok(Head { seq: row.seq, hash, count: row.seq })
}

/// Links new rows to the chain inside one transaction.
pub(crate) struct Appender<'a> {
    tx: &'a Transaction<'a>,
    head: Head,
    wall_utc: String,
    has_written: bool,
    /// Events follow for which the anchor had vanished.
    anchor_is_gone: bool,
}

impl<'a> Appender<'a> {
    pub fn begin(tx: &'a Transaction<'a>, anchored: AnchorState) -> Result<Self, StoreError> {
        if let Some(detail) = check_anchor(tx, anchored)? {
            return Err(StoreError::Altered { detail });
        }
        let head = head(tx)?;
        let anchor_is_gone = head.seq > 0 && !matches!(anchored, AnchorState::At(_));
        Ok(Self { tx, head, wall_utc: now_utc(), has_written: false, anchor_is_gone })
    }

    /// The new head; `None` when all was stored already.
    pub fn finish(self) -> Result<Option<Head>, StoreError> {
        Ok(self.has_written.then_some(self.head))
    }

    pub fn finding(&mut self, finding: &Finding) -> Result<(), StoreError> {
        let (study, id) = (finding.subject.study.as_str(), finding.id.as_str());
        if study.is_empty() || id.is_empty() {
            return Err(StoreError::Unwritable);
        }
        if self.has_finding(study, id)? {
            return Ok(());
        }
        let row = rows::encode(finding).ok_or(StoreError::Unwritable)?;
        for blob in &row.blobs {
            let sql = "INSERT INTO blob (sha256, encoding, bytes) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            self.tx.prepare_cached(sql)?.execute((blob.sha256, blob.encoding, &blob.bytes))?;
        }
        let body = FindingStored { finding: id, content_sha256: hex::encode(&row.content_sha256) };
        let body = json::canonical(&body).ok_or(StoreError::Unwritable)?;
        let event_id = format!("{FINDING_STORED}:{study}:{id}");
        self.link(&event_id, study, FINDING_STORED, STORE_ACTOR, &body)?;
        let sql = "INSERT INTO finding (study, finding_id, seq, content_sha256, content) VALUES (?1, ?2, ?3, ?4, ?5)";
        let values = (study, id, self.head.seq, row.content_sha256, row.content);
        self.tx.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    pub fn event(&mut self, study: &StudyUid, event: &ReviewEvent) -> Result<(), StoreError> {
        let study = study.as_str();
        let body = json::canonical(event).ok_or(StoreError::Unwritable)?;
        let is_readable = json::parse::<ReviewEvent>(&body).is_some();
        if study.is_empty() || event.id.is_empty() || !is_readable {
            return Err(StoreError::Unwritable);
        }
        let sql = "SELECT study = ?2 AND body = ?3 FROM event WHERE event_id = ?1";
        let mut statement = self.tx.prepare_cached(sql)?;
        let is_same = statement.query_row((event.id.as_str(), study, &body), |row| row.get::<_, bool>(0)).optional()?;
        match is_same {
            Some(true) => return Ok(()),
            Some(false) => return Err(StoreError::EventConflict),
            None => {}
        }
        for finding in event.findings() {
            if !self.has_finding(study, finding.as_str())? {
                return Err(StoreError::UnknownFinding);
            }
        }
        if let Change::Undone { event: target } | Change::Redone { event: target } = &event.change {
            let sql = "SELECT 1 FROM event WHERE event_id = ?1 AND study = ?2";
            if !self.tx.prepare_cached(sql)?.exists((target.as_str(), study))? {
                return Err(StoreError::UnknownEvent);
            }
        }
        self.link(event.id.as_str(), study, event.kind(), event.reader.as_str(), &body)
    }

    fn has_finding(&self, study: &str, id: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM finding WHERE study = ?1 AND finding_id = ?2";
        Ok(self.tx.prepare_cached(sql)?.exists((study, id))?)
    }

    fn link(&mut self, event_id: &str, study: &str, kind: &str, actor: &str, body: &str) -> Result<(), StoreError> {
        if self.anchor_is_gone {
            self.anchor_is_gone = false;
            let id = format!("{ANCHOR_RENEWED}:{}", self.head.seq + 1);
            self.link(&id, "", ANCHOR_RENEWED, STORE_ACTOR, "{}")?;
        }
        let wall_utc = self.wall_utc.clone();
        let seq = self.head.seq + 1;
        let hash = Link { seq, event_id, study, kind, actor, wall_utc: &wall_utc, body }.hash(&self.head.hash);
        let sql = format!("INSERT INTO event ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", ChainRow::COLUMNS);
        let values = (seq, event_id, study, self.head.hash, hash, kind, actor, wall_utc, body);
        self.tx.prepare_cached(&sql)?.execute(values)?;
        self.head = Head { seq, hash, count: self.head.count + 1 };
        self.has_written = true;
        Ok(())
    }
}

/// The store's own clock: when it wrote, which may differ from when the reader decided.
pub(crate) fn now_utc() -> String {
    jiff::Timestamp::now().to_string()
}
