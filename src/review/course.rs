//! How a study is read and how far it has come: readings, locks, signatures, and who has it. A fold over the events.

use sha2::{Digest as _, Sha256};

use crate::domain::decision::Decision;
use crate::domain::reading::{AiPresentation, Amendment, Assignment, FirstRead, Reading, SignOff, SignatureMeaning};
use crate::domain::uid::{EventId, FindingId, ReaderName};
use crate::review::event::{Change, ReadingStarted, ReviewEvent, StudySigned};
use crate::review::session::LoggedEvent;

/// The reader's findings at a moment, each with its decision.
pub(crate) type Standing = Vec<(FindingId, Option<Decision>)>;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    readings: Vec<Reading>,
    signatures: Vec<SignOff>,
    assignment: Option<Assignment>,
}

impl Course {
    /// In the order in which they began; a reader may have begun more than one.
    pub fn readings(&self) -> &[Reading] {
        &self.readings
    }

    /// The one in force.
    pub fn reading(&self, reader: &ReaderName) -> Option<&Reading> {
        self.readings.iter().rfind(|reading| &reading.reader == reader)
    }

    /// Oldest first, with those that were amended since.
    pub fn signatures(&self) -> &[SignOff] {
        &self.signatures
    }

    pub fn assignment(&self) -> Option<&Assignment> {
        self.assignment.as_ref()
    }

    /// The last signature that no amendment has opened.
    pub fn signature(&self) -> Option<&SignOff> {
        self.signatures.iter().rfind(|signature| signature.amended.is_none())
    }

    /// The signature after which `reader` may change nothing. Others' signatures do not close an independent reading;
    /// an adjudication closes all.
    pub fn closed_for(&self, reader: &ReaderName) -> Option<&SignOff> {
        let is_independent = self.reading(reader).is_some_and(|reading| reading.is_independent);
        let closes = |signature: &&SignOff| {
            let is_final = signature.meaning == SignatureMeaning::Adjudication;
            signature.amended.is_none() && (&signature.reader == reader || is_final || !is_independent)
        };
        self.signatures.iter().rfind(closes)
    }

    /// The signature that ends adjudication, too.
    pub fn adjudicated(&self) -> Option<&SignOff> {
        let is_final = |signature: &&SignOff| signature.meaning == SignatureMeaning::Adjudication;
        self.signatures.iter().rfind(|signature| is_final(signature) && signature.amended.is_none())
    }

    pub fn has_signed(&self, reader: &ReaderName) -> bool {
        self.signatures.iter().any(|signature| &signature.reader == reader && signature.amended.is_none())
    }

    /// Whether `reader` may not see what the models say.
    pub fn hides_ai_from(&self, reader: &ReaderName) -> bool {
        self.reading(reader).is_some_and(Reading::is_ai_hidden)
    }

    /// Whether `reader` may not see what other readers decided.
    pub fn hides_others_from(&self, reader: &ReaderName) -> bool {
        self.reading(reader).is_some_and(|reading| reading.is_independent) && !self.has_signed(reader)
    }

    /// Which parts of the models' results `reader` is shown.
    pub fn presentation(&self, reader: &ReaderName) -> Option<AiPresentation> {
        self.reading(reader).map(|reading| reading.presentation)
    }

    fn reading_mut(&mut self, reader: &ReaderName) -> Option<&mut Reading> {
        self.readings.iter_mut().rfind(|reading| &reading.reader == reader)
    }

    fn follow(&mut self, event: &ReviewEvent, first_read: impl FnOnce(&ReaderName) -> Standing) {
        let (reader, at) = (&event.reader, &event.at);
        match &event.change {
            Change::ReadingStarted(started) => self.readings.push(begun(event, started)),
            Change::PresentationChanged { presentation } => {
                if let Some(reading) = self.reading_mut(reader) {
                    reading.presentation = *presentation;
                }
            }
            Change::ReadingLocked { answer } => {
                let findings = first_read(reader);
                if let Some(reading) = self.reading_mut(reader).filter(|reading| reading.locked.is_none()) {
                    reading.locked = Some(FirstRead { at: at.clone(), answer: answer.clone(), findings });
                }
            }
            // A blind reading, or one without a lock, reveals nothing, whatever an event says.
            Change::AiRevealed => {
                if let Some(reading) = self.reading_mut(reader).filter(|reading| reading.locked.is_some()) {
                    reading.revealed_at.get_or_insert_with(|| at.clone());
                }
            }
            Change::StudySigned(signed) => self.signatures.push(signature(event, signed)),
            Change::StudyAmended { signature, reason } => self.amend(event, signature, reason),
            Change::StudyClaimed => self.give(reader, event),
            Change::StudyAssigned { to, .. } => self.give(to, event),
            Change::StudyReleased => self.assignment = None,
            _ => {}
        }
    }

    fn amend(&mut self, event: &ReviewEvent, named: &EventId, reason: &str) {
        let amendment = Amendment {
            event: event.id.clone(),
            reader: event.reader.clone(),
            at: event.at.clone(),
            reason: reason.to_owned(),
        };
        if let Some(signature) = self.signatures.iter_mut().find(|signature| &signature.event == named) {
            signature.amended.get_or_insert_with(|| amendment.clone());
        }
        // One amendment opens the study for who amends it, however many signed.
        while let Some(event) = self.closed_for(&amendment.reader).map(|signature| signature.event.clone()) {
            let Some(signature) = self.signatures.iter_mut().find(|signature| signature.event == event) else { return };
            signature.amended = Some(amendment.clone());
        }
    }

    fn give(&mut self, to: &ReaderName, event: &ReviewEvent) {
        let (reader, by, at) = (to.clone(), event.reader.clone(), event.at.clone());
        self.assignment = (!to.is_empty()).then_some(Assignment { reader, by, at });
    }
}

fn begun(event: &ReviewEvent, started: &ReadingStarted) -> Reading {
    let ReadingStarted { mode, presentation, role, is_independent, audit_seed, had_seen_ai } = started;
    Reading {
        reader: event.reader.clone(),
        role: *role,
        mode: *mode,
        presentation: *presentation,
        is_independent: *is_independent,
        audit_seed: *audit_seed,
        started_at: event.at.clone(),
        had_seen_ai: *had_seen_ai,
        locked: None,
        revealed_at: None,
    }
}

fn signature(event: &ReviewEvent, signed: &StudySigned) -> SignOff {
    let StudySigned { name, meaning, role, n_unreviewed, covers_sha256, .. } = signed;
    SignOff {
        event: event.id.clone(),
        reader: event.reader.clone(),
        name: name.clone(),
        at: event.at.clone(),
        meaning: *meaning,
        role: *role,
        n_unreviewed: *n_unreviewed,
        covers_sha256: covers_sha256.clone(),
        amended: None,
    }
}

/// `first_read` says what stood for a reader before the event at an index.
pub(crate) fn fold(log: &[LoggedEvent], first_read: impl Fn(usize, &ReaderName) -> Standing) -> Course {
    let mut course = Course::default();
    for (index, logged) in log.iter().enumerate() {
        course.follow(&logged.event, |reader| first_read(index, reader));
    }
    course
}

/// SHA-256 over events as they are written, each as JSON with its keys in order, a line each; lower-case hex.
pub(crate) fn sha256_of<'a>(events: impl Iterator<Item = &'a ReviewEvent>) -> String {
    let mut hasher = Sha256::new();
    for event in events {
        // Keys of a JSON value are sorted. An event that cannot be written was never kept.
        let text = serde_json::to_value(event).map(|value| value.to_string()).unwrap_or_default();
        hasher.update(text.as_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
