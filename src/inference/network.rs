//! The networks behind one door: built from checked weights, run with every value checked.
//!
//! candle's ReLU is `max(x, 0)` and swallows NaN, so a broken input would leave as ordinary-looking scores.

use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use candle_nn::{Linear, Module as _, VarBuilder};

use crate::domain::saliency::SaliencyMethod;
use crate::inference::cpu::isa::Isa;
use crate::inference::cpu::program::Program;
use crate::inference::error::{InferenceError, ModelError};
use crate::inference::graph::Graph;
use crate::inference::graph::candle::CandleGraph;
use crate::inference::model_card::{Architecture, ModelCard};
use crate::inference::saliency::{RawMap, grad_cam_closed_form};
use crate::inference::saliency_methods::{from_gradient, gradient};
use crate::inference::weights::{ExpectedTensors, read_tensors};
use crate::inference::{densenet, efficientnet, plain_cnn, resnet, unet};

#[derive(Clone, Debug)]
pub struct Network {
    trunk: Trunk,
    /// Behind global average pooling; a segmentation has none.
    head: Option<Linear>,
}

/// The part that costs time, on one engine or the other.
#[derive(Clone, Debug)]
enum Trunk {
    Fast(Arc<Program>),
    Candle(Arc<CandleGraph>),
}

/// How the trunk is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The program's own operators on a processor where they know the network; candle's elsewhere.
    Auto,
    /// The program's own operators with one instruction set, or candle's.
    Fast(Isa),
    /// candle's operators, for comparison.
    Candle,
}

/// A network's answer on the processor, checked.
#[derive(Clone, Debug)]
pub enum Output {
    /// One logit per label; one map per label when the card asks for saliency.
    Classes { logits: Vec<f32>, maps: Vec<RawMap> },
    /// Channels × rows × cols of logits.
    Channels { logits: Vec<f32> },
}

impl Network {
    /// Builds the card's network from the bytes of a safetensors file.
    pub fn load(card: &ModelCard, weights: &[u8], device: &Device, engine: Engine) -> Result<Self, ModelError> {
        let tensors = read_tensors(weights, &expected_tensors(&card.architecture))?;
        let vb = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let of_classifier = |(graph, width), path, n_classes| (graph, Some((path, width, n_classes)));
        let (graph, head) = match &card.architecture {
            Architecture::Densenet(spec) => of_classifier(densenet::trunk(spec, &vb)?, densenet::HEAD, spec.n_classes),
            Architecture::Resnet(spec) => of_classifier(resnet::trunk(spec, &vb)?, resnet::HEAD, spec.n_classes),
            Architecture::Efficientnet(spec) => {
                of_classifier(efficientnet::trunk(spec, &vb)?, efficientnet::HEAD, spec.n_classes)
            }
            Architecture::PlainCnn(spec) => {
                of_classifier(plain_cnn::trunk(spec, &vb)?, plain_cnn::HEAD, spec.n_classes)
            }
            Architecture::Unet(spec) => (unet::graph(spec, &vb)?, None),
        };
        let head = head.map(|(path, width, n_classes)| linear(&vb.pp(path), width, n_classes, device)).transpose()?;
        drop(vb);
        Ok(Self { trunk: Trunk::new(&graph, (card.input.rows, card.input.cols), device, engine)?, head })
    }

    /// Whether the program's own operators run the trunk.
    pub fn is_fast(&self) -> bool {
        matches!(self.trunk, Trunk::Fast(_))
    }

    /// Channels of the card's pooled layer.
    pub fn n_pooled(&self, architecture: &Architecture) -> usize {
        match (architecture, &self.head) {
            (Architecture::Unet(spec), _) => spec.base_width << spec.depth.saturating_sub(1),
            (_, Some(head)) => head.weight().dims().last().copied().unwrap_or(0),
            (_, None) => 0,
        }
    }

    /// Runs one picture, 1×C×H×W of the card's size; asks `cancel` between layers.
    pub fn run(&self, card: &ModelCard, x: &Tensor, cancel: &dyn Fn() -> bool) -> Result<Output, InferenceError> {
        self.run_pooled(card, x, cancel).map(|(output, _)| output)
    }

    fn maps(&self, features: &Tensor, n_labels: usize, method: SaliencyMethod) -> Result<Vec<RawMap>, InferenceError> {
        let of_label = |label_idx: usize| {
            let gradient = gradient(features, &|features| self.head(features), label_idx)?;
            let map = from_gradient(method, features, &gradient)?;
            map.ok_or_else(|| InferenceError::image("this map needs the whole network"))
        };
        (0..n_labels).map(of_label).collect()
    }

    /// A classifier's feature map, 1×C×h×w, checked.
    pub fn features(&self, x: &Tensor, cancel: &dyn Fn() -> bool) -> Result<Tensor, InferenceError> {
        let (features, _) = self.trunk.run(x, cancel)?;
        finite_values("the feature map", &features)?;
        Ok(features)
    }

