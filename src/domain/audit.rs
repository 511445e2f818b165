//! What happened to patients' data, in the terms of an audit trail (PS3.15 A.5): who did what to which study, when.

use crate::domain::uid::StudyUid;

/// What kind of thing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditAction {
    /// Images or their review were looked at.
    Accessed,
    /// Patients or studies were searched for.
    Searched,
    /// Something was added to the review: a suggestion, a decision, a measurement, a signature.
    Created,
    /// Something in force was changed or taken back; the older stays in the record.
    Changed,
    /// Something left the program.
    Exported,
    /// Another record came in.
    Imported,
    /// The record's own protection changed.
    SecurityAlert,
}

/// One event of the record as an audit trail tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its place in the record.
    pub seq: i64,
    /// The record's own word for it, such as `finding_decided`.
    pub kind: String,
    pub action: AuditAction,
    /// When it was written, RFC 3339 UTC.
    pub at: String,
    /// Who is behind it; a program's name where no person is.
    pub actor: String,
    pub is_person: bool,
    pub role: String,
    /// The machine; empty where the record does not say.
    pub host: String,
    /// Name and version of the program that wrote it; empty where the record does not say.
    pub program: String,
    /// Where an export went; empty otherwise.
    pub destination: String,
    /// The study it is about, if it is about one.
    pub study: Option<StudyUid>,
    /// The event's hash in lower-case hex: what ties the message to the chain.
    pub hash: String,
    /// The event as it was written, JSON.
    pub body: String,
}
