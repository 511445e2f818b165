//! A model's card in the words of the screen.

use std::sync::Arc;

use crate::domain::score::OperatingPoint;
use crate::inference::model_card::doubt::{CalibrationMethod, CalibrationSpec, SanityReport, ScopeSpec};
use crate::inference::model_card::{DerivedSpec, LabelSpec, ModelCard, SegmentSpec};
use crate::inference::registry::ModelEntry;
use crate::ui::context::{AboutSection, AnalysisState, ModelAbout, ModelStatus};

/// A model as the shelf has it, before any study.
pub fn status(entry: &ModelEntry) -> ModelStatus {
    let (name, version, state) = match &entry.card {
        Ok(card) if entry.hash_ok => (card.name.clone(), card.version.clone(), AnalysisState::NotRun),
        Ok(card) => {
            let text = "The weights are not the ones the card describes".to_owned();
            (card.name.clone(), card.version.clone(), AnalysisState::Unavailable(text))
        }
        Err(error) => (entry.id.to_string(), String::new(), AnalysisState::Unavailable(error.to_string())),
    };
    let about = entry.card.as_ref().ok().map(|card| Arc::new(about(card, entry)));
    ModelStatus { id: entry.id.clone(), name, version, state, about }
}

fn about(card: &ModelCard, entry: &ModelEntry) -> ModelAbout {
    let mut sections = vec![
        text("Intended use", &card.intended_use),
        AboutSection { is_warning: true, ..text("Not for", &card.not_for) },
        AboutSection { title: "Scope", rows: scope_rows(card), ..AboutSection::default() },
        AboutSection {
            title: "Figures, with 95 % intervals",
            text: evaluation(card),
            rows: figures(card),
            is_warning: false,
        },
        confidence(card),
        distance(card),
    ];
    if card.saliency.is_some() {
        sections.push(sanity(entry.sanity.as_ref()));
    }
    sections.push(sources(card));
    sections.push(AboutSection { title: "Package", rows: package_rows(card, entry), ..AboutSection::default() });
    ModelAbout { summary: card.summary.clone(), sections }
}

fn text(title: &'static str, text: &str) -> AboutSection {
    AboutSection { title, text: text.to_owned(), ..AboutSection::default() }
}

fn row(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn scope_rows(card: &ModelCard) -> Vec<(String, String)> {
    let any = |words: &[String]| if words.is_empty() { "any".to_owned() } else { words.join(", ") };
    let mut rows = vec![row("Modality", any(&card.input.modalities)), row("Body part", any(&card.input.body_parts))];
    if !card.input.views.is_empty() {
        rows.push(row("View", any(&card.input.views)));
    }
    let ScopeSpec {
        min_age_years,
        max_age_years,
        photometric,
        min_bits_stored,
        min_pixel_mm,
        max_pixel_mm,
        min_slice_mm,
        max_slice_mm,
        min_slices,
    } = &card.scope;
    rows.push(row("Age", range(*min_age_years, *max_age_years, "years")));
    if !photometric.is_empty() {
        rows.push(row("Photometric", any(photometric)));
    }
    rows.extend(min_bits_stored.map(|n| row("Bits", format!("{n} or more"))));
    if (min_pixel_mm, max_pixel_mm) != (&None, &None) {
        rows.push(row("Pixels", range(*min_pixel_mm, *max_pixel_mm, "mm")));
    }
    if (min_slice_mm, max_slice_mm) != (&None, &None) {
        rows.push(row("Slices", range(*min_slice_mm, *max_slice_mm, "mm apart")));
    }
    rows.extend(min_slices.map(|n| row("At least", format!("{n} slices"))));
    let input = &card.input;
    let words = format!("{} × {} pixels, {}, {}", input.rows, input.cols, input.intensity.words(), input.fit.words());
    rows.push(row("Input", words));
    rows
}

fn range(low: Option<f64>, high: Option<f64>, unit: &str) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{low} to {high} {unit}"),
        (Some(low), None) => format!("{low} {unit} and more"),
        (None, Some(high)) => format!("up to {high} {unit}"),
        (None, None) => "not stated".to_owned(),
    }
}

fn figures(card: &ModelCard) -> Vec<(String, String)> {
    let with_interval = |value: f64, interval: Option<[f64; 2]>| match interval {
        Some([low, high]) => format!("{value:.3} ({low:.3} to {high:.3})"),
        None => format!("{value:.3} (no interval)"),
    };
    let of_label = |LabelSpec { name, auroc, auroc_ci, operating_point, .. }: &LabelSpec| {
        let auroc =
            auroc.map_or("AUROC not measured".to_owned(), |auroc| format!("AUROC {}", with_interval(auroc, *auroc_ci)));
        (name.clone(), format!("{auroc}; {}", operating_words(operating_point)))
    };
    let of_segment = |SegmentSpec { name, dice, dice_ci, .. }: &SegmentSpec| {
        let words =
            dice.map_or("Dice not measured".to_owned(), |dice| format!("Dice {}", with_interval(dice, *dice_ci)));
        (name.clone(), words)
    };
    let of_derived = |DerivedSpec { name, mean_absolute_error, operating_point, .. }: &DerivedSpec| {
        let error = mean_absolute_error.map(|error| format!("off by {error:.3} on average; ")).unwrap_or_default();
        (name.clone(), format!("{error}{}", operating_words(operating_point)))
    };
    let component = card
        .component
        .iter()
        .map(|component| (format!("Each {}", component.segment), operating_words(&component.operating_point)));
    let labels = card.labels.iter().map(of_label).chain(card.segments.iter().map(of_segment));
    labels.chain(card.derived.iter().map(of_derived)).chain(component).collect()
}

