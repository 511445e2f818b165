//! Distribution functions and their inverses. `libm` gives erfc and ln Γ; the incomplete beta and gamma functions follow
//! by continued fraction with as many terms as large studies need.

use std::f64::consts::{PI, SQRT_2};

const TINY: f64 = 1e-300;
const MAX_TERMS: u32 = 100_000;

/// Of the standard normal distribution.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// Both tails beyond |z|.
pub fn normal_two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() / SQRT_2)
}

/// `p` in (0, 1).
pub fn normal_quantile(p: f64) -> f64 {
    if p == 0.5 {
        return 0.0;
    }
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    root_of(|z| normal_cdf(z) - p, -40.0, 0.0)
}

/// How many standard errors an interval of this level spans to each side.
pub fn normal_reach(level: f64) -> f64 {
    -normal_quantile((1.0 - level) / 2.0)
}

/// Both tails of Student's t beyond |t|.
pub fn t_two_sided(t: f64, degrees: f64) -> f64 {
    if degrees.is_infinite() {
        return normal_two_sided(t);
    }
    let whole = degrees + t * t;
    beta_parts(degrees / 2.0, 0.5, degrees / whole, t * t / whole)
}

/// How many standard errors an interval of this level spans to each side, by Student's t.
pub fn t_reach(level: f64, degrees: f64) -> f64 {
    if degrees.is_infinite() {
        return normal_reach(level);
    }
    let alpha = 1.0 - level;
    let mut high = 2.0;
    while t_two_sided(high, degrees) > alpha && high < 1e150 {
        high *= 2.0;
    }
    root_of(|t| alpha - t_two_sided(t, degrees), 0.0, high)
}

/// The upper tail of F beyond `f`.
pub fn f_upper(f: f64, numerator: f64, denominator: f64) -> f64 {
    if f <= 0.0 {
        return 1.0;
    }
    if denominator.is_infinite() {
        return chi_square_upper(f * numerator, numerator);
    }
    let whole = denominator + numerator * f;
    beta_parts(denominator / 2.0, numerator / 2.0, denominator / whole, numerator * f / whole)
}

/// `f` with `upper` of the distribution beyond it.
pub fn f_quantile_upper(upper: f64, numerator: f64, denominator: f64) -> f64 {
    let mut high = 2.0;
    while f_upper(high, numerator, denominator) > upper && high < 1e150 {
        high *= 2.0;
    }
    root_of(|f| upper - f_upper(f, numerator, denominator), 0.0, high)
}

/// The upper tail of the noncentral F beyond `f`: central ones weighted by Poisson chances.
pub fn noncentral_f_upper(f: f64, numerator: f64, denominator: f64, noncentrality: f64) -> f64 {
    let half = noncentrality / 2.0;
    let whole = numerator * f + denominator;
    let (x, y) = (numerator * f / whole, denominator / whole);
    let mut below = 0.0;
    let mut covered = 0.0;
    for j in 0..MAX_TERMS {
        let count = f64::from(j);
        let log_weight = if half > 0.0 { -half + count * half.ln() - libm::lgamma(count + 1.0) } else { 0.0 };
        let weight = log_weight.exp();
        below += weight * beta_parts(numerator / 2.0 + count, denominator / 2.0, x, y);
        covered += weight;
        if half == 0.0 || (count > half && weight < 1e-17) {
            break;
        }
    }
    (covered - below).clamp(0.0, 1.0)
}

/// The upper tail of chi-square beyond `x`.
pub fn chi_square_upper(x: f64, degrees: f64) -> f64 {
    gamma_upper_regularized(degrees / 2.0, x / 2.0)
}

/// x with `p` of Beta(a, b) below it.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    root_of(|x| beta_regularized(a, b, x) - p, 0.0, 1.0)
}

/// I_x(a, b).
pub fn beta_regularized(a: f64, b: f64, x: f64) -> f64 {
    beta_parts(a, b, x, 1.0 - x)
}

/// I_x(a, b) by Lentz's continued fraction (Numerical Recipes 6.4); `y` is 1 − x, which the caller may know better.
fn beta_parts(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    let front = log_beta_front(a, b, x, y).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, y) / b
    }
}

/// ln of xᵃ yᵇ / B(a, b), by Stirling's formula and what it lacks: large terms cancel before they are made.
fn log_beta_front(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let sum = a + b;
    let powers = a * (x * sum / a).ln() + b * (y * sum / b).ln();
    let root = 0.5 * (a / sum * b / (2.0 * PI)).ln();
    powers + root - (stirling_rest(a) + stirling_rest(b) - stirling_rest(sum))
}

/// ln Γ(x) − ((x − ½) ln x − x + ½ ln 2π).
fn stirling_rest(x: f64) -> f64 {
    if x < 12.0 {
        return libm::lgamma(x) - ((x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln());
    }
    let square = x * x;
    let series = 1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / (1188.0 * square)) / square) / square) / square;
    series / x
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for term in 1..MAX_TERMS {
        let m = f64::from(term);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        value *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}

/// Q(a, x) = Γ(a, x) / Γ(a): by series below a + 1, by continued fraction above (Numerical Recipes 6.2).
fn gamma_upper_regularized(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = (a * x.ln() - x - libm::lgamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut at) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-17 {
            at += 1.0;
            term *= x / at;
            sum += term;
        }
        return 1.0 - front * sum;
    }
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut value = d;
    for term in 1..MAX_TERMS {
        let i = f64::from(term);
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / (an * d + b);
        c = b + an / c;
        value *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    front * value
}

/// Where a rising function crosses zero: halving until the bounds are neighbors.
fn root_of(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    for _ in 0..1_100 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if f(middle) < 0.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}
