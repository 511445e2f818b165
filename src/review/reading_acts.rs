//! How a study is read and who has it: starting, locking, revealing, signing, amending, claiming, adjudicating.

use std::collections::BTreeMap;

use crate::domain::decision::Verdict;
use crate::domain::reading::{Reading, ReadingMode, Role, SignatureMeaning};
use crate::domain::uid::{EventId, ReaderName};
use crate::review::command::{Adjudication, Command, ReadingCommand, ReadingPlan, SignRequest, WorkCommand};
use crate::review::course;
use crate::review::event::{Change, FindingAdjudicated, ReadingStarted, ReviewEvent, StudySigned};
use crate::review::rules::{Refusal, check_details, check_verdict};
use crate::review::session::{Keeping, LoggedEvent, ReviewSession};

impl ReviewSession {
    /// After a signature nothing is decided without an amendment; after a lock nothing until the AI is revealed.
    pub(crate) fn check_open(&self, act: &Command, reader: &ReaderName) -> Result<(), Refusal> {
        // What was signed may be handed on
        let is_beside = matches!(act, Command::RecordExport(_));
        if is_beside || matches!(act, Command::Reading(_) | Command::Work(_) | Command::Adjudicate(_)) {
            return Ok(());
        }
        if let Some(signature) = self.course().closed_for(reader) {
            return Err(Refusal::SignedOff(signature.reader.clone()));
        }
        let is_waiting = |reading: &&Reading| reading.locked.is_some() && reading.is_ai_hidden();
        match self.course().reading(reader).filter(is_waiting) {
            Some(_) => Err(Refusal::RevealFirst),
            None => Ok(()),
        }
    }

    pub(crate) fn reading_act(&self, act: ReadingCommand, reader: &ReaderName) -> Result<Option<Change>, Refusal> {
        let reading = self.course().reading(reader);
        match act {
            ReadingCommand::Start(plan) => self.start(plan, reader),
            ReadingCommand::Present(presentation) => {
                let is_same = reading.is_some_and(|reading| reading.presentation == presentation);
                match reading {
                    Some(_) if is_same => Ok(None),
                    Some(_) => Ok(Some(Change::PresentationChanged { presentation })),
                    None => self.start(ReadingPlan { presentation, ..ReadingPlan::default() }, reader),
                }
            }
            ReadingCommand::Lock(answer) => match reading {
                Some(reading) if reading.locked.is_some() => Err(Refusal::AlreadyLocked),
                Some(reading) if reading.mode == ReadingMode::Blind => Err(Refusal::ReadBlind),
                Some(reading) if reading.is_ai_hidden() => Ok(Some(Change::ReadingLocked { answer })),
                Some(_) | None => Err(Refusal::NothingHidden),
            },
            ReadingCommand::Reveal => match reading {
                Some(reading) if reading.mode == ReadingMode::Blind => Err(Refusal::ReadBlind),
                Some(reading) if !reading.is_ai_hidden() => Err(Refusal::NothingHidden),
                Some(reading) if reading.locked.is_none() => Err(Refusal::LockFirst),
                Some(_) => Ok(Some(Change::AiRevealed)),
                None => Err(Refusal::NothingHidden),
            },
            ReadingCommand::Sign(request) => self.sign(request, reader).map(Some),
            ReadingCommand::Amend { reason } => self.amend(&reason, reader).map(Some),
        }
    }

    fn start(&self, plan: ReadingPlan, reader: &ReaderName) -> Result<Option<Change>, Refusal> {
        let ReadingPlan { mode, presentation, role, is_independent, audit_seed } = plan;
        let current = self.course().reading(reader);
        if let Some(current) = current {
            let of_current = (current.mode, current.presentation, current.role, current.is_independent);
            let is_same = of_current == (mode, presentation, role, is_independent) && current.audit_seed == audit_seed;
            if is_same {
                return Ok(None);
            }
            let is_bound = current.is_ai_hidden() && self.has_acted_since_start(reader);
            if is_bound && !self.course().has_signed(reader) {
                return Err(Refusal::ReadingUnderWay);
            }
        }
        let had_seen_ai = self.has_seen_ai(reader);
        let started = ReadingStarted { mode, presentation, role, is_independent, audit_seed, had_seen_ai };
        Ok(Some(Change::ReadingStarted(started)))
    }

    /// The reader was shown the AI's results here before, or has decided on them.
    fn has_seen_ai(&self, reader: &ReaderName) -> bool {
        let was_shown = self.course().reading(reader).is_some_and(|reading| !reading.is_ai_hidden());
        was_shown
            || self.log.iter().map(|logged| &logged.event).any(|event| {
                let is_on_model = |id| self.known.get(id).is_some_and(|finding| finding.is_suggested());
                &event.reader == reader
                    && matches!(event.change, Change::FindingDecided(_))
                    && event.findings().iter().any(is_on_model)
            })
    }

    fn has_acted_since_start(&self, reader: &ReaderName) -> bool {
        let is_own = |logged: &&LoggedEvent| &logged.event.reader == reader;
        let of_reader = self.log.iter().rev().filter(is_own);
        let since = of_reader.take_while(|logged| !matches!(logged.event.change, Change::ReadingStarted(_)));
        since.into_iter().any(|logged| is_judgement(&logged.event.change))
    }

