//! The size of a pixel and what it means (PS3.3 10.7, C.7.6.1.1.3, C.8.5.5): where nothing says millimetres in the
//! patient, there are none.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::domain::geometry::{PixelBox, Spacing, SpacingKind};
use crate::domain::intake::Notice;
use crate::import::dicom::dataset::View;
use crate::import::reason;

/// Modalities whose Pixel Spacing is of a projection.
fn is_projection(modality: &str) -> bool {
    matches!(modality, "CR" | "DX" | "MG" | "IO" | "PX" | "XA" | "RF" | "RG" | "DR")
}

/// Where the parts are written: the root, or functional groups of a frame.
pub struct SpacingSource<'a> {
    pub root: View<'a>,
    /// The root, or Pixel Measures.
    pub measures: View<'a>,
    /// The root, or Frame Pixel Data Properties.
    pub detector: View<'a>,
    pub modality: &'a str,
}

pub fn spacing(source: &SpacingSource<'_>, notices: &mut Vec<Notice>) -> Spacing {
    let SpacingSource { root, measures, modality, .. } = source;
    let written = pair(measures, tags::PIXEL_SPACING, notices);
    let detector = pair(&source.detector, tags::IMAGER_PIXEL_SPACING, notices);
    if let Some(of_regions) = of_regions(root, written.is_some(), notices) {
        return of_regions;
    }
    if let Some([row_mm, col_mm]) = written {
        let kind = kind_of_pixel_spacing(root, modality, [row_mm, col_mm], detector, notices);
        return Spacing { kind, row_mm, col_mm, aspect: row_mm / col_mm };
    }
    if let Some([row_mm, col_mm]) = detector {
        return at_detector(root, [row_mm, col_mm], notices);
    }
    if let Some([row_mm, col_mm]) = pair(root, tags::NOMINAL_SCANNED_PIXEL_SPACING, notices) {
        let text = "Only the spacing on the scanned film is known; lengths in the patient are not measured";
        add(notices, Notice::new(reason::SPACING_DETECTOR, text));
        return Spacing { kind: SpacingKind::Detector, row_mm, col_mm, aspect: row_mm / col_mm };
    }
    Spacing { aspect: aspect(root, notices), ..Spacing::UNKNOWN }
}

/// Imager Pixel Spacing, brought to the patient where the file says by how much the picture is magnified.
fn at_detector(root: &View<'_>, [row_mm, col_mm]: [f64; 2], notices: &mut Vec<Notice>) -> Spacing {
    let aspect = row_mm / col_mm;
    let magnification = root.number(tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR);
    // Tube to detector over tube to patient: never below 1
    if let Some(factor) = magnification.filter(|factor| (1.0..20.0).contains(factor)) {
        let [row_mm, col_mm] = [row_mm / factor, col_mm / factor];
        return Spacing { kind: SpacingKind::Magnified, row_mm, col_mm, aspect };
    }
    let text = "Only the spacing at the detector is known; lengths in the patient are not measured";
    add(notices, Notice::new(reason::SPACING_DETECTOR, text));
    Spacing { kind: SpacingKind::Detector, row_mm, col_mm, aspect }
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
        add(notices, Notice::new(reason::SPACING_DETECTOR, text));
    }
    SpacingKind::Projection
}

/// Pixel Aspect Ratio (0028,0034): height of a pixel, then its width, as whole numbers.
fn aspect(root: &View<'_>, notices: &mut Vec<Notice>) -> f64 {
    let ratio = pair(root, tags::PIXEL_ASPECT_RATIO, notices).map_or(1.0, |[height, width]| height / width);
    if (0.01..=100.0).contains(&ratio) {
        return ratio;
    }
    add(notices, Notice::new(reason::SPACING_IGNORED, "A pixel spacing or aspect ratio is unusable"));
    1.0
}

/// A part of an ultrasound picture where pixels have a size.
struct Region {
    bounds: PixelBox,
    row_mm: f64,
    col_mm: f64,
}

