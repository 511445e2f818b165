//! One study under review: commands are applied at once, and each event knows whether it is kept yet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::annotation::Annotation;
use crate::domain::decision::Decision;
use crate::domain::finding::Finding;
use crate::domain::reading::Reading;
use crate::domain::report::Signed;
use crate::domain::uid::{AnnotationId, EventId, FindingId, ReaderName, StudyUid};
use crate::review::command::{Command, Stamp};
use crate::review::course::{self, Course};
use crate::review::event::{Change, ReviewEvent};
use crate::review::history::History;
use crate::review::image_notes::ImageNotes;
use crate::review::mask_acts::{self, MaskReview};
use crate::review::projection::{self, Sight, Sources};
use crate::review::rules::Refusal;

/// Whether an event has reached the record. Only `Kept` may be shown as saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeping {
    Pending,
    Kept,
    /// With the reason as a sentence.
    NotSaved(String),
}

/// One finding as the review stands.
#[derive(Clone, Debug)]
pub struct FindingReview {
    pub finding: Arc<Finding>,
    /// In force; `None` while unreviewed.
    pub decision: Option<Decision>,
    /// Every decision ever taken, oldest first, with those that were undone or replaced.
    pub history: Vec<Decision>,
    /// The worst of all events about this finding.
    pub keeping: Keeping,
    /// In this session; what a reader saw last week does not count.
    pub was_displayed: bool,
    /// Each reader's own decision in force, by name.
    pub by_reader: Vec<Decision>,
    /// What an adjudicator decided, beside what the readers did.
    pub adjudicated: Option<Decision>,
}

impl FindingReview {
    /// A model flagged it and nobody has decided. A reader's own finding is decided by being made.
    pub fn is_unreviewed(&self) -> bool {
        self.decision.is_none() && self.finding.is_flagged() && self.finding.is_suggested()
    }

    /// Score minus operating point; `None` for a reader's own finding.
    pub fn margin(&self) -> Option<f64> {
        let assessment = self.finding.assessment.as_ref()?;
        Some(assessment.score.value() - assessment.operating_point.threshold)
    }
}

/// One mark or measurement as the review stands.
#[derive(Clone, Debug)]
pub struct AnnotationReview {
    pub annotation: Arc<Annotation>,
    pub placed: Signed,
    /// Its last change, if it was changed.
    pub changed: Option<Signed>,
    /// The worst of all events about it.
    pub keeping: Keeping,
    /// Taken back or removed: never true of what the session lists.
    pub(crate) is_removed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Counts {
    /// All that are listed, flagged or not.
    pub n_findings: usize,
    /// At or above their operating point, and all of the reader's own.
    pub n_flagged: usize,
    /// Flagged by a model and undecided.
    pub n_unreviewed: usize,
    pub n_decided: usize,
}

/// An event and whether it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedEvent {
    pub event: ReviewEvent,
    pub keeping: Keeping,
}

/// Whether decisions can be kept at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordAccess {
    Writable,
    /// Suggestions are shown, nothing is decided, no event is made.
    ReadOnly,
}

/// The state machine. Every change goes through [`ReviewSession::apply`].
#[derive(Clone, Debug)]
pub struct ReviewSession {
    pub(crate) study: StudyUid,
    pub(crate) access: RecordAccess,
    /// For whom it is shown; without one all is.
    viewer: Option<ReaderName>,
    /// The AI is kept from the viewer though no reading in the record says so.
    is_ai_withheld: bool,
    /// Every finding ever named, listed or not.
    pub(crate) known: BTreeMap<FindingId, Arc<Finding>>,
    pub(crate) log: Vec<LoggedEvent>,
    pub(crate) history: History,
    displayed: BTreeSet<FindingId>,
    /// Named by an event of a model.
    pub(crate) suggested: BTreeSet<FindingId>,
    /// Suggestions taken in while read-only: shown, but in no event.
    pub(crate) unrecorded: BTreeSet<FindingId>,
    /// Folded from the rest after every change.
    folded: Folded,
}

