//! ResNet (He et al. 2016, <https://arxiv.org/abs/1512.03385>) with torchvision's weight names.

use candle_core::Result;
use candle_nn::VarBuilder;

use crate::inference::batch_norm::{expect_conv, expect_linear, expect_norm, folded_conv};
use crate::inference::graph::{Activation, Conv, Graph, NodeId};
use crate::inference::model_card::{ResnetBlock, ResnetSpec};
use crate::inference::weights::ExpectedTensors;

/// Weight path of the linear layer behind global average pooling.
pub const HEAD: &str = "fc";

/// One residual block: its path, its inputs, its inner width and its stride.
struct Block {
    path: String,
    n_in: usize,
    width: usize,
    n_out: usize,
    stride: usize,
}

impl Block {
    fn has_projection(&self) -> bool {
        self.stride > 1 || self.n_in != self.n_out
    }

    /// Kernels, widths and strides of its convolutions, each followed by batch norm.
    fn convs(&self, kind: ResnetBlock) -> Vec<(usize, (usize, usize), usize)> {
        let Self { n_in, width, n_out, stride, .. } = *self;
        match kind {
            ResnetBlock::Basic => vec![(3, (n_in, width), stride), (3, (width, n_out), 1)],
            // The stride sits on the 3×3, as in torchvision.
            ResnetBlock::Bottleneck => {
                vec![(1, (n_in, width), 1), (3, (width, width), stride), (1, (width, n_out), 1)]
            }
        }
    }
}

fn blocks(spec: &ResnetSpec) -> Vec<Block> {
    let expansion = match spec.block {
        ResnetBlock::Basic => 1,
        ResnetBlock::Bottleneck => 4,
    };
    let mut blocks = Vec::new();
    let mut n_in = spec.base_width;
    for (stage, n_blocks) in spec.block_config.iter().enumerate() {
        let width = spec.base_width << stage;
        for block in 0..*n_blocks {
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            let path = format!("layer{}.{block}", stage + 1);
            blocks.push(Block { path, n_in, width, n_out: width * expansion, stride });
            n_in = width * expansion;
        }
    }
    blocks
}

/// Names and shapes of the weights.
pub fn expected_tensors(spec: &ResnetSpec) -> ExpectedTensors {
    let mut expected = ExpectedTensors::new();
    expect_conv(&mut expected, "conv1", spec.in_channels, spec.base_width, 7);
    expect_norm(&mut expected, "bn1", spec.base_width);
    let mut n_channels = spec.base_width;
    for block in blocks(spec) {
        let path = &block.path;
        for (i, (kernel, (n_in, n_out), _)) in (1..).zip(block.convs(spec.block)) {
            expect_conv(&mut expected, &format!("{path}.conv{i}"), n_in, n_out, kernel);
            expect_norm(&mut expected, &format!("{path}.bn{i}"), n_out);
        }
        if block.has_projection() {
            expect_conv(&mut expected, &format!("{path}.downsample.0"), block.n_in, block.n_out, 1);
            expect_norm(&mut expected, &format!("{path}.downsample.1"), block.n_out);
        }
        n_channels = block.n_out;
    }
    expect_linear(&mut expected, HEAD, n_channels, spec.n_classes);
    expected
}

/// The trunk, up to the last block's ReLU; and the width of its feature map.
pub fn trunk(spec: &ResnetSpec, vb: &VarBuilder) -> Result<(Graph, usize)> {
    let (mut graph, input) = Graph::new(spec.in_channels);
    let stem = folded_conv((spec.in_channels, spec.base_width), 7, &vb.pp("conv1"), &vb.pp("bn1"))?;
    let stem = graph.conv(input, Conv { stride: 2, ..stem }.then(Activation::Relu));
    let mut x = graph.max_pool(stem, 3, 2, 1);
    for block in blocks(spec) {
        x = residual_block(&mut graph, x, spec.block, &block, &vb.pp(&block.path))?;
    }
    let n_channels = graph.n_channels(x);
    Ok((graph, n_channels))
}

fn residual_block(graph: &mut Graph, x: NodeId, kind: ResnetBlock, block: &Block, vb: &VarBuilder) -> Result<NodeId> {
    let shortcut = if block.has_projection() {
        let (conv, norm) = (vb.pp("downsample.0"), vb.pp("downsample.1"));
        graph.conv(x, Conv { stride: block.stride, ..folded_conv((block.n_in, block.n_out), 1, &conv, &norm)? })
    } else {
        x
    };
    let convs = block.convs(kind);
    let mut inner = x;
    for (i, (kernel, widths, stride)) in (1..).zip(&convs) {
        let conv = folded_conv(*widths, *kernel, &vb.pp(format!("conv{i}")), &vb.pp(format!("bn{i}")))?;
        let conv = Conv { stride: *stride, ..conv }.then(Activation::Relu);
        let is_last = i == convs.len();
        inner = if is_last { graph.conv_plus(inner, conv, shortcut) } else { graph.conv(inner, conv) };
    }
    Ok(inner)
}
