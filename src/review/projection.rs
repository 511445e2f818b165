//! The fold: from events to what the panel lists. Live and replayed state come from here alike.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::annotation::Annotation;
use crate::domain::finding::Finding;
use crate::domain::report::Signed;
use crate::domain::uid::{AnnotationId, EventId, FindingId, ReaderName};
use crate::review::event::{Change, ImageScaled, ReviewEvent};
use crate::review::history::History;
use crate::review::session::{AnnotationReview, FindingReview, Keeping, LoggedEvent};

/// What the fold reads.
pub(crate) struct Sources<'a> {
    pub known: &'a BTreeMap<FindingId, Arc<Finding>>,
    pub log: &'a [LoggedEvent],
    pub history: &'a History,
    pub displayed: &'a BTreeSet<FindingId>,
    pub unrecorded: &'a BTreeSet<FindingId>,
    pub sight: Sight<'a>,
}

/// What the viewer may see.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sight<'a> {
    /// Nothing of the models.
    pub hides_ai: bool,
    /// Of readers only this one.
    pub only: Option<&'a ReaderName>,
}

impl Sight<'_> {
    pub(crate) fn shows(&self, event: &ReviewEvent) -> bool {
        let is_models = matches!(event.change, Change::SuggestionsRecorded { .. });
        is_models || self.only.is_none_or(|only| only == &event.reader)
    }
}

pub(crate) fn fold(sources: &Sources<'_>) -> Vec<FindingReview> {
    let mut reviews: BTreeMap<FindingId, FindingReview> = BTreeMap::new();
    let mut gone = BTreeSet::new();
    let mut touched: BTreeMap<&EventId, &ReviewEvent> = BTreeMap::new();
    for id in sources.unrecorded {
        list(&mut reviews, sources, id);
    }
    for LoggedEvent { event, keeping } in sources.log.iter().filter(|logged| sources.sight.shows(&logged.event)) {
        touched.insert(&event.id, event);
        let is_in_force = sources.history.is_in_force(&event.id);
        match &event.change {
            Change::SuggestionsRecorded { findings, .. } => {
                findings.iter().for_each(|id| list(&mut reviews, sources, id));
            }
            Change::FindingAdded { finding } => {
                list(&mut reviews, sources, finding);
                if !is_in_force {
                    gone.insert(finding);
                }
            }
            Change::FindingWithdrawn { finding } if is_in_force => {
                gone.insert(finding);
            }
            Change::FindingDecided(decided) => decide(&mut reviews, &decided.finding, event, is_in_force),
            Change::FindingAdjudicated(adjudicated) if is_in_force => {
                if let Some(review) = reviews.get_mut(&adjudicated.finding) {
                    review.adjudicated = event.decision();
                }
            }
            _ => {}
        }
        let about = match &event.change {
            Change::Undone { event } | Change::Redone { event } => touched.get(event).copied(),
            _ => Some(event),
        };
        for id in about.map(ReviewEvent::findings).unwrap_or_default() {
            if let Some(review) = reviews.get_mut(id) {
                review.keeping = worse(review.keeping.clone(), keeping);
            }
        }
    }
    let mut listed: Vec<_> = reviews.into_values().filter(|review| !gone.contains(&review.finding.id)).collect();
    listed.sort_by(in_panel_order);
    listed
}

