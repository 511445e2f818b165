//! The checks of a card's later tables: sliding window, components, scope, distance, calibration, stability.

use crate::inference::card_check::{
    Checked, check_count, check_file, check_interval, check_operating_point, check_range, check_sha256, check_share,
    refuse,
};
use crate::inference::model_card::doubt::{CalibrationMethod, CalibrationSpec, DistanceSpec, ScopeSpec, StabilitySpec};
use crate::inference::model_card::sliding::{ComponentSpec, SlidingSpec};
use crate::inference::model_card::{Fit, ModelCard, Task};

/// More channels than this are no context a network of this program has.
const MAX_CHANNELS: usize = 15;

pub fn check(card: &ModelCard) -> Checked {
    check_channels(card)?;
    check_fit(card)?;
    if let Some(sliding) = &card.sliding {
        check_sliding(card, sliding)?;
    }
    if let Some(component) = &card.component {
        check_component(card, component)?;
    }
    check_scope(&card.scope)?;
    if let Some(distance) = &card.distance {
        check_distance(card, distance)?;
    }
    check_calibration(card)?;
    match &card.stability {
        Some(stability) => check_stability(card, stability),
        None => Ok(()),
    }
}

/// A picture has one luminance, which 3 channels repeat; tiles have context slices as channels.
fn check_channels(card: &ModelCard) -> Checked {
    let n_channels = card.input.channels;
    let is_allowed = match card.input.fit {
        Fit::Tiles => n_channels % 2 == 1 && n_channels <= MAX_CHANNELS,
        Fit::Letterbox | Fit::CenterCrop | Fit::Stretch => n_channels == 1 || n_channels == 3,
    };
    if is_allowed {
        return Ok(());
    }
    refuse("input.channels", &format!("{n_channels}; pictures have 1 or 3, tiles an odd number of context slices"))
}

fn check_fit(card: &ModelCard) -> Checked {
    match (card.input.fit, card.task, &card.sliding) {
        (Fit::Tiles, Task::Classification, _) => refuse("input.fit", "tiles, which only segmentation has"),
        (Fit::Tiles, Task::Segmentation, None) => refuse("sliding", "nothing, which tiles need"),
        (Fit::CenterCrop | Fit::Stretch, Task::Segmentation, _) => {
            refuse("input.fit", "a cut or stretched picture, which only classification has")
        }
        (Fit::Tiles, Task::Segmentation, Some(_)) => Ok(()),
        (_, _, Some(_)) => refuse("sliding", "a table, which only input.fit = \"tiles\" has"),
        _ if card.component.is_some() => refuse("component", "a table, which only input.fit = \"tiles\" has"),
        _ => Ok(()),
    }
}

fn check_sliding(card: &ModelCard, sliding: &SlidingSpec) -> Checked {
    let SlidingSpec { overlap, sigma, batch, pixel_mm, context_mm, min_step_mm, region_margin_mm, .. } = sliding;
    check_range("sliding.overlap", *overlap, 0.0, 0.9)?;
    check_range("sliding.sigma", *sigma, 0.01, 10.0)?;
    check_count("sliding.batch", *batch, 1, 64)?;
    for (key, value) in [("pixel_mm", pixel_mm), ("context_mm", context_mm), ("min_step_mm", min_step_mm)] {
        check_some(&format!("sliding.{key}"), *value, 0.01, 100.0)?;
    }
    check_range("sliding.region_margin_mm", *region_margin_mm, 0.0, 100.0)?;
    if !card.derived.is_empty() {
        return refuse("derived", "a measure, which needs the whole picture at once");
    }
    if card.component.is_none() { refuse("component", "nothing, which tiles need") } else { Ok(()) }
}

fn check_component(card: &ModelCard, component: &ComponentSpec) -> Checked {
    if !card.segments.iter().any(|segment| segment.id == component.segment) {
        return refuse("component.segment", &format!("'{}', which is no segment", component.segment));
    }
    check_range("component.threshold", component.threshold, 0.01, 1.0)?;
    check_range("component.min_size", component.min_size, 0.0, 1e9)?;
    check_count("component.max_findings", component.max_findings, 1, 1000)?;
    check_operating_point("component.operating_point", &component.operating_point, 1.0)
}

