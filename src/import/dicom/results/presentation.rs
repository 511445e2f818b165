//! Presentation states (PS3.3 A.33): the window, the turns, and what they draw over pictures.

use std::collections::BTreeMap;
use std::sync::Arc;

use dicom_dictionary_std::tags;
use serde::{Deserialize, Serialize};

use crate::domain::content_item::GraphicType;
use crate::domain::display_state::DisplayState;
use crate::domain::document::DocumentKind;
use crate::domain::finding::{DrawnPath, Evidence, Finding, FindingLabel, Origin, Place, Subject};
use crate::domain::intake::Notice;
use crate::domain::presentation::{VoiFunction, Window};
use crate::domain::shape::Point;
use crate::domain::study::Study;
use crate::domain::uid::{FindingId, SeriesUid, SopInstanceUid};
use crate::import::dicom::attributes::{SeriesFacts, derived_uid};
use crate::import::dicom::dataset::View;
use crate::import::dicom::results::DocumentHead;
use crate::import::dicom::results::regions::{self, bounds, named_image};
use crate::import::reason;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Presentation {
    /// Series and pictures it is about.
    pub images: Vec<(SeriesUid, SopInstanceUid)>,
    pub window: Option<Window>,
    pub quarter_turns: u8,
    pub is_flipped: bool,
    /// Presentation LUT Shape is INVERSE.
    pub is_inverse: bool,
    pub drawings: Vec<Drawing>,
    /// What it holds beside, in words; not followed.
    pub ignored: Vec<String>,
}

/// What lies over some of the pictures; all of them where it names none.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Drawing {
    pub images: Vec<(SopInstanceUid, u32)>,
    pub layer: String,
    pub strokes: Vec<Stroke>,
    pub texts: Vec<(String, [f64; 2])>,
}

/// Pixel-edge coordinates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stroke {
    pub graphic: GraphicType,
    pub points: Vec<[f64; 2]>,
}

impl Presentation {
    pub fn read(root: &View<'_>) -> Self {
        let mut ignored = Vec::new();
        for (tag, what) in [
            (tags::SHUTTER_SHAPE, "a shutter"),
            (tags::MASK_SUBTRACTION_SEQUENCE, "a subtraction"),
            (tags::COMPOUND_GRAPHIC_SEQUENCE, "compound graphics"),
            (tags::BLENDING_SEQUENCE, "a blending"),
            (tags::PRESENTATION_LUT_SEQUENCE, "a presentation LUT"),
        ] {
            if root.has(tag) {
                ignored.push(what.to_owned());
            }
        }
        let turn = root.integer(tags::IMAGE_ROTATION).unwrap_or(0).rem_euclid(360) / 90;
        let is_flipped = root.code(tags::IMAGE_HORIZONTAL_FLIP) == "Y";
        // Rotation first there, the mirror first here (PS3.3 C.10.6)
        let turn = if is_flipped { (4 - turn) % 4 } else { turn };
        let annotations = root.items(tags::GRAPHIC_ANNOTATION_SEQUENCE);
        let drawings = annotations.iter().map(|item| drawing(item, &mut ignored)).collect();
        ignored.sort();
        ignored.dedup();
        Self {
            images: images(root),
            window: window(root),
            quarter_turns: u8::try_from(turn).unwrap_or(0),
            is_flipped,
            is_inverse: root.code(tags::PRESENTATION_LUT_SHAPE) == "INVERSE",
            drawings,
            ignored,
        }
    }
}

fn images(root: &View<'_>) -> Vec<(SeriesUid, SopInstanceUid)> {
    let mut images = Vec::new();
    for series in root.items(tags::REFERENCED_SERIES_SEQUENCE) {
        let uid = SeriesUid::new(series.code(tags::SERIES_INSTANCE_UID));
        let named = series.items(tags::REFERENCED_IMAGE_SEQUENCE);
        images.extend(
            named.iter().map(|image| (uid.clone(), SopInstanceUid::new(image.code(tags::REFERENCED_SOP_INSTANCE_UID)))),
        );
    }
    images
}

fn window(root: &View<'_>) -> Option<Window> {
    let item = root.first_item(tags::SOFTCOPY_VOILUT_SEQUENCE)?;
    let (center, width) = (item.number(tags::WINDOW_CENTER)?, item.number(tags::WINDOW_WIDTH)?);
    let function = match item.code(tags::VOILUT_FUNCTION).as_str() {
        "LINEAR_EXACT" => VoiFunction::LinearExact,
        "SIGMOID" => VoiFunction::Sigmoid,
        _ => VoiFunction::Linear,
    };
    let is_sound = if function == VoiFunction::Linear { width >= 1.0 } else { width > 0.0 };
    is_sound.then_some(Window { center, width, function })
}

