//! Many tests at once: p-values adjusted for their number.

/// Holm, Scand J Stat 1979;6:65: the chance of any false alarm.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let n = p.len();
    let mut highest: f64 = 0.0;
    adjusted(
        p,
        order.into_iter().zip(0..).map(|(at, rank)| {
            let value = p.get(at).copied().unwrap_or(1.0) * (n - rank) as f64;
            highest = highest.max(value.min(1.0));
            (at, highest)
        }),
    )
}

/// Benjamini and Hochberg, J R Stat Soc B 1995;57:289: the share of false alarms.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let n = p.len() as f64;
    let mut lowest: f64 = 1.0;
    let ranked: Vec<(usize, usize)> = order.into_iter().zip(1..).collect();
    adjusted(
        p,
        ranked.into_iter().rev().map(|(at, rank)| {
            let value = p.get(at).copied().unwrap_or(1.0) * n / rank as f64;
            lowest = lowest.min(value);
            (at, lowest)
        }),
    )
}

fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<(f64, usize)> = p.iter().copied().zip(0..).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    order.into_iter().map(|(_, at)| at).collect()
}

fn adjusted(p: &[f64], values: impl Iterator<Item = (usize, f64)>) -> Vec<f64> {
    let mut result = p.to_vec();
    for (at, value) in values {
        if let Some(place) = result.get_mut(at) {
            *place = value;
        }
    }
    result
}
