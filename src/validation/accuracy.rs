//! What a threshold does: the four counts of a test, and the figures made of them.

use serde::Serialize;

use crate::validation::estimate::{Count, Estimate, Interval, Undefined, ratio};
use crate::validation::proportion::{ProportionMethod, proportion};
use crate::validation::special::normal_reach;

/// Cases by truth and call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub true_positives: usize,
    pub false_positives: usize,
    pub false_negatives: usize,
    pub true_negatives: usize,
}

/// Every figure of one threshold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Accuracy {
    pub counts: Counts,
    pub sensitivity: Estimate,
    pub specificity: Estimate,
    pub positive_predictive_value: Estimate,
    pub negative_predictive_value: Estimate,
    pub accuracy: Estimate,
    pub prevalence: Estimate,
    pub positive_likelihood_ratio: Estimate,
    pub negative_likelihood_ratio: Estimate,
}

impl Counts {
    /// From one call and one truth per case.
    pub fn of(calls: &[bool], truth: &[bool]) -> Result<Self, Undefined> {
        if calls.len() != truth.len() {
            return Err(Undefined::LengthsDiffer);
        }
        let mut counts = Self::default();
        for (call, truth) in calls.iter().zip(truth) {
            *match (call, truth) {
                (true, true) => &mut counts.true_positives,
                (true, false) => &mut counts.false_positives,
                (false, true) => &mut counts.false_negatives,
                (false, false) => &mut counts.true_negatives,
            } += 1;
        }
        Ok(counts)
    }

    pub fn n(&self) -> usize {
        self.n_positive() + self.n_negative()
    }

    pub fn n_positive(&self) -> usize {
        self.true_positives + self.false_negatives
    }

    pub fn n_negative(&self) -> usize {
        self.false_positives + self.true_negatives
    }

    pub fn accuracy(&self, method: ProportionMethod, level: f64) -> Accuracy {
        let Self { true_positives: tp, false_positives: fp, false_negatives: fn_, true_negatives: tn } = *self;
        let of = |x, n, of, why, definition| proportion(x, Count { n, of }, method, level, why, definition);
        Accuracy {
            counts: *self,
            sensitivity: of(
                tp,
                tp + fn_,
                "positive cases",
                Undefined::NoPositives,
                "positive cases that were called positive",
            ),
            specificity: of(
                tn,
                tn + fp,
                "negative cases",
                Undefined::NoNegatives,
                "negative cases that were called negative",
            ),
            positive_predictive_value: of(
                tp,
                tp + fp,
                "positive calls",
                Undefined::NoneCalledPositive,
                "positive calls that were right",
            ),
            negative_predictive_value: of(
                tn,
                tn + fn_,
                "negative calls",
                Undefined::NoneCalledNegative,
                "negative calls that were right",
            ),
            accuracy: of(tp + tn, self.n(), "cases", Undefined::NoCases, "calls that were right"),
            prevalence: of(tp + fn_, self.n(), "cases", Undefined::NoCases, "cases that are positive"),
            positive_likelihood_ratio: self.likelihood_ratio(tp, fp, level, Undefined::NoFalseAlarms, LR_POSITIVE),
            negative_likelihood_ratio: self.likelihood_ratio(fn_, tn, level, Undefined::NoTrueNegatives, LR_NEGATIVE),
        }
    }

    /// The rate among the positive over that among the negative; interval by logarithms (Simel 1991).
    fn likelihood_ratio(
        &self,
        x_positive: usize,
        x_negative: usize,
        level: f64,
        why: Undefined,
        definition: &'static str,
    ) -> Estimate {
        let count = Count { n: self.n(), of: "cases" };
        let (n1, n0) = (self.n_positive() as f64, self.n_negative() as f64);
        if n1 == 0.0 {
            return Estimate::bare(Err(Undefined::NoPositives), count, definition);
        }
        if n0 == 0.0 {
            return Estimate::bare(Err(Undefined::NoNegatives), count, definition);
        }
        let (x1, x0) = (x_positive as f64, x_negative as f64);
        let value = ratio(x1 / n1, x0 / n0, why);
        let interval = match value {
            // Of a ratio of 0 the logarithm has no error.
            Ok(0.0) => Err(Undefined::TooFewCases),
            Ok(value) => {
                let error = (1.0 / x1 - 1.0 / n1 + 1.0 / x0 - 1.0 / n0).max(0.0).sqrt();
                let factor = (normal_reach(level) * error).exp();
                Ok(Interval { low: value / factor, high: value * factor, level, method: "log, Simel 1991" })
            }
            Err(why) => Err(why),
        };
        Estimate::new(value, interval, count, definition)
    }

    /// (TP·TN − FP·FN) / √(product of the margins).
    pub fn matthews_correlation(&self) -> Estimate {
        let Self { true_positives, false_positives, false_negatives, true_negatives } = *self;
        let [tp, fp, fn_, tn] = [true_positives, false_positives, false_negatives, true_negatives].map(|n| n as f64);
        let margins = (tp + fp) * (tp + fn_) * (tn + fp) * (tn + fn_);
        let value = ratio(tp * tn - fp * fn_, margins.sqrt(), Undefined::NoVariation);
        Estimate::bare(value, Count { n: self.n(), of: "cases" }, "Matthews correlation of call and truth")
    }
}

const LR_POSITIVE: &str = "sensitivity over 1 minus specificity";
const LR_NEGATIVE: &str = "1 minus sensitivity over specificity";
