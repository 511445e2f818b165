//! Certainty by leaving out and by drawing again. Patients are drawn, not images: what one patient has goes together.

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use serde::Serialize;

use crate::validation::estimate::{Interval, Undefined};
use crate::validation::random::Random;
use crate::validation::roc::mean;
use crate::validation::scores::{checked, order_with_ties};
use crate::validation::special::{normal_cdf, normal_quantile, t_reach};

/// How the draws become an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BootstrapInterval {
    Percentile,
    /// Bias-corrected and accelerated (Efron 1987).
    Bca,
}

/// What must be stored to draw the same again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BootstrapPlan {
    pub n_replicates: u32,
    pub seed: u64,
    pub level: f64,
    pub interval: BootstrapInterval,
}

impl Default for BootstrapPlan {
    fn default() -> Self {
        Self { n_replicates: 2_000, seed: 20_240_229, level: 0.95, interval: BootstrapInterval::Percentile }
    }
}

/// Which cases belong to one patient, and which patients are drawn among one another: those with a positive case, and
/// the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patients {
    /// Cases of each patient.
    cases: Vec<Vec<usize>>,
    /// Patients of each stratum.
    strata: Vec<Vec<usize>>,
}

impl Patients {
    /// A patient number per case (any numbers), and the truth for the strata.
    pub fn of(patient_of_case: &[usize], truth: &[bool]) -> Result<Self, Undefined> {
        if patient_of_case.len() != truth.len() {
            return Err(Undefined::LengthsDiffer);
        }
        let mut places = std::collections::BTreeMap::new();
        let mut cases: Vec<Vec<usize>> = Vec::new();
        for (case, patient) in patient_of_case.iter().enumerate() {
            let place = *places.entry(*patient).or_insert(cases.len());
            match cases.get_mut(place) {
                Some(own) => own.push(case),
                None => cases.push(vec![case]),
            }
        }
        let has_positive = |patient: &usize| {
            cases.get(*patient).into_iter().flatten().any(|case| truth.get(*case).copied().unwrap_or(false))
        };
        let (with, without) = (0..cases.len()).partition(has_positive);
        Ok(Self { cases, strata: vec![with, without] })
    }

    /// Each case a patient of its own.
    pub fn one_case_each(truth: &[bool]) -> Self {
        let (with, without) = (0..truth.len()).partition(|case| truth.get(*case).copied().unwrap_or(false));
        Self { cases: (0..truth.len()).map(|case| vec![case]).collect(), strata: vec![with, without] }
    }

    /// Each case a patient of its own, all drawn together.
    pub fn unstratified(n_cases: usize) -> Self {
        Self { cases: (0..n_cases).map(|case| vec![case]).collect(), strata: vec![(0..n_cases).collect()] }
    }

    pub fn n(&self) -> usize {
        self.cases.len()
    }

    /// One draw: the cases of as many patients as there are, with repetition, stratum by stratum.
    fn draw(&self, random: &mut Random, drawn: &mut Vec<usize>) {
        drawn.clear();
        for stratum in &self.strata {
            for _ in 0..stratum.len() {
                let patient = stratum.get(random.below(stratum.len())).and_then(|patient| self.cases.get(*patient));
                drawn.extend(patient.into_iter().flatten());
            }
        }
    }

    /// All cases but one patient's.
    fn without(&self, patient: usize) -> Vec<usize> {
        let others = self.cases.iter().zip(0..).filter(|(_, at)| *at != patient);
        others.flat_map(|(cases, _)| cases.iter().copied()).collect()
    }
}

/// A statistic of the cases at these positions, which may repeat.
pub type Statistic<'a> = dyn Fn(&[usize]) -> Result<f64, Undefined> + Sync + 'a;

/// The statistic of every draw, in the order of the draws; draws without a value are left out.
pub fn replicates(patients: &Patients, plan: &BootstrapPlan, statistic: &Statistic<'_>) -> Vec<f64> {
    let one = |replicate: u32| {
        let mut random = Random::of(plan.seed, u64::from(replicate));
        let mut drawn = Vec::new();
        patients.draw(&mut random, &mut drawn);
        statistic(&drawn).ok()
    };
    (0..plan.n_replicates).into_par_iter().map(one).collect::<Vec<_>>().into_iter().flatten().collect()
}

