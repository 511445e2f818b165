//! Key images: those that a reader marks to come back to and to hand on. Kept with the look at the study, named in its
//! report.

use serde::{Deserialize, Serialize};

use crate::domain::study::Study;
use crate::domain::uid::{SeriesUid, SopInstanceUid};
use crate::ui::context::UiContext;
use crate::ui::view_state::{LookAt, ViewState};
use crate::ui::viewport::shown::Shown;

/// One marked image of the study.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyImage {
    pub series: SeriesUid,
    pub sop: SopInstanceUid,
    /// Index of the frame, 0 in objects of one.
    pub frame: u32,
}

impl KeyImage {
    pub fn of(shown: &Shown<'_>) -> Self {
        Self { series: shown.series.uid.clone(), sop: shown.instance.sop.clone(), frame: shown.frame_idx }
    }
}

/// Where a key image stands in its study: series, and place in its stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyPlace {
    pub series_idx: usize,
    pub stack_idx: usize,
}

/// Marks the image in the active pane, or takes the mark away.
pub fn toggle(context: &UiContext<'_>, view: &mut ViewState) {
    let Some(study) = context.open_study else { return };
    let Some(shown) = Shown::of(context, view.looks.get(&study.uid), &mut view.transient) else { return };
    if shown.study.uid != study.uid {
        view.transient.hint = Some("Key images are of the open study; this one is of another.".to_owned());
        return;
    }
    let key = KeyImage::of(&shown);
    let marked = &mut view.look_mut(&study.uid).key_images;
    if !marked.remove(&key) {
        marked.insert(key);
    }
}

/// The key images in the order of the study.
pub fn places(study: &Study, look: &LookAt) -> Vec<KeyPlace> {
    let of_series = study.series.iter().enumerate().filter(|(_, series)| {
        // Most series hold none, and looking through a stack takes a while.
        look.key_images.iter().any(|key| key.series == series.uid)
    });
    let places = of_series.flat_map(|(series_idx, series)| {
        let is_key = move |stack_idx: &usize| {
            series.image(*stack_idx).is_some_and(|(instance, frame)| {
                look.key_images.iter().any(|key| key.sop == instance.sop && key.frame == frame)
            })
        };
        (0..series.stack.len()).filter(is_key).map(move |stack_idx| KeyPlace { series_idx, stack_idx })
    });
    places.collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Back,
}

/// Goes to the next or the previous key image of the study, round and round.
pub fn step(context: &UiContext<'_>, view: &mut ViewState, direction: Direction) {
    let Some(study) = context.open_study else { return };
    let Some(look) = view.look(&study.uid) else { return };
    let places = places(study, look);
    let here = KeyPlace { series_idx: look.open_index(study), stack_idx: look.view().stack_index };
    let next = match direction {
        Direction::Forward => places.iter().find(|place| **place > here).or(places.first()),
        Direction::Back => places.iter().rev().find(|place| **place < here).or(places.last()),
    };
    match next.copied() {
        Some(place) => go_to(study, view, place),
        None => view.transient.hint = Some("No image of this study is marked as a key image.".to_owned()),
    }
}

pub fn go_to(study: &Study, view: &mut ViewState, place: KeyPlace) {
    let image = study.series.get(place.series_idx).and_then(|series| series.image(place.stack_idx));
    if let Some((instance, frame)) = image {
        view.look_mut(&study.uid).show_image(study, &instance.sop, frame);
    }
}
