//! What happens in a session of a reader study, as it is recorded. Kinds and fields are only ever added.

use serde::{Deserialize, Serialize};

/// A mark with its rating.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlacedMark {
    /// As the lesions of the protocol: millimeters in the patient, or columns, rows and 0.
    pub at: [f64; 3],
    pub rating: f64,
}

/// What a reader answered for one case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseAnswer {
    /// Absent where the scale is marks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<PlacedMark>,
    /// With the pictures on screen and the reader at work.
    pub seconds: f64,
}

/// One thing that happened, in the order of the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum SessionEntry {
    Started,
    CaseOpened {
        case: String,
    },
    /// Before the aid, in an arm with a second reading.
    AnsweredFirst {
        case: String,
        answer: CaseAnswer,
    },
    Answered {
        case: String,
        answer: CaseAnswer,
    },
    BreakBegun,
    BreakEnded,
    /// Something did not go as planned, in the reader's or the leader's words.
    Deviated {
        case: Option<String>,
        text: String,
    },
    Ended,
}

/// An entry with whose session it is of, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    pub protocol: String,
    /// The lock under which it happened.
    pub lock: String,
    pub reader: String,
    pub arm: String,
    /// Days since 1970-01-01, for the washout.
    pub day: i64,
    /// RFC 3339.
    pub at: String,
    #[serde(flatten)]
    pub entry: SessionEntry,
}
