//! A model proves itself: its golden input must give its golden output, as in the framework it was trained in.

use candle_core::Tensor;

use crate::inference::error::ModelError;
use crate::inference::model::Model;
use crate::inference::network::Output;
use crate::inference::registry::ModelSource;
use crate::inference::weights::{MAX_WEIGHTS_BYTES, check_sha256, read_any_tensors};

/// How closely the golden output was met.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GoldenReport {
    /// Largest difference of logits and saliency, relative to the largest value of the reference.
    pub difference: f64,
    pub tolerance: f64,
}

/// Reads the model's golden file and checks hash and agreement.
pub fn check(model: &Model, source: &ModelSource) -> Result<GoldenReport, ModelError> {
    let golden = &model.card().golden;
    check_bytes(model, &source.read(&golden.file, MAX_WEIGHTS_BYTES)?)
}

/// The same, from the file's bytes.
pub fn check_bytes(model: &Model, bytes: &[u8]) -> Result<GoldenReport, ModelError> {
    let golden = &model.card().golden;
    check_sha256(&golden.file, bytes, &golden.sha256)?;
    let tensors = read_any_tensors(bytes)?;
    let values = |name: &str| {
        let tensor = tensors.get(name).ok_or_else(|| ModelError::MissingTensor { tensor: name.to_owned() })?;
        flat(tensor)
    };
    let output = model.run(values("input")?).map_err(|error| ModelError::Network { reason: error.to_string() })?;
    let difference = match output {
        Output::Channels { logits } => relative_difference(&logits, &values("output")?),
        Output::Classes { logits, maps } => {
            let of_logits = relative_difference(&logits, &values("output")?);
            if maps.is_empty() {
                of_logits
            } else {
                let maps: Vec<f32> = maps.into_iter().flat_map(|map| map.values).collect();
                of_logits.max(relative_difference(&maps, &values("cam")?))
            }
        }
    };
    let tolerance = golden.tolerance;
    if difference <= tolerance {
        return Ok(GoldenReport { difference, tolerance });
    }
    Err(ModelError::Golden { difference, tolerance })
}

fn flat(tensor: &Tensor) -> Result<Vec<f32>, ModelError> {
    Ok(tensor.flatten_all()?.to_vec1::<f32>()?)
}

/// Infinite when the sizes differ.
pub fn relative_difference(found: &[f32], reference: &[f32]) -> f64 {
    if found.len() != reference.len() || reference.is_empty() {
        return f64::INFINITY;
    }
    let largest = reference.iter().map(|value| f64::from(value.abs())).fold(0.0, f64::max);
    let apart = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).abs();
    let difference = found.iter().zip(reference).map(apart).fold(0.0, f64::max);
    difference / largest.max(f64::MIN_POSITIVE)
}
