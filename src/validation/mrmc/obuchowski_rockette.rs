//! The analysis of Obuchowski and Rockette (Commun Stat Simul 1995;24:285) with the degrees of freedom of Hillis
//! (Stat Med 2007;26:596), for random readers and cases, for fixed readers and for fixed cases.

use serde::Serialize;

use crate::validation::estimate::{Count, Estimate, Interval, Test, Undefined, or_reason};
use crate::validation::mrmc::covariance::{Merits, pairs};
use crate::validation::special::{chi_square_upper, f_upper, normal_reach, normal_two_sided, t_reach, t_two_sided};

/// Mean squares and the covariances averaged over pairs of readers and modalities.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Components {
    /// Mean square between modalities.
    pub ms_modality: f64,
    /// Mean square between readers.
    pub ms_reader: f64,
    /// Mean square of modality by reader.
    pub ms_modality_reader: f64,
    /// Variance of one figure of merit.
    pub error: f64,
    /// Covariance of one reader between modalities.
    pub cov1: f64,
    /// Covariance of two readers in one modality.
    pub cov2: f64,
    /// Covariance of two readers between modalities.
    pub cov3: f64,
}

/// To whom the answer applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Readers and cases like these.
    RandomReadersRandomCases,
    /// These readers, and cases like these.
    FixedReadersRandomCases,
    /// Readers like these, on these cases.
    RandomReadersFixedCases,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    pub first: usize,
    pub second: usize,
    pub estimate: Estimate,
    #[serde(serialize_with = "or_reason")]
    pub test: Result<Test, Undefined>,
}

/// One scope's answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Analysis {
    pub scope: Scope,
    /// That all modalities are equal.
    #[serde(serialize_with = "or_reason")]
    pub test: Result<Test, Undefined>,
    pub differences: Vec<Difference>,
    /// Each modality's mean over readers.
    pub modalities: Vec<Estimate>,
}

impl Components {
    pub fn of(merits: &Merits) -> Self {
        let (n_modalities, n_readers) = (merits.n_modalities(), merits.n_readers());
        let (i, j) = (n_modalities as f64, n_readers as f64);
        let all = pairs(n_modalities, n_readers);
        let of_modality = |m: usize| modality_mean(merits, m);
        let of_reader = |r: usize| (0..n_modalities).map(|m| merits.value(m, r)).sum::<f64>() / i;
        let grand = (0..n_modalities).map(of_modality).sum::<f64>() / i;
        let between = |values: &mut dyn Iterator<Item = f64>| values.map(|value| (value - grand).powi(2)).sum::<f64>();
        let interaction: f64 =
            all.iter().map(|(m, r)| (merits.value(*m, *r) - of_modality(*m) - of_reader(*r) + grand).powi(2)).sum();
        let average = |keeps: fn(bool, bool) -> bool| {
            let chosen = all.iter().flat_map(|a| all.iter().map(move |b| (*a, *b)));
            let chosen = chosen.filter(|(a, b)| keeps(a.0 == b.0, a.1 == b.1));
            let (sum, n) = chosen.fold((0.0, 0.0), |(sum, n), (a, b)| (sum + merits.covariance(a, b), n + 1.0));
            sum / n
        };
        Self {
            ms_modality: j * between(&mut (0..n_modalities).map(of_modality)) / (i - 1.0),
            ms_reader: i * between(&mut (0..n_readers).map(of_reader)) / (j - 1.0),
            ms_modality_reader: interaction / ((i - 1.0) * (j - 1.0)),
            error: average(|same_modality, same_reader| same_modality && same_reader),
            cov1: average(|same_modality, same_reader| !same_modality && same_reader),
            cov2: average(|same_modality, same_reader| same_modality && !same_reader),
            cov3: average(|same_modality, same_reader| !same_modality && !same_reader),
        }
    }

    /// What F divides by in this scope, and its degrees of freedom.
    pub fn denominator(&self, scope: Scope, n_modalities: usize, n_readers: usize) -> (f64, f64) {
        let j = n_readers as f64;
        let interaction_degrees = (n_modalities as f64 - 1.0) * (j - 1.0);
        let over_readers = (self.cov2 - self.cov3).max(0.0);
        match scope {
            Scope::RandomReadersRandomCases => {
                let denominator = self.ms_modality_reader + j * over_readers;
                (denominator, denominator.powi(2) * interaction_degrees / self.ms_modality_reader.powi(2))
            }
            Scope::FixedReadersRandomCases => (self.error - self.cov1 + (j - 1.0) * over_readers, f64::INFINITY),
            Scope::RandomReadersFixedCases => (self.ms_modality_reader, interaction_degrees),
        }
    }
}

