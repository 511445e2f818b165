//! What a card says of doubt: whom the model is for, how far an input may lie from its training images, what its scores
//! are worth.

use serde::{Deserialize, Serialize};

/// Whom and what the model is meant for, beyond modality, body part and view. What is absent is not asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScopeSpec {
    /// Years at the time of the study.
    pub min_age_years: Option<f64>,
    pub max_age_years: Option<f64>,
    /// `MONOCHROME1`, `MONOCHROME2`, `PALETTE COLOR`, `RGB`; empty: any.
    #[serde(default)]
    pub photometric: Vec<String>,
    pub min_bits_stored: Option<u16>,
    /// Of the larger side of a pixel, mm.
    pub min_pixel_mm: Option<f64>,
    pub max_pixel_mm: Option<f64>,
    /// Of a volume, mm.
    pub min_slice_mm: Option<f64>,
    pub max_slice_mm: Option<f64>,
    /// Fewer slices are no volume for this model.
    pub min_slices: Option<u32>,
}

/// Statistics of the training images' pooled features, beside the weights.
///
/// The file is safetensors, f32: `mean` (C), and either `precision` (C × C) for d² = (x − mean)ᵀ · precision · (x − mean)
/// or `factor` (k × C) for d² = |factor · (x − mean)|²; `quantiles` (n, ascending) are values of d at the percentiles
/// `percentiles` (n, ascending, from 0 to 100) of images the network was not fitted to, where there are such.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DistanceSpec {
    /// A plain file name inside the model's folder.
    pub file: String,
    /// Lower-case hex.
    pub sha256: String,
    /// Weight path of the map whose channels are averaged: a classifier's saliency layer, or a U-Net's deepest level.
    pub layer: String,
    /// At and above this percentile the reader is told.
    pub warn_percentile: f64,
    /// At and above this percentile findings are held back.
    pub hold_percentile: f64,
    /// Images behind the statistics.
    pub n: u64,
    /// Which images, in words.
    #[serde(default)]
    pub set: String,
}

/// How scores became probabilities. Only with this table may a screen say "probability".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationSpec {
    pub method: CalibrationMethod,
    /// The held-out set in words.
    pub set: String,
    /// Cases in it.
    pub n: u64,
    /// Expected calibration error on cases the calibration was not fitted to.
    pub ece: Option<f64>,
    pub ece_ci: Option<[f64; 2]>,
    /// Of isotonic calibration: one per label.
    #[serde(rename = "curve", default)]
    pub curves: Vec<IsotonicCurve>,
    /// Half width of the 95 % interval of a probability by split conformal prediction, 0 to 1.
    pub conformal_half_width: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CalibrationMethod {
    /// Logits are divided by `output.temperature`.
    Temperature,
    /// The sigmoid of the logit goes through a rising curve.
    Isotonic,
}

/// Straight lines between points; scores beyond the ends take the end's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IsotonicCurve {
    /// Id of a label.
    pub label: String,
    /// Scores, ascending, 0 to 1.
    pub score: Vec<f64>,
    /// Probabilities, never falling, 0 to 1.
    pub probability: Vec<f64>,
}

impl IsotonicCurve {
    pub fn at(&self, score: f64) -> Option<f64> {
        let points: Vec<(f64, f64)> = self.score.iter().copied().zip(self.probability.iter().copied()).collect();
        let (first, last) = (points.first()?, points.last()?);
        if score <= first.0 {
            return Some(first.1);
        }
        let between = points.windows(2).find_map(|pair| match pair {
            [(x0, y0), (x1, y1)] if score <= *x1 => {
                let share = if x1 > x0 { (score - x0) / (x1 - x0) } else { 1.0 };
                Some(y0 + (y1 - y0) * share)
            }
            _ => None,
        });
        Some(between.unwrap_or(last.1))
    }
}

/// Slightly altered views of the same picture, whose scores span the stability interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StabilitySpec {
    /// About the picture's middle, each one view.
    #[serde(default)]
    pub rotate_degrees: Vec<f64>,
    /// Larger or smaller about the middle, each one view.
    #[serde(default)]
    pub scale: Vec<f64>,
    /// Right, left, down and up by this part of a side: four views. 0: none.
    #[serde(default)]
    pub shift: f64,
    /// Left and right exchanged; never where sides matter.
    #[serde(default)]
    pub mirror: bool,
}

impl StabilitySpec {
    /// Beside the picture as it is.
    pub fn n_views(&self) -> usize {
        let shifts = if self.shift > 0.0 { 4 } else { 0 };
        self.rotate_degrees.len() + self.scale.len() + shifts + usize::from(self.mirror)
    }
}

/// Whether the maps of a model depend on what it learned (Adebayo et al. 2018, <https://arxiv.org/abs/1810.03292>) and
/// show what its scores rest on (deletion, Petsiuk et al. 2018, <https://arxiv.org/abs/1806.07421>).
///
/// Written by `overread models sanity`, beside the card in `sanity.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SanityReport {
    /// Of the weights it was measured on.
    pub weights_sha256: String,
    /// `grad-cam` or another word of the saliency method.
    pub method: String,
    /// Pictures it was measured on.
    pub n_images: u32,
    pub set: String,
    /// Mean rank correlation of maps before and after the last layers' weights were drawn anew; near 0 is good.
    pub randomized_correlation: f64,
    /// Mean area under the score while the pixels the map names first are blurred away, relative to the score at first.
    pub deletion_area: f64,
    /// The same with pixels in random order: the map should fall faster.
    pub random_deletion_area: f64,
    /// Whether the maps passed both: correlation below 0.5, and faster than random on most pictures.
    pub passed: bool,
}
