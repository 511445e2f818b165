//! Grayscale Softcopy Presentation State (PS3.3 A.33.1): window, turns, boxes, outlines and measurements over images.

use std::sync::Arc;

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};

use crate::domain::annotation::Annotation;
use crate::domain::display_state::DisplayState;
use crate::domain::finding::{Finding, Subject};
use crate::domain::instance::Instance;
use crate::domain::presentation::{ModalityLut, Photometric, ValueUnit, VoiFunction, VoiTransform, Window};
use crate::domain::report::Report;
use crate::domain::series::Series;
use crate::domain::shape::{Point, Shape};
use crate::export::dicom::header::{Identity, date_time, header, person_name};
use crate::export::dicom::object::{DataSet, reference_item};
use crate::export::dicom::segmentation_frames::written;
use crate::export::dicom::uids::valid_uid;
use crate::export::error::ExportError;
use crate::imaging::measure::words;
use crate::segmentation::outline;

pub const GRAYSCALE_SOFTCOPY: &str = uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE;

/// The layer of what models suggest, and that of what readers drew.
const LAYERS: [(&str, [u16; 3]); 2] = [("AI", [48_000, 20_000, 50_000]), ("READER", [55_000, 30_000, 50_000])];

/// Images whose graphics and window one object holds: of one series and one size.
pub struct StateToWrite<'a> {
    pub report: &'a Report,
    pub series: &'a Series,
    pub images: &'a [Subject],
    pub display: Option<&'a DisplayState>,
    pub identity: Identity<'a>,
    pub creator: Option<&'a str>,
}

/// Something to draw on one image.
struct Graphic {
    layer: &'static str,
    strokes: Vec<(&'static str, Vec<Point>)>,
    /// Words and where they stand; pixel-edge coordinates as the strokes.
    text: Option<(String, Point)>,
}

/// The images of a series that a state can be about: gray ones.
pub fn is_grayscale(instance: &Instance) -> bool {
    matches!(instance.pixels.photometric, Photometric::Monochrome1 | Photometric::Monochrome2)
}

pub fn file(wanted: &StateToWrite<'_>) -> Result<Vec<u8>, ExportError> {
    let StateToWrite { report, series, images, display, identity, creator } = wanted;
    let study = report.study.as_ref().ok_or_else(|| ExportError::Dicom("the study is not at hand".to_owned()))?;
    let found = |subject: &Subject| {
        let instance = series.instances.iter().find(|instance| instance.sop == subject.sop)?;
        Some((subject.clone(), Arc::clone(instance)))
    };
    let images: Vec<(Subject, Arc<Instance>)> = images.iter().filter_map(found).collect();
    let Some((_, first)) = images.first() else {
        return Err(ExportError::Dicom("the images are not at hand".to_owned()));
    };
    let mut data = header(study, identity);
    let (date, time) = date_time(identity.made_at);
    data.text(tags::CONTENT_LABEL, VR::CS, "OVERREAD")
        .text(tags::LATERALITY, VR::CS, "")
        .text(tags::CONTENT_DESCRIPTION, VR::LO, "Window, findings and measurements. Research use only")
        .text(tags::CONTENT_CREATOR_NAME, VR::PN, &creator.map(person_name).unwrap_or_default())
        .text(tags::PRESENTATION_CREATION_DATE, VR::DA, &date)
        .text(tags::PRESENTATION_CREATION_TIME, VR::TM, &time)
        .text(tags::PRESENTATION_LUT_SHAPE, VR::CS, lut_shape(first, *display));
    let mut relation = DataSet::new();
    relation
        .uid(tags::SERIES_INSTANCE_UID, &valid_uid(series.uid.as_str()))
        .sequence(tags::REFERENCED_IMAGE_SEQUENCE, images.iter().map(|(at, of)| image_item(at, of)).collect());
    data.item(tags::REFERENCED_SERIES_SEQUENCE, relation);
    put_displayed_area(&mut data, first);
    put_modality_lut(&mut data, first);
    put_window(&mut data, first, *display);
    put_turns(&mut data, *display);
    put_graphics(&mut data, report, &images);
    data.to_file(identity.sop_class, identity.sop)
}

fn image_item(subject: &Subject, instance: &Instance) -> DataSet {
    let mut item = reference_item(&instance.sop_class, &written(instance));
    if instance.n_frames() > 1 {
        item.integer(tags::REFERENCED_FRAME_NUMBER, i64::from(subject.frame) + 1);
    }
    item
}

/// The polarity the reader saw: the file's own, turned round when inverted (PS3.3 C.11.6).
fn lut_shape(instance: &Instance, display: Option<&DisplayState>) -> &'static str {
    let is_inverted = display.is_some_and(|display| display.is_inverted);
    let file_inverts = instance.pixels.photometric == Photometric::Monochrome1 || instance.presentation_inverse;
    if file_inverts ^ is_inverted { "INVERSE" } else { "IDENTITY" }
}

