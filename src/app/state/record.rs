//! What is known of the store from this side of its thread.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::domain::uid::StudyUid;
use crate::ui::context::StoreState;

/// How long a look stays still before it is kept.
const LOOK_SETTLES_AFTER: Duration = Duration::from_millis(800);

pub struct RecordState {
    pub store: StoreState,
    pub recent_places: Vec<PathBuf>,
    changed_look: Option<(StudyUid, Instant)>,
    has_focus: bool,
}

impl Default for RecordState {
    fn default() -> Self {
        Self { store: StoreState::Ready, recent_places: Vec::new(), changed_look: None, has_focus: true }
    }
}

impl RecordState {
    /// Whether the window has just come back to the front: others may have written meanwhile.
    pub fn came_back(&mut self, has_focus: bool) -> bool {
        let came_back = has_focus && !self.has_focus;
        self.has_focus = has_focus;
        came_back
    }

    pub fn look_changed(&mut self, study: StudyUid) {
        self.changed_look = Some((study, Instant::now()));
    }

    /// The study whose look has come to rest and should be kept now.
    pub fn settled_look(&mut self) -> Option<StudyUid> {
        let (_, since) = self.changed_look.as_ref()?;
        if since.elapsed() < LOOK_SETTLES_AFTER {
            return None;
        }
        self.take_look()
    }

    /// The study whose look is not kept yet, at rest or not.
    pub fn take_look(&mut self) -> Option<StudyUid> {
        self.changed_look.take().map(|(study, _)| study)
    }

    pub fn has_unsettled_look(&self) -> bool {
        self.changed_look.is_some()
    }
}
