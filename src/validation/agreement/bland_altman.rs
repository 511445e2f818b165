//! Two ways to measure the same: bias and limits of agreement (Bland and Altman, Lancet 1986;1:307), Lin's concordance.

use serde::Serialize;

use crate::validation::estimate::{Count, Estimate, Interval, Undefined, ratio};
use crate::validation::roc::{covariance, mean};
use crate::validation::special::{normal_reach, t_reach};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BlandAltman {
    pub bias: Estimate,
    pub lower_limit: Estimate,
    pub upper_limit: Estimate,
    /// Standard deviation of the differences, in the unit of the measurements.
    pub standard_deviation: Estimate,
    pub correlation: Estimate,
    pub concordance: Estimate,
}

/// How far the limits lie from the bias, in standard deviations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LimitReach {
    /// 1.96: the middle 95 % of a normal distribution.
    Normal95,
    /// 2, as in the paper of 1986.
    Two,
}

/// `first` − `second`, pair by pair.
pub fn bland_altman(first: &[f64], second: &[f64], reach: LimitReach, level: f64) -> Result<BlandAltman, Undefined> {
    if first.len() != second.len() {
        return Err(Undefined::LengthsDiffer);
    }
    if first.iter().chain(second).any(|value| !value.is_finite()) {
        return Err(Undefined::NotANumber);
    }
    let n = first.len() as f64;
    if first.len() < 2 {
        return Err(if first.is_empty() { Undefined::NoCases } else { Undefined::TooFewCases });
    }
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    let bias = mean(&differences);
    let variance = covariance(&differences, &differences).ok_or(Undefined::TooFewCases)?;
    let deviation = variance.sqrt();
    let width = match reach {
        LimitReach::Normal95 => normal_reach(0.95),
        LimitReach::Two => 2.0,
    };
    let t = t_reach(level, n - 1.0);
    // Bland and Altman 1999, section 2.1: the limits' own error.
    let (bias_error, limit_error) =
        ((variance / n).sqrt(), (variance * (1.0 / n + width * width / (2.0 * (n - 1.0)))).sqrt());
    let count = Count { n: first.len(), of: "pairs" };
    let around = |value: f64, error: f64, definition| {
        let interval = Interval { low: value - t * error, high: value + t * error, level, method: "t" };
        let interval = if error > 0.0 { Ok(interval) } else { Err(Undefined::NoVariation) };
        Estimate::new(Ok(value), interval, count, definition)
    };
    let (v1, v2, both) = (covariance(first, first), covariance(second, second), covariance(first, second));
    let (v1, v2, both) = (v1.unwrap_or(0.0), v2.unwrap_or(0.0), both.unwrap_or(0.0));
    let correlation = ratio(both, (v1 * v2).sqrt(), Undefined::NoVariation);
    // Lin, Biometrics 1989;45:255, with moments over n.
    let shrink = (n - 1.0) / n;
    let concordance = ratio(2.0 * both * shrink, (v1 + v2) * shrink + bias * bias, Undefined::NoVariation);
    Ok(BlandAltman {
        bias: around(bias, bias_error, "mean difference, first minus second"),
        lower_limit: around(bias - width * deviation, limit_error, "lower limit of agreement"),
        upper_limit: around(bias + width * deviation, limit_error, "upper limit of agreement"),
        standard_deviation: Estimate::bare(Ok(deviation), count, "standard deviation of the differences"),
        correlation: by_fisher(correlation, count, level, "Pearson's correlation"),
        concordance: Estimate::bare(concordance, count, "Lin's concordance correlation"),
    })
}

fn by_fisher(value: Result<f64, Undefined>, count: Count, level: f64, definition: &'static str) -> Estimate {
    let interval = value.and_then(|value| {
        if count.n < 4 || value.abs() >= 1.0 {
            return Err(Undefined::TooFewCases);
        }
        let reach = normal_reach(level) / (count.n as f64 - 3.0).sqrt();
        let center = value.atanh();
        Ok(Interval { low: (center - reach).tanh(), high: (center + reach).tanh(), level, method: "Fisher's z" })
    });
    Estimate::new(value, interval, count, definition)
}