#[derive(Clone, Debug, Default)]
struct Folded {
    listed: Vec<FindingReview>,
    annotations: Vec<AnnotationReview>,
    course: Course,
    masks: Vec<MaskReview>,
    notes: ImageNotes,
}

impl ReviewSession {
    pub fn new(study: StudyUid) -> Self {
        Self {
            study,
            access: RecordAccess::Writable,
            viewer: None,
            is_ai_withheld: false,
            known: BTreeMap::new(),
            log: Vec::new(),
            history: History::default(),
            displayed: BTreeSet::new(),
            suggested: BTreeSet::new(),
            unrecorded: BTreeSet::new(),
            folded: Folded::default(),
        }
    }

    /// From the record: all events are kept, undo and redo stand where they stood, nothing has been displayed yet.
    /// An event that names nothing known changes nothing.
    pub fn replay(study: StudyUid, findings: Vec<Arc<Finding>>, events: Vec<ReviewEvent>) -> Self {
        let mut session = Self::new(study);
        session.know(findings);
        for event in events {
            session.follow(event, Keeping::Kept);
        }
        session.fold();
        session
    }

    /// Takes in what another program has written since, below what is not kept here yet.
    pub fn refresh(&mut self, findings: Vec<Arc<Finding>>, events: Vec<ReviewEvent>) {
        let own = std::mem::take(&mut self.log);
        self.history = History::default();
        self.know(findings);
        let mut taken = BTreeSet::new();
        for event in events {
            taken.insert(event.id.clone());
            self.follow(event, Keeping::Kept);
        }
        for LoggedEvent { event, keeping } in own {
            if !taken.contains(&event.id) {
                self.follow(event, keeping);
            }
        }
        self.fold();
    }

    pub fn study(&self) -> &StudyUid {
        &self.study
    }

    pub fn access(&self) -> RecordAccess {
        self.access
    }

    pub fn set_access(&mut self, access: RecordAccess) {
        self.access = access;
    }

    /// Flagged by falling margin, then the reader's own, then those below their operating point by falling margin.
    /// Deciding never moves a finding.
    pub fn findings(&self) -> &[FindingReview] {
        &self.folded.listed
    }

    pub fn finding(&self, id: &FindingId) -> Option<&FindingReview> {
        self.folded.listed.iter().find(|review| &review.finding.id == id)
    }

    /// What is drawn on the study's pictures, in the order it was placed.
    pub fn annotations(&self) -> &[AnnotationReview] {
        &self.folded.annotations
    }

    pub fn annotation(&self, id: &AnnotationId) -> Option<&AnnotationReview> {
        self.folded.annotations.iter().find(|review| &review.annotation.id == id)
    }

    /// How the study is read, and how far it has come.
    pub fn course(&self) -> &Course {
        &self.folded.course
    }

    pub fn viewer(&self) -> Option<&ReaderName> {
        self.viewer.as_ref()
    }

    /// Shows the review as this reader may see it: while the AI, or what others decided, is kept from them, it is not
    /// listed, counted or reported.
    pub fn view_as(&mut self, reader: &ReaderName) {
        let viewer = (!reader.is_empty()).then(|| reader.clone());
        if self.viewer != viewer {
            self.viewer = viewer;
            self.fold();
        }
    }

    /// The viewer's reading in force.
    pub fn reading(&self) -> Option<&Reading> {
        self.course().reading(self.viewer.as_ref()?)
    }

    /// The models' results are kept from the viewer.
    pub fn is_ai_hidden(&self) -> bool {
        self.is_ai_withheld || self.reading().is_some_and(Reading::is_ai_hidden)
    }

    /// What was withheld without a word in the record is shown again.
    pub fn cease_withholding(&mut self) {
        if std::mem::take(&mut self.is_ai_withheld) {
            self.fold();
        }
    }

