//! A measurement as it is handed out: facts, times and ratios, as a table or as a document.

use serde_json::{Map, Value, json};

use crate::app::cli::bench::measure::{Series, median_ratio};

/// Ours over theirs: below 1 we are quicker.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratio {
    pub ours: String,
    pub theirs: String,
    /// The median over rounds.
    pub median: f64,
    /// Of the least times: what a machine with nothing else to do would show.
    pub least: f64,
}

/// A number that was to be reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub what: String,
    pub at_most: f64,
    pub measured: f64,
}

impl Target {
    fn holds(&self) -> bool {
        self.measured <= self.at_most
    }
}

#[derive(Clone, Debug)]
pub struct Sheet {
    pub subject: &'static str,
    pub n_rounds: u32,
    /// Machine and input, by name.
    pub facts: Map<String, Value>,
    pub series: Vec<Series>,
    pub ratios: Vec<Ratio>,
    pub targets: Vec<Target>,
}

impl Sheet {
    /// `pairs` are ids of ours and theirs; a pair of which one was not measured is left out.
    pub fn new(subject: &'static str, n_rounds: u32, series: Vec<Series>, pairs: &[(String, String)]) -> Self {
        let find = |id: &str| series.iter().find(|one| one.part.id == id);
        let ratio = |(ours, theirs): &(String, String)| {
            let (a, b) = (find(ours)?, find(theirs)?);
            let (median, least) = (median_ratio(a, b), a.least() / b.least());
            Some(Ratio { ours: ours.clone(), theirs: theirs.clone(), median, least })
        };
        let ratios = pairs.iter().filter_map(ratio).collect();
        Self { subject, n_rounds, facts: Map::new(), series, ratios, targets: Vec::new() }
    }

    /// The ratio of two that were measured is to be at most so much; of none, nothing is said.
    pub fn with_ratio_target(mut self, ours: &str, theirs: &str, at_most: f64) -> Self {
        let ratio = self.ratios.iter().find(|ratio| ratio.ours == ours && ratio.theirs == theirs);
        if let Some(measured) = ratio.map(|ratio| ratio.median) {
            self.targets.push(Target { what: format!("{ours} / {theirs}"), at_most, measured });
        }
        self
    }

    pub fn with_target(mut self, what: impl Into<String>, at_most: f64, measured: f64) -> Self {
        self.targets.push(Target { what: what.into(), at_most, measured });
        self
    }

    pub fn with_fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }

    pub fn document(&self) -> Value {
        let Self { subject, n_rounds, facts, series, ratios, targets } = self;
        let target = |one: &Target| json!({ "what": one.what, "at_most": one.at_most, "measured": one.measured, "holds": one.holds() });
        let row = |one: &Series| {
            json!({
                "id": one.part.id, "what": one.part.what, "median_ms": one.median() * 1e3,
                "least_ms": one.least() * 1e3, "p99_ms": one.p99() * 1e3,
            })
        };
        let ratio = |one: &Ratio| json!({ "ours": one.ours, "theirs": one.theirs, "ratio": one.median, "least_ratio": one.least });
        json!({
            "bench": subject, "rounds": n_rounds, "optimized": is_optimized(), "facts": facts,
            "times": series.iter().map(row).collect::<Vec<_>>(),
            "ratios": ratios.iter().map(ratio).collect::<Vec<_>>(),
            "targets": targets.iter().map(target).collect::<Vec<_>>(),
        })
    }

    pub fn lines(&self) -> Vec<String> {
        let Self { subject, n_rounds, facts, series, ratios, targets } = self;
        let build = if is_optimized() { "" } else { "; a debug build: trust nothing" };
        let mut lines = vec![format!("{subject}: {n_rounds} interleaved rounds{build}")];
        lines.extend(
            facts.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| format!("  {name}: {value}")),
        );
        lines.push(format!("{:<72} {:>10} {:>10} {:>10}", "", "median ms", "least ms", "p99 ms"));
        let row = |one: &Series| {
            let (median, least, p99) = (one.median() * 1e3, one.least() * 1e3, one.p99() * 1e3);
            format!("{:<72} {median:>10.3} {least:>10.3} {p99:>10.3}", one.part.what)
        };
        lines.extend(series.iter().map(row));
        let ratio = |one: &Ratio| {
            let Ratio { ours, theirs, median, least } = one;
            format!("{ours} / {theirs}: {median:.3} (least over least {least:.3})")
        };
        lines.extend(ratios.iter().map(ratio));
        let target = |one: &Target| {
            let word = if one.holds() { "holds" } else { "MISSED" };
            format!("target {word}: {} = {:.3}, at most {:.3}", one.what, one.measured, one.at_most)
        };
        lines.extend(targets.iter().map(target));
        lines
    }
}

fn is_optimized() -> bool {
    !cfg!(debug_assertions)
}