    fn sign(&self, request: SignRequest, reader: &ReaderName) -> Result<Change, Refusal> {
        let SignRequest { name, meaning, role, made, accepts_unreviewed } = request;
        let closed = match meaning {
            SignatureMeaning::Adjudication => self.course().adjudicated(),
            _ => self.course().closed_for(reader),
        };
        if let Some(signature) = closed {
            return Err(Refusal::SignedOff(signature.reader.clone()));
        }
        if meaning == SignatureMeaning::Adjudication && !role.may_adjudicate() {
            return Err(Refusal::NeedsAdjudicator);
        }
        if role == Role::Annotator && meaning != SignatureMeaning::Authorship {
            return Err(Refusal::AnnotatorSignsAsAuthor);
        }
        let reading = self.course().reading(reader);
        if reading.is_some_and(|reading| reading.is_ai_hidden() && reading.mode != ReadingMode::Blind) {
            return Err(Refusal::LockFirst);
        }
        if matches!(self.keeping(), Keeping::NotSaved(_)) {
            return Err(Refusal::NotAllSaved);
        }
        let n_unreviewed = self.counts().n_unreviewed;
        if n_unreviewed > 0 && !accepts_unreviewed {
            return Err(Refusal::Unreviewed(n_unreviewed));
        }
        // Last, so that a wrong name says nothing about the study.
        if name.trim() != reader.as_str() {
            return Err(Refusal::WrongName);
        }
        Ok(Change::StudySigned(StudySigned {
            name: name.trim().to_owned(),
            meaning,
            role,
            made,
            n_unreviewed,
            covers: self.log.iter().map(|logged| logged.event.id.clone()).collect(),
            covers_sha256: course::sha256_of(self.log.iter().map(|logged| &logged.event)),
        }))
    }

    fn amend(&self, reason: &str, reader: &ReaderName) -> Result<Change, Refusal> {
        let signature = self.course().closed_for(reader).ok_or(Refusal::NotSigned)?.event.clone();
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(Refusal::NeedsReason);
        }
        Ok(Change::StudyAmended { signature, reason: reason.to_owned() })
    }

    pub(crate) fn work_act(&self, act: WorkCommand, reader: &ReaderName) -> Result<Option<Change>, Refusal> {
        let holder = self.course().assignment().map(|assignment| &assignment.reader);
        match act {
            WorkCommand::Claim => match holder {
                Some(holder) if holder == reader => Ok(None),
                Some(holder) => Err(Refusal::ClaimedByOther(holder.clone())),
                None => Ok(Some(Change::StudyClaimed)),
            },
            WorkCommand::Release { role } => match holder {
                None => Err(Refusal::NotClaimed),
                Some(holder) if holder == reader || role.may_assign() => Ok(Some(Change::StudyReleased)),
                Some(holder) => Err(Refusal::ClaimedByOther(holder.clone())),
            },
            WorkCommand::Assign { role, .. } if !role.may_assign() => Err(Refusal::NeedsLead),
            WorkCommand::Assign { to, .. } if to.is_empty() => Err(Refusal::EmptyReader),
            WorkCommand::Assign { to, .. } if holder == Some(&to) => Ok(None),
            WorkCommand::Assign { to, role } => Ok(Some(Change::StudyAssigned { to, role })),
        }
    }

    pub(crate) fn adjudicate(
        &self,
        adjudication: Adjudication,
        reader: &ReaderName,
    ) -> Result<Option<Change>, Refusal> {
        let Adjudication { finding, verdict, seen, comment, details, role } = adjudication;
        if !role.may_adjudicate() {
            return Err(Refusal::NeedsAdjudicator);
        }
        if let Some(signature) = self.course().adjudicated() {
            return Err(Refusal::SignedOff(signature.reader.clone()));
        }
        let unmasked = self.unmasked();
        let review = unmasked.iter().find(|review| review.finding.id == finding).ok_or(Refusal::UnknownFinding)?;
        check_verdict(&verdict)?;
        check_details(&details)?;
        if verdict == Verdict::Accepted && seen.is_some() {
            self.check_displayed(&finding, &verdict, seen.as_ref())?;
        }
        let says_it_again = review.adjudicated.as_ref().is_some_and(|known| {
            (&known.verdict, &known.comment, &known.details, &known.reader) == (&verdict, &comment, &details, reader)
        });
        if says_it_again {
            return Ok(None);
        }
        let between: Vec<EventId> = review.by_reader.iter().map(|decision| decision.event.clone()).collect();
        let adjudicated = FindingAdjudicated { finding, verdict, role, between, seen, comment, details };
        Ok(Some(Change::FindingAdjudicated(adjudicated)))
    }

    /// Signatures over events that are not, or no longer, those that were signed.
    pub fn unsound_signatures(&self) -> Vec<EventId> {
        // By name: another program may have written in between what the signer had not read.
        let by_id: BTreeMap<&EventId, &ReviewEvent> =
            self.log.iter().map(|logged| (&logged.event.id, &logged.event)).collect();
        let is_sound = |signed: &StudySigned| {
            let covered: Option<Vec<&ReviewEvent>> = signed.covers.iter().map(|id| by_id.get(id).copied()).collect();
            covered.is_some_and(|events| course::sha256_of(events.into_iter()) == signed.covers_sha256)
        };
        let signed = self.log.iter().filter_map(|logged| match &logged.event.change {
            Change::StudySigned(signed) => Some((&logged.event.id, signed)),
            _ => None,
        });
        signed.filter(|(_, signed)| !is_sound(signed)).map(|(id, _)| id.clone()).collect()
    }
}

/// An answer that a reader gave, as opposed to how the study is read and who has it.
fn is_judgement(change: &Change) -> bool {
    matches!(
        change,
        Change::FindingDecided(_)
            | Change::FindingAdded { .. }
            | Change::FindingWithdrawn { .. }
            | Change::AnnotationPlaced { .. }
            | Change::AnnotationChanged { .. }
            | Change::AnnotationRemoved { .. }
            | Change::ReadingLocked { .. }
            | Change::FindingAdjudicated(_)
            | Change::Undone { .. }
            | Change::Redone { .. }
    )
}
