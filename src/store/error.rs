//! What can go wrong with the record, as sentences a reader can act on. None holds patient data.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::store::conflict::Conflict;

#[derive(Debug, Error)]
pub enum StoreError {
    #[error("The review record is read-only ({why}): decisions cannot be kept.")]
    ReadOnly { why: String },
    #[error(
        "The review record is of a newer version ({found}) than this program knows ({known}). Nothing was changed."
    )]
    Newer { found: i64, known: i64 },
    #[error("This file is not a review record; it was left as it is: {}", path.display())]
    NotARecord { path: PathBuf },
    #[error("The review record is missing although its anchor file is there; no new one was made: {}", path.display())]
    Missing { path: PathBuf },
    #[error("The review record is in use by another program. Try again in a moment.")]
    Locked,
    #[error("Two writers got in each other's way. Try again in a moment.")]
    Clash,
    #[error("The disk is full: nothing was kept.")]
    DiskFull,
    #[error("The review record could not be written to disk ({detail}): nothing was kept.")]
    WriteFailed { detail: String },
    #[error("The review record is damaged ({detail}). Nothing was changed; restore a backup.")]
    Damaged { detail: String },
    #[error("The review record was altered from outside ({detail}). Writing has stopped.")]
    Altered { detail: String },
    #[error("The review record cannot promise to survive a power cut here ({detail}), so it was not opened.")]
    NotDurable { detail: String },
    #[error("An event names a finding that was never stored; nothing was kept.")]
    UnknownFinding,
    #[error("An event undoes or redoes one that was never stored; nothing was kept.")]
    UnknownEvent,
    #[error("An event with the same identity but other content is already kept; nothing was changed.")]
    EventConflict,
    #[error("Somebody else has decided the same meanwhile: look again, and decide again.")]
    Conflict { conflicts: Vec<Conflict> },
    #[error("The study is signed off: amend it before deciding again. Nothing was kept.")]
    SignedOff,
    #[error("The review record is encrypted (or is no record at all): its key is needed: {}", path.display())]
    KeyNeeded { path: PathBuf },
    #[error(
        "There is no review record yet, and no keyring to hold its key: say how it is to be protected: {}",
        path.display()
    )]
    ProtectionUnsaid { path: PathBuf },
    #[error("The key does not fit this review record, or the beginning of the file is damaged. Nothing was changed.")]
    WrongKey,
    #[error("The server of the review record cannot be reached ({detail}).")]
    Unreachable { detail: String },
    #[error("A finding belongs to another study; nothing was kept.")]
    OtherStudy,
    #[error(
        "A finding or event holds something that cannot be written, such as a number that is not finite; nothing was kept."
    )]
    Unwritable,
    #[error("The review record cannot be opened ({detail}): {}", path.display())]
    CannotOpen { detail: String, path: PathBuf },
    #[error("The review record could not be read or written ({detail}).")]
    Engine { detail: String },
}

impl StoreError {
    /// Stable word for scripts and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ReadOnly { .. } => "store_read_only",
            Self::Newer { .. } => "store_newer",
            Self::NotARecord { .. } => "store_not_a_record",
            Self::Missing { .. } => "store_missing",
            Self::Locked | Self::Clash => "store_locked",
            Self::DiskFull => "store_disk_full",
            Self::WriteFailed { .. } => "store_write_failed",
            Self::Damaged { .. } => "store_damaged",
            Self::Altered { .. } => "store_altered",
            Self::NotDurable { .. } => "store_not_durable",
            Self::UnknownFinding => "store_unknown_finding",
            Self::UnknownEvent => "store_unknown_event",
            Self::EventConflict => "store_event_conflict",
            Self::Conflict { .. } => "store_conflict",
            Self::SignedOff => "store_signed_off",
            Self::KeyNeeded { .. } => "store_key_needed",
            Self::ProtectionUnsaid { .. } => "store_protection_unsaid",
            Self::WrongKey => "store_wrong_key",
            Self::Unreachable { .. } => "store_unreachable",
            Self::OtherStudy => "store_other_study",
            Self::Unwritable => "store_unwritable",
            Self::CannotOpen { .. } => "store_cannot_open",
            Self::Engine { .. } => "store_engine",
        }
    }

    /// Whether the same call may succeed later without anyone's doing.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Locked | Self::Clash | Self::DiskFull | Self::WriteFailed { .. } | Self::Unreachable { .. }
        )
    }

    /// While opening, where the file itself may be at fault.
    pub(crate) fn opening(error: rusqlite::Error, path: &Path) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => Self::NotARecord { path: path.to_owned() },
            Some(rusqlite::ErrorCode::CannotOpen) => {
                Self::CannotOpen { detail: sqlite_words(&error), path: path.to_owned() }
            }
            _ => Self::from(error),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let detail = sqlite_words(&error);
        match error.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Locked,
            Some(Code::DiskFull) => Self::DiskFull,
            Some(Code::SystemIoFailure) => Self::WriteFailed { detail },
            Some(Code::ReadOnly | Code::PermissionDenied) => Self::ReadOnly { why: detail },
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => Self::Damaged { detail },
            _ => Self::Engine { detail },
        }
    }
}

/// SQLite's own phrase for the result code. Never the statement or a bound value, which may be a patient's.
fn sqlite_words(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(code, _) => {
            let code = code.extended_code;
            format!("{}, SQLite code {code}", rusqlite::ffi::code_to_str(code))
        }
        rusqlite::Error::QueryReturnedNoRows => "a row is missing".to_owned(),
        rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::FromSqlConversionFailure(..) => {
            "a column holds the wrong type".to_owned()
        }
        _ => "internal".to_owned(),
    }
}
