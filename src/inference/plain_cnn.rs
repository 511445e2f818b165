//! A plain network of 3×3 convolutions in stages (after Simonyan and Zisserman 2015, <https://arxiv.org/abs/1409.1556>),
//! with batch norm and global average pooling.

use candle_core::Result;
use candle_nn::VarBuilder;

use crate::inference::batch_norm::{expect_conv, expect_linear, expect_norm, folded_conv};
use crate::inference::graph::{Activation, Graph};
use crate::inference::model_card::PlainCnnSpec;
use crate::inference::weights::ExpectedTensors;

/// Weight path of the linear layer behind global average pooling.
pub const HEAD: &str = "classifier";

/// Path of a convolution, path of its norm, channels in and out.
type ConvPaths = (String, String, (usize, usize));

/// The convolutions, stage by stage.
fn stages(spec: &PlainCnnSpec) -> Vec<Vec<ConvPaths>> {
    let mut n_in = spec.in_channels;
    let mut stages = Vec::new();
    for (stage, width) in spec.widths.iter().enumerate() {
        let mut convs = Vec::new();
        for i in 1..=spec.convs_per_stage {
            let path = format!("stage{stage}");
            convs.push((format!("{path}.conv{i}"), format!("{path}.norm{i}"), (n_in, *width)));
            n_in = *width;
        }
        stages.push(convs);
    }
    stages
}

/// Names and shapes of the weights.
pub fn expected_tensors(spec: &PlainCnnSpec) -> ExpectedTensors {
    let mut expected = ExpectedTensors::new();
    for (conv, norm, (n_in, n_out)) in stages(spec).into_iter().flatten() {
        expect_conv(&mut expected, &conv, n_in, n_out, 3);
        expect_norm(&mut expected, &norm, n_out);
    }
    expect_linear(&mut expected, HEAD, spec.widths.last().copied().unwrap_or(0), spec.n_classes);
    expected
}

/// The trunk, stages with 2×2 pooling between; and the width of its feature map.
pub fn trunk(spec: &PlainCnnSpec, vb: &VarBuilder) -> Result<(Graph, usize)> {
    let (mut graph, mut x) = Graph::new(spec.in_channels);
    for (stage, convs) in stages(spec).into_iter().enumerate() {
        if stage > 0 {
            x = graph.max_pool(x, 2, 2, 0);
        }
        for (conv, norm, widths) in convs {
            x = graph.conv(x, folded_conv(widths, 3, &vb.pp(conv), &vb.pp(norm))?.then(Activation::Relu));
        }
    }
    let n_channels = graph.n_channels(x);
    Ok((graph, n_channels))
}
