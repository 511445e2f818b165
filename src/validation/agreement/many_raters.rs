//! Categories of any number of raters: Fleiss' kappa and Gwet's AC1.

use crate::validation::estimate::{Count, Estimate, Undefined, ratio};
use crate::validation::resampling::jackknife;

/// How many raters chose each category, per subject; at least two raters per subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    rows: Vec<Vec<usize>>,
    n_categories: usize,
}

impl Choices {
    pub fn new(rows: Vec<Vec<usize>>) -> Result<Self, Undefined> {
        let n_categories = rows.first().map_or(0, Vec::len);
        if rows.is_empty() {
            return Err(Undefined::NoCases);
        }
        if rows.iter().any(|row| row.len() != n_categories) {
            return Err(Undefined::LengthsDiffer);
        }
        if rows.iter().any(|row| row.iter().sum::<usize>() < 2) {
            return Err(Undefined::TooFewCases);
        }
        Ok(Self { rows, n_categories })
    }

    /// Fleiss, Psychol Bull 1971;76:378.
    pub fn fleiss(&self, level: f64) -> Estimate {
        self.estimate(level, "Fleiss' kappa: agreement beyond chance", &|shares| {
            shares.iter().map(|share| share * share).sum()
        })
    }

    /// Gwet, Br J Math Stat Psychol 2008;61:29: chance agreement that does not fall with prevalence.
    pub fn ac1(&self, level: f64) -> Estimate {
        let others = self.n_categories.saturating_sub(1).max(1) as f64;
        self.estimate(level, "Gwet's AC1: agreement beyond chance, little moved by prevalence", &|shares| {
            shares.iter().map(|share| share * (1.0 - share)).sum::<f64>() / others
        })
    }

    fn estimate(&self, level: f64, definition: &'static str, chance: &(dyn Fn(&[f64]) -> f64 + Sync)) -> Estimate {
        let value = |omitted: Option<usize>| {
            let kept = || self.rows.iter().zip(0..).filter(|(_, at)| Some(*at) != omitted).map(|(row, _)| row);
            let n = kept().count() as f64;
            let mut shares = vec![0.0; self.n_categories];
            let mut agreement = 0.0;
            for row in kept() {
                let raters = row.iter().sum::<usize>() as f64;
                let pairs: f64 = row.iter().map(|x| (x * x.saturating_sub(1)) as f64).sum();
                agreement += pairs / (raters * (raters - 1.0)) / n;
                shares.iter_mut().zip(row).for_each(|(share, x)| *share += *x as f64 / raters / n);
            }
            let expected = chance(&shares);
            ratio(agreement - expected, 1.0 - expected, Undefined::NoVariation)
        };
        let count = Count { n: self.rows.len(), of: "cases" };
        let interval = jackknife(self.rows.len(), level, &value).map(|interval| interval.within(-1.0, 1.0));
        Estimate::new(value(None), interval, count, definition)
    }
}
