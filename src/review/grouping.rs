//! Findings that say one thing more than once: by several models, or by one model with boxes that overlap.

use crate::domain::finding::{Finding, FindingLabel, Place};
use crate::domain::uid::FindingId;
use crate::review::session::FindingReview;

/// Boxes that share at least this part of what they cover together are about one place.
pub const SAME_PLACE: f64 = 0.5;

/// A finding and those that repeat it, in the panel's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub lead: FindingId,
    /// Never empty.
    pub others: Vec<Alike>,
}

/// A finding that repeats the lead of its group.
#[derive(Clone, Debug, PartialEq)]
pub struct Alike {
    pub finding: FindingId,
    /// Intersection over union of the boxes, 0 to 1; `None` where both are about the whole image.
    pub overlap: Option<f64>,
}

/// The groups among findings in the panel's order; a finding is in one group at most.
pub fn groups(findings: &[FindingReview]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut taken = vec![false; findings.len()];
    for (index, lead) in findings.iter().enumerate() {
        if taken.get(index).copied().unwrap_or(true) {
            continue;
        }
        let mut others = Vec::new();
        for (other, is_taken) in findings.iter().zip(taken.iter_mut()).skip(index + 1) {
            if let Some(overlap) = likeness(&lead.finding, &other.finding).filter(|_| !*is_taken) {
                *is_taken = true;
                others.push(Alike { finding: other.finding.id.clone(), overlap });
            }
        }
        if !others.is_empty() {
            groups.push(Group { lead: lead.finding.id.clone(), others });
        }
    }
    groups
}

/// How far two findings are one; `None` when they are two.
fn likeness(a: &Finding, b: &Finding) -> Option<Option<f64>> {
    if a.subject != b.subject || !is_same_label(&a.label, &b.label) {
        return None;
    }
    match (&a.place, &b.place) {
        (Place::WholeImage, Place::WholeImage) => Some(None),
        (Place::Region { region: a }, Place::Region { region: b }) => {
            let overlap = a.intersection_over_union(b);
            (overlap >= SAME_PLACE).then_some(Some(overlap))
        }
        (Place::WholeImage, Place::Region { .. }) | (Place::Region { .. }, Place::WholeImage) => None,
    }
}

/// By code where both have one, else by name.
pub fn is_same_label(a: &FindingLabel, b: &FindingLabel) -> bool {
    match (&a.code, &b.code) {
        (Some(a), Some(b)) => (&a.scheme, &a.value) == (&b.scheme, &b.value),
        _ => a.name.trim().eq_ignore_ascii_case(b.name.trim()),
    }
}
