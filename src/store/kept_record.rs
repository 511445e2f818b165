//! The review record over either engine: what is appended, checked, read and verified is the same for both.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::finding::Finding;
use crate::domain::uid::{ReaderName, StudyUid};
use crate::review::event::ReviewEvent;
use crate::store::access_note::AccessNote;
use crate::store::anchor::Anchor;
use crate::store::appending::{self, Appender, Appending};
use crate::store::chain::{ChainReport, Head};
use crate::store::clock::{Clock, Moment};
use crate::store::conflict::{self, Basis, Conflict, Receipt, Unseen};
use crate::store::error::StoreError;
use crate::store::log_entry::LogEntry;
use crate::store::merging::{self, Merged, Parcel};
use crate::store::own_events::DEVICE_ENROLLED;
use crate::store::presence::{self, Presence};
use crate::store::protection::HowKept;
use crate::store::rows::Decoder;
use crate::store::signing::{self, Signer};
use crate::store::sql::{Sql, values};
use crate::store::{MAX_RECENT_PLACES, RecentPlace, ReviewStore, StoredStudy, StudyMemory, StudyRecord, WorklistRow};
use crate::store::{log_entry, reading, verifying, worklist};

/// An open database that can be read as of one moment, and written by one at a time.
pub trait Engine: Sql + Send {
    /// Runs `work` with nobody else writing; all of it is on disk when this returns, or nothing is. An engine that
    /// lost its connection may run it twice.
    fn write(&self, work: &mut dyn FnMut(&dyn Sql) -> Result<(), StoreError>) -> Result<(), StoreError>;

    /// Runs `work` on the record as it was at one moment.
    fn read(&self, work: &mut dyn FnMut(&dyn Sql) -> Result<(), StoreError>) -> Result<(), StoreError>;
}

/// What stands between the caller and an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    Writable,
    ReadOnly {
        why: String,
    },
    /// The record is not what this program wrote; it can be read, and `verify` says where.
    Altered {
        detail: String,
    },
}

/// An engine with the anchor, the clock and the signing key beside it.
pub struct KeptRecord<E> {
    pub(crate) engine: E,
    pub(crate) anchor: Anchor,
    pub(crate) access: Access,
    pub(crate) how_kept: HowKept,
    clock: Arc<dyn Clock>,
    signer: Option<Signer>,
    /// What tells this opening of the record from every other.
    instance: String,
    /// When this machine wrote last.
    before: Option<Moment>,
}

impl<E> fmt::Debug for KeptRecord<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeptRecord({:?})", self.access)
    }
}

impl<E: Engine> KeptRecord<E> {
    pub(crate) fn new(
        engine: E,
        anchor: Anchor,
        access: Access,
        how_kept: HowKept,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let instance = uuid::Uuid::now_v7().to_string();
        let mut record = Self { engine, anchor, access, how_kept, clock, signer: None, instance, before: None };
        // Before the snapshot below, so that another program's append cannot put the anchor ahead of it.
        let anchored = record.anchor.read();
        let mut altered = None;
        let mut before = None;
        record.engine.read(&mut |sql| {
            altered = appending::check_anchor(sql, anchored)?;
            before = appending::last_moment_here(sql).unwrap_or_default();
            Ok(())
        })?;
        record.before = before;
        if let Some(detail) = altered {
            log::error!("the review record was altered from outside: {detail}");
            record.access = Access::Altered { detail };
        }
        Ok(record)
    }

    pub fn access(&self) -> &Access {
        &self.access
    }

    fn check_writable(&self) -> Result<(), StoreError> {
        match &self.access {
            Access::Writable => Ok(()),
            Access::ReadOnly { why } => Err(StoreError::ReadOnly { why: why.clone() }),
            Access::Altered { detail } => Err(StoreError::Altered { detail: detail.clone() }),
        }
    }