fn check_scope(scope: &ScopeSpec) -> Checked {
    let pairs = [
        ("age_years", scope.min_age_years, scope.max_age_years, 150.0),
        ("pixel_mm", scope.min_pixel_mm, scope.max_pixel_mm, 1e3),
        ("slice_mm", scope.min_slice_mm, scope.max_slice_mm, 1e3),
    ];
    for (key, low, high, most) in pairs {
        check_some(&format!("scope.min_{key}"), low, 0.0, most)?;
        check_some(&format!("scope.max_{key}"), high, low.unwrap_or(0.0), most)?;
    }
    if let Some(n_bits) = scope.min_bits_stored {
        check_count("scope.min_bits_stored", usize::from(n_bits), 1, 64)?;
    }
    const KNOWN: [&str; 4] = ["MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB"];
    match scope.photometric.iter().find(|word| !KNOWN.contains(&word.as_str())) {
        Some(word) => refuse("scope.photometric", &format!("'{word}', none of {}", KNOWN.join(", "))),
        None => Ok(()),
    }
}

fn check_distance(card: &ModelCard, distance: &DistanceSpec) -> Checked {
    check_file("distance.file", &distance.file)?;
    check_sha256("distance.sha256", &distance.sha256)?;
    check_range("distance.warn_percentile", distance.warn_percentile, 0.0, 100.0)?;
    check_range("distance.hold_percentile", distance.hold_percentile, distance.warn_percentile, 100.0)?;
    match card.architecture.pooled_layer() {
        layer if layer == distance.layer => Ok(()),
        layer => refuse("distance.layer", &format!("a layer other than {layer}, the only one this network offers")),
    }
}

fn check_calibration(card: &ModelCard) -> Checked {
    match (&card.calibration, card.output.calibrated) {
        (None, false) => Ok(()),
        (None, true) => refuse("output.calibrated", "true without a [calibration] table"),
        (Some(_), false) => refuse("calibration", "a table, though output.calibrated is false"),
        (Some(calibration), true) => check_curves(card, calibration),
    }
}

fn check_curves(card: &ModelCard, calibration: &CalibrationSpec) -> Checked {
    if calibration.set.trim().is_empty() || calibration.n == 0 {
        return refuse("calibration.set", "nothing: a calibration without its cases is none");
    }
    check_share("calibration.ece", calibration.ece)?;
    check_interval("calibration.ece_ci", calibration.ece_ci)?;
    check_share("calibration.conformal_half_width", calibration.conformal_half_width)?;
    let needs_curves = calibration.method == CalibrationMethod::Isotonic;
    if needs_curves == calibration.curves.is_empty() {
        return refuse("calibration.curve", "curves where the method has none, or none where it needs them");
    }
    for label in card.labels.iter().filter(|_| needs_curves) {
        let Some(curve) = calibration.curves.iter().find(|curve| curve.label == label.id) else {
            return refuse("calibration.curve", &format!("nothing for the label '{}'", label.id));
        };
        let is_rising = |values: &[f64]| values.windows(2).all(|pair| pair.first() <= pair.last());
        let is_share = |values: &[f64]| values.iter().all(|value| (0.0..=1.0).contains(value));
        let (score, probability) = (&curve.score, &curve.probability);
        let is_curve = score.len() == probability.len() && score.len() >= 2;
        if !is_curve || ![score, probability].iter().all(|values| is_rising(values) && is_share(values)) {
            return refuse("calibration.curve", "points that do not rise within 0 to 1");
        }
    }
    Ok(())
}

fn check_stability(card: &ModelCard, stability: &StabilitySpec) -> Checked {
    for degrees in &stability.rotate_degrees {
        check_range("stability.rotate_degrees", *degrees, -45.0, 45.0)?;
    }
    for factor in &stability.scale {
        check_range("stability.scale", *factor, 0.5, 2.0)?;
    }
    check_range("stability.shift", stability.shift, 0.0, 0.25)?;
    check_count("stability", stability.n_views(), 1, 32)?;
    let has_sides =
        card.segments.iter().any(|segment| segment.id.starts_with("left_") || segment.id.starts_with("right_"));
    if stability.mirror && has_sides {
        return refuse("stability.mirror", "true, though a segment is of one side");
    }
    Ok(())
}

fn check_some(key: &str, value: Option<f64>, low: f64, high: f64) -> Checked {
    value.map_or(Ok(()), |value| check_range(key, value, low, high))
}
