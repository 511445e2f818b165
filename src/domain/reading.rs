//! How a study is read: with or without the AI in sight, in which role, and what a signature under it means.
//!
//! Codes are written to the record and to files and never renamed.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::decision::Decision;
use crate::domain::uid::{EventId, FindingId, ReaderName};

/// When a reader sees what the models say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadingMode {
    /// From the start.
    #[default]
    Concurrent,
    /// After the reader's own answer has been given and locked.
    SecondReader,
    /// Never.
    Blind,
    /// As the second reader, on a random sample of what the models called negative.
    Audit,
}

impl ReadingMode {
    pub const ALL: [Self; 4] = [Self::Concurrent, Self::SecondReader, Self::Blind, Self::Audit];

    pub fn code(self) -> &'static str {
        match self {
            Self::Concurrent => "concurrent",
            Self::SecondReader => "second_reader",
            Self::Blind => "blind",
            Self::Audit => "audit",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Concurrent => "Concurrent",
            Self::SecondReader => "Second reader",
            Self::Blind => "Blind",
            Self::Audit => "Audit",
        }
    }

    /// What it means for the reader, in a sentence without a full stop.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Concurrent => "AI results are shown from the start",
            Self::SecondReader => "Read first and lock your answer, then the AI is revealed and you may revise",
            Self::Blind => "AI results are never shown",
            Self::Audit => "A random sample of what the AI called negative, read first, then revealed",
        }
    }

    /// Whether the reader begins without the AI.
    pub fn begins_without_ai(self) -> bool {
        self != Self::Concurrent
    }
}

/// Which parts of a model's result a reader is shown: a condition of the reading, not a taste.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AiPresentation {
    /// Scores, operating points and measured values.
    pub score: bool,
    /// Boxes, outlines and measured lines.
    pub contour: bool,
    /// Saliency maps.
    pub map: bool,
}

impl Default for AiPresentation {
    fn default() -> Self {
        Self { score: true, contour: true, map: true }
    }
}

impl AiPresentation {
    pub fn is_whole(self) -> bool {
        self == Self::default()
    }

    /// `score, contour, map`; `names only` when all are off.
    pub fn words(self) -> String {
        let parts = [(self.score, "score"), (self.contour, "contour"), (self.map, "map")];
        let shown: Vec<&str> = parts.into_iter().filter(|(is_shown, _)| *is_shown).map(|(_, word)| word).collect();
        if shown.is_empty() { "names only".to_owned() } else { shown.join(", ") }
    }
}

/// What a person does in a review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    #[default]
    Reader,
    /// Marks and outlines for a reference standard.
    Annotator,
    /// Decides where readers differ.
    Adjudicator,
    /// Hands out studies; may adjudicate, too.
    Lead,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Reader, Self::Annotator, Self::Adjudicator, Self::Lead];

    pub fn code(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Annotator => "annotator",
            Self::Adjudicator => "adjudicator",
            Self::Lead => "lead",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Reader => "Reader",
            Self::Annotator => "Annotator",
            Self::Adjudicator => "Adjudicator",
            Self::Lead => "Lead",
        }
    }

    pub fn may_adjudicate(self) -> bool {
        matches!(self, Self::Adjudicator | Self::Lead)
    }

    pub fn may_assign(self) -> bool {
        self == Self::Lead
    }
}

/// What a signature means (21 CFR 11.50 asks that it be said).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureMeaning {
    #[default]
    Review,
    Approval,
    Responsibility,
    Authorship,
    Adjudication,
}

impl SignatureMeaning {
    pub const ALL: [Self; 5] =
        [Self::Review, Self::Approval, Self::Responsibility, Self::Authorship, Self::Adjudication];

    pub fn code(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Approval => "approval",
            Self::Responsibility => "responsibility",
            Self::Authorship => "authorship",
            Self::Adjudication => "adjudication",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Review => "Reviewed",
            Self::Approval => "Approved",
            Self::Responsibility => "Responsible",
            Self::Authorship => "Authored",
            Self::Adjudication => "Adjudicated",
        }
    }

    /// What the signer states.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Review => "I have looked at this study and decided on its findings",
            Self::Approval => "I approve this result",
            Self::Responsibility => "I take responsibility for this result",
            Self::Authorship => "These marks and outlines are mine",
            Self::Adjudication => "Where readers differed I have decided",
        }
    }
}

/// A text that is none of the codes of a closed set.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("'{text}' is not one of: {known}")]
pub struct UnknownCode {
    pub text: String,
    pub known: String,
}

