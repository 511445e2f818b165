//! The one-shot estimate of Gallas (Acad Radiol 2006;13:353): eight moments of the success scores of pairs of cases,
//! unbiased, with the degrees of freedom of Obuchowski, Gallas and Hillis (Acad Radiol 2012;19:1508).

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use serde::Serialize;

use crate::validation::estimate::{Count, Estimate, Interval, Test, Undefined, or_reason};
use crate::validation::mrmc::Readings;
use crate::validation::special::{t_reach, t_two_sided};

/// Moments of two success scores, by what the two share: 1 both cases and the reader, 2 the negative case and the
/// reader, 3 the positive case and the reader, 4 the reader, 5 both cases, 6 the negative, 7 the positive, 8 nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Moments(pub [f64; 8]);

/// The analysis of two modalities.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bdg {
    /// Variance of the first modality's mean area, of the second's, and of their difference.
    pub variances: [f64; 3],
    pub modalities: [Estimate; 2],
    pub difference: Estimate,
    #[serde(serialize_with = "or_reason")]
    pub test: Result<Test, Undefined>,
}

/// First against second modality of the readings.
pub fn analyze(readings: &Readings, [first, second]: [usize; 2], level: f64) -> Result<Bdg, Undefined> {
    let sizes = Sizes::of(readings)?;
    let [one, two] = [first, second].map(|modality| successes(readings, modality));
    let m11 = moments(&one, &one, &sizes);
    let m22 = moments(&two, &two, &sizes);
    let m12 = moments(&one, &two, &sizes);
    let variances = [
        sizes.variance(&m11),
        sizes.variance(&m22),
        sizes.variance(&m11) + sizes.variance(&m22) - 2.0 * sizes.variance(&m12),
    ];
    let components = |of: &dyn Fn(usize) -> f64| Moments(std::array::from_fn(of));
    let at = |moments: &Moments, k: usize| moments.0.get(k).copied().unwrap_or(f64::NAN);
    let of_difference = components(&|k| at(&m11, k) + at(&m22, k) - 2.0 * at(&m12, k));
    let mean = |successes: &[Success]| successes.iter().map(|one| one.total).sum::<f64>() / sizes.n_scores();
    let auc = [mean(&one), mean(&two)];
    let count = Count { n: readings.truth().len(), of: "cases" };
    let estimate = |value: f64, variance: f64, moments: &Moments, definition| {
        let interval = sizes.degrees(moments).map(|degrees| {
            let reach = t_reach(level, whole(degrees)) * variance.sqrt();
            Interval { low: value - reach, high: value + reach, level, method: "BDG" }
        });
        Estimate::new(Ok(value), interval, count, definition)
    };
    let [v1, v2, vd] = variances;
    let difference = auc[0] - auc[1];
    let test = sizes.degrees(&of_difference).map(|degrees| {
        let statistic = difference / vd.sqrt();
        Test { kind: "t", statistic, degrees: [Some(degrees), None], p: t_two_sided(statistic, whole(degrees)) }
    });
    let definition = "mean area under the ROC curve of the readers";
    Ok(Bdg {
        variances,
        modalities: [estimate(auc[0], v1, &m11, definition), estimate(auc[1], v2, &m22, definition)],
        difference: estimate(difference, vd, &of_difference, "difference of the readers' mean areas"),
        test,
    })
}

/// iMRMC cuts the degrees of freedom to a whole number, which errs on the safe side; its figures are the standard here.
fn whole(degrees: f64) -> f64 {
    degrees.floor().max(1.0)
}

/// Covariance of two areas on the same cases, without DeLong's bias.
pub fn unbiased_covariance(first: &[f64], second: &[f64], truth: &[bool]) -> Result<f64, Undefined> {
    let [one, two] = [first, second].map(|ratings| Success::of(ratings, truth));
    let (n0, n1) = (one.rows.len() as f64, one.columns.len() as f64);
    if n0 < 2.0 || n1 < 2.0 {
        return Err(Undefined::TooFewCases);
    }
    let [m5, m6, m7, m8] = shared(&one, &two, n0, n1);
    Ok((m5 + (n1 - 1.0) * m6 + (n0 - 1.0) * m7 + (n0 - 1.0) * (n1 - 1.0) * m8) / (n0 * n1) - m8)
}

/// One reader in one modality: 1 where the positive case is rated above the negative one, ½ for equal ratings.
struct Success {
    /// By negative case, then positive case.
    scores: Vec<Vec<f64>>,
    /// Sums over positive cases.
    rows: Vec<f64>,
    /// Sums over negative cases.
    columns: Vec<f64>,
    total: f64,
}

