//! One reader's session under one arm, as a fold over what was recorded: where it stands, what comes next, what is not
//! allowed. No clock and no files: times come with the entries.

use thiserror::Error;

use crate::domain::reader_study::{CaseAnswer, Recorded, SessionEntry};
use crate::validation::protocol::design::{Aid, Case, Protocol, Scale};
use crate::validation::protocol::order;

/// Why something is not allowed now; the words are for the reader.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SessionRefusal {
    #[error("the protocol does not name a reader '{0}'")]
    NoReader(String),
    #[error("the protocol has no arm '{0}'")]
    NoArm(String),
    #[error("by the protocol your session '{0}' comes first")]
    OtherArmFirst(String),
    #[error("{n_days} more days must pass since your session '{arm}'")]
    Washout { arm: String, n_days: i64 },
    #[error("this session is over")]
    Over,
    #[error("the case that is open is '{0}'")]
    OtherCase(String),
    #[error("the rating {0} is not on the scale")]
    OffScale(f64),
    #[error("an answer is a rating")]
    NoRating,
    #[error("answer without the aid first")]
    NotFirst,
    #[error("a session has a break now; end it to go on")]
    InBreak,
}

/// Where a session stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Session<'a> {
    protocol: &'a Protocol,
    pub reader: usize,
    pub arm: usize,
    order: Vec<&'a Case>,
    n_answered: usize,
    has_first_answer: bool,
    in_break: bool,
    since_break: u32,
    is_over: bool,
    first_day: Option<i64>,
}

impl<'a> Session<'a> {
    /// The session as the record leaves it. Entries of other readers, arms and protocols are passed over.
    pub fn resumed(
        protocol: &'a Protocol,
        reader: &str,
        arm: &str,
        record: &[Recorded],
    ) -> Result<Self, SessionRefusal> {
        let at = protocol.reader_index(reader).ok_or_else(|| SessionRefusal::NoReader(reader.to_owned()))?;
        let arm_at = protocol.arms.iter().position(|one| one.id == arm);
        let arm_at = arm_at.ok_or_else(|| SessionRefusal::NoArm(arm.to_owned()))?;
        let order = order::cases(protocol, at, arm_at);
        let mut session = Self {
            protocol,
            reader: at,
            arm: arm_at,
            order,
            n_answered: 0,
            has_first_answer: false,
            in_break: false,
            since_break: 0,
            is_over: false,
            first_day: None,
        };
        let own = record.iter().filter(|one| one.protocol == protocol.id && one.reader == reader && one.arm == arm);
        own.for_each(|one| session.take(one));
        Ok(session)
    }

    /// What the record says of a session that another day, other arms or the order forbid.
    pub fn may_start(&self, day: i64, record: &[Recorded]) -> Result<(), SessionRefusal> {
        if self.is_over {
            return Err(SessionRefusal::Over);
        }
        if self.first_day.is_some() {
            return Ok(());
        }
        let reader = self.protocol.readers.get(self.reader).map_or("", |reader| &reader.name);
        for earlier in order::arms(self.protocol, self.reader) {
            if earlier == self.arm {
                return Ok(());
            }
            let Some(arm) = self.protocol.arms.get(earlier) else { continue };
            let other = Session::resumed(self.protocol, reader, &arm.id, record)?;
            let own = record.iter().filter(|one| one.protocol == self.protocol.id && one.reader == reader);
            let last = own.filter(|one| one.arm == arm.id).map(|one| one.day).max();
            match last {
                Some(last) if other.is_over => {
                    let n_days = last + i64::from(self.protocol.sessions.washout_days) - day;
                    if n_days > 0 {
                        return Err(SessionRefusal::Washout { arm: arm.name.clone(), n_days });
                    }
                }
                _ => return Err(SessionRefusal::OtherArmFirst(arm.name.clone())),
            }
        }
        Ok(())
    }

    /// The case that is open or comes next; `None` when all are answered.
    pub fn case(&self) -> Option<&'a Case> {
        self.order.get(self.n_answered).copied().filter(|_| !self.is_over)
    }

    /// Answered and all, practice included.
    pub fn progress(&self) -> (usize, usize) {
        (self.n_answered, self.order.len())
    }

    pub fn is_in_break(&self) -> bool {
        self.in_break
    }

    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether a break is to be offered before the next case.
    pub fn offers_break(&self) -> bool {
        let after = self.protocol.sessions.break_after;
        after > 0 && self.since_break >= after && !self.in_break && self.case().is_some()
    }

    /// Whether the aid may be on screen for the open case.
    pub fn shows_aid(&self) -> bool {
        match self.protocol.arms.get(self.arm).map(|arm| arm.aid) {
            Some(Aid::Concurrent) => true,
            Some(Aid::Second) => self.has_first_answer,
            Some(Aid::None) | None => false,
        }
    }

    /// The entry that this answer becomes, or why it is none.
    pub fn answer(&self, case: &str, answer: CaseAnswer) -> Result<SessionEntry, SessionRefusal> {
        if self.is_over {
            return Err(SessionRefusal::Over);
        }
        if self.in_break {
            return Err(SessionRefusal::InBreak);
        }
        let open = self.case().ok_or(SessionRefusal::Over)?;
        if open.id != case {
            return Err(SessionRefusal::OtherCase(open.id.clone()));
        }
        let is_marks = matches!(self.protocol.scale, Scale::Marks { .. });
        match answer.rating {
            None if !is_marks => return Err(SessionRefusal::NoRating),
            Some(rating) if !self.protocol.scale.allows(rating) => return Err(SessionRefusal::OffScale(rating)),
            _ => {}
        }
        let off_scale = answer.marks.iter().map(|mark| mark.rating).find(|rating| !self.protocol.scale.allows(*rating));
        if let Some(rating) = off_scale {
            return Err(SessionRefusal::OffScale(rating));
        }
        let case = open.id.clone();
        let is_second = self.protocol.arms.get(self.arm).is_some_and(|arm| arm.aid == Aid::Second);
        Ok(match is_second && !self.has_first_answer {
            true => SessionEntry::AnsweredFirst { case, answer },
            false => SessionEntry::Answered { case, answer },
        })
    }

    /// Takes one entry of the record in.
    pub fn take(&mut self, recorded: &Recorded) {
        self.first_day.get_or_insert(recorded.day);
        match &recorded.entry {
            SessionEntry::AnsweredFirst { case, .. } if self.is_open(case) => self.has_first_answer = true,
            SessionEntry::Answered { case, .. } if self.is_open(case) => {
                self.n_answered += 1;
                self.since_break += 1;
                self.has_first_answer = false;
            }
            SessionEntry::BreakBegun => self.in_break = true,
            SessionEntry::BreakEnded => {
                self.in_break = false;
                self.since_break = 0;
            }
            SessionEntry::Ended => self.is_over = true,
            SessionEntry::Started
            | SessionEntry::CaseOpened { .. }
            | SessionEntry::AnsweredFirst { .. }
            | SessionEntry::Answered { .. }
            | SessionEntry::Deviated { .. } => {}
        }
        if self.n_answered == self.order.len() {
            self.is_over = true;
        }
    }

    fn is_open(&self, case: &str) -> bool {
        self.case().is_some_and(|open| open.id == case)
    }
}
