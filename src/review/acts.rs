//! What a reader does to findings and measurements: each act checked, and told as a change.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::annotation::Annotation;
use crate::domain::decision::{Seen, Verdict};
use crate::domain::finding::{Finding, Subject};
use crate::domain::model::ModelIdentity;
use crate::domain::uid::{FindingId, ReaderName};
use crate::review::command::{Command, Stamp};
use crate::review::event::{Change, DecisionOrigin, FindingDecided, ImageScaled, ReviewEvent};
use crate::review::mask_acts;
use crate::review::rules::{
    Refusal, check_annotation, check_details, check_image, check_reader, check_reader_finding, check_study,
    check_verdict,
};
use crate::review::session::{RecordAccess, ReviewSession};

impl ReviewSession {
    /// What the reader does; `None` when it would say again what is in force.
    pub(crate) fn act(
        &mut self,
        act: Command,
        stamps: &mut dyn FnMut() -> Stamp,
    ) -> Result<Option<ReviewEvent>, Refusal> {
        if self.access == RecordAccess::ReadOnly {
            return Err(Refusal::ReadOnlyRecord);
        }
        let stamp = stamps();
        check_reader(&stamp.reader)?;
        self.check_open(&act, &stamp.reader)?;
        let change = match act {
            Command::Decide { finding, verdict, seen, comment, details } => {
                self.check_displayed(&finding, &verdict, seen.as_ref())?;
                let made = DecisionOrigin::AtScreen;
                self.decide(FindingDecided { finding, verdict, made, seen, comment, details }, &stamp.reader)?
            }
            Command::DecideWithoutScreen { finding, verdict, comment, details } => {
                let made = DecisionOrigin::WithoutScreen;
                let seen = None;
                self.decide(FindingDecided { finding, verdict, made, seen, comment, details }, &stamp.reader)?
            }
            Command::AddFinding(finding) => Some(self.add_finding(finding)?),
            Command::RemoveReaderFinding { finding } => Some(self.withdraw(finding)?),
            Command::PlaceAnnotation(annotation) => Some(self.place(annotation)?),
            Command::ChangeAnnotation(annotation) => self.change(annotation)?,
            Command::RemoveAnnotation { annotation } => {
                self.annotation(&annotation).ok_or(Refusal::UnknownAnnotation)?;
                Some(Change::AnnotationRemoved { annotation })
            }
            Command::ChangeMask(change) => mask_acts::checked(change, &self.study)?,
            Command::ToggleKeyImage { image } => Some(self.toggle_key_image(image)?),
            Command::ScaleImage(scaled) => Some(self.scale_image(*scaled)?),
            Command::Reading(command) => self.reading_act(command, &stamp.reader)?,
            Command::Work(command) => self.work_act(command, &stamp.reader)?,
            Command::Adjudicate(adjudication) => self.adjudicate(*adjudication, &stamp.reader)?,
            Command::RecordExport(exported) => Some(Change::Exported(exported)),
            Command::Undo => {
                let event = self.history.to_undo(&stamp.reader).ok_or(Refusal::NothingToUndo)?.clone();
                Some(Change::Undone { event })
            }
            Command::Redo => {
                let event = self.history.to_redo(&stamp.reader).ok_or(Refusal::NothingToRedo)?.clone();
                Some(Change::Redone { event })
            }
            // `apply` has dealt with these.
            Command::AddSuggestions(_) | Command::MarkDisplayed { .. } => None,
        };
        Ok(change.map(|change| ReviewEvent::new(stamp, change)))
    }

    /// Nothing is accepted that was not on screen.
    pub(crate) fn check_displayed(
        &self,
        finding: &FindingId,
        verdict: &Verdict,
        seen: Option<&Seen>,
    ) -> Result<(), Refusal> {
        let is_unseen = seen.is_none() || !self.was_displayed(finding);
        let is_refused = *verdict == Verdict::Accepted && is_unseen && self.finding(finding).is_some();
        if is_refused { Err(Refusal::NotDisplayed) } else { Ok(()) }
    }

    fn decide(&self, decided: FindingDecided, reader: &ReaderName) -> Result<Option<Change>, Refusal> {
        let review = self.listed_finding(&decided.finding)?;
        check_verdict(&decided.verdict)?;
        check_details(&decided.details)?;
        let says_it_again = review.decision.as_ref().is_some_and(|decision| {
            decision.verdict == decided.verdict
                && decision.comment == decided.comment
                && decision.details == decided.details
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
        let is_models = self.listed_finding(&finding)?.finding.is_suggested();
        if is_models { Err(Refusal::NotReadersFinding) } else { Ok(Change::FindingWithdrawn { finding }) }
    }

    fn place(&self, annotation: Arc<Annotation>) -> Result<Change, Refusal> {
        check_annotation(&annotation, &self.study)?;
        let is_taken = self.log.iter().any(|logged| logged.event.annotation() == Some(&annotation.id));
        if is_taken { Err(Refusal::DuplicateAnnotation) } else { Ok(Change::AnnotationPlaced { annotation }) }
    }

    fn toggle_key_image(&self, image: Subject) -> Result<Change, Refusal> {
        check_image(&image, &self.study)?;
        Ok(match self.notes().key_images().contains(&image) {
            true => Change::KeyImageUnmarked { image },
            false => Change::KeyImageMarked { image },
        })
    }

    /// Nothing but the lengths of what is drawn may change with an image's scale.
    fn scale_image(&self, scaled: ImageScaled) -> Result<Change, Refusal> {
        check_image(&scaled.image, &self.study)?;
        for annotation in &scaled.annotations {
            let known = &self.annotation(&annotation.id).ok_or(Refusal::UnknownAnnotation)?.annotation;
            check_annotation(annotation, &self.study)?;
            if known.ground != annotation.ground || known.shape != annotation.shape {
                return Err(Refusal::UnfitAnnotation);
            }
        }
        Ok(Change::ImageScaled(scaled))
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
    pub(crate) fn add_suggestions(
        &mut self,
        findings: Vec<Arc<Finding>>,
        stamps: &mut dyn FnMut() -> Stamp,
    ) -> Result<Vec<ReviewEvent>, Refusal> {
        let mut by_model: Vec<(ModelIdentity, Vec<FindingId>)> = Vec::new();
        let mut fresh = BTreeSet::new();
        for finding in &findings {
            check_study(finding, &self.study)?;
            let model = finding.suggested_by().ok_or(Refusal::NotASuggestion)?;
            let is_readers = self.known.get(&finding.id).is_some_and(|known| !known.is_suggested());
            if is_readers {
                return Err(Refusal::DuplicateFinding);
            }
            // Not by what is listed: what a reader may not see yet is suggested all the same.
            let is_suggested = self.suggested.contains(&finding.id) || self.unrecorded.contains(&finding.id);
            if is_suggested || !fresh.insert(finding.id.clone()) {
                continue;
            }
            match by_model.iter_mut().find(|(identity, _)| *identity == model) {
                Some((_, ids)) => ids.push(finding.id.clone()),
                None => by_model.push((model, vec![finding.id.clone()])),
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
}
