//! What a model may be asked about: a study outside its card's scope is not run, a faulty image never is, and the
//! reader is told why.

use thiserror::Error;

use crate::domain::finding::Finding;
use crate::domain::fitness;
use crate::domain::instance::Instance;
use crate::domain::intake::Notice;
use crate::domain::series::Series;
use crate::inference::model_card::{InputSpec, ModelCard};

/// Sides beyond these say that the object is no radiograph of a body part, whatever its modality.
const MIN_SIDE: u32 = 64;
const MAX_ASPECT: f64 = 3.0;

/// Why an image is outside a model's intended use. `Display` is the sentence for the screen.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("Outside intended use of {model}: {reason}")]
pub struct OutOfScope {
    pub model: String,
    /// Stable word for scripts.
    pub code: &'static str,
    pub reason: String,
}

/// Why no model may see an image, whatever its card says and whoever asks. `Display` is the sentence for the screen.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("Not fit for analysis: {}", .0.text)]
pub struct Unfit(pub Notice);

/// Whether the file is sound enough for any model; unlike [`admits`] there is no way around it.
pub fn is_fit(series: &Series, instance: &Instance) -> Result<(), Unfit> {
    match fitness::stopping_fault(series, instance) {
        None => Ok(()),
        Some(fault) => Err(Unfit(fault.clone())),
    }
}

/// Whether the card admits this image. Attributes that are absent from the file are given the benefit of the doubt,
/// except the modality.
pub fn admits(card: &ModelCard, series: &Series, instance: &Instance) -> Result<(), OutOfScope> {
    let checks: [Check; 6] =
        [check_modality, check_body_part, check_view, check_orientation, check_frames, check_geometry];
    first_refusal(&checks, card, series, instance)
}

/// Whether the card admits this kind of image, whatever its size and however many frames its file has: for stacks.
pub fn admits_kind(card: &ModelCard, series: &Series, instance: &Instance) -> Result<(), OutOfScope> {
    first_refusal(&[check_modality, check_body_part], card, series, instance)
}

type Check = fn(&InputSpec, &Series, &Instance) -> Refusal;

fn first_refusal(checks: &[Check], card: &ModelCard, series: &Series, instance: &Instance) -> Result<(), OutOfScope> {
    let refusal = checks.iter().find_map(|check| check(&card.input, series, instance));
    match refusal {
        None => Ok(()),
        Some((code, reason)) => Err(OutOfScope { model: card.name.clone(), code, reason }),
    }
}

/// Says on every finding of a forced run that the model was never meant for this image.
pub fn mark_forced(findings: Vec<Finding>, scope: &OutOfScope) -> Vec<Finding> {
    let mark = |mut finding: Finding| {
        finding.notices.insert(0, Notice::new("forced_out_of_scope", format!("Run by force. {scope}")));
        finding
    };
    findings.into_iter().map(mark).collect()
}

type Refusal = Option<(&'static str, String)>;

fn check_modality(input: &InputSpec, series: &Series, _: &Instance) -> Refusal {
    let found = series.modality.0.trim().to_ascii_uppercase();
    if is_among(&found, &input.modalities) {
        return None;
    }
    let found = if found.is_empty() { "no modality".to_owned() } else { format!("modality {found}") };
    Some(("modality", format!("the series has {found}, the model reads {}", input.modalities.join(", "))))
}

fn check_body_part(input: &InputSpec, series: &Series, _: &Instance) -> Refusal {
    let found = series.body_part.trim().to_ascii_uppercase();
    if found.is_empty() || input.body_parts.is_empty() || is_among(&found, &input.body_parts) {
        return None;
    }
    Some(("body_part", format!("the series shows {found}, the model reads {}", input.body_parts.join(", "))))
}

fn check_view(input: &InputSpec, _: &Series, instance: &Instance) -> Refusal {
    let found = instance.acquisition.view_position.trim().to_ascii_uppercase();
    if found.is_empty() || input.views.is_empty() || is_among(&found, &input.views) {
        return None;
    }
    Some(("view", format!("the view is {found}, the model reads {}", input.views.join(", "))))
}

/// A lateral, mirrored or upside-down picture is told by where its rows and columns run.
fn check_orientation(input: &InputSpec, _: &Series, instance: &Instance) -> Refusal {
    let (Some(accepted), Some(found)) = (&input.orientation, &instance.patient_orientation) else { return None };
    // The first letter is the main direction, the others say how the picture is tilted (PS3.3 C.7.6.1.1.1).
    let main = |direction: &String| direction.trim().chars().next().map(|letter| letter.to_ascii_uppercase());
    if found.iter().zip(accepted).all(|(found, accepted)| main(found).is_none() || main(found) == main(accepted)) {
        return None;
    }
    let reason = format!(
        "the picture runs toward {} and {}, the model reads {} and {}",
        found[0], found[1], accepted[0], accepted[1]
    );
    Some(("orientation", reason))
}

fn check_frames(_: &InputSpec, _: &Series, instance: &Instance) -> Refusal {
    let n_frames = instance.n_frames();
    (n_frames != 1).then(|| ("frames", format!("the image has {n_frames} frames, the model reads single pictures")))
}

fn check_geometry(_: &InputSpec, _: &Series, instance: &Instance) -> Refusal {
    let (rows, cols) = (instance.pixels.rows, instance.pixels.cols);
    if rows.min(cols) < MIN_SIDE {
        return Some(("size", format!("{cols} × {rows} pixels are too few")));
    }
    let aspect = f64::from(rows.max(cols)) / f64::from(rows.min(cols));
    if aspect > MAX_ASPECT {
        return Some(("shape", format!("{cols} × {rows} pixels are a strip, not a whole picture")));
    }
    if instance.spacing.aspect.is_finite() && !(0.95..=1.05).contains(&instance.spacing.aspect) {
        return Some(("pixel_aspect", "its pixels are not square".to_owned()));
    }
    None
}

fn is_among(found: &str, accepted: &[String]) -> bool {
    accepted.iter().any(|accepted| accepted.trim().eq_ignore_ascii_case(found))
}
