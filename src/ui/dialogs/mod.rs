//! Modal dialogs: one file each, kept as a stack in the view state.

use std::path::PathBuf;

use crate::domain::decision::RejectReason;
use crate::domain::finding::{Place, Subject};
use crate::domain::uid::FindingId;

#[derive(Clone, Debug, PartialEq)]
pub enum Dialog {
    /// A path typed by hand, for machines without a file dialog.
    OpenPath(String),
    /// Files of the last intake that were not opened.
    Problems,
    RejectReasons {
        finding: FindingId,
        chosen: Vec<RejectReason>,
        text: String,
    },
    NewFinding {
        subject: Subject,
        place: Place,
        label: String,
    },
    Shortcuts,
    About,
    ExportPath(PathBuf),
}
