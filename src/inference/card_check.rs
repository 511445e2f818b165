//! The checks a model card passes before anything trusts it: indices, ranges, names, and what fits together.

pub mod parts;

use std::collections::BTreeSet;

use crate::domain::score::OperatingPoint;
use crate::inference::error::ModelError;
use crate::inference::model_card::{
    Activation, Architecture, ClassifierFacts, DensenetSpec, InputSpec, Intensity, Measure, ModelCard, Norm, OneOrEach,
    Task, UnetSpec,
};

/// Largest side of a network's input; memory grows with its square.
const MAX_SIDE: usize = 2048;
/// No network this program knows is wider or deeper.
const MAX_WIDTH: usize = 4096;
const MAX_LABELS: usize = 256;

pub(crate) type Checked = Result<(), ModelError>;

pub fn check(card: &ModelCard) -> Checked {
    check_texts(card)?;
    check_file("weights.file", &card.weights.file)?;
    check_file("golden.file", &card.golden.file)?;
    check_sha256("weights.sha256", &card.weights.sha256)?;
    check_sha256("golden.sha256", &card.golden.sha256)?;
    check_range("golden.tolerance", card.golden.tolerance, 1e-9, 1e-2)?;
    check_input(&card.input)?;
    check_range("output.temperature", card.output.temperature, 1e-3, 1e3)?;
    match (&card.architecture, card.architecture.classifier()) {
        (Architecture::Unet(spec), _) => check_unet(card, spec)?,
        (_, Some(facts)) => check_classifier(card, facts)?,
        (_, None) => {}
    }
    check_labels(card)?;
    check_segments(card)?;
    check_derived(card)?;
    parts::check(card)?;
    match &card.saliency {
        Some(saliency) => check_range("saliency.contour_fraction", saliency.contour_fraction, 0.01, 0.99),
        None => Ok(()),
    }
}

/// The keys of the file that the card does not hold, in the file's dotted notation, sorted.
pub fn unknown_keys(table: &toml::Table, card: &ModelCard) -> BTreeSet<String> {
    let mut unknown = BTreeSet::new();
    if let Ok(known) = toml::Value::try_from(card) {
        collect_unknown(&toml::Value::Table(table.clone()), &known, "", &mut unknown);
    }
    unknown
}

fn collect_unknown(found: &toml::Value, known: &toml::Value, path: &str, unknown: &mut BTreeSet<String>) {
    match (found, known) {
        (toml::Value::Table(found), toml::Value::Table(known)) => {
            for (key, value) in found {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                match known.get(key) {
                    Some(known) => collect_unknown(value, known, &path, unknown),
                    None => {
                        unknown.insert(path);
                    }
                }
            }
        }
        (toml::Value::Array(found), toml::Value::Array(known)) => {
            for (found, known) in found.iter().zip(known) {
                collect_unknown(found, known, path, unknown);
            }
        }
        _ => {}
    }
}

fn check_texts(card: &ModelCard) -> Checked {
    let id = card.id.as_str();
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if id.is_empty() || id.len() > 64 || !id.chars().all(is_plain) {
        return refuse("id", "something else than lower-case letters, digits and hyphens");
    }
    for (key, text) in [("name", &card.name), ("version", &card.version), ("intended_use", &card.intended_use)] {
        if text.trim().is_empty() {
            return refuse(key, "nothing");
        }
    }
    Ok(())
}

/// A name that cannot lead out of the folder.
pub(crate) fn check_file(key: &str, name: &str) -> Checked {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(is_plain) {
        return refuse(key, "something else than a plain file name");
    }
    if !name.ends_with(".safetensors") {
        // Pickled checkpoints can run code when loaded.
        return refuse(key, "a file that is not safetensors; convert it first");
    }
    Ok(())
}

pub(crate) fn check_sha256(key: &str, text: &str) -> Checked {
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    if text.len() == 64 && text.chars().all(is_hex) { Ok(()) } else { refuse(key, "no lower-case sha256") }
}

fn check_input(input: &InputSpec) -> Checked {
    if input.modalities.is_empty() || input.modalities.iter().any(|modality| modality.trim().is_empty()) {
        return refuse("input.modalities", "no modality");
    }
    let is_direction = |word: &String| matches!(word.as_str(), "L" | "R" | "A" | "P" | "H" | "F");
    if input.orientation.as_ref().is_some_and(|words| !words.iter().all(is_direction)) {
        return refuse("input.orientation", "something else than two of L, R, A, P, H and F");
    }
    check_count("input.rows", input.rows, 8, MAX_SIDE)?;
    check_count("input.cols", input.cols, 8, MAX_SIDE)?;
    check_intensity(input.intensity)?;
    for (key, values, low) in [("input.mean", &input.mean, -1e6), ("input.std", &input.std, 1e-6)] {
        if let OneOrEach::Each(values) = values {
            check_count(key, values.len(), input.channels, input.channels)?;
        }
        (0..input.channels).try_for_each(|channel| check_range(key, values.of(channel), low, 1e6))?;
    }
    Ok(())
}

