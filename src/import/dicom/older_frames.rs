//! Frames of objects without functional groups: one description for all, and what dose grids and nuclear medicine say
//! of each. A frame has a plane only where the standard gives it one.

use std::sync::Arc;

use dicom_dictionary_std::tags;

use crate::domain::geometry::{ImagePlane, Vec3};
use crate::domain::instance::FrameAttributes;
use crate::domain::intake::Notice;
use crate::domain::presentation::ModalityLut;
use crate::import::dicom::dataset::View;
use crate::import::dicom::geometry::{self, PlaneSource};
use crate::import::dicom::{lut, setting};

pub fn frames(
    root: &View<'_>,
    n_frames: u32,
    is_signed: bool,
    modality_lut: ModalityLut,
    notices: &mut Vec<Notice>,
) -> Vec<Arc<FrameAttributes>> {
    let common = FrameAttributes {
        plane: None,
        voi: lut::voi_transforms(root, lut::gives_negative(&modality_lut, is_signed), notices),
        modality_lut,
        spacing: None,
        setting: setting::setting(root, &|_| None),
    };
    let with_plane = |plane| Arc::new(FrameAttributes { plane, ..common.clone() });
    let n_frames = n_frames as usize;
    let planes =
        if is_nuclear_medicine(root) { slices(root, n_frames, notices) } else { grid(root, n_frames, notices) };
    // A hundred thousand frames without a place of their own are one description
    let placeless = with_plane(None);
    planes.into_iter().map(|plane| plane.map_or_else(|| placeless.clone(), |plane| with_plane(Some(plane)))).collect()
}

fn is_nuclear_medicine(root: &View<'_>) -> bool {
    root.first_item(tags::DETECTOR_INFORMATION_SEQUENCE).is_some()
}

/// The root's plane is the first frame's; Grid Frame Offset Vector (3004,000C) says where the others of a dose grid
/// lie.
fn grid(root: &View<'_>, n_frames: usize, notices: &mut Vec<Notice>) -> Vec<Option<ImagePlane>> {
    let source = PlaneSource { position: Some(*root), orientation: Some(*root) };
    let first = geometry::plane(&source, notices);
    let offsets = root.numbers(tags::GRID_FRAME_OFFSET_VECTOR);
    let is_grid = offsets.len() >= n_frames && offsets.iter().all(|offset| offset.is_finite());
    match first {
        Some(plane) if is_grid => offsets.iter().take(n_frames).map(|at| Some(moved(&plane, *at, &offsets))).collect(),
        _ => std::iter::once(first).chain(std::iter::repeat(None)).take(n_frames).collect(),
    }
}

/// PS3.3 C.8.8.3.2: offsets from the first plane along its normal when they start with 0, else patient z coordinates
/// of transverse planes, the first of which is the position's.
fn moved(first: &ImagePlane, offset_mm: f64, offsets: &[f64]) -> ImagePlane {
    let start = offsets.first().copied().unwrap_or(0.0);
    let z = first.position_mm.0[2];
    let is_absolute = start != 0.0 && (start - z).abs() < 1e-3 * z.abs().max(1.0);
    let shift = match is_absolute {
        true => Vec3([0.0, 0.0, offset_mm - start]),
        false => first.normal().scaled(offset_mm - start),
    };
    ImagePlane { position_mm: first.position_mm.plus(shift), ..*first }
}

/// Reconstructed slices of nuclear medicine (PS3.3 C.8.4.9, C.8.4.11, C.8.4.15): the detector's plane is the first
/// slice's, and Spacing Between Slices steps along its normal, backwards when it is negative. Projections and whole
/// bodies lie in no plane of the patient.
fn slices(root: &View<'_>, n_frames: usize, notices: &mut Vec<Notice>) -> Vec<Option<ImagePlane>> {
    let none = || vec![None; n_frames];
    let is_reconstructed = root.codes(tags::IMAGE_TYPE).get(2).is_some_and(|kind| kind.starts_with("RECON"));
    let detector = root.first_item(tags::DETECTOR_INFORMATION_SEQUENCE).unwrap_or(*root);
    let has_own = detector.has(tags::IMAGE_POSITION_PATIENT) && detector.has(tags::IMAGE_ORIENTATION_PATIENT);
    let place = if has_own { detector } else { *root };
    if !is_reconstructed {
        return none();
    }
    let source = PlaneSource { position: Some(place), orientation: Some(place) };
    let Some(first) = geometry::plane(&source, notices) else { return none() };
    let step_mm = root.number(tags::SPACING_BETWEEN_SLICES).filter(|step| *step != 0.0 && step.abs() < 1e4);
    let slice_numbers = root.numbers(tags::SLICE_VECTOR);
    let plane = |frame: usize| match (slice_numbers.get(frame), step_mm) {
        (None, _) | (_, None) if frame == 0 => Some(first),
        (Some(number), Some(step_mm)) if number.is_finite() && *number >= 1.0 => {
            let position_mm = first.position_mm.plus(first.normal().scaled((number - 1.0) * step_mm));
            Some(ImagePlane { position_mm, ..first })
        }
        _ => None,
    };
    (0..n_frames).map(plane).collect()
}
