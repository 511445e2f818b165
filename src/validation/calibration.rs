//! Do the probabilities mean what they say: Brier score, binned errors, the reliability curve, recalibration.

use serde::Serialize;

use crate::validation::estimate::{Count, Estimate, Interval, Test, Undefined, ratio};
use crate::validation::proportion::wilson;
use crate::validation::resampling::{BootstrapPlan, Patients, bootstrap, percentile_interval, quantile, replicates};
use crate::validation::roc::mean;
use crate::validation::scores::checked;
use crate::validation::special::{normal_reach, normal_two_sided};

/// How probabilities are put into bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bins {
    /// Bin k of B holds k/B ≤ p < (k + 1)/B; 1 is in the last.
    EqualWidth(usize),
    /// As many cases in each as can be, in order of the probability; cases of one probability are not kept together.
    EqualCount(usize),
}

/// Probabilities of the positive class, with truth.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    probabilities: Vec<f64>,
    truth: Vec<bool>,
}

/// One bin that holds cases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReliabilityBin {
    pub n: usize,
    pub mean_probability: f64,
    /// Share of positive cases.
    pub observed: f64,
    /// Of `observed`, by Wilson.
    pub interval: Interval,
}

/// Murphy's parts of the Brier score over the distinct probabilities: reliability − resolution + uncertainty.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MurphyParts {
    pub reliability: f64,
    pub resolution: f64,
    pub uncertainty: f64,
}

/// The truth regressed on the logit of the probability.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recalibration {
    /// 0 when well calibrated.
    pub intercept: Estimate,
    /// 1 when well calibrated; below, the probabilities are too extreme.
    pub slope: Estimate,
}

impl Predictions {
    pub fn new(probabilities: Vec<f64>, truth: Vec<bool>) -> Result<Self, Undefined> {
        checked(&probabilities, &truth)?;
        if truth.is_empty() {
            return Err(Undefined::NoCases);
        }
        if probabilities.iter().any(|p| !(0.0..=1.0).contains(p)) {
            return Err(Undefined::OutOfRange);
        }
        Ok(Self { probabilities, truth })
    }

    pub fn n(&self) -> usize {
        self.truth.len()
    }

    fn count(&self) -> Count {
        Count { n: self.n(), of: "cases" }
    }

    fn cases(&self) -> impl Iterator<Item = (f64, f64)> {
        self.probabilities.iter().zip(&self.truth).map(|(p, truth)| (*p, f64::from(u8::from(*truth))))
    }

    fn of_cases(&self, cases: &[usize]) -> Self {
        let pick = |at: &usize| Some((*self.probabilities.get(*at)?, *self.truth.get(*at)?));
        let (probabilities, truth) = cases.iter().filter_map(pick).unzip();
        Self { probabilities, truth }
    }

    pub fn brier_value(&self) -> f64 {
        self.cases().map(|(p, y)| (p - y).powi(2)).sum::<f64>() / self.n() as f64
    }

    pub fn brier(&self, patients: &Patients, plan: &BootstrapPlan) -> Estimate {
        let interval = bootstrap(patients, plan, &|cases| Ok(self.of_cases(cases).brier_value()));
        Estimate::new(
            Ok(self.brier_value()),
            interval,
            self.count(),
            "Brier score: mean squared error of the probability",
        )
    }