fn put_displayed_area(data: &mut DataSet, instance: &Instance) {
    let corner = |value: [i32; 2]| PrimitiveValue::I32(value.into_iter().collect());
    let (rows, cols) = (instance.pixels.rows, instance.pixels.cols);
    let last = [cols, rows].map(|n| i32::try_from(n).unwrap_or(i32::MAX));
    let mut item = DataSet::new();
    item.value(tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER, VR::SL, corner([1, 1]))
        .value(tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER, VR::SL, corner(last))
        .text(tags::PRESENTATION_SIZE_MODE, VR::CS, "SCALE TO FIT");
    if instance.spacing.is_measurable() {
        item.decimals(tags::PRESENTATION_PIXEL_SPACING, &[instance.spacing.row_mm, instance.spacing.col_mm]);
    } else {
        item.words(tags::PRESENTATION_PIXEL_ASPECT_RATIO, VR::IS, &["1", "1"]);
    }
    data.item(tags::DISPLAYED_AREA_SELECTION_SEQUENCE, item);
}

fn put_modality_lut(data: &mut DataSet, instance: &Instance) {
    let lut = instance.frames.first().map(|frame| &frame.modality_lut);
    if let Some(ModalityLut::Linear { slope, intercept }) = lut {
        let kind = if instance.value_unit == ValueUnit::Hounsfield { "HU" } else { "US" };
        data.decimals(tags::RESCALE_INTERCEPT, &[*intercept]).decimals(tags::RESCALE_SLOPE, &[*slope]).text(
            tags::RESCALE_TYPE,
            VR::LO,
            kind,
        );
    }
}

fn put_window(data: &mut DataSet, instance: &Instance, display: Option<&DisplayState>) {
    let of_file = || {
        instance.frames.first()?.voi.iter().find_map(|voi| match voi {
            VoiTransform::Window { window, .. } => Some(*window),
            VoiTransform::Table(_) => None,
        })
    };
    let Some(window) = display.and_then(|display| display.window).or_else(of_file) else { return };
    let Window { center, width, function } = window;
    let word = match function {
        VoiFunction::Linear => "LINEAR",
        VoiFunction::LinearExact => "LINEAR_EXACT",
        VoiFunction::Sigmoid => "SIGMOID",
    };
    let mut item = DataSet::new();
    item.decimals(tags::WINDOW_CENTER, &[center]).decimals(tags::WINDOW_WIDTH, &[width]);
    item.text(tags::VOILUT_FUNCTION, VR::CS, word);
    data.item(tags::SOFTCOPY_VOILUT_SEQUENCE, item);
}

