//! What is known of the store from this side of its thread.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::domain::uid::StudyUid;
use crate::review::event::{Change, ReviewEvent};
use crate::review::session::ReviewSession;
use crate::store::conflict::Conflict;
use crate::ui::context::{ConflictNotice, RecordWords, StoreState};

/// How long a look stays still before it is kept.
const LOOK_SETTLES_AFTER: Duration = Duration::from_millis(800);

pub struct RecordState {
    pub store: StoreState,
    pub recent_places: Vec<PathBuf>,
    /// Where and under what protection; `None` until the store has opened.
    pub how_kept: Option<RecordWords>,
    /// Decisions that came too late, until the reader has seen to them.
    pub conflicts: Vec<ConflictNotice>,
    changed_look: Option<(StudyUid, Instant)>,
    has_focus: bool,
}

impl Default for RecordState {
    fn default() -> Self {
        Self {
            store: StoreState::Ready,
            recent_places: Vec::new(),
            how_kept: None,
            conflicts: Vec::new(),
            changed_look: None,
            has_focus: true,
        }
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

/// A conflict in the words of the screen.
pub fn conflict_notice(study: &StudyUid, session: &ReviewSession, conflict: &Conflict) -> ConflictNotice {
    let Conflict { event, finding, theirs } = conflict;
    let review = finding.as_ref().and_then(|finding| session.finding(finding));
    let what = review.map_or_else(|| "a measurement".to_owned(), |review| review.finding.label.name.clone());
    let ours = session.events().iter().find(|logged| &logged.event.id == event);
    let word = |event: &ReviewEvent| match (&event.change, event.decision()) {
        (Change::StudySigned(_), _) => "signed the study with".to_owned(),
        (_, Some(decision)) => decision.verdict.word().to_lowercase(),
        (_, None) => "changed".to_owned(),
    };
    ConflictNotice {
        study: study.clone(),
        finding: finding.clone(),
        what,
        theirs: word(theirs),
        reader: theirs.reader.clone(),
        at: theirs.at.clone(),
        ours: ours.map_or_else(|| "changed".to_owned(), |logged| word(&logged.event)),
    }
}
