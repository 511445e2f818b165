//! What the cards and descriptions say is what was measured: `models/<id>/evaluation.json`, written beside the weights.

use std::fs;
use std::path::{Path, PathBuf};

use overread::inference::model_card::ModelCard;
use overread::inference::registry::list_models;
use serde_json::Value;

/// Cards and files round to four digits.
const ROUNDING: f64 = 6e-4;

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

fn card(id: &str) -> ModelCard {
    let entries = list_models(&[]);
    let entry = entries.iter().find(|entry| entry.id.as_str() == id);
    entry.and_then(|entry| entry.card.as_ref().ok()).unwrap_or_else(|| panic!("no card of '{id}'")).clone()
}

fn measured(id: &str) -> Value {
    let text = fs::read_to_string(models().join(id).join("evaluation.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[track_caller]
fn assert_same(what: &str, said: Option<f64>, measured: &Value) {
    let (said, measured) = (said.unwrap(), measured.as_f64().unwrap());
    assert!((said - measured).abs() < ROUNDING, "{what}: the card says {said}, measured were {measured}");
}

#[track_caller]
fn assert_same_interval(what: &str, said: Option<[f64; 2]>, measured: &Value) {
    for (end, said) in said.unwrap().into_iter().enumerate() {
        assert_same(what, Some(said), &measured[end]);
    }
}

#[test]
fn every_card_was_measured_on_the_weights_it_ships() {
    for id in ["chest-anatomy", "chest-findings"] {
        assert_eq!(measured(id)["weights_sha256"], card(id).weights.sha256.as_str(), "{id}");
    }
}

#[test]
fn the_anatomy_card_says_what_was_measured() {
    let (card, measured) = (card("chest-anatomy"), measured("chest-anatomy"));
    for segment in &card.segments {
        let figures = &measured["test"][&segment.id];
        assert_same(&segment.id, segment.dice, &figures["dice"]);
        assert_same_interval(&segment.id, segment.dice_ci, &figures["dice_ci"]);
    }
    let [derived] = card.derived.as_slice() else { panic!("one measure") };
    assert_same("error of the ratio", derived.mean_absolute_error, &measured["test"]["ratio"]["error"]);
    assert_same("sensitivity", derived.operating_point.sensitivity, &measured["test"]["ratio"]["sensitivity"]);
    assert_same("specificity", derived.operating_point.specificity, &measured["test"]["ratio"]["specificity"]);
}

#[test]
fn the_findings_card_says_what_was_measured() {
    let (card, measured) = (card("chest-findings"), measured("chest-findings"));
    for label in &card.labels {
        let figures = &measured["labels"][&label.id];
        assert_same(&label.id, label.auroc, &figures["auroc"]);
        assert_same_interval(&label.id, label.auroc_ci, &figures["interval"]);
        assert_same(&label.id, Some(label.operating_point.threshold), &figures["threshold"]);
        assert_same(&label.id, label.operating_point.sensitivity, &figures["sensitivity"]);
        assert_same(&label.id, label.operating_point.specificity, &figures["specificity"]);
    }
}

#[test]
fn descriptions_say_whom_the_models_are_not_for_and_what_they_rest_on() {
    for id in ["chest-anatomy", "chest-findings"] {
        let text = fs::read_to_string(models().join(id).join("README.md")).unwrap();
        for heading in
            ["## Intended use", "## Not for", "## Figures", "## Subgroups", "## Known failures", "## Data and licences"]
        {
            assert!(text.contains(heading), "{id}: no '{heading}'");
        }
        let card = card(id);
        assert!(text.contains(overread::domain::RESEARCH_USE_ONLY), "{id}");
        assert!(!card.sources.is_empty() && card.sources.iter().all(|source| !source.license.is_empty()), "{id}");
        assert!(card.evaluation.is_some(), "{id}");
    }
}

#[test]
fn all_models_together_stay_small() {
    fn bytes_under(dir: &Path) -> u64 {
        let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
        entries
            .map(|entry| match entry.file_type().unwrap().is_dir() {
                true => bytes_under(&entry.path()),
                false => entry.metadata().unwrap().len(),
            })
            .sum()
    }
    let bytes = bytes_under(&models());
    assert!(bytes < 60_000_000, "{bytes} bytes");
}
