//! What a pane's picture is to a mask: which grid it belongs to, and where its pixels lie in it.

use std::sync::Arc;

use crate::domain::finding::{Finding, Subject};
use crate::domain::instance::Instance;
use crate::domain::mask_edit::{MaskGround, MaskSubject};
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::imaging::plane_grid::Projection;
use crate::imaging::volume_space::VolumeSpace;
use crate::segmentation::grid::VoxelGrid;
use crate::segmentation::intensities::Intensities;
use crate::segmentation::polygon::PicturePose;
use crate::ui::context::{UiContext, VolumeState};
use crate::ui::viewport::shown::Shown;

/// The grid of a mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Base {
    pub grid: VoxelGrid,
    /// Lengths are millimeters in the patient; else pixels.
    pub has_mm: bool,
    /// Slices are even and upright: balls and distances through the stack mean what they say.
    pub is_upright: bool,
}

/// A pane's picture in the grid of a mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Footing {
    pub pose: PicturePose,
    /// Why nothing can be painted on this picture, in a sentence; it is shown all the same.
    pub obstacle: Option<String>,
}

/// The mask that a series is segmented with: on its stack where that is a volume, else on one image.
pub fn own_ground(study: &Study, series: &Series, stack_index: usize) -> Option<MaskGround> {
    let (instance, frame) = series.image(stack_index)?;
    let (cols, rows) = (instance.pixels.cols, instance.pixels.rows);
    if VolumeSpace::of(series).is_ok() {
        let (first, _) = series.image(0)?;
        let (last, _) = series.image(series.stack.len().checked_sub(1)?)?;
        return Some(MaskGround::Stack {
            study: study.uid.clone(),
            series: series.uid.clone(),
            first: first.sop.clone(),
            last: last.sop.clone(),
            cols,
            rows,
            slices: u32::try_from(series.stack.len()).ok()?,
        });
    }
    let subject = Subject { study: study.uid.clone(), series: series.uid.clone(), sop: instance.sop.clone(), frame };
    Some(MaskGround::Image { subject, cols, rows })
}

/// The mask of a finding; `None` when it has none. In a volume it is the mask of the whole stack, so that it can be
/// followed from slice to slice.
pub fn subject_of(study: &Study, finding: &Finding) -> Option<MaskSubject> {
    let (_, _, segment) = finding.placed_segments().next()?;
    let (cols, rows) = (segment.mask.cols(), segment.mask.rows());
    let image = MaskGround::Image { subject: finding.subject.clone(), cols, rows };
    let has_image = |series: &&Arc<Series>| {
        let is_it = |instance: &Arc<Instance>| instance.sop == finding.subject.sop;
        series.uid == finding.subject.series && series.instances.iter().any(is_it)
    };
    let stack = study.series.iter().find(has_image).and_then(|series| own_ground(study, series, 0));
    let fits =
        |ground: &MaskGround| matches!(ground, MaskGround::Stack { .. }) && ground.dims().starts_with(&[cols, rows]);
    let ground = stack.filter(fits).unwrap_or(image);
    Some(MaskSubject { ground, finding: Some(finding.id.clone()) })
}

/// The grid of a mask of the open study; `None` when its images are not there.
pub fn base_of(study: &Study, ground: &MaskGround) -> Option<Base> {
    match ground {
        MaskGround::Image { subject, cols, rows } => {
            let (_, instance) = study.instance(&subject.sop)?;
            let spacing = instance.spacing_of(subject.frame);
            let has_mm = spacing.is_measurable();
            let mm = if has_mm { [spacing.col_mm, spacing.row_mm] } else { [1.0, 1.0] };
            Some(Base { grid: VoxelGrid::flat(*cols, *rows, mm), has_mm, is_upright: true })
        }
        MaskGround::Stack { cols, rows, slices, .. } => {
            let series = ground.series_in(study)?;
            let space = VolumeSpace::of(series).ok()?;
            let is_upright = space.is_even() && series.geometry.tilt_degrees.is_none();
            let grid = VoxelGrid { cols: *cols, rows: *rows, slices: *slices, spacing_mm: space.spacing_mm() };
            Some(Base { grid, has_mm: true, is_upright })
        }
    }
}

/// How a pane's picture lies in a mask's grid; `None` when it shows something else.
pub fn footing(shown: &Shown<'_>, ground: &MaskGround, base: &Base) -> Option<Footing> {
    match ground {
        MaskGround::Image { subject, .. } => {
            let is_it = shown.cut.is_none() && shown.subject() == *subject;
            is_it.then(|| Footing { pose: PicturePose::of_slice(&base.grid, 0), obstacle: None })
        }
        MaskGround::Stack { .. } => {
            if ground.series_in(shown.study).is_none_or(|series| !Arc::ptr_eq(series, shown.series)) {
                return None;
            }
            match &shown.cut {
                None => {
                    let slice = u32::try_from(shown.look.stack_index).ok()?;
                    Some(Footing { pose: PicturePose::of_slice(&base.grid, slice), obstacle: None })
                }
                Some(cut) => {
                    let request = &cut.picture?.request;
                    let space = request.volume.space();
                    let plane = &request.grid;
                    let pose = PicturePose {
                        origin: space.place(plane.origin_mm),
                        col_step: space.way(plane.col_step_mm),
                        row_step: space.way(plane.row_step_mm),
                        cols: plane.cols,
                        rows: plane.rows,
                    };
                    let obstacle = if !base.is_upright {
                        Some("The slices are tilted or unevenly spaced: paint on the images themselves.".to_owned())
                    } else if request.slab.projection != Projection::Single {
                        Some("This plane is thick: make it thin to paint on it.".to_owned())
                    } else {
                        None
                    };
                    Some(Footing { pose, obstacle })
                }
            }
        }
    }
}

/// The values under a mask, when they are loaded. A stack's need its volume, which is asked for.
pub fn values_of(context: &UiContext<'_>, ground: &MaskGround, base: &Base) -> Result<Intensities, ValuesMissing> {
    let study = context.open_study.ok_or(ValuesMissing::Gone)?;
    match ground {
        MaskGround::Image { subject, .. } => {
            let (_, instance) = study.instance(&subject.sop).ok_or(ValuesMissing::Gone)?;
            let state = context.frames.frame(&instance.frame_key(subject.frame));
            let frame = state.ready().ok_or(ValuesMissing::Loading)?;
            let attrs = instance.frame(subject.frame).ok_or(ValuesMissing::Gone)?;
            Intensities::of_frame(frame, attrs, base.grid).ok_or(ValuesMissing::Gone)
        }
        MaskGround::Stack { .. } => {
            let series = ground.series_in(study).ok_or(ValuesMissing::Gone)?;
            match context.frames.volume(series) {
                VolumeState::Ready(volume) => Intensities::of_volume(&volume, base.grid).ok_or(ValuesMissing::Gone),
                VolumeState::Failed(_) => Err(ValuesMissing::Gone),
                VolumeState::Absent | VolumeState::Loading(_) => Err(ValuesMissing::Loading),
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValuesMissing {
    Loading,
    Gone,
}