    /// Global average pooling and the linear layer, for gradients.
    pub fn head(&self, features: &Tensor) -> candle_core::Result<Tensor> {
        match &self.head {
            Some(head) => head.forward(&features.mean((2, 3))?),
            None => candle_core::bail!("a segmentation has no head"),
        }
    }

    /// The same with the means of each channel of the card's pooled layer, which tell usual from unusual pictures.
    pub fn run_pooled(
        &self,
        card: &ModelCard,
        x: &Tensor,
        cancel: &dyn Fn() -> bool,
    ) -> Result<(Output, Vec<f32>), InferenceError> {
        let input = &card.input;
        check_shape("the network's input", x, &[1, input.channels, input.rows, input.cols])?;
        finite_values("the network's input", x)?;
        let (features, tapped) = self.trunk.run(x, cancel)?;
        let Some(head) = &self.head else {
            // Channel 0 is the background.
            check_shape("the network's output", &features, &[1, card.segments.len() + 1, input.rows, input.cols])?;
            let logits = finite_values("the network's output", &features)?;
            if !tapped.iter().all(|value| value.is_finite()) {
                return Err(InferenceError::NotFinite { stage: "the feature map" });
            }
            return Ok((Output::Channels { logits }, tapped));
        };
        finite_values("the feature map", &features)?;
        let pooled = features.mean((2, 3))?;
        let logits = head.forward(&pooled)?;
        check_shape("the network's output", &logits, &[1, card.labels.len()])?;
        let maps = match card.saliency.as_ref().map(|spec| spec.method) {
            // With global average pooling the linear layer's weights give Grad-CAM in closed form.
            Some(SaliencyMethod::GradCam | SaliencyMethod::Occlusion) => {
                grad_cam_closed_form(&features, head.weight())?
            }
            Some(method) => self.maps(&features, card.labels.len(), method)?,
            None => Vec::new(),
        };
        let pooled = finite_values("the feature map", &pooled)?;
        Ok((Output::Classes { logits: finite_values("the network's output", &logits)?, maps }, pooled))
    }
}

/// Names and shapes of a network's weights.
pub fn expected_tensors(architecture: &Architecture) -> ExpectedTensors {
    match architecture {
        Architecture::Densenet(spec) => densenet::expected_tensors(spec),
        Architecture::Resnet(spec) => resnet::expected_tensors(spec),
        Architecture::Efficientnet(spec) => efficientnet::expected_tensors(spec),
        Architecture::PlainCnn(spec) => plain_cnn::expected_tensors(spec),
        Architecture::Unet(spec) => unet::expected_tensors(spec),
    }
}

fn linear(vb: &VarBuilder, n_in: usize, n_out: usize, device: &Device) -> candle_core::Result<Linear> {
    let weight = vb.get((n_out, n_in), "weight")?.to_device(device)?;
    Ok(Linear::new(weight, Some(vb.get(n_out, "bias")?.to_device(device)?)))
}

impl Trunk {
    fn new(graph: &Graph, (rows, cols): (usize, usize), device: &Device, engine: Engine) -> Result<Self, ModelError> {
        let isa = match engine {
            Engine::Auto => device.is_cpu().then(Isa::chosen).flatten(),
            Engine::Fast(isa) => device.is_cpu().then_some(isa),
            Engine::Candle => None,
        };
        match isa.and_then(|isa| Program::new(graph, rows, cols, isa)) {
            Some(program) => Ok(Self::Fast(Arc::new(program))),
            None => Ok(Self::Candle(Arc::new(CandleGraph::new(graph, device)?))),
        }
    }

    /// The result, and the channel means of the graph's tap.
    fn run(&self, x: &Tensor, cancel: &dyn Fn() -> bool) -> Result<(Tensor, Vec<f32>), InferenceError> {
        match self {
            Self::Fast(program) => {
                let (values, tapped) = program.run_tapped(&x.flatten_all()?.to_vec1::<f32>()?, cancel)?;
                let [channels, rows, cols] = program.output();
                Ok((Tensor::from_vec(values, (1, channels, rows, cols), x.device())?, tapped))
            }
            Self::Candle(graph) => graph.run_tapped(x, cancel),
        }
    }
}

/// A tensor's values on the processor, once they are all numbers.
pub fn finite_values(stage: &'static str, tensor: &Tensor) -> Result<Vec<f32>, InferenceError> {
    let values = tensor.flatten_all()?.to_vec1::<f32>()?;
    if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(InferenceError::NotFinite { stage }) }
}

/// Refuses a tensor of another shape.
pub fn check_shape(stage: &'static str, tensor: &Tensor, expected: &[usize]) -> Result<(), InferenceError> {
    if tensor.dims() == expected {
        return Ok(());
    }
    Err(InferenceError::Shape { stage, expected: expected.to_vec(), found: tensor.dims().to_vec() })
}