impl Success {
    fn of(ratings: &[f64], truth: &[bool]) -> Self {
        let of_class = |wanted: bool| {
            let cases = ratings.iter().zip(truth).filter(move |(_, truth)| **truth == wanted);
            cases.map(|(rating, _)| *rating).collect::<Vec<f64>>()
        };
        let (negatives, positives) = (of_class(false), of_class(true));
        let success = |negative: &f64, positive: &f64| match positive.total_cmp(negative) {
            _ if positive == negative => 0.5,
            std::cmp::Ordering::Greater => 1.0,
            _ => 0.0,
        };
        let row = |negative: &f64| positives.iter().map(|positive| success(negative, positive)).collect::<Vec<f64>>();
        let scores: Vec<Vec<f64>> = negatives.iter().map(row).collect();
        let rows: Vec<f64> = scores.iter().map(|row| row.iter().sum()).collect();
        let mut columns = vec![0.0; positives.len()];
        for row in &scores {
            columns.iter_mut().zip(row).for_each(|(sum, score)| *sum += score);
        }
        let total = rows.iter().sum();
        Self { scores, rows, columns, total }
    }
}

fn successes(readings: &Readings, modality: usize) -> Vec<Success> {
    let readers = (0..readings.n_readers()).into_par_iter();
    readers.map(|reader| Success::of(readings.ratings(modality, reader), readings.truth())).collect()
}

struct Sizes {
    n0: f64,
    n1: f64,
    n_readers: f64,
}

impl Sizes {
    fn of(readings: &Readings) -> Result<Self, Undefined> {
        let n1 = readings.truth().iter().filter(|truth| **truth).count();
        let n0 = readings.truth().len() - n1;
        if n0 < 2 || n1 < 2 {
            return Err(Undefined::TooFewCases);
        }
        Ok(Self { n0: n0 as f64, n1: n1 as f64, n_readers: readings.n_readers() as f64 })
    }

    fn n_scores(&self) -> f64 {
        self.n0 * self.n1 * self.n_readers
    }

    /// Of the mean over readers and pairs of cases.
    fn variance(&self, Moments([m1, m2, m3, m4, m5, m6, m7, m8]): &Moments) -> f64 {
        let Self { n0, n1, n_readers } = self;
        let (a, b, r) = (n0 - 1.0, n1 - 1.0, n_readers - 1.0);
        let own = m1 + b * m2 + a * m3 + a * b * m4;
        let others = m5 + b * m6 + a * m7 + a * b * m8;
        (own + r * others) / self.n_scores() - m8
    }

    /// Satterthwaite over readers, negative and positive cases.
    fn degrees(&self, moments: &Moments) -> Result<f64, Undefined> {
        let Self { n0, n1, n_readers } = *self;
        let Moments([m1, m2, m3, m4, m5, m6, m7, m8]) = *moments;
        let (negative, positive, reader) = (m6 - m8, m7 - m8, m4 - m8);
        let (negative_positive, negative_reader, positive_reader) =
            (m5 - m6 - m7 + m8, m2 - m4 - m6 + m8, m3 - m4 - m7 + m8);
        let all = m1 - m2 - m3 - m5 + m4 + m6 + m7 - m8;
        let of_negative = n_readers * n1 * negative + n1 * negative_reader + n_readers * negative_positive + all;
        let of_positive = n_readers * n0 * positive + n0 * positive_reader + n_readers * negative_positive + all;
        let of_reader = n0 * n1 * reader + n1 * negative_reader + n0 * positive_reader + all;
        let part = |sum: f64, n: f64| (sum / self.n_scores()).powi(2) / (n - 1.0);
        let total = self.variance(moments);
        let degrees = total.powi(2) / (part(of_negative, n0) + part(of_positive, n1) + part(of_reader, n_readers));
        if total > 0.0 && degrees.is_finite() { Ok(degrees) } else { Err(Undefined::NoVariation) }
    }
}

/// Averages over all pairs of readers, alike and different ones.
fn moments(first: &[Success], second: &[Success], sizes: &Sizes) -> Moments {
    let n = sizes.n_readers;
    let all = (0..first.len()).flat_map(|a| (0..second.len()).map(move |b| (a, b)));
    let sums: Vec<(bool, [f64; 4])> = all
        .collect::<Vec<_>>()
        .into_par_iter()
        .filter_map(|(a, b)| Some((a == b, shared(first.get(a)?, second.get(b)?, sizes.n0, sizes.n1))))
        .collect();
    let average = |is_same: bool, n_pairs: f64| -> [f64; 4] {
        let chosen = sums.iter().filter(|(same, _)| *same == is_same);
        chosen.fold([0.0; 4], |sum, (_, one)| std::array::from_fn(|k| sum[k] + one[k] / n_pairs))
    };
    let [m1, m2, m3, m4] = average(true, n);
    let [m5, m6, m7, m8] = average(false, n * (n - 1.0));
    Moments([m1, m2, m3, m4, m5, m6, m7, m8])
}

/// Means of products of two success scores that share both cases, the negative, the positive, and none.
fn shared(a: &Success, b: &Success, n0: f64, n1: f64) -> [f64; 4] {
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    let both: f64 = a.scores.iter().zip(&b.scores).map(|(x, y)| dot(x, y)).sum();
    let negative = dot(&a.rows, &b.rows);
    let positive = dot(&a.columns, &b.columns);
    [
        both / (n0 * n1),
        (negative - both) / (n0 * n1 * (n1 - 1.0)),
        (positive - both) / (n0 * n1 * (n0 - 1.0)),
        (a.total * b.total - negative - positive + both) / (n0 * n1 * (n0 - 1.0) * (n1 - 1.0)),
    ]
}
