//! What acting on the score is worth at a threshold probability (Vickers and Elkin, Med Decis Making 2006;26:565).

use serde::Serialize;

use crate::validation::estimate::Undefined;
use crate::validation::scores::checked;

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DecisionPoint {
    pub threshold: f64,
    /// TP/n − FP/n · p/(1 − p); positive from `threshold` on.
    pub net_benefit: f64,
    /// Of treating everybody; nobody treated is 0.
    pub treat_all: f64,
}

/// At each threshold in (0, 1).
pub fn curve(probabilities: &[f64], truth: &[bool], thresholds: &[f64]) -> Result<Vec<DecisionPoint>, Undefined> {
    checked(probabilities, truth)?;
    if truth.is_empty() {
        return Err(Undefined::NoCases);
    }
    let n = truth.len() as f64;
    let prevalence = truth.iter().filter(|truth| **truth).count() as f64 / n;
    let point = |threshold: &f64| {
        if !(*threshold > 0.0 && *threshold < 1.0) {
            return Err(Undefined::OutOfRange);
        }
        let odds = threshold / (1.0 - threshold);
        let called = probabilities.iter().zip(truth).filter(|(probability, _)| *probability >= threshold);
        let (tp, fp) = called.fold((0, 0), |(tp, fp), (_, truth)| if *truth { (tp + 1, fp) } else { (tp, fp + 1) });
        Ok(DecisionPoint {
            threshold: *threshold,
            net_benefit: tp as f64 / n - fp as f64 / n * odds,
            treat_all: prevalence - (1.0 - prevalence) * odds,
        })
    };
    thresholds.iter().map(point).collect()
}