    /// Murphy, J Appl Meteorol 1973;12:595.
    pub fn murphy(&self) -> MurphyParts {
        let n = self.n() as f64;
        let prevalence = self.cases().map(|(_, y)| y).sum::<f64>() / n;
        let mut sorted: Vec<(f64, f64)> = self.cases().collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut reliability, mut resolution) = (0.0, 0.0);
        for group in sorted.chunk_by(|a, b| a.0 == b.0) {
            let size = group.len() as f64;
            let observed = group.iter().map(|(_, y)| y).sum::<f64>() / size;
            let p = group.first().map_or(0.0, |(p, _)| *p);
            reliability += size / n * (p - observed).powi(2);
            resolution += size / n * (observed - prevalence).powi(2);
        }
        MurphyParts { reliability, resolution, uncertainty: prevalence * (1.0 - prevalence) }
    }

    /// Bins that hold cases, in order.
    pub fn reliability(&self, bins: Bins, level: f64) -> Vec<ReliabilityBin> {
        let bin = |cases: &Vec<(f64, f64)>| {
            let n = cases.len();
            let n_positive = cases.iter().filter(|(_, y)| *y == 1.0).count();
            ReliabilityBin {
                n,
                mean_probability: cases.iter().map(|(p, _)| p).sum::<f64>() / n as f64,
                observed: n_positive as f64 / n as f64,
                interval: wilson(n_positive, n, level),
            }
        };
        self.binned(bins).iter().filter(|cases| !cases.is_empty()).map(bin).collect()
    }

    fn binned(&self, bins: Bins) -> Vec<Vec<(f64, f64)>> {
        match bins {
            Bins::EqualWidth(n_bins) => {
                let mut binned = vec![Vec::new(); n_bins.max(1)];
                for (p, y) in self.cases() {
                    let edge = |k: usize| k as f64 / n_bins as f64;
                    let near = (p * n_bins as f64) as usize;
                    // A product rounds where the edge does not.
                    let at = if edge(near) > p { near - 1 } else { near + usize::from(edge(near + 1) <= p) };
                    let at = at.min(n_bins.saturating_sub(1));
                    if let Some(bin) = binned.get_mut(at) {
                        bin.push((p, y));
                    }
                }
                binned
            }
            Bins::EqualCount(n_bins) => {
                let mut sorted: Vec<(f64, f64)> = self.cases().collect();
                sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
                let n_bins = n_bins.clamp(1, sorted.len());
                let edge = |k: usize| k * sorted.len() / n_bins;
                (0..n_bins).map(|k| sorted.get(edge(k)..edge(k + 1)).unwrap_or_default().to_vec()).collect()
            }
        }
    }

    /// Expected and maximum calibration error.
    pub fn errors(&self, bins: Bins) -> [f64; 2] {
        let n = self.n() as f64;
        let gaps =
            self.reliability(bins, 0.95).into_iter().map(|bin| ((bin.mean_probability - bin.observed).abs(), bin.n));
        gaps.fold([0.0, 0.0], |[expected, most], (gap, size)| [expected + gap * size as f64 / n, f64::max(most, gap)])
    }

    pub fn expected_error(&self, bins: Bins, patients: &Patients, plan: &BootstrapPlan) -> Estimate {
        let interval = self.error_interval(patients, plan, &|one| one.errors(bins)[0]);
        let definition = "expected calibration error: gap of mean probability and observed share, weighted by bin";
        Estimate::new(Ok(self.errors(bins)[0]), interval, self.count(), definition)
    }

    pub fn maximum_error(&self, bins: Bins, patients: &Patients, plan: &BootstrapPlan) -> Estimate {
        let interval = self.error_interval(patients, plan, &|one| one.errors(bins)[1]);
        let definition = "maximum calibration error: largest gap of a bin that holds cases";
        Estimate::new(Ok(self.errors(bins)[1]), interval, self.count(), definition)
    }

    /// A drawn sample scatters about its bins, so that its error is too large: the draws are moved back by the difference
    /// of their mean to the value.
    fn error_interval(
        &self,
        patients: &Patients,
        plan: &BootstrapPlan,
        error: &(dyn Fn(&Self) -> f64 + Sync),
    ) -> Result<Interval, Undefined> {
        let drawn = replicates(patients, plan, &|cases| Ok(error(&self.of_cases(cases))));
        let excess = mean(&drawn) - error(self);
        let interval = percentile_interval(drawn, plan.level)?;
        let (low, high) = (interval.low - excess, interval.high - excess);
        let method = "patient bootstrap, percentile, moved to the value";
        Ok(Interval { low, high, method, ..interval }.within(0.0, 1.0))
    }

    /// The observed share at each of `at` by interpolation between bins, with the band of the patient bootstrap.
    pub fn band(
        &self,
        bins: Bins,
        at: &[f64],
        patients: &Patients,
        plan: &BootstrapPlan,
    ) -> Vec<Result<Interval, Undefined>> {
        let tail = (1.0 - plan.level) / 2.0;
        let of_point = |x: &f64| {
            let statistic = |cases: &[usize]| interpolated(&self.of_cases(cases).reliability(bins, plan.level), *x);
            let mut drawn = replicates(patients, plan, &statistic);
            if drawn.len() < 2 {
                return Err(Undefined::TooFewCases);
            }
            drawn.sort_by(f64::total_cmp);
            let (low, high) = (quantile(&drawn, tail), quantile(&drawn, 1.0 - tail));
            Ok(Interval { low, high, level: plan.level, method: "patient bootstrap, percentile" })
        };
        at.iter().map(of_point).collect()
    }

    /// Spiegelhalter, Stat Med 1986;5:421: that the probabilities are right.
    pub fn spiegelhalter(&self) -> Result<Test, Undefined> {
        let (mut numerator, mut variance) = (0.0, 0.0);
        for (p, y) in self.cases() {
            numerator += (y - p) * (1.0 - 2.0 * p);
            variance += (1.0 - 2.0 * p).powi(2) * p * (1.0 - p);
        }
        let statistic = ratio(numerator, variance.sqrt(), Undefined::NoVariation)?;
        Ok(Test { kind: "z", statistic, degrees: [None, None], p: normal_two_sided(statistic) })
    }

    /// Logistic regression by Newton's method; probabilities of 0 and 1 have no logit and are refused.
    pub fn recalibration(&self, level: f64) -> Result<Recalibration, Undefined> {
        let n_positive = self.truth.iter().filter(|truth| **truth).count();
        if n_positive == 0 {
            return Err(Undefined::NoPositives);
        }
        if n_positive == self.n() {
            return Err(Undefined::NoNegatives);
        }
        if self.probabilities.iter().any(|p| *p <= 0.0 || *p >= 1.0) {
            return Err(Undefined::OutOfRange);
        }
        let points: Vec<(f64, f64)> = self.cases().map(|(p, y)| ((p / (1.0 - p)).ln(), y)).collect();
        let (mut a, mut b) = (0.0, 1.0);
        let mut inverse = [0.0; 3];
        for _ in 0..100 {
            let (mut g0, mut g1, mut h00, mut h01, mut h11) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for (x, y) in &points {
                let p = 1.0 / (1.0 + (-(a + b * x)).exp());
                let weight = p * (1.0 - p);
                g0 += y - p;
                g1 += (y - p) * x;
                h00 += weight;
                h01 += weight * x;
                h11 += weight * x * x;
            }
            let determinant = h00 * h11 - h01 * h01;
            if determinant.is_nan() || determinant <= 1e-12 * h00 * h11 {
                return Err(Undefined::NoVariation);
            }
            inverse = [h11 / determinant, -h01 / determinant, h00 / determinant];
            let [i00, i01, i11] = inverse;
            let (step_a, step_b) = (i00 * g0 + i01 * g1, i01 * g0 + i11 * g1);
            a += step_a;
            b += step_b;
            if step_a.abs() + step_b.abs() < 1e-12 {
                break;
            }
        }
        let estimate = |value: f64, variance: f64, definition| {
            let reach = normal_reach(level) * variance.sqrt();
            let interval = Interval { low: value - reach, high: value + reach, level, method: "Wald" };
            Estimate::new(Ok(value), Ok(interval), self.count(), definition)
        };
        let [i00, _, i11] = inverse;
        Ok(Recalibration {
            intercept: estimate(a, i00, "calibration intercept, with the slope free"),
            slope: estimate(b, i11, "calibration slope"),
        })
    }
}

/// Level beyond the first and last bin.
fn interpolated(bins: &[ReliabilityBin], x: f64) -> Result<f64, Undefined> {
    let after = bins.partition_point(|bin| bin.mean_probability < x);
    match (after.checked_sub(1).and_then(|before| bins.get(before)), bins.get(after)) {
        (Some(a), Some(b)) => {
            let share = (x - a.mean_probability) / (b.mean_probability - a.mean_probability);
            Ok(a.observed + (b.observed - a.observed) * share)
        }
        (Some(only), None) | (None, Some(only)) => Ok(only.observed),
        (None, None) => Err(Undefined::NoCases),
    }
}
