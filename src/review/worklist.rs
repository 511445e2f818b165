//! Triage: which study a reader should open next.

use std::cmp::Ordering;

use crate::domain::uid::StudyUid;
use crate::review::session::{Counts, ReviewSession};

/// Where a study stands. The order of the variants is the order of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TriageGroup {
    /// The model flagged something nobody has decided on.
    FlaggedUnreviewed,
    /// No model has looked: unknown must not hide behind unflagged.
    NotAnalyzed,
    /// A model looked and flagged nothing. Does not exclude disease.
    NotFlagged,
    Reviewed,
}

impl TriageGroup {
    pub fn word(self) -> &'static str {
        match self {
            Self::FlaggedUnreviewed => "Flagged, unreviewed",
            Self::NotAnalyzed => "Not analyzed",
            Self::NotFlagged => "Not flagged",
            Self::Reviewed => "Reviewed",
        }
    }
}

/// One study of the worklist as triage sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    pub study: StudyUid,
    pub group: TriageGroup,
    /// Greatest (score − operating point) among the flagged and unreviewed.
    pub margin: Option<f64>,
}

impl Standing {
    /// `None` for a study that nobody opened and no model has seen.
    pub fn of(study: &StudyUid, session: Option<&ReviewSession>) -> Self {
        let counts = session.map(ReviewSession::counts).unwrap_or_default();
        let Counts { n_findings, n_flagged, n_unreviewed, n_decided } = counts;
        let group = if n_unreviewed > 0 {
            TriageGroup::FlaggedUnreviewed
        } else if n_findings == 0 {
            TriageGroup::NotAnalyzed
        } else if n_flagged == 0 && n_decided == 0 {
            TriageGroup::NotFlagged
        } else {
            TriageGroup::Reviewed
        };
        let open = session.into_iter().flat_map(ReviewSession::findings).filter(|review| review.is_unreviewed());
        let margin = open.filter_map(|review| review.margin()).max_by(f64::total_cmp);
        Self { study: study.clone(), group, margin }
    }
}

/// Sorts for triage; studies of equal standing keep the order they came in.
pub fn sort_for_triage(standings: &mut [Standing]) {
    standings.sort_by(compare);
}

fn compare(a: &Standing, b: &Standing) -> Ordering {
    let by_margin = || match (a.margin, b.margin) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    a.group.cmp(&b.group).then_with(by_margin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flagged_and_unreviewed_come_first_by_margin_and_reviewed_last() {
        let standing = |uid, group, margin| Standing { study: StudyUid::new(uid), group, margin };
        let mut list = [
            standing("reviewed", TriageGroup::Reviewed, None),
            standing("clear", TriageGroup::NotFlagged, None),
            standing("weak", TriageGroup::FlaggedUnreviewed, Some(0.1)),
            standing("unseen", TriageGroup::NotAnalyzed, None),
            standing("strong", TriageGroup::FlaggedUnreviewed, Some(0.4)),
        ];
        sort_for_triage(&mut list);
        let order: Vec<&str> = list.iter().map(|standing| standing.study.as_str()).collect();
        assert_eq!(order, ["strong", "weak", "unseen", "clear", "reviewed"]);
    }
}