fn operating_words(point: &OperatingPoint) -> String {
    let OperatingPoint { threshold, sensitivity, specificity, set, n } = point;
    let share = |name: &str, value: &Option<f64>| value.map(|value| format!("{name} {value:.2}"));
    let measured: Vec<String> =
        [share("sensitivity", sensitivity), share("specificity", specificity)].into_iter().flatten().collect();
    let measured = if measured.is_empty() { String::new() } else { format!(", {}", measured.join(", ")) };
    let set = if set.is_empty() { String::new() } else { format!(" on {set}") };
    let n = n.map(|n| format!(", n = {n}")).unwrap_or_default();
    format!("operating point {threshold:.3}{measured}{set}{n}")
}

fn evaluation(card: &ModelCard) -> String {
    card.evaluation.as_ref().map_or_else(|| "Not evaluated".to_owned(), |evaluation| evaluation.text.clone())
}

fn confidence(card: &ModelCard) -> AboutSection {
    let mut rows = Vec::new();
    match &card.calibration {
        None => rows.push(row("Calibration", "none: a score is an order, not a probability")),
        Some(CalibrationSpec { method, set, n, ece, conformal_half_width, .. }) => {
            let method = match method {
                CalibrationMethod::Temperature => "temperature",
                CalibrationMethod::Isotonic => "isotonic",
            };
            let ece = ece.map(|ece| format!(", ECE {ece:.3}")).unwrap_or_default();
            rows.push(row("Calibration", format!("{method}, on {set}, n = {n}{ece}")));
            rows.extend(
                conformal_half_width.map(|half| row("Interval", format!("± {half:.2} (95 %, split conformal)"))),
            );
        }
    }
    match &card.stability {
        None => rows.push(row("Stability", "no interval available")),
        Some(stability) => rows.push(row("Stability", format!("interval over {} altered views", stability.n_views()))),
    }
    AboutSection { title: "Confidence", rows, ..AboutSection::default() }
}

fn distance(card: &ModelCard) -> AboutSection {
    let rows = match &card.distance {
        None => vec![row("Unusual inputs", "not recognized: the model has no statistics of its training images")],
        Some(spec) => vec![
            row("Unusual inputs", format!("told from percentile {} of training distance on", spec.warn_percentile)),
            row("Held back", format!("findings, from percentile {} on, until a reader insists", spec.hold_percentile)),
            row("Behind it", format!("{} images {}", spec.n, spec.set).trim_end().to_owned()),
        ],
    };
    AboutSection { title: "Distance from the training images", rows, ..AboutSection::default() }
}

fn sanity(report: Option<&SanityReport>) -> AboutSection {
    const TITLE: &str = "Sanity of its heat maps";
    let Some(report) = report else {
        let text = "Not measured. 'overread models sanity' does; until then the maps prove nothing.".to_owned();
        return AboutSection { title: TITLE, text, is_warning: true, rows: Vec::new() };
    };
    let verdict = if report.passed {
        "Passed: the maps change with the weights, and the score falls faster where they point."
    } else {
        "Not passed: the maps say little about what the network learned."
    };
    let set = if report.set.is_empty() { String::new() } else { format!(", {}", report.set) };
    let rows = vec![
        row(
            "Weights randomized",
            format!("rank correlation of the maps {:.2} (0 is best)", report.randomized_correlation),
        ),
        row(
            "Deletion",
            format!(
                "score left {:.2} on average where the map points first, {:.2} in random order",
                report.deletion_area, report.random_deletion_area
            ),
        ),
        row("Measured on", format!("{} pictures{set}, {}", report.n_images, report.method)),
    ];
    AboutSection { title: TITLE, text: verdict.to_owned(), rows, is_warning: !report.passed }
}

fn sources(card: &ModelCard) -> AboutSection {
    let of_source = |source: &crate::inference::model_card::DataSource| {
        let n = source.n_images.map(|n| format!("{n} images; ")).unwrap_or_default();
        (source.name.clone(), format!("{n}{}; {}", source.license, source.citation))
    };
    AboutSection {
        title: "Training images",
        rows: card.sources.iter().map(of_source).collect(),
        ..AboutSection::default()
    }
}

fn package_rows(card: &ModelCard, entry: &ModelEntry) -> Vec<(String, String)> {
    let made_by = card.golden.made_by.clone();
    vec![
        row("License", card.license.clone()),
        row("From", entry.source.describe()),
        row("Weights, SHA-256", card.weights.sha256.clone()),
        row("Golden output by", made_by.unwrap_or_else(|| "the framework it was trained in".to_owned())),
    ]
}
