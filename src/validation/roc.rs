//! The receiver operating characteristic: the curve with ties, its area with DeLong's interval, and areas compared.

use serde::Serialize;

use crate::validation::estimate::{Count, Estimate, Interval, Test, Undefined, or_reason};
use crate::validation::scores::{Ranked, Tie, checked, order_with_ties};
use crate::validation::special::{normal_reach, normal_two_sided, t_reach, t_two_sided};

const AREA: &str = "area under the ROC curve: chance that a positive case scores above a negative one, ties half";
const DIFFERENCE: &str = "difference of two areas under the ROC curve";

/// Calling positive what scores `threshold` or above; the first point of a curve calls nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RocPoint {
    /// None at the origin.
    pub threshold: Option<f64>,
    pub sensitivity: f64,
    pub false_positive_rate: f64,
}

/// One point per distinct score, from (0, 0) to (1, 1). A score that holds cases of both classes is one slanted step.
pub fn curve(ranked: &Ranked) -> Result<Vec<RocPoint>, Undefined> {
    ranked.needs_both()?;
    let (n1, n0) = (ranked.n_positive as f64, ranked.n_negative as f64);
    let mut points = vec![RocPoint { threshold: None, sensitivity: 0.0, false_positive_rate: 0.0 }];
    let (mut tp, mut fp) = (0, 0);
    for tie in ranked.ties.iter().rev() {
        tp += tie.n_positive;
        fp += tie.n_negative;
        let (sensitivity, false_positive_rate) = (tp as f64 / n1, fp as f64 / n0);
        points.push(RocPoint { threshold: Some(tie.score), sensitivity, false_positive_rate });
    }
    Ok(points)
}

/// An area and its variance by DeLong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    pub auc: f64,
    /// `None` with fewer than two positive or two negative cases.
    pub variance: Option<f64>,
    pub n_positive: usize,
    pub n_negative: usize,
}

/// DeLong, DeLong and Clarke-Pearson, Biometrics 1988;44:837, in one walk over the groups of ties (Sun and Xu, IEEE
/// Signal Process Lett 2014;21:1389): sums of integers, rounded once.
pub fn area(ranked: &Ranked) -> Result<Area, Undefined> {
    ranked.needs_both()?;
    let (n1, n0) = (ranked.n_positive as u64, ranked.n_negative as u64);
    let (mut below_positive, mut below_negative) = (0_u64, 0_u64);
    let mut sum = 0_u128;
    let (mut squares_positive, mut squares_negative) = (0_u128, 0_u128);
    for Tie { n_positive, n_negative, .. } in &ranked.ties {
        let (p, n) = (*n_positive as u64, *n_negative as u64);
        // Twice the number of cases of the other class that a case of this group is placed above.
        let of_positive = u128::from(2 * below_negative + n);
        let of_negative = u128::from(2 * (n1 - below_positive) - p);
        sum += of_positive * u128::from(p);
        squares_positive += of_positive * of_positive * u128::from(p);
        squares_negative += of_negative * of_negative * u128::from(n);
        below_positive += p;
        below_negative += n;
    }
    let spread = |squares: u128, n: u64, n_other: u64| {
        // Σ(x − mean)² = (n Σx² − (Σx)²) / n, each x over 2 n_other.
        let centered = squares * u128::from(n) - sum * sum;
        let (n, n_other) = (n as f64, n_other as f64);
        centered as f64 / n / (n - 1.0) / (4.0 * n_other * n_other)
    };
    let (m, k) = (n1 as f64, n0 as f64);
    let variance =
        (n1 > 1 && n0 > 1).then(|| spread(squares_positive, n1, n0) / m + spread(squares_negative, n0, n1) / k);
    Ok(Area { auc: sum as f64 / 2.0 / m / k, variance, n_positive: ranked.n_positive, n_negative: ranked.n_negative })
}

/// How the interval of an area is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AreaInterval {
    /// Symmetric, cut at 0 and 1.
    Normal,
    /// On the logit scale: stays inside near 1.
    Logit,
}

/// The area with DeLong's interval.
pub fn auroc(ranked: &Ranked, kind: AreaInterval, level: f64) -> Estimate {
    let count = Count { n: ranked.n_positive + ranked.n_negative, of: "cases" };
    match area(ranked) {
        Ok(area) => Estimate::new(Ok(area.auc), area_interval(&area, kind, level), count, AREA),
        Err(why) => Estimate::bare(Err(why), count, AREA),
    }
}

