//! Two readers' categories: Cohen's kappa and its weighted forms, with prevalence and PABAK beside it.

use serde::Serialize;

use crate::validation::estimate::{Count, Estimate, Interval, Test, Undefined, or_reason, ratio};
use crate::validation::special::{normal_reach, normal_two_sided};

/// How far apart two categories are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// Equal or not.
    Nominal,
    Linear,
    Quadratic,
}

impl Weights {
    /// 1 for agreement, 0 for the furthest apart.
    pub fn agreement(self, a: usize, b: usize, n_categories: usize) -> f64 {
        let apart = a.abs_diff(b) as f64 / n_categories.saturating_sub(1).max(1) as f64;
        match self {
            Self::Nominal => f64::from(u8::from(a == b)),
            Self::Linear => 1.0 - apart,
            Self::Quadratic => 1.0 - apart * apart,
        }
    }

    fn definition(self) -> &'static str {
        match self {
            Self::Nominal => "Cohen's kappa: agreement beyond chance",
            Self::Linear => "Cohen's kappa with linear weights",
            Self::Quadratic => "Cohen's kappa with quadratic weights",
        }
    }
}

/// Counts by first reader's category (row) and second reader's (column); square.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossTable {
    counts: Vec<Vec<usize>>,
}

/// Kappa with what is needed to read it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Kappa {
    pub kappa: Estimate,
    /// That agreement is by chance alone.
    #[serde(serialize_with = "or_reason")]
    pub test: Result<Test, Undefined>,
    /// Of the asymptotic interval.
    #[serde(serialize_with = "or_reason")]
    pub standard_error: Result<f64, Undefined>,
    pub observed_agreement: Estimate,
    /// Prevalence- and bias-adjusted.
    pub pabak: Estimate,
}

impl CrossTable {
    pub fn new(counts: Vec<Vec<usize>>) -> Result<Self, Undefined> {
        let n = counts.len();
        if counts.iter().any(|row| row.len() != n) {
            return Err(Undefined::LengthsDiffer);
        }
        Ok(Self { counts })
    }

    /// Categories are numbered from 0, fewer than `n_categories`.
    pub fn of(first: &[usize], second: &[usize], n_categories: usize) -> Result<Self, Undefined> {
        if first.len() != second.len() {
            return Err(Undefined::LengthsDiffer);
        }
        let mut counts = vec![vec![0; n_categories]; n_categories];
        for (a, b) in first.iter().zip(second) {
            *counts.get_mut(*a).and_then(|row| row.get_mut(*b)).ok_or(Undefined::OutOfRange)? += 1;
        }
        Ok(Self { counts })
    }

    pub fn n(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    pub fn n_categories(&self) -> usize {
        self.counts.len()
    }

    /// Both, only the first, only the second, neither: of two categories, the second being yes.
    pub fn pairs(&self) -> Option<[usize; 4]> {
        match self.counts.as_slice() {
            [no, yes] => Some([*yes.get(1)?, *yes.first()?, *no.get(1)?, *no.first()?]),
            _ => None,
        }
    }

    /// Asymptotic error by Fleiss, Cohen and Everitt, Psychol Bull 1969;72:323.
    pub fn kappa(&self, weights: Weights, level: f64) -> Kappa {
        let (n, q) = (self.n() as f64, self.n_categories());
        let count = Count { n: self.n(), of: "cases rated twice" };
        let w = |a, b| weights.agreement(a, b, q);
        let shares: Vec<Vec<f64>> = self.counts.iter().map(|row| row.iter().map(|x| *x as f64 / n).collect()).collect();
        let rows: Vec<f64> = shares.iter().map(|row| row.iter().sum()).collect();
        let columns: Vec<f64> = (0..q).map(|b| shares.iter().filter_map(|row| row.get(b)).sum()).collect();
        let cells =
            || rows.iter().enumerate().flat_map(|(a, r)| columns.iter().enumerate().map(move |(b, c)| (a, b, r * c)));
        let share = |a: usize, b: usize| shares.get(a).and_then(|row| row.get(b)).copied().unwrap_or(0.0);
        let observed: f64 = cells().map(|(a, b, _)| w(a, b) * share(a, b)).sum();
        let expected: f64 = cells().map(|(a, b, chance)| w(a, b) * chance).sum();
        let value = if self.n() == 0 {
            Err(Undefined::NoCases)
        } else {
            ratio(observed - expected, 1.0 - expected, Undefined::NoVariation)
        };
        let row_mean: Vec<f64> = (0..q).map(|a| columns.iter().zip(0..).map(|(c, b)| c * w(a, b)).sum()).collect();
        let column_mean: Vec<f64> = (0..q).map(|b| rows.iter().zip(0..).map(|(r, a)| r * w(a, b)).sum()).collect();
        let means =
            |a: usize, b: usize| row_mean.get(a).copied().unwrap_or(0.0) + column_mean.get(b).copied().unwrap_or(0.0);
        let error_of = |kappa: f64| {
            let spread: f64 =
                cells().map(|(a, b, _)| share(a, b) * (w(a, b) - means(a, b) * (1.0 - kappa)).powi(2)).sum();
            let variance = spread - (kappa - expected * (1.0 - kappa)).powi(2);
            variance.max(0.0).sqrt() / (1.0 - expected) / n.sqrt()
        };
        let standard_error = value.map(error_of);
        let error_by_chance = {
            let spread: f64 = cells().map(|(a, b, chance)| chance * (w(a, b) - means(a, b)).powi(2)).sum();
            (spread - expected * expected).max(0.0).sqrt() / (1.0 - expected) / n.sqrt()
        };
        let interval = value.and_then(|kappa| {
            let error = error_of(kappa);
            if error == 0.0 {
                return Err(Undefined::NoVariation);
            }
            let reach = normal_reach(level) * error;
            Ok(Interval { low: kappa - reach, high: kappa + reach, level, method: "asymptotic" }.within(-1.0, 1.0))
        });
        let test = value.and_then(|kappa| {
            let statistic = ratio(kappa, error_by_chance, Undefined::NoVariation)?;
            Ok(Test { kind: "z", statistic, degrees: [None, None], p: normal_two_sided(statistic) })
        });
        let agree: f64 = (0..q).map(|a| share(a, a)).sum();
        let agreement = if self.n() == 0 { Err(Undefined::NoCases) } else { Ok(agree) };
        let categories = q as f64;
        let adjusted =
            agreement.and_then(|agree| ratio(categories * agree - 1.0, categories - 1.0, Undefined::NoVariation));
        Kappa {
            kappa: Estimate::new(value, interval, count, weights.definition()),
            test,
            standard_error,
            observed_agreement: Estimate::bare(agreement, count, "cases in which both chose the same category"),
            pabak: Estimate::bare(adjusted, count, "prevalence- and bias-adjusted kappa"),
        }
    }
}
