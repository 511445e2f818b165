//! U-Net (Ronneberger et al. 2015, <https://arxiv.org/abs/1505.04597>) with same-size convolutions and transposed upsampling; plain or with
//! residual levels.

use candle_core::Result;
use candle_nn::VarBuilder;

use crate::inference::batch_norm::{bare_conv, biased_conv, expect_conv, expect_norm, folded, folded_conv, values};
use crate::inference::graph::{Activation, Graph, NodeId, Up};
use crate::inference::model_card::{Norm, UnetSpec};
use crate::inference::weights::ExpectedTensors;

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
        expect_level(&mut expected, spec, &format!("enc{level_idx}"), encoder_widths(spec, level_idx));
    }
    for level_idx in 0..spec.depth - 1 {
        let n_out = width(spec, level_idx);
        expected.insert(format!("up{level_idx}.weight"), vec![2 * n_out, n_out, 2, 2]);
        expected.insert(format!("up{level_idx}.bias"), vec![n_out]);
        expect_level(&mut expected, spec, &format!("dec{level_idx}"), (2 * n_out, n_out));
    }
    expect_conv(&mut expected, "head", spec.base_width, spec.out_channels, 1);
    expected.insert("head.bias".to_owned(), vec![spec.out_channels]);
    expected
}

fn expect_level(expected: &mut ExpectedTensors, spec: &UnetSpec, path: &str, (n_in, n_out): (usize, usize)) {
    for (i, n_in) in [(1, n_in), (2, n_out)] {
        expect_conv(expected, &format!("{path}.conv{i}"), n_in, n_out, 3);
        match spec.norm {
            Norm::Batch => expect_norm(expected, &format!("{path}.norm{i}"), n_out),
            Norm::Instance => {
                expected.insert(format!("{path}.norm{i}.weight"), vec![n_out]);
                expected.insert(format!("{path}.norm{i}.bias"), vec![n_out]);
            }
            Norm::None => {
                expected.insert(format!("{path}.conv{i}.bias"), vec![n_out]);
            }
        }
    }
    if spec.residual {
        expect_conv(expected, &format!("{path}.skip"), n_in, n_out, 1);
        expected.insert(format!("{path}.skip.bias"), vec![n_out]);
    }
}

/// The whole network: logits, classes × rows × cols.
pub fn graph(spec: &UnetSpec, vb: &VarBuilder) -> Result<Graph> {
    let (mut graph, mut x) = Graph::new(spec.in_channels);
    let mut skips = Vec::with_capacity(spec.depth);
    for level_idx in 0..spec.depth {
        if level_idx > 0 {
            x = graph.max_pool(x, 2, 2, 0);
        }
        x = level(&mut graph, x, spec, encoder_widths(spec, level_idx), &vb.pp(format!("enc{level_idx}")))?;
        skips.push(x);
    }
    // The deepest level has seen the most of the picture.
    graph.set_tap(x);
    for (level_idx, skip) in skips.iter().enumerate().take(spec.depth - 1).rev() {
        let n_out = width(spec, level_idx);
        let up = vb.pp(format!("up{level_idx}"));
        let (weight, bias) = (values(&up, &[2 * n_out, n_out, 2, 2], "weight")?, values(&up, &[n_out], "bias")?);
        let raised = graph.up(x, Up { n_in: 2 * n_out, n_out, weight, bias });
        let joined = graph.concat(*skip, raised);
        x = level(&mut graph, joined, spec, (2 * n_out, n_out), &vb.pp(format!("dec{level_idx}")))?;
    }
    graph.conv(x, biased_conv((spec.base_width, spec.out_channels), 1, &vb.pp("head"))?);
    Ok(graph)
}

/// Two 3×3 convolutions, each with its norm and ReLU; in a residual network the 1×1 `skip` of the level's input is added
/// before the last ReLU (Zhang et al. 2018, <https://arxiv.org/abs/1711.10684>, with the order of ResNet).
fn level(
    graph: &mut Graph,
    x: NodeId,
    spec: &UnetSpec,
    (n_in, n_out): (usize, usize),
    vb: &VarBuilder,
) -> Result<NodeId> {
    let first = normed_conv(graph, x, spec, (n_in, n_out), (&vb.pp("conv1"), &vb.pp("norm1")))?;
    if !spec.residual {
        return normed_conv(graph, first, spec, (n_out, n_out), (&vb.pp("conv2"), &vb.pp("norm2")));
    }
    let skip = graph.conv(x, biased_conv((n_in, n_out), 1, &vb.pp("skip"))?);
    let conv2 = match spec.norm {
        Norm::Batch => folded_conv((n_out, n_out), 3, &vb.pp("conv2"), &vb.pp("norm2"))?,
        Norm::None => biased_conv((n_out, n_out), 3, &vb.pp("conv2"))?,
        Norm::Instance => candle_core::bail!("a residual U-Net has batch norm or none"),
    };
    Ok(graph.conv_plus(first, conv2.then(Activation::Relu), skip))
}

fn normed_conv(
    graph: &mut Graph,
    x: NodeId,
    spec: &UnetSpec,
    widths: (usize, usize),
    (conv, norm): (&VarBuilder, &VarBuilder),
) -> Result<NodeId> {
    Ok(match spec.norm {
        Norm::Batch => graph.conv(x, folded(bare_conv(widths, 3, conv)?, norm)?.then(Activation::Relu)),
        Norm::None => graph.conv(x, biased_conv(widths, 3, conv)?.then(Activation::Relu)),
        Norm::Instance => {
            let raw = graph.conv(x, bare_conv(widths, 3, conv)?);
            let values = |name| values(norm, &[widths.1], name);
            graph.instance_norm_relu(raw, values("weight")?, values("bias")?)
        }
    })
}
