//! One append: findings and events linked to the head of the chain, by whoever is alone to write.

use crate::domain::finding::Finding;
use crate::domain::uid::{ReaderName, StudyUid};
use crate::review::event::{Change, ReviewEvent};
use crate::store::access_note::AccessNote;
use crate::store::anchor::AnchorState;
use crate::store::chain::{Head, Header, Link};
use crate::store::chain_row::ChainRow;
use crate::store::clock::{self, Moment};
use crate::store::conflict::Conflict;
use crate::store::error::StoreError;
use crate::store::json;
use crate::store::own_events::{
    ANCHOR_RENEWED, DECISION_CONFLICTED, DecisionConflicted, FINDING_STORED, FindingStored, STORE_ACTOR, STORE_ROLE,
};
use crate::store::rows;
use crate::store::signing::Signer;
use crate::store::sql::{Sql, values};

/// The role of a reader whose event names none.
const READER_ROLE: &str = "reader";

/// What is wrong with the record's end, as seen from the anchor; `None` when nothing is.
pub(crate) fn check_anchor(sql: &dyn Sql, anchored: AnchorState) -> Result<Option<String>, StoreError> {
    let AnchorState::At(anchored) = anchored else {
        return Ok(None);
    };
    if anchored.seq == 0 {
        return Ok(None);
    }
    let text = "SELECT COALESCE(MAX(seq), 0), COUNT(*) FROM event WHERE seq <= ?1";
    let Some(row) = sql.row(text, values![anchored.seq])? else { return Ok(None) };
    let (last, n_events) = (row.int(0)?, row.int(1)?);
    if last < anchored.seq {
        let lost = anchored.seq - last;
        return Ok(Some(format!("the last events are missing: it ends {lost} before event {}", anchored.seq)));
    }
    let row = sql.row("SELECT hash FROM event WHERE seq = ?1", values![anchored.seq])?;
    let is_same = row.is_some_and(|row| row.blob(0).is_ok_and(|hash| hash == anchored.hash));
    if !is_same || n_events != anchored.count {
        return Ok(Some(format!("event {} is not the one that was written", anchored.seq)));
    }
    Ok(None)
}

pub(crate) fn head(sql: &dyn Sql) -> Result<Head, StoreError> {
    let text = format!("SELECT {} FROM event ORDER BY seq DESC LIMIT 1", ChainRow::COLUMNS);
    let Some(row) = sql.row(&text, &[])? else {
        return Ok(Head::EMPTY);
    };
    let row = ChainRow::read(&row)?;
    let altered = || StoreError::Altered { detail: format!("event {} is not the one that was written", row.seq) };
    let hash = row.expected_hash().filter(|hash| row.hash == hash).ok_or_else(altered)?;
    // Without a hole the number is the count; `verify` finds holes.
    Ok(Head { seq: row.seq, hash, count: row.seq })
}

/// When this machine wrote last, as far as the newest events tell.
pub(crate) fn last_moment_here(sql: &dyn Sql) -> Result<Option<Moment>, StoreError> {
    let text = "SELECT wall_utc, tz_offset_s, mono_ns, boot_id, host FROM event WHERE layout = 2
                ORDER BY seq DESC LIMIT 50";
    let host = clock::host_name();
    for row in sql.rows(text, &[])? {
        if row.text(4)? == host {
            let Ok(wall) = row.text(0)?.parse() else { return Ok(None) };
            let (tz_offset_s, mono_ns) = (row.int(1)?, row.int(2)?);
            return Ok(Some(Moment { wall, tz_offset_s, mono_ns, boot_id: row.text(3)?.to_owned() }));
        }
    }
    Ok(None)
}

/// What an append needs besides the connection.
pub(crate) struct Appending<'a> {
    pub anchored: AnchorState,
    pub before: Option<&'a Moment>,
    pub now: &'a Moment,
    pub signer: Option<&'a Signer>,
}

