//! The frames of a segmentation: their order, their places, and what each was made of (PS3.3 C.7.6.16).

use std::collections::BTreeMap;
use std::sync::Arc;

use dicom_core::{PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;

use crate::domain::codes::{Code, Codes};
use crate::domain::geometry::{ImagePlane, Spacing};
use crate::domain::instance::Instance;
use crate::domain::series::Series;
use crate::domain::uid::SopInstanceUid;
use crate::export::dicom::object::{DataSet, reference_item};
use crate::export::dicom::segmentation::{Coverage, SegmentToWrite, SegmentationKind};
use crate::export::dicom::uids::{uid_of, valid_uid};
use crate::export::error::ExportError;

/// All frames of one object, in the order they are written.
pub struct Frames<'a> {
    pub rows: u32,
    pub cols: u32,
    pub planes: Vec<Plane<'a>>,
    pub overlaps: bool,
    /// Every picture that has a place in the patient has one; then so have all frames.
    is_placed: bool,
    has_segments: bool,
}

pub struct Plane<'a> {
    /// From 1; `None` in a label map.
    segment: Option<u16>,
    /// From 1, by place.
    position: u32,
    source: &'a Arc<Instance>,
    /// Zero-based frame of the source.
    frame: u32,
    place: Option<ImagePlane>,
    spacing: Spacing,
    /// One byte a pixel, row-major.
    pub samples: Vec<u8>,
}

/// One picture with what covers it.
struct Covered<'a> {
    source: &'a Arc<Instance>,
    frame: u32,
    covers: Vec<(u16, &'a Coverage)>,
}

impl<'a> Frames<'a> {
    pub fn lay_out(
        series: &'a Series,
        kind: SegmentationKind,
        segments: &'a [SegmentToWrite],
    ) -> Result<Self, ExportError> {
        let refused = |why: &str| ExportError::Dicom(format!("no segmentation can be made: {why}"));
        let mut covered: BTreeMap<(SopInstanceUid, u32), Covered<'a>> = BTreeMap::new();
        for (segment, number) in segments.iter().zip(1_u16..) {
            for (subject, coverage) in segment.frames.iter().filter(|(_, coverage)| !is_empty(coverage)) {
                let source = series.instances.iter().find(|instance| instance.sop == subject.sop);
                let source = source.ok_or_else(|| refused("a picture is not at hand"))?;
                let key = (subject.sop.clone(), subject.frame);
                let entry = covered.entry(key).or_insert(Covered { source, frame: subject.frame, covers: Vec::new() });
                entry.covers.push((number, coverage));
            }
        }
        let mut covered: Vec<Covered<'a>> = covered.into_values().collect();
        let first = covered.first().ok_or_else(|| refused("its masks are empty"))?;
        let (rows, cols) = (first.source.pixels.rows, first.source.pixels.cols);
        let is_placed = covered.iter().all(|one| plane_of(one.source, one.frame).is_some());
        let has_grid = |one: &Covered<'_>| {
            let pixels = &one.source.pixels;
            let fits = |coverage: &Coverage| match coverage {
                Coverage::Mask(mask) => (mask.rows(), mask.cols()) == (rows, cols),
                Coverage::Fractions(values) => values.len() as u64 == u64::from(rows) * u64::from(cols),
            };
            (pixels.rows, pixels.cols) == (rows, cols) && one.covers.iter().all(|(_, coverage)| fits(coverage))
        };
        if !covered.iter().all(has_grid) {
            return Err(refused("its pictures are not all of one size"));
        }
        covered.sort_by(|a, b| {
            let along = |one: &Covered<'_>| plane_of(one.source, one.frame).map_or(0.0, |plane| plane.distance_mm());
            along(a).total_cmp(&along(b)).then_with(|| (a.source.number, a.frame).cmp(&(b.source.number, b.frame)))
        });
        let overlaps = covered.iter().any(overlap);
        if overlaps && kind == SegmentationKind::LabelMap {
            return Err(refused("its segments overlap, which no label map can hold"));
        }
        let mut planes: Vec<Plane<'a>> = Vec::new();
        for (one, position) in covered.iter().zip(1_u32..) {
            planes.extend(planes_of(one, position, kind, (rows, cols)));
        }
        // By segment, then by place: as the dimensions say
        planes.sort_by_key(|plane| (plane.segment, plane.position));
        Ok(Self { rows, cols, planes, overlaps, is_placed, has_segments: kind != SegmentationKind::LabelMap })
    }
}

impl Frames<'_> {
    /// A picture of an object whose frames have no place in the patient.
    pub fn unplaced_source(&self) -> Option<&Instance> {
        self.planes.first().map(|plane| plane.source.as_ref()).filter(|_| !self.is_placed)
    }
}