/// Sequence of Ultrasound Regions (0018,6011). A scale only when every region that shows tissue has the same one;
/// regions of time or speed have none, so that it holds within [`regions`] alone.
fn of_regions(root: &View<'_>, has_pixel_spacing: bool, notices: &mut Vec<Notice>) -> Option<Spacing> {
    let items = root.items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS);
    if items.is_empty() {
        return None;
    }
    let regions: Vec<Region> = items.iter().filter_map(region).collect();
    let first = regions.first();
    let is_like = |a: f64, b: f64| (a - b).abs() <= 1e-4 * b;
    let agree = first.is_some_and(|first| {
        regions.iter().all(|other| is_like(other.row_mm, first.row_mm) && is_like(other.col_mm, first.col_mm))
    });
    match first {
        Some(&Region { row_mm, col_mm, .. }) if agree => {
            if regions.len() < items.len() {
                let text = "Millimetres hold only where the picture shows tissue";
                add(notices, Notice::new(reason::SPACING_OF_REGIONS, text));
            }
            Some(Spacing { kind: SpacingKind::Region, row_mm, col_mm, aspect: row_mm / col_mm })
        }
        _ if has_pixel_spacing => None,
        Some(_) => {
            let text = "Parts of the picture have different scales; lengths are in pixels";
            add(notices, Notice::new(reason::SPACING_OF_REGIONS, text));
            Some(Spacing { aspect: aspect(root, notices), ..Spacing::UNKNOWN })
        }
        None => {
            let text = "No part of the picture has a scale in millimetres; lengths are in pixels";
            add(notices, Notice::new(reason::SPACING_OF_REGIONS, text));
            Some(Spacing { aspect: aspect(root, notices), ..Spacing::UNKNOWN })
        }
    }
}

/// `None` unless the region is a 2-D picture of tissue with centimetres on both axes (PS3.3 C.8.5.5.1).
fn region(item: &View<'_>) -> Option<Region> {
    const TISSUE: i64 = 1;
    const CENTIMETRES: i64 = 3;
    let is_tissue = item.integer(tags::REGION_SPATIAL_FORMAT) == Some(TISSUE);
    let units = [tags::PHYSICAL_UNITS_X_DIRECTION, tags::PHYSICAL_UNITS_Y_DIRECTION];
    if !is_tissue || !units.iter().all(|unit| item.integer(*unit) == Some(CENTIMETRES)) {
        return None;
    }
    let size_mm = |tag: Tag| item.number(tag).map(|delta_cm| delta_cm.abs() * 10.0).filter(is_plausible);
    let corner = |tag: Tag| item.number(tag).filter(|corner| *corner >= 0.0);
    let bounds = PixelBox {
        x0: corner(tags::REGION_LOCATION_MIN_X0)?,
        y0: corner(tags::REGION_LOCATION_MIN_Y0)?,
        x1: corner(tags::REGION_LOCATION_MAX_X1)? + 1.0,
        y1: corner(tags::REGION_LOCATION_MAX_Y1)? + 1.0,
    };
    let region = Region { bounds, row_mm: size_mm(tags::PHYSICAL_DELTA_Y)?, col_mm: size_mm(tags::PHYSICAL_DELTA_X)? };
    (region.bounds.width() > 0.0 && region.bounds.height() > 0.0).then_some(region)
}

/// Where millimetres hold in an ultrasound picture whose spacing is [`SpacingKind::Region`].
pub fn regions(root: &View<'_>) -> Vec<PixelBox> {
    root.items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS).iter().filter_map(region).map(|region| region.bounds).collect()
}

/// Millimetres a pixel may have.
fn is_plausible(size_mm: &f64) -> bool {
    (1e-6..1e6).contains(size_mm)
}

/// Two finite positive numbers; anything else that is written is ignored with a notice.
fn pair(view: &View<'_>, tag: Tag, notices: &mut Vec<Notice>) -> Option<[f64; 2]> {
    let values = view.numbers(tag);
    match values.as_slice() {
        [] => None,
        [first, second] if [first, second].into_iter().all(is_plausible) => Some([*first, *second]),
        _ => {
            add(notices, Notice::new(reason::SPACING_IGNORED, "A pixel spacing or aspect ratio is unusable"));
            None
        }
    }
}

fn add(notices: &mut Vec<Notice>, notice: Notice) {
    if !notices.contains(&notice) {
        notices.push(notice);
    }
}
