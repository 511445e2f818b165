//! EfficientNet (Tan and Le 2019, <https://arxiv.org/abs/1905.11946>) with torchvision's weight names.

use candle_core::Result;
use candle_nn::VarBuilder;

use crate::inference::batch_norm::{bare_conv, expect_conv, expect_linear, expect_norm, folded, folded_conv, values};
use crate::inference::graph::{Activation, Conv, Gate, Graph, NodeId};
use crate::inference::model_card::{EfficientnetSpec, EfficientnetStage};
use crate::inference::weights::ExpectedTensors;

/// Weight path of the linear layer behind global average pooling.
pub const HEAD: &str = "classifier.1";

/// One inverted bottleneck: expand, depthwise, gate, project.
struct Block {
    path: String,
    n_in: usize,
    n_wide: usize,
    n_out: usize,
    kernel: usize,
    stride: usize,
}

impl Block {
    fn n_squeezed(&self) -> usize {
        (self.n_in / 4).max(1)
    }

    /// Paths of the expansion, if any, the depthwise convolution, the gate and the projection.
    fn paths(&self) -> (Option<String>, String, String, String) {
        let at = |i: usize| format!("{}.block.{i}", self.path);
        if self.n_wide == self.n_in { (None, at(0), at(1), at(2)) } else { (Some(at(0)), at(1), at(2), at(3)) }
    }
}

fn blocks(spec: &EfficientnetSpec) -> Vec<Block> {
    let mut n_in = spec.stem_width;
    let mut blocks = Vec::new();
    for (stage, of_stage) in (1..).zip(&spec.stages) {
        let EfficientnetStage { expansion, kernel, stride, width, n_blocks } = *of_stage;
        for block in 0..n_blocks {
            let path = format!("features.{stage}.{block}");
            let stride = if block == 0 { stride } else { 1 };
            blocks.push(Block { path, n_in, n_wide: n_in * expansion, n_out: width, kernel, stride });
            n_in = width;
        }
    }
    blocks
}

/// Path of the last convolution, 1×1, and its inputs.
fn last_conv(spec: &EfficientnetSpec) -> (String, usize) {
    let n_in = spec.stages.last().map_or(spec.stem_width, |stage| stage.width);
    (format!("features.{}", spec.stages.len() + 1), n_in)
}

/// Names and shapes of the weights.
pub fn expected_tensors(spec: &EfficientnetSpec) -> ExpectedTensors {
    let mut expected = ExpectedTensors::new();
    let mut conv_norm = |path: &str, n_in: usize, n_out: usize, kernel: usize| {
        expect_conv(&mut expected, &format!("{path}.0"), n_in, n_out, kernel);
        expect_norm(&mut expected, &format!("{path}.1"), n_out);
    };
    conv_norm("features.0", spec.in_channels, spec.stem_width, 3);
    let (last, n_in) = last_conv(spec);
    conv_norm(&last, n_in, spec.head_width, 1);
    for block in blocks(spec) {
        let (expand, depthwise, _, project) = block.paths();
        if let Some(expand) = expand {
            conv_norm(&expand, block.n_in, block.n_wide, 1);
        }
        conv_norm(&depthwise, 1, block.n_wide, block.kernel);
        conv_norm(&project, block.n_wide, block.n_out, 1);
    }
    for block in blocks(spec) {
        let (_, _, gate, _) = block.paths();
        let (n_wide, n_squeezed) = (block.n_wide, block.n_squeezed());
        for (name, n_in, n_out) in [("fc1", n_wide, n_squeezed), ("fc2", n_squeezed, n_wide)] {
            expect_conv(&mut expected, &format!("{gate}.{name}"), n_in, n_out, 1);
            expected.insert(format!("{gate}.{name}.bias"), vec![n_out]);
        }
    }
    expect_linear(&mut expected, HEAD, spec.head_width, spec.n_classes);
    expected
}

/// The trunk, up to the SiLU behind the last convolution; and the width of its feature map.
pub fn trunk(spec: &EfficientnetSpec, vb: &VarBuilder) -> Result<(Graph, usize)> {
    let (mut graph, input) = Graph::new(spec.in_channels);
    let conv_norm = |path: &str, widths: (usize, usize), kernel: usize| {
        let vb = vb.pp(path);
        folded_conv(widths, kernel, &vb.pp("0"), &vb.pp("1"))
    };
    let stem = conv_norm("features.0", (spec.in_channels, spec.stem_width), 3)?;
    let mut x = graph.conv(input, Conv { stride: 2, ..stem }.then(Activation::Silu));
    for block in blocks(spec) {
        x = inverted_bottleneck(&mut graph, x, &block, vb)?;
    }
    let (last, n_in) = last_conv(spec);
    graph.conv(x, conv_norm(&last, (n_in, spec.head_width), 1)?.then(Activation::Silu));
    Ok((graph, spec.head_width))
}

fn inverted_bottleneck(graph: &mut Graph, x: NodeId, block: &Block, vb: &VarBuilder) -> Result<NodeId> {
    let Block { n_in, n_wide, n_out, kernel, stride, .. } = *block;
    let (expand, depthwise, gate, project) = block.paths();
    let mut wide = x;
    if let Some(path) = expand {
        let vb = vb.pp(path);
        let conv = folded_conv((n_in, n_wide), 1, &vb.pp("0"), &vb.pp("1"))?;
        wide = graph.conv(wide, conv.then(Activation::Silu));
    }
    let of_depthwise = vb.pp(depthwise);
    let conv = bare_conv((1, n_wide), kernel, &of_depthwise.pp("0"))?;
    let conv = folded(Conv { n_in: n_wide, groups: n_wide, stride, ..conv }, &of_depthwise.pp("1"))?;
    wide = graph.conv(wide, conv.then(Activation::Silu));
    let factors = graph.gate(wide, squeeze_and_excite(n_wide, block.n_squeezed(), &vb.pp(gate))?);
    let of_project = vb.pp(project);
    let conv = folded_conv((n_wide, n_out), 1, &of_project.pp("0"), &of_project.pp("1"))?;
    let residual = (stride == 1 && n_in == n_out).then_some(x);
    Ok(graph.gated_conv(wide, factors, conv, residual))
}

fn squeeze_and_excite(n: usize, n_squeezed: usize, vb: &VarBuilder) -> Result<Gate> {
    let (fc1, fc2) = (vb.pp("fc1"), vb.pp("fc2"));
    Ok(Gate {
        n_squeezed,
        squeeze: values(&fc1, &[n_squeezed, n, 1, 1], "weight")?,
        squeeze_bias: values(&fc1, &[n_squeezed], "bias")?,
        excite: values(&fc2, &[n, n_squeezed, 1, 1], "weight")?,
        excite_bias: values(&fc2, &[n], "bias")?,
    })
}
