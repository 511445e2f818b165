//! Ways to do one thing, run in turn round after round, and what their times say.

use std::time::Instant;

/// One number a way yields per round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Stable, for scripts.
    pub id: String,
    pub what: String,
}

impl Part {
    pub fn new(id: impl Into<String>, what: impl Into<String>) -> Self {
        Self { id: id.into(), what: what.into() }
    }
}

/// Runs once and says how long each part took, seconds. What only prepares the run stays out of its own clock.
pub type Run<'a> = Box<dyn FnMut() -> Result<Vec<f64>, String> + 'a>;

/// One contestant.
pub struct Way<'a> {
    pub parts: Vec<Part>,
    pub run: Run<'a>,
}

impl<'a> Way<'a> {
    pub fn new(parts: Vec<Part>, run: impl FnMut() -> Result<Vec<f64>, String> + 'a) -> Self {
        Self { parts, run: Box::new(run) }
    }

    /// A way of one part, all of it timed.
    pub fn timed(part: Part, mut work: impl FnMut() -> Result<(), String> + 'a) -> Self {
        Self::new(vec![part], move || {
            let (result, seconds) = clocked(&mut work);
            result.map(|()| vec![seconds])
        })
    }
}

/// What `work` returned, and the seconds it took.
pub fn clocked<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let began = Instant::now();
    let result = work();
    (result, began.elapsed().as_secs_f64())
}

/// A part's times, seconds, one per round.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub part: Part,
    pub seconds: Vec<f64>,
}

impl Series {
    pub fn median(&self) -> f64 {
        quantile(&self.seconds, 0.5)
    }

    pub fn least(&self) -> f64 {
        quantile(&self.seconds, 0.0)
    }

    pub fn p99(&self) -> f64 {
        quantile(&self.seconds, 0.99)
    }
}

/// One round that does not count, then `n_rounds` that do; each round begins with another way.
pub fn interleaved(n_rounds: u32, ways: &mut [Way<'_>]) -> Result<Vec<Series>, String> {
    for way in ways.iter_mut() {
        (way.run)()?;
    }
    let empty = |part: &Part| Series { part: part.clone(), seconds: Vec::new() };
    let mut series: Vec<Vec<Series>> = ways.iter().map(|way| way.parts.iter().map(empty).collect()).collect();
    for _ in 0..n_rounds {
        for (way, of_way) in ways.iter_mut().zip(&mut series) {
            for (part, seconds) in of_way.iter_mut().zip((way.run)()?) {
                part.seconds.push(seconds);
            }
        }
        ways.rotate_left(1);
        series.rotate_left(1);
    }
    // Back to the order in which they were given.
    let n_turned = n_rounds as usize % ways.len().max(1);
    series.rotate_right(n_turned);
    ways.rotate_right(n_turned);
    Ok(series.into_iter().flatten().collect())
}

/// The median over rounds of ours over theirs: both of one round met the same machine.
pub fn median_ratio(ours: &Series, theirs: &Series) -> f64 {
    let ratios: Vec<f64> = ours.seconds.iter().zip(&theirs.seconds).map(|(a, b)| a / b).collect();
    quantile(&ratios, 0.5)
}

/// Linear between the two nearest ranks; 0 of nothing.
fn quantile(values: &[f64], fraction: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = fraction * sorted.len().saturating_sub(1) as f64;
    let at = |rank: f64| sorted.get(rank as usize).copied().unwrap_or(0.0);
    let below = at(rank.floor());
    below + (at(rank.ceil()) - below) * rank.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_interleaved_the_first_does_not_count_and_the_order_comes_back() {
        let log = std::cell::RefCell::new(String::new());
        let way = |name: &'static str, seconds: f64| {
            let log = &log;
            Way::new(vec![Part::new(name, name)], move || {
                log.borrow_mut().push_str(name);
                Ok(vec![seconds])
            })
        };
        let series = interleaved(3, &mut [way("a", 1.0), way("b", 4.0)]).unwrap();
        assert_eq!(*log.borrow(), "ababbaab");
        assert_eq!(series.iter().map(|one| one.part.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(series.iter().all(|one| one.seconds.len() == 3));
        assert_eq!(median_ratio(&series[0], &series[1]), 0.25);
    }

    #[test]
    fn medians_and_percentiles_lie_between_ranks() {
        let series = Series { part: Part::new("a", "a"), seconds: vec![4.0, 1.0, 3.0, 2.0] };
        assert_eq!((series.least(), series.median()), (1.0, 2.5));
        assert!((series.p99() - 3.97).abs() < 1e-9);
    }
}