    /// Keeps the AI from the viewer where the record cannot be written, and so cannot say it.
    pub fn withhold_ai(&mut self) {
        self.is_ai_withheld = true;
        self.fold();
    }

    /// Every finding and what every reader decided on it, whoever views: for adjudication and for the lead.
    pub fn unmasked(&self) -> Vec<FindingReview> {
        projection::fold(&self.sources(&self.log, Sight::default()))
    }

    /// Every mask that a reader changed, in the order of the first changes.
    pub fn masks(&self) -> &[MaskReview] {
        &self.folded.masks
    }

    /// Key images and readers' scales.
    pub fn notes(&self) -> &ImageNotes {
        &self.folded.notes
    }

    pub fn events(&self) -> &[LoggedEvent] {
        &self.log
    }

    pub fn counts(&self) -> Counts {
        let count = |is_meant: fn(&FindingReview) -> bool| self.folded.listed.iter().filter(|r| is_meant(r)).count();
        Counts {
            n_findings: self.folded.listed.len(),
            n_flagged: count(|review| review.finding.is_flagged()),
            n_unreviewed: count(FindingReview::is_unreviewed),
            n_decided: count(|review| review.decision.is_some()),
        }
    }

    /// The next flagged, undecided finding below `after`, then from the top. `None` when all are decided.
    pub fn next_unreviewed(&self, after: Option<&FindingId>) -> Option<&FindingId> {
        let start = after.and_then(|id| self.folded.listed.iter().position(|review| &review.finding.id == id));
        let start = start.map_or(0, |index| index + 1);
        let (above, below) = self.folded.listed.split_at(start.min(self.folded.listed.len()));
        below.iter().chain(above).find(|review| review.is_unreviewed()).map(|review| &review.finding.id)
    }

    pub fn can_undo(&self) -> bool {
        self.access == RecordAccess::Writable && self.history.has_undoable()
    }

    /// How many acts could be undone one after the other.
    pub fn n_undoable(&self) -> usize {
        self.history.n_undoable()
    }

    pub fn can_redo(&self) -> bool {
        self.access == RecordAccess::Writable && self.history.has_redoable()
    }

    pub fn was_displayed(&self, finding: &FindingId) -> bool {
        self.displayed.contains(finding)
    }

    /// Changes the state at once and returns the events to keep, all of them pending. `stamps` is asked once an event.
    pub fn apply(&mut self, command: Command, stamps: &mut dyn FnMut() -> Stamp) -> Result<Vec<ReviewEvent>, Refusal> {
        let events = match command {
            Command::MarkDisplayed { finding } => {
                self.listed_finding(&finding)?;
                self.displayed.insert(finding);
                Vec::new()
            }
            Command::AddSuggestions(findings) => self.add_suggestions(findings, stamps)?,
            act => self.act(act, stamps)?.into_iter().collect(),
        };
        for event in &events {
            self.follow(event.clone(), Keeping::Pending);
        }
        self.fold();
        Ok(events)
    }

    /// The append that carried this event has returned.
    pub fn mark_kept(&mut self, event: &EventId) {
        self.mark(event, Keeping::Kept);
    }

    /// The append failed; `reason` is a sentence. An event that is kept stays kept.
    pub fn mark_not_saved(&mut self, event: &EventId, reason: impl Into<String>) {
        self.mark(event, Keeping::NotSaved(reason.into()));
    }

    /// Takes back events that are not kept and never will be, with every undo and redo of them.
    pub fn retract(&mut self, events: &[EventId]) {
        let kept = std::mem::take(&mut self.log);
        self.history = History::default();
        for LoggedEvent { event, keeping } in kept {
            let is_of_them = match &event.change {
                Change::Undone { event: target } | Change::Redone { event: target } => {
                    events.contains(target) || events.contains(&event.id)
                }
                _ => events.contains(&event.id),
            };
            if keeping == Keeping::Kept || !is_of_them {
                self.follow(event, keeping);
            }
        }
        self.fold();
    }

