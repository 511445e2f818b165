//! DenseNet (Huang et al. 2017, <https://arxiv.org/abs/1608.06993>) with torchvision's weight names and one input channel.

use candle_core::{Module, Result, Tensor};
use candle_nn::{Conv2d, Conv2dConfig, Linear, VarBuilder};

use crate::inference::batch_norm::{ScaleShift, expect_conv, expect_norm, folded_conv};
use crate::inference::model_card::DensenetSpec;
use crate::inference::weights::ExpectedTensors;

/// Trunk (all up to the ReLU behind `norm5`) and head (global average pool, linear).
#[derive(Clone, Debug)]
pub struct Densenet {
    stem: Conv2d,
    stages: Vec<Stage>,
    norm5: ScaleShift,
    classifier: Linear,
}

#[derive(Clone, Debug)]
struct Stage {
    layers: Vec<DenseLayer>,
    transition: Option<Transition>,
}

#[derive(Clone, Debug)]
struct DenseLayer {
    norm1: ScaleShift,
    conv1: Conv2d,
    conv2: Conv2d,
}

#[derive(Clone, Debug)]
struct Transition {
    norm: ScaleShift,
    conv: Conv2d,
}

/// Names and shapes of the weights.
pub fn expected_tensors(spec: &DensenetSpec) -> ExpectedTensors {
    let mut expected = ExpectedTensors::new();
    let bottleneck = spec.bn_size * spec.growth_rate;
    expect_conv(&mut expected, "features.conv0", spec.in_channels, spec.init_features, 7);
    expect_norm(&mut expected, "features.norm0", spec.init_features);
    let mut n_channels = spec.init_features;
    for (block, n_layers) in (1..).zip(&spec.block_config) {
        for layer in 1..=*n_layers {
            let path = format!("features.denseblock{block}.denselayer{layer}");
            expect_norm(&mut expected, &format!("{path}.norm1"), n_channels);
            expect_conv(&mut expected, &format!("{path}.conv1"), n_channels, bottleneck, 1);
            expect_norm(&mut expected, &format!("{path}.norm2"), bottleneck);
            expect_conv(&mut expected, &format!("{path}.conv2"), bottleneck, spec.growth_rate, 3);
            n_channels += spec.growth_rate;
        }
        if block < spec.block_config.len() {
            let path = format!("features.transition{block}");
            expect_norm(&mut expected, &format!("{path}.norm"), n_channels);
            expect_conv(&mut expected, &format!("{path}.conv"), n_channels, n_channels / 2, 1);
            n_channels /= 2;
        }
    }
    expect_norm(&mut expected, "features.norm5", n_channels);
    expected.insert("classifier.weight".to_owned(), vec![spec.n_classes, n_channels]);
    expected.insert("classifier.bias".to_owned(), vec![spec.n_classes]);
    expected
}

impl Densenet {
    pub fn load(spec: &DensenetSpec, vb: &VarBuilder) -> Result<Self> {
        let features = vb.pp("features");
        let stem_config = Conv2dConfig { padding: 3, stride: 2, ..Conv2dConfig::default() };
        let stem_widths = (spec.in_channels, spec.init_features);
        let stem = folded_conv(stem_widths, 7, stem_config, &features.pp("conv0"), &features.pp("norm0"))?;
        let mut n_channels = spec.init_features;
        let mut stages = Vec::new();
        for (block, n_layers) in (1..).zip(&spec.block_config) {
            let vb = features.pp(format!("denseblock{block}"));
            let mut layers = Vec::new();
            for layer in 1..=*n_layers {
                layers.push(DenseLayer::load(spec, n_channels, &vb.pp(format!("denselayer{layer}")))?);
                n_channels += spec.growth_rate;
            }
            let transition = if block < spec.block_config.len() {
                let vb = features.pp(format!("transition{block}"));
                let transition = Transition::load(n_channels, &vb)?;
                n_channels /= 2;
                Some(transition)
            } else {
                None
            };
            stages.push(Stage { layers, transition });
        }
        let norm5 = ScaleShift::load(n_channels, &features.pp("norm5"))?;
        let classifier = candle_nn::linear(n_channels, spec.n_classes, vb.pp("classifier"))?;
        Ok(Self { stem, stages, norm5, classifier })
    }

    /// The feature map that saliency looks at, N×C×h×w, after the final norm and ReLU.
    pub fn features(&self, x: &Tensor) -> Result<Tensor> {
        let x = self.stem.forward(x)?.relu()?;
        // Behind a ReLU a border of zeros pools like PyTorch's border of minus infinity.
        let x = x.pad_with_zeros(2, 1, 1)?.pad_with_zeros(3, 1, 1)?;
        let mut x = x.max_pool2d_with_stride(3, 2)?;
        for stage in &self.stages {
            x = stage.forward(&x)?;
        }
        self.norm5.forward(&x)?.relu()
    }

    /// Logits, N×classes.
    pub fn head(&self, features: &Tensor) -> Result<Tensor> {
        self.classifier.forward(&features.mean((2, 3))?)
    }

    /// The linear layer's weights, classes×C: with global average pooling they give Grad-CAM in closed form.
    pub fn head_weight(&self) -> &Tensor {
        self.classifier.weight()
    }
}

impl Stage {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut x = x.clone();
        for layer in &self.layers {
            x = Tensor::cat(&[&x, &layer.forward(&x)?], 1)?;
        }
        match &self.transition {
            Some(transition) => transition.forward(&x),
            None => Ok(x),
        }
    }
}

impl DenseLayer {
    fn load(spec: &DensenetSpec, n_in: usize, vb: &VarBuilder) -> Result<Self> {
        let bottleneck = spec.bn_size * spec.growth_rate;
        let padded = Conv2dConfig { padding: 1, ..Conv2dConfig::default() };
        let conv2 = candle_nn::conv2d_no_bias(bottleneck, spec.growth_rate, 3, padded, vb.pp("conv2"))?;
        let conv1 = folded_conv((n_in, bottleneck), 1, Conv2dConfig::default(), &vb.pp("conv1"), &vb.pp("norm2"))?;
        Ok(Self { norm1: ScaleShift::load(n_in, &vb.pp("norm1"))?, conv1, conv2 })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = self.norm1.forward(x)?.relu()?;
        self.conv2.forward(&self.conv1.forward(&x)?.relu()?)
    }
}

impl Transition {
    fn load(n_in: usize, vb: &VarBuilder) -> Result<Self> {
        let conv = candle_nn::conv2d_no_bias(n_in, n_in / 2, 1, Conv2dConfig::default(), vb.pp("conv"))?;
        Ok(Self { norm: ScaleShift::load(n_in, &vb.pp("norm"))?, conv })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        // Averaging before a 1×1 convolution gives the same and costs a quarter.
        self.conv.forward(&self.norm.forward(x)?.relu()?.avg_pool2d(2)?)
    }
}
