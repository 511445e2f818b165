//! DenseNet (Huang et al. 2017, <https://arxiv.org/abs/1608.06993>) with torchvision's weight names and one input channel.

use candle_core::Result;
use candle_nn::VarBuilder;

use crate::inference::batch_norm::{affine, bare_conv, expect_conv, expect_linear, expect_norm, folded_conv};
use crate::inference::graph::{Activation, Conv, Graph, NodeId};
use crate::inference::model_card::DensenetSpec;
use crate::inference::weights::ExpectedTensors;

/// Weight path of the linear layer behind global average pooling.
pub const HEAD: &str = "classifier";

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
    expect_linear(&mut expected, HEAD, n_channels, spec.n_classes);
    expected
}

/// The trunk, up to the ReLU behind `norm5`; and the width of its feature map, which saliency looks at.
pub fn trunk(spec: &DensenetSpec, vb: &VarBuilder) -> Result<(Graph, usize)> {
    let features = vb.pp("features");
    let (mut graph, input) = Graph::new(spec.in_channels);
    let stem_widths = (spec.in_channels, spec.init_features);
    let stem = folded_conv(stem_widths, 7, &features.pp("conv0"), &features.pp("norm0"))?;
    let stem = graph.conv(input, Conv { stride: 2, ..stem }.then(Activation::Relu));
    let mut x = graph.max_pool(stem, 3, 2, 1);
    for (block, n_layers) in (1..).zip(&spec.block_config) {
        let vb = features.pp(format!("denseblock{block}"));
        for layer in 1..=*n_layers {
            let grown = dense_layer(&mut graph, x, spec, &vb.pp(format!("denselayer{layer}")))?;
            x = graph.concat(x, grown);
        }
        if block < spec.block_config.len() {
            x = transition(&mut graph, x, &features.pp(format!("transition{block}")))?;
        }
    }
    let n_channels = graph.n_channels(x);
    graph.norm_relu(x, affine(n_channels, &features.pp("norm5"))?);
    Ok((graph, n_channels))
}

fn dense_layer(graph: &mut Graph, x: NodeId, spec: &DensenetSpec, vb: &VarBuilder) -> Result<NodeId> {
    let (n_in, bottleneck) = (graph.n_channels(x), spec.bn_size * spec.growth_rate);
    let conv1 = folded_conv((n_in, bottleneck), 1, &vb.pp("conv1"), &vb.pp("norm2"))?;
    let narrow = graph.conv(x, conv1.behind(affine(n_in, &vb.pp("norm1"))?).then(Activation::Relu));
    Ok(graph.conv(narrow, bare_conv((bottleneck, spec.growth_rate), 3, &vb.pp("conv2"))?))
}

fn transition(graph: &mut Graph, x: NodeId, vb: &VarBuilder) -> Result<NodeId> {
    let n_in = graph.n_channels(x);
    // Averaging before a 1×1 convolution gives the same and costs a quarter.
    let pooled = graph.average_pool(x, Some(affine(n_in, &vb.pp("norm"))?));
    Ok(graph.conv(pooled, bare_conv((n_in, n_in / 2), 1, &vb.pp("conv"))?))
}
