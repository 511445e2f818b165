//! Whether a model's maps can be trusted as far as maps go: they must change when what the network learned is taken
//! away (Adebayo et al. 2018), and the score must fall when what they name is taken away (Petsiuk et al. 2018).

use std::collections::HashMap;

use candle_core::{Device, Tensor};

use crate::domain::saliency::SaliencyMethod;
use crate::inference::conversion::safetensors_bytes;
use crate::inference::device::DeviceChoice;
use crate::inference::error::{InferenceError, ModelError};
use crate::inference::findings::score_of;
use crate::inference::model::Model;
use crate::inference::model_card::doubt::SanityReport;
use crate::inference::network::{Output, expected_tensors};
use crate::inference::saliency::{RawMap, upsample_cubic};
use crate::inference::saliency_methods::patches;
use crate::inference::weights::{read_tensors, sha256_hex};

/// The picture is taken away in this many steps.
const N_STEPS: usize = 16;
/// Above this, maps do not depend enough on the weights.
const MOST_CORRELATED: f64 = 0.5;

/// The same network with the values of each weight tensor in random order: its sizes and spread, nothing it learned.
pub fn randomized(model: &Model, weights: &[u8], seed: u64) -> Result<Model, ModelError> {
    let mut card = model.card().clone();
    let tensors = read_tensors(weights, &expected_tensors(&card.architecture))?;
    let mut dice = Dice(seed);
    let mut names: Vec<&String> = tensors.keys().collect();
    names.sort();
    let mut shuffled = HashMap::new();
    for name in names {
        let Some(tensor) = tensors.get(name) else { continue };
        let mut values = tensor.flatten_all()?.to_vec1::<f32>()?;
        // Running means and variances belong to the pictures, and weights of 1 and 0 have nothing to lose.
        if name.ends_with(".weight") || name.ends_with(".bias") {
            dice.shuffle(&mut values);
        }
        shuffled.insert(name.clone(), Tensor::from_vec(values, tensor.dims(), &Device::Cpu)?);
    }
    let bytes = safetensors_bytes(&shuffled)?;
    card.weights.sha256 = sha256_hex(&bytes);
    card.distance = None;
    Model::from_parts(card, &bytes, &DeviceChoice::Cpu)
}

