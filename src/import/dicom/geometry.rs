//! Planes of an image: checked, never invented (PS3.3 C.7.6.2).

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::domain::geometry::{ImagePlane, Vec3};
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
    if position.is_empty() && cosines.is_empty() {
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
