//! The list of findings as it is shown and walked: repeats behind what they repeat, those below the threshold apart.

use std::collections::BTreeMap;

use crate::domain::uid::FindingId;
use crate::review::grouping;
use crate::review::session::{FindingReview, ReviewSession};
use crate::ui::transient::ListMemory;

/// One line of the list.
pub struct Listed<'a> {
    pub review: &'a FindingReview,
    /// It repeats the finding above it: how far their boxes overlap, where they have boxes.
    pub repeats: Option<Option<f64>>,
    /// Folded away with those below the threshold.
    pub is_below: bool,
}

/// On top what the threshold lets through, what readers added, and what is decided: that is never folded away. Then what
/// lies below. A finding does not leave its part by being decided while that part is in sight.
pub fn listed<'a>(session: &'a ReviewSession, memory: &ListMemory) -> Vec<Listed<'a>> {
    let findings = session.findings();
    let overlaps: BTreeMap<FindingId, (FindingId, Option<f64>)> = grouping::groups(findings)
        .into_iter()
        .flat_map(|group| {
            let lead = group.lead;
            group.others.into_iter().map(move |other| (other.finding, (lead.clone(), other.overlap)))
        })
        .collect();
    let is_on_top = |review: &FindingReview| {
        reaches(review, memory.threshold_shift) || review.decision.is_some() && !memory.below_threshold_open
    };
    let (mut top, mut below) = (Vec::new(), Vec::new());
    for review in findings.iter().filter(|review| !overlaps.contains_key(&review.finding.id)) {
        let of_lead = |other: &&FindingReview| {
            overlaps.get(&other.finding.id).is_some_and(|(lead, _)| lead == &review.finding.id)
        };
        let repeats = findings.iter().filter(of_lead);
        let lines = std::iter::once((review, None))
            .chain(repeats.map(|other| (other, overlaps.get(&other.finding.id).map(|(_, overlap)| *overlap))));
        for (review, repeats) in lines {
            let is_below = !is_on_top(review);
            let part = if is_below { &mut below } else { &mut top };
            part.push(Listed { review, repeats, is_below });
        }
    }
    top.append(&mut below);
    top
}

/// At or above its operating point moved by `shift`; a reader's own always is.
fn reaches(review: &FindingReview, shift: f64) -> bool {
    match review.margin() {
        _ if !review.finding.is_suggested() => true,
        Some(margin) => margin >= shift,
        // What could not be measured stands beside the picture, and flags nothing. What another product says has no
        // score here: it is listed as that product means it.
        None => review.finding.is_flagged(),
    }
}