/// Links new rows to the chain inside one transaction.
pub(crate) struct Appender<'a> {
    pub sql: &'a dyn Sql,
    head: Head,
    wall_utc: String,
    of_reader: Header,
    signer: Option<&'a Signer>,
    has_written: bool,
    /// Events follow for which the anchor had vanished.
    anchor_is_gone: bool,
}

/// One event to be linked.
pub(crate) struct Entry<'a> {
    pub event_id: &'a str,
    pub study: &'a str,
    pub kind: &'a str,
    pub actor: &'a str,
    pub role: &'a str,
    pub body: &'a str,
}

impl<'a> Appender<'a> {
    pub fn begin(sql: &'a dyn Sql, with: &Appending<'a>) -> Result<Self, StoreError> {
        let Appending { anchored, before, now, signer } = with;
        if let Some(detail) = check_anchor(sql, *anchored)? {
            return Err(StoreError::Altered { detail });
        }
        let head = head(sql)?;
        Ok(Self {
            sql,
            head,
            wall_utc: now.wall.to_string(),
            of_reader: clock::header(READER_ROLE, *before, now),
            signer: *signer,
            has_written: false,
            anchor_is_gone: head.seq > 0 && !matches!(anchored, AnchorState::At(_)),
        })
    }

    pub fn head(&self) -> Head {
        self.head
    }

    /// Whether anything was written; false when all was stored already.
    pub fn has_written(&self) -> bool {
        self.has_written
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
        self.finding_row(study, id, &row)
    }

    pub fn finding_row(&mut self, study: &str, id: &str, row: &rows::FindingRow) -> Result<(), StoreError> {
        for blob in &row.blobs {
            let text = "INSERT INTO blob (sha256, encoding, bytes) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            self.sql.execute(text, values![blob.sha256, &*blob.encoding, blob.bytes.as_slice()])?;
        }
        let body = FindingStored { finding: id.to_owned(), content_sha256: row.content_sha256 };
        let event_id = format!("{FINDING_STORED}:{study}:{id}");
        self.own(&event_id, study, FINDING_STORED, STORE_ACTOR, &body)?;
        let text = "INSERT INTO finding (study, finding_id, seq, content_sha256, content) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.sql.execute(text, values![study, id, self.head.seq, row.content_sha256, row.content.as_str()])?;
        Ok(())
    }

    /// Whether the event is stored already; an error when another is stored under its identity.
    pub fn has_event(&self, study: &StudyUid, event: &ReviewEvent) -> Result<bool, StoreError> {
        let row = self.sql.row("SELECT study, body FROM event WHERE event_id = ?1", values![event.id.as_str()])?;
        let Some(row) = row else { return Ok(false) };
        let body = json::canonical(event).ok_or(StoreError::Unwritable)?;
        if row.text(0)? == study.as_str() && row.text(1)? == body { Ok(true) } else { Err(StoreError::EventConflict) }
    }

    pub fn event(&mut self, study: &StudyUid, event: &ReviewEvent) -> Result<(), StoreError> {
        self.event_as(study, event, None)
    }

    /// An event by somebody in a role of their own; a reader where none is given.
    pub fn event_as(&mut self, study: &StudyUid, event: &ReviewEvent, role: Option<&str>) -> Result<(), StoreError> {
        let body = json::canonical(event).ok_or(StoreError::Unwritable)?;
        let is_readable = json::parse::<ReviewEvent>(&body).is_some();
        if study.is_empty() || event.id.is_empty() || !is_readable {
            return Err(StoreError::Unwritable);
        }
        if self.has_event(study, event)? {
            return Ok(());
        }
        let study = study.as_str();
        for finding in event.findings() {
            if !self.has_finding(study, finding.as_str())? {
                return Err(StoreError::UnknownFinding);
            }
        }
        if let Change::Undone { event: target } | Change::Redone { event: target } = &event.change {
            let text = "SELECT seq FROM event WHERE event_id = ?1 AND study = ?2";
            if !self.sql.exists(text, values![target.as_str(), study])? {
                return Err(StoreError::UnknownEvent);
            }
        }
        self.link(&Entry {
            event_id: event.id.as_str(),
            study,
            kind: event.kind(),
            actor: event.reader.as_str(),
            role: role.unwrap_or(READER_ROLE),
            body: &body,
        })
    }