    /// Appends with nobody else writing, so that the head read there is the head linked to.
    pub(crate) fn append_with<T>(
        &mut self,
        work: &mut dyn FnMut(&mut Appender<'_>) -> Result<T, StoreError>,
    ) -> Result<(T, Head), StoreError> {
        self.check_writable()?;
        let now = self.clock.now();
        let Self { engine, anchor, signer, before, .. } = self;
        let mut done = None;
        let written = engine.write(&mut |sql| {
            let with =
                Appending { anchored: anchor.read(), before: before.as_ref(), now: &now, signer: signer.as_ref() };
            let mut appender = Appender::begin(sql, &with)?;
            let result = work(&mut appender)?;
            done = Some((result, appender.head(), appender.has_written()));
            Ok(())
        });
        match written {
            Ok(()) => {}
            Err(StoreError::Altered { detail }) => {
                log::error!("the review record was altered from outside: {detail}");
                self.access = Access::Altered { detail: detail.clone() };
                return Err(StoreError::Altered { detail });
            }
            Err(error) => return Err(error),
        }
        let Some((result, head, has_written)) = done else {
            return Err(StoreError::Engine { detail: "nothing was done".to_owned() });
        };
        if has_written {
            self.before = Some(now);
            if let Err(error) = self.anchor.write(&head) {
                // The events are kept; the next append tries again.
                log::warn!("the anchor beside the review record could not be written: {}", error.kind());
            }
        }
        Ok((result, head))
    }

    pub(crate) fn read<T>(&self, work: &mut dyn FnMut(&dyn Sql) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut result = None;
        self.engine.read(&mut |sql| {
            result = Some(work(sql)?);
            Ok(())
        })?;
        result.ok_or_else(|| StoreError::Engine { detail: "nothing was read".to_owned() })
    }
}

/// What came of an append: all of it, or what stood against it.
enum Appended {
    Kept { has_unseen: bool },
    Conflicting(Vec<Conflict>),
}

fn append(
    appender: &mut Appender<'_>,
    study: &StudyUid,
    basis: Option<&Basis>,
    findings: &[Arc<Finding>],
    events: &[ReviewEvent],
) -> Result<Appended, StoreError> {
    let unseen = basis.map(|basis| Unseen::since(appender.sql, study, basis, events)).transpose()?;
    let mut conflicts = conflict::after_signature(appender.sql, study, events)?;
    if basis.is_none() && !conflicts.is_empty() {
        return Err(StoreError::SignedOff);
    }
    if let Some(unseen) = unseen.as_ref().filter(|unseen| !unseen.is_empty()) {
        conflicts.extend(unseen.conflicts(appender.sql, study, events)?);
    }
    let mut new = Vec::new();
    for conflict in conflicts {
        let Some(event) = events.iter().find(|event| event.id == conflict.event) else { continue };
        if !appender.has_event(study, event)? {
            appender.conflicted(study, event, &conflict)?;
            new.push(conflict);
        }
    }
    if !new.is_empty() {
        return Ok(Appended::Conflicting(new));
    }
    findings.iter().try_for_each(|finding| appender.finding(finding))?;
    events.iter().try_for_each(|event| appender.event(study, event))?;
    Ok(Appended::Kept { has_unseen: unseen.is_some_and(|unseen| !unseen.is_empty()) })
}

impl<E: Engine> ReviewStore for KeptRecord<E> {
    fn record_onto(
        &mut self,
        study: &StudyUid,
        basis: Option<&Basis>,
        findings: &[Arc<Finding>],
        events: &[ReviewEvent],
    ) -> Result<Receipt, StoreError> {
        if findings.iter().any(|finding| &finding.subject.study != study) {
            return Err(StoreError::OtherStudy);
        }
        match self.append_with(&mut |appender| append(appender, study, basis, findings, events))? {
            (Appended::Kept { has_unseen }, head) => Ok(Receipt { has_unseen, head }),
            (Appended::Conflicting(conflicts), _) => Err(StoreError::Conflict { conflicts }),
        }
    }

    fn save_findings(&mut self, findings: &[Arc<Finding>]) -> Result<(), StoreError> {
        self.append_with(&mut |appender| findings.iter().try_for_each(|finding| appender.finding(finding)))?;
        Ok(())
    }

    fn note_access(&mut self, study: &StudyUid, reader: &ReaderName, note: &AccessNote) -> Result<(), StoreError> {
        // One identity however often the call has to be repeated.
        let event_id = uuid::Uuid::now_v7().to_string();
        self.append_with(&mut |appender| appender.access(&event_id, study, reader, note))?;
        Ok(())
    }

    fn announce(&mut self, study: &StudyUid, reader: &ReaderName) -> Result<Vec<Presence>, StoreError> {
        let now = self.clock.now();
        if self.access == Access::Writable {
            self.engine.write(&mut |sql| presence::announce(sql, &self.instance, study, reader, &now))?;
        }
        self.read(&mut |sql| presence::others(sql, &self.instance, study, &now))
    }

    fn leave(&mut self) -> Result<(), StoreError> {
        if self.access != Access::Writable {
            return Ok(());
        }
        self.engine.write(&mut |sql| presence::leave(sql, &self.instance))
    }

    fn load(&self, study: &StudyUid) -> Result<StudyRecord, StoreError> {
        self.read(&mut |sql| {
            let findings = reading::findings(sql, study, &mut Decoder::default())?;
            let (events, version) = reading::events(sql, study)?;
            Ok(StudyRecord { findings, events, version })
        })
    }