fn area_interval(area: &Area, kind: AreaInterval, level: f64) -> Result<Interval, Undefined> {
    let error = area.variance.ok_or(Undefined::TooFewCases)?.max(0.0).sqrt();
    // Where the classes do not overlap the variance is 0, which is no certainty.
    if error == 0.0 {
        return Err(Undefined::NoVariation);
    }
    let (z, auc) = (normal_reach(level), area.auc);
    match kind {
        AreaInterval::Normal => {
            Ok(Interval { low: auc - z * error, high: auc + z * error, level, method: "DeLong" }.within(0.0, 1.0))
        }
        AreaInterval::Logit => {
            let center = (auc / (1.0 - auc)).ln();
            let reach = z * error / (auc * (1.0 - auc));
            let from_logit = |x: f64| 1.0 / (1.0 + (-x).exp());
            let (low, high) = (from_logit(center - reach), from_logit(center + reach));
            Ok(Interval { low, high, level, method: "DeLong, logit" })
        }
    }
}

/// What each case adds to the area: of a positive case the share of negatives that it outscores, of a negative one the
/// share of positives that outscore it. In the order of the cases.
#[derive(Clone, Debug, PartialEq)]
pub struct Placements {
    pub of_positives: Vec<f64>,
    pub of_negatives: Vec<f64>,
}

impl Placements {
    pub fn of(scores: &[f64], truth: &[bool]) -> Result<Self, Undefined> {
        checked(scores, truth)?;
        let order = order_with_ties(scores);
        let n_groups = order.last().map_or(0, |(group, _)| *group as usize + 1);
        let mut groups = vec![(0_usize, 0_usize); n_groups];
        let is_positive = |at: usize| truth.get(at).copied().unwrap_or(false);
        for (group, at) in &order {
            if let Some((p, n)) = groups.get_mut(*group as usize) {
                if is_positive(*at) { *p += 1 } else { *n += 1 }
            }
        }
        let n1 = truth.iter().filter(|truth| **truth).count();
        let n0 = truth.len() - n1;
        match (n1, n0) {
            (0, 0) => return Err(Undefined::NoCases),
            (0, _) => return Err(Undefined::NoPositives),
            (_, 0) => return Err(Undefined::NoNegatives),
            _ => {}
        }
        let (mut below_positive, mut below_negative) = (0, 0);
        let shares: Vec<(f64, f64)> = groups
            .iter()
            .map(|(p, n)| {
                let of_positive = (below_negative as f64 + *n as f64 / 2.0) / n0 as f64;
                let of_negative = ((n1 - below_positive) as f64 - *p as f64 / 2.0) / n1 as f64;
                below_positive += p;
                below_negative += n;
                (of_positive, of_negative)
            })
            .collect();
        let mut of_case = vec![0.0; scores.len()];
        for (group, at) in &order {
            let share = shares.get(*group as usize).copied().unwrap_or_default();
            if let Some(place) = of_case.get_mut(*at) {
                *place = if is_positive(*at) { share.0 } else { share.1 };
            }
        }
        let pick = |wanted: bool| {
            of_case.iter().zip(truth).filter(|(_, truth)| **truth == wanted).map(|(value, _)| *value).collect()
        };
        Ok(Self { of_positives: pick(true), of_negatives: pick(false) })
    }

    pub fn auc(&self) -> f64 {
        mean(&self.of_positives)
    }

    /// DeLong's covariance of two areas on the same cases; `None` with fewer than two of a class.
    pub fn covariance(&self, other: &Self) -> Option<f64> {
        let positives = covariance(&self.of_positives, &other.of_positives)?;
        let negatives = covariance(&self.of_negatives, &other.of_negatives)?;
        Some(positives / self.of_positives.len() as f64 + negatives / self.of_negatives.len() as f64)
    }
}

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// With n − 1.
pub fn covariance(a: &[f64], b: &[f64]) -> Option<f64> {
    let (mean_a, mean_b) = (mean(a), mean(b));
    let sum: f64 = a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b)).sum();
    (a.len() > 1).then(|| sum / (a.len() - 1) as f64)
}

