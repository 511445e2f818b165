//! The store on its own thread: opened here, used in order, never waited for by the screen.

use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::domain::finding::Finding;
use crate::domain::uid::{ReaderName, StudyUid};
use crate::jobs::event::{JobEvent, ListedStudy, LoadedRecord, NotKept, StoreEvent};
use crate::jobs::runner::Outbox;
use crate::jobs::work::record;
use crate::jobs::work::record_place::RecordPlace;
use crate::review::command::{Command, WorkCommand};
use crate::review::digest::StudyDigest;
use crate::review::event::ReviewEvent;
use crate::review::work_item::StudyCard;
use crate::store::access_note::AccessNote;
use crate::store::conflict::Basis;
use crate::store::error::StoreError;
use crate::store::sqlite::OpenMode;
use crate::store::{ReviewStore, StudyMemory, WorklistRow};

/// The store, or why there is none; and where to report.
pub struct StoreHand {
    store: Result<Box<dyn ReviewStore>, String>,
    place: RecordPlace,
    outbox: Outbox,
}

impl StoreHand {
    pub fn open(place: RecordPlace, outbox: Outbox) -> Self {
        let opened = place.open(OpenMode::ReadWrite);
        let mut hand = Self { store: Err(String::new()), place, outbox };
        hand.take(opened);
        hand
    }

    /// Tries again with what the reader typed.
    pub fn unlock(&mut self, words: &Zeroizing<String>) {
        let opened = self.place.open_with_words(OpenMode::ReadWrite, words);
        self.take(opened);
    }

    /// Makes the record that is not there yet, encrypted or not, as the reader has chosen.
    pub fn make(&mut self, passphrase: Option<&Zeroizing<String>>) {
        let made = match passphrase {
            Some(words) => self.place.make_with_passphrase(words),
            None => self.place.make_plain(),
        };
        self.take(made);
    }

    fn take(&mut self, opened: Result<Box<dyn ReviewStore>, StoreError>) {
        let event = match &opened {
            Ok(store) => StoreEvent::Opened {
                read_only: store.read_only_reason(),
                recent_places: recent(store.as_ref()).unwrap_or_default(),
                how_kept: store.how_kept(),
            },
            Err(error @ (StoreError::KeyNeeded { .. } | StoreError::WrongKey)) => {
                let was_wrong = matches!(error, StoreError::WrongKey);
                StoreEvent::Locked { was_wrong, text: error.to_string() }
            }
            Err(error @ StoreError::ProtectionUnsaid { .. }) => StoreEvent::Unmade(error.to_string()),
            Err(error) => StoreEvent::OpenFailed(error.to_string()),
        };
        self.store = opened.map_err(|error| error.to_string());
        self.report(event);
    }

    pub fn load(&mut self, study: StudyUid) {
        let result = match &mut self.store {
            Ok(store) => read(store.as_mut(), &study),
            Err(text) => Err(text.clone()),
        };
        self.report(StoreEvent::Loaded { study, result });
    }

    /// Findings with the events that name them, in one step, onto what the desk knew.
    pub fn append(&mut self, study: StudyUid, basis: &Basis, findings: &[Arc<Finding>], events: &[ReviewEvent]) {
        let result = match &mut self.store {
            Ok(store) => store.record_onto(&study, Some(basis), findings, events).map_err(|error| match error {
                StoreError::Conflict { conflicts } => NotKept::Conflicting(conflicts),
                error => NotKept::Failed(error.to_string()),
            }),
            Err(text) => Err(NotKept::Failed(text.clone())),
        };
        let events = events.iter().map(|event| event.id.clone()).collect();
        self.report(StoreEvent::Appended { study, events, result });
    }

    /// Who looked, or took something out. Reading alone is no reason to write where nothing may be written.
    pub fn note_access(&mut self, study: &StudyUid, reader: &ReaderName, note: &AccessNote) {
        let Ok(store) = &mut self.store else { return };
        if store.is_read_only() {
            return;
        }
        if let Err(error) = store.note_access(study, reader, note) {
            self.report(StoreEvent::Degraded(format!("The access could not be kept in the record: {error}")));
        }
    }

    /// Says that the reader has the study open, and asks who else has. Nothing is lost where it cannot be said.
    pub fn announce(&mut self, study: StudyUid, reader: &ReaderName) {
        let Ok(store) = &mut self.store else { return };
        match store.announce(&study, reader) {
            Ok(others) => self.report(StoreEvent::AlsoOpen { study, others }),
            Err(error) => log::debug!("who has the study open is not known: {}", error.code()),
        }
    }

    /// The reader has left every study.
    pub fn leave(&mut self) {
        if let Ok(store) = &mut self.store
            && let Err(error) = store.leave()
        {
            log::debug!("that the study was left could not be said: {}", error.code());
        }
    }

