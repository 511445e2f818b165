//! Free-response reading: marks anywhere, lesions hit or missed (Chakraborty, Observer Performance Methods, 2017).

use serde::Serialize;

use crate::validation::estimate::{Count, Estimate, Undefined};
use crate::validation::resampling::jackknife;

/// A place that was marked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    pub rating: f64,
    /// Which of the case's lesions it hits; `None`: none of them.
    pub lesion: Option<usize>,
}

/// One case: how its lesions weigh (none for a case without lesions), and the marks on it.
#[derive(Clone, Debug, PartialEq)]
pub struct FrocCase {
    /// Adding up to 1 where there are any.
    weights: Vec<f64>,
    marks: Vec<Mark>,
}

impl FrocCase {
    /// Lesions of equal weight.
    pub fn new(n_lesions: usize, marks: Vec<Mark>) -> Result<Self, Undefined> {
        Self::weighted(vec![1.0; n_lesions], marks)
    }

    /// Weights are divided by their sum.
    pub fn weighted(weights: Vec<f64>, marks: Vec<Mark>) -> Result<Self, Undefined> {
        let sum: f64 = weights.iter().sum();
        if weights.iter().any(|weight| !(weight.is_finite() && *weight > 0.0)) {
            return Err(Undefined::OutOfRange);
        }
        if marks.iter().any(|mark| mark.rating.is_nan()) {
            return Err(Undefined::NotANumber);
        }
        if marks.iter().any(|mark| mark.lesion.is_some_and(|lesion| lesion >= weights.len())) {
            return Err(Undefined::OutOfRange);
        }
        Ok(Self { weights: weights.iter().map(|weight| weight / sum).collect(), marks })
    }

    pub fn n_lesions(&self) -> usize {
        self.weights.len()
    }

    /// The highest rating of each lesion; −∞ where nobody marked it.
    fn lesion_ratings(&self) -> Vec<f64> {
        let mut ratings = vec![f64::NEG_INFINITY; self.weights.len()];
        for mark in &self.marks {
            if let Some(rating) = mark.lesion.and_then(|lesion| ratings.get_mut(lesion)) {
                *rating = rating.max(mark.rating);
            }
        }
        ratings
    }

    fn false_ratings(&self) -> impl Iterator<Item = f64> {
        self.marks.iter().filter(|mark| mark.lesion.is_none()).map(|mark| mark.rating)
    }

    /// The highest rating of a mark that hits nothing; −∞ without one.
    fn highest_false(&self) -> f64 {
        self.false_ratings().fold(f64::NEG_INFINITY, f64::max)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FrocPoint {
    pub threshold: f64,
    /// Marks that hit nothing, per case.
    pub false_marks_per_case: f64,
    /// Lesions hit, of all lesions.
    pub lesion_fraction: f64,
}

/// One point per distinct rating, highest first.
pub fn curve(cases: &[FrocCase]) -> Result<Vec<FrocPoint>, Undefined> {
    let n_lesions: usize = cases.iter().map(FrocCase::n_lesions).sum();
    if cases.is_empty() {
        return Err(Undefined::NoCases);
    }
    if n_lesions == 0 {
        return Err(Undefined::NoPositives);
    }
    let hits = cases.iter().flat_map(FrocCase::lesion_ratings).filter(|rating| *rating > f64::NEG_INFINITY);
    let mut marks: Vec<(f64, bool)> = hits.map(|rating| (rating, true)).collect();
    marks.extend(cases.iter().flat_map(FrocCase::false_ratings).map(|rating| (rating, false)));
    marks.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut n_hit, mut n_false) = (0, 0);
    let mut points: Vec<FrocPoint> = Vec::new();
    for (threshold, is_hit) in marks {
        if is_hit {
            n_hit += 1
        } else {
            n_false += 1
        }
        let point = FrocPoint {
            threshold,
            false_marks_per_case: n_false as f64 / cases.len() as f64,
            lesion_fraction: n_hit as f64 / n_lesions as f64,
        };
        match points.last_mut() {
            Some(last) if last.threshold == threshold => *last = point,
            _ => points.push(point),
        }
    }
    Ok(points)
}

/// The lesion fraction at so many false marks per case: linear between the curve's points, as LUNA16 has it; from (0, 0),
/// and level after the last point.
pub fn sensitivity_at(points: &[FrocPoint], false_marks_per_case: f64) -> f64 {
    let (mut x0, mut y0) = (0.0, 0.0);
    for point in points {
        let (x1, y1) = (point.false_marks_per_case, point.lesion_fraction);
        if x1 > false_marks_per_case {
            return y0 + (y1 - y0) * (false_marks_per_case - x0) / (x1 - x0);
        }
        (x0, y0) = (x1, y1);
    }
    y0
}

/// The false marks per case at which LUNA16 averages.
pub const LUNA_RATES: [f64; 7] = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];

