//! A graph on candle's operators, step by step: any device, any size, and the measure of the fast engine.

use candle_core::{Device, Result, Tensor};

use crate::inference::cpu::activation::INSTANCE_EPSILON;
use crate::inference::error::InferenceError;
use crate::inference::graph::{Activation, Affine, Conv, Gate, Graph, NodeId, Op, Up};

/// A graph with its weights on a device.
#[derive(Clone, Debug)]
pub struct CandleGraph {
    steps: Vec<Step>,
    /// The last step that reads each result.
    last_uses: Vec<usize>,
    tap: Option<NodeId>,
}

#[derive(Clone, Debug)]
struct Step {
    op: Op,
    /// What the step's weights became; see `tensors`.
    tensors: Vec<Tensor>,
}

impl CandleGraph {
    pub fn new(graph: &Graph, device: &Device) -> Result<Self> {
        let mut last_uses = vec![0; graph.nodes().len()];
        let mut steps = Vec::new();
        for (i, node) in graph.nodes().iter().enumerate() {
            for input in node.op.inputs() {
                last_uses[input.0] = i;
            }
            steps.push(Step { tensors: tensors(&node.op, device)?, op: without_weights(&node.op) });
        }
        Ok(Self { steps, last_uses, tap: graph.tap() })
    }

    /// The last step's result; asks `cancel` before every step.
    pub fn run(&self, x: &Tensor, cancel: &dyn Fn() -> bool) -> std::result::Result<Tensor, InferenceError> {
        self.run_tapped(x, cancel).map(|(result, _)| result)
    }

    /// The same with the channel means of the tapped step, one row a picture; empty without one.
    pub fn run_tapped(
        &self,
        x: &Tensor,
        cancel: &dyn Fn() -> bool,
    ) -> std::result::Result<(Tensor, Vec<f32>), InferenceError> {
        let mut tapped = Vec::new();
        let mut results: Vec<Option<Tensor>> = vec![None; self.steps.len()];
        for (i, step) in self.steps.iter().enumerate() {
            if cancel() {
                return Err(InferenceError::Cancelled);
            }
            let result = step.run(x, &results)?;
            if self.tap == Some(NodeId(i)) {
                tapped = result.mean((2, 3))?.flatten_all()?.to_vec1::<f32>()?;
            }
            results[i] = Some(result);
            for input in step.op.inputs() {
                if self.last_uses[input.0] == i {
                    results[input.0] = None;
                }
            }
        }
        let last = results.pop().flatten();
        let last = last.ok_or_else(|| InferenceError::Network { reason: "the network has no steps".to_owned() })?;
        Ok((last, tapped))
    }
}

impl Step {
    fn run(&self, x: &Tensor, results: &[Option<Tensor>]) -> Result<Tensor> {
        let of = |id: NodeId| match results.get(id.0) {
            Some(Some(tensor)) => Ok(tensor),
            _ => candle_core::bail!("a step comes before what it reads"),
        };
        match (&self.op, self.tensors.as_slice()) {
            (Op::Input, _) => Ok(x.clone()),
            (Op::Conv { from, conv, residual, gate }, [weight, bias, before @ ..]) => {
                let mut x = of(*from)?.clone();
                if let [scale, shift] = before {
                    x = x.broadcast_mul(scale)?.broadcast_add(shift)?.relu()?;
                }
                if let Some(gate) = gate {
                    x = x.broadcast_mul(of(*gate)?)?;
                }
                let mut y = x.conv2d(weight, conv.padding, conv.stride, 1, conv.groups)?.broadcast_add(bias)?;
                if let Some(residual) = residual {
                    y = (y + of(*residual)?)?;
                }
                match conv.after {
                    Activation::Linear => Ok(y),
                    Activation::Relu => y.relu(),
                    Activation::Silu => y.silu(),
                }
            }
            (Op::Up { from, .. }, [weight, bias]) => {
                of(*from)?.conv_transpose2d(weight, 0, 0, 2, 1)?.broadcast_add(bias)
            }
            (Op::MaxPool { from, window }, _) => {
                let padding = window.padding;
                let mut x = of(*from)?.clone();
                if padding > 0 {
                    // Behind a ReLU a border of zeros pools like PyTorch's border of minus infinity.
                    x = x.pad_with_zeros(2, padding, padding)?.pad_with_zeros(3, padding, padding)?;
                }
                x.max_pool2d_with_stride(window.kernel, window.stride)
            }
            (Op::AveragePool { from, .. }, [scale, shift]) => {
                of(*from)?.broadcast_mul(scale)?.broadcast_add(shift)?.relu()?.avg_pool2d(2)
            }
            (Op::AveragePool { from, .. }, _) => of(*from)?.avg_pool2d(2),
            (Op::NormRelu { from, .. }, [scale, shift]) => {
                of(*from)?.broadcast_mul(scale)?.broadcast_add(shift)?.relu()
            }
            (Op::InstanceNormRelu { from, .. }, [gamma, beta]) => instance_norm_relu(of(*from)?, gamma, beta),
            (Op::Concat([left, right]), _) => Tensor::cat(&[of(*left)?, of(*right)?], 1),
            (Op::Gate { from, .. }, [squeeze, squeeze_bias, excite, excite_bias]) => {
                let means = of(*from)?.mean((2, 3))?;
                let squeezed = means.matmul(&squeeze.t()?)?.broadcast_add(squeeze_bias)?.silu()?;
                let factors = squeezed.matmul(&excite.t()?)?.broadcast_add(excite_bias)?;
                candle_nn::ops::sigmoid(&factors)?.unsqueeze(2)?.unsqueeze(3)
            }
            _ => candle_core::bail!("a step lacks its weights"),
        }
    }
}