/// Rotation comes first here, in the display the mirror does: one undoes the other's order (PS3.3 C.10.6).
fn put_turns(data: &mut DataSet, display: Option<&DisplayState>) {
    let Some(DisplayState { quarter_turns, is_flipped, .. }) = display else { return };
    let turns = u16::from(quarter_turns % 4);
    let turns = if *is_flipped { (4 - turns) % 4 } else { turns };
    data.u16(tags::IMAGE_ROTATION, turns * 90).text(
        tags::IMAGE_HORIZONTAL_FLIP,
        VR::CS,
        if *is_flipped { "Y" } else { "N" },
    );
}

fn put_graphics(data: &mut DataSet, report: &Report, images: &[(Subject, Arc<Instance>)]) {
    let mut annotations = Vec::new();
    for (subject, instance) in images {
        let graphics = graphics_of(report, subject);
        for (layer, _) in LAYERS {
            let own: Vec<&Graphic> = graphics.iter().filter(|graphic| graphic.layer == layer).collect();
            if own.is_empty() {
                continue;
            }
            let mut item = DataSet::new();
            item.item(tags::REFERENCED_IMAGE_SEQUENCE, image_item(subject, instance)).text(
                tags::GRAPHIC_LAYER,
                VR::CS,
                layer,
            );
            let texts: Vec<DataSet> = own.iter().filter_map(|graphic| text_item(graphic)).collect();
            if !texts.is_empty() {
                item.sequence(tags::TEXT_OBJECT_SEQUENCE, texts);
            }
            let strokes: Vec<DataSet> = own.iter().flat_map(|graphic| &graphic.strokes).map(stroke_item).collect();
            if !strokes.is_empty() {
                item.sequence(tags::GRAPHIC_OBJECT_SEQUENCE, strokes);
            }
            annotations.push(item);
        }
    }
    if annotations.is_empty() {
        return;
    }
    data.sequence(tags::GRAPHIC_ANNOTATION_SEQUENCE, annotations);
    let layers = LAYERS.into_iter().zip(1..).map(|((name, lab), order)| {
        let mut item = DataSet::new();
        item.text(tags::GRAPHIC_LAYER, VR::CS, name).integer(tags::GRAPHIC_LAYER_ORDER, order).value(
            tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_CIE_LAB_VALUE,
            VR::US,
            PrimitiveValue::U16(lab.into_iter().collect()),
        );
        item
    });
    data.sequence(tags::GRAPHIC_LAYER_SEQUENCE, layers.collect());
}

fn text_item(graphic: &Graphic) -> Option<DataSet> {
    let (words, at) = graphic.text.as_ref()?;
    let mut item = DataSet::new();
    item.text(tags::UNFORMATTED_TEXT_VALUE, VR::ST, words)
        .text(tags::ANCHOR_POINT_ANNOTATION_UNITS, VR::CS, "PIXEL")
        .value(tags::ANCHOR_POINT, VR::FL, PrimitiveValue::F32(at.iter().map(|value| *value as f32).collect()))
        .text(tags::ANCHOR_POINT_VISIBILITY, VR::CS, "N");
    Some(item)
}

