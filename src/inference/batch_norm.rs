//! Batch norm at inference is a scale and a shift per channel (Ioffe and Szegedy 2015, <https://arxiv.org/abs/1502.03167>).
//!
//! Behind a convolution it disappears into the weights; before one, with a ReLU between, it stays.

use candle_core::{Result, Tensor};
use candle_nn::{Conv2d, Conv2dConfig, Module, VarBuilder};

use crate::inference::weights::ExpectedTensors;

/// PyTorch's default, which both networks use.
const EPSILON: f64 = 1e-5;

/// Scale and shift per channel, shaped to broadcast over N×C×H×W.
#[derive(Clone, Debug)]
pub struct ScaleShift {
    scale: Tensor,
    shift: Tensor,
}

impl ScaleShift {
    pub fn load(n_channels: usize, vb: &VarBuilder) -> Result<Self> {
        let (scale, shift) = scale_and_shift(n_channels, vb)?;
        let as_map = |values: Vec<f64>| {
            let values: Vec<f32> = values.into_iter().map(narrowed).collect();
            Tensor::from_vec(values, (1, n_channels, 1, 1), vb.device())
        };
        Ok(Self { scale: as_map(scale)?, shift: as_map(shift)? })
    }
}

impl Module for ScaleShift {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.broadcast_mul(&self.scale)?.broadcast_add(&self.shift)
    }
}

/// A convolution without bias, followed by batch norm, as one convolution with a bias.
pub fn folded_conv(
    (n_in, n_out): (usize, usize),
    kernel: usize,
    config: Conv2dConfig,
    conv: &VarBuilder,
    norm: &VarBuilder,
) -> Result<Conv2d> {
    let weight = conv.get((n_out, n_in, kernel, kernel), "weight")?;
    let (scale, shift) = scale_and_shift(n_out, norm)?;
    let mut values = weight.flatten_all()?.to_vec1::<f32>()?;
    for (filter, scale) in values.chunks_mut(n_in * kernel * kernel).zip(&scale) {
        for value in filter {
            *value = narrowed(f64::from(*value) * scale);
        }
    }
    let weight = Tensor::from_vec(values, (n_out, n_in, kernel, kernel), conv.device())?;
    let bias: Vec<f32> = shift.into_iter().map(narrowed).collect();
    Ok(Conv2d::new(weight, Some(Tensor::from_vec(bias, n_out, conv.device())?), config))
}

/// `scale = γ / √(σ² + ε)`, `shift = β − μ · scale`, in f64.
fn scale_and_shift(n_channels: usize, vb: &VarBuilder) -> Result<(Vec<f64>, Vec<f64>)> {
    let values = |name: &str| vb.get(n_channels, name)?.to_vec1::<f32>();
    let (gamma, beta) = (values("weight")?, values("bias")?);
    let (mean, variance) = (values("running_mean")?, values("running_var")?);
    let scale: Vec<f64> = gamma
        .iter()
        .zip(&variance)
        .map(|(gamma, var)| f64::from(*gamma) / (f64::from(*var) + EPSILON).sqrt())
        .collect();
    let shift =
        beta.iter().zip(&mean).zip(&scale).map(|((beta, mean), scale)| f64::from(*beta) - f64::from(*mean) * scale);
    let shift = shift.collect();
    Ok((scale, shift))
}

/// Weights are f32; only the folding is done in f64.
fn narrowed(value: f64) -> f32 {
    value as f32
}

/// Adds the four tensors of one batch norm.
pub fn expect_norm(expected: &mut ExpectedTensors, path: &str, n_channels: usize) {
    for name in ["weight", "bias", "running_mean", "running_var"] {
        expected.insert(format!("{path}.{name}"), vec![n_channels]);
    }
}

/// Adds a convolution's weight.
pub fn expect_conv(expected: &mut ExpectedTensors, path: &str, n_in: usize, n_out: usize, kernel: usize) {
    expected.insert(format!("{path}.weight"), vec![n_out, n_in, kernel, kernel]);
}
