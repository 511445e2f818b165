//! Scores and what may be said of them. The only place where a logit becomes a probability-like number.

use serde::{Deserialize, Serialize};

/// A network's raw output for one label.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Logit(pub f64);

/// A number in 0 to 1 that was calibrated on a held-out set; only then may a screen say "probability".
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Probability(f64);

impl Probability {
    /// `None` outside 0 to 1 or when not a number.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    pub fn value(self) -> f64 {
        self.0
    }
}

/// What a model says of one label, on the scale its operating point is set on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Score {
    /// Sigmoid of a logit, 0 to 1, not calibrated: an order, not a chance.
    Uncalibrated(f64),
    Calibrated(Probability),
    /// A measured quantity, such as the cardiothoracic ratio.
    Measured(f64),
}

impl Score {
    /// Sigmoid of `logit / temperature`.
    pub fn uncalibrated(logit: Logit, temperature: f64) -> Self {
        Self::Uncalibrated(sigmoid(logit.0 / temperature))
    }

    /// The same number, claimed as a probability: only for a model whose card says it was calibrated.
    pub fn calibrated(logit: Logit, temperature: f64) -> Option<Self> {
        Probability::new(sigmoid(logit.0 / temperature)).map(Self::Calibrated)
    }

    /// The sigmoid of `logit / temperature` through a calibration curve.
    pub fn calibrated_by(logit: Logit, temperature: f64, curve: &dyn Fn(f64) -> Option<f64>) -> Option<Self> {
        Probability::new(curve(sigmoid(logit.0 / temperature))?).map(Self::Calibrated)
    }

    pub fn value(self) -> f64 {
        match self {
            Self::Uncalibrated(value) | Self::Measured(value) => value,
            Self::Calibrated(probability) => probability.value(),
        }
    }

    /// `Score`, `Probability` or `Value`: the word that may stand before the number.
    pub fn word(self) -> &'static str {
        match self {
            Self::Uncalibrated(_) => "Score",
            Self::Calibrated(_) => "Probability",
            Self::Measured(_) => "Value",
        }
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The threshold a label is flagged at, with what it was set for and on what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    pub threshold: f64,
    /// Measured at this threshold on `set`; absent when never measured.
    pub sensitivity: Option<f64>,
    pub specificity: Option<f64>,
    /// The evaluation set in words.
    pub set: String,
    /// Patients in that set.
    pub n: Option<u32>,
}

/// A score beside the threshold that decides whether it is flagged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    pub score: Score,
    pub operating_point: OperatingPoint,
    /// How far the score may be relied on; absent where nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<ScoreInterval>,
}

/// Bounds of a score, on its own scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreInterval {
    pub low: f64,
    pub high: f64,
    pub kind: IntervalKind,
    /// Views behind a stability interval, or cases behind a conformal one.
    pub n: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalKind {
    /// From the lowest to the highest score of slightly altered views of the same picture: what a small change of the
    /// input does, not how often the model is right.
    Stability,
    /// Split conformal prediction at 95 % on the card's calibration set.
    Conformal,
}

impl ScoreInterval {
    /// `0.61 to 0.82 (stability, 7 views)`.
    pub fn sentence(&self) -> String {
        let Self { low, high, kind, n } = self;
        match kind {
            IntervalKind::Stability => format!("{low:.2} to {high:.2} (stability, {n} views)"),
            IntervalKind::Conformal => format!("{low:.2} to {high:.2} (95 %, conformal, n = {n})"),
        }
    }
}

impl Assessment {
    pub fn new(score: Score, operating_point: OperatingPoint) -> Self {
        Self { score, operating_point, interval: None }
    }

    pub fn is_flagged(&self) -> bool {
        self.score.value() >= self.operating_point.threshold
    }

    /// The interval in words, or that there is none.
    pub fn interval_sentence(&self) -> String {
        self.interval.as_ref().map_or_else(|| "no interval available".to_owned(), ScoreInterval::sentence)
    }

    /// `Score 0.73, above operating point 0.50` — never a bare number, never "%".
    pub fn sentence(&self) -> String {
        let side = if self.is_flagged() { "above" } else { "below" };
        let Self { score, operating_point, .. } = self;
        let (value, threshold) = (score.value(), operating_point.threshold);
        // A third digit where two would show a score equal to the threshold it is above or below.
        let n_digits = if format!("{value:.2}") == format!("{threshold:.2}") { 3 } else { 2 };
        format!("{} {value:.n_digits$}, {side} operating point {threshold:.n_digits$}", score.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_said_beside_its_operating_point_and_never_as_a_probability_unless_calibrated() {
        let operating_point =
            OperatingPoint { threshold: 0.5, sensitivity: None, specificity: None, set: String::new(), n: None };
        let score = Score::uncalibrated(Logit(1.0), 1.0);
        let assessment = Assessment::new(score, operating_point);
        assert_eq!(assessment.sentence(), "Score 0.73, above operating point 0.50");
        let close = Assessment { score: Score::Measured(0.497), ..assessment };
        assert_eq!(close.sentence(), "Value 0.497, below operating point 0.500");
        assert!(Probability::new(1.2).is_none());
        assert!(Probability::new(f64::NAN).is_none());
    }
}
