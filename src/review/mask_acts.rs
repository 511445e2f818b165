//! Masks under review: which changes are taken in, and what they add up to.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::mask::Segment;
use crate::domain::mask_edit::{MaskChange, MaskEffort, MaskStep, MaskSubject, SegmentInfo};
use crate::domain::report::Signed;
use crate::domain::uid::{EventId, StudyUid};
use crate::review::event::{Change, ReviewEvent};
use crate::review::history::History;
use crate::review::projection::{Sight, worse};
use crate::review::rules::Refusal;
use crate::review::session::{Keeping, LoggedEvent};

/// One mask as the review stands.
#[derive(Clone, Debug)]
pub struct MaskReview {
    pub subject: MaskSubject,
    /// Segments the reader brought in or named anew, in that order; a removed one is not among them.
    pub segments: Vec<SegmentInfo>,
    /// Ids of segments that were removed, the model's own too.
    pub removed: Vec<String>,
    /// Every edit in force, oldest first.
    pub edits: Vec<EditReview>,
    /// Every revision, oldest first.
    pub revisions: Vec<RevisionReview>,
    /// Since the last revision, edits that were taken back again among them.
    pub effort: MaskEffort,
    /// The worst of all events about it.
    pub keeping: Keeping,
}

#[derive(Clone, Debug)]
pub struct EditReview {
    pub event: EventId,
    pub made: Signed,
    /// A [`MaskStep::Edited`].
    pub change: Arc<MaskChange>,
}

#[derive(Clone, Debug)]
pub struct RevisionReview {
    pub event: EventId,
    pub made: Signed,
    /// A [`MaskStep::Revised`].
    pub change: Arc<MaskChange>,
    /// How many of the edits in force came before it.
    pub n_edits: usize,
}

impl MaskReview {
    fn new(subject: MaskSubject) -> Self {
        Self {
            subject,
            segments: Vec::new(),
            removed: Vec::new(),
            edits: Vec::new(),
            revisions: Vec::new(),
            effort: MaskEffort::default(),
            keeping: Keeping::Kept,
        }
    }

    /// Edits in force since the last revision.
    pub fn n_unrevised(&self) -> usize {
        let known = self.revisions.last().map_or(0, |revision| revision.n_edits.min(self.edits.len()));
        self.edits.len() - known
    }
}

/// The segments of a mask: those of the model, as a reader may have named them, then the reader's own, without the removed.
pub fn segments_in_force(review: Option<&MaskReview>, of_model: &[Arc<Segment>]) -> Vec<SegmentInfo> {
    let is_removed = |id: &str| review.is_some_and(|review| review.removed.iter().any(|removed| removed == id));
    let own = review.map_or(&[][..], |review| &review.segments);
    let models = of_model.iter().map(|segment| {
        let renamed = own.iter().find(|own| own.id == segment.id);
        renamed.cloned().unwrap_or_else(|| SegmentInfo::from(&**segment))
    });
    let fresh = own.iter().filter(|own| !of_model.iter().any(|segment| segment.id == own.id)).cloned();
    models.filter(|info| !is_removed(&info.id)).chain(fresh).collect()
}

/// Refuses what belongs to another study; an edit that flips nothing is no event at all.
pub(crate) fn checked(change: Arc<MaskChange>, study: &StudyUid) -> Result<Option<Change>, Refusal> {
    if change.mask.ground.study() != study {
        return Err(Refusal::MaskOfOtherStudy);
    }
    let says_nothing = match &change.step {
        MaskStep::Edited(edit) => edit.is_empty(),
        MaskStep::SegmentDefined { segment } if segment.name.trim().is_empty() || segment.id.is_empty() => {
            return Err(Refusal::UnnamedSegment);
        }
        MaskStep::SegmentDefined { .. } | MaskStep::SegmentRemoved { .. } | MaskStep::Revised(_) => false,
    };
    Ok((!says_nothing).then_some(Change::MaskChanged { change }))
}

/// All masks that were ever changed, in the order of their first change.
pub(crate) fn fold_masks(log: &[LoggedEvent], history: &History, sight: Sight<'_>) -> Vec<MaskReview> {
    let mut masks: Vec<MaskReview> = Vec::new();
    let mut about: BTreeMap<&EventId, usize> = BTreeMap::new();
    for LoggedEvent { event, keeping } in log.iter().filter(|logged| sight.shows(&logged.event)) {
        let place = match &event.change {
            Change::MaskChanged { change } => {
                let known = masks.iter().position(|mask| mask.subject == change.mask);
                Some(known.unwrap_or_else(|| {
                    masks.push(MaskReview::new(change.mask.clone()));
                    masks.len() - 1
                }))
            }
            Change::Undone { event } | Change::Redone { event } => about.get(event).copied(),
            _ => None,
        };
        let Some((place, mask)) = place.and_then(|place| Some((place, masks.get_mut(place)?))) else { continue };
        about.insert(&event.id, place);
        mask.keeping = worse(mask.keeping.clone(), keeping);
        match &event.change {
            Change::MaskChanged { change } => take_in(mask, event, change, history.is_in_force(&event.id)),
            Change::Undone { .. } => mask.effort.n_undone += 1,
            _ => {}
        }
    }
    masks
}

fn take_in(mask: &mut MaskReview, event: &ReviewEvent, change: &Arc<MaskChange>, is_in_force: bool) {
    let made = || Signed { reader: event.reader.clone(), at: event.at.clone() };
    match &change.step {
        MaskStep::Edited(edit) => {
            mask.effort.n_strokes += 1;
            mask.effort.spent_ms += u64::from(edit.spent_ms);
            mask.effort.n_voxels_added += edit.n_added();
            mask.effort.n_voxels_removed += edit.n_removed();
            if is_in_force {
                mask.edits.push(EditReview { event: event.id.clone(), made: made(), change: Arc::clone(change) });
            }
        }
        MaskStep::SegmentDefined { segment } if is_in_force => {
            mask.removed.retain(|id| id != &segment.id);
            match mask.segments.iter_mut().find(|known| known.id == segment.id) {
                Some(known) => known.clone_from(segment),
                None => mask.segments.push(segment.clone()),
            }
        }
        MaskStep::SegmentRemoved { segment } if is_in_force => {
            mask.segments.retain(|known| &known.id != segment);
            mask.removed.push(segment.clone());
        }
        MaskStep::Revised(_) if is_in_force => {
            mask.effort = MaskEffort::default();
            let n_edits = mask.edits.len();
            let (event, change) = (event.id.clone(), Arc::clone(change));
            mask.revisions.push(RevisionReview { event, made: made(), change, n_edits });
        }
        MaskStep::SegmentDefined { .. } | MaskStep::SegmentRemoved { .. } | MaskStep::Revised(_) => {}
    }
}