fn stroke_item((kind, points): &(&'static str, Vec<Point>)) -> DataSet {
    let numbers = points.iter().flatten().map(|value| *value as f32).collect();
    let mut item = DataSet::new();
    item.text(tags::GRAPHIC_ANNOTATION_UNITS, VR::CS, "PIXEL")
        .u16(tags::GRAPHIC_DIMENSIONS, 2)
        .u16(tags::NUMBER_OF_GRAPHIC_POINTS, u16::try_from(points.len()).unwrap_or(u16::MAX))
        .value(tags::GRAPHIC_DATA, VR::FL, PrimitiveValue::F32(numbers))
        .text(tags::GRAPHIC_TYPE, VR::CS, kind);
    // Graphic Filled: only closed graphics have it
    let is_closed = *kind == "ELLIPSE" || points.first() == points.last() && points.len() > 2;
    if is_closed {
        item.text(tags::GRAPHIC_FILLED, VR::CS, "N");
    }
    item
}

fn graphics_of(report: &Report, subject: &Subject) -> Vec<Graphic> {
    let is_here = |other: &Subject| other.sop == subject.sop && other.frame == subject.frame;
    let findings = report.findings.iter().map(|reported| reported.finding.as_ref());
    let findings = findings.filter(|finding| is_here(&finding.subject) && finding.is_flagged());
    let drawings = report.annotations.iter().map(|reported| reported.annotation.as_ref());
    let drawings = drawings.filter(|annotation| annotation.ground.subject().is_some_and(is_here));
    let mut graphics: Vec<Graphic> = findings.flat_map(of_finding).collect();
    graphics.extend(drawings.map(of_annotation));
    graphics
}

fn of_finding(finding: &Finding) -> Vec<Graphic> {
    let layer = if finding.is_suggested() { "AI" } else { "READER" };
    let mut all = Vec::new();
    if let Some(region) = finding.place.region() {
        let [x0, y0, x1, y1] = [region.x0, region.y0, region.x1, region.y1];
        let outline = vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]];
        all.push(Graphic {
            layer,
            strokes: vec![("POLYLINE", outline)],
            text: Some((finding.label.name.clone(), [x0, y0])),
        });
    }
    for line in &finding.evidence.lines {
        let points = [line.from, line.to].map(|[x, y]| [x + 0.5, y + 0.5]);
        let [start, _] = points;
        all.push(Graphic {
            layer,
            strokes: vec![("POLYLINE", points.to_vec())],
            text: Some((line.name.clone(), start)),
        });
    }
    for segment in &finding.evidence.segments {
        let strokes: Vec<(&str, Vec<Point>)> =
            outline::outlines(&segment.mask).into_iter().map(|outline| ("POLYLINE", outline)).collect();
        let start = strokes.first().and_then(|(_, points)| points.first().copied());
        all.push(Graphic { layer, strokes, text: start.map(|start| (segment.name.clone(), start)) });
    }
    all
}

fn of_annotation(annotation: &Annotation) -> Graphic {
    let edge = |[x, y]: Point| [x + 0.5, y + 0.5];
    let line = |points: &[Point]| ("POLYLINE", points.iter().copied().map(edge).collect::<Vec<_>>());
    let strokes = match &annotation.shape {
        Shape::Probe { at } => vec![("POINT", vec![edge(*at)])],
        Shape::Text { .. } => Vec::new(),
        Shape::Length { ends } => vec![line(ends)],
        Shape::Bidirectional { long, short } => vec![line(long), line(short)],
        Shape::Angle { first, vertex, second } => vec![line(&[*first, *vertex, *second])],
        Shape::Cobb { lines: [a, b] } => vec![line(a), line(b)],
        Shape::Rectangle { corners: [[x0, y0], [x1, y1]] } => {
            vec![line(&[[*x0, *y0], [*x1, *y0], [*x1, *y1], [*x0, *y1], [*x0, *y0]])]
        }
        // Major axis first (PS3.3 C.10.5.1.2)
        Shape::Ellipse { corners: [[x0, y0], [x1, y1]], .. } => {
            let [across, down] = crate::imaging::measure::strokes::axes(&annotation.shape).unwrap_or_default();
            let ends = if (x1 - x0).abs() >= (y1 - y0).abs() { [across, down] } else { [down, across] };
            vec![("ELLIPSE", ends.concat().into_iter().map(edge).collect())]
        }
        Shape::Freehand { outline } => {
            let closed: Vec<Point> = outline.iter().chain(outline.first()).copied().collect();
            vec![line(&closed)]
        }
        Shape::Arrow { tip, tail } => vec![line(&[*tail, *tip])],
    };
    let mut said = words::lines(annotation);
    if !annotation.text.trim().is_empty() && !said.contains(&annotation.text) {
        said.insert(0, annotation.text.trim().to_owned());
    }
    let text = (!said.is_empty()).then(|| (said.join(", "), edge(annotation.shape.anchor())));
    Graphic { layer: "READER", strokes, text }
}