/// Two areas beside one another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AreaComparison {
    pub difference: Estimate,
    #[serde(serialize_with = "or_reason")]
    pub test: Result<Test, Undefined>,
}

/// Two scores of the same cases (DeLong 1988).
pub fn compare_paired(first: &[f64], second: &[f64], truth: &[bool], level: f64) -> AreaComparison {
    let count = Count { n: truth.len(), of: "paired cases" };
    let parts = || -> Result<(f64, f64), Undefined> {
        let (a, b) = (Placements::of(first, truth)?, Placements::of(second, truth)?);
        let covariance = |one: &Placements, two: &Placements| one.covariance(two).ok_or(Undefined::TooFewCases);
        let variance = covariance(&a, &a)? + covariance(&b, &b)? - 2.0 * covariance(&a, &b)?;
        Ok((a.auc() - b.auc(), variance.max(0.0)))
    };
    let (difference, variance) = match parts() {
        Ok(parts) => parts,
        Err(why) => return AreaComparison { difference: Estimate::bare(Err(why), count, DIFFERENCE), test: Err(why) },
    };
    let error = variance.sqrt();
    // Twice the same ranking: rounding is no variance.
    if error < 1e-12 {
        let difference = Estimate::new(Ok(difference), Err(Undefined::NoVariation), count, DIFFERENCE);
        return AreaComparison { difference, test: Err(Undefined::NoVariation) };
    }
    let z = difference / error;
    let reach = normal_reach(level) * error;
    let interval = Interval { low: difference - reach, high: difference + reach, level, method: "DeLong, paired" };
    AreaComparison {
        difference: Estimate::new(Ok(difference), Ok(interval.within(-1.0, 1.0)), count, DIFFERENCE),
        test: Ok(Test { kind: "z", statistic: z, degrees: [None, None], p: normal_two_sided(z) }),
    }
}

/// Scores of different cases, with Welch's degrees of freedom.
pub fn compare_unpaired(first: &Area, second: &Area, level: f64) -> AreaComparison {
    let n = |area: &Area| area.n_positive + area.n_negative;
    let count = Count { n: n(first) + n(second), of: "cases of both groups" };
    let difference = first.auc - second.auc;
    let refused =
        |why| AreaComparison { difference: Estimate::new(Ok(difference), Err(why), count, DIFFERENCE), test: Err(why) };
    let (Some(v1), Some(v2)) = (first.variance, second.variance) else { return refused(Undefined::TooFewCases) };
    let variance = v1 + v2;
    if variance <= 0.0 {
        return refused(Undefined::NoVariation);
    }
    let degrees = variance * variance / (v1 * v1 / (n(first) as f64 - 1.0) + v2 * v2 / (n(second) as f64 - 1.0));
    let t = difference / variance.sqrt();
    let reach = t_reach(level, degrees) * variance.sqrt();
    let interval = Interval { low: difference - reach, high: difference + reach, level, method: "DeLong, unpaired" };
    AreaComparison {
        difference: Estimate::new(Ok(difference), Ok(interval.within(-1.0, 1.0)), count, DIFFERENCE),
        test: Ok(Test { kind: "t", statistic: t, degrees: [Some(degrees), None], p: t_two_sided(t, degrees) }),
    }
}

/// Area of the part of the curve where specificity lies between `low` and `high`, not standardized.
pub fn partial_area(ranked: &Ranked, low: f64, high: f64) -> Result<f64, Undefined> {
    if !(0.0..=1.0).contains(&low) || !(low..=1.0).contains(&high) {
        return Err(Undefined::OutOfRange);
    }
    let points = curve(ranked)?;
    let (from, to) = (1.0 - high, 1.0 - low);
    let segments = points.iter().zip(points.iter().skip(1));
    let areas = segments.map(|(a, b)| {
        let (x0, x1) = (a.false_positive_rate.max(from), b.false_positive_rate.min(to));
        if x1 <= x0 {
            return 0.0;
        }
        let slope = (b.sensitivity - a.sensitivity) / (b.false_positive_rate - a.false_positive_rate);
        let at = |x: f64| a.sensitivity + slope * (x - a.false_positive_rate);
        (x1 - x0) * (at(x0) + at(x1)) / 2.0
    });
    Ok(areas.sum())
}
