//! The networks behind one door: built from checked weights, run with every value checked.
//!
//! candle's ReLU is `max(x, 0)` and swallows NaN, so a broken input would leave as ordinary-looking scores.

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;

use crate::inference::densenet::{self, Densenet};
use crate::inference::error::{InferenceError, ModelError};
use crate::inference::model_card::{Architecture, ModelCard};
use crate::inference::saliency::{RawMap, grad_cam_closed_form};
use crate::inference::unet::{self, Unet};
use crate::inference::weights::read_tensors;

#[derive(Clone, Debug)]
pub enum Network {
    Densenet(Box<Densenet>),
    Unet(Box<Unet>),
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
    pub fn load(card: &ModelCard, weights: &[u8], device: &Device) -> Result<Self, ModelError> {
        let expected = match &card.architecture {
            Architecture::Densenet(spec) => densenet::expected_tensors(spec),
            Architecture::Unet(spec) => unet::expected_tensors(spec),
        };
        let tensors = read_tensors(weights, &expected)?;
        let vb = VarBuilder::from_tensors(tensors, candle_core::DType::F32, device);
        Ok(match &card.architecture {
            Architecture::Densenet(spec) => Self::Densenet(Box::new(Densenet::load(spec, &vb)?)),
            Architecture::Unet(spec) => Self::Unet(Box::new(Unet::load(spec, &vb)?)),
        })
    }

    /// Runs one picture, 1×C×H×W of the card's size.
    pub fn run(&self, card: &ModelCard, x: &Tensor) -> Result<Output, InferenceError> {
        let input = &card.input;
        check_shape("the network's input", x, &[1, input.channels, input.rows, input.cols])?;
        match self {
            Self::Densenet(densenet) => {
                let features = densenet.features(x)?;
                finite_values("the feature map", &features)?;
                let logits = densenet.head(&features)?;
                check_shape("the network's output", &logits, &[1, card.labels.len()])?;
                let maps = match card.saliency {
                    Some(_) => grad_cam_closed_form(&features, densenet.head_weight())?,
                    None => Vec::new(),
                };
                Ok(Output::Classes { logits: finite_values("the network's output", &logits)?, maps })
            }
            Self::Unet(unet) => {
                let logits = unet.forward(x)?;
                // Channel 0 is the background.
                check_shape("the network's output", &logits, &[1, card.segments.len() + 1, input.rows, input.cols])?;
                Ok(Output::Channels { logits: finite_values("the network's output", &logits)? })
            }
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