fn check_intensity(intensity: Intensity) -> Checked {
    let (low, high, limit_low, limit_high) = match intensity {
        Intensity::Percentile { low, high } => (low, high, 0.0, 100.0),
        Intensity::Window { low, high } => (low, high, -1e6, 1e6),
        Intensity::BitRange => return Ok(()),
        Intensity::ZScore { clip } => return check_range("input.intensity.clip", clip, 0.1, 1e3),
    };
    check_range("input.intensity.low", low, limit_low, limit_high)?;
    check_range("input.intensity.high", high, limit_low, limit_high)?;
    if low >= high {
        return refuse("input.intensity", "a low value that is not below the high one");
    }
    Ok(())
}

fn check_classifier(card: &ModelCard, facts: ClassifierFacts) -> Checked {
    if card.task != Task::Classification || card.output.activation != Activation::Sigmoid {
        return refuse("architecture.network", "a classifier, which needs task classification and activation sigmoid");
    }
    check_count("architecture.in_channels", facts.in_channels, card.input.channels, card.input.channels)?;
    check_count("architecture.n_classes", facts.n_classes, 1, MAX_LABELS)?;
    match &card.architecture {
        Architecture::Densenet(spec) => check_densenet(spec)?,
        Architecture::Resnet(spec) => {
            check_count("architecture.base_width", spec.base_width, 1, MAX_WIDTH >> 6)?;
            check_counts("architecture.block_config", &spec.block_config, 128, 6)?;
        }
        Architecture::Efficientnet(spec) => {
            check_count("architecture.stem_width", spec.stem_width, 1, MAX_WIDTH)?;
            check_count("architecture.head_width", spec.head_width, 1, MAX_WIDTH)?;
            check_count("architecture.stages", spec.stages.len(), 1, 16)?;
            for stage in &spec.stages {
                check_count("architecture.stages.expansion", stage.expansion, 1, 16)?;
                check_count("architecture.stages.stride", stage.stride, 1, 2)?;
                check_count("architecture.stages.width", stage.width, 1, MAX_WIDTH)?;
                check_count("architecture.stages.n_blocks", stage.n_blocks, 1, 64)?;
                if !matches!(stage.kernel, 3 | 5 | 7) {
                    return refuse("architecture.stages.kernel", "a size other than 3, 5 and 7");
                }
            }
        }
        Architecture::PlainCnn(spec) => {
            check_count("architecture.convs_per_stage", spec.convs_per_stage, 1, 16)?;
            check_counts("architecture.widths", &spec.widths, MAX_WIDTH, 8)?;
        }
        Architecture::Unet(_) => {}
    }
    if card.input.rows.min(card.input.cols) >> facts.n_halvings == 0 {
        return refuse("input.rows", "a picture too small to be halved by every block");
    }
    match &card.saliency {
        Some(saliency) if saliency.layer != facts.feature_layer => refuse(
            "saliency.layer",
            &format!("a layer other than {}, the only one this network offers", facts.feature_layer),
        ),
        _ => Ok(()),
    }
}

fn check_densenet(spec: &DensenetSpec) -> Checked {
    check_count("architecture.growth_rate", spec.growth_rate, 1, MAX_WIDTH)?;
    check_count("architecture.init_features", spec.init_features, 1, MAX_WIDTH)?;
    check_count("architecture.bn_size", spec.bn_size, 1, 64)?;
    check_counts("architecture.block_config", &spec.block_config, 128, 8)
}

fn check_counts(key: &str, counts: &[usize], most: usize, n_most: usize) -> Checked {
    check_count(key, counts.len(), 1, n_most)?;
    counts.iter().try_for_each(|count| check_count(key, *count, 1, most))
}

fn check_unet(card: &ModelCard, spec: &UnetSpec) -> Checked {
    if card.task != Task::Segmentation || card.output.activation != Activation::Softmax {
        return refuse("architecture.network", "unet, which needs task segmentation and activation softmax");
    }
    check_count("architecture.in_channels", spec.in_channels, card.input.channels, card.input.channels)?;
    check_count("architecture.out_channels", spec.out_channels, 2, MAX_LABELS)?;
    check_count("architecture.depth", spec.depth, 1, 8)?;
    check_count("architecture.base_width", spec.base_width, 1, MAX_WIDTH >> spec.depth)?;
    if spec.residual && spec.norm == Norm::Instance {
        return refuse("architecture.norm", "instance, which a residual U-Net does not have");
    }
    let stride = 1 << (spec.depth - 1);
    if !card.input.rows.is_multiple_of(stride) || !card.input.cols.is_multiple_of(stride) {
        return refuse("input.rows", &format!("a picture whose sides cannot be halved {} times", spec.depth - 1));
    }
    if card.saliency.is_some() { refuse("saliency", "a method, which only classifiers have") } else { Ok(()) }
}

