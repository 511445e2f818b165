//! A graph made ready for this machine and one size of picture: packed weights, planned buffers, steps in order.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::inference::cpu::activation::instance_affine;
use crate::inference::cpu::conv::{Extras, PackedConv};
use crate::inference::cpu::depthwise::Depthwise;
use crate::inference::cpu::isa::Isa;
use crate::inference::cpu::map::{Layout, Map};
use crate::inference::cpu::plan::{Place, Plan};
use crate::inference::cpu::pool;
use crate::inference::cpu::upconv::PackedUp;
use crate::inference::cpu::winograd::Winograd;
use crate::inference::error::InferenceError;
use crate::inference::graph::{Affine, Conv, Gate, Graph, NodeId, Op, Window};

/// Ready to run, by many threads at once.
pub struct Program {
    isa: Isa,
    steps: Vec<Step>,
    plan: Plan,
    /// Channels, rows, cols.
    input: [usize; 3],
    tap: Option<NodeId>,
    /// Buffers of runs that are over: allocating them anew would cost more than many a layer.
    idle: Mutex<Vec<Buffers>>,
}

type Buffers = Vec<Vec<f32>>;

enum Step {
    Input,
    Conv {
        from: NodeId,
        conv: PackedConv,
        residual: Option<NodeId>,
        gate: Option<NodeId>,
    },
    Winograd {
        from: NodeId,
        conv: Winograd,
        residual: Option<NodeId>,
    },
    Depthwise {
        from: NodeId,
        conv: Depthwise,
    },
    Up {
        from: NodeId,
        up: PackedUp,
    },
    MaxPool {
        from: NodeId,
        window: Window,
    },
    AveragePool {
        from: NodeId,
        before: Option<Affine>,
    },
    NormRelu {
        from: NodeId,
        by: Affine,
    },
    InstanceNormRelu {
        from: NodeId,
        gamma: Vec<f32>,
        beta: Vec<f32>,
    },
    /// Parts to copy, and to which channel; those written in place are not among them.
    Concat(Vec<(NodeId, usize)>),
    Gate {
        from: NodeId,
        gate: Gate,
    },
}

impl Program {
    /// `None` when a step is of a kind this engine does not know, or the pictures are too small.
    pub fn new(graph: &Graph, rows: usize, cols: usize, isa: Isa) -> Option<Self> {
        let plan = Plan::new(graph, rows, cols)?;
        let steps =
            (0..graph.nodes().len()).map(|node| Step::new(graph, node, &plan)).collect::<Option<Vec<Step>>>()?;
        let n_channels = graph.n_channels(NodeId(0));
        Some(Self { isa, steps, plan, input: [n_channels, rows, cols], tap: graph.tap(), idle: Mutex::default() })
    }

    /// Channels, rows, cols of the pictures.
    pub fn input(&self) -> [usize; 3] {
        self.input
    }

    /// Channels, rows, cols of the result.
    pub fn output(&self) -> [usize; 3] {
        self.plan.places.last().map_or([0; 3], |place| [place.layout.channels, place.layout.rows, place.layout.cols])
    }

    /// Runs one picture, channels × rows × cols, and gives the result likewise; asks `cancel` before every step.
    pub fn run(&self, picture: &[f32], cancel: &dyn Fn() -> bool) -> Result<Vec<f32>, InferenceError> {
        self.run_tapped(picture, cancel).map(|(result, _)| result)
    }

    /// The same with the channel means of the tapped step; empty without one.
    pub fn run_tapped(
        &self,
        picture: &[f32],
        cancel: &dyn Fn() -> bool,
    ) -> Result<(Vec<f32>, Vec<f32>), InferenceError> {
        if picture.len() != self.input.iter().product::<usize>() {
            let (expected, found) = (self.input.to_vec(), vec![picture.len()]);
            return Err(InferenceError::Shape { stage: "the network's input", expected, found });
        }
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut buffers = idle.unwrap_or_else(|| self.plan.buffer_lens.iter().map(|len| vec![0.0; *len]).collect());
        let result = self.run_in(&mut buffers, picture, cancel);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(buffers);
        result
    }

    fn run_in(
        &self,
        buffers: &mut Buffers,
        picture: &[f32],
        cancel: &dyn Fn() -> bool,
    ) -> Result<(Vec<f32>, Vec<f32>), InferenceError> {
        let mut tapped = Vec::new();
        for (i, (step, place)) in self.steps.iter().zip(&self.plan.places).enumerate() {
            if cancel() {
                return Err(InferenceError::Cancelled);
            }
            // Taken out while it is written; the plan has no step that reads where it writes.
            let mut out = std::mem::take(&mut buffers[place.buffer]);
            let len = place.layout.buffer_len();
            let read = Reading { places: &self.plan.places, buffers };
            step.run(self.isa, &read, picture, &mut out[..len], place);
            buffers[place.buffer] = out;
            if self.tap == Some(NodeId(i)) {
                tapped = channel_means(Map { buffer: &buffers[place.buffer], layout: place.layout });
            }
        }
        let Some(last) = self.plan.places.last() else { return Ok((Vec::new(), tapped)) };
        Ok((channels_first(Map { buffer: &buffers[last.buffer], layout: last.layout }), tapped))
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("isa", &self.isa).field("input", &self.input).finish_non_exhaustive()
    }
}

/// Results of earlier steps.
struct Reading<'a> {
    places: &'a [Place],
    buffers: &'a [Vec<f32>],
}

impl<'a> Reading<'a> {
    fn map(&self, id: NodeId) -> Map<'a> {
        let Place { buffer, layout, .. } = self.places[id.0];
        Map { buffer: &self.buffers[buffer], layout }
    }
}

