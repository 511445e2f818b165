//! Whether an input is what a model was made for: run, run with a warning, or refuse with the reason.

use crate::domain::instance::Instance;
use crate::domain::intake::Notice;
use crate::domain::patient;
use crate::domain::presentation::Photometric;
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::inference::input_gate::{self, OutOfScope};
use crate::inference::model_card::ModelCard;

/// What the card says of an input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    /// The model is not to be run, unless a reader insists.
    pub refusal: Option<OutOfScope>,
    /// To be said on every finding.
    pub warnings: Vec<Notice>,
}

/// An input and what is known around it.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    pub study: &'a Study,
    pub series: &'a Series,
    pub instance: &'a Instance,
}

/// Of a single picture.
pub fn of_picture(card: &ModelCard, setting: &Setting<'_>) -> Scope {
    let mut scope = of_whom(card, setting);
    if let Err(refusal) = input_gate::admits(card, setting.series, setting.instance) {
        scope.refusal = Some(refusal);
    }
    scope
}

/// Of a stack that is run as a volume; `setting` has the image in its middle.
pub fn of_volume(card: &ModelCard, setting: &Setting<'_>) -> Scope {
    let mut scope = of_whom(card, setting);
    let refusal = input_gate::admits_kind(card, setting.series, setting.instance).err();
    scope.refusal = refusal.or(scope.refusal);
    let n_slices = setting.series.stack.len();
    let min_slices = card.scope.min_slices.unwrap_or(2).max(2) as usize;
    if n_slices < min_slices && scope.refusal.is_none() {
        let reason = format!("the series has {n_slices} slices, the model needs {min_slices}");
        scope.refusal = Some(refused(card, "slices", reason));
    }
    let limits = (card.scope.min_slice_mm, card.scope.max_slice_mm);
    match setting.series.geometry.slice_spacing_mm {
        Some(mm) if scope.refusal.is_none() && !is_within(mm, limits) => {
            let reason = format!("the slices are {mm:.1} mm apart, the model reads {} mm", range_words(limits));
            scope.refusal = Some(refused(card, "slice_mm", reason));
        }
        None if limits != (None, None) => scope.warnings.push(warning("The distance of its slices is not known")),
        _ => {}
    }
    scope
}

/// Everything that pictures and volumes share.
fn of_whom(card: &ModelCard, setting: &Setting<'_>) -> Scope {
    let Setting { study, series, instance } = setting;
    let mut scope = Scope::default();
    let limits = (card.scope.min_age_years, card.scope.max_age_years);
    if limits != (None, None) {
        match age_years(study, instance) {
            Some(years) if !is_within(years, limits) => {
                let reason =
                    format!("the patient is {years:.0} years old, the model is for {} years", range_words(limits));
                scope.refusal = Some(refused(card, "age", reason));
            }
            Some(_) => {}
            None => {
                let text = format!("The patient's age is not known; the model is for {} years", range_words(limits));
                scope.warnings.push(warning(text));
            }
        }
    }
    let found = photometric_word(instance);
    if !card.scope.photometric.is_empty() && !card.scope.photometric.iter().any(|word| word == found) {
        let reason = format!("the picture is {found}, the model reads {}", card.scope.photometric.join(", "));
        scope.refusal.get_or_insert_with(|| refused(card, "photometric", reason));
    }
    if let Some(least) = card.scope.min_bits_stored.filter(|least| instance.pixels.bits_stored < *least) {
        let n_bits = instance.pixels.bits_stored;
        scope
            .warnings
            .push(warning(format!("The picture has {n_bits} bits, the model was trained on {least} or more")));
    }
    scope.warnings.extend(spacing_warning(card, instance));
    if !card.input.body_parts.is_empty() && series.body_part.trim().is_empty() {
        let text = format!(
            "The file does not say what body part it shows; the model reads {}",
            card.input.body_parts.join(", ")
        );
        scope.warnings.push(warning(text));
    }
    let has_view = !instance.acquisition.view_position.trim().is_empty() || instance.patient_orientation.is_some();
    if !card.input.views.is_empty() && !has_view {
        let text =
            format!("The file does not say from where it was taken; the model reads {}", card.input.views.join(", "));
        scope.warnings.push(warning(text));
    }
    scope
}

fn spacing_warning(card: &ModelCard, instance: &Instance) -> Option<Notice> {
    let limits = (card.scope.min_pixel_mm, card.scope.max_pixel_mm);
    if limits == (None, None) {
        return None;
    }
    if !instance.spacing.is_measurable() {
        return Some(warning("The size of its pixels is not known; the model was trained on known ones"));
    }
    let mm = instance.spacing.row_mm.max(instance.spacing.col_mm);
    (!is_within(mm, limits)).then(|| {
        warning(format!("Its pixels are {mm:.2} mm wide, the model was trained on {} mm", range_words(limits)))
    })
}

/// By the file's own words, else by the dates.
fn age_years(study: &Study, instance: &Instance) -> Option<f64> {
    let written = patient::years_of_age(&instance.acquisition.patient_age);
    written.or_else(|| patient::years_between(study.patient.birth_date.trim(), study.date.trim()))
}

fn photometric_word(instance: &Instance) -> &'static str {
    match instance.pixels.photometric {
        Photometric::Monochrome1 => "MONOCHROME1",
        Photometric::Monochrome2 => "MONOCHROME2",
        Photometric::PaletteColor => "PALETTE COLOR",
        Photometric::Rgb => "RGB",
    }
}

fn is_within(value: f64, (low, high): (Option<f64>, Option<f64>)) -> bool {
    low.is_none_or(|low| value >= low) && high.is_none_or(|high| value <= high)
}

/// `18 and more`, `up to 3`, `1 to 3`.
fn range_words(limits: (Option<f64>, Option<f64>)) -> String {
    match limits {
        (Some(low), Some(high)) => format!("{low} to {high}"),
        (Some(low), None) => format!("{low} and more"),
        (None, Some(high)) => format!("up to {high}"),
        (None, None) => "any".to_owned(),
    }
}

fn refused(card: &ModelCard, code: &'static str, reason: String) -> OutOfScope {
    OutOfScope { model: card.name.clone(), code, reason }
}

fn warning(text: impl Into<String>) -> Notice {
    Notice::new("scope_warning", text)
}