/// The bootstrap interval of any statistic of cases.
pub fn bootstrap(patients: &Patients, plan: &BootstrapPlan, statistic: &Statistic<'_>) -> Result<Interval, Undefined> {
    let drawn = replicates(patients, plan, statistic);
    match plan.interval {
        BootstrapInterval::Percentile => percentile_interval(drawn, plan.level),
        BootstrapInterval::Bca => {
            let all: Vec<usize> = patients.cases.concat();
            let value = statistic(&all)?;
            let left_out = (0..patients.n()).into_par_iter().map(|patient| statistic(&patients.without(patient)));
            bca_interval(drawn, value, &left_out.collect::<Result<Vec<f64>, _>>()?, plan.level)
        }
    }
}

/// The middle of the draws.
pub fn percentile_interval(mut drawn: Vec<f64>, level: f64) -> Result<Interval, Undefined> {
    if drawn.len() < 2 {
        return Err(Undefined::TooFewCases);
    }
    drawn.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    let (low, high) = (quantile(&drawn, tail), quantile(&drawn, 1.0 - tail));
    Ok(Interval { low, high, level, method: "patient bootstrap, percentile" })
}

/// Efron, J Am Stat Assoc 1987;82:171; ties with the value count half.
fn bca_interval(mut drawn: Vec<f64>, value: f64, left_out: &[f64], level: f64) -> Result<Interval, Undefined> {
    if drawn.len() < 2 || left_out.len() < 2 {
        return Err(Undefined::TooFewCases);
    }
    drawn.sort_by(f64::total_cmp);
    let below = drawn.iter().filter(|one| **one < value).count() as f64;
    let equal = drawn.iter().filter(|one| **one == value).count() as f64;
    let share = (below + equal / 2.0) / drawn.len() as f64;
    if share <= 0.0 || share >= 1.0 {
        return Err(Undefined::NoVariation);
    }
    let bias = normal_quantile(share);
    let center = mean(left_out);
    let sum = |power: i32| left_out.iter().map(|one| (center - one).powi(power)).sum::<f64>();
    let spread = sum(2);
    let acceleration = if spread > 0.0 { sum(3) / (6.0 * spread.powf(1.5)) } else { 0.0 };
    let at = |tail: f64| {
        let z = bias + normal_quantile(tail);
        quantile(&drawn, normal_cdf(bias + z / (1.0 - acceleration * z)))
    };
    let tail = (1.0 - level) / 2.0;
    Ok(Interval { low: at(tail), high: at(1.0 - tail), level, method: "patient bootstrap, BCa" })
}

/// Of sorted values, linear between the two nearest; 0 of nothing.
pub fn quantile(sorted: &[f64], fraction: f64) -> f64 {
    let rank = fraction.clamp(0.0, 1.0) * sorted.len().saturating_sub(1) as f64;
    let at = |rank: f64| sorted.get(rank as usize).copied().unwrap_or(0.0);
    let below = at(rank.floor());
    below + (at(rank.ceil()) - below) * rank.fract()
}

/// The interval of a statistic of `n` independent subjects, from its values with each left out; Student's t.
pub fn jackknife(
    n: usize,
    level: f64,
    statistic: &(dyn Fn(Option<usize>) -> Result<f64, Undefined> + Sync),
) -> Result<Interval, Undefined> {
    if n < 3 {
        return Err(Undefined::TooFewCases);
    }
    let value = statistic(None)?;
    let left_out = (0..n).into_par_iter().map(|subject| statistic(Some(subject))).collect::<Result<Vec<f64>, _>>()?;
    let center = mean(&left_out);
    let count = n as f64;
    let variance = left_out.iter().map(|one| (one - center).powi(2)).sum::<f64>() * (count - 1.0) / count;
    if variance <= 0.0 {
        return Err(Undefined::NoVariation);
    }
    let reach = t_reach(level, count - 1.0) * variance.sqrt();
    Ok(Interval { low: value - reach, high: value + reach, level, method: "jackknife" })
}

/// Areas under the ROC curve of drawn patients: ordered once, so that a draw is a walk over counts.
#[derive(Clone, Debug)]
pub struct AreaBootstrap {
    /// Cases from the lowest score to the highest.
    steps: Vec<Step>,
    /// Patients of each stratum, which have numbers in a row.
    n_in_stratum: [u32; 2],
}