macro_rules! found_by_code {
    ($($kind:ty),+ $(,)?) => {
        $(impl TryFrom<&str> for $kind {
            type Error = UnknownCode;

            fn try_from(code: &str) -> Result<Self, UnknownCode> {
                let found = Self::ALL.into_iter().find(|one| one.code() == code);
                found.ok_or_else(|| UnknownCode {
                    text: code.to_owned(),
                    known: Self::ALL.map(Self::code).join(", "),
                })
            }
        })+
    };
}
pub(crate) use found_by_code;

found_by_code!(ReadingMode, Role, SignatureMeaning);

/// From 0 (a guess) to 100 (certain).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Confidence(u8);

impl Confidence {
    /// `None` above 100.
    pub fn new(percent: u8) -> Option<Self> {
        (percent <= 100).then_some(Self(percent))
    }

    pub fn percent(self) -> u8 {
        self.0
    }
}

impl fmt::Debug for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Confidence({})", self.0)
    }
}

impl TryFrom<u8> for Confidence {
    type Error = &'static str;

    fn try_from(percent: u8) -> Result<Self, Self::Error> {
        Self::new(percent).ok_or("a confidence goes from 0 to 100")
    }
}

impl From<Confidence> for u8 {
    fn from(confidence: Confidence) -> Self {
        confidence.0
    }
}

/// What the reader answered about the study as a whole before the AI was revealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// `None` where the reader gave no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_abnormal: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// One reader's reading of one study, as the record has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    pub reader: ReaderName,
    pub role: Role,
    pub mode: ReadingMode,
    /// As it stands now.
    pub presentation: AiPresentation,
    /// The reader does not see what other readers decided until signed.
    pub is_independent: bool,
    /// Of the sample that brought this study, in an audit.
    pub audit_seed: Option<u64>,
    /// RFC 3339 with offset.
    pub started_at: String,
    /// The reader had decided on AI findings of this study before this reading began.
    pub had_seen_ai: bool,
    /// The reader's answer before the AI; it stays whatever is revised later.
    pub locked: Option<FirstRead>,
    pub revealed_at: Option<String>,
}

impl Reading {
    pub fn is_ai_hidden(&self) -> bool {
        self.mode.begins_without_ai() && self.revealed_at.is_none()
    }
}

/// What stood when a reader locked.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstRead {
    /// RFC 3339 with offset.
    pub at: String,
    pub answer: Answer,
    /// The reader's findings then, each with its decision if it had one.
    pub findings: Vec<(FindingId, Option<Decision>)>,
}

/// A signature under a study.
#[derive(Clone, Debug, PartialEq)]
pub struct SignOff {
    pub event: EventId,
    pub reader: ReaderName,
    /// As typed for this signature.
    pub name: String,
    /// RFC 3339 with offset.
    pub at: String,
    pub meaning: SignatureMeaning,
    pub role: Role,
    /// Flagged findings that were left undecided, said at signing.
    pub n_unreviewed: usize,
    /// SHA-256 over the study's events before it, lower-case hex.
    pub covers_sha256: String,
    /// The amendment that opened the study again after it.
    pub amended: Option<Amendment>,
}

/// A signed study was opened again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amendment {
    pub event: EventId,
    pub reader: ReaderName,
    /// RFC 3339 with offset.
    pub at: String,
    pub reason: String,
}

/// Who has a study, or is to have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub reader: ReaderName,
    /// Who gave it to them; the reader, when it was claimed.
    pub by: ReaderName,
    /// RFC 3339 with offset.
    pub at: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_again_and_is_what_is_serialised() {
        for mode in ReadingMode::ALL {
            assert_eq!(ReadingMode::try_from(mode.code()), Ok(mode));
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.code());
        }
        for role in Role::ALL {
            assert_eq!(Role::try_from(role.code()), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.code());
        }
        for meaning in SignatureMeaning::ALL {
            assert_eq!(SignatureMeaning::try_from(meaning.code()), Ok(meaning));
            assert_eq!(serde_json::to_value(meaning).unwrap(), meaning.code());
        }
        assert!(Role::try_from("chief").unwrap_err().to_string().contains("adjudicator"));
    }

    #[test]
    fn confidence_stays_within_a_hundred() {
        assert!(Confidence::new(101).is_none());
        assert!(serde_json::from_str::<Confidence>("101").is_err());
        assert_eq!(serde_json::to_string(&Confidence::new(73)).unwrap(), "73");
    }
}
