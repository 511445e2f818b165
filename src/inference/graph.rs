//! A network as a list of fused steps: what the network files write down once and both engines run.
//!
//! [`crate::inference::cpu`] packs the steps for this machine's processor; [`candle`] runs them tensor by tensor on any
//! device. Batch norm is folded before: into the convolution in front of it, or into an [`Affine`].

pub mod candle;

/// A step's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(pub usize);

/// Steps in order; the last one's result is the graph's.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    /// A result inside whose channel means are told, too.
    tap: Option<NodeId>,
}

#[derive(Clone, Debug)]
pub struct Node {
    pub op: Op,
    pub n_channels: usize,
}

#[derive(Clone, Debug)]
pub enum Op {
    /// The picture.
    Input,
    Conv {
        from: NodeId,
        conv: Conv,
        /// Added before the activation.
        residual: Option<NodeId>,
        /// A map of one pixel: a factor per input channel.
        gate: Option<NodeId>,
    },
    Up {
        from: NodeId,
        up: Up,
    },
    /// With padding only behind a ReLU, where zeros lose against every value that counts.
    MaxPool {
        from: NodeId,
        window: Window,
    },
    /// Mean of 2×2, behind scale, shift and ReLU if there is `before`.
    AveragePool {
        from: NodeId,
        before: Option<Affine>,
    },
    /// Scale, shift, ReLU.
    NormRelu {
        from: NodeId,
        by: Affine,
    },
    /// Norm over each picture's own mean and variance, then ReLU.
    InstanceNormRelu {
        from: NodeId,
        gamma: Vec<f32>,
        beta: Vec<f32>,
    },
    /// Channels of both, side by side.
    Concat([NodeId; 2]),
    Gate {
        from: NodeId,
        gate: Gate,
    },
}

/// Scale and shift per channel, followed by a ReLU.
#[derive(Clone, Debug, PartialEq)]
pub struct Affine {
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    Linear,
    Relu,
    Silu,
}

/// A convolution with a square kernel.
#[derive(Clone, Debug)]
pub struct Conv {
    pub n_in: usize,
    pub n_out: usize,
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    pub groups: usize,
    /// Output, input of the group, row, col.
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
    /// Of the input of a 1×1 convolution.
    pub before: Option<Affine>,
    pub after: Activation,
}

/// A transposed convolution, 2×2 with stride 2.
#[derive(Clone, Debug)]
pub struct Up {
    pub n_in: usize,
    pub n_out: usize,
    /// Input, output, row, col.
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
}

/// Squeeze and excite: mean, linear, SiLU, linear, sigmoid.
#[derive(Clone, Debug)]
pub struct Gate {
    pub n_squeezed: usize,
    /// Squeezed × channels.
    pub squeeze: Vec<f32>,
    pub squeeze_bias: Vec<f32>,
    /// Channels × squeezed.
    pub excite: Vec<f32>,
    pub excite_bias: Vec<f32>,
}

impl Conv {
    /// One linear convolution that keeps the size, all channels with all.
    pub fn new((n_in, n_out): (usize, usize), kernel: usize, weight: Vec<f32>, bias: Vec<f32>) -> Self {
        let padding = kernel / 2;
        let after = Activation::Linear;
        Self { n_in, n_out, kernel, stride: 1, padding, groups: 1, weight, bias, before: None, after }
    }

    #[must_use]
    pub fn then(self, after: Activation) -> Self {
        Self { after, ..self }
    }

    #[must_use]
    pub fn behind(self, before: Affine) -> Self {
        Self { before: Some(before), ..self }
    }
}

impl Graph {
    /// A graph that takes pictures of so many channels.
    pub fn new(n_channels: usize) -> (Self, NodeId) {
        let mut graph = Self::default();
        let input = graph.push(Op::Input, n_channels);
        (graph, input)
    }

    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The result whose channel means tell usual from unusual pictures.
    pub fn tap(&self) -> Option<NodeId> {
        self.tap
    }

    pub fn set_tap(&mut self, tap: NodeId) {
        self.tap = Some(tap);
    }