fn drawing(item: &View<'_>, ignored: &mut Vec<String>) -> Drawing {
    let images = item.items(tags::REFERENCED_IMAGE_SEQUENCE);
    let named = images.iter().map(|image| {
        let frame = image.integer(tags::REFERENCED_FRAME_NUMBER).unwrap_or(1);
        let sop = SopInstanceUid::new(image.code(tags::REFERENCED_SOP_INSTANCE_UID));
        (sop, u32::try_from(frame - 1).unwrap_or(0))
    });
    let points = |view: &View<'_>, tag| view.numbers(tag).as_chunks::<2>().0.to_vec();
    let mut drawing = Drawing { images: named.collect(), layer: item.text(tags::GRAPHIC_LAYER), ..Drawing::default() };
    for object in item.items(tags::GRAPHIC_OBJECT_SEQUENCE) {
        let graphic = match object.code(tags::GRAPHIC_TYPE).as_str() {
            // Drawn through its points, without the curve between them
            "INTERPOLATED" => Ok(GraphicType::Polyline),
            word => GraphicType::try_from(word),
        };
        let points: Vec<[f64; 2]> = points(&object, tags::GRAPHIC_DATA);
        let is_sound = !points.is_empty() && points.iter().flatten().all(|value| value.is_finite());
        match graphic {
            Ok(graphic) if is_sound && object.code(tags::GRAPHIC_ANNOTATION_UNITS) == "PIXEL" => {
                drawing.strokes.push(Stroke { graphic, points });
            }
            _ => ignored.push("graphics bound to the screen, or of an unknown kind".to_owned()),
        }
    }
    for object in item.items(tags::TEXT_OBJECT_SEQUENCE) {
        let words = object.text(tags::UNFORMATTED_TEXT_VALUE);
        let anchor = points(&object, tags::ANCHOR_POINT).first().copied();
        let corner = || points(&object, tags::BOUNDING_BOX_TOP_LEFT_HAND_CORNER).first().copied();
        let units = [tags::ANCHOR_POINT_ANNOTATION_UNITS, tags::BOUNDING_BOX_ANNOTATION_UNITS];
        let is_of_image = units.into_iter().any(|tag| object.code(tag) == "PIXEL");
        match anchor.or_else(corner).filter(|at| is_of_image && at.iter().all(|value| value.is_finite())) {
            Some(at) => drawing.texts.push((words, at)),
            None => ignored.push("texts bound to the screen".to_owned()),
        }
    }
    drawing
}

/// What a state came to on the pictures of a study.
#[derive(Default)]
pub struct Applied {
    pub findings: Vec<Arc<Finding>>,
    pub displays: Vec<DisplayState>,
    pub notices: Vec<Notice>,
}

pub fn apply(head: &DocumentHead, series: &SeriesFacts, state: &Presentation, study: &Study) -> Applied {
    let mut applied = Applied::default();
    let mut by_image: BTreeMap<(SopInstanceUid, u32), (Subject, Vec<&Drawing>)> = BTreeMap::new();
    let mut n_absent = 0;
    for drawing in &state.drawings {
        let named: Vec<(SopInstanceUid, u32)> = match drawing.images.is_empty() {
            true => state.images.iter().map(|(_, sop)| (sop.clone(), 0)).collect(),
            false => drawing.images.clone(),
        };
        for (sop, frame) in named {
            match named_image(study, &sop, &[frame + 1]) {
                Some((series, instance, frame)) => {
                    let (series, sop) = (series.uid.clone(), instance.sop.clone());
                    let subject = Subject { study: study.uid.clone(), series, sop: sop.clone(), frame };
                    by_image.entry((sop, frame)).or_insert_with(|| (subject, Vec::new())).1.push(drawing);
                }
                None => n_absent += 1,
            }
        }
    }
    for ((_, _), (subject, drawings)) in by_image {
        applied.findings.push(Arc::new(finding(head, series, subject, &drawings)));
    }
    for uid in state.images.iter().map(|(series, _)| series) {
        let is_known = applied.displays.iter().any(|display| &display.series == uid);
        let here = study.series.iter().find(|series| &series.uid == uid).filter(|_| !is_known);
        if let Some(first) = here.and_then(|series| series.instances.first()) {
            let file_inverts = first.presentation_inverse
                || first.pixels.photometric == crate::domain::presentation::Photometric::Monochrome1;
            applied.displays.push(DisplayState {
                series: uid.clone(),
                window: state.window,
                quarter_turns: state.quarter_turns,
                is_flipped: state.is_flipped,
                is_inverted: state.is_inverse != file_inverts,
            });
        }
    }
    if n_absent > 0 {
        let text = format!("{n_absent} drawings are over pictures that are not here");
        applied.notices.push(Notice::new(reason::RESULT_NOT_PLACED, text));
    }
    if !state.ignored.is_empty() {
        let text = format!("Not followed: {}", state.ignored.join(", "));
        applied.notices.push(Notice::new(reason::RESULT_NOT_UNDERSTOOD, text));
    }
    applied
}

/// All that is drawn on one picture, as one thing to look at.
fn finding(head: &DocumentHead, series: &SeriesFacts, subject: Subject, drawings: &[&Drawing]) -> Finding {
    let centered = |[x, y]: [f64; 2]| [x - 0.5, y - 0.5];
    let mut paths = Vec::new();
    let mut all: Vec<Point> = Vec::new();
    for drawing in drawings {
        for stroke in &drawing.strokes {
            let points: Vec<Point> = stroke.points.iter().copied().map(centered).collect();
            let (points, _) = regions::outline(stroke.graphic, &points);
            all.extend(&points);
            paths.push(DrawnPath { name: String::new(), points });
        }
        for (words, at) in &drawing.texts {
            all.push(centered(*at));
            paths.push(DrawnPath { name: words.clone(), points: vec![centered(*at)] });
        }
    }
    let mut source = head.source(series, DocumentKind::PresentationState);
    source.is_presented = false;
    let name = if head.label.is_empty() { "Drawings".to_owned() } else { format!("Drawings, {}", head.label) };
    let (sop, frame) = (subject.sop.clone(), subject.frame.to_string());
    let id = derived_uid(&[b"drawings of", head.sop.as_str().as_bytes(), sop.as_str().as_bytes(), frame.as_bytes()]);
    Finding {
        id: FindingId::new(id),
        subject,
        label: FindingLabel { id: "drawings".to_owned(), name, code: None },
        origin: Origin::Document(Box::new(source)),
        assessment: None,
        place: bounds(&all).map_or(Place::WholeImage, |region| Place::Region { region }),
        measurements: Vec::new(),
        evidence: Evidence { paths, ..Evidence::default() },
        notices: Vec::new(),
    }
}
