//! Slightly altered views of one picture: how far a score moves when the picture hardly does (test-time augmentation).

use crate::domain::finding::Finding;
use crate::domain::geometry::Spacing;
use crate::domain::score::{IntervalKind, Logit, ScoreInterval};
use crate::inference::cardiothoracic;
use crate::inference::error::InferenceError;
use crate::inference::findings::score_of;
use crate::inference::letterbox::Letterbox;
use crate::inference::model::Model;
use crate::inference::model_card::doubt::StabilitySpec;
use crate::inference::model_card::{InputSpec, Measure};
use crate::inference::network::Output;
use crate::inference::postprocess;
use crate::inference::preprocess::normalized;

/// Runs the card's views of a prepared picture.
pub struct Views<'a> {
    pub model: &'a Model,
    pub letterbox: &'a Letterbox,
    pub cancel: &'a dyn Fn() -> bool,
}

/// What the views said, by finding; empty where the card has no views.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Intervals {
    by_finding: Vec<Vec<f64>>,
}

/// How one view is made: about the grid's middle, then moved by parts of a side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    pub degrees: f64,
    pub scale: f64,
    pub shift: [f64; 2],
    pub is_mirrored: bool,
}

impl View {
    const SAME: Self = Self { degrees: 0.0, scale: 1.0, shift: [0.0; 2], is_mirrored: false };

    /// Every view of the card, the picture as it is not among them.
    pub fn all(spec: &StabilitySpec) -> Vec<Self> {
        let rotated = spec.rotate_degrees.iter().map(|degrees| Self { degrees: *degrees, ..Self::SAME });
        let scaled = spec.scale.iter().map(|scale| Self { scale: *scale, ..Self::SAME });
        let steps = [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]];
        let shifted = steps
            .into_iter()
            .filter(|_| spec.shift > 0.0)
            .map(|step| Self { shift: step.map(|part| part * spec.shift), ..Self::SAME });
        let mirrored = spec.mirror.then_some(Self { is_mirrored: true, ..Self::SAME });
        rotated.chain(scaled).chain(shifted).chain(mirrored).collect()
    }

    /// A prepared picture, channels × rows × cols, seen so; bilinear, and what comes from outside is padding.
    pub fn of(&self, values: &[f32], input: &InputSpec) -> Vec<f32> {
        let (rows, cols) = (input.rows, input.cols);
        let middle = [(cols as f64 - 1.0) / 2.0, (rows as f64 - 1.0) / 2.0];
        let (sin, cos) = self.degrees.to_radians().sin_cos();
        let from = |row: usize, col: usize| {
            let x = col as f64 - middle[0] - self.shift[0] * cols as f64;
            let y = row as f64 - middle[1] - self.shift[1] * rows as f64;
            let [x, y] = [(cos * x + sin * y) / self.scale, (cos * y - sin * x) / self.scale];
            [middle[0] + if self.is_mirrored { -x } else { x }, middle[1] + y]
        };
        let mut seen = Vec::with_capacity(values.len());
        for (channel, plane) in values.chunks_exact(rows * cols).enumerate() {
            let padding = normalized(input, channel, 0.0);
            for row in 0..rows {
                seen.extend((0..cols).map(|col| bilinear(plane, (rows, cols), from(row, col), padding)));
            }
        }
        seen
    }
}

fn bilinear(plane: &[f32], (rows, cols): (usize, usize), [x, y]: [f64; 2], padding: f32) -> f32 {
    // Not past the middles of the outermost pixels, but for what rounding does.
    let is_outside = |at: f64, n: usize| !(-1e-9..=n as f64 - 1.0 + 1e-9).contains(&at);
    if is_outside(x, cols) || is_outside(y, rows) {
        return padding;
    }
    let (x, y) = (x.clamp(0.0, cols as f64 - 1.0), y.clamp(0.0, rows as f64 - 1.0));
    let (col, row) = (x as usize, y as usize);
    let at = |row: usize, col: usize| {
        let index = row.min(rows - 1) * cols + col.min(cols - 1);
        plane.get(index).copied().map_or(0.0, f64::from)
    };
    let (dx, dy) = (x.fract(), y.fract());
    let across = |row: usize| at(row, col) + (at(row, col + 1) - at(row, col)) * dx;
    (across(row) + (across(row + 1) - across(row)) * dy) as f32
}

