//! Batch norm at inference is a scale and a shift per channel (Ioffe and Szegedy 2015, <https://arxiv.org/abs/1502.03167>).
//!
//! Behind a convolution it disappears into the weights; before one, with a ReLU between, it stays.

use candle_core::Result;
use candle_nn::VarBuilder;

use crate::inference::graph::{Affine, Conv};
use crate::inference::weights::ExpectedTensors;

/// PyTorch's default, which all networks but EfficientNet's first release use.
const EPSILON: f64 = 1e-5;

/// A weight's values in the file's order.
pub fn values(vb: &VarBuilder, shape: &[usize], name: &str) -> Result<Vec<f32>> {
    vb.get(shape, name)?.flatten_all()?.to_vec1()
}

/// Scale and shift per channel, for a ReLU behind.
pub fn affine(n_channels: usize, vb: &VarBuilder) -> Result<Affine> {
    let (scale, shift) = scale_and_shift(n_channels, vb)?;
    let narrow = |values: Vec<f64>| values.into_iter().map(narrowed).collect();
    Ok(Affine { scale: narrow(scale), shift: narrow(shift) })
}

/// A convolution without bias, as it is in the file.
pub fn bare_conv((n_in, n_out): (usize, usize), kernel: usize, conv: &VarBuilder) -> Result<Conv> {
    let weight = values(conv, &[n_out, n_in, kernel, kernel], "weight")?;
    Ok(Conv::new((n_in, n_out), kernel, weight, vec![0.0; n_out]))
}

/// A convolution with bias, as it is in the file.
pub fn biased_conv(widths: (usize, usize), kernel: usize, conv: &VarBuilder) -> Result<Conv> {
    let bias = values(conv, &[widths.1], "bias")?;
    Ok(Conv { bias, ..bare_conv(widths, kernel, conv)? })
}

/// A convolution without bias, followed by batch norm, as one convolution with a bias.
pub fn folded_conv(widths: (usize, usize), kernel: usize, conv: &VarBuilder, norm: &VarBuilder) -> Result<Conv> {
    folded(bare_conv(widths, kernel, conv)?, norm)
}

/// Batch norm into the weights in front of it.
pub fn folded(mut conv: Conv, norm: &VarBuilder) -> Result<Conv> {
    let (scale, shift) = scale_and_shift(conv.n_out, norm)?;
    let per_output = conv.weight.len() / conv.n_out.max(1);
    for (filter, scale) in conv.weight.chunks_mut(per_output.max(1)).zip(&scale) {
        for value in filter {
            *value = narrowed(f64::from(*value) * scale);
        }
    }
    conv.bias = shift.into_iter().map(narrowed).collect();
    Ok(conv)
}

/// `scale = γ / √(σ² + ε)`, `shift = β − μ · scale`, in f64.
fn scale_and_shift(n_channels: usize, vb: &VarBuilder) -> Result<(Vec<f64>, Vec<f64>)> {
    let values = |name: &str| values(vb, &[n_channels], name);
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

/// Adds a fully connected layer.
pub fn expect_linear(expected: &mut ExpectedTensors, path: &str, n_in: usize, n_out: usize) {
    expected.insert(format!("{path}.weight"), vec![n_out, n_in]);
    expected.insert(format!("{path}.bias"), vec![n_out]);
}
