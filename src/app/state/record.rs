//! What is known of the store from this side of its thread.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::app::state::access::AccessState;
use crate::domain::uid::{ReaderName, StudyUid};
use crate::jobs::work::stamp;
use crate::review::event::{Change, ReviewEvent};
use crate::review::session::ReviewSession;
use crate::store::conflict::Conflict;
use crate::store::presence::Presence;
use crate::ui::context::{AlsoOpen, ConflictNotice, RecordWords, StoreState};

/// How long a look stays still before it is kept.
const LOOK_SETTLES_AFTER: Duration = Duration::from_millis(800);

/// A program that is silent for three times as long counts as gone.
pub const ANNOUNCED_EVERY: Duration = Duration::from_mins(1);

pub struct RecordState {
    pub store: StoreState,
    pub recent_places: Vec<PathBuf>,
    /// Where and under what protection; `None` until the store has opened.
    pub how_kept: Option<RecordWords>,
    /// Decisions that came too late, until the reader has seen to them.
    pub conflicts: Vec<ConflictNotice>,
    pub access: AccessState,
    /// Who else has the open study open.
    pub also_open: Vec<AlsoOpen>,
    /// When it was last said that this program has it open.
    announced: Option<Instant>,
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
            access: AccessState::default(),
            also_open: Vec::new(),
            announced: None,
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

    /// Another study is open.
    pub fn opened(&mut self) {
        self.also_open.clear();
        self.announced = None;
    }

    /// Whether it is time to say again which study is open here.
    pub fn must_announce(&mut self) -> bool {
        if self.announced.is_some_and(|when| when.elapsed() < ANNOUNCED_EVERY) {
            return false;
        }
        self.announced = Some(Instant::now());
        true
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

/// Somebody who has the study open too, in the words of the screen.
pub fn also_open(other: &Presence, reader: &ReaderName) -> AlsoOpen {
    let Presence { reader: theirs, host, since_utc, is_here } = other;
    let who = if theirs == reader { "you, in another window".to_owned() } else { theirs.to_string() };
    let place = if *is_here { "on this computer".to_owned() } else { format!("on {host}") };
    let at: String = stamp::local_time(since_utc);
    let sentence = format!("This study is also open {place} since {at}: {who}. Whoever decides second is told.");
    AlsoOpen { who, sentence }
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