    pub fn into_nodes(self) -> Vec<Node> {
        self.nodes
    }

    pub fn n_channels(&self, id: NodeId) -> usize {
        self.nodes.get(id.0).map_or(0, |node| node.n_channels)
    }

    pub fn conv(&mut self, from: NodeId, conv: Conv) -> NodeId {
        let n_out = conv.n_out;
        self.push(Op::Conv { from, conv, residual: None, gate: None }, n_out)
    }

    /// `residual` is added before the activation.
    pub fn conv_plus(&mut self, from: NodeId, conv: Conv, residual: NodeId) -> NodeId {
        let n_out = conv.n_out;
        self.push(Op::Conv { from, conv, residual: Some(residual), gate: None }, n_out)
    }

    /// A 1×1 convolution of a map whose channels are scaled by `gate`.
    pub fn gated_conv(&mut self, from: NodeId, gate: NodeId, conv: Conv, residual: Option<NodeId>) -> NodeId {
        let n_out = conv.n_out;
        self.push(Op::Conv { from, conv, residual, gate: Some(gate) }, n_out)
    }

    pub fn up(&mut self, from: NodeId, up: Up) -> NodeId {
        let n_out = up.n_out;
        self.push(Op::Up { from, up }, n_out)
    }

    pub fn max_pool(&mut self, from: NodeId, kernel: usize, stride: usize, padding: usize) -> NodeId {
        self.push(Op::MaxPool { from, window: Window { kernel, stride, padding } }, self.n_channels(from))
    }

    pub fn average_pool(&mut self, from: NodeId, before: Option<Affine>) -> NodeId {
        self.push(Op::AveragePool { from, before }, self.n_channels(from))
    }

    pub fn norm_relu(&mut self, from: NodeId, by: Affine) -> NodeId {
        self.push(Op::NormRelu { from, by }, self.n_channels(from))
    }

    pub fn instance_norm_relu(&mut self, from: NodeId, gamma: Vec<f32>, beta: Vec<f32>) -> NodeId {
        self.push(Op::InstanceNormRelu { from, gamma, beta }, self.n_channels(from))
    }

    pub fn concat(&mut self, left: NodeId, right: NodeId) -> NodeId {
        self.push(Op::Concat([left, right]), self.n_channels(left) + self.n_channels(right))
    }

    pub fn gate(&mut self, from: NodeId, gate: Gate) -> NodeId {
        self.push(Op::Gate { from, gate }, self.n_channels(from))
    }

    fn push(&mut self, op: Op, n_channels: usize) -> NodeId {
        self.nodes.push(Node { op, n_channels });
        NodeId(self.nodes.len() - 1)
    }
}

impl Op {
    /// The results this step reads.
    pub fn inputs(&self) -> Vec<NodeId> {
        match self {
            Self::Input => Vec::new(),
            Self::Conv { from, residual, gate, .. } => [Some(*from), *residual, *gate].into_iter().flatten().collect(),
            Self::Up { from, .. }
            | Self::MaxPool { from, .. }
            | Self::AveragePool { from, .. }
            | Self::NormRelu { from, .. }
            | Self::InstanceNormRelu { from, .. }
            | Self::Gate { from, .. } => vec![*from],
            Self::Concat(parts) => parts.to_vec(),
        }
    }

    /// Rows or cols of the result for those of the input; `None` when the input is too small.
    pub fn size(&self, from: usize) -> Option<usize> {
        let windowed = |kernel: usize, stride: usize, padding: usize| {
            Some((from + 2 * padding).checked_sub(kernel)?.checked_div(stride)? + 1)
        };
        match self {
            Self::Conv { conv, .. } => windowed(conv.kernel, conv.stride, conv.padding),
            Self::MaxPool { window, .. } => windowed(window.kernel, window.stride, window.padding),
            Self::AveragePool { .. } => windowed(2, 2, 0),
            Self::Up { .. } => from.checked_mul(2),
            Self::Gate { .. } => Some(1),
            Self::Input | Self::NormRelu { .. } | Self::InstanceNormRelu { .. } | Self::Concat(_) => Some(from),
        }
    }
}