pub fn analyze(merits: &Merits, scope: Scope, level: f64) -> Analysis {
    let components = Components::of(merits);
    let n_modalities = merits.n_modalities();
    let (denominator, degrees) = components.denominator(scope, n_modalities, merits.n_readers());
    let numerator_degrees = n_modalities as f64 - 1.0;
    let is_testable = denominator > 0.0 && degrees.is_finite() | (scope == Scope::FixedReadersRandomCases);
    let test = if !is_testable {
        Err(Undefined::NoVariation)
    } else if degrees.is_infinite() {
        let statistic = numerator_degrees * components.ms_modality / denominator;
        let p = chi_square_upper(statistic, numerator_degrees);
        Ok(Test { kind: "chi-square", statistic, degrees: [Some(numerator_degrees), None], p })
    } else {
        let statistic = components.ms_modality / denominator;
        let p = f_upper(statistic, numerator_degrees, degrees);
        Ok(Test { kind: "F", statistic, degrees: [Some(numerator_degrees), Some(degrees)], p })
    };
    let spread = Spread { variance: 2.0 / merits.n_readers() as f64 * denominator, degrees, level };
    let each = (0..n_modalities).flat_map(|first| (first + 1..n_modalities).map(move |second| (first, second)));
    let differences = each.map(|(first, second)| {
        let value = modality_mean(merits, first) - modality_mean(merits, second);
        let estimate = spread.around(value, merits.n_cases, "difference of the modalities' means over readers");
        Difference { first, second, estimate, test: spread.test(value) }
    });
    let modalities = (0..n_modalities).map(|modality| single(merits, modality, scope, level));
    Analysis { scope, test, differences: differences.collect(), modalities: modalities.collect() }
}

/// One reader's difference between two modalities, the reader fixed.
pub fn reader_difference(merits: &Merits, reader: usize, [first, second]: [usize; 2], level: f64) -> Difference {
    let covariance = |a: usize, b: usize| merits.covariance((a, reader), (b, reader));
    let pairs = merits.n_modalities();
    // Averaged over modalities, as the fixed-reader analysis has it (Hillis, Obuchowski and Berbaum 2011).
    let (mut error, mut cov1, mut n_errors, mut n_covs) = (0.0, 0.0, 0.0, 0.0);
    for (a, b) in (0..pairs).flat_map(|a| (0..pairs).map(move |b| (a, b))) {
        if a == b {
            (error, n_errors) = (error + covariance(a, b), n_errors + 1.0);
        } else {
            (cov1, n_covs) = (cov1 + covariance(a, b), n_covs + 1.0);
        }
    }
    let variance = 2.0 * (error / n_errors - cov1 / n_covs);
    let spread = Spread { variance, degrees: f64::INFINITY, level };
    let value = merits.value(first, reader) - merits.value(second, reader);
    let estimate = spread.around(value, merits.n_cases, "difference of two modalities of one reader");
    Difference { first, second, estimate, test: spread.test(value) }
}

fn modality_mean(merits: &Merits, modality: usize) -> f64 {
    (0..merits.n_readers()).map(|reader| merits.value(modality, reader)).sum::<f64>() / merits.n_readers() as f64
}

/// A modality alone: only its own readers and covariances speak.
fn single(merits: &Merits, modality: usize, scope: Scope, level: f64) -> Estimate {
    let n_readers = merits.n_readers();
    let j = n_readers as f64;
    let mean = modality_mean(merits, modality);
    let ms_reader =
        (0..n_readers).map(|reader| (merits.value(modality, reader) - mean).powi(2)).sum::<f64>() / (j - 1.0);
    let covariance = |a: usize, b: usize| merits.covariance((modality, a), (modality, b));
    let error = (0..n_readers).map(|reader| covariance(reader, reader)).sum::<f64>() / j;
    let others = pairs(n_readers, n_readers).into_iter().filter(|(a, b)| a != b);
    let cov2 = (others.map(|(a, b)| covariance(a, b)).sum::<f64>() / (j * (j - 1.0))).max(0.0);
    let (variance, degrees) = match scope {
        Scope::RandomReadersRandomCases => {
            let total = ms_reader + j * cov2;
            (total / j, total.powi(2) / ms_reader.powi(2) * (j - 1.0))
        }
        Scope::FixedReadersRandomCases => ((error + (j - 1.0) * cov2) / j, f64::INFINITY),
        Scope::RandomReadersFixedCases => (ms_reader / j, j - 1.0),
    };
    Spread { variance, degrees, level }.around(mean, merits.n_cases, merits.definition)
}

struct Spread {
    variance: f64,
    /// Infinite: the normal distribution.
    degrees: f64,
    level: f64,
}

impl Spread {
    fn error(&self) -> Result<f64, Undefined> {
        let is_usable = self.variance > 0.0 && !self.degrees.is_nan();
        if is_usable { Ok(self.variance.sqrt()) } else { Err(Undefined::NoVariation) }
    }

    fn around(&self, value: f64, n_cases: usize, definition: &'static str) -> Estimate {
        let interval = self.error().map(|error| {
            let reach = error
                * if self.degrees.is_infinite() { normal_reach(self.level) } else { t_reach(self.level, self.degrees) };
            Interval {
                low: value - reach,
                high: value + reach,
                level: self.level,
                method: "Obuchowski-Rockette-Hillis",
            }
        });
        Estimate::new(Ok(value), interval, Count { n: n_cases, of: "cases" }, definition)
    }

    fn test(&self, value: f64) -> Result<Test, Undefined> {
        let statistic = value / self.error()?;
        if self.degrees.is_infinite() {
            return Ok(Test { kind: "z", statistic, degrees: [None, None], p: normal_two_sided(statistic) });
        }
        let p = t_two_sided(statistic, self.degrees);
        Ok(Test { kind: "t", statistic, degrees: [Some(self.degrees), None], p })
    }
}
