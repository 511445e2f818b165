//! From a network's numbers to findings that carry everything needed to judge and to repeat them.

use std::sync::Arc;

use crate::domain::finding::{Evidence, Finding, FindingLabel, Origin, Place, Subject};
use crate::domain::geometry::Spacing;
use crate::domain::intake::Notice;
use crate::domain::mask::Segment;
use crate::domain::model::ModelRun;
use crate::domain::score::{Assessment, IntervalKind, Logit, Score, ScoreInterval};
use crate::inference::cardiothoracic::{self, Cardiothoracic};
use crate::inference::error::InferenceError;
use crate::inference::identity::finding_id;
use crate::inference::letterbox::Letterbox;
use crate::inference::model_card::doubt::CalibrationMethod;
use crate::inference::model_card::{DerivedSpec, LabelSpec, Measure, ModelCard};
use crate::inference::saliency::{RawMap, place_of, smooth_map};

/// What all findings of one run share.
pub struct RunFacts<'a> {
    pub card: &'a ModelCard,
    pub subject: &'a Subject,
    pub run: ModelRun,
    pub letterbox: Letterbox,
    /// Doubts about the input, said on every finding.
    pub notices: Vec<Notice>,
}

/// One finding per label, in the card's order; `maps` is empty when the card asks for no saliency.
pub fn of_classification(
    facts: &RunFacts<'_>,
    logits: &[f32],
    maps: &[RawMap],
) -> Result<Vec<Finding>, InferenceError> {
    facts.card.labels.iter().map(|label| of_label(facts, label, logits, maps.get(label.index))).collect()
}

fn of_label(
    facts: &RunFacts<'_>,
    label: &LabelSpec,
    logits: &[f32],
    map: Option<&RawMap>,
) -> Result<Finding, InferenceError> {
    let Some(logit) = logits.get(label.index) else {
        return Err(InferenceError::image(format!("the network has no output for {}", label.name)));
    };
    let score = score_of(facts.card, &label.id, Logit(f64::from(*logit)))?;
    let mut finding =
        facts.finding(FindingLabel { id: label.id.clone(), name: label.name.clone(), code: Some(label.code.clone()) });
    let interval = conformal(facts.card, score);
    finding.assessment = Some(Assessment { interval, ..Assessment::new(score, label.operating_point.clone()) });
    if let (Some(map), Some(spec)) = (map, &facts.card.saliency) {
        let map = smooth_map(map, &facts.letterbox, spec)
            .map_err(|_| InferenceError::NotFinite { stage: "the saliency map" })?;
        let (place, notice) = place_of(&map, &facts.letterbox, spec.contour_fraction);
        finding.place = place;
        finding.notices.extend(notice);
        finding.evidence.saliency = Some(Arc::new(map));
    }
    Ok(finding)
}

/// A label's logit as the card allows it to be said: a probability only where it was calibrated.
pub fn score_of(card: &ModelCard, label_id: &str, logit: Logit) -> Result<Score, InferenceError> {
    let temperature = card.output.temperature;
    let Some(calibration) = card.calibration.as_ref().filter(|_| card.output.calibrated) else {
        return Ok(Score::uncalibrated(logit, temperature));
    };
    let score = match calibration.method {
        CalibrationMethod::Temperature => Score::calibrated(logit, temperature),
        CalibrationMethod::Isotonic => {
            let curve = calibration.curves.iter().find(|curve| curve.label == label_id);
            curve.and_then(|curve| Score::calibrated_by(logit, temperature, &|score| curve.at(score)))
        }
    };
    score.ok_or(InferenceError::NotFinite { stage: "the score" })
}

/// The card's interval around a probability.
fn conformal(card: &ModelCard, score: Score) -> Option<ScoreInterval> {
    let Score::Calibrated(probability) = score else { return None };
    let calibration = card.calibration.as_ref()?;
    let (value, half) = (probability.value(), calibration.conformal_half_width?);
    let n = u32::try_from(calibration.n).unwrap_or(u32::MAX);
    let (low, high) = ((value - half).max(0.0), (value + half).min(1.0));
    Some(ScoreInterval { low, high, kind: IntervalKind::Conformal, n })
}

/// One finding per measurement the card derives, or one that only carries the outlines.
pub fn of_segmentation(facts: &RunFacts<'_>, segments: &[Arc<Segment>], spacing: &Spacing) -> Vec<Finding> {
    let found: Vec<Arc<Segment>> = segments.iter().filter(|segment| !segment.mask.is_empty()).cloned().collect();
    let with_outlines = |mut finding: Finding| {
        finding.evidence.segments.clone_from(&found);
        finding
    };
    if facts.card.derived.is_empty() {
        let label = FindingLabel { id: facts.card.id.to_string(), name: facts.card.name.clone(), code: None };
        return vec![with_outlines(facts.finding(label))];
    }
    let derived = facts.card.derived.iter();
    derived.map(|derived| with_outlines(of_derived(facts, derived, segments, spacing))).collect()
}

fn of_derived(facts: &RunFacts<'_>, derived: &DerivedSpec, segments: &[Arc<Segment>], spacing: &Spacing) -> Finding {
    let mut finding = facts.finding(FindingLabel {
        id: derived.id.clone(),
        name: derived.name.clone(),
        code: Some(derived.code.clone()),
    });
    let measured = match derived.measure {
        Measure::CardiothoracicRatio => cardiothoracic::measure(segments, spacing, derived.min_area_fraction),
    };
    match measured {
        Ok(Cardiothoracic { ratio, lines, measurements, heart, notices }) => {
            let score = Score::Measured(ratio);
            finding.assessment = Some(Assessment::new(score, derived.operating_point.clone()));
            finding.place = heart.map_or(Place::WholeImage, |region| Place::Region { region });
            finding.measurements = measurements;
            finding.evidence.lines = lines;
            finding.notices.extend(notices);
        }
        // Without an assessment it flags nothing, and the notices say why there is none.
        Err(reasons) => finding.notices.extend(reasons),
    }
    finding
}

impl RunFacts<'_> {
    fn finding(&self, label: FindingLabel) -> Finding {
        Finding {
            id: finding_id(&self.run.model.weights_sha256, self.subject, &label.id),
            subject: self.subject.clone(),
            label,
            origin: Origin::Model(Box::new(self.run.clone())),
            assessment: None,
            place: Place::WholeImage,
            measurements: Vec::new(),
            evidence: Evidence::default(),
            notices: self.notices.clone(),
        }
    }
}
