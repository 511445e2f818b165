//! The store's own events: what ties findings, accesses, conflicts and other records into the chain.
//!
//! They are no part of a study's review and are passed over when one is read.

use serde::{Deserialize, Serialize};

use crate::review::event::ReviewEvent;
use crate::store::chain::Hash;
use crate::store::json::hex;

/// Ties a finding's content into the chain.
pub(crate) const FINDING_STORED: &str = "finding_stored";
/// Remembers that the anchor was gone.
pub(crate) const ANCHOR_RENEWED: &str = "anchor_renewed";
/// A decision that came too late: somebody else had decided the same meanwhile. Kept, not in force.
pub(crate) const DECISION_CONFLICTED: &str = "decision_conflicted";
/// A device's key, by which the events that follow may be signed.
pub(crate) const DEVICE_ENROLLED: &str = "device_enrolled";
/// Another record's events follow.
pub(crate) const RECORD_MERGED: &str = "record_merged";
/// Who looked, and who took something out.
pub(crate) const STUDY_OPENED: &str = "study_opened";
pub(crate) const IMAGES_DISPLAYED: &str = "images_displayed";
pub(crate) const REPORT_EXPORTED: &str = "report_exported";
pub(crate) const WORKLIST_SEARCHED: &str = "worklist_searched";

/// Who the store's own events are by, where no reader is behind them.
pub(crate) const STORE_ACTOR: &str = "overread";
/// Their role.
pub(crate) const STORE_ROLE: &str = "program";

/// All of the above, as an SQL list.
pub(crate) const OWN_KINDS: &str = "('finding_stored', 'anchor_renewed', 'decision_conflicted', 'device_enrolled', \
                                    'record_merged', 'study_opened', 'images_displayed', 'report_exported', \
                                    'worklist_searched')";

#[derive(Serialize, Deserialize)]
pub(crate) struct FindingStored {
    pub finding: String,
    #[serde(with = "hex")]
    pub content_sha256: Hash,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct DecisionConflicted {
    /// As it would have been kept.
    pub event: ReviewEvent,
    /// The identity of the event that was there first.
    pub against: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_for_statements_names_every_kind() {
        let kinds = [
            FINDING_STORED,
            ANCHOR_RENEWED,
            DECISION_CONFLICTED,
            DEVICE_ENROLLED,
            RECORD_MERGED,
            STUDY_OPENED,
            IMAGES_DISPLAYED,
            REPORT_EXPORTED,
            WORKLIST_SEARCHED,
        ];
        let quoted: Vec<_> = kinds.iter().map(|kind| format!("'{kind}'")).collect();
        assert_eq!(OWN_KINDS, format!("({})", quoted.join(", ")));
    }
}