    pub fn save_view(&mut self, study: &StudyUid, json: &str) {
        let Ok(store) = &mut self.store else { return };
        if store.is_read_only() {
            return;
        }
        if let Err(error) = store.save_view(study, json) {
            self.report(StoreEvent::Degraded(format!("The view could not be kept: {error}")));
        }
    }

    pub fn remember_place(&mut self, path: PathBuf) {
        let Ok(store) = &mut self.store else { return };
        if store.is_read_only() {
            return;
        }
        let places = store.remember_place(&path).and_then(|()| recent(store.as_ref()));
        self.report_places(places, "kept");
    }

    pub fn forget_places(&mut self) {
        let Ok(store) = &mut self.store else { return };
        let places = store.forget_places().and_then(|()| recent(store.as_ref()));
        self.report_places(places, "cleared");
    }

    /// Every study the store knows.
    pub fn worklist(&mut self) {
        let result = match &self.store {
            Ok(store) => store.worklist().map_err(|error| error.to_string()),
            Err(text) => Err(text.clone()),
        };
        let result = result.map(|rows| rows.into_iter().map(listed).collect());
        self.report(StoreEvent::Worklist(result));
    }

    /// Makes digests anew from the record and keeps them. A few at a time: decisions wait behind it.
    pub fn digest(&mut self, studies: &[StudyUid]) {
        let Ok(store) = &mut self.store else { return };
        let digests: Vec<(StudyUid, StudyDigest)> = studies
            .iter()
            .filter_map(|study| match record::review_or_new(store.as_ref(), study) {
                Ok(session) => Some((study.clone(), StudyDigest::of(&session))),
                Err(not_done) => {
                    log::warn!("a study's digest was not made: {}", not_done.code);
                    None
                }
            })
            .collect();
        let memories: Vec<StudyMemory> =
            digests.iter().filter_map(|(study, digest)| memory_of(study, None, Some(digest))).collect();
        self.remember(&memories);
        self.report(StoreEvent::Digested(digests));
    }

    /// Keeps what the worklist wants to find again.
    pub fn remember(&mut self, memories: &[StudyMemory]) {
        let Ok(store) = &mut self.store else { return };
        if store.is_read_only() || memories.is_empty() {
            return;
        }
        if let Err(error) = store.remember_studies(memories) {
            self.report(StoreEvent::Degraded(format!("The worklist could not be kept: {error}")));
        }
    }

    /// Claims, releases or assigns a study that is not open.
    pub fn work(&mut self, study: StudyUid, reader: &ReaderName, command: WorkCommand) {
        let result = match &mut self.store {
            Ok(store) => worked(store.as_mut(), &study, reader, command),
            Err(text) => Err(text.clone()),
        };
        self.report(StoreEvent::Worked { study, result });
    }

    fn report_places(&self, places: Result<Vec<PathBuf>, StoreError>, what: &str) {
        self.report(match places {
            Ok(places) => StoreEvent::RecentPlaces(places),
            Err(error) => StoreEvent::Degraded(format!("The recent places could not be {what}: {error}")),
        });
    }

    fn report(&self, event: StoreEvent) {
        self.outbox.send(JobEvent::Store(event));
    }
}

fn worked(
    store: &mut dyn ReviewStore,
    study: &StudyUid,
    reader: &ReaderName,
    command: WorkCommand,
) -> Result<StudyDigest, String> {
    let mut session = record::review_or_new(store, study).map_err(|not_done| not_done.text)?;
    record::apply(store, &mut session, reader, Command::Work(command)).map_err(|not_done| not_done.text)?;
    let digest = StudyDigest::of(&session);
    if let Some(memory) = memory_of(study, None, Some(&digest)) {
        store.remember_studies(&[memory]).map_err(|error| error.to_string())?;
    }
    Ok(digest)
}

/// What cannot be understood is as good as missing.
pub fn listed(row: WorklistRow) -> ListedStudy {
    let WorklistRow { study, n_events, card, digest } = row;
    let card = card.and_then(|json| serde_json::from_str(&json).ok());
    let digest = digest.and_then(|json| StudyDigest::read(&json, n_events));
    ListedStudy { study, card, digest, is_recorded: n_events > 0 }
}

/// As the store keeps it; `None` when it cannot be written.
pub fn memory_of(study: &StudyUid, card: Option<&StudyCard>, digest: Option<&StudyDigest>) -> Option<StudyMemory> {
    let card = card.map(serde_json::to_string).transpose().ok()?;
    let digest = digest.map(serde_json::to_string).transpose().ok()?;
    Some(StudyMemory { study: study.clone(), card, digest })
}

fn recent(store: &dyn ReviewStore) -> Result<Vec<PathBuf>, StoreError> {
    Ok(store.recent_places()?.into_iter().map(|place| place.path).collect())
}

fn read(store: &mut dyn ReviewStore, study: &StudyUid) -> Result<LoadedRecord, String> {
    let record = store.load(study).map_err(|error| error.to_string())?;
    let view = store.load_view(study).map_err(|error| error.to_string())?;
    Ok(LoadedRecord { record, view })
}
