//! One study under review: commands are applied at once, and each event knows whether it is kept yet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::annotation::Annotation;
use crate::domain::decision::{Decision, Verdict};
use crate::domain::finding::Finding;
use crate::domain::model::ModelIdentity;
use crate::domain::report::Signed;
use crate::domain::uid::{AnnotationId, EventId, FindingId, ReaderName, StudyUid};
use crate::review::command::{Command, Stamp};
use crate::review::event::{Change, DecisionOrigin, FindingDecided, ReviewEvent};
use crate::review::history::History;
use crate::review::projection::{self, Sources};
use crate::review::rules::{Refusal, check_annotation, check_reader, check_reader_finding, check_study, check_verdict};

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
}

impl FindingReview {
    /// A model flagged it and nobody has decided. A reader's own finding is decided by being made.
    pub fn is_unreviewed(&self) -> bool {
        self.decision.is_none() && self.finding.is_flagged() && self.finding.model_run().is_some()
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
    study: StudyUid,
    access: RecordAccess,
    /// Every finding ever named, listed or not.
    known: BTreeMap<FindingId, Arc<Finding>>,
    log: Vec<LoggedEvent>,
    history: History,
    displayed: BTreeSet<FindingId>,
    /// Suggestions taken in while read-only: shown, but in no event.
    unrecorded: BTreeSet<FindingId>,
    /// Folded from the rest after every change.
    listed: Vec<FindingReview>,
    annotations: Vec<AnnotationReview>,
}

impl ReviewSession {
    pub fn new(study: StudyUid) -> Self {
        Self {
            study,
            access: RecordAccess::Writable,
            known: BTreeMap::new(),
            log: Vec::new(),
            history: History::default(),
            displayed: BTreeSet::new(),
            unrecorded: BTreeSet::new(),
            listed: Vec::new(),
            annotations: Vec::new(),
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
        &self.listed
    }

    pub fn finding(&self, id: &FindingId) -> Option<&FindingReview> {
        self.listed.iter().find(|review| &review.finding.id == id)
    }

    /// What is drawn on the study's pictures, in the order it was placed.
    pub fn annotations(&self) -> &[AnnotationReview] {
        &self.annotations
    }

    pub fn annotation(&self, id: &AnnotationId) -> Option<&AnnotationReview> {
        self.annotations.iter().find(|review| &review.annotation.id == id)
    }

    pub fn events(&self) -> &[LoggedEvent] {
        &self.log
    }

    pub fn counts(&self) -> Counts {
        let count = |is_meant: fn(&FindingReview) -> bool| self.listed.iter().filter(|r| is_meant(r)).count();
        Counts {
            n_findings: self.listed.len(),
            n_flagged: count(|review| review.finding.is_flagged()),
            n_unreviewed: count(FindingReview::is_unreviewed),
            n_decided: count(|review| review.decision.is_some()),
        }
    }

    /// The next flagged, undecided finding below `after`, then from the top. `None` when all are decided.
    pub fn next_unreviewed(&self, after: Option<&FindingId>) -> Option<&FindingId> {
        let start = after.and_then(|id| self.listed.iter().position(|review| &review.finding.id == id));
        let start = start.map_or(0, |index| index + 1);
        let (above, below) = self.listed.split_at(start.min(self.listed.len()));
        below.iter().chain(above).find(|review| review.is_unreviewed()).map(|review| &review.finding.id)
    }

    pub fn can_undo(&self) -> bool {
        self.access == RecordAccess::Writable && self.history.to_undo().is_some()
    }

    /// How many acts could be undone one after the other.
    pub fn n_undoable(&self) -> usize {
        self.history.n_undoable()
    }

    pub fn can_redo(&self) -> bool {
        self.access == RecordAccess::Writable && self.history.to_redo().is_some()
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

    /// What the reader does; `None` when it would say again what is in force.
    fn act(&mut self, act: Command, stamps: &mut dyn FnMut() -> Stamp) -> Result<Option<ReviewEvent>, Refusal> {
        if self.access == RecordAccess::ReadOnly {
            return Err(Refusal::ReadOnlyRecord);
        }
        let stamp = stamps();
        check_reader(&stamp.reader)?;
        let change = match act {
            Command::Decide { finding, verdict, seen, comment } => {
                let is_unseen = seen.is_none() || !self.was_displayed(&finding);
                if verdict == Verdict::Accepted && is_unseen && self.finding(&finding).is_some() {
                    return Err(Refusal::NotDisplayed);
                }
                let made = DecisionOrigin::AtScreen;
                self.decide(FindingDecided { finding, verdict, made, seen, comment }, &stamp.reader)?
            }
            Command::DecideWithoutScreen { finding, verdict, comment } => {
                let made = DecisionOrigin::WithoutScreen;
                self.decide(FindingDecided { finding, verdict, made, seen: None, comment }, &stamp.reader)?
            }
            Command::AddFinding(finding) => Some(self.add_finding(finding)?),
            Command::RemoveReaderFinding { finding } => Some(self.withdraw(finding)?),
            Command::PlaceAnnotation(annotation) => Some(self.place(annotation)?),
            Command::ChangeAnnotation(annotation) => self.change(annotation)?,
            Command::RemoveAnnotation { annotation } => {
                self.annotation(&annotation).ok_or(Refusal::UnknownAnnotation)?;
                Some(Change::AnnotationRemoved { annotation })
            }
            Command::Undo => {
                let event = self.history.to_undo().ok_or(Refusal::NothingToUndo)?.clone();
                Some(Change::Undone { event })
            }
            Command::Redo => {
                let event = self.history.to_redo().ok_or(Refusal::NothingToRedo)?.clone();
                Some(Change::Redone { event })
            }
            // `apply` has dealt with these.
            Command::AddSuggestions(_) | Command::MarkDisplayed { .. } => None,
        };
        Ok(change.map(|change| ReviewEvent::new(stamp, change)))
    }

    fn decide(&self, decided: FindingDecided, reader: &ReaderName) -> Result<Option<Change>, Refusal> {
        let review = self.listed_finding(&decided.finding)?;
        check_verdict(&decided.verdict)?;
        let says_it_again = review.decision.as_ref().is_some_and(|decision| {
            decision.verdict == decided.verdict
                && decision.comment == decided.comment
                && &decision.reader == reader
                && decision.seen.is_some() == decided.seen.is_some()
        });
        Ok((!says_it_again).then_some(Change::FindingDecided(decided)))
    }

    fn add_finding(&mut self, finding: Arc<Finding>) -> Result<Change, Refusal> {
        check_study(&finding, &self.study)?;
        check_reader_finding(&finding)?;
        if self.known.contains_key(&finding.id) {
            return Err(Refusal::DuplicateFinding);
        }
        let id = finding.id.clone();
        self.know(vec![finding]);
        Ok(Change::FindingAdded { finding: id })
    }

    fn withdraw(&self, finding: FindingId) -> Result<Change, Refusal> {
        let is_models = self.listed_finding(&finding)?.finding.model_run().is_some();
        if is_models { Err(Refusal::NotReadersFinding) } else { Ok(Change::FindingWithdrawn { finding }) }
    }

    fn place(&self, annotation: Arc<Annotation>) -> Result<Change, Refusal> {
        check_annotation(&annotation, &self.study)?;
        let is_taken = self.log.iter().any(|logged| logged.event.annotation() == Some(&annotation.id));
        if is_taken { Err(Refusal::DuplicateAnnotation) } else { Ok(Change::AnnotationPlaced { annotation }) }
    }

    fn change(&self, annotation: Arc<Annotation>) -> Result<Option<Change>, Refusal> {
        let known = &self.annotation(&annotation.id).ok_or(Refusal::UnknownAnnotation)?.annotation;
        check_annotation(&annotation, &self.study)?;
        if known.ground != annotation.ground || known.shape.kind() != annotation.shape.kind() {
            return Err(Refusal::UnfitAnnotation);
        }
        Ok((*known != annotation).then_some(Change::AnnotationChanged { annotation }))
    }

    /// One event a model, in the order in which the models appear; none for what is suggested already.
    fn add_suggestions(
        &mut self,
        findings: Vec<Arc<Finding>>,
        stamps: &mut dyn FnMut() -> Stamp,
    ) -> Result<Vec<ReviewEvent>, Refusal> {
        let mut by_model: Vec<(ModelIdentity, Vec<FindingId>)> = Vec::new();
        let mut fresh = BTreeSet::new();
        for finding in &findings {
            check_study(finding, &self.study)?;
            let model = &finding.model_run().ok_or(Refusal::NotASuggestion)?.model;
            let listed = self.finding(&finding.id);
            let is_readers = self.known.get(&finding.id).is_some_and(|known| known.model_run().is_none());
            if is_readers {
                return Err(Refusal::DuplicateFinding);
            }
            if listed.is_some() || !fresh.insert(finding.id.clone()) {
                continue;
            }
            match by_model.iter_mut().find(|(identity, _)| identity == model) {
                Some((_, ids)) => ids.push(finding.id.clone()),
                None => by_model.push((model.clone(), vec![finding.id.clone()])),
            }
        }
        self.know(findings);
        if self.access == RecordAccess::ReadOnly {
            self.unrecorded.append(&mut fresh);
            return Ok(Vec::new());
        }
        let recorded = |(model, findings)| ReviewEvent::new(stamps(), Change::SuggestionsRecorded { model, findings });
        Ok(by_model.into_iter().map(recorded).collect())
    }

    fn listed_finding(&self, id: &FindingId) -> Result<&FindingReview, Refusal> {
        self.finding(id).ok_or(Refusal::UnknownFinding)
    }

    /// A finding is immutable: what is known first stays.
    fn know(&mut self, findings: Vec<Arc<Finding>>) {
        for finding in findings {
            self.known.entry(finding.id.clone()).or_insert(finding);
        }
    }

    fn follow(&mut self, event: ReviewEvent, keeping: Keeping) {
        self.history.follow(&event);
        self.log.push(LoggedEvent { event, keeping });
    }

    fn fold(&mut self) {
        let sources = Sources {
            known: &self.known,
            log: &self.log,
            history: &self.history,
            displayed: &self.displayed,
            unrecorded: &self.unrecorded,
        };
        self.listed = projection::fold(&sources);
        self.annotations = projection::fold_annotations(&self.log, &self.history);
    }
}