fn instance_norm_relu(x: &Tensor, gamma: &Tensor, beta: &Tensor) -> Result<Tensor> {
    let centered = x.broadcast_sub(&x.mean_keepdim((2, 3))?)?;
    let variance = centered.sqr()?.mean_keepdim((2, 3))?;
    let normed = centered.broadcast_div(&(variance + INSTANCE_EPSILON)?.sqrt()?)?;
    normed.broadcast_mul(gamma)?.broadcast_add(beta)?.relu()
}

/// A step's weights on the device, in the order in which `run` takes them.
fn tensors(op: &Op, device: &Device) -> Result<Vec<Tensor>> {
    let map = |values: &[f32]| Tensor::from_slice(values, (1, values.len(), 1, 1), device);
    let line = |values: &[f32]| Tensor::from_slice(values, values.len(), device);
    let affine = |affine: &Affine| Ok(vec![map(&affine.scale)?, map(&affine.shift)?]);
    match op {
        Op::Conv { conv, .. } => {
            let shape = (conv.n_out, conv.n_in / conv.groups, conv.kernel, conv.kernel);
            let mut tensors = vec![Tensor::from_slice(&conv.weight, shape, device)?, map(&conv.bias)?];
            if let Some(before) = &conv.before {
                tensors.extend(affine(before)?);
            }
            Ok(tensors)
        }
        Op::Up { up, .. } => {
            Ok(vec![Tensor::from_slice(&up.weight, (up.n_in, up.n_out, 2, 2), device)?, map(&up.bias)?])
        }
        Op::AveragePool { before: Some(by), .. } | Op::NormRelu { by, .. } => affine(by),
        Op::InstanceNormRelu { gamma, beta, .. } => Ok(vec![map(gamma)?, map(beta)?]),
        Op::Gate { gate, .. } => {
            let n_channels = gate.excite_bias.len();
            Ok(vec![
                Tensor::from_slice(&gate.squeeze, (gate.n_squeezed, n_channels), device)?,
                line(&gate.squeeze_bias)?,
                Tensor::from_slice(&gate.excite, (n_channels, gate.n_squeezed), device)?,
                line(&gate.excite_bias)?,
            ])
        }
        Op::Input | Op::MaxPool { .. } | Op::AveragePool { before: None, .. } | Op::Concat(_) => Ok(Vec::new()),
    }
}

/// The weights are tensors by then; a second copy would only cost memory.
fn without_weights(op: &Op) -> Op {
    match op {
        Op::Conv { from, conv, residual, gate } => {
            let conv = Conv { weight: Vec::new(), bias: Vec::new(), before: None, ..*conv };
            Op::Conv { from: *from, conv, residual: *residual, gate: *gate }
        }
        Op::Up { from, up } => Op::Up { from: *from, up: Up { weight: Vec::new(), bias: Vec::new(), ..*up } },
        Op::Gate { from, gate } => {
            let gate = Gate {
                n_squeezed: gate.n_squeezed,
                squeeze: Vec::new(),
                squeeze_bias: Vec::new(),
                excite: Vec::new(),
                excite_bias: Vec::new(),
            };
            Op::Gate { from: *from, gate }
        }
        others => others.clone(),
    }
}
