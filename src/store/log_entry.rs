//! The record as it lies, for those who check it: every event with its header, hash and signature.

use serde::Serialize;
use serde_json::Value;

use crate::store::chain::Header;
use crate::store::chain_row::ChainRow;
use crate::store::json;

/// One event of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    pub seq: i64,
    #[serde(flatten)]
    pub facts: Option<LogFacts>,
}

/// What a readable event says; hashes in lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogFacts {
    pub event_id: String,
    /// Study Instance UID; empty where the event is about no study.
    pub study: String,
    pub kind: String,
    pub actor: String,
    /// When it was written, RFC 3339 UTC.
    pub wall_utc: String,
    pub prev_hash: String,
    pub hash: String,
    /// Absent for events of the first layout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sig: Option<String>,
    /// Null when it is no JSON.
    pub body: Value,
}

/// `Err` carries the number of a row that cannot be read.
pub(crate) fn from_row(row: Result<ChainRow, i64>) -> LogEntry {
    let row = match row {
        Ok(row) => row,
        Err(seq) => return LogEntry { seq, facts: None },
    };
    let ChainRow { seq, event_id, study, prev_hash, hash, kind, actor, wall_utc, body, header, sig } = row;
    let facts = LogFacts {
        event_id,
        study,
        kind,
        actor,
        wall_utc,
        prev_hash: hex(&prev_hash),
        hash: hex(&hash),
        header,
        sig: sig.as_deref().map(hex),
        body: json::parse(&body).unwrap_or(Value::Null),
    };
    LogEntry { seq, facts: Some(facts) }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
