//! Who reads what when: drawn once from the protocol's seed, the same on every machine.

use crate::validation::protocol::design::{Case, Protocol};
use crate::validation::random::Random;

/// The arms in this reader's order: a Latin square over the readers, so that every arm comes first equally often.
pub fn arms(protocol: &Protocol, reader: usize) -> Vec<usize> {
    let n = protocol.arms.len();
    (0..n).map(|place| (place + reader) % n.max(1)).collect()
}

/// The cases of one session: practice cases as the file has them, then the others in an order of the reader's and arm's
/// own (Fisher–Yates).
pub fn cases(protocol: &Protocol, reader: usize, arm: usize) -> Vec<&Case> {
    let (mut session, mut rated): (Vec<&Case>, Vec<&Case>) = protocol.cases.iter().partition(|case| case.is_practice);
    let stream = (reader as u64) << 32 | arm as u64;
    let mut random = Random::of(protocol.seed, stream);
    for last in (1..rated.len()).rev() {
        rated.swap(last, random.below(last + 1));
    }
    session.extend(rated);
    session
}
