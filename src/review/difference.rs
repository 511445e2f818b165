//! Where two readers differ on one study, finding by finding.

use std::sync::Arc;

use crate::domain::decision::Decision;
use crate::domain::finding::{Finding, Origin};
use crate::domain::uid::ReaderName;
use crate::review::grouping::{SAME_PLACE, is_same_label};
use crate::review::session::FindingReview;

/// One line of the comparison.
#[derive(Clone, Debug)]
pub struct Difference {
    /// A model's finding, or the first reader's own, or only the second's.
    pub finding: Arc<Finding>,
    /// The second reader's own finding that is about the same thing as the first's.
    pub counterpart: Option<Arc<Finding>>,
    pub sides: [Side; 2],
    pub adjudicated: Option<Decision>,
}

/// What one reader made of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Side {
    /// The reader's own finding, with what was said of it since.
    Found(Option<Box<Decision>>),
    Decided(Box<Decision>),
    /// A model's finding on which the reader did not decide.
    Undecided,
    /// The other's own finding that this reader did not mark.
    NotMarked,
}

impl Side {
    pub fn words(&self) -> &str {
        match self {
            Self::Found(None) => "Marked",
            Self::Found(Some(decision)) | Self::Decided(decision) => decision.words(),
            Self::Undecided => "Not decided",
            Self::NotMarked => "Not marked",
        }
    }

    pub fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Found(decision) => decision.as_deref(),
            Self::Decided(decision) => Some(decision),
            Self::Undecided | Self::NotMarked => None,
        }
    }
}

impl Difference {
    /// The two do not say the same.
    pub fn is_disputed(&self) -> bool {
        let [a, b] = &self.sides;
        match (a, b) {
            (Side::Undecided, Side::Undecided) => false,
            (Side::Found(a), Side::Found(b)) => answer(a.as_deref()) != answer(b.as_deref()),
            (Side::Decided(a), Side::Decided(b)) => answer(Some(a)) != answer(Some(b)),
            _ => true,
        }
    }
}

fn answer(decision: Option<&Decision>) -> Option<(&'static str, Option<&str>)> {
    decision.map(|one| (one.verdict.word(), one.details.label.as_ref().map(|label| label.name.as_str())))
}

/// Everybody who decided or marked anything, by name.
pub fn readers(unmasked: &[FindingReview]) -> Vec<ReaderName> {
    let of_finding = |review: &FindingReview| {
        let owner = owner(&review.finding).cloned();
        owner.into_iter().chain(review.by_reader.iter().map(|decision| decision.reader.clone())).collect::<Vec<_>>()
    };
    let mut all: Vec<ReaderName> = unmasked.iter().flat_map(of_finding).collect();
    all.sort();
    all.dedup();
    all
}

/// Compares two readers over every finding that either has touched, in the panel's order; disputed ones first.
pub fn between(unmasked: &[FindingReview], first: &ReaderName, second: &ReaderName) -> Vec<Difference> {
    let is_of = |review: &&FindingReview, reader: &ReaderName| owner(&review.finding) == Some(reader);
    let seconds: Vec<&FindingReview> = unmasked.iter().filter(|review| is_of(review, second)).collect();
    let mut matched = vec![false; seconds.len()];
    let mut lines = Vec::new();
    for review in unmasked {
        let own =
            |reader: &ReaderName| review.by_reader.iter().find(|one| &one.reader == reader).cloned().map(Box::new);
        let line = |sides: [Side; 2], counterpart: Option<Arc<Finding>>| Difference {
            finding: Arc::clone(&review.finding),
            counterpart,
            sides,
            adjudicated: review.adjudicated.clone(),
        };
        match owner(&review.finding) {
            None => {
                let side = |reader: &ReaderName| own(reader).map_or(Side::Undecided, Side::Decided);
                lines.push(line([side(first), side(second)], None));
            }
            Some(by) if by == first => {
                let found = seconds
                    .iter()
                    .zip(&mut matched)
                    .find(|(other, is_matched)| !**is_matched && is_same_thing(&review.finding, &other.finding));
                let (side, counterpart) = match found {
                    Some((other, is_matched)) => {
                        *is_matched = true;
                        let decision = other.by_reader.iter().find(|one| &one.reader == second).cloned();
                        (Side::Found(decision.map(Box::new)), Some(Arc::clone(&other.finding)))
                    }
                    // The second may have decided on the first's own finding.
                    None => (own(second).map_or(Side::NotMarked, Side::Decided), None),
                };
                lines.push(line([Side::Found(own(first)), side], counterpart));
            }
            Some(_) => {}
        }
    }
    for (review, _) in seconds.iter().zip(&matched).filter(|(_, is_matched)| !**is_matched) {
        let own =
            |reader: &ReaderName| review.by_reader.iter().find(|one| &one.reader == reader).cloned().map(Box::new);
        lines.push(Difference {
            finding: Arc::clone(&review.finding),
            counterpart: None,
            sides: [own(first).map_or(Side::NotMarked, Side::Decided), Side::Found(own(second))],
            adjudicated: review.adjudicated.clone(),
        });
    }
    lines.sort_by_key(|line| !line.is_disputed());
    lines
}

fn owner(finding: &Finding) -> Option<&ReaderName> {
    match &finding.origin {
        Origin::Reader(reader) => Some(reader),
        Origin::Model(_) | Origin::Document(_) => None,
    }
}

/// On one image, under one name, and about one place.
fn is_same_thing(a: &Finding, b: &Finding) -> bool {
    let is_same_place = match (a.place.region(), b.place.region()) {
        (Some(a), Some(b)) => a.intersection_over_union(b) >= SAME_PLACE,
        (None, None) => true,
        _ => false,
    };
    a.subject == b.subject && is_same_label(&a.label, &b.label) && is_same_place
}