impl Step {
    fn new(graph: &Graph, node: usize, plan: &Plan) -> Option<Self> {
        let place = plan.places.get(node)?;
        let op = &graph.nodes().get(node)?.op;
        let step = match op {
            Op::Input => Self::Input,
            Op::Conv { from, conv, residual, gate } => conv_step(*from, conv, (*residual, *gate), place.layout)?,
            Op::Up { from, up } => Self::Up { from: *from, up: PackedUp::new(up) },
            Op::MaxPool { from, window } => Self::MaxPool { from: *from, window: *window },
            Op::AveragePool { from, before } => Self::AveragePool { from: *from, before: before.clone() },
            Op::NormRelu { from, by } => Self::NormRelu { from: *from, by: by.clone() },
            Op::InstanceNormRelu { from, gamma, beta } => {
                Self::InstanceNormRelu { from: *from, gamma: gamma.clone(), beta: beta.clone() }
            }
            Op::Concat(parts) => {
                let mut at = place.layout.offset;
                let mut copied = Vec::new();
                for part in parts {
                    if plan.places[part.0].joined_to != Some(NodeId(node)) {
                        copied.push((*part, at));
                    }
                    at += graph.n_channels(*part);
                }
                Self::Concat(copied)
            }
            Op::Gate { from, gate } => Self::Gate { from: *from, gate: gate.clone() },
        };
        let read = match &step {
            Self::Concat(copied) => copied.iter().map(|(part, _)| *part).collect(),
            _ => op.inputs(),
        };
        // The buffer that is written is taken out meanwhile.
        let is_apart = read.iter().all(|input| plan.places[input.0].buffer != place.buffer);
        is_apart.then_some(step)
    }

    fn run(&self, isa: Isa, read: &Reading<'_>, picture: &[f32], out: &mut [f32], place: &Place) {
        let to = place.layout;
        match self {
            Self::Input => channels_last(picture, out, to.channels),
            Self::Conv { from, conv, residual, gate } => {
                let gate = gate.map(|gate| read.map(gate).pixel(0));
                let extras = Extras { residual: residual.map(|residual| read.map(residual)), gate };
                conv.run(isa, read.map(*from), extras, out, to);
            }
            Self::Winograd { from, conv, residual } => {
                conv.run(isa, read.map(*from), residual.map(|residual| read.map(residual)), out, to);
            }
            Self::Depthwise { from, conv } => conv.run(isa, read.map(*from), out, to),
            Self::Up { from, up } => up.run(isa, read.map(*from), out, to),
            Self::MaxPool { from, window } => pool::max_pool(isa, read.map(*from), *window, out, to),
            Self::AveragePool { from, before } => pool::average_pool(isa, read.map(*from), before.as_ref(), out, to),
            Self::NormRelu { from, by } => pool::norm_relu(isa, read.map(*from), by, out, to),
            Self::InstanceNormRelu { from, gamma, beta } => {
                let input = read.map(*from);
                pool::norm_relu(isa, input, &instance_affine(input, gamma, beta), out, to);
            }
            Self::Concat(copied) => {
                for (part, offset) in copied {
                    let part = read.map(*part);
                    pool::copy(part, out, Layout { offset: *offset, channels: part.layout.channels, ..to });
                }
            }
            Self::Gate { from, gate } => pool::gate(isa, read.map(*from), gate, out, to),
        }
    }
}

fn conv_step(
    from: NodeId,
    conv: &Conv,
    (residual, gate): (Option<NodeId>, Option<NodeId>),
    to: Layout,
) -> Option<Step> {
    let is_depthwise = conv.groups == conv.n_in && conv.groups == conv.n_out && conv.groups > 1;
    let is_plain_1x1 = (conv.kernel, conv.stride, conv.padding) == (1, 1, 0);
    if is_depthwise && residual.is_none() && gate.is_none() && conv.before.is_none() {
        return Some(Step::Depthwise { from, conv: Depthwise::new(conv) });
    }
    if conv.groups != 1 || (!is_plain_1x1 && (conv.before.is_some() || gate.is_some())) {
        return None;
    }
    if gate.is_none() && Winograd::suits(conv, to) {
        return Some(Step::Winograd { from, conv: Winograd::new(conv), residual });
    }
    Some(Step::Conv { from, conv: PackedConv::new(conv), residual, gate })
}

fn channels_last(picture: &[f32], out: &mut [f32], n_channels: usize) {
    let n_pixels = picture.len() / n_channels;
    for (channel, plane) in picture.chunks_exact(n_pixels).enumerate() {
        for (to, from) in out.iter_mut().skip(channel).step_by(n_channels).zip(plane) {
            *to = *from;
        }
    }
}

fn channel_means(map: Map<'_>) -> Vec<f32> {
    let Layout { channels, offset, step, .. } = map.layout;
    let n_pixels = map.layout.n_pixels();
    let mean = |channel: usize| {
        let values = map.buffer.iter().skip(offset + channel).step_by(step).take(n_pixels);
        (values.map(|value| f64::from(*value)).sum::<f64>() / n_pixels as f64) as f32
    };
    (0..channels).map(mean).collect()
}

fn channels_first(map: Map<'_>) -> Vec<f32> {
    let n_pixels = map.layout.n_pixels();
    let mut values = vec![0.0; map.layout.channels * n_pixels];
    for (channel, plane) in values.chunks_exact_mut(n_pixels).enumerate() {
        let from = map.buffer.iter().skip(map.layout.offset + channel).step_by(map.layout.step);
        for (to, from) in plane.iter_mut().zip(from) {
            *to = *from;
        }
    }
    values
}