impl Views<'_> {
    /// Runs them all; nothing where the card has none.
    pub fn intervals(&self, values: &[f32], spacing: &Spacing) -> Result<Intervals, InferenceError> {
        let card = self.model.card();
        let Some(stability) = &card.stability else { return Ok(Intervals::default()) };
        let mut by_finding: Vec<Vec<f64>> = Vec::new();
        for view in View::all(stability) {
            let output = self.model.run_unless(view.of(values, &card.input), self.cancel)?;
            for (i, score) in self.scores(&output, spacing)?.into_iter().enumerate() {
                if by_finding.len() <= i {
                    by_finding.push(Vec::new());
                }
                if let Some(scores) = by_finding.get_mut(i) {
                    scores.extend(score);
                }
            }
        }
        Ok(Intervals { by_finding })
    }

    /// One per finding of the model, in their order; `None` where a view could not be measured.
    fn scores(&self, output: &Output, spacing: &Spacing) -> Result<Vec<Option<f64>>, InferenceError> {
        let card = self.model.card();
        match output {
            Output::Classes { logits, .. } => {
                let of_label = |label: &crate::inference::model_card::LabelSpec| {
                    let logit = logits.get(label.index).copied().map_or(f64::NAN, f64::from);
                    score_of(card, &label.id, Logit(logit)).map(|score| Some(score.value()))
                };
                card.labels.iter().map(of_label).collect()
            }
            Output::Channels { logits } => {
                // Measured on the network's own grid: a view has no other.
                let itself = self.letterbox.on_itself();
                let segments = postprocess::segments(&card.segments, logits, card.output.temperature, &itself)?;
                let of_derived = |derived: &crate::inference::model_card::DerivedSpec| match derived.measure {
                    Measure::CardiothoracicRatio => {
                        let measured = cardiothoracic::measure(&segments, spacing, derived.min_area_fraction);
                        measured.ok().map(|measured| measured.ratio)
                    }
                };
                Ok(card.derived.iter().map(of_derived).collect())
            }
        }
    }
}

impl Intervals {
    /// Gives findings, in the model's order, their stability interval, where there is no better one.
    pub fn give(&self, findings: &mut [Finding]) {
        for (finding, scores) in findings.iter_mut().zip(&self.by_finding) {
            let Some(assessment) = finding.assessment.as_mut().filter(|a| a.interval.is_none()) else { continue };
            if scores.is_empty() {
                continue;
            }
            let own = assessment.score.value();
            assessment.interval = Some(ScoreInterval {
                low: scores.iter().copied().fold(own, f64::min),
                high: scores.iter().copied().fold(own, f64::max),
                kind: IntervalKind::Stability,
                n: u32::try_from(scores.len() + 1).unwrap_or(u32::MAX),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::model_card::{Fit, Intensity, OneOrEach, Polarity, Resize};

    fn input(rows: usize, cols: usize) -> InputSpec {
        InputSpec {
            modalities: vec![],
            body_parts: vec![],
            views: vec![],
            orientation: None,
            rows,
            cols,
            channels: 1,
            polarity: Polarity::AsStored,
            intensity: Intensity::BitRange,
            fit: Fit::Letterbox,
            resize: Resize::TriangleAntialias,
            mean: OneOrEach::One(0.5),
            std: OneOrEach::One(0.25),
        }
    }

    #[test]
    fn views_turn_move_and_mirror_about_the_middle() {
        let values: Vec<f32> = (0..15_u8).map(f32::from).collect();
        let view = |view: View| view.of(&values, &input(3, 5));
        assert_eq!(view(View::SAME), values);
        let mirrored = view(View { is_mirrored: true, ..View::SAME });
        assert_eq!(mirrored[..5], [4.0, 3.0, 2.0, 1.0, 0.0]);
        // One column to the right; padding comes in as the normalized 0
        let shifted = view(View { shift: [0.2, 0.0], ..View::SAME });
        assert_eq!(shifted[..5], [-2.0, 0.0, 1.0, 2.0, 3.0]);
        let square: Vec<f32> = (0..9_u8).map(f32::from).collect();
        let turned = View { degrees: 90.0, ..View::SAME }.of(&square, &input(3, 3));
        let expected = [6.0, 3.0, 0.0, 7.0, 4.0, 1.0, 8.0, 5.0, 2.0];
        assert!(turned.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{turned:?}");
        let spec = StabilitySpec { rotate_degrees: vec![-3.0, 3.0], scale: vec![0.97], shift: 0.02, mirror: true };
        assert_eq!(View::all(&spec).len(), spec.n_views());
    }
}
