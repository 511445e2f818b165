//! Intervals of a proportion and of the difference of two.

use crate::validation::estimate::{Count, Estimate, Interval, Undefined};
use crate::validation::special::{beta_quantile, normal_reach};

/// How the interval of a proportion is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProportionMethod {
    Wilson,
    ClopperPearson,
    Jeffreys,
    AgrestiCoull,
}

/// `x` of `n` as an estimate; `why` when n is 0.
pub fn proportion(
    x: usize,
    count: Count,
    method: ProportionMethod,
    level: f64,
    why: Undefined,
    definition: &'static str,
) -> Estimate {
    let n = count.n;
    if n == 0 {
        return Estimate::bare(Err(why), count, definition);
    }
    Estimate::new(Ok(x as f64 / n as f64), Ok(interval(x, n, method, level)), count, definition)
}

/// The interval of `x` of `n`, n above 0.
pub fn interval(x: usize, n: usize, method: ProportionMethod, level: f64) -> Interval {
    match method {
        ProportionMethod::Wilson => wilson(x, n, level),
        ProportionMethod::ClopperPearson => clopper_pearson(x, n, level),
        ProportionMethod::Jeffreys => jeffreys(x, n, level),
        ProportionMethod::AgrestiCoull => agresti_coull(x, n, level),
    }
}

/// Wilson 1927, as method 3 of Newcombe, Stat Med 1998;17:857.
pub fn wilson(x: usize, n: usize, level: f64) -> Interval {
    let (z, n_real) = (normal_reach(level), n as f64);
    let p = x as f64 / n_real;
    let z2 = z * z;
    let center = (p + z2 / (2.0 * n_real)) / (1.0 + z2 / n_real);
    let half = z * (p * (1.0 - p) / n_real + z2 / (4.0 * n_real * n_real)).sqrt() / (1.0 + z2 / n_real);
    // Exactly at the border where rounding would leave it.
    let low = if x == 0 { 0.0 } else { (center - half).max(0.0) };
    let high = if x == n { 1.0 } else { (center + half).min(1.0) };
    Interval { low, high, level, method: "Wilson score" }
}

/// Clopper and Pearson, Biometrika 1934;26:404: tails of the binomial, by the beta distribution.
pub fn clopper_pearson(x: usize, n: usize, level: f64) -> Interval {
    let (tail, x_real, rest) = ((1.0 - level) / 2.0, x as f64, n.saturating_sub(x) as f64);
    let low = if x == 0 { 0.0 } else { beta_quantile(tail, x_real, rest + 1.0) };
    let high = if x >= n { 1.0 } else { beta_quantile(1.0 - tail, x_real + 1.0, rest) };
    Interval { low, high, level, method: "Clopper-Pearson" }
}

fn jeffreys(x: usize, n: usize, level: f64) -> Interval {
    let (tail, a, b) = ((1.0 - level) / 2.0, x as f64 + 0.5, n.saturating_sub(x) as f64 + 0.5);
    let low = if x == 0 { 0.0 } else { beta_quantile(tail, a, b) };
    let high = if x >= n { 1.0 } else { beta_quantile(1.0 - tail, a, b) };
    Interval { low, high, level, method: "Jeffreys" }
}

fn agresti_coull(x: usize, n: usize, level: f64) -> Interval {
    let z = normal_reach(level);
    let n_more = n as f64 + z * z;
    let p = (x as f64 + z * z / 2.0) / n_more;
    let half = z * (p * (1.0 - p) / n_more).sqrt();
    Interval { low: p - half, high: p + half, level, method: "Agresti-Coull" }.within(0.0, 1.0)
}

/// Of independent proportions: p₁ − p₂ by method 10 of Newcombe, Stat Med 1998;17:873.
pub fn newcombe_difference(first: [usize; 2], second: [usize; 2], level: f64) -> Estimate {
    let definition = "difference of two independent proportions";
    let ([x1, n1], [x2, n2]) = (first, second);
    let count = Count { n: n1 + n2, of: "cases of both groups" };
    if n1 == 0 || n2 == 0 {
        return Estimate::bare(Err(Undefined::NoCases), count, definition);
    }
    let (p1, p2) = (x1 as f64 / n1 as f64, x2 as f64 / n2 as f64);
    let (one, two) = (wilson(x1, n1, level), wilson(x2, n2, level));
    let difference = p1 - p2;
    let low = difference - ((p1 - one.low).powi(2) + (two.high - p2).powi(2)).sqrt();
    let high = difference + ((one.high - p1).powi(2) + (p2 - two.low).powi(2)).sqrt();
    Estimate::new(Ok(difference), Ok(Interval { low, high, level, method: "Newcombe hybrid score" }), count, definition)
}

/// Of proportions of the same cases: p₁ − p₂ by method 10 of Newcombe, Stat Med 1998;17:2635.
/// `both`, `only_first`, `only_second`, `neither` count the cases.
pub fn newcombe_paired_difference([both, only_first, only_second, neither]: [usize; 4], level: f64) -> Estimate {
    let definition = "difference of two proportions of the same cases";
    let n = both + only_first + only_second + neither;
    let count = Count { n, of: "paired cases" };
    if n == 0 {
        return Estimate::bare(Err(Undefined::NoCases), count, definition);
    }
    let (x1, x2) = (both + only_first, both + only_second);
    let (p1, p2) = (x1 as f64 / n as f64, x2 as f64 / n as f64);
    let (one, two) = (wilson(x1, n, level), wilson(x2, n, level));
    let margins = (x1 * (n - x1)) as f64 * (x2 * (n - x2)) as f64;
    let product = (both * neither) as f64 - (only_first * only_second) as f64;
    // Newcombe's continuity correction of phi, for positive association only.
    let corrected = if product > 0.0 { (product - n as f64 / 2.0).max(0.0) } else { product };
    let phi = if margins > 0.0 { corrected / margins.sqrt() } else { 0.0 };
    let reach = |a: f64, b: f64| (a * a - 2.0 * phi * a * b + b * b).max(0.0).sqrt();
    let low = p1 - p2 - reach(p1 - one.low, two.high - p2);
    let high = p1 - p2 + reach(one.high - p1, p2 - two.low);
    let interval = Interval { low, high, level, method: "Newcombe hybrid score, paired" };
    Estimate::new(Ok(p1 - p2), Ok(interval), count, definition)
}
