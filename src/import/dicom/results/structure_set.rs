//! RT structure sets (PS3.3 A.19): contours in the patient as masks on the pictures whose planes they lie in.

use std::collections::BTreeMap;
use std::sync::Arc;

use dicom_dictionary_std::tags;
use serde::{Deserialize, Serialize};

use crate::domain::document::DocumentKind;
use crate::domain::finding::{DrawnPath, Evidence, Finding, FindingLabel, Origin, Place, SegmentInVolume, Subject};
use crate::domain::geometry::Vec3;
use crate::domain::intake::Notice;
use crate::domain::mask::Segment;
use crate::domain::shape::Point;
use crate::domain::study::Study;
use crate::domain::uid::{FindingId, FrameOfReferenceUid, SopInstanceUid};
use crate::import::dicom::attributes::{SeriesFacts, derived_uid};
use crate::import::dicom::dataset::View;
use crate::import::dicom::results::DocumentHead;
use crate::import::dicom::results::regions::{self, PlacedImage, image_of_points};
use crate::import::reason;

/// More points than this in one object are not drawn.
const MAX_POINTS: usize = 4_000_000;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StructureSet {
    pub rois: Vec<Roi>,
    /// Some contours were left out, being too many.
    pub is_cut: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Roi {
    /// ROI Number (3006,0022).
    pub number: u32,
    pub name: String,
    /// RT ROI Interpreted Type (3006,00A4), such as `ORGAN`; empty when absent.
    pub kind: String,
    /// AUTOMATIC, SEMIAUTOMATIC or MANUAL; empty when absent.
    pub algorithm: String,
    pub color: Option<[u8; 3]>,
    pub frame_of_reference: Option<FrameOfReferenceUid>,
    pub contours: Vec<Contour>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Contour {
    pub kind: ContourKind,
    /// Millimeters in the patient.
    pub points: Vec<[f64; 3]>,
    /// The picture it was drawn on, where that is said.
    pub image: Option<SopInstanceUid>,
}

/// Contour Geometric Type (3006,0042).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContourKind {
    Point,
    Open,
    Closed,
    /// Closed, joined to others by a line that is walked twice: what it encloses twice is outside.
    ClosedXor,
    Other,
}

impl StructureSet {
    pub fn read(root: &View<'_>) -> Self {
        let number = |view: &View<'_>, tag| view.integer(tag).and_then(|number| u32::try_from(number).ok());
        let mut rois: BTreeMap<u32, Roi> = BTreeMap::new();
        for item in root.items(tags::STRUCTURE_SET_ROI_SEQUENCE) {
            let Some(roi_number) = number(&item, tags::ROI_NUMBER) else { continue };
            let frame = FrameOfReferenceUid::new(item.code(tags::REFERENCED_FRAME_OF_REFERENCE_UID));
            let roi = Roi {
                number: roi_number,
                name: item.text(tags::ROI_NAME),
                kind: String::new(),
                algorithm: item.code(tags::ROI_GENERATION_ALGORITHM),
                color: None,
                frame_of_reference: (!frame.is_empty()).then_some(frame),
                contours: Vec::new(),
            };
            rois.insert(roi_number, roi);
        }
        for item in root.items(tags::RTROI_OBSERVATIONS_SEQUENCE) {
            let roi = number(&item, tags::REFERENCED_ROI_NUMBER).and_then(|number| rois.get_mut(&number));
            if let Some(roi) = roi {
                roi.kind = item.code(tags::RTROI_INTERPRETED_TYPE);
            }
        }
        let mut n_points = 0;
        let mut is_cut = false;
        for item in root.items(tags::ROI_CONTOUR_SEQUENCE) {
            let roi = number(&item, tags::REFERENCED_ROI_NUMBER).and_then(|number| rois.get_mut(&number));
            let Some(roi) = roi else { continue };
            roi.color = color(&item);
            for contour in item.items(tags::CONTOUR_SEQUENCE) {
                let contour = self::contour(&contour);
                n_points += contour.points.len();
                if n_points > MAX_POINTS {
                    is_cut = true;
                    break;
                }
                roi.contours.push(contour);
            }
        }
        Self { rois: rois.into_values().collect(), is_cut }
    }
}

fn color(view: &View<'_>) -> Option<[u8; 3]> {
    let numbers = view.numbers(tags::ROI_DISPLAY_COLOR);
    let [r, g, b] = numbers.as_slice() else { return None };
    Some([*r, *g, *b].map(|channel| channel.clamp(0.0, 255.0) as u8))
}

fn contour(view: &View<'_>) -> Contour {
    let kind = match view.code(tags::CONTOUR_GEOMETRIC_TYPE).as_str() {
        "POINT" => ContourKind::Point,
        "OPEN_PLANAR" => ContourKind::Open,
        "CLOSED_PLANAR" => ContourKind::Closed,
        "CLOSEDPLANAR_XOR" => ContourKind::ClosedXor,
        _ => ContourKind::Other,
    };
    let numbers = view.numbers(tags::CONTOUR_DATA);
    let is_sound = numbers.iter().all(|value| value.is_finite() && value.abs() < 1e7);
    let points = if is_sound { numbers.as_chunks::<3>().0.to_vec() } else { Vec::new() };
    let image = view.first_item(tags::CONTOUR_IMAGE_SEQUENCE).map(|item| item.code(tags::REFERENCED_SOP_INSTANCE_UID));
    Contour { kind, points, image: image.filter(|uid| !uid.is_empty()).map(SopInstanceUid::new) }
}

/// What a structure set came to on the pictures of a study.
#[derive(Default)]
pub struct Placed {
    pub findings: Vec<Arc<Finding>>,
    pub masks: BTreeMap<(SopInstanceUid, u32), Vec<Arc<Segment>>>,
    pub notices: Vec<Notice>,
}

/// By plane position: a contour lies on the picture of its plane, whatever picture it names.
pub fn place(head: &DocumentHead, series: &SeriesFacts, set: &StructureSet, study: &Study) -> Placed {
    let mut placed = Placed::default();
    for roi in &set.rois {
        let images = regions::placed_images(study, roi.frame_of_reference.as_ref(), None);
        place_roi(head, series, roi, study, &images, &mut placed);
    }
    if set.is_cut {
        let text = "The structure set has more contours than are drawn; some are missing";
        placed.notices.push(Notice::new(reason::RESULT_NOT_UNDERSTOOD, text));
    }
    placed
}

/// Of one region on one picture.
#[derive(Default)]
struct OnPicture {
    outlines: Vec<Vec<Point>>,
    paths: Vec<DrawnPath>,
    all: Vec<Point>,
}

fn place_roi(
    head: &DocumentHead,
    series: &SeriesFacts,
    roi: &Roi,
    study: &Study,
    images: &[PlacedImage<'_>],
    placed: &mut Placed,
) {
    let mut by_image: BTreeMap<(SopInstanceUid, u32), (usize, OnPicture)> = BTreeMap::new();
    let mut n_lost = 0;
    let mut n_unknown = 0;
    for contour in &roi.contours {
        if contour.kind == ContourKind::Other || contour.points.is_empty() {
            n_unknown += 1;
            continue;
        }
        let points: Vec<Vec3> = contour.points.iter().map(|point| Vec3(*point)).collect();
        let Some(image) = image_of_points(images, &points) else {
            n_lost += 1;
            continue;
        };
        let at = images.iter().position(|other| std::ptr::eq(other, image)).unwrap_or(0);
        let key = (image.instance.sop.clone(), image.frame);
        let (_, on) = by_image.entry(key).or_insert_with(|| (at, OnPicture::default()));
        let flat: Vec<Point> = points.iter().map(|point| image.plane.pixel(*point)).collect();
        on.all.extend(&flat);
        match contour.kind {
            ContourKind::Closed | ContourKind::ClosedXor => on.outlines.push(flat),
            _ => on.paths.push(DrawnPath { name: String::new(), points: flat }),
        }
    }
    let named = if roi.name.is_empty() { format!("Region {}", roi.number) } else { roi.name.clone() };
    for (n, text) in [(n_lost, "lie on no picture that is here"), (n_unknown, "are of a kind that is not drawn")] {
        if n > 0 {
            let text = format!("{n} of {} contours of region {} {text}", roi.contours.len(), roi.number);
            placed.notices.push(Notice::new(reason::RESULT_NOT_PLACED, text));
        }
    }
    let color = roi.color.unwrap_or_else(|| regions::color_of(roi.number as usize));
    let id = format!("{}#{}", head.sop, roi.number);
    let mut widest: Option<(u64, Subject, Place, Vec<DrawnPath>)> = None;
    for ((sop, frame), (at, on)) in by_image {
        let Some(image) = images.get(at) else { continue };
        let pixels = &image.instance.pixels;
        let mask = regions::filled(&on.outlines, pixels.rows, pixels.cols);
        let n_pixels = mask.as_ref().map_or(0, crate::domain::mask::Mask::n_pixels);
        if widest.as_ref().is_none_or(|(most, ..)| n_pixels > *most) {
            let place = regions::bounds(&on.all).map_or(Place::WholeImage, |region| Place::Region { region });
            widest = Some((n_pixels, image.subject(study), place, on.paths.clone()));
        }
        if let Some(mask) = mask {
            let segment = regions::segment(id.clone(), &named, None, color, mask);
            placed.masks.entry((sop, frame)).or_default().push(segment);
        }
    }
    let Some((_, subject, place, paths)) = widest else { return };
    placed.findings.push(Arc::new(finding(head, series, roi, &named, (subject, place, paths))));
}

fn finding(
    head: &DocumentHead,
    series: &SeriesFacts,
    roi: &Roi,
    name: &str,
    (subject, place, paths): (Subject, Place, Vec<DrawnPath>),
) -> Finding {
    let mut source = head.source(series, DocumentKind::StructureSet);
    source.segment = Some(roi.number);
    // Organs and technical regions are there to be looked at, targets to be decided on
    source.is_presented = matches!(roi.kind.as_str(), "GTV" | "CTV" | "PTV" | "TREATED_VOLUME");
    source.tracking_id = name.to_owned();
    let said = [("Type", &roi.kind), ("Made", &roi.algorithm)];
    source.statements =
        said.into_iter().filter(|(_, word)| !word.is_empty()).map(|(what, word)| format!("{what}: {word}")).collect();
    let number = roi.number.to_string();
    let id = derived_uid(&[b"finding of", head.sop.as_str().as_bytes(), number.as_bytes()]);
    Finding {
        id: FindingId::new(id),
        subject,
        label: FindingLabel { id: "region".to_owned(), name: name.to_owned(), code: None },
        origin: Origin::Document(Box::new(source)),
        assessment: None,
        place,
        measurements: Vec::new(),
        evidence: Evidence {
            paths,
            volume: Some(SegmentInVolume { sop: head.sop.clone(), number: roi.number }),
            ..Evidence::default()
        },
        notices: Vec::new(),
    }
}
