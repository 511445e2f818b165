//! U-Net (Ronneberger et al. 2015, <https://arxiv.org/abs/1505.04597>) with batch norm, same-size convolutions and
//! transposed upsampling.

use candle_core::{Module, Result, Tensor};
use candle_nn::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, VarBuilder};

use crate::inference::batch_norm::{expect_conv, expect_norm, folded_conv};
use crate::inference::model_card::UnetSpec;
use crate::inference::weights::ExpectedTensors;

#[derive(Clone, Debug)]
pub struct Unet {
    /// From full resolution to the bottleneck.
    encoders: Vec<Level>,
    /// From the bottleneck's neighbor up to full resolution.
    decoders: Vec<Decoder>,
    head: Conv2d,
}

/// Two 3×3 convolutions, each with batch norm (folded) and ReLU.
#[derive(Clone, Debug)]
struct Level {
    conv1: Conv2d,
    conv2: Conv2d,
}

#[derive(Clone, Debug)]
struct Decoder {
    /// Index of the encoder whose output is joined.
    level_idx: usize,
    up: ConvTranspose2d,
    level: Level,
}

fn width(spec: &UnetSpec, level_idx: usize) -> usize {
    spec.base_width << level_idx
}

fn encoder_widths(spec: &UnetSpec, level_idx: usize) -> (usize, usize) {
    let n_in = level_idx.checked_sub(1).map_or(spec.in_channels, |above| width(spec, above));
    (n_in, width(spec, level_idx))
}

/// Names and shapes of the weights.
pub fn expected_tensors(spec: &UnetSpec) -> ExpectedTensors {
    let mut expected = ExpectedTensors::new();
    for level_idx in 0..spec.depth {
        expect_level(&mut expected, &format!("enc{level_idx}"), encoder_widths(spec, level_idx));
    }
    for level_idx in 0..spec.depth - 1 {
        let n_out = width(spec, level_idx);
        expected.insert(format!("up{level_idx}.weight"), vec![2 * n_out, n_out, 2, 2]);
        expected.insert(format!("up{level_idx}.bias"), vec![n_out]);
        expect_level(&mut expected, &format!("dec{level_idx}"), (2 * n_out, n_out));
    }
    expect_conv(&mut expected, "head", spec.base_width, spec.out_channels, 1);
    expected.insert("head.bias".to_owned(), vec![spec.out_channels]);
    expected
}

fn expect_level(expected: &mut ExpectedTensors, path: &str, (n_in, n_out): (usize, usize)) {
    expect_conv(expected, &format!("{path}.conv1"), n_in, n_out, 3);
    expect_norm(expected, &format!("{path}.norm1"), n_out);
    expect_conv(expected, &format!("{path}.conv2"), n_out, n_out, 3);
    expect_norm(expected, &format!("{path}.norm2"), n_out);
}

impl Unet {
    pub fn load(spec: &UnetSpec, vb: &VarBuilder) -> Result<Self> {
        let encoders = (0..spec.depth)
            .map(|level_idx| Level::load(encoder_widths(spec, level_idx), &vb.pp(format!("enc{level_idx}"))))
            .collect::<Result<_>>()?;
        let decoders = (0..spec.depth - 1)
            .rev()
            .map(|level_idx| Decoder::load(level_idx, width(spec, level_idx), vb))
            .collect::<Result<_>>()?;
        let head = candle_nn::conv2d(spec.base_width, spec.out_channels, 1, Conv2dConfig::default(), vb.pp("head"))?;
        Ok(Self { encoders, decoders, head })
    }

    /// Logits, N×classes×H×W.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut x = x.clone();
        let mut skips = Vec::with_capacity(self.encoders.len());
        for (level_idx, encoder) in self.encoders.iter().enumerate() {
            if level_idx > 0 {
                x = x.max_pool2d(2)?;
            }
            x = encoder.forward(&x)?;
            skips.push(x.clone());
        }
        for decoder in &self.decoders {
            let Some(skip) = skips.get(decoder.level_idx) else {
                candle_core::bail!("level {} has no encoder", decoder.level_idx)
            };
            x = decoder.forward(skip, &x)?;
        }
        self.head.forward(&x)
    }
}

impl Level {
    fn load((n_in, n_out): (usize, usize), vb: &VarBuilder) -> Result<Self> {
        let padded = Conv2dConfig { padding: 1, ..Conv2dConfig::default() };
        Ok(Self {
            conv1: folded_conv((n_in, n_out), 3, padded, &vb.pp("conv1"), &vb.pp("norm1"))?,
            conv2: folded_conv((n_out, n_out), 3, padded, &vb.pp("conv2"), &vb.pp("norm2"))?,
        })
    }
}

impl Module for Level {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = self.conv1.forward(x)?.relu()?;
        self.conv2.forward(&x)?.relu()
    }
}

impl Decoder {
    fn load(level_idx: usize, n_out: usize, vb: &VarBuilder) -> Result<Self> {
        let doubled = ConvTranspose2dConfig { stride: 2, ..ConvTranspose2dConfig::default() };
        Ok(Self {
            level_idx,
            up: candle_nn::conv_transpose2d(2 * n_out, n_out, 2, doubled, vb.pp(format!("up{level_idx}")))?,
            level: Level::load((2 * n_out, n_out), &vb.pp(format!("dec{level_idx}")))?,
        })
    }

    fn forward(&self, skip: &Tensor, x: &Tensor) -> Result<Tensor> {
        let x = self.up.forward(x)?;
        self.level.forward(&Tensor::cat(&[skip, &x], 1)?)
    }
}
