//! Another record into this one: its events follow ours, its own chain is kept beside so that it can still be checked.
//!
//! What both have is passed over by its identity. Where both have decided the same thing apart from each other, ours
//! stays in force and theirs is kept as a conflict, for a reader to decide again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::uid::StudyUid;
use crate::review::event::{Change, ReviewEvent};
use crate::store::appending::Appender;
use crate::store::chain::{ChainProblem, GENESIS, Hash, Head};
use crate::store::chain_row::ChainRow;
use crate::store::conflict::{Conflict, Thing, direct_things};
use crate::store::error::StoreError;
use crate::store::json;
use crate::store::json::hex;
use crate::store::own_events::{OWN_KINDS, RECORD_MERGED, STORE_ACTOR};
use crate::store::reading::{self, BATCH};
use crate::store::rows::{BlobRow, FindingRow};
use crate::store::sql::{Sql, Value, values};

/// A whole record, read to be merged into another.
pub struct Parcel {
    pub(crate) head: Head,
    pub(crate) events: Vec<ChainRow>,
    pub(crate) findings: Vec<ParcelFinding>,
}

pub(crate) struct ParcelFinding {
    pub study: String,
    pub id: String,
    pub row: FindingRow,
}

/// What came of a merge.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Merged {
    pub n_events: u64,
    /// Were here already.
    pub n_duplicates: u64,
    pub n_findings: u64,
    pub conflicts: Vec<MergeConflict>,
}

/// Something on which the records differ; ours stays in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MergeConflict {
    pub study: StudyUid,
    /// The identity of their event or finding.
    pub theirs: String,
    /// The identity of ours.
    pub ours: String,
    pub text: String,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct RecordMerged {
    #[serde(with = "hex")]
    pub source: Hash,
    pub count: i64,
}

/// Reads all of a record.
pub(crate) fn pack(sql: &dyn Sql) -> Result<Parcel, StoreError> {
    let (mut events, mut after) = (Vec::new(), 0);
    loop {
        let rows = reading::chain_rows(sql, after, BATCH)?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let row = row.map_err(|seq| StoreError::Damaged { detail: format!("event {seq} cannot be read") })?;
            after = row.seq;
            events.push(row);
        }
    }
    let mut findings = Vec::new();
    for row in sql.rows("SELECT study, finding_id, content, content_sha256 FROM finding ORDER BY seq", &[])? {
        let content = row.text(2)?.to_owned();
        let content_sha256 = row.blob(3)?.try_into().map_err(|_| damaged_finding())?;
        let mut blobs = Vec::new();
        for sha256 in crate::store::rows::blob_hashes(&content).ok_or_else(damaged_finding)? {
            let found = sql.row("SELECT encoding, bytes FROM blob WHERE sha256 = ?1", values![sha256])?;
            let found = found.ok_or_else(damaged_finding)?;
            blobs.push(BlobRow { sha256, encoding: found.text(0)?.to_owned().into(), bytes: found.blob(1)?.to_vec() });
        }
        let (study, id) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        findings.push(ParcelFinding { study, id, row: FindingRow { content, content_sha256, blobs } });
    }
    let head = events.last().map_or(Ok(Head::EMPTY), |last| {
        let hash = Hash::try_from(last.hash.as_slice()).map_err(|_| damaged_finding())?;
        Ok::<_, StoreError>(Head { seq: last.seq, hash, count: last.seq })
    })?;
    Ok(Parcel { head, events, findings })
}

fn damaged_finding() -> StoreError {
    StoreError::Damaged { detail: "a finding of the other record cannot be read".to_owned() }
}

/// Inside one append.
pub(crate) fn merge(appender: &mut Appender<'_>, parcel: &Parcel) -> Result<Merged, StoreError> {
    let mut merged = Merged::default();
    let source = hex::encode(&parcel.head.hash);
    let event_id = format!("{RECORD_MERGED}:{source}");
    let is_known = "SELECT seq FROM event WHERE event_id = ?1";
    if parcel.head.seq == 0 || appender.sql.exists(is_known, values![event_id.as_str()])? {
        merged.n_duplicates = u64::try_from(parcel.events.len()).unwrap_or(0);
        return Ok(merged);
    }
    appender.own(
        &event_id,
        "",
        RECORD_MERGED,
        STORE_ACTOR,
        &RecordMerged { source: parcel.head.hash, count: parcel.head.count },
    )?;
    keep_chain(appender.sql, &source, parcel)?;
    for finding in &parcel.findings {
        merge_finding(appender, finding, &mut merged)?;
    }
    let theirs: BTreeSet<&str> = parcel.events.iter().map(|row| row.event_id.as_str()).collect();
    let mut ours = BTreeMap::new();
    for row in parcel.events.iter().filter(|row| is_of_review(&row.kind)) {
        let known = match ours.entry(row.study.clone()) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let study = StudyUid::new(&row.study);
                entry.insert(Ours::of(appender.sql, &study, &theirs)?)
            }
        };
        merge_event(appender, row, known, &mut merged)?;
    }
    Ok(merged)
}

fn is_of_review(kind: &str) -> bool {
    !OWN_KINDS.contains(&format!("'{kind}'"))
}

fn keep_chain(sql: &dyn Sql, source: &str, parcel: &Parcel) -> Result<(), StoreError> {
    let text = format!("INSERT INTO merged_event ({}, source) VALUES ({}, ?19)", ChainRow::COLUMNS, ChainRow::PLACES);
    for row in &parcel.events {
        let mut values = row.values();
        values.push(Value::from(source));
        sql.execute(&text, &values)?;
    }
    Ok(())
}

