//! The record without a window: open the store, replay a study, apply one command, keep what came of it.

use std::path::Path;

use crate::domain::uid::{ReaderName, StudyUid};
use crate::jobs::work::record_place::RecordPlace;
use crate::jobs::work::stamp;
use crate::review::command::{Command, Stamp};
use crate::review::session::ReviewSession;
use crate::store::ReviewStore;
use crate::store::anchor::Anchor;
use crate::store::error::StoreError;
use crate::store::sqlite::OpenMode;

/// Why a command was not carried out or not kept.
#[derive(Debug)]
pub struct NotDone {
    /// `refused`, `no_record`, `unknown_study` or a code of the store, such as `store_read_only`.
    pub code: &'static str,
    pub text: String,
}

impl NotDone {
    pub fn of_store(error: &StoreError) -> Self {
        Self { code: error.code(), text: error.to_string() }
    }
}

/// Opens for reading and writing; a place that cannot be written is opened read-only by the store itself.
/// The folder of a new record is made when it is missing.
pub fn open_store(place: &RecordPlace) -> Result<Box<dyn ReviewStore>, NotDone> {
    if let Some(folder) = place.file().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty())
        && let Err(error) = std::fs::create_dir_all(folder)
    {
        let text = format!("The folder of the review record cannot be made ({}): {}", error.kind(), folder.display());
        return Err(NotDone { code: "store_cannot_open", text });
    }
    place.open(OpenMode::ReadWrite).map_err(|error| NotDone::of_store(&error))
}

/// Opens a record that must be there, for reading and writing.
pub fn open_existing_store(place: &RecordPlace) -> Result<Box<dyn ReviewStore>, NotDone> {
    must_exist(place)?;
    open_store(place)
}

/// Opens what is there without creating anything.
pub fn open_store_to_read(place: &RecordPlace) -> Result<Box<dyn ReviewStore>, NotDone> {
    must_exist(place)?;
    place.open(OpenMode::ReadOnly).map_err(|error| NotDone::of_store(&error))
}

pub fn must_exist(place: &RecordPlace) -> Result<(), NotDone> {
    let Some(path) = place.file() else { return Ok(()) };
    // With its anchor beside it a record that is gone is worse than none; the store says so itself.
    if path.exists() || Anchor::beside(path).exists() {
        return Ok(());
    }
    Err(NotDone { code: "no_record", text: format!("There is no review record at {}", path.display()) })
}

/// The review of a study as the record has it; a study without findings and events is unknown.
pub fn review_of(store: &dyn ReviewStore, study: &StudyUid) -> Result<ReviewSession, NotDone> {
    let session = review_or_new(store, study)?;
    if session.events().is_empty() && session.findings().is_empty() {
        return Err(NotDone { code: "unknown_study", text: "The record holds nothing about this study".to_owned() });
    }
    Ok(session)
}

/// The review of a study, empty when the record does not know it.
pub fn review_or_new(store: &dyn ReviewStore, study: &StudyUid) -> Result<ReviewSession, NotDone> {
    let record = store.load(study).map_err(|error| NotDone::of_store(&error))?;
    Ok(ReviewSession::replay(study.clone(), record.findings, record.events))
}

/// Applies a command and returns once it is kept.
pub fn apply(
    store: &mut dyn ReviewStore,
    session: &mut ReviewSession,
    reader: &ReaderName,
    command: Command,
) -> Result<(), NotDone> {
    // What is kept from a reader on the screen is kept from them here.
    session.view_as(reader);
    let mut stamps = || Stamp { reader: reader.clone(), at: stamp::now(), event: stamp::event_id() };
    let events = session
        .apply(command, &mut stamps)
        .map_err(|refusal| NotDone { code: "refused", text: refusal.to_string() })?;
    let study = session.study().clone();
    let findings = session.unkept_findings();
    store.record(&study, &findings, &events).map_err(|error| NotDone::of_store(&error))?;
    for event in &events {
        session.mark_kept(&event.id);
    }
    Ok(())
}
