//! What a chosen finding of another product lays over the image in a pane: masks and maps that are read where they are
//! looked at.

use std::sync::Arc;

use crate::domain::document::Document;
use crate::domain::finding::{Finding, SegmentInVolume};
use crate::domain::frame::{Frame, FrameKey};
use crate::domain::instance::Instance;
use crate::domain::mask::Segment;
use crate::domain::saliency::SaliencyMap;
use crate::segmentation::laid_over::{self, Target};
use crate::ui::context::{FrameState, UiContext};
use crate::ui::transient::Transient;
use crate::ui::viewport::shown::Shown;

/// Masks and a map over one image.
#[derive(Clone, Default)]
pub struct LaidOver {
    pub segments: Vec<Arc<Segment>>,
    pub map: Option<Arc<SaliencyMap>>,
}

/// Of a single image without neighbors.
const DEFAULT_REACH_MM: f64 = 0.5;

fn target<'a>(shown: &Shown<'a>) -> Target<'a> {
    let reach_mm = shown.series.geometry.slice_spacing_mm.map_or(DEFAULT_REACH_MM, |mm| mm.abs() / 2.0);
    Target { instance: shown.instance, frame: shown.frame_idx, reach_mm }
}

/// The object that a finding's segment belongs to, where it lies over images of the shown study.
fn referenced<'a>(shown: &Shown<'a>, finding: &Finding) -> Option<(&'a Arc<Document>, SegmentInVolume)> {
    let volume = finding.evidence.volume.as_ref().filter(|_| shown.cut.is_none())?;
    Some((shown.study.document(&volume.sop)?, volume.clone()))
}

fn result<'a>(shown: &Shown<'a>, document: &Document) -> Option<&'a Arc<Instance>> {
    let (series, instance) = shown.study.instance(&document.sop)?;
    let frames = [&series.frame_of_reference, &shown.series.frame_of_reference];
    // Positions of different frames of reference say nothing about each other
    let is_elsewhere = matches!(frames, [Some(own), Some(other)] if own != other);
    // A segmentation looked at by itself is not laid over itself
    (instance.sop != shown.instance.sop && !is_elsewhere).then_some(instance)
}

/// The frames that must be here before anything is laid over this image, as far as they are not.
pub fn want(context: &UiContext<'_>, shown: &Shown<'_>, finding: &Finding, wanted: &mut Vec<FrameKey>) {
    let Some((document, _)) = referenced(shown, finding) else { return };
    let Some(instance) = result(shown, document) else { return };
    for frame in frames(shown, instance) {
        let key = instance.frame_key(frame);
        if matches!(context.frames.frame(&key), FrameState::Loading | FrameState::Preview(_)) {
            wanted.push(key);
        }
    }
}

fn frames(shown: &Shown<'_>, instance: &Instance) -> Vec<u32> {
    match &instance.derivation {
        Some(derivation) => laid_over::frames_over(instance, derivation, &target(shown)),
        None => laid_over::map_frame_over(instance, &target(shown)).into_iter().collect(),
    }
}

/// What is here of it. Made once for each image and object.
pub fn of(context: &UiContext<'_>, shown: &Shown<'_>, finding: &Finding, transient: &mut Transient) -> LaidOver {
    const MOST: usize = 512;
    let Some((document, volume)) = referenced(shown, finding) else { return LaidOver::default() };
    if !document.masks.is_empty() {
        let key = (shown.instance.sop.clone(), shown.frame_idx);
        let own = document.masks.get(&key).cloned().unwrap_or_default();
        return LaidOver { segments: chosen_first(own, &format!("{}#{}", document.sop, volume.number)), map: None };
    }
    let Some(instance) = result(shown, document) else { return LaidOver::default() };
    let key = (instance.sop.clone(), shown.key());
    if let Some(made) = transient.frames.laid_over.get(&key) {
        return made.clone();
    }
    let ready = |frame: u32| match context.frames.frame(&instance.frame_key(frame)) {
        FrameState::Ready(decoded) => Some((frame, decoded)),
        _ => None,
    };
    let decoded: Option<Vec<(u32, Arc<Frame>)>> = frames(shown, instance).into_iter().map(ready).collect();
    let Some(decoded) = decoded else { return LaidOver::default() };
    let made = match &instance.derivation {
        Some(derivation) => {
            let segments = laid_over::segments_over(instance, derivation, &target(shown), &decoded);
            LaidOver { segments, map: None }
        }
        None => {
            let first = decoded.first();
            let map = first.and_then(|(frame, decoded)| laid_over::map_over(instance, *frame, decoded, &target(shown)));
            LaidOver { segments: Vec::new(), map }
        }
    };
    if transient.frames.laid_over.len() >= MOST {
        transient.frames.laid_over.clear();
    }
    transient.frames.laid_over.insert(key, made.clone());
    made
}

/// The chosen one is drawn last, over the others.
fn chosen_first(mut segments: Vec<Arc<Segment>>, id: &str) -> Vec<Arc<Segment>> {
    segments.sort_by_key(|segment| segment.id == id);
    segments
}
