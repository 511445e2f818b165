//! Precision against recall, and average precision without interpolation.

use serde::Serialize;

use crate::validation::estimate::Estimate;
use crate::validation::estimate::{Count, Undefined};
use crate::validation::scores::{Ranked, Tie};

pub const AVERAGE_PRECISION: &str = "average precision: sum over thresholds of the gain in recall times precision";

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PrecisionRecallPoint {
    pub threshold: f64,
    pub recall: f64,
    pub precision: f64,
}

/// One point per distinct score, highest first.
pub fn curve(ranked: &Ranked) -> Result<Vec<PrecisionRecallPoint>, Undefined> {
    if ranked.n_positive == 0 {
        return Err(if ranked.n_negative == 0 { Undefined::NoCases } else { Undefined::NoPositives });
    }
    let (mut tp, mut called) = (0, 0);
    let point = |tie: &Tie| {
        tp += tie.n_positive;
        called += tie.n_positive + tie.n_negative;
        let (recall, precision) = (tp as f64 / ranked.n_positive as f64, tp as f64 / called as f64);
        PrecisionRecallPoint { threshold: tie.score, recall, precision }
    };
    Ok(ranked.ties.iter().rev().map(point).collect())
}

/// Σ (Rₙ − Rₙ₋₁) Pₙ. Its interval comes from the bootstrap.
pub fn average_precision(ranked: &Ranked) -> Result<f64, Undefined> {
    let mut before = 0.0;
    let gain =
        |point: PrecisionRecallPoint| (point.recall - std::mem::replace(&mut before, point.recall)) * point.precision;
    Ok(curve(ranked)?.into_iter().map(gain).sum())
}

/// The value alone.
pub fn auprc(ranked: &Ranked) -> Estimate {
    let count = Count { n: ranked.n_positive + ranked.n_negative, of: "cases" };
    Estimate::bare(average_precision(ranked), count, AVERAGE_PRECISION)
}
