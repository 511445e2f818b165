//! The statistics against published figures, each to the printed digits, and against independent implementations whose
//! values are frozen in `tests/cases/validation`.

mod agreement;
mod calibration;
mod froc;
mod mrmc;
mod overlap;
mod proportions;
mod protocol;
mod ranking;
mod special;

use std::path::PathBuf;

use overread::validation::estimate::Estimate;

use crate::data;

/// Equal to what was printed: within half a unit of the last digit.
#[track_caller]
fn printed(value: f64, text: &str) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let n_decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len() as i32);
    let unit = 10_f64.powi(exponent.parse::<i32>().unwrap() - n_decimals);
    let expected: f64 = text.parse().unwrap();
    let reach = unit * 0.5 + expected.abs() * 4e-16;
    assert!((value - expected).abs() <= reach, "{value} was printed as {text}");
}

/// Equal but for rounding.
#[track_caller]
fn near(value: f64, expected: f64, relative: f64) {
    let is_near = (value - expected).abs() <= relative * expected.abs().max(1e-300) || value == expected;
    assert!(is_near, "{value} is not {expected}");
}

#[track_caller]
fn printed_interval(estimate: &Estimate, low: &str, high: &str) {
    let interval = estimate.interval.unwrap();
    printed(interval.low, low);
    printed(interval.high, high);
}

/// A table beside the repository: comma-separated, with a header. `None` with a printed reason.
fn reference(name: &str) -> Option<Vec<Vec<String>>> {
    let text = std::fs::read_to_string(data::shared(&format!("../reference/{name}"))?).unwrap();
    Some(text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect())
}

/// Values of an independent implementation.
fn frozen(name: &str) -> serde_json::Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/validation").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|one| one.as_f64().unwrap()).collect()
}

fn truths(value: &serde_json::Value) -> Vec<bool> {
    value.as_array().unwrap().iter().map(|one| one.as_u64() == Some(1)).collect()
}
