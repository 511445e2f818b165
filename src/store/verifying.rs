//! Reads the whole record and says where it is not what was written.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde::Deserialize;

use crate::store::anchor::AnchorState;
use crate::store::appending::{self, ANCHOR_RENEWED, ChainRow, FINDING_STORED};
use crate::store::chain::{ChainProblem, ChainReport, GENESIS, Hash, Head};
use crate::store::error::StoreError;
use crate::store::json::{self, hex};
use crate::store::migrations::GUARDS;
use crate::store::reading;
use crate::store::rows::Decoder;

/// Findings by place in the chain: what the chain says of them.
type Promised = BTreeMap<i64, (String, FindingStored)>;

#[derive(Deserialize)]
struct FindingStored {
    finding: String,
    #[serde(with = "hex")]
    content_sha256: Hash,
}

#[derive(Default)]
struct Findings {
    problems: Vec<ChainProblem>,
    remarks: Vec<String>,
}

impl Findings {
    fn problem(&mut self, seq: impl Into<Option<i64>>, text: impl Into<String>) {
        self.problems.push(ChainProblem { seq: seq.into(), text: text.into() });
    }
}

pub(crate) fn verify(conn: &Connection, anchored: AnchorState) -> Result<ChainReport, StoreError> {
    let mut found = Findings::default();
    check_pages(conn, &mut found)?;
    check_guards(conn, &mut found)?;
    let (head, promised) = walk_chain(conn, &mut found)?;
    let n_findings = check_findings(conn, &promised, &mut found)?;
    check_end(conn, anchored, &head, &mut found)?;
    let Findings { problems, remarks } = found;
    Ok(ChainReport { head, n_findings, problems, remarks })
}

fn check_pages(conn: &Connection, found: &mut Findings) -> Result<(), StoreError> {
    let answer: String = conn.query_row("PRAGMA quick_check(1)", (), |row| row.get(0))?;
    if answer != "ok" {
        found.problem(None, "The file's pages are damaged.");
    }
    Ok(())
}

fn check_guards(conn: &Connection, found: &mut Findings) -> Result<(), StoreError> {
    let mut statement = conn.prepare("SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = ?1")?;
    for guard in GUARDS {
        if !statement.exists([guard])? {
            found.problem(None, format!("The guard '{guard}' against changes was removed."));
        }
    }
    Ok(())
}

fn walk_chain(conn: &Connection, found: &mut Findings) -> Result<(Head, Promised), StoreError> {
    let mut head = Head::EMPTY;
    let mut promised = Promised::new();
    let mut statement = conn.prepare(&format!("SELECT {} FROM event ORDER BY seq", ChainRow::COLUMNS))?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        if seq != head.seq + 1 {
            found.problem(seq, format!("Event {seq} follows event {}: those between are missing.", head.seq));
        }
        let Ok(row) = ChainRow::read(row) else {
            found.problem(seq, format!("Event {seq} cannot be read."));
            head = Head { seq, hash: GENESIS, count: head.count + 1 };
            continue;
        };
        if row.prev_hash != head.hash {
            found.problem(seq, format!("Event {seq} does not follow the one before it."));
        }
        if row.expected_hash().is_none_or(|hash| row.hash != hash) {
            found.problem(seq, format!("Event {seq} is not what was written."));
        }
        // The stored hash goes on, so that one change is one problem and not one for each event after it.
        let hash = Hash::try_from(row.hash.as_slice()).unwrap_or(GENESIS);
        head = Head { seq, hash, count: head.count + 1 };
        match row.kind.as_str() {
            FINDING_STORED => match json::parse(&row.body) {
                Some(stored) => drop(promised.insert(seq, (row.study, stored))),
                None => found.problem(seq, format!("Event {seq} cannot be read.")),
            },
            ANCHOR_RENEWED => found.remarks.push(format!(
                "The anchor was missing when event {seq} was written; events that had followed could have been removed."
            )),
            _ => {}
        }
    }
    Ok((head, promised))
}

fn check_findings(conn: &Connection, promised: &Promised, found: &mut Findings) -> Result<u64, StoreError> {
    let sql = "SELECT seq, study, finding_id, content, content_sha256 FROM finding ORDER BY seq";
    let mut statement = conn.prepare(sql)?;
    let mut rows = statement.query(())?;
    let mut decoder = Decoder::default();
    let mut n_findings = 0;
    let mut there = BTreeMap::new();
    while let Some(row) = rows.next()? {
        n_findings += 1;
        let (seq, study, id): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (content, hash): (String, Vec<u8>) = (row.get(3)?, row.get(4)?);
        there.insert(seq, ());
        let is_promised = promised.get(&seq).is_some_and(|(promised_study, stored)| {
            *promised_study == study && stored.finding == id && stored.content_sha256 == hash.as_slice()
        });
        if !is_promised {
            found.problem(seq, format!("The finding at event {seq} is not the one that was stored."));
        }
        match decoder.decode(&content, &hash, &mut |hash| reading::blob(conn, hash)) {
            Ok(finding) if finding.id.as_str() == id && finding.subject.study.as_str() == study => {}
            Ok(_) => found.problem(seq, format!("The finding at event {seq} bears another's name.")),
            Err(flaw) => found.problem(seq, format!("The finding at event {seq} is damaged: {flaw}.")),
        }
    }
    for seq in promised.keys().filter(|seq| !there.contains_key(seq)) {
        found.problem(*seq, format!("The finding stored at event {seq} is missing."));
    }
    Ok(n_findings)
}

fn check_end(conn: &Connection, anchored: AnchorState, head: &Head, found: &mut Findings) -> Result<(), StoreError> {
    if let Some(detail) = appending::check_anchor(conn, anchored)? {
        found.problem(head.seq, format!("By its anchor, {detail}."));
    }
    match anchored {
        AnchorState::Missing if head.seq > 0 => {
            found.problem(None, "The anchor is missing: nobody can tell whether the newest events were removed.");
        }
        AnchorState::Unreadable => found.problem(None, "The anchor cannot be read."),
        AnchorState::At(anchored) if anchored.seq < head.seq => {
            let n_ahead = head.seq - anchored.seq;
            found.remarks.push(format!("The record is {n_ahead} events ahead of its anchor, as after a crash."));
        }
        AnchorState::At(_) | AnchorState::Missing => {}
    }
    Ok(())
}