fn check_labels(card: &ModelCard) -> Checked {
    let n_expected = card.architecture.classifier().map_or(0, |facts| facts.n_classes);
    check_indices("label", card.labels.iter().map(|label| label.index), 0, n_expected)?;
    check_ids("label.id", card.labels.iter().map(|label| label.id.as_str()))?;
    for label in &card.labels {
        check_operating_point("label.operating_point", &label.operating_point, 1.0)?;
        check_share("label.auroc", label.auroc)?;
        check_interval("label.auroc_ci", label.auroc_ci)?;
        if label.name.trim().is_empty() {
            return refuse("label.name", "nothing");
        }
    }
    Ok(())
}

fn check_segments(card: &ModelCard) -> Checked {
    let n_expected = match &card.architecture {
        Architecture::Densenet(_)
        | Architecture::Resnet(_)
        | Architecture::Efficientnet(_)
        | Architecture::PlainCnn(_) => 0,
        // Channel 0 is the background.
        Architecture::Unet(spec) => spec.out_channels - 1,
    };
    check_indices("segment", card.segments.iter().map(|segment| segment.index), 1, n_expected)?;
    check_ids("segment.id", card.segments.iter().map(|segment| segment.id.as_str()))?;
    for segment in &card.segments {
        check_share("segment.dice", segment.dice)?;
        check_interval("segment.dice_ci", segment.dice_ci)?;
        if segment.name.trim().is_empty() {
            return refuse("segment.name", "nothing");
        }
    }
    Ok(())
}

fn check_derived(card: &ModelCard) -> Checked {
    check_ids("derived.id", card.derived.iter().map(|derived| derived.id.as_str()))?;
    for derived in &card.derived {
        check_operating_point("derived.operating_point", &derived.operating_point, 1e9)?;
        check_share("derived.mean_absolute_error", derived.mean_absolute_error)?;
        check_range("derived.min_area_fraction", derived.min_area_fraction, 0.0, 0.5)?;
        let needed: &[&str] = match derived.measure {
            Measure::CardiothoracicRatio => &["right_lung", "left_lung", "heart"],
        };
        for id in needed {
            if !card.segments.iter().any(|segment| segment.id == *id) {
                return refuse("derived.measure", &format!("a measure of the segment '{id}', which the model lacks"));
            }
        }
    }
    Ok(())
}

/// Every index from `first` on exactly once.
fn check_indices(key: &str, indices: impl Iterator<Item = usize>, first: usize, n_expected: usize) -> Checked {
    let mut found: Vec<usize> = indices.collect();
    found.sort_unstable();
    if found.iter().copied().eq(first..first + n_expected) {
        return Ok(());
    }
    refuse(key, &format!("the indices {found:?}, but the network's output needs {n_expected} of them from {first} on"))
}

fn check_ids<'a>(key: &str, ids: impl Iterator<Item = &'a str>) -> Checked {
    let mut seen = BTreeSet::new();
    for id in ids {
        if id.trim().is_empty() || !seen.insert(id) {
            return refuse(key, "an id that is empty or used twice");
        }
    }
    Ok(())
}

pub(crate) fn check_operating_point(key: &str, point: &OperatingPoint, largest: f64) -> Checked {
    check_range(&format!("{key}.threshold"), point.threshold, 0.0, largest)?;
    check_share(&format!("{key}.sensitivity"), point.sensitivity)?;
    check_share(&format!("{key}.specificity"), point.specificity)
}

pub(crate) fn check_share(key: &str, value: Option<f64>) -> Checked {
    value.map_or(Ok(()), |value| check_range(key, value, 0.0, 1.0))
}

pub(crate) fn check_interval(key: &str, interval: Option<[f64; 2]>) -> Checked {
    let Some([low, high]) = interval else { return Ok(()) };
    check_range(key, low, 0.0, 1.0)?;
    check_range(key, high, low, 1.0)
}

pub(crate) fn check_range(key: &str, value: f64, low: f64, high: f64) -> Checked {
    // A NaN is in no range.
    if (low..=high).contains(&value) { Ok(()) } else { refuse(key, &format!("{value}, not within {low} to {high}")) }
}

pub(crate) fn check_count(key: &str, count: usize, low: usize, high: usize) -> Checked {
    if (low..=high).contains(&count) { Ok(()) } else { refuse(key, &format!("{count}, not within {low} to {high}")) }
}

pub(crate) fn refuse(key: &str, reason: &str) -> Checked {
    Err(ModelError::card_value(key, reason))
}