fn merge_finding(appender: &mut Appender<'_>, finding: &ParcelFinding, merged: &mut Merged) -> Result<(), StoreError> {
    let ParcelFinding { study, id, row } = finding;
    let text = "SELECT content_sha256 FROM finding WHERE study = ?1 AND finding_id = ?2";
    match appender.sql.row(text, values![study.as_str(), id.as_str()])? {
        Some(known) if known.blob(0)? == row.content_sha256 => {}
        Some(_) => merged.conflicts.push(MergeConflict {
            study: StudyUid::new(study),
            theirs: id.clone(),
            ours: id.clone(),
            text: "A finding of the same identity has other content there; ours stays.".to_owned(),
        }),
        None => {
            appender.finding_row(study, id, row)?;
            merged.n_findings += 1;
        }
    }
    Ok(())
}

/// What only our record has done to a study.
struct Ours {
    last: BTreeMap<Thing, ReviewEvent>,
}

impl Ours {
    fn of(sql: &dyn Sql, study: &StudyUid, theirs: &BTreeSet<&str>) -> Result<Self, StoreError> {
        let (events, _) = reading::events(sql, study)?;
        let by_id: BTreeMap<_, _> = events.iter().map(|event| (event.id.clone(), event)).collect();
        let mut last = BTreeMap::new();
        for event in events.iter().filter(|event| !theirs.contains(event.id.as_str())) {
            let about = match &event.change {
                Change::Undone { event: target } | Change::Redone { event: target } => by_id.get(target).copied(),
                _ => Some(event),
            };
            for thing in about.into_iter().flat_map(direct_things) {
                last.insert(thing, event.clone());
            }
        }
        Ok(Self { last })
    }

    /// Our event about the same thing, unless both say the same.
    fn against(&self, sql: &dyn Sql, event: &ReviewEvent) -> Result<Option<(Thing, &ReviewEvent)>, StoreError> {
        let things = match &event.change {
            Change::Undone { event: target } | Change::Redone { event: target } => {
                let row = sql.row("SELECT seq, body FROM event WHERE event_id = ?1", values![target.as_str()])?;
                let target = row.map(|row| reading::event(row.int(0)?, row.text(1)?)).transpose()?;
                target.iter().flat_map(direct_things).collect()
            }
            _ => direct_things(event),
        };
        let hit = things.into_iter().find_map(|thing| self.last.get(&thing).map(|ours| (thing, ours)));
        Ok(hit.filter(|(_, ours)| {
            let verdicts = (ours.decision().map(|d| d.verdict), event.decision().map(|d| d.verdict));
            !matches!(verdicts, (Some(ours), Some(theirs)) if ours == theirs)
        }))
    }
}

fn merge_event(
    appender: &mut Appender<'_>,
    row: &ChainRow,
    ours: &Ours,
    merged: &mut Merged,
) -> Result<(), StoreError> {
    let study = StudyUid::new(&row.study);
    let event = reading::event(row.seq, &row.body)?;
    let mut list = |ours: &str, text: String| {
        let (study, theirs) = (study.clone(), row.event_id.clone());
        merged.conflicts.push(MergeConflict { study, theirs, ours: ours.to_owned(), text });
    };
    match appender.has_event(&study, &event) {
        Ok(true) => {
            merged.n_duplicates += 1;
            return Ok(());
        }
        Err(StoreError::EventConflict) => {
            let text = "An event of the same identity has other content there; ours stays.".to_owned();
            list(row.event_id.as_str(), text);
            return Ok(());
        }
        Ok(false) => {}
        Err(error) => return Err(error),
    }
    if let Some((thing, first)) = ours.against(appender.sql, &event)? {
        let finding = if let Thing::Finding(finding) = thing { Some(finding) } else { None };
        let conflict = Conflict { event: event.id.clone(), finding, theirs: first.clone() };
        appender.conflicted(&study, &event, &conflict)?;
        let text = format!("{} and {} decided the same apart from each other; ours stays.", first.reader, event.reader);
        list(first.id.as_str(), text);
        return Ok(());
    }
    let role = row.header.as_ref().map(|header| header.actor_role.as_str());
    match appender.event_as(&study, &event, role) {
        Ok(()) => merged.n_events += 1,
        // It undoes what was not taken over.
        Err(StoreError::UnknownEvent | StoreError::UnknownFinding) => {
            list("", "It rests on something that was not taken over.".to_owned());
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Whether the chains of merged records are still what they were, each up to the head that our chain names.
pub(crate) fn check_merged(
    sql: &dyn Sql,
    promised: &BTreeMap<i64, RecordMerged>,
    problems: &mut Vec<ChainProblem>,
) -> Result<(), StoreError> {
    for (at, RecordMerged { source, count }) in promised {
        let text = format!("SELECT {} FROM merged_event WHERE source = ?1 ORDER BY seq", ChainRow::COLUMNS);
        let (mut prev, mut n_rows, mut is_sound) = (GENESIS, 0, true);
        for row in sql.rows(&text, values![hex::encode(source)])? {
            n_rows += 1;
            let row = ChainRow::read(&row).ok().filter(|row| row.seq == n_rows && row.prev_hash == prev);
            let hash = row.as_ref().and_then(ChainRow::expected_hash);
            is_sound &= hash.is_some() && row.is_some_and(|row| Some(row.hash) == hash.map(|hash| hash.to_vec()));
            prev = hash.unwrap_or(GENESIS);
        }
        if !is_sound || prev != *source || n_rows != *count {
            let text = format!("The record merged at event {at} is not what it was.");
            problems.push(ChainProblem { seq: Some(*at), text });
        }
    }
    Ok(())
}

/// What a `record_merged` event says.
pub(crate) fn parse(body: &str) -> Option<RecordMerged> {
    json::parse(body)
}