#[derive(Clone, Copy, Debug)]
struct Step {
    patient: u32,
    is_positive: bool,
    /// The last of its score.
    ends_tie: bool,
}

impl AreaBootstrap {
    pub fn new(scores: &[f64], truth: &[bool], patients: &Patients) -> Result<Self, Undefined> {
        checked(scores, truth)?;
        let mut patient_of_case = vec![0_usize; scores.len()];
        for (patient, cases) in patients.cases.iter().enumerate() {
            for case in cases {
                *patient_of_case.get_mut(*case).ok_or(Undefined::LengthsDiffer)? = patient;
            }
        }
        let mut stratum_of = vec![0_usize; patients.n()];
        for patient in patients.strata.iter().skip(1).flatten() {
            *stratum_of.get_mut(*patient).ok_or(Undefined::LengthsDiffer)? = 1;
        }
        let size = |stratum: usize| patients.strata.get(stratum).map_or(0, |members| members.len() as u32);
        // Numbered as they come in the order of the scores, so that the walk reads its counts in a row.
        let mut number_of: Vec<Option<u32>> = vec![None; patients.n()];
        let mut next = [0, size(0)];
        let order = order_with_ties(scores);
        let following = order.iter().skip(1).map(|(group, _)| Some(*group)).chain([None]);
        let mut steps = Vec::with_capacity(order.len());
        for ((group, case), group_after) in order.iter().zip(following) {
            let (Some(patient), Some(is_positive)) = (patient_of_case.get(*case), truth.get(*case)) else {
                return Err(Undefined::LengthsDiffer);
            };
            let stratum = stratum_of.get(*patient).copied().unwrap_or(0);
            let (Some(number), Some(next)) = (number_of.get_mut(*patient), next.get_mut(stratum)) else {
                return Err(Undefined::LengthsDiffer);
            };
            let patient = *number.get_or_insert_with(|| std::mem::replace(next, *next + 1));
            steps.push(Step { patient, is_positive: *is_positive, ends_tie: group_after != Some(*group) });
        }
        Ok(Self { steps, n_in_stratum: [size(0), size(1)] })
    }

    /// The area of every draw; draws of one class only are left out.
    pub fn replicates(&self, plan: &BootstrapPlan) -> Vec<f64> {
        let n_patients = self.n_in_stratum.iter().sum::<u32>() as usize;
        let one = |counts: &mut Vec<u32>, replicate: u32| {
            counts.clear();
            counts.resize(n_patients, 0);
            let mut random = Random::of(plan.seed, u64::from(replicate));
            let [first, second] = self.n_in_stratum;
            let (of_first, of_second) = counts.split_at_mut(first as usize);
            for (counts, n) in [(of_first, first), (of_second, second)] {
                draw_counts(counts, n, &mut random);
            }
            self.area(counts)
        };
        let all = (0..plan.n_replicates).into_par_iter().map_init(Vec::new, one);
        all.collect::<Vec<Option<f64>>>().into_iter().flatten().collect()
    }

    pub fn interval(&self, plan: &BootstrapPlan) -> Result<Interval, Undefined> {
        percentile_interval(self.replicates(plan), plan.level)
    }

    fn area(&self, counts: &[u32]) -> Option<f64> {
        let (mut n_positive, mut below, mut sum) = (0_u64, 0_u64, 0_u64);
        let (mut positive, mut negative) = (0_u64, 0_u64);
        for Step { patient, is_positive, ends_tie } in &self.steps {
            let count = u64::from(counts.get(*patient as usize).copied().unwrap_or(0));
            let of_positive = count * u64::from(*is_positive);
            positive += of_positive;
            negative += count - of_positive;
            if *ends_tie {
                sum += positive * (2 * below + negative);
                n_positive += positive;
                below += negative;
                (positive, negative) = (0, 0);
            }
        }
        (n_positive > 0 && below > 0).then(|| sum as f64 / 2.0 / n_positive as f64 / below as f64)
    }
}

/// `n` draws among `n`.
fn draw_counts(counts: &mut [u32], n: u32, random: &mut Random) {
    let mut add = |at: usize| {
        if let Some(count) = counts.get_mut(at) {
            *count += 1;
        }
    };
    for _ in 0..n / 2 {
        let [a, b] = random.two_below(n);
        add(a);
        add(b);
    }
    if n % 2 == 1 {
        add(random.two_below(n)[0]);
    }
}
