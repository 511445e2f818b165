//! One mask under correction: the segments' voxels as they are now, kept in step with the review's events.
//!
//! What is here can always be made again from the model's masks and the events in force; nothing is lost with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::coding::CodedConcept;
use crate::domain::finding::Finding;
use crate::domain::likelihood::Likelihood;
use crate::domain::mask::Segment;
use crate::domain::mask_edit::{MaskChange, MaskEdit, MaskGround, MaskStep, MaskSubject, SegmentEdit, SegmentInfo};
use crate::domain::study::Study;
use crate::domain::uid::EventId;
use crate::review::mask_acts::{MaskReview, segments_in_force};
use crate::segmentation::change::{ChangeCounts, ChangeWatch};
use crate::segmentation::model_masks::model_masks;
use crate::segmentation::segment_set::{SegmentFlips, SegmentLayer, SegmentSet, Sharing};
use crate::segmentation::voxel_mask::VoxelMask;
use crate::ui::masks::footing::Base;

pub struct MaskDesk {
    /// Tells desks apart within one run of the program.
    pub id: u64,
    pub subject: MaskSubject,
    pub base: Base,
    /// Beside the layers of `set`, in the same order.
    pub segments: Vec<SegmentDesk>,
    pub set: SegmentSet,
    /// The segment that tools change.
    pub active: usize,
    /// Counts writes of voxels, here and when the review took something back.
    pub version: u64,
    /// An earlier revision is looked at: 0 is the model's mask. `None`: the mask as it is.
    pub looks_at: Option<usize>,
    /// Edits whose flips are in `set`.
    applied: Vec<Applied>,
    model: OfModel,
}

/// What the model said.
#[derive(Default)]
struct OfModel {
    segments: Vec<Arc<Segment>>,
    /// Beside the segments.
    voxels: Vec<VoxelMask>,
    /// On one slice.
    likelihoods: Vec<Arc<Likelihood>>,
    slice: u32,
}

impl OfModel {
    fn new(study: &Study, subject: &MaskSubject, base: &Base, finding: &Finding) -> Option<Self> {
        let series = subject.ground.series_in(study)?;
        let masks = model_masks(finding, &subject.ground, series, base.grid);
        let (segments, voxels) = masks.into_iter().map(|mask| (mask.segment, mask.voxels)).unzip();
        let slice = subject.ground.slice_of(series, &finding.subject.sop, finding.subject.frame)?;
        Some(Self { segments, voxels, likelihoods: finding.evidence.likelihoods.clone(), slice })
    }

    fn voxels_of(&self, id: &str) -> Option<&VoxelMask> {
        self.voxels.get(self.segments.iter().position(|segment| segment.id == id)?)
    }
}

/// What is known of a segment beside its voxels.
pub struct SegmentDesk {
    pub info: SegmentInfo,
    pub is_visible: bool,
    /// 0 to 1.
    pub opacity: f32,
    /// The model's voxels; empty for a reader's own segment.
    pub ghost: VoxelMask,
    watch: ChangeWatch,
}

struct Applied {
    /// `None` until the review has it.
    event: Option<EventId>,
    change: Arc<MaskChange>,
}