fn planes_of<'a>(one: &Covered<'a>, position: u32, kind: SegmentationKind, size: (u32, u32)) -> Vec<Plane<'a>> {
    let (source, frame) = (one.source, one.frame);
    let place = plane_of(source, frame);
    let spacing = source.spacing_of(frame);
    let plane = |segment, samples| Plane { segment, position, source, frame, place, spacing, samples };
    if kind != SegmentationKind::LabelMap {
        let of_segment = |(number, coverage): &(u16, &Coverage)| {
            let full = if kind == SegmentationKind::Fractional { 255 } else { 1 };
            plane(Some(*number), samples(coverage, full))
        };
        return one.covers.iter().map(of_segment).collect();
    }
    let mut labels = vec![0_u8; size.0 as usize * size.1 as usize];
    for (number, coverage) in &one.covers {
        let number = u8::try_from(*number).unwrap_or(u8::MAX);
        let inside = samples(coverage, 1);
        labels.iter_mut().zip(inside).filter(|(_, inside)| *inside != 0).for_each(|(label, _)| *label = number);
    }
    vec![plane(None, labels)]
}

fn samples(coverage: &Coverage, full: u8) -> Vec<u8> {
    match coverage {
        Coverage::Mask(mask) => mask.to_dense().into_iter().map(|inside| inside * full).collect(),
        Coverage::Fractions(values) => values.clone(),
    }
}

fn is_empty(coverage: &Coverage) -> bool {
    match coverage {
        Coverage::Mask(mask) => mask.is_empty(),
        Coverage::Fractions(values) => values.iter().all(|value| *value == 0),
    }
}

fn overlap(one: &Covered<'_>) -> bool {
    let [_, _, ..] = one.covers.as_slice() else { return false };
    let mut taken: Vec<bool> = Vec::new();
    for (_, coverage) in &one.covers {
        let inside = samples(coverage, 1);
        taken.resize(inside.len(), false);
        for (taken, inside) in taken.iter_mut().zip(inside).filter(|(_, inside)| *inside != 0) {
            if std::mem::replace(taken, inside != 0) {
                return true;
            }
        }
    }
    false
}

fn plane_of(instance: &Instance, frame: u32) -> Option<ImagePlane> {
    instance.frame(frame)?.plane
}

/// Multi-frame Dimension module: segment and place.
pub fn put_dimensions(data: &mut DataSet, frames: &Frames<'_>) {
    let organization = uid_of(&["dimensions of segmentations"]);
    let mut named = DataSet::new();
    named.uid(tags::DIMENSION_ORGANIZATION_UID, &organization);
    data.item(tags::DIMENSION_ORGANIZATION_SEQUENCE, named);
    let index = |pointer: Tag, group: Tag, label: &str| {
        let tag = |tag: Tag| PrimitiveValue::Tags(vec![tag].into());
        let mut item = DataSet::new();
        item.value(tags::DIMENSION_INDEX_POINTER, VR::AT, tag(pointer))
            .value(tags::FUNCTIONAL_GROUP_POINTER, VR::AT, tag(group))
            .uid(tags::DIMENSION_ORGANIZATION_UID, &organization)
            .text(tags::DIMENSION_DESCRIPTION_LABEL, VR::LO, label);
        item
    };
    let mut indices = Vec::new();
    if frames.has_segments {
        indices.push(index(tags::REFERENCED_SEGMENT_NUMBER, tags::SEGMENT_IDENTIFICATION_SEQUENCE, "Segment"));
    }
    if frames.is_placed {
        indices.push(index(tags::IMAGE_POSITION_PATIENT, tags::PLANE_POSITION_SEQUENCE, "Position"));
    } else {
        indices.push(index(tags::FRAME_LABEL, tags::FRAME_CONTENT_SEQUENCE, "Source image"));
    }
    data.sequence(tags::DIMENSION_INDEX_SEQUENCE, indices);
}

