//! Planes and pixel spacing of an image: checked, never invented (PS3.3 C.7.6.2, 10.7, C.7.6.1).

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::domain::geometry::{ImagePlane, Spacing, SpacingKind, Vec3};
use crate::domain::intake::Notice;
use crate::import::dicom::dataset::View;
use crate::import::reason;

/// How far direction cosines may be from unit length and from a right angle.
const TOLERANCE: f64 = 1e-3;

/// Where a plane's two halves are written: at the root, or in functional groups.
pub struct PlaneSource<'a> {
    pub position: Option<View<'a>>,
    pub orientation: Option<View<'a>>,
}

/// The plane, or `None` with a notice when what is written is not one.
pub fn plane(source: &PlaneSource<'_>, notices: &mut Vec<Notice>) -> Option<ImagePlane> {
    let position = vector(source.position.as_ref()?, tags::IMAGE_POSITION_PATIENT);
    let cosines = vector(source.orientation.as_ref()?, tags::IMAGE_ORIENTATION_PATIENT);
    if position.is_empty() || cosines.is_empty() {
        return None;
    }
    let checked = checked_plane(&position, &cosines);
    if checked.is_none() {
        let text = "Image position or orientation is not usable; positions and edge letters are off";
        notices.push(Notice::new(reason::ORIENTATION_IGNORED, text));
    }
    checked
}

fn vector(view: &View<'_>, tag: Tag) -> Vec<f64> {
    view.numbers(tag)
}

fn checked_plane(position: &[f64], cosines: &[f64]) -> Option<ImagePlane> {
    let position: [f64; 3] = position.try_into().ok()?;
    let [a, b, c, d, e, f]: [f64; 6] = cosines.try_into().ok()?;
    let (row_dir, col_dir) = (Vec3([a, b, c]), Vec3([d, e, f]));
    let is_unit = |v: Vec3| (v.length() - 1.0).abs() <= TOLERANCE;
    let is_finite = position.iter().chain(cosines).all(|value| value.is_finite() && value.abs() < 1e7);
    if !is_finite || !is_unit(row_dir) || !is_unit(col_dir) || row_dir.dot(col_dir).abs() > TOLERANCE {
        return None;
    }
    let normalized = |v: Vec3| v.scaled(1.0 / v.length());
    Some(ImagePlane { position_mm: Vec3(position), row_dir: normalized(row_dir), col_dir: normalized(col_dir) })
}

/// Modalities whose Pixel Spacing is of a projection.
fn is_projection(modality: &str) -> bool {
    matches!(modality, "CR" | "DX" | "MG" | "IO" | "PX" | "XA" | "RF" | "RG" | "DR")
}

/// Spacing of an instance. `measures` is where Pixel Spacing is written: the root or Pixel Measures.
pub fn spacing(root: &View<'_>, measures: &View<'_>, modality: &str, notices: &mut Vec<Notice>) -> Spacing {
    let written = pair(measures, tags::PIXEL_SPACING, notices);
    let detector = pair(root, tags::IMAGER_PIXEL_SPACING, notices);
    if let Some([row_mm, col_mm]) = written {
        let kind = kind_of_pixel_spacing(root, modality, [row_mm, col_mm], detector, notices);
        return Spacing { kind, row_mm, col_mm, aspect: row_mm / col_mm };
    }
    if let Some([row_mm, col_mm]) = detector {
        let text = "Only the spacing at the detector is known; lengths in the patient are not measured";
        notices.push(Notice::new(reason::SPACING_DETECTOR, text));
        return Spacing { kind: SpacingKind::Detector, row_mm, col_mm, aspect: row_mm / col_mm };
    }
    let ratio = pair(root, tags::PIXEL_ASPECT_RATIO, notices);
    let aspect = ratio.map_or(1.0, |[vertical, horizontal]| vertical / horizontal);
    Spacing { aspect, ..Spacing::UNKNOWN }
}

fn kind_of_pixel_spacing(
    root: &View<'_>,
    modality: &str,
    written: [f64; 2],
    detector: Option<[f64; 2]>,
    notices: &mut Vec<Notice>,
) -> SpacingKind {
    if !is_projection(modality) {
        return SpacingKind::Patient;
    }
    if matches!(root.code(tags::PIXEL_SPACING_CALIBRATION_TYPE).as_str(), "GEOMETRY" | "FIDUCIAL") {
        return SpacingKind::Calibrated;
    }
    let differs = |detector: [f64; 2]| written.iter().zip(detector).any(|(a, b)| (a - b).abs() > 1e-4 * b);
    if detector.is_some_and(differs) {
        let text = "Pixel spacing differs from the detector's, but how it was calibrated is not said";
        notices.push(Notice::new(reason::SPACING_DETECTOR, text));
    }
    SpacingKind::Projection
}

/// Two finite positive numbers; anything else that is written is ignored with a notice.
fn pair(view: &View<'_>, tag: Tag, notices: &mut Vec<Notice>) -> Option<[f64; 2]> {
    let values = view.numbers(tag);
    match values.as_slice() {
        [] => None,
        [first, second] if [first, second].iter().all(|v| (1e-6..1e6).contains(*v)) => Some([*first, *second]),
        _ => {
            notices.push(Notice::new(reason::SPACING_IGNORED, "A pixel spacing or aspect ratio is unusable"));
            None
        }
    }
}
