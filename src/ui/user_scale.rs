//! A reader's own scale of an image, where the file has none that can be relied on: by a line of known length.

use std::sync::Arc;

use crate::domain::annotation::Annotation;
use crate::domain::geometry::{Spacing, SpacingKind};
use crate::domain::shape::Shape;
use crate::domain::user_scale::{KNOWN_LENGTHS_MM, UserScale};
use crate::imaging::measure::rescaled;
use crate::imaging::measure::scale::Scale;
use crate::review::event::ImageScaled;
use crate::review::session::AnnotationReview;
use crate::ui::action::ReviewAction;
use crate::ui::context::UiContext;
use crate::ui::deciding;
use crate::ui::view_state::ViewState;
use crate::ui::viewport::shown::Shown;

/// Why an image gets no scale of the reader's, in a sentence; `None` when it may.
pub fn obstacle(shown: &Shown<'_>) -> Option<&'static str> {
    match shown.spacing.kind {
        _ if shown.cut.is_some() => Some("A plane has the scale of its volume"),
        SpacingKind::Patient | SpacingKind::Calibrated => Some("The file says how large its pixels are in the patient"),
        SpacingKind::Region => Some("The file says how large its pixels are in each region"),
        SpacingKind::None
        | SpacingKind::Detector
        | SpacingKind::Projection
        | SpacingKind::Magnified
        | SpacingKind::User => None,
    }
}

/// Whether the image has a scale of the reader's.
pub fn is_set(shown: &Shown<'_>) -> bool {
    shown.spacing.kind == SpacingKind::User
}

/// A length as it was typed, mm; a comma is a point.
pub fn read_length(text: &str) -> Option<f64> {
    let length = text.trim().trim_end_matches("mm").trim_end().replace(',', ".").parse::<f64>().ok()?;
    KNOWN_LENGTHS_MM.contains(&length).then_some(length)
}

/// Asks for a scale of the image on which `line` was drawn. False when that image is not the active one any more, or the
/// line says nothing.
pub fn set(context: &UiContext<'_>, view: &mut ViewState, line: &Annotation, length_mm: f64) -> bool {
    let Shape::Length { ends } = &line.shape else { return false };
    let Some(study) = context.open_study_uid() else { return false };
    let Some(shown) = Shown::of(context, view.looks.get(study), &mut view.transient) else { return false };
    let is_here = line.ground.subject().is_some_and(|subject| subject.sop == shown.instance.sop);
    let of_file = shown.instance.spacing_of(shown.frame_idx);
    let Some(scale) = UserScale::new(*ends, length_mm, of_file.aspect).filter(|_| is_here) else { return false };
    let spacing = scale.spacing(&of_file);
    ask(context, view, &shown, Some(scale), &spacing);
    true
}

/// The file's own scale holds again.
pub fn take_away(context: &UiContext<'_>, view: &mut ViewState, shown: &Shown<'_>) {
    ask(context, view, shown, None, &shown.instance.spacing_of(shown.frame_idx));
}

fn ask(context: &UiContext<'_>, view: &mut ViewState, shown: &Shown<'_>, scale: Option<UserScale>, spacing: &Spacing) {
    if let Some(reason) = deciding::obstacle(context) {
        view.transient.hint = Some(reason);
        return;
    }
    let of_image = |review: &&AnnotationReview| {
        review.annotation.ground.subject().is_some_and(|subject| subject.sop == shown.instance.sop)
    };
    let known = context.session.map_or(&[][..], |session| session.annotations()).iter().filter(of_image);
    let annotations = known.map(|review| anew(&review.annotation, shown, spacing)).collect();
    let scaled = ImageScaled { image: shown.subject(), scale, annotations };
    view.transient.tools.asked.push(ReviewAction::ScaleImage(Box::new(scaled)));
}

fn anew(annotation: &Annotation, shown: &Shown<'_>, spacing: &Spacing) -> Arc<Annotation> {
    let points = annotation.shape.points();
    let of = |spacing: &Spacing| Scale::of(spacing, &shown.instance.regions, &points);
    let (from, to) = (of(&shown.spacing), of(spacing));
    let measurements = rescaled(&annotation.measurements, &from, &to);
    Arc::new(Annotation { measurements, calibration: to.kind(), ..annotation.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_read_as_readers_type_it() {
        assert_eq!(
            ["25", " 25.4 mm", "25,4", "0.5mm"].map(read_length),
            [Some(25.0), Some(25.4), Some(25.4), Some(0.5)]
        );
        assert_eq!(["", "0", "-3", "abc", "inf", "NaN", "1e9"].map(read_length), [None; 7]);
    }
}
