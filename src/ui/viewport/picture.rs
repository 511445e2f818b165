//! What is asked of `render` for one picture, and what the record may later say was on screen.

use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::circumstances::{Circumstances, SeenInterpolation};
use crate::domain::decision::{Seen, SeenOverlay};
use crate::domain::finding::Finding;
use crate::domain::frame::Frame;
use crate::domain::mask::Segment;
use crate::domain::reading::AiPresentation;
use crate::domain::saliency::{SaliencyMap, SaliencyMethod};
use crate::domain::study::Study;
use crate::domain::uid::{FindingId, StudyUid};
use crate::imaging::overlay::FILL_OPACITY;
use crate::imaging::presentation::GreyPresentation;
use crate::imaging::voi_lut::Voi;
use crate::render::request::{DrawRequest, Interpolation, MaskLayer, SaliencyLayer};
use crate::review::session::FindingReview;
use crate::ui::context::{Asked, UiContext};
use crate::ui::transient::Transient;
use crate::ui::view_state::{DisplayChoice, MaskStyle, OverlayView, SeriesPart};
use crate::ui::viewport::laid_over::{self, LaidOver};
use crate::ui::viewport::shown::{Canvas, Shown};

/// A picture that was put on screen in the pass before.
#[derive(Clone, Debug)]
pub struct Painted {
    pub seen: Seen,
    /// The finding that was selected then.
    pub selected: Option<FindingId>,
    /// The image's place.
    pub study: StudyUid,
    pub part: SeriesPart,
    pub stack_index: usize,
}

impl Painted {
    pub fn is_of(&self, study: &Study) -> bool {
        self.study == study.uid
    }
}

/// Why the last picture could not be drawn. Shared with the paint list, which learns it after the screen was laid out.
#[derive(Clone, Debug, Default)]
pub struct DrawingError(Arc<Mutex<Option<String>>>);

impl DrawingError {
    pub fn sentence(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set(&self, sentence: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = sentence;
    }
}

/// `chosen` lends its masks and its map when it is about this image; what it lays over others comes made.
pub fn request(
    frame: &Arc<Frame>,
    canvas: &Canvas,
    shown: &Shown<'_>,
    chosen: Option<&FindingReview>,
    laid_over: &LaidOver,
    overlay: &OverlayView,
    display: DisplayChoice,
) -> DrawRequest {
    let tone = shown.tone.as_ref();
    let grey = GreyPresentation {
        voi: tone.map_or(Voi::Window(crate::imaging::histogram::color_window(frame)), |tone| tone.voi.clone()),
        invert: tone.is_some_and(|tone| tone.is_inverted),
    };
    let mut request = DrawRequest::new(Arc::clone(frame), shown.instance, shown.frame_idx, &grey, canvas.transform);
    request.plane = shown.cut.as_ref().and_then(|cut| cut.picture).map(|picture| picture.request.clone());
    request.interpolation = display.interpolation;
    request.overlay.hidden = overlay.is_held_hidden;
    request.overlay.graphics = shown.graphics.clone().filter(|_| overlay.graphics_shown).map(MaskLayer::new);
    let of_plane = shown.cut.as_ref().and_then(|cut| cut.picture);
    let (segments, map) = match (of_plane, chosen) {
        (Some(picture), _) => (&picture.masks, &picture.saliency),
        // A segment lies over many images, not only over the one its finding is listed with
        (None, Some(_)) => (&laid_over.segments, &laid_over.map),
        (None, None) => return request,
    };
    if overlay.masks != MaskStyle::Off {
        // A hidden segment stays in the texture: switching it on again uploads nothing.
        let layer = |segment: &Arc<Segment>| MaskLayer {
            is_visible: !overlay.hidden_segments.contains(&segment.id),
            ..MaskLayer::new(Arc::clone(segment))
        };
        request.overlay.masks = segments.iter().map(layer).collect();
        request.overlay.fill_opacity = if overlay.masks == MaskStyle::Outline { 0.0 } else { FILL_OPACITY * 2.0 };
    }
    if let Some(map) = map.as_ref().filter(|_| overlay.saliency_shown) {
        let layer = SaliencyLayer::new(Arc::clone(map), overlay.colormap);
        request.overlay.saliency = Some(SaliencyLayer { opacity: overlay.saliency_opacity, ..layer });
    }
    request
}

/// What a finding lays over this image: what another product brings, its own masks on this slice, and its map by the
/// method in force.
pub fn above(
    context: &UiContext<'_>,
    shown: &Shown<'_>,
    finding: &Finding,
    overlay: &OverlayView,
    transient: &mut Transient,
) -> LaidOver {
    let mut over = laid_over::of(context, shown, finding, transient);
    if over.segments.is_empty() {
        over.segments = finding.segments_on(&shown.instance.sop, shown.frame_idx).into_iter().cloned().collect();
    }
    if over.map.is_none() && shown.is_subject_of(finding) {
        over.map = map_of(finding, overlay.saliency_method, context.asked).cloned();
    }
    over
}

/// The map as it was suggested, or by the method that was asked for, once it is there.
fn map_of<'a>(finding: &'a Finding, method: Option<SaliencyMethod>, asked: &'a Asked) -> Option<&'a Arc<SaliencyMap>> {
    let suggested = finding.evidence.saliency.as_ref()?;
    match method.filter(|method| method.word() != suggested.facts().method) {
        None => Some(suggested),
        Some(method) => asked.map(&finding.id, method),
    }
}

/// What a decision taken now may claim to have seen.
pub fn painted(
    canvas: &Canvas,
    shown: &Shown<'_>,
    selected: Option<&FindingId>,
    overlay: &OverlayView,
    display: DisplayChoice,
    presentation: AiPresentation,
) -> Painted {
    let is_map_shown = overlay.saliency_shown && !overlay.is_held_hidden;
    let circumstances = Circumstances {
        viewport_px: Some(canvas.size_px().map(|side| side.round() as u32)),
        pan_px: Some(canvas.view.pan),
        interpolation: Some(match display.interpolation {
            Interpolation::Nearest => SeenInterpolation::Nearest,
            Interpolation::Bilinear => SeenInterpolation::Bilinear,
            Interpolation::Cubic => SeenInterpolation::Cubic,
        }),
        boxes_shown: Some(overlay.marks_shown && !overlay.is_held_hidden),
        colormap: is_map_shown.then(|| overlay.colormap.name().to_owned()),
        ..Circumstances::default()
    };
    let seen = Seen {
        sop: shown.instance.sop.clone(),
        frame: shown.frame_idx,
        window: shown.window(),
        zoom: canvas.view.zoom,
        rotation_deg: u16::from(canvas.view.quarter_turns % 4) * 90,
        is_flipped: canvas.view.flip_h,
        is_inverted: shown.tone.as_ref().is_some_and(|tone| tone.is_inverted),
        overlay: SeenOverlay {
            masks_shown: overlay.masks != MaskStyle::Off && !overlay.is_held_hidden,
            saliency_shown: is_map_shown,
            opacity: f64::from(overlay.saliency_opacity),
            score_shown: presentation.score,
        },
        circumstances: Box::new(circumstances),
    };
    Painted {
        seen,
        selected: selected.cloned(),
        study: shown.study.uid.clone(),
        part: shown.part.clone(),
        stack_index: shown.look.stack_index,
    }
}