/// The mean lesion fraction at the seven rates (competition performance metric).
pub fn competition_metric(points: &[FrocPoint]) -> f64 {
    LUNA_RATES.iter().map(|rate| sensitivity_at(points, *rate)).sum::<f64>() / LUNA_RATES.len() as f64
}

/// Whose marks stand for false alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FalseAlarms {
    /// Of cases without lesions.
    CasesWithoutLesions,
    /// Of all cases.
    AllCases,
}

/// How lesions weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LesionWeight {
    /// Each lesion alike.
    Alike,
    /// Each case alike, its lesions by their weights.
    ByCase,
}

/// A free-response figure of merit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrocMerit {
    pub false_alarms: FalseAlarms,
    pub weight: LesionWeight,
}

/// Area under the alternative FROC curve.
pub const AFROC: FrocMerit = FrocMerit { false_alarms: FalseAlarms::CasesWithoutLesions, weight: LesionWeight::Alike };
/// Area under the weighted alternative FROC curve.
pub const WAFROC: FrocMerit =
    FrocMerit { false_alarms: FalseAlarms::CasesWithoutLesions, weight: LesionWeight::ByCase };

impl FrocMerit {
    fn definition(self) -> &'static str {
        match (self.weight, self.false_alarms) {
            (LesionWeight::Alike, FalseAlarms::CasesWithoutLesions) => {
                "AFROC: chance that a lesion is rated above the highest mark on a case without lesions, ties half"
            }
            (LesionWeight::ByCase, FalseAlarms::CasesWithoutLesions) => {
                "wAFROC: as AFROC, each case with lesions weighs alike"
            }
            (LesionWeight::Alike, FalseAlarms::AllCases) => {
                "AFROC1: chance that a lesion is rated above the highest false mark on a case, ties half"
            }
            (LesionWeight::ByCase, FalseAlarms::AllCases) => "wAFROC1: as AFROC1, each case with lesions weighs alike",
        }
    }

    /// The figure of these cases; a lesion that nobody marked is below every mark, and ties with no mark at all.
    pub fn value(self, cases: &[FrocCase], omitted: Option<usize>) -> Result<f64, Undefined> {
        let kept = || cases.iter().zip(0..).filter(|(_, at)| Some(*at) != omitted).map(|(case, _)| case);
        let alarms = kept().filter(|case| self.false_alarms == FalseAlarms::AllCases || case.n_lesions() == 0);
        let mut false_ratings: Vec<f64> = alarms.map(FrocCase::highest_false).collect();
        false_ratings.sort_by(f64::total_cmp);
        if false_ratings.is_empty() {
            return Err(Undefined::NoNegatives);
        }
        let n_false = false_ratings.len() as f64;
        let (mut sum, mut weights) = (0.0, 0.0);
        for case in kept() {
            for (rating, weight) in case.lesion_ratings().into_iter().zip(&case.weights) {
                let below = false_ratings.partition_point(|one| *one < rating) as f64;
                let up_to = false_ratings.partition_point(|one| *one <= rating) as f64;
                let weight = if self.weight == LesionWeight::Alike { 1.0 } else { *weight };
                sum += weight * (below + up_to) / 2.0 / n_false;
                weights += weight;
            }
        }
        if weights == 0.0 { Err(Undefined::NoPositives) } else { Ok(sum / weights) }
    }

    /// With the jackknife's interval over cases.
    pub fn estimate(self, cases: &[FrocCase], level: f64) -> Estimate {
        let count = Count { n: cases.len(), of: "cases" };
        let interval = jackknife(cases.len(), level, &|omitted| self.value(cases, omitted));
        let interval = interval.map(|interval| interval.within(0.0, 1.0));
        Estimate::new(self.value(cases, None), interval, count, self.definition())
    }
}