/// Measures on prepared pictures; each with the label whose score is highest against its operating point and whose map
/// is not empty.
pub fn measure(
    model: &Model,
    weights: &[u8],
    pictures: &[Vec<f32>],
    set: &str,
    progress: &mut dyn FnMut(usize),
) -> Result<SanityReport, InferenceError> {
    let network_error = |error: ModelError| InferenceError::Network { reason: error.to_string() };
    let stranger = randomized(model, weights, 20).map_err(network_error)?;
    let method = model.card().saliency.as_ref().map_or(SaliencyMethod::GradCam, |spec| spec.method);
    let map_method = if method == SaliencyMethod::Occlusion { SaliencyMethod::GradCam } else { method };
    let mut dice = Dice(7);
    let (mut correlations, mut falls) = (Vec::new(), Vec::new());
    for (n_done, values) in pictures.iter().enumerate() {
        progress(n_done);
        let Some((label_idx, own)) = strongest_map(model, values, map_method)? else { continue };
        let other = stranger.raw_map(values.clone(), label_idx, map_method, &|| false)?;
        correlations.extend(rank_correlation(&own.values, &other.values));
        let named = deletion(model, values, label_idx, &order_by(&own, model))?;
        let mut shuffled = order_by(&own, model);
        dice.shuffle(&mut shuffled);
        falls.push((named, deletion(model, values, label_idx, &shuffled)?));
    }
    progress(pictures.len());
    let mean = |values: &mut dyn Iterator<Item = f64>| {
        let all: Vec<f64> = values.collect();
        (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
    };
    let no_maps = || InferenceError::image("no picture gave a map that is not empty");
    let randomized_correlation = mean(&mut correlations.iter().copied()).ok_or_else(no_maps)?;
    let deletion_area = mean(&mut falls.iter().map(|(named, _)| *named)).ok_or_else(no_maps)?;
    let random_deletion_area = mean(&mut falls.iter().map(|(_, random)| *random)).ok_or_else(no_maps)?;
    let n_faster = falls.iter().filter(|(named, random)| named < random).count();
    Ok(SanityReport {
        weights_sha256: model.identity().weights_sha256.clone(),
        method: map_method.word().to_owned(),
        n_images: u32::try_from(falls.len()).unwrap_or(u32::MAX),
        set: set.to_owned(),
        randomized_correlation,
        deletion_area,
        random_deletion_area,
        passed: randomized_correlation.abs() < MOST_CORRELATED && 2 * n_faster > falls.len(),
    })
}

/// The label furthest above its operating point among those whose map is not empty, with its map.
fn strongest_map(
    model: &Model,
    values: &[f32],
    method: SaliencyMethod,
) -> Result<Option<(usize, RawMap)>, InferenceError> {
    let scores = scores(model, values.to_vec())?;
    let margin = |index: usize, threshold: f64| scores.get(index).copied().unwrap_or(f64::MIN) - threshold;
    let labels = model.card().labels.iter();
    let mut by_margin: Vec<(usize, f64)> =
        labels.map(|label| (label.index, margin(label.index, label.operating_point.threshold))).collect();
    by_margin.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (label_idx, _) in by_margin {
        let map = model.raw_map(values.to_vec(), label_idx, method, &|| false)?;
        if map.values.iter().any(|value| *value > 0.0) {
            return Ok(Some((label_idx, map)));
        }
    }
    Ok(None)
}

/// By output index.
fn scores(model: &Model, values: Vec<f32>) -> Result<Vec<f64>, InferenceError> {
    let Output::Classes { logits, .. } = model.run(values)? else {
        return Err(InferenceError::image("the model outlines; it has no labels"));
    };
    let card = model.card();
    let score = |(index, logit): (usize, &f32)| {
        let label = card.labels.iter().find(|label| label.index == index).map_or("", |label| label.id.as_str());
        score_of(card, label, crate::domain::score::Logit(f64::from(*logit))).map(|score| score.value())
    };
    logits.iter().enumerate().map(score).collect()
}

/// Pixels of the input, those the map names first; equal ones by place.
fn order_by(map: &RawMap, model: &Model) -> Vec<usize> {
    let (rows, cols) = (model.card().input.rows, model.card().input.cols);
    let values = upsample_cubic(map, rows, cols);
    let mut order: Vec<usize> = (0..values.len()).collect();
    let at = |index: &usize| values.get(*index).copied().unwrap_or(0.0);
    order.sort_by(|a, b| at(b).total_cmp(&at(a)).then(a.cmp(b)));
    order
}

/// Mean of the score, relative to the first, while pixels are replaced by their surroundings' mean in this order.
fn deletion(model: &Model, values: &[f32], label_idx: usize, order: &[usize]) -> Result<f64, InferenceError> {
    let (rows, cols) = (model.card().input.rows, model.card().input.cols);
    let blurred = blurred(values, rows, cols);
    let mut remaining = values.to_vec();
    let first = scores(model, remaining.clone())?.get(label_idx).copied().unwrap_or(0.0);
    let mut sum = 0.0;
    let chunk = order.len().div_ceil(N_STEPS).max(1);
    for part in order.chunks(chunk) {
        for (plane, gone) in remaining.chunks_exact_mut(rows * cols).zip(blurred.chunks_exact(rows * cols)) {
            for index in part {
                if let (Some(value), Some(mean)) = (plane.get_mut(*index), gone.get(*index)) {
                    *value = *mean;
                }
            }
        }
        sum += scores(model, remaining.clone())?.get(label_idx).copied().unwrap_or(0.0);
    }
    let n_steps = order.chunks(chunk).count().max(1) as f64;
    Ok(if first > 0.0 { sum / n_steps / first } else { 1.0 })
}

/// Every pixel as the mean of its patch's surroundings: coarse on purpose.
fn blurred(values: &[f32], rows: usize, cols: usize) -> Vec<f32> {
    let (all, [n_rows, n_cols]) = patches(rows, cols);
    let mut planes = Vec::with_capacity(values.len());
    for plane in values.chunks_exact(rows * cols) {
        let means: Vec<f32> = all
            .iter()
            .map(|patch| {
                let lines = plane.chunks_exact(cols).skip(patch.top).take(patch.rows);
                let (sum, n) = lines
                    .flat_map(|line| line.iter().skip(patch.left).take(patch.cols))
                    .fold((0.0, 0), |(sum, n), value| (sum + f64::from(*value), n + 1));
                (sum / f64::from(n.max(1))) as f32
            })
            .collect();
        planes.extend(upsample_cubic(&RawMap { rows: n_rows, cols: n_cols, values: means }, rows, cols));
    }
    planes
}

/// Spearman's, mean ranks for ties; `None` where one side does not vary.
pub fn rank_correlation(a: &[f32], b: &[f32]) -> Option<f64> {
    let (a, b) = (ranks(a), ranks(b));
    let n = a.len().min(b.len()) as f64;
    let mean = (n - 1.0) / 2.0;
    let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    let (aa, bb) = (product(&a, &a), product(&b, &b));
    (aa > 0.0 && bb > 0.0).then(|| product(&a, &b) / (aa * bb).sqrt())
}

fn ranks(values: &[f32]) -> Vec<f64> {
    let mut order: Vec<(usize, f32)> = values.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for tied in order.chunk_by(|a, b| a.1 == b.1) {
        let rank = start as f64 + (tied.len() as f64 - 1.0) / 2.0;
        for (index, _) in tied {
            if let Some(place) = ranks.get_mut(*index) {
                *place = rank;
            }
        }
        start += tied.len();
    }
    ranks
}

/// Splitmix64 (Steele et al. 2014): the same report on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % (n.max(1) as u64)).unwrap_or(0)
    }

    fn shuffle<T>(&mut self, values: &mut [T]) {
        for i in (1..values.len()).rev() {
            values.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_correlation_is_scipys() {
        // scipy.stats.spearmanr([1, 2, 2, 4, 5], [5, 6, 7, 8, 7]).statistic
        let found = rank_correlation(&[1.0, 2.0, 2.0, 4.0, 5.0], &[5.0, 6.0, 7.0, 8.0, 7.0]).unwrap();
        assert!((found - 0.763_157_894_736_842_1).abs() < 1e-12, "{found}");
        assert_eq!(rank_correlation(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert!((rank_correlation(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]).unwrap() + 1.0).abs() < 1e-12);
    }
}
