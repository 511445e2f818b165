//! What every statistic hands out: a value or the reason why there is none, an interval, how many cases, and the words
//! that define it. A number that is not finite never gets in.

use serde::Serialize;
use thiserror::Error;

/// Why a figure has no value. The words are for the person who reads the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Undefined {
    #[error("there are no cases")]
    NoCases,
    #[error("there are too few cases for it")]
    TooFewCases,
    #[error("no case is positive")]
    NoPositives,
    #[error("no case is negative")]
    NoNegatives,
    #[error("no case was called positive")]
    NoneCalledPositive,
    #[error("no case was called negative")]
    NoneCalledNegative,
    #[error("there was no false alarm, the ratio is infinite")]
    NoFalseAlarms,
    #[error("no negative case was called negative, the ratio is infinite")]
    NoTrueNegatives,
    #[error("all values are the same")]
    NoVariation,
    #[error("a value is not a number")]
    NotANumber,
    #[error("the columns differ in length")]
    LengthsDiffer,
    #[error("both masks are empty")]
    BothEmpty,
    #[error("one mask is empty, the distance is infinite")]
    OneEmpty,
    #[error("the masks differ in size")]
    SizesDiffer,
    #[error("a value lies outside its range")]
    OutOfRange,
    #[error("the result is not a finite number")]
    NotFinite,
}

/// Where the true value is expected, with what certainty and by which method.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
    /// Such as 0.95.
    pub level: f64,
    pub method: &'static str,
}

/// Kept within the range that the value can have.
impl Interval {
    pub fn within(self, least: f64, most: f64) -> Self {
        Self { low: self.low.clamp(least, most), high: self.high.clamp(least, most), ..self }
    }
}

/// How many, and of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    pub n: usize,
    pub of: &'static str,
}

/// A figure ready to be shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub value: Result<f64, Undefined>,
    /// Of the value; a reason where the data allow none.
    pub interval: Result<Interval, Undefined>,
    pub count: Count,
    pub definition: &'static str,
}

impl Estimate {
    pub fn new(
        value: Result<f64, Undefined>,
        interval: Result<Interval, Undefined>,
        count: Count,
        definition: &'static str,
    ) -> Self {
        let value = value.and_then(finite);
        let interval = interval.and_then(|interval| {
            finite(interval.low)?;
            finite(interval.high)?;
            Ok(interval)
        });
        Self { value, interval, count, definition }
    }

    /// A value about whose certainty nothing is claimed.
    pub fn bare(value: Result<f64, Undefined>, count: Count, definition: &'static str) -> Self {
        let interval = Err(value.err().unwrap_or(Undefined::TooFewCases));
        Self::new(value, interval, count, definition)
    }
}

/// One shape for every document: `value`, `reason`, `interval`, `n`, `of`, `definition`.
impl Serialize for Estimate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let Self { value, interval, count, definition } = self;
        let mut map = serializer.serialize_map(Some(6))?;
        map.serialize_entry("value", &value.ok())?;
        map.serialize_entry("reason", &value.err().map(|why| why.to_string()))?;
        map.serialize_entry("interval", &interval.ok())?;
        map.serialize_entry("n", &count.n)?;
        map.serialize_entry("of", count.of)?;
        map.serialize_entry("definition", definition)?;
        map.end()
    }
}

/// The number, unless it is infinite or none.
pub fn finite(value: f64) -> Result<f64, Undefined> {
    if value.is_finite() { Ok(value) } else { Err(Undefined::NotFinite) }
}

/// `numerator / denominator`, or `why` when the denominator is 0.
pub fn ratio(numerator: f64, denominator: f64, why: Undefined) -> Result<f64, Undefined> {
    if denominator == 0.0 { Err(why) } else { finite(numerator / denominator) }
}

/// A test of a null hypothesis.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Test {
    /// Such as `z`, `t`, `F`, `chi-square`, `exact`.
    pub kind: &'static str,
    pub statistic: f64,
    /// Numerator first; empty where the distribution has none.
    pub degrees: [Option<f64>; 2],
    /// Two-sided.
    pub p: f64,
}

/// For a field that may have a reason in place of its value: `{ "reason": … }`.
pub fn or_reason<T: Serialize, S: serde::Serializer>(
    result: &Result<T, Undefined>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap as _;
    match result {
        Ok(value) => value.serialize(serializer),
        Err(why) => {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry("reason", &why.to_string())?;
            map.end()
        }
    }
}
