//! Did one of two calls on the same cases go wrong more often than the other?

use crate::validation::estimate::{Test, Undefined};
use crate::validation::special::{beta_regularized, chi_square_upper};

/// How the test is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum McNemar {
    /// Binomial tails.
    Exact,
    /// (|b − c| − 1)² / (b + c).
    Corrected,
    /// (b − c)² / (b + c).
    Uncorrected,
}

/// The exact test below this many discordant pairs.
const FEW_PAIRS: usize = 25;

/// The usual choice: exact for few discordant pairs, corrected for more.
pub fn usual(b: usize, c: usize) -> McNemar {
    if b + c < FEW_PAIRS { McNemar::Exact } else { McNemar::Corrected }
}

/// `b` and `c` are the pairs in which the first alone and the second alone was right.
pub fn mcnemar(b: usize, c: usize, kind: McNemar) -> Result<Test, Undefined> {
    let n = (b + c) as f64;
    if b + c == 0 {
        return Err(Undefined::NoVariation);
    }
    let apart = b.abs_diff(c) as f64;
    let chi_square = |statistic: f64| {
        let p = chi_square_upper(statistic, 1.0);
        Ok(Test { kind: "chi-square", statistic, degrees: [Some(1.0), None], p })
    };
    match kind {
        McNemar::Exact => {
            let fewer = b.min(c) as f64;
            // P(X ≤ k) of a fair coin is I½(n − k, k + 1).
            let p = (2.0 * beta_regularized(n - fewer, fewer + 1.0, 0.5)).min(1.0);
            Ok(Test { kind: "exact", statistic: fewer, degrees: [None, None], p })
        }
        McNemar::Corrected => chi_square((apart - 1.0).max(0.0).powi(2) / n),
        McNemar::Uncorrected => chi_square(apart * apart / n),
    }
}
