//! The store on its own thread: opened here, used in order, never waited for by the screen.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::finding::Finding;
use crate::domain::uid::StudyUid;
use crate::jobs::event::{JobEvent, LoadedRecord, StoreEvent};
use crate::jobs::runner::Outbox;
use crate::review::event::ReviewEvent;
use crate::store::ReviewStore;
use crate::store::error::StoreError;
use crate::store::sqlite::{OpenMode, SqliteStore};

/// The store, or why there is none; and where to report.
pub struct StoreHand {
    store: Result<Box<dyn ReviewStore>, String>,
    outbox: Outbox,
}

impl StoreHand {
    pub fn open(path: &Path, outbox: Outbox) -> Self {
        let opened = SqliteStore::open(path, OpenMode::ReadWrite);
        let store: Result<Box<dyn ReviewStore>, String> = match opened {
            Ok(store) => Ok(Box::new(store)),
            Err(error) => Err(error.to_string()),
        };
        let event = match &store {
            Ok(store) => StoreEvent::Opened {
                read_only: store.read_only_reason(),
                recent_places: recent(store.as_ref()).unwrap_or_default(),
            },
            Err(text) => StoreEvent::OpenFailed(text.clone()),
        };
        outbox.send(JobEvent::Store(event));
        Self { store, outbox }
    }

    pub fn load(&mut self, study: StudyUid) {
        let result = match &mut self.store {
            Ok(store) => read(store.as_mut(), &study),
            Err(text) => Err(text.clone()),
        };
        self.report(StoreEvent::Loaded { study, result });
    }

    /// Findings with the events that name them, in one step.
    pub fn append(&mut self, study: StudyUid, findings: &[Arc<Finding>], events: &[ReviewEvent]) {
        let result = match &mut self.store {
            Ok(store) => store.record(&study, findings, events).map_err(|error| error.to_string()),
            Err(text) => Err(text.clone()),
        };
        let events = events.iter().map(|event| event.id.clone()).collect();
        self.report(StoreEvent::Appended { study, events, result });
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

fn recent(store: &dyn ReviewStore) -> Result<Vec<PathBuf>, StoreError> {
    Ok(store.recent_places()?.into_iter().map(|place| place.path).collect())
}

fn read(store: &mut dyn ReviewStore, study: &StudyUid) -> Result<LoadedRecord, String> {
    let record = store.load(study).map_err(|error| error.to_string())?;
    let view = store.load_view(study).map_err(|error| error.to_string())?;
    Ok(LoadedRecord { record, view })
}