    fn studies(&self) -> Result<Vec<StoredStudy>, StoreError> {
        reading::studies(&self.engine)
    }

    fn worklist(&self) -> Result<Vec<WorklistRow>, StoreError> {
        self.read(&mut |sql| worklist::rows(sql))
    }

    fn remember_studies(&mut self, memories: &[StudyMemory]) -> Result<(), StoreError> {
        self.check_writable()?;
        self.engine.write(&mut |sql| worklist::remember(sql, memories))
    }

    fn read_log(&self, after: i64, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        let rows = reading::chain_rows(&self.engine, after, limit.into())?;
        Ok(rows.into_iter().map(log_entry::from_row).collect())
    }

    fn save_view(&mut self, study: &StudyUid, json: &str) -> Result<(), StoreError> {
        self.check_writable()?;
        self.engine.write(&mut |sql| {
            let text = "INSERT INTO view_memory (study, state) VALUES (?1, ?2)
                        ON CONFLICT (study) DO UPDATE SET state = excluded.state";
            sql.execute(text, values![study.as_str(), json]).map(drop)
        })
    }

    fn load_view(&self, study: &StudyUid) -> Result<Option<String>, StoreError> {
        let row = self.engine.row("SELECT state FROM view_memory WHERE study = ?1", values![study.as_str()])?;
        row.map(|row| row.text(0).map(ToOwned::to_owned)).transpose()
    }

    fn remember_place(&mut self, path: &Path) -> Result<(), StoreError> {
        self.check_writable()?;
        let Some(path) = path.to_str() else {
            return Ok(());
        };
        let now = self.clock.now().wall.to_string();
        self.engine.write(&mut |sql| {
            // Turns, not times: the clock may go back.
            let text = "INSERT INTO place (path, turn, last_used_utc)
                        VALUES (?1, (SELECT COALESCE(MAX(turn), 0) + 1 FROM place), ?2)
                        ON CONFLICT (path) DO UPDATE SET turn = excluded.turn, last_used_utc = excluded.last_used_utc";
            sql.execute(text, values![path, now.as_str()])?;
            let text = "DELETE FROM place WHERE path NOT IN (SELECT path FROM place ORDER BY turn DESC LIMIT ?1)";
            sql.execute(text, values![i64::try_from(MAX_RECENT_PLACES).unwrap_or(i64::MAX)])?;
            Ok(())
        })
    }

    fn recent_places(&self) -> Result<Vec<RecentPlace>, StoreError> {
        let mut places = Vec::new();
        for row in self.engine.rows("SELECT path, last_used_utc FROM place ORDER BY turn DESC", &[])? {
            let (path, last_used_utc) = (PathBuf::from(row.text(0)?), row.text(1)?.to_owned());
            places.push(RecentPlace { path, last_used_utc });
        }
        Ok(places)
    }

    fn forget_places(&mut self) -> Result<(), StoreError> {
        self.check_writable()?;
        self.engine.write(&mut |sql| sql.execute("DELETE FROM place", &[]).map(drop))
    }

    fn verify(&self) -> Result<ChainReport, StoreError> {
        let anchored = self.anchor.read();
        self.read(&mut |sql| verifying::verify(sql, anchored))
    }

    fn pack(&self) -> Result<Parcel, StoreError> {
        let report = self.verify()?;
        if let Some(problem) = report.problems.first() {
            return Err(StoreError::Altered { detail: problem.text.trim_end_matches('.').to_owned() });
        }
        self.read(&mut |sql| merging::pack(sql))
    }

    fn merge(&mut self, parcel: &Parcel) -> Result<Merged, StoreError> {
        Ok(self.append_with(&mut |appender| merging::merge(appender, parcel))?.0)
    }

    fn sign_with(&mut self, signer: Signer) -> Result<(), StoreError> {
        self.check_writable()?;
        self.signer = Some(signer.clone());
        self.append_with(&mut |appender| signing::enroll(appender, &signer))?;
        Ok(())
    }

    fn has_devices(&self) -> Result<bool, StoreError> {
        self.engine.exists("SELECT seq FROM event WHERE kind = ?1 LIMIT 1", values![DEVICE_ENROLLED])
    }

    fn is_read_only(&self) -> bool {
        self.access != Access::Writable
    }

    fn read_only_reason(&self) -> Option<String> {
        self.check_writable().err().map(|error| error.to_string())
    }

    fn how_kept(&self) -> HowKept {
        self.how_kept.clone()
    }
}