/// Shared and per-frame functional groups.
pub fn put_groups(data: &mut DataSet, frames: &Frames<'_>, codes: &Codes) {
    let mut shared = DataSet::new();
    let first = frames.planes.first();
    let spacing = first.map(|plane| plane.spacing).filter(Spacing::is_measurable);
    if let Some(spacing) = spacing {
        shared.item(tags::PIXEL_MEASURES_SEQUENCE, measures(frames, &spacing));
    }
    let orientation = |plane: &ImagePlane| [plane.row_dir.0, plane.col_dir.0].concat();
    let first_plane = first.and_then(|plane| plane.place).filter(|_| frames.is_placed);
    let is_shared = |one: &ImagePlane| {
        frames.planes.iter().all(|plane| plane.place.as_ref().map(orientation) == Some(orientation(one)))
    };
    let shared_orientation = first_plane.as_ref().filter(|plane| is_shared(plane));
    if let Some(plane) = shared_orientation {
        let mut item = DataSet::new();
        item.decimals(tags::IMAGE_ORIENTATION_PATIENT, &orientation(plane));
        shared.item(tags::PLANE_ORIENTATION_SEQUENCE, item);
    }
    data.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, shared);
    let per_frame = frames.planes.iter().map(|plane| {
        let mut item = DataSet::new();
        item.item(tags::FRAME_CONTENT_SEQUENCE, frame_content(plane, frames));
        if let Some(number) = plane.segment {
            let mut segment = DataSet::new();
            segment.u16(tags::REFERENCED_SEGMENT_NUMBER, number);
            item.item(tags::SEGMENT_IDENTIFICATION_SEQUENCE, segment);
        }
        if let Some(place) = plane.place.filter(|_| frames.is_placed) {
            let mut position = DataSet::new();
            position.decimals(tags::IMAGE_POSITION_PATIENT, &place.position_mm.0);
            item.item(tags::PLANE_POSITION_SEQUENCE, position);
            if shared_orientation.is_none() {
                let mut own = DataSet::new();
                own.decimals(tags::IMAGE_ORIENTATION_PATIENT, &orientation(&place));
                item.item(tags::PLANE_ORIENTATION_SEQUENCE, own);
            }
        }
        item.item(tags::DERIVATION_IMAGE_SEQUENCE, derivation(plane, codes));
        item
    });
    data.sequence(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, per_frame.collect());
}

fn frame_content(plane: &Plane<'_>, frames: &Frames<'_>) -> DataSet {
    let mut content = DataSet::new();
    let index = plane.segment.map(u32::from).into_iter().chain([plane.position]);
    content.value(tags::DIMENSION_INDEX_VALUES, VR::UL, PrimitiveValue::U32(index.collect()));
    if !frames.is_placed {
        content.text(tags::FRAME_LABEL, VR::LO, &format!("Source image {}", plane.position));
    }
    content
}

fn measures(frames: &Frames<'_>, spacing: &Spacing) -> DataSet {
    let mut item = DataSet::new();
    item.decimals(tags::PIXEL_SPACING, &[spacing.row_mm, spacing.col_mm]);
    let thickness = frames.planes.first().and_then(|plane| plane.source.acquisition.slice_thickness_mm);
    let mut at: Vec<f64> =
        frames.planes.iter().filter_map(|plane| plane.place).map(|place| place.distance_mm()).collect();
    at.sort_by(f64::total_cmp);
    at.dedup_by(|a, b| (*a - *b).abs() < 1e-4);
    let step = at.windows(2).map(|pair| pair[1] - pair[0]).reduce(f64::min);
    // A projection has none; other programs want one beside the spacing
    if let Some(thickness) = thickness.or(step).or(Some(1.0)).filter(|mm| *mm > 0.0) {
        item.decimals(tags::SLICE_THICKNESS, &[thickness]);
    }
    if let Some(step) = step.filter(|_| frames.is_placed) {
        item.decimals(tags::SPACING_BETWEEN_SLICES, &[step]);
    }
    item
}

fn derivation(plane: &Plane<'_>, codes: &Codes) -> DataSet {
    let mut source = reference_item(&plane.source.sop_class, &written(plane.source));
    source.code(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, &codes.concept(Code::SourceForProcessing));
    source.text(tags::SPATIAL_LOCATIONS_PRESERVED, VR::CS, "YES");
    if plane.source.n_frames() > 1 {
        source.integer(tags::REFERENCED_FRAME_NUMBER, i64::from(plane.frame) + 1);
    }
    let mut item = DataSet::new();
    item.code(tags::DERIVATION_CODE_SEQUENCE, &codes.concept(Code::SegmentationDerivation))
        .item(tags::SOURCE_IMAGE_SEQUENCE, source);
    item
}

/// The identifier that the file itself bears.
pub fn written(instance: &Instance) -> String {
    valid_uid(instance.written_sop.as_ref().unwrap_or(&instance.sop).as_str())
}

/// Common Instance Reference module.
pub fn put_references(data: &mut DataSet, series: &Series, frames: &Frames<'_>) {
    let objects: BTreeMap<String, &str> =
        frames.planes.iter().map(|plane| (written(plane.source), plane.source.sop_class.as_str())).collect();
    let mut item = DataSet::new();
    item.uid(tags::SERIES_INSTANCE_UID, &valid_uid(series.uid.as_str())).sequence(
        tags::REFERENCED_INSTANCE_SEQUENCE,
        objects.iter().map(|(sop, class)| reference_item(class, sop)).collect(),
    );
    data.item(tags::REFERENCED_SERIES_SEQUENCE, item);
}
