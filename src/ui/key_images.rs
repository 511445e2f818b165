//! Key images: those that a reader marks to come back to and to hand on. Events of the review, named in its report.

use std::collections::BTreeSet;

use crate::domain::finding::Subject;
use crate::domain::study::Study;
use crate::ui::action::ReviewAction;
use crate::ui::context::UiContext;
use crate::ui::deciding;
use crate::ui::view_state::ViewState;
use crate::ui::viewport::shown::Shown;

/// The marked images of the open study.
pub fn marked<'a>(context: &UiContext<'a>) -> &'a BTreeSet<Subject> {
    static NONE: BTreeSet<Subject> = BTreeSet::new();
    context.session.map_or(&NONE, |session| session.notes().key_images())
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
    if shown.cut.is_some() {
        view.transient.hint = Some("Key images are images of the series; this is a plane through them.".to_owned());
        return;
    }
    if let Some(reason) = deciding::obstacle(context) {
        view.transient.hint = Some(reason);
        return;
    }
    view.transient.tools.asked.push(ReviewAction::ToggleKeyImage(shown.subject()));
}

/// Marks these images, as far as they are not marked yet.
pub fn mark(context: &UiContext<'_>, view: &mut ViewState, images: &[Subject]) {
    if let Some(reason) = deciding::obstacle(context) {
        view.transient.hint = Some(reason);
        return;
    }
    let missing = images.iter().filter(|image| !marked(context).contains(*image));
    view.transient.tools.asked.extend(missing.cloned().map(ReviewAction::ToggleKeyImage));
}

/// The key images in the order of the study.
pub fn places(study: &Study, marked: &BTreeSet<Subject>) -> Vec<KeyPlace> {
    let of_series = study.series.iter().enumerate().filter(|(_, series)| {
        // Most series hold none, and looking through a stack takes a while.
        marked.iter().any(|key| key.series == series.uid)
    });
    let places = of_series.flat_map(|(series_idx, series)| {
        let is_key = move |stack_idx: &usize| {
            series
                .image(*stack_idx)
                .is_some_and(|(instance, frame)| marked.iter().any(|key| key.sop == instance.sop && key.frame == frame))
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
    let places = places(study, marked(context));
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