    /// All events the record lacks, in order. Each append carries all of them, never only the newest, so that the
    /// record's order is this session's order even after a failure; those already stored are passed over there.
    pub fn unkept_events(&self) -> Vec<ReviewEvent> {
        self.unkept().map(|logged| logged.event.clone()).collect()
    }

    /// The findings those events bring in, to be stored with them.
    pub fn unkept_findings(&self) -> Vec<Arc<Finding>> {
        let brings = |event: &ReviewEvent| {
            matches!(event.change, Change::SuggestionsRecorded { .. } | Change::FindingAdded { .. })
        };
        let ids = self.unkept().map(|logged| &logged.event).filter(|event| brings(event));
        ids.flat_map(ReviewEvent::findings).filter_map(|id| self.known.get(id).cloned()).collect()
    }

    /// The worst of all events: what a "saved" sign for the whole study may say.
    pub fn keeping(&self) -> Keeping {
        self.log.iter().fold(Keeping::Kept, |worst, logged| projection::worse(worst, &logged.keeping))
    }

    fn unkept(&self) -> impl Iterator<Item = &LoggedEvent> {
        self.log.iter().filter(|logged| logged.keeping != Keeping::Kept)
    }

    fn mark(&mut self, event: &EventId, keeping: Keeping) {
        let logged = self.log.iter_mut().rev().find(|logged| &logged.event.id == event);
        if let Some(logged) = logged.filter(|logged| logged.keeping != Keeping::Kept) {
            logged.keeping = keeping;
            self.fold();
        }
    }

    pub(crate) fn listed_finding(&self, id: &FindingId) -> Result<&FindingReview, Refusal> {
        self.finding(id).ok_or(Refusal::UnknownFinding)
    }

    /// A finding is immutable: what is known first stays.
    pub(crate) fn know(&mut self, findings: Vec<Arc<Finding>>) {
        for finding in findings {
            self.known.entry(finding.id.clone()).or_insert(finding);
        }
    }

    fn follow(&mut self, event: ReviewEvent, keeping: Keeping) {
        self.history.follow(&event);
        if let Change::SuggestionsRecorded { findings, .. } = &event.change {
            self.suggested.extend(findings.iter().cloned());
        }
        self.log.push(LoggedEvent { event, keeping });
    }

    fn fold(&mut self) {
        let course = course::fold(&self.log, |index, reader| self.first_read(index, reader));
        let viewer = self.viewer.as_ref();
        let sight = Sight {
            hides_ai: self.is_ai_withheld || viewer.is_some_and(|viewer| course.hides_ai_from(viewer)),
            only: viewer.filter(|viewer| course.hides_others_from(viewer)),
        };
        let listed = projection::fold(&self.sources(&self.log, sight));
        let annotations = projection::fold_annotations(&self.log, &self.history, sight);
        let mut masks = mask_acts::fold_masks(&self.log, &self.history, sight);
        let is_listed = |id: &FindingId| listed.iter().any(|review| &review.finding.id == id);
        masks.retain(|mask| mask.subject.finding.as_ref().is_none_or(is_listed));
        let notes = ImageNotes::folded(&self.log, &self.history, sight);
        self.folded = Folded { listed, annotations, course, masks, notes };
    }

    /// What a reader had found and decided without the AI before the event at `index`.
    fn first_read(&self, index: usize, reader: &ReaderName) -> course::Standing {
        let before = self.log.get(..index).unwrap_or_default();
        let sight = Sight { hides_ai: true, only: Some(reader) };
        let reviews = projection::fold(&self.sources(before, sight));
        reviews.into_iter().map(|review| (review.finding.id.clone(), review.decision)).collect()
    }

    fn sources<'a>(&'a self, log: &'a [LoggedEvent], sight: Sight<'a>) -> Sources<'a> {
        Sources {
            known: &self.known,
            log,
            history: &self.history,
            displayed: &self.displayed,
            unrecorded: &self.unrecorded,
            sight,
        }
    }
}
