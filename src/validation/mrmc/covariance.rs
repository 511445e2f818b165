//! Figures of merit of every reader in every modality, and how they vary together over cases.

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::validation::estimate::{Undefined, finite};
use crate::validation::mrmc::Readings;
use crate::validation::mrmc::bdg::unbiased_covariance;
use crate::validation::roc::{Placements, mean};

/// A figure of merit per modality and reader, with the covariance of all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Merits {
    n_modalities: usize,
    n_readers: usize,
    /// By modality, then reader.
    values: Vec<f64>,
    /// Of `values` with `values`, row by row.
    covariances: Vec<f64>,
    pub n_cases: usize,
    /// What the values are, and how their covariance was found.
    pub definition: &'static str,
}

impl Merits {
    /// Areas under the ROC curve with DeLong's covariance.
    pub fn by_delong(readings: &Readings) -> Result<Self, Undefined> {
        let truth = readings.truth();
        let placements = pairs(readings.n_modalities(), readings.n_readers())
            .into_par_iter()
            .map(|(modality, reader)| Placements::of(readings.ratings(modality, reader), truth))
            .collect::<Result<Vec<_>, _>>()?;
        let values = placements.iter().map(Placements::auc).collect();
        let covariance = |a: &Placements, b: &Placements| a.covariance(b).ok_or(Undefined::TooFewCases);
        let covariances = square(&placements, covariance)?;
        Ok(Self::of(readings, values, covariances, "area under the ROC curve; covariance by DeLong"))
    }

    /// Areas under the ROC curve with the unbiased covariance of U-statistics (Gallas 2006).
    pub fn by_u_statistics(readings: &Readings) -> Result<Self, Undefined> {
        let truth = readings.truth();
        let all = pairs(readings.n_modalities(), readings.n_readers());
        let ratings: Vec<&[f64]> = all.iter().map(|(modality, reader)| readings.ratings(*modality, *reader)).collect();
        let values = ratings.iter().map(|ratings| Placements::of(ratings, truth).map(|one| one.auc()));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let covariances = square(&ratings, |a, b| unbiased_covariance(a, b, truth))?;
        Ok(Self::of(readings, values, covariances, "area under the ROC curve; unbiased covariance"))
    }

    /// Any figure of merit: `merit` of a modality, a reader and the case that is left out. `counts_in` tells the cases
    /// that the figure depends on; the others are no part of the jackknife.
    pub fn by_jackknife(
        [n_modalities, n_readers]: [usize; 2],
        n_cases: usize,
        counts_in: &(dyn Fn(usize) -> bool + Sync),
        definition: &'static str,
        merit: &(dyn Fn(usize, usize, Option<usize>) -> Result<f64, Undefined> + Sync),
    ) -> Result<Self, Undefined> {
        let all = pairs(n_modalities, n_readers);
        let values =
            all.iter().map(|(modality, reader)| merit(*modality, *reader, None)).collect::<Result<Vec<_>, _>>()?;
        let left_out: Vec<usize> = (0..n_cases).filter(|case| counts_in(*case)).collect();
        if left_out.len() < 2 {
            return Err(Undefined::TooFewCases);
        }
        let replicates = all
            .into_par_iter()
            .map(|(modality, reader)| {
                left_out.iter().map(|case| merit(modality, reader, Some(*case))).collect::<Result<Vec<_>, _>>()
            })
            .collect::<Result<Vec<_>, _>>()?;
        let n = left_out.len() as f64;
        let covariances = square(&replicates, |a, b| {
            let (mean_a, mean_b) = (mean(a), mean(b));
            let sum: f64 = a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b)).sum();
            finite(sum * (n - 1.0) / n)
        })?;
        Ok(Self { n_modalities, n_readers, values, covariances, n_cases, definition })
    }

    /// Areas under the ROC curve with the jackknife over all cases.
    pub fn auc_by_jackknife(readings: &Readings) -> Result<Self, Undefined> {
        let truth = readings.truth();
        let definition = "area under the ROC curve; covariance by jackknife";
        let sizes = [readings.n_modalities(), readings.n_readers()];
        let merit = |modality, reader, omitted| {
            let ratings: Vec<f64> = without(readings.ratings(modality, reader), omitted);
            Placements::of(&ratings, &without(truth, omitted)).map(|placements| placements.auc())
        };
        Self::by_jackknife(sizes, truth.len(), &|_| true, definition, &merit)
    }

    /// Share of positive cases rated `threshold` or above, with the jackknife over the positive cases.
    pub fn sensitivity_by_jackknife(readings: &Readings, threshold: f64) -> Result<Self, Undefined> {
        let truth = readings.truth();
        let definition = "sensitivity at the threshold; covariance by jackknife";
        let sizes = [readings.n_modalities(), readings.n_readers()];
        let merit = |modality, reader, omitted| {
            let cases = readings.ratings(modality, reader).iter().zip(truth).zip(0..);
            let positive = cases.filter(|((_, truth), case)| **truth && Some(*case) != omitted);
            let calls: Vec<f64> = positive.map(|((rating, _), _)| f64::from(u8::from(*rating >= threshold))).collect();
            if calls.is_empty() { Err(Undefined::NoPositives) } else { Ok(mean(&calls)) }
        };
        let counts_in = |case: usize| truth.get(case).copied().unwrap_or(false);
        Self::by_jackknife(sizes, truth.len(), &counts_in, definition, &merit)
    }

    fn of(readings: &Readings, values: Vec<f64>, covariances: Vec<f64>, definition: &'static str) -> Self {
        let (n_modalities, n_readers) = (readings.n_modalities(), readings.n_readers());
        Self { n_modalities, n_readers, values, covariances, n_cases: readings.truth().len(), definition }
    }

    pub fn n_modalities(&self) -> usize {
        self.n_modalities
    }

    pub fn n_readers(&self) -> usize {
        self.n_readers
    }

    pub fn value(&self, modality: usize, reader: usize) -> f64 {
        self.values.get(modality * self.n_readers + reader).copied().unwrap_or(f64::NAN)
    }

    pub fn covariance(&self, first: (usize, usize), second: (usize, usize)) -> f64 {
        let place = |(modality, reader): (usize, usize)| modality * self.n_readers + reader;
        let at = place(first) * self.n_modalities * self.n_readers + place(second);
        self.covariances.get(at).copied().unwrap_or(f64::NAN)
    }
}

/// Every modality with every reader.
pub fn pairs(n_modalities: usize, n_readers: usize) -> Vec<(usize, usize)> {
    (0..n_modalities).flat_map(|modality| (0..n_readers).map(move |reader| (modality, reader))).collect()
}

fn without<T: Copy>(values: &[T], omitted: Option<usize>) -> Vec<T> {
    values.iter().zip(0..).filter(|(_, at)| Some(*at) != omitted).map(|(value, _)| *value).collect()
}

fn square<T: Sync>(
    items: &[T],
    entry: impl Fn(&T, &T) -> Result<f64, Undefined> + Sync,
) -> Result<Vec<f64>, Undefined> {
    let rows = items.into_par_iter().map(|a| items.iter().map(|b| entry(a, b)).collect::<Result<Vec<f64>, _>>());
    Ok(rows.collect::<Result<Vec<_>, _>>()?.concat())
}
