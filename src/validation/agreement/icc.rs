//! Intraclass correlation (Shrout and Fleiss, Psychol Bull 1979;86:420; intervals after McGraw and Wong 1996).

use serde::Serialize;

use crate::validation::estimate::{Count, Estimate, Interval, Undefined, ratio};
use crate::validation::special::f_quantile_upper;

/// The six forms: of one rating, and of the mean of k.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Icc {
    /// Each case rated by other raters.
    pub one_way: Estimate,
    /// All cases by the same raters, who stand for others; absolute agreement.
    pub two_way_random: Estimate,
    /// All cases by these very raters; consistency.
    pub two_way_mixed: Estimate,
    pub one_way_mean: Estimate,
    pub two_way_random_mean: Estimate,
    pub two_way_mixed_mean: Estimate,
}

struct MeanSquares {
    n: f64,
    k: f64,
    between: f64,
    within: f64,
    raters: f64,
    error: f64,
}

/// `ratings` by case, then rater; no gaps.
pub fn icc(ratings: &[Vec<f64>], level: f64) -> Result<Icc, Undefined> {
    let squares = MeanSquares::of(ratings)?;
    let MeanSquares { n, k, between, within, raters, error } = squares;
    let count = Count { n: ratings.len(), of: "cases" };
    let tail = (1.0 - level) / 2.0;
    let defined = |numerator: f64, denominator: f64| ratio(numerator, denominator, Undefined::NoVariation);
    let estimate = |value, interval: Result<(f64, f64), Undefined>, definition| {
        let interval = interval.map(|(low, high)| Interval { low, high, level, method: "F" });
        Estimate::new(value, interval, count, definition)
    };
    // The ratio of mean squares at both ends of its interval.
    let ends =
        |f: f64, df1: f64, df2: f64| (f / f_quantile_upper(tail, df1, df2), f * f_quantile_upper(tail, df2, df1));
    let single = |(low, high): (f64, f64)| ((low - 1.0) / (low + k - 1.0), (high - 1.0) / (high + k - 1.0));
    let mean = |(low, high): (f64, f64)| (1.0 - 1.0 / low, 1.0 - 1.0 / high);
    let one_way = defined(between, within).map(|f| ends(f, n - 1.0, n * (k - 1.0)));
    let mixed = defined(between, error).map(|f| ends(f, n - 1.0, (n - 1.0) * (k - 1.0)));
    let random = squares.random_interval(tail);
    let of_mean = |(low, high): (f64, f64)| (low * k / (1.0 + low * (k - 1.0)), high * k / (1.0 + high * (k - 1.0)));
    Ok(Icc {
        one_way: estimate(defined(between - within, between + (k - 1.0) * within), one_way.map(single), "ICC(1,1)"),
        two_way_random: estimate(
            defined(between - error, between + (k - 1.0) * error + k * (raters - error) / n),
            random,
            "ICC(2,1): absolute agreement of one rater",
        ),
        two_way_mixed: estimate(
            defined(between - error, between + (k - 1.0) * error),
            mixed.map(single),
            "ICC(3,1): consistency of one rater",
        ),
        one_way_mean: estimate(defined(between - within, between), one_way.map(mean), "ICC(1,k)"),
        two_way_random_mean: estimate(
            defined(between - error, between + (raters - error) / n),
            random.map(of_mean),
            "ICC(2,k): absolute agreement of the raters' mean",
        ),
        two_way_mixed_mean: estimate(
            defined(between - error, between),
            mixed.map(mean),
            "ICC(3,k): consistency of the raters' mean",
        ),
    })
}

impl MeanSquares {
    fn of(ratings: &[Vec<f64>]) -> Result<Self, Undefined> {
        let n_raters = ratings.first().map_or(0, Vec::len);
        if ratings.len() < 2 || n_raters < 2 {
            return Err(Undefined::TooFewCases);
        }
        if ratings.iter().any(|row| row.len() != n_raters) {
            return Err(Undefined::LengthsDiffer);
        }
        if ratings.iter().flatten().any(|rating| !rating.is_finite()) {
            return Err(Undefined::NotANumber);
        }
        let (n, k) = (ratings.len() as f64, n_raters as f64);
        let row_means: Vec<f64> = ratings.iter().map(|row| row.iter().sum::<f64>() / k).collect();
        let mut rater_means = vec![0.0; n_raters];
        for row in ratings {
            rater_means.iter_mut().zip(row).for_each(|(mean, rating)| *mean += rating / n);
        }
        let grand = row_means.iter().sum::<f64>() / n;
        let square = |values: &[f64]| values.iter().map(|value| (value - grand).powi(2)).sum::<f64>();
        let of_rows = k * square(&row_means);
        let of_raters = n * square(&rater_means);
        let residual = |row: &Vec<f64>, row_mean: f64| {
            row.iter().zip(&rater_means).map(|(rating, mean)| (rating - row_mean - mean + grand).powi(2)).sum::<f64>()
        };
        let of_error: f64 = ratings.iter().zip(&row_means).map(|(row, mean)| residual(row, *mean)).sum();
        if of_rows + of_raters + of_error == 0.0 {
            return Err(Undefined::NoVariation);
        }
        Ok(Self {
            n,
            k,
            between: of_rows / (n - 1.0),
            within: (of_raters + of_error) / (n * (k - 1.0)),
            raters: of_raters / (k - 1.0),
            error: of_error / ((n - 1.0) * (k - 1.0)),
        })
    }

    /// Of ICC(2,1), with Satterthwaite's degrees of freedom.
    fn random_interval(&self, tail: f64) -> Result<(f64, f64), Undefined> {
        let Self { n, k, between, raters, error, .. } = *self;
        let value =
            ratio(between - error, between + (k - 1.0) * error + k * (raters - error) / n, Undefined::NoVariation)?;
        let a = k * value / (n * (1.0 - value));
        let b = 1.0 + k * value * (n - 1.0) / (n * (1.0 - value));
        let sum = a * raters + b * error;
        let degrees = sum * sum / ((a * raters).powi(2) / (k - 1.0) + (b * error).powi(2) / ((n - 1.0) * (k - 1.0)));
        if !(degrees.is_finite() && degrees > 0.0) {
            return Err(Undefined::NoVariation);
        }
        let others = k * raters + (k * n - k - n) * error;
        let low = f_quantile_upper(tail, n - 1.0, degrees);
        let high = f_quantile_upper(tail, degrees, n - 1.0);
        Ok((
            n * (between - low * error) / (low * others + n * between),
            n * (high * between - error) / (others + n * high * between),
        ))
    }
}
