//! Two desks on one study: what a writer knew, and what somebody else had decided meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::uid::{AnnotationId, EventId, FindingId, ReaderName, StudyUid};
use crate::review::event::{Change, ReviewEvent};
use crate::review::session::ReviewSession;
use crate::store::chain::Head;
use crate::store::error::StoreError;
use crate::store::own_events::OWN_KINDS;
use crate::store::reading;
use crate::store::sql::{Sql, values};

/// What a desk knew of a study when it decided: everything up to `version`, and its own events since.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    /// As `ReviewStore::load` gave it; 0 before anything was kept.
    pub version: i64,
    pub own: BTreeSet<EventId>,
}

/// An append that was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Others have written to the study since; nothing of it touches what was kept now.
    pub has_unseen: bool,
    pub head: Head,
}

/// One event that was not put in force, because another about the same thing was there first.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    pub event: EventId,
    /// The finding both are about; `None` for an annotation.
    pub finding: Option<FindingId>,
    pub theirs: ReviewEvent,
}

/// What an event changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    Finding(FindingId),
    Annotation(AnnotationId),
}

/// What others have written to a study since a desk last looked.
pub(crate) struct Unseen {
    events: Vec<ReviewEvent>,
    touched: BTreeMap<Thing, usize>,
}

impl Unseen {
    pub fn since(
        sql: &dyn Sql,
        study: &StudyUid,
        basis: &Basis,
        submitted: &[ReviewEvent],
    ) -> Result<Self, StoreError> {
        let text = format!(
            "SELECT seq, body FROM event WHERE study = ?1 AND seq > ?2 AND kind NOT IN {OWN_KINDS} ORDER BY seq"
        );
        let submitted: BTreeSet<&EventId> = submitted.iter().map(|event| &event.id).collect();
        let mut unseen = Self { events: Vec::new(), touched: BTreeMap::new() };
        for row in sql.rows(&text, values![study.as_str(), basis.version])? {
            let event = reading::event(row.int(0)?, row.text(1)?)?;
            if basis.own.contains(&event.id) || submitted.contains(&event.id) {
                continue;
            }
            for thing in things(sql, &event)? {
                unseen.touched.insert(thing, unseen.events.len());
            }
            unseen.events.push(event);
        }
        Ok(unseen)
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// What of the submitted events is about something that somebody else has changed. Independent readings are in
    /// nobody's way.
    pub fn conflicts(
        &self,
        sql: &dyn Sql,
        study: &StudyUid,
        submitted: &[ReviewEvent],
    ) -> Result<Vec<Conflict>, StoreError> {
        let mut conflicts = Vec::new();
        for event in submitted {
            let hit = things(sql, event)?.into_iter().find_map(|thing| Some((self.touched.get(&thing)?, thing)));
            let Some((theirs, thing)) = hit.and_then(|(index, thing)| Some((self.events.get(*index)?, thing))) else {
                continue;
            };
            let finding = if let Thing::Finding(finding) = thing { Some(finding) } else { None };
            let conflict = Conflict { event: event.id.clone(), finding, theirs: theirs.clone() };
            conflicts.push((event.reader.clone(), conflict));
        }
        if conflicts.is_empty() {
            return Ok(Vec::new());
        }
        let session = session(sql, study, submitted)?;
        let is_independent =
            |reader: &ReaderName| session.course().reading(reader).is_some_and(|reading| reading.is_independent);
        let is_apart =
            |ours: &ReaderName, theirs: &ReaderName| ours != theirs && (is_independent(ours) || is_independent(theirs));
        conflicts.retain(|(reader, conflict)| !is_apart(reader, &conflict.theirs.reader));
        Ok(conflicts.into_iter().map(|(_, conflict)| conflict).collect())
    }
}

/// The study's review with what is submitted behind it.
fn session(sql: &dyn Sql, study: &StudyUid, submitted: &[ReviewEvent]) -> Result<ReviewSession, StoreError> {
    let (mut events, _) = reading::events(sql, study)?;
    let known: BTreeSet<EventId> = events.iter().map(|event| event.id.clone()).collect();
    events.extend(submitted.iter().filter(|event| !known.contains(&event.id)).cloned());
    Ok(ReviewSession::replay(study.clone(), Vec::new(), events))
}

/// What of the submitted events would change a study that is signed off for its reader, each against the signature.
pub(crate) fn after_signature(
    sql: &dyn Sql,
    study: &StudyUid,
    submitted: &[ReviewEvent],
) -> Result<Vec<Conflict>, StoreError> {
    let is_signed = "SELECT seq FROM event WHERE study = ?1 AND kind = 'study_signed' LIMIT 1";
    if !submitted.iter().any(is_bound) || !sql.exists(is_signed, values![study.as_str()])? {
        return Ok(Vec::new());
    }
    let (stored, _) = reading::events(sql, study)?;
    let known: BTreeSet<EventId> = stored.iter().map(|event| event.id.clone()).collect();
    let mut conflicts = Vec::new();
    for (index, event) in submitted.iter().enumerate() {
        if !is_bound(event) || known.contains(&event.id) {
            continue;
        }
        // What comes before it in the same append may be the amendment.
        let before: Vec<ReviewEvent> = submitted.iter().take(index).cloned().collect();
        let session = session(sql, study, &before)?;
        let Some(signature) = session.course().closed_for(&event.reader) else { continue };
        let theirs = session.events().iter().find(|logged| logged.event.id == signature.event);
        if let Some(theirs) = theirs.map(|logged| logged.event.clone()) {
            let finding = event.findings().first().cloned();
            conflicts.push(Conflict { event: event.id.clone(), finding, theirs });
        }
    }
    Ok(conflicts)
}

/// Whether a signature closes the study to it: everything that changes what was signed, but for an adjudication, which
/// stands beside it.
fn is_bound(event: &ReviewEvent) -> bool {
    match &event.change {
        Change::SuggestionsRecorded { .. } | Change::FindingAdjudicated(_) => false,
        Change::Undone { .. } | Change::Redone { .. } => true,
        _ => !direct_things(event).is_empty(),
    }
}

/// What an event changes that somebody else could be changing too; nothing for what is new with it.
fn things(sql: &dyn Sql, event: &ReviewEvent) -> Result<Vec<Thing>, StoreError> {
    Ok(match &event.change {
        Change::Undone { event: target } | Change::Redone { event: target } => {
            let row = sql.row("SELECT seq, body FROM event WHERE event_id = ?1", values![target.as_str()])?;
            let target = row.map(|row| reading::event(row.int(0)?, row.text(1)?)).transpose()?;
            target.iter().flat_map(direct_things).collect()
        }
        _ => direct_things(event),
    })
}

pub(crate) fn direct_things(event: &ReviewEvent) -> Vec<Thing> {
    match &event.change {
        Change::SuggestionsRecorded { .. } => Vec::new(),
        _ => {
            let findings = event.findings().iter().cloned().map(Thing::Finding);
            findings.chain(event.annotation().cloned().map(Thing::Annotation)).collect()
        }
    }
}
