//! How many readers and cases a study of two modalities needs, from a pilot (Hillis, Obuchowski and Berbaum, Acad Radiol
//! 2011;18:129).

use serde::Serialize;

use crate::validation::estimate::{Undefined, finite};
use crate::validation::mrmc::obuchowski_rockette::Components;
use crate::validation::special::{f_quantile_upper, noncentral_f_upper};

/// The pilot: its variance components and the number of cases they come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pilot {
    pub components: Components,
    pub n_cases: usize,
}

/// A planned study.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Plan {
    pub n_readers: usize,
    pub n_cases: usize,
    pub power: f64,
    /// Of the denominator of F.
    pub degrees: f64,
    pub noncentrality: f64,
}

/// The chance that a true difference of `effect` is found at level `alpha`, random readers and random cases.
pub fn power(pilot: &Pilot, effect: f64, alpha: f64, [n_readers, n_cases]: [usize; 2]) -> Result<Plan, Undefined> {
    if n_readers < 2 || n_cases < 2 {
        return Err(Undefined::TooFewCases);
    }
    if !(effect.is_finite() && alpha > 0.0 && alpha < 1.0) {
        return Err(Undefined::OutOfRange);
    }
    let Components { ms_modality_reader, error, cov1, cov2, cov3, .. } = pilot.components;
    let over_readers = (cov2 - cov3).max(0.0);
    // A variance below zero is chance: none.
    let of_readers = (ms_modality_reader - error + cov1 + over_readers).max(0.0);
    let shrink = pilot.n_cases as f64 / n_cases as f64;
    let j = n_readers as f64;
    let denominator = of_readers + shrink * (error - cov1 + (j - 1.0) * over_readers);
    let noncentrality = finite(j / 2.0 * effect * effect / denominator)?;
    let degrees = finite((j - 1.0) * (denominator / (of_readers + shrink * (error - cov1 - over_readers))).powi(2))?;
    let limit = f_quantile_upper(alpha, 1.0, degrees);
    Ok(Plan {
        n_readers,
        n_cases,
        power: noncentral_f_upper(limit, 1.0, degrees, noncentrality),
        degrees,
        noncentrality,
    })
}

/// The fewest readers up to `most` that reach `wanted` power with so many cases.
pub fn readers_needed(
    pilot: &Pilot,
    effect: f64,
    alpha: f64,
    wanted: f64,
    [n_cases, most]: [usize; 2],
) -> Result<Option<Plan>, Undefined> {
    for n_readers in 2..=most {
        let plan = power(pilot, effect, alpha, [n_readers, n_cases])?;
        if plan.power >= wanted {
            return Ok(Some(plan));
        }
    }
    Ok(None)
}
