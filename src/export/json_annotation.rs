//! What readers drew, as it stands in `report.json`.
//!
//! `points` are columns and rows of the image in pixel-center coordinates, in the order of the shape; `points_mm` the
//! same in the patient (LPS), where the image's place is known. `calibration` says what the millimeters mean.

use serde::Serialize;

use crate::domain::annotation::{Annotation, PlaneInPatient, ThickSlab};
use crate::domain::geometry::SpacingKind;
use crate::domain::report::{ReportedAnnotation, Signed};
use crate::domain::uid::FrameOfReferenceUid;
use crate::export::json_document::{ImageBlock, MeasurementBlock};
use crate::imaging::measure::words;

#[derive(Serialize)]
pub struct AnnotationBlock<'a> {
    id: &'a str,
    /// `probe`, `length`, `bidirectional`, `angle`, `cobb`, `rectangle`, `ellipse`, `freehand`, `arrow` or `text`.
    shape: &'static str,
    text: &'a str,
    /// `null` when it was drawn on a plane through the volume of a series.
    image: Option<ImageBlock<'a>>,
    series_instance_uid: &'a str,
    /// `null` where the file does not place its picture in the patient.
    plane: Option<PlaneBlock<'a>>,
    points: Vec<[f64; 2]>,
    /// Empty without a plane.
    points_mm: Vec<[f64; 3]>,
    measurements: Vec<MeasurementBlock<'a>>,
    /// `patient`, `calibrated`, `projection`, `magnified`, `region`; `detector` and `none` for measurements in pixels.
    calibration: SpacingKind,
    /// The values as a reader sees them.
    label: Vec<String>,
    placed: SignedBlock<'a>,
    /// `null` when it stands as it was placed.
    changed: Option<SignedBlock<'a>>,
}

#[derive(Serialize)]
struct PlaneBlock<'a> {
    /// `null` where the file names none.
    frame_of_reference_uid: Option<&'a str>,
    /// `null` for an image, and for a plane through a volume that is not thick.
    slab: Option<ThickSlab>,
    origin_mm: [f64; 3],
    col_step_mm: [f64; 3],
    row_step_mm: [f64; 3],
}

#[derive(Serialize)]
struct SignedBlock<'a> {
    reader: &'a str,
    at: &'a str,
}

impl<'a> AnnotationBlock<'a> {
    pub fn new(reported: &'a ReportedAnnotation) -> Self {
        let ReportedAnnotation { annotation, placed, changed } = reported;
        let Annotation { id, ground, shape, text, label_offset: _, measurements, calibration } = annotation.as_ref();
        let points = shape.points();
        Self {
            id: id.as_str(),
            shape: shape.kind(),
            text,
            image: ground.subject().map(ImageBlock::new),
            series_instance_uid: ground.series().as_str(),
            plane: ground.plane().map(|plane| PlaneBlock::new(plane, ground.slab())),
            points_mm: points.iter().filter_map(|point| annotation.point_mm(*point)).map(|point| point.0).collect(),
            points,
            measurements: measurements.iter().map(MeasurementBlock::new).collect(),
            calibration: *calibration,
            label: words::lines(annotation),
            placed: SignedBlock::new(placed),
            changed: changed.as_ref().map(SignedBlock::new),
        }
    }
}

impl<'a> PlaneBlock<'a> {
    fn new(place: &'a PlaneInPatient, slab: Option<ThickSlab>) -> Self {
        let PlaneInPatient { frame_of_reference, plane } = place;
        Self {
            frame_of_reference_uid: frame_of_reference.as_ref().map(FrameOfReferenceUid::as_str),
            slab,
            origin_mm: plane.origin_mm.0,
            col_step_mm: plane.col_step_mm.0,
            row_step_mm: plane.row_step_mm.0,
        }
    }
}

impl<'a> SignedBlock<'a> {
    fn new(signed: &'a Signed) -> Self {
        let Signed { reader, at } = signed;
        Self { reader: reader.as_str(), at }
    }
}
