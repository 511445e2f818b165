//! Scores with truth, ordered once: groups of equal scores, from which every rank statistic follows.

use rayon::join;
use rayon::slice::ParallelSliceMut as _;

use crate::validation::estimate::Undefined;

/// The cases of one score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tie {
    pub score: f64,
    pub n_positive: usize,
    pub n_negative: usize,
}

/// Scores of positive and negative cases as groups of ties, lowest score first.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    pub ties: Vec<Tie>,
    pub n_positive: usize,
    pub n_negative: usize,
}

impl Ranked {
    /// One score and one truth per case. Infinite scores are in order; one that is no number is refused.
    pub fn of(scores: &[f64], truth: &[bool]) -> Result<Self, Undefined> {
        let (positives, negatives) = parted(scores, truth)?;
        let (positives, negatives) = join(|| sorted_keys(positives), || sorted_keys(negatives));
        Ok(Self { n_positive: positives.len(), n_negative: negatives.len(), ties: merged(&positives, &negatives) })
    }

    /// Both classes are there.
    pub fn needs_both(&self) -> Result<(), Undefined> {
        match (self.n_positive, self.n_negative) {
            (0, 0) => Err(Undefined::NoCases),
            (0, _) => Err(Undefined::NoPositives),
            (_, 0) => Err(Undefined::NoNegatives),
            _ => Ok(()),
        }
    }
}

/// Refuses what no order can be made of.
pub fn checked(scores: &[f64], truth: &[bool]) -> Result<(), Undefined> {
    if scores.len() != truth.len() {
        return Err(Undefined::LengthsDiffer);
    }
    if scores.iter().any(|score| score.is_nan()) { Err(Undefined::NotANumber) } else { Ok(()) }
}

fn parted(scores: &[f64], truth: &[bool]) -> Result<(Vec<u64>, Vec<u64>), Undefined> {
    checked(scores, truth)?;
    let n_positive = truth.iter().filter(|is_positive| **is_positive).count();
    let mut positives = Vec::with_capacity(n_positive);
    let mut negatives = Vec::with_capacity(scores.len() - n_positive);
    for (score, is_positive) in scores.iter().zip(truth) {
        if *is_positive { positives.push(key(*score)) } else { negatives.push(key(*score)) }
    }
    Ok((positives, negatives))
}

/// Bits whose order as integers is the order of the numbers; −0 and 0 are one.
pub fn key(score: f64) -> u64 {
    let bits = (score + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | (1 << 63) }
}

fn score_of(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

/// Below this many a comparison sort is quicker than counting digits.
const FEW: usize = 4_096;
const DIGIT_BITS: u32 = 11;
const N_DIGITS: usize = 1 << DIGIT_BITS;

/// Least significant digit first; a digit that all keys share costs nothing but its count.
fn sorted_keys(mut keys: Vec<u64>) -> Vec<u64> {
    if keys.len() < FEW {
        keys.sort_unstable();
        return keys;
    }
    let n_passes = 64_u32.div_ceil(DIGIT_BITS);
    let digit = |key: u64, pass: u32| (key >> (pass * DIGIT_BITS)) as usize & (N_DIGITS - 1);
    let mut counts = vec![[0_usize; N_DIGITS]; n_passes as usize];
    for key in &keys {
        for (pass, counts) in (0..n_passes).zip(&mut counts) {
            counts[digit(*key, pass)] += 1;
        }
    }
    let mut other = vec![0; keys.len()];
    for (pass, counts) in (0..n_passes).zip(&mut counts) {
        if counts.contains(&keys.len()) {
            continue;
        }
        let mut start = 0;
        for count in counts.iter_mut() {
            start += std::mem::replace(count, start);
        }
        // A digit is below N_DIGITS, and its next place below the number of keys.
        for key in &keys {
            let place = &mut counts[digit(*key, pass)];
            other[*place] = *key;
            *place += 1;
        }
        std::mem::swap(&mut keys, &mut other);
    }
    keys
}

fn merged(positives: &[u64], negatives: &[u64]) -> Vec<Tie> {
    let mut ties = Vec::with_capacity(positives.len() + negatives.len());
    let (mut positives, mut negatives) = (positives.iter().peekable(), negatives.iter().peekable());
    loop {
        let lowest = match (positives.peek(), negatives.peek()) {
            (Some(a), Some(b)) => **a.min(b),
            (Some(a), None) => **a,
            (None, Some(b)) => **b,
            (None, None) => return ties,
        };
        let mut tie = Tie { score: score_of(lowest), n_positive: 0, n_negative: 0 };
        while positives.next_if(|key| **key == lowest).is_some() {
            tie.n_positive += 1;
        }
        while negatives.next_if(|key| **key == lowest).is_some() {
            tie.n_negative += 1;
        }
        ties.push(tie);
    }
}

/// Positions of the scores, lowest score first, with the group of ties that each belongs to.
pub fn order_with_ties(scores: &[f64]) -> Vec<(u32, usize)> {
    let mut keyed: Vec<(u64, usize)> = scores.iter().map(|score| key(*score)).zip(0..).collect();
    keyed.par_sort_unstable();
    let mut group = 0;
    let mut before = keyed.first().map(|(key, _)| *key);
    keyed
        .into_iter()
        .map(|(key, at)| {
            if before != Some(key) {
                before = Some(key);
                group += 1;
            }
            (group, at)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_as_numbers_do() {
        let scores = [f64::NEG_INFINITY, -3.5, -1e-300, 0.0, 1e-300, 2.0, f64::INFINITY];
        assert!(scores.map(key).is_sorted());
        assert_eq!(key(-0.0), key(0.0));
        assert!(scores.iter().all(|score| score_of(key(*score)) == *score));
    }

    #[test]
    fn counting_digits_sorts_as_comparing_does() {
        let mut keys: Vec<u64> = (0..20_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (n % 50)).collect();
        let sorted = sorted_keys(keys.clone());
        keys.sort_unstable();
        assert_eq!(sorted, keys);
    }
}
