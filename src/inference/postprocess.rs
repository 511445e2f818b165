//! From a segmentation network's logits to masks on the source grid.

use std::sync::Arc;

use rayon::iter::{IndexedParallelIterator as _, ParallelIterator as _};
use rayon::slice::ParallelSliceMut as _;

use crate::domain::likelihood::Likelihood;
use crate::domain::mask::{Mask, Segment};
use crate::inference::error::InferenceError;
use crate::inference::letterbox::Letterbox;
use crate::inference::model_card::SegmentSpec;
use crate::segmentation::components;

/// The card's segments, in its order; a structure that was not found has an empty mask.
///
/// Probabilities are brought to the source's resolution before the largest is taken, so that borders are smooth there;
/// of each structure the largest piece stays.
pub fn segments(
    specs: &[SegmentSpec],
    logits: &[f32],
    temperature: f64,
    letterbox: &Letterbox,
) -> Result<Vec<Arc<Segment>>, InferenceError> {
    let labels = label_map(&softmax(logits, letterbox.rows * letterbox.cols, temperature), letterbox);
    specs.iter().map(|spec| segment(spec, &labels, letterbox).map(Arc::new)).collect()
}

/// How likely each place belongs to each of the card's segments, on the network's grid without its padding.
pub fn likelihoods(
    specs: &[SegmentSpec],
    logits: &[f32],
    temperature: f64,
    letterbox: &Letterbox,
) -> Vec<Arc<Likelihood>> {
    let probabilities = softmax(logits, letterbox.rows * letterbox.cols, temperature);
    let one = |spec: &SegmentSpec| {
        let picture = letterbox.crop(probabilities.get(spec.index)?);
        let cols = u32::try_from(letterbox.width).ok()?;
        Likelihood::new(spec.id.clone(), cols, picture, letterbox.crop_from_source()).map(Arc::new)
    };
    specs.iter().filter_map(one).collect()
}

fn segment(spec: &SegmentSpec, labels: &[u8], letterbox: &Letterbox) -> Result<Segment, InferenceError> {
    let inside: Vec<u8> = labels.iter().map(|label| u8::from(usize::from(*label) == spec.index)).collect();
    let size = |n: usize| u32::try_from(n).map_err(|_| InferenceError::image("it is too large"));
    let mask = Mask::from_dense(size(letterbox.source_rows)?, size(letterbox.source_cols)?, &inside)
        .map_err(|error| InferenceError::image(error.to_string()))?;
    Ok(Segment {
        id: spec.id.clone(),
        name: spec.name.clone(),
        code: spec.code.clone(),
        color: spec.color,
        mask: components::largest_component(&mask),
    })
}

/// Per pixel over the channels, of logits divided by the temperature. One vector per channel.
fn softmax(logits: &[f32], n_pixels: usize, temperature: f64) -> Vec<Vec<f32>> {
    let channels: Vec<&[f32]> = logits.chunks_exact(n_pixels).collect();
    let mut probabilities = vec![Vec::with_capacity(n_pixels); channels.len()];
    for pixel in 0..n_pixels {
        let at = |channel: &&[f32]| channel.get(pixel).copied().map_or(0.0, f64::from) / temperature;
        let largest = channels.iter().map(at).fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = channels.iter().map(|channel| (at(channel) - largest).exp()).collect();
        let total: f64 = powers.iter().sum();
        for (probability, power) in probabilities.iter_mut().zip(powers) {
            probability.push((power / total) as f32);
        }
    }
    probabilities
}

/// The channel with the largest probability at every source pixel, bilinear between the network's pixel centres.
fn label_map(probabilities: &[Vec<f32>], letterbox: &Letterbox) -> Vec<u8> {
    let pictures: Vec<Vec<f32>> = probabilities.iter().map(|channel| letterbox.crop(channel)).collect();
    let map = letterbox.crop_from_source();
    let across = neighbors(letterbox.source_cols, letterbox.width, map.scale_x, map.offset_x);
    let down = neighbors(letterbox.source_rows, letterbox.height, map.scale_y, map.offset_y);
    let mut labels = vec![0_u8; letterbox.source_rows * letterbox.source_cols];
    labels.par_chunks_mut(letterbox.source_cols).zip(&down).for_each(|(row, below)| {
        let blended: Vec<Vec<f32>> =
            pictures.iter().map(|picture| blend_rows(picture, letterbox.width, *below)).collect();
        for (label, beside) in row.iter_mut().zip(&across) {
            *label = largest_at(&blended, *beside);
        }
    });
    labels
}

/// Two samples and how far the second weighs.
#[derive(Clone, Copy)]
struct Neighbors {
    first: usize,
    second: usize,
    weight: f32,
}

fn neighbors(n_source: usize, n_grid: usize, scale: f64, offset: f64) -> Vec<Neighbors> {
    let last = n_grid.saturating_sub(1);
    let of = |i: usize| {
        let at = (i as f64 * scale + offset).clamp(0.0, last as f64);
        let first = at.floor() as usize;
        Neighbors { first, second: (first + 1).min(last), weight: (at - at.floor()) as f32 }
    };
    (0..n_source).map(of).collect()
}

fn blend_rows(picture: &[f32], width: usize, Neighbors { first, second, weight }: Neighbors) -> Vec<f32> {
    let row = |index: usize| picture.iter().skip(index * width).take(width);
    row(first).zip(row(second)).map(|(a, b)| a + (b - a) * weight).collect()
}

/// Of equals the first channel, so that the background wins a tie.
fn largest_at(rows: &[Vec<f32>], Neighbors { first, second, weight }: Neighbors) -> u8 {
    let mut best = (0_u8, f32::NEG_INFINITY);
    for (channel, row) in (0_u8..=u8::MAX).zip(rows) {
        let at = |index: usize| row.get(index).copied().unwrap_or(0.0);
        let value = at(first) + (at(second) - at(first)) * weight;
        if value > best.1 {
            best = (channel, value);
        }
    }
    best.0
}