impl MaskDesk {
    /// `finding` lends its masks; without one the mask begins empty.
    pub fn new(study: &Study, subject: MaskSubject, base: Base, finding: Option<&Finding>, sharing: Sharing) -> Self {
        let model = finding.and_then(|finding| OfModel::new(study, &subject, &base, finding)).unwrap_or_default();
        let set = SegmentSet::new(base.grid, sharing);
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mut desk = Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            subject,
            base,
            segments: Vec::new(),
            set,
            active: 0,
            version: 0,
            looks_at: None,
            applied: Vec::new(),
            model,
        };
        desk.rebuild(None);
        desk
    }

    /// What changed of the active segment against the model's.
    pub fn counts(&mut self, segment: usize) -> ChangeCounts {
        match (self.segments.get_mut(segment), self.set.layers.get(segment)) {
            (Some(of), Some(layer)) => of.watch.update(&of.ghost, &layer.mask),
            _ => ChangeCounts::default(),
        }
    }

    pub fn info(&self, segment: usize) -> Option<&SegmentInfo> {
        self.segments.get(segment).map(|segment| &segment.info)
    }

    pub fn index_of(&self, id: &str) -> Option<usize> {
        self.segments.iter().position(|segment| segment.info.id == id)
    }

    /// A segment that no segment of this mask is called like, in a color of its own.
    pub fn fresh_segment(&self, name: &str, code: Option<CodedConcept>, color: Option<[u8; 3]>) -> SegmentInfo {
        let id = (1..).map(|n| format!("reader-{n}")).find(|id| self.is_free(id)).unwrap_or_default();
        let color = color.unwrap_or_else(|| self.color_after(0));
        SegmentInfo { id, name: name.to_owned(), code, color }
    }

    /// Of the n-th segment that comes after those that are there.
    pub fn color_after(&self, n: usize) -> [u8; 3] {
        COLORS[(self.segments.len() + n) % COLORS.len()]
    }

    fn is_free(&self, id: &str) -> bool {
        let in_use = self.segments.iter().any(|segment| segment.info.id == id);
        // What was removed keeps its id: its edits must not come to another segment
        let was_used = self.applied.iter().any(|applied| match &applied.change.step {
            MaskStep::Edited(edit) => edit.segments.iter().any(|segment| segment.segment == id),
            _ => false,
        });
        !in_use && !was_used && !self.model.segments.iter().any(|segment| segment.id == id)
    }

    /// What the reader did since `before` as one event, already in force here; `None` when nothing changed.
    pub fn commit(&mut self, before: &SegmentSet, tool: &str, spent_ms: u32) -> Option<Arc<MaskChange>> {
        let flips = self.set.flips_since(before);
        if flips.is_empty() {
            return None;
        }
        self.version += 1;
        let named = |changed: SegmentFlips| {
            let segment = self.info(changed.segment)?.id.clone();
            Some(SegmentEdit { segment, flips: changed.flips })
        };
        let segments = flips.into_iter().filter_map(named).collect();
        let edit = MaskEdit { tool: tool.to_owned(), segments, spent_ms };
        let change = Arc::new(MaskChange { mask: self.subject.clone(), step: MaskStep::Edited(edit) });
        self.applied.push(Applied { event: None, change: Arc::clone(&change) });
        Some(change)
    }

    /// Brings the voxels in step with the review: what it took back goes, what came from elsewhere comes in, and an edit
    /// it refused is undone here.
    pub fn follow(&mut self, review: Option<&MaskReview>) {
        let edits = review.map_or(&[][..], |review| &review.edits);
        if self.lists_other_segments(review) {
            return self.rebuild(review);
        }
        self.take_names(review);
        let is_same = |(applied, edit): (&Applied, &crate::review::mask_acts::EditReview)| {
            applied.event.as_ref() == Some(&edit.event)
        };
        // The usual pass: nothing happened
        if self.applied.len() == edits.len() && self.applied.iter().zip(edits).next_back().is_none_or(is_same) {
            return;
        }
        for applied in self.applied.iter_mut().filter(|applied| applied.event.is_none()) {
            let found = edits.iter().rev().find(|edit| Arc::ptr_eq(&edit.change, &applied.change));
            applied.event = found.map(|edit| edit.event.clone());
        }
        let in_force: std::collections::HashSet<&EventId> = edits.iter().map(|edit| &edit.event).collect();
        let (stays, goes): (Vec<Applied>, Vec<Applied>) = std::mem::take(&mut self.applied)
            .into_iter()
            .partition(|applied| applied.event.as_ref().is_some_and(|event| in_force.contains(event)));
        let known: std::collections::HashSet<EventId> =
            stays.iter().filter_map(|applied| applied.event.clone()).collect();
        for applied in goes {
            self.flip(&applied.change);
        }
        for edit in edits.iter().filter(|edit| !known.contains(&edit.event)) {
            self.flip(&edit.change);
        }
        self.applied = edits
            .iter()
            .map(|edit| Applied { event: Some(edit.event.clone()), change: Arc::clone(&edit.change) })
            .collect();
        self.version += 1;
    }

    /// The voxels at an earlier revision: 0 is the model's mask, then revision by revision.
    pub fn at_revision(&self, review: Option<&MaskReview>, revision: usize) -> Vec<VoxelMask> {
        let n_edits = match revision.checked_sub(1) {
            None => 0,
            Some(at) => review.and_then(|review| review.revisions.get(at)).map_or(0, |revision| revision.n_edits),
        };
        let edits = review.map_or(&[][..], |review| &review.edits);
        let mut masks: Vec<VoxelMask> = self.segments.iter().map(|segment| segment.ghost.clone()).collect();
        for edit in edits.iter().take(n_edits) {
            let MaskStep::Edited(edit) = &edit.change.step else { continue };
            for SegmentEdit { segment, flips } in &edit.segments {
                if let Some(mask) = self.index_of(segment).and_then(|at| masks.get_mut(at))
                    && let Err(error) = mask.flip(flips)
                {
                    log::warn!("an edit of a mask does not fit it: {error}");
                }
            }
        }
        masks
    }

    /// Whether edits stand here that the review does not have yet.
    pub fn has_unsettled(&self) -> bool {
        self.applied.iter().any(|applied| applied.event.is_none())
    }

    fn flip(&mut self, change: &MaskChange) {
        let MaskStep::Edited(edit) = &change.step else { return };
        for SegmentEdit { segment, flips } in &edit.segments {
            let layer = self.index_of(segment).and_then(|at| self.set.layers.get_mut(at));
            if let Some(layer) = layer
                && let Err(error) = layer.mask.flip(flips)
            {
                log::warn!("an edit of a mask does not fit it: {error}");
            }
        }
    }

    fn lists_other_segments(&self, review: Option<&MaskReview>) -> bool {
        let wanted = segments_in_force(review, &self.model.segments);
        wanted.len() != self.segments.len()
            || wanted.iter().zip(&self.segments).any(|(wanted, segment)| wanted.id != segment.info.id)
    }

    fn take_names(&mut self, review: Option<&MaskReview>) {
        let wanted = segments_in_force(review, &self.model.segments);
        for (segment, wanted) in self.segments.iter_mut().zip(wanted) {
            if segment.info != wanted {
                segment.info = wanted;
            }
        }
    }

    /// Everything anew: the model's masks, and all edits in force.
    fn rebuild(&mut self, review: Option<&MaskReview>) {
        let former = std::mem::take(&mut self.segments);
        let locked: Vec<(String, bool)> = former
            .iter()
            .zip(&self.set.layers)
            .map(|(segment, layer)| (segment.info.id.clone(), layer.is_locked))
            .collect();
        let mut set = SegmentSet::new(self.base.grid, self.set.sharing);
        for info in segments_in_force(review, &self.model.segments) {
            let ghost = self.model.voxels_of(&info.id).cloned().unwrap_or_else(|| VoxelMask::empty(self.base.grid));
            let is_locked = locked.iter().any(|(id, is_locked)| id == &info.id && *is_locked);
            let before = former.iter().find(|segment| segment.info.id == info.id);
            let (is_visible, opacity) = before.map_or((true, 1.0), |before| (before.is_visible, before.opacity));
            set.layers.push(SegmentLayer { mask: ghost.clone(), is_locked });
            self.segments.push(SegmentDesk { info, is_visible, opacity, ghost, watch: ChangeWatch::default() });
        }
        // A model's structures may overlap, and then so may the reader's
        self.set = set;
        let edits = review.map_or(&[][..], |review| &review.edits);
        for edit in edits {
            self.flip(&edit.change);
        }
        self.applied = edits
            .iter()
            .map(|edit| Applied { event: Some(edit.event.clone()), change: Arc::clone(&edit.change) })
            .collect();
        let is_new_last = self.segments.len() == former.len() + 1 && !former.is_empty();
        self.active = match (is_new_last, self.segments.len()) {
            (true, n) => n - 1,
            (false, n) => self.active.min(n.saturating_sub(1)),
        };
        self.version += 1;
    }

    /// The network's own word on a segment in a slice; `None` where it is not at hand.
    pub fn likelihood_of(&self, segment: usize, slice: u32) -> Option<&Arc<Likelihood>> {
        let id = &self.info(segment)?.id;
        let has_slice = self.model.slice == slice;
        self.model.likelihoods.iter().find(|likelihood| has_slice && &likelihood.segment == id)
    }

    /// Whether the mask lies on a stack of slices.
    pub fn is_stack(&self) -> bool {
        matches!(self.subject.ground, MaskGround::Stack { .. })
    }
}

/// Of new segments, one after the other: Okabe and Ito's, told apart by who sees colors otherwise.
const COLORS: [[u8; 3]; 8] = [
    [230, 159, 0],
    [86, 180, 233],
    [0, 158, 115],
    [240, 228, 66],
    [0, 114, 178],
    [213, 94, 0],
    [204, 121, 167],
    [180, 180, 180],
];
