//! The masks that readers changed or drew, as they stand: what leaves with a report.

use crate::domain::mask_edit::{MaskStep, SegmentEdit};
use crate::domain::report::{Report, ReportedMask, ReportedSegment};
use crate::domain::study::Study;
use crate::review::mask_acts::{MaskReview, segments_in_force};
use crate::review::session::ReviewSession;
use crate::segmentation::grid::VoxelGrid;
use crate::segmentation::model_masks::model_masks;
use crate::segmentation::voxel_mask::VoxelMask;

/// The report with its masks; without the study's files there is nothing to lay them on.
pub fn with_masks(report: Report, session: &ReviewSession) -> Report {
    let Some(study) = report.study.clone() else { return report };
    let changed = session.masks().iter().filter_map(|mask| reported(&study, session, mask));
    Report { masks: changed.collect(), ..report }
}

/// `None` when nothing of it is in force, or its pictures are not here.
fn reported(study: &Study, session: &ReviewSession, review: &MaskReview) -> Option<ReportedMask> {
    let subject = &review.subject;
    let changed = review.edits.last()?.made.clone();
    let series = subject.ground.series_in(study)?;
    let [cols, rows, slices] = subject.ground.dims();
    // Which voxels there are does not depend on how large they are
    let grid = VoxelGrid { cols, rows, slices, spacing_mm: [1.0; 3] };
    let finding = subject.finding.as_ref().and_then(|id| session.finding(id)).map(|review| &review.finding);
    let of_model = finding.map(|finding| model_masks(finding, &subject.ground, series, grid)).unwrap_or_default();
    let of_models: Vec<_> = of_model.iter().map(|mask| mask.segment.clone()).collect();
    let segment = |info: crate::domain::mask_edit::SegmentInfo| {
        let models = of_model.iter().find(|mask| mask.segment.id == info.id).map(|mask| mask.voxels.clone());
        let is_models = models.is_some();
        let before = models.unwrap_or_else(|| VoxelMask::empty(grid));
        let mut now = before.clone();
        for edit in &review.edits {
            let MaskStep::Edited(edit) = &edit.change.step else { continue };
            for SegmentEdit { flips, .. } in edit.segments.iter().filter(|edited| edited.segment == info.id) {
                if let Err(error) = now.flip(flips) {
                    log::warn!("an edit of a mask does not fit it: {error}");
                }
            }
        }
        let is_changed = !now.is_same(&before);
        let filled = (0..slices).filter(|slice| now.plane(*slice).is_some());
        let frames = filled.filter_map(|slice| {
            let mask = now.slice_mask(slice);
            Some((subject.ground.picture(series, slice)?, mask)).filter(|(_, mask)| !mask.is_empty())
        });
        ReportedSegment { frames: frames.collect(), info, is_models, is_changed }
    };
    let segments: Vec<ReportedSegment> = segments_in_force(Some(review), &of_models).into_iter().map(segment).collect();
    let is_changed = segments.iter().any(|segment| segment.is_changed);
    let segments: Vec<_> = segments.into_iter().filter(|segment| !segment.frames.is_empty()).collect();
    let (series, finding) = (series.uid.clone(), subject.finding.clone());
    (is_changed && !segments.is_empty()).then_some(ReportedMask { series, finding, segments, changed })
}
