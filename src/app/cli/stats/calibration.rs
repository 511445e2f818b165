//! Probabilities against truth.

use serde_json::{Value, json};

use crate::app::cli::stats::arguments::CalibrationArguments;
use crate::app::cli::stats::table::Table;
use crate::app::cli::stats::{StatsError, or_reason, patients, plan};
use crate::validation::calibration::{Bins, Predictions};
use crate::validation::decision_curve;

pub fn document(arguments: &CalibrationArguments) -> Result<Value, StatsError> {
    let table = Table::read(&arguments.file)?;
    let truth = table.truths("truth")?;
    let probabilities = table.parsed("probability", |text| match text.parse::<f64>() {
        Ok(p) if (0.0..=1.0).contains(&p) => Ok(p),
        _ => Err(format!("'{}' is no probability", text.chars().take(24).collect::<String>())),
    })?;
    let level = arguments.common.level;
    let (patients, plan) = (patients(&table, &truth)?, plan(&arguments.bootstrap, level));
    let (width, count) = (Bins::EqualWidth(arguments.bins as usize), Bins::EqualCount(arguments.bins as usize));
    let thresholds: Vec<f64> = (1..100).map(|percent| f64::from(percent) / 100.0).collect();
    let net_benefit = decision_curve::curve(&probabilities, &truth, &thresholds);
    let predictions = Predictions::new(probabilities, truth)?;
    let curve = predictions.reliability(width, level);
    let at: Vec<f64> = curve.iter().map(|bin| bin.mean_probability).collect();
    let band: Vec<Value> = predictions.band(width, &at, &patients, &plan).into_iter().map(or_reason).collect();
    Ok(json!({
        "statistics": "calibration",
        "n": predictions.n(),
        "n_patients": patients.n(),
        "bootstrap": plan,
        "bins": width,
        "brier": predictions.brier(&patients, &plan),
        "brier_parts": predictions.murphy(),
        "expected_error": predictions.expected_error(width, &patients, &plan),
        "expected_error_equal_count": predictions.expected_error(count, &patients, &plan),
        "maximum_error": predictions.maximum_error(width, &patients, &plan),
        "recalibration": or_reason(predictions.recalibration(level)),
        "spiegelhalter": or_reason(predictions.spiegelhalter()),
        "reliability": curve,
        "reliability_band": band,
        "decision_curve": or_reason(net_benefit),
    }))
}
