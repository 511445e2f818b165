//! Reads the whole record and says where it is not what was written.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::anchor::AnchorState;
use crate::store::appending;
use crate::store::chain::{ChainProblem, ChainReport, GENESIS, Hash, Head};
use crate::store::chain_row::ChainRow;
use crate::store::error::StoreError;
use crate::store::json;
use crate::store::merging::{self, RecordMerged, check_merged};
use crate::store::own_events::{ANCHOR_RENEWED, DEVICE_ENROLLED, FINDING_STORED, FindingStored, RECORD_MERGED};
use crate::store::reading::{self, BATCH};
use crate::store::rows::Decoder;
use crate::store::signing::{DeviceEnrolled, Devices};
use crate::store::sql::{Sql, values};

/// Findings by place in the chain: what the chain says of them.
type Promised = BTreeMap<i64, (String, FindingStored)>;

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

pub(crate) fn verify(sql: &dyn Sql, anchored: AnchorState) -> Result<ChainReport, StoreError> {
    let mut found = Findings::default();
    for fault in sql.engine_faults()? {
        found.problem(None, fault);
    }
    let mut walk = Walk::default();
    walk.all(sql, &mut found)?;
    let Walk { head, promised, merged, n_signed, n_flagged, .. } = walk;
    check_merged(sql, &merged, &mut found.problems)?;
    if n_flagged > 0 {
        found.remarks.push(format!("{n_flagged} events were written after the clock had been set."));
    }
    let n_findings = check_findings(sql, &promised, &mut found)?;
    check_end(sql, anchored, &head, &mut found)?;
    let Findings { problems, remarks } = found;
    Ok(ChainReport { head, n_findings, n_signed, problems, remarks })
}

/// One pass along the chain.
struct Walk {
    head: Head,
    promised: Promised,
    /// Records that were merged, by the event that says so.
    merged: BTreeMap<i64, RecordMerged>,
    devices: Devices,
    n_signed: u64,
    n_flagged: u64,
}

impl Default for Walk {
    fn default() -> Self {
        let (promised, merged, devices) = (Promised::new(), BTreeMap::new(), Devices::default());
        Self { head: Head::EMPTY, promised, merged, devices, n_signed: 0, n_flagged: 0 }
    }
}

impl Walk {
    fn all(&mut self, sql: &dyn Sql, found: &mut Findings) -> Result<(), StoreError> {
        // Numbers from outside may be below 1.
        let mut after = i64::MIN;
        loop {
            let rows = reading::chain_rows(sql, after, BATCH)?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                after = row.as_ref().map_or_else(|seq| *seq, |row| row.seq);
                self.event(after, row.ok(), found);
            }
        }
    }

    fn event(&mut self, seq: i64, row: Option<ChainRow>, found: &mut Findings) {
        if seq != self.head.seq + 1 {
            found.problem(seq, format!("Event {seq} follows event {}: those between are missing.", self.head.seq));
        }
        let count = self.head.count + 1;
        let Some(row) = row else {
            found.problem(seq, format!("Event {seq} cannot be read."));
            self.head = Head { seq, hash: GENESIS, count };
            return;
        };
        if row.prev_hash != self.head.hash {
            found.problem(seq, format!("Event {seq} does not follow the one before it."));
        }
        if row.expected_hash().is_none_or(|hash| row.hash != hash) {
            found.problem(seq, format!("Event {seq} is not what was written."));
        }
        // The stored hash goes on, so that one change is one problem and not one for each event after it.
        let hash = Hash::try_from(row.hash.as_slice()).unwrap_or(GENESIS);
        self.head = Head { seq, hash, count };
        self.n_flagged += u64::from(row.header.as_ref().is_some_and(|header| !header.clock_flag.is_empty()));
        self.kind(seq, &row, found);
        if let Some(sig) = &row.sig {
            self.n_signed += 1;
            if !self.devices.have_signed(&row.hash, sig) {
                found.problem(seq, format!("Event {seq} does not bear the signature of a known device."));
            }
        }
    }

    fn kind(&mut self, seq: i64, row: &ChainRow, found: &mut Findings) {
        let unreadable = || format!("Event {seq} cannot be read.");
        match row.kind.as_str() {
            FINDING_STORED => match json::parse(&row.body) {
                Some(stored) => drop(self.promised.insert(seq, (row.study.clone(), stored))),
                None => found.problem(seq, unreadable()),
            },
            RECORD_MERGED => match merging::parse(&row.body) {
                Some(merged) => drop(self.merged.insert(seq, merged)),
                None => found.problem(seq, unreadable()),
            },
            DEVICE_ENROLLED => {
                let added = json::parse::<DeviceEnrolled>(&row.body).and_then(|device| self.devices.add(&device));
                if added.is_none() {
                    found.problem(seq, unreadable());
                }
            }
            ANCHOR_RENEWED => found.remarks.push(format!(
                "The anchor was missing when event {seq} was written; events that had followed could have been removed."
            )),
            _ => {}
        }
    }
}

fn check_findings(sql: &dyn Sql, promised: &Promised, found: &mut Findings) -> Result<u64, StoreError> {
    let text = "SELECT seq, study, finding_id, content, content_sha256 FROM finding WHERE seq > ?1
                ORDER BY seq LIMIT ?2";
    let mut decoder = Decoder::default();
    let mut n_findings = 0;
    let mut there = BTreeSet::new();
    let mut after = i64::MIN;
    loop {
        let rows = sql.rows(text, values![after, BATCH])?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            n_findings += 1;
            let (seq, study, id) = (row.int(0)?, row.text(1)?, row.text(2)?);
            let (content, hash) = (row.text(3)?, row.blob(4)?);
            after = seq;
            there.insert(seq);
            let is_promised = promised.get(&seq).is_some_and(|(promised_study, stored)| {
                promised_study == study && stored.finding == id && stored.content_sha256 == hash
            });
            if !is_promised {
                found.problem(seq, format!("The finding at event {seq} is not the one that was stored."));
            }
            match decoder.decode(content, hash, &mut |hash| reading::blob(sql, hash)) {
                Ok(finding) if finding.id.as_str() == id && finding.subject.study.as_str() == study => {}
                Ok(_) => found.problem(seq, format!("The finding at event {seq} bears another's name.")),
                Err(flaw) => found.problem(seq, format!("The finding at event {seq} is damaged: {flaw}.")),
            }
        }
    }
    for seq in promised.keys().filter(|seq| !there.contains(seq)) {
        found.problem(*seq, format!("The finding stored at event {seq} is missing."));
    }
    Ok(n_findings)
}

fn check_end(sql: &dyn Sql, anchored: AnchorState, head: &Head, found: &mut Findings) -> Result<(), StoreError> {
    if let Some(detail) = appending::check_anchor(sql, anchored)? {
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
