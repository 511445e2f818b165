//! Krippendorff's alpha: any number of raters, gaps allowed (Computing Krippendorff's Alpha-Reliability, 2011).

use crate::validation::estimate::{Count, Estimate, Undefined, ratio};
use crate::validation::resampling::jackknife;

/// What a difference between two values means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    Nominal,
    Ordinal,
    Interval,
    Ratio,
}

/// By unit (case), the values that its raters gave; a gap is simply not there.
pub fn alpha(units: &[Vec<f64>], metric: Metric, level: f64) -> Estimate {
    let definition = match metric {
        Metric::Nominal => "Krippendorff's alpha, nominal",
        Metric::Ordinal => "Krippendorff's alpha, ordinal",
        Metric::Interval => "Krippendorff's alpha, interval",
        Metric::Ratio => "Krippendorff's alpha, ratio",
    };
    let paired: Vec<&Vec<f64>> = units.iter().filter(|unit| unit.len() > 1).collect();
    let count = Count { n: paired.len(), of: "cases rated at least twice" };
    if units.iter().flatten().any(|value| !value.is_finite()) {
        return Estimate::bare(Err(Undefined::NotANumber), count, definition);
    }
    let value = |omitted: Option<usize>| {
        let kept = paired.iter().zip(0..).filter(|(_, at)| Some(*at) != omitted).map(|(unit, _)| unit.as_slice());
        of_units(&kept.collect::<Vec<_>>(), metric)
    };
    let interval = jackknife(paired.len(), level, &value).map(|interval| interval.within(-1.0, 1.0));
    Estimate::new(value(None), interval, count, definition)
}

fn of_units(units: &[&[f64]], metric: Metric) -> Result<f64, Undefined> {
    let mut values: Vec<f64> = units.iter().copied().flatten().copied().collect();
    let n = values.len() as f64;
    if values.is_empty() {
        return Err(Undefined::NoCases);
    }
    values.sort_by(f64::total_cmp);
    values.dedup();
    let place = |value: f64| values.partition_point(|one| *one < value);
    let mut totals = vec![0.0; values.len()];
    let mut coincidences = vec![vec![0.0; values.len()]; values.len()];
    for unit in units {
        let weight = 1.0 / (unit.len() as f64 - 1.0);
        for (a, first) in unit.iter().enumerate() {
            if let Some(total) = totals.get_mut(place(*first)) {
                *total += 1.0;
            }
            for (_, second) in unit.iter().enumerate().filter(|(b, _)| *b != a) {
                if let Some(cell) = coincidences.get_mut(place(*first)).and_then(|row| row.get_mut(place(*second))) {
                    *cell += weight;
                }
            }
        }
    }
    let mut until = 0.0;
    // The middle of each value's ranks: what lies between two of them is their ordinal distance.
    let ranks: Vec<f64> = totals
        .iter()
        .map(|total| {
            until += total;
            until - total / 2.0
        })
        .collect();
    let distance = |a: usize, b: usize| -> f64 {
        let pick = |of: &[f64], at: usize| of.get(at).copied().unwrap_or(0.0);
        let (x, y) = (pick(&values, a), pick(&values, b));
        match metric {
            Metric::Nominal => f64::from(u8::from(a != b)),
            Metric::Ordinal => (pick(&ranks, a) - pick(&ranks, b)).powi(2),
            Metric::Interval => (x - y).powi(2),
            Metric::Ratio if x + y == 0.0 => 0.0,
            Metric::Ratio => ((x - y) / (x + y)).powi(2),
        }
    };
    let (mut observed, mut expected) = (0.0, 0.0);
    for ((a, row), of_a) in coincidences.iter().enumerate().zip(&totals) {
        for ((b, cell), of_b) in row.iter().enumerate().zip(&totals) {
            observed += cell * distance(a, b);
            expected += of_a * of_b * distance(a, b);
        }
    }
    ratio(expected - (n - 1.0) * observed, expected, Undefined::NoVariation)
}
