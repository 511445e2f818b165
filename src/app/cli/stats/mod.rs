//! `overread stats`: the statistics of `validation` on plain tables and masks.

mod agreement;
pub mod arguments;
mod calibration;
mod froc;
mod mask_file;
mod mrmc;
mod overlap;
mod roc;
mod table;

use serde_json::{Value, json};
use thiserror::Error;

use crate::app::cli::output::{self, Outcome};
use crate::app::cli::stats::arguments::{BootstrapArguments, StatsArguments, StatsSubject};
use crate::app::cli::stats::mask_file::MaskFileError;
use crate::app::cli::stats::table::{Table, TableError};
use crate::validation::estimate::Undefined;
use crate::validation::resampling::{BootstrapInterval, BootstrapPlan, Patients};

/// Why there is no document.
#[derive(Debug, Error)]
pub enum StatsError {
    #[error("{0}")]
    Table(#[from] TableError),
    #[error("{0}")]
    Mask(#[from] MaskFileError),
    #[error("no statistics: {0}")]
    Undefined(#[from] Undefined),
    #[error("{0}")]
    Design(String),
}

pub fn run(arguments: &StatsArguments) -> Outcome {
    let document = match &arguments.what {
        StatsSubject::Roc(roc) => roc::document(roc),
        StatsSubject::Mrmc(mrmc) => mrmc::document(mrmc),
        StatsSubject::Froc(froc) => froc::document(froc),
        StatsSubject::Agreement(agreement) => agreement::document(agreement),
        StatsSubject::Calibration(calibration) => calibration::document(calibration),
        StatsSubject::Overlap(overlap) => overlap::document(overlap),
    };
    match document {
        Ok(document) if arguments.is_json() => output::print_document(&output::stamped(document)),
        Ok(document) => lines("", &document).iter().for_each(|line| output::line(line)),
        Err(error) => return output::failed(arguments.is_json(), "no_statistics", &error.to_string()),
    }
    Outcome::Done
}

/// Figures one by one; lists of points are left to the document.
fn lines(name: &str, value: &Value) -> Vec<String> {
    let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name} {key}") };
    match value {
        Value::Object(object) if object.contains_key("definition") && object.contains_key("n") => {
            let figure = match (
                value["value"].as_f64(),
                value["interval"]["low"].as_f64(),
                value["interval"]["high"].as_f64(),
            ) {
                (Some(figure), Some(low), Some(high)) => {
                    format!(
                        "{figure:.4} ({low:.4} to {high:.4}, {})",
                        value["interval"]["method"].as_str().unwrap_or("")
                    )
                }
                (Some(figure), _, _) => format!("{figure:.4}"),
                _ => value["reason"].as_str().unwrap_or("not defined").to_owned(),
            };
            vec![format!("{name}: {figure}, n = {} {}", value["n"], value["of"].as_str().unwrap_or(""))]
        }
        Value::Object(object) => object.iter().flat_map(|(key, value)| lines(&below(key), value)).collect(),
        Value::Array(list) if list.len() <= 12 => {
            (1..).zip(list).flat_map(|(at, value)| lines(&below(&at.to_string()), value)).collect()
        }
        Value::Array(_) => Vec::new(),
        Value::String(text) => vec![format!("{name}: {text}")],
        other => vec![format!("{name}: {other}")],
    }
}

fn plan(arguments: &BootstrapArguments, level: f64) -> BootstrapPlan {
    let BootstrapArguments { replicates, seed } = *arguments;
    BootstrapPlan { n_replicates: replicates, seed, level, interval: BootstrapInterval::Percentile }
}

/// By the column `patient`, or each case a patient of its own.
fn patients(table: &Table, truth: &[bool]) -> Result<Patients, StatsError> {
    if !table.has("patient") {
        return Ok(Patients::one_case_each(truth));
    }
    let (_, numbers) = numbered(&table.texts("patient")?);
    Ok(Patients::of(&numbers, truth)?)
}

/// The distinct texts, sorted (numbers as numbers), and of each text its place among them.
fn numbered(texts: &[&str]) -> (Vec<String>, Vec<usize>) {
    let mut distinct = texts.to_vec();
    let number = |text: &str| text.parse::<f64>().unwrap_or(f64::INFINITY);
    distinct.sort_by(|a, b| number(a).total_cmp(&number(b)).then(a.cmp(b)));
    distinct.dedup();
    let places: std::collections::HashMap<&str, usize> = distinct.iter().copied().zip(0..).collect();
    let numbers = texts.iter().map(|text| places.get(text).copied().unwrap_or(0)).collect();
    (distinct.into_iter().map(str::to_owned).collect(), numbers)
}

fn or_reason<T: serde::Serialize>(result: Result<T, Undefined>) -> Value {
    match result {
        Ok(value) => json!(value),
        Err(why) => json!({ "reason": why.to_string() }),
    }
}