/// What is drawn on the study's pictures now, in the order it was placed. An event about what was never placed changes
/// nothing.
pub(crate) fn fold_annotations(log: &[LoggedEvent], history: &History, sight: Sight<'_>) -> Vec<AnnotationReview> {
    let mut reviews: Vec<AnnotationReview> = Vec::new();
    let mut about: BTreeMap<&EventId, &AnnotationId> = BTreeMap::new();
    for LoggedEvent { event, keeping } in log.iter().filter(|logged| sight.shows(&logged.event)) {
        if let Change::ImageScaled(ImageScaled { annotations, .. }) = &event.change
            && history.is_in_force(&event.id)
        {
            measured_anew(&mut reviews, annotations, keeping);
        }
        let target = match &event.change {
            Change::Undone { event } | Change::Redone { event } => about.get(event).copied(),
            _ => event.annotation(),
        };
        let Some(target) = target else { continue };
        about.insert(&event.id, target);
        let is_in_force = history.is_in_force(&event.id);
        let signed = || Signed { reader: event.reader.clone(), at: event.at.clone() };
        if let Change::AnnotationPlaced { annotation } = &event.change {
            let (annotation, keeping) = (Arc::clone(annotation), Keeping::Kept);
            let is_removed = !is_in_force;
            reviews.push(AnnotationReview { annotation, placed: signed(), changed: None, keeping, is_removed });
        }
        let Some(review) = reviews.iter_mut().rfind(|review| &review.annotation.id == target) else { continue };
        match &event.change {
            Change::AnnotationChanged { annotation } if is_in_force => {
                review.annotation = Arc::clone(annotation);
                review.changed = Some(signed());
            }
            Change::AnnotationRemoved { .. } => review.is_removed |= is_in_force,
            _ => {}
        }
        review.keeping = worse(review.keeping.clone(), keeping);
    }
    reviews.retain(|review| !review.is_removed);
    reviews
}

/// With an image's scale change the lengths of what is drawn on it; who drew it, and when, stays.
fn measured_anew(reviews: &mut [AnnotationReview], annotations: &[Arc<Annotation>], keeping: &Keeping) {
    for annotation in annotations {
        if let Some(review) = reviews.iter_mut().find(|review| review.annotation.id == annotation.id) {
            review.annotation = Arc::clone(annotation);
            review.keeping = worse(review.keeping.clone(), keeping);
        }
    }
}

fn list(reviews: &mut BTreeMap<FindingId, FindingReview>, sources: &Sources<'_>, id: &FindingId) {
    let Some(finding) = sources.known.get(id) else {
        return;
    };
    if sources.sight.hides_ai && finding.is_suggested() {
        return;
    }
    reviews.entry(id.clone()).or_insert_with(|| FindingReview {
        finding: Arc::clone(finding),
        decision: None,
        history: Vec::new(),
        keeping: Keeping::Kept,
        was_displayed: sources.displayed.contains(id),
        by_reader: Vec::new(),
        adjudicated: None,
    });
}

fn decide(reviews: &mut BTreeMap<FindingId, FindingReview>, id: &FindingId, event: &ReviewEvent, is_in_force: bool) {
    if let (Some(review), Some(decision)) = (reviews.get_mut(id), event.decision()) {
        review.history.push(decision.clone());
        if is_in_force {
            review.by_reader.retain(|other| other.reader != decision.reader);
            let at = review.by_reader.partition_point(|other| other.reader < decision.reader);
            review.by_reader.insert(at, decision.clone());
            review.decision = Some(decision);
        }
    }
}

/// `NotSaved` before `Pending` before `Kept`; of two failures the later, which has the latest reason.
pub(crate) fn worse(a: Keeping, b: &Keeping) -> Keeping {
    match (&a, b) {
        (_, Keeping::NotSaved(_)) | (Keeping::Kept, Keeping::Pending) => b.clone(),
        _ => a,
    }
}

fn in_panel_order(a: &FindingReview, b: &FindingReview) -> Ordering {
    let group = |review: &FindingReview| match (review.finding.is_flagged(), review.margin()) {
        (true, Some(_)) => 0,
        (true, None) => 1,
        (false, _) => 2,
    };
    let margin = |review: &FindingReview| review.margin().unwrap_or(0.0);
    let by_margin = margin(b).total_cmp(&margin(a));
    let by_name = || (&a.finding.label.name, &a.finding.id).cmp(&(&b.finding.label.name, &b.finding.id));
    group(a).cmp(&group(b)).then(by_margin).then_with(by_name)
}
