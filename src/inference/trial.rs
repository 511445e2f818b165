//! A network on one input and with weights that say nothing: for measuring and comparing, without a model around it.

use candle_core::{Device, Tensor};

use crate::inference::error::{InferenceError, ModelError};
use crate::inference::model_card::ModelCard;
use crate::inference::network::{Engine, Network, Output};

pub struct Trial {
    card: ModelCard,
    network: Network,
    x: Tensor,
}

impl Trial {
    /// `values`: the card's channels × rows × columns.
    ///
    /// # Errors
    /// When the weights are not the network's, or the values are not so many.
    pub fn new(card: ModelCard, weights: &[u8], values: Vec<f32>) -> Result<Self, ModelError> {
        let network = Network::load(&card, weights, &Device::Cpu, Engine::Auto)?;
        let shape = (1, card.input.channels, card.input.rows, card.input.cols);
        let x = Tensor::from_vec(values, shape, &Device::Cpu)?;
        Ok(Self { card, network, x })
    }

    /// The logits: of classes, or of channels × rows × columns.
    ///
    /// # Errors
    /// As [`Network::run`].
    pub fn run(&self) -> Result<Vec<f32>, InferenceError> {
        match self.network.run(&self.card, &self.x, &|| false)? {
            Output::Classes { logits, .. } | Output::Channels { logits } => Ok(logits),
        }
    }
}