    /// Who looked, or took something out.
    pub fn access(
        &mut self,
        event_id: &str,
        study: &StudyUid,
        reader: &ReaderName,
        note: &AccessNote,
    ) -> Result<(), StoreError> {
        if self.sql.exists("SELECT seq FROM event WHERE event_id = ?1", values![event_id])? {
            return Ok(());
        }
        let body = json::canonical(note).ok_or(StoreError::Unwritable)?;
        let (study, kind, actor) = (study.as_str(), note.kind(), reader.as_str());
        self.link(&Entry { event_id, study, kind, actor, role: READER_ROLE, body: &body })
    }

    /// Keeps a decision that came too late beside the one that was there first.
    pub fn conflicted(&mut self, study: &StudyUid, event: &ReviewEvent, conflict: &Conflict) -> Result<(), StoreError> {
        let event_id = format!("{DECISION_CONFLICTED}:{}", event.id);
        if self.sql.exists("SELECT seq FROM event WHERE event_id = ?1", values![event_id.as_str()])? {
            return Ok(());
        }
        let body = DecisionConflicted { event: event.clone(), against: conflict.theirs.id.as_str().to_owned() };
        self.own(&event_id, study.as_str(), DECISION_CONFLICTED, event.reader.as_str(), &body)
    }

    /// One of the store's own events.
    pub fn own(
        &mut self,
        event_id: &str,
        study: &str,
        kind: &str,
        actor: &str,
        body: &impl serde::Serialize,
    ) -> Result<(), StoreError> {
        let body = json::canonical(body).ok_or(StoreError::Unwritable)?;
        self.link(&Entry { event_id, study, kind, actor, role: STORE_ROLE, body: &body })
    }

    pub fn has_finding(&self, study: &str, id: &str) -> Result<bool, StoreError> {
        self.sql.exists("SELECT seq FROM finding WHERE study = ?1 AND finding_id = ?2", values![study, id])
    }

    pub fn link(&mut self, entry: &Entry<'_>) -> Result<(), StoreError> {
        if self.anchor_is_gone {
            self.anchor_is_gone = false;
            let id = format!("{ANCHOR_RENEWED}:{}", self.head.seq + 1);
            self.own(&id, "", ANCHOR_RENEWED, STORE_ACTOR, &serde_json::Map::new())?;
        }
        let Entry { event_id, study, kind, actor, role, body } = entry;
        let header = Header { actor_role: (*role).to_owned(), ..self.of_reader.clone() };
        let (seq, wall_utc) = (self.head.seq + 1, self.wall_utc.clone());
        let link = Link { seq, event_id, study, kind, actor, wall_utc: &wall_utc, body, header: Some(&header) };
        let hash = link.hash(&self.head.hash);
        let row = ChainRow {
            seq,
            event_id: (*event_id).to_owned(),
            study: (*study).to_owned(),
            prev_hash: self.head.hash.to_vec(),
            hash: hash.to_vec(),
            kind: (*kind).to_owned(),
            actor: (*actor).to_owned(),
            wall_utc,
            body: (*body).to_owned(),
            header: Some(header),
            sig: self.signer.map(|signer| signer.sign(&hash).to_vec()),
        };
        let text = format!("INSERT INTO event ({}) VALUES ({})", ChainRow::COLUMNS, ChainRow::PLACES);
        self.sql.execute(&text, &row.values())?;
        self.head = Head { seq, hash, count: self.head.count + 1 };
        self.has_written = true;
        Ok(())
    }
}
