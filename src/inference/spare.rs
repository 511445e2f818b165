//! The processor in place of an accelerator whose memory is full: slower, and said so, but an answer.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::Device;

use crate::domain::device::DeviceChoice;
use crate::domain::intake::Notice;
use crate::inference::error::InferenceError;
use crate::inference::model_card::ModelCard;
use crate::inference::network::{Engine, Network};

/// Kept beside a network that runs on an accelerator. Once it had to help, it runs all that follows: a device that is
/// full stays so while others use it.
#[derive(Debug)]
pub struct Spare {
    accelerator: DeviceChoice,
    weights: Vec<u8>,
    network: OnceLock<Network>,
    is_used: AtomicBool,
}

impl Spare {
    /// `weights` are the bytes of the safetensors file.
    pub fn new(accelerator: DeviceChoice, weights: &[u8]) -> Self {
        Self { accelerator, weights: weights.to_vec(), network: OnceLock::new(), is_used: AtomicBool::new(false) }
    }

    /// Whether a run fell back to the processor.
    pub fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    /// Stands on every finding that the processor gave in the accelerator's place.
    pub fn notice(&self) -> Notice {
        let text = format!("{} had no memory left; the processor ran the network instead", self.accelerator);
        Notice::new("device_out_of_memory", text)
    }

    /// What `on_accelerator` gives, or the processor's answer when that had no memory left.
    pub fn run<T>(
        &self,
        card: &ModelCard,
        on_accelerator: impl FnOnce() -> Result<T, InferenceError>,
        on_processor: impl FnOnce(&Network) -> Result<T, InferenceError>,
    ) -> Result<T, InferenceError> {
        if !self.is_used() {
            match on_accelerator() {
                Err(InferenceError::Network { reason }) if DeviceChoice::is_out_of_memory(&reason) => {
                    log::warn!("{}: {reason}; the processor takes over", self.accelerator);
                    self.is_used.store(true, Ordering::Relaxed);
                }
                result => return result,
            }
        }
        on_processor(self.network(card)?)
    }

    fn network(&self, card: &ModelCard) -> Result<&Network, InferenceError> {
        if let Some(network) = self.network.get() {
            return Ok(network);
        }
        let network = Network::load(card, &self.weights, &Device::Cpu, Engine::Auto)
            .map_err(|error| InferenceError::Network { reason: error.to_string() })?;
        Ok(self.network.get_or_init(|| network))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use candle_core::Tensor;

    use super::*;
    use crate::inference::model_card::load_card;
    use crate::inference::network::Output;

    #[test]
    fn the_processor_answers_when_the_device_is_full_and_only_then() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/inference/tiny/densenet");
        let card = load_card(&folder).unwrap();
        let weights = std::fs::read(folder.join(&card.weights.file)).unwrap();
        let spare = Spare::new(DeviceChoice::Cuda(0), &weights);
        let (rows, cols) = (card.input.rows, card.input.cols);
        let x = Tensor::rand(0.0_f32, 1.0, (1, 1, rows, cols), &Device::Cpu).unwrap();
        let failing = |reason: &str| Err(InferenceError::Network { reason: reason.to_owned() });
        let here = |network: &Network| network.run(&card, &x, &|| false);

        let other = spare.run(&card, || failing("an illegal memory access was encountered"), here);
        assert_eq!((other.unwrap_err().code(), spare.is_used()), ("network_failed", false));
        let full = "DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")";
        let Output::Classes { logits, .. } = spare.run(&card, || failing(full), here).unwrap() else {
            panic!("a classifier gives classes")
        };
        assert!(spare.is_used() && spare.notice().text.starts_with("cuda:0 had no memory left"));
        let direct = Network::load(&card, &weights, &Device::Cpu, Engine::Auto).unwrap();
        let Output::Classes { logits: expected, .. } = direct.run(&card, &x, &|| false).unwrap() else { panic!() };
        assert_eq!(logits, expected);
        // From then on the device is not asked again.
        spare.run(&card, || panic!("the device is full"), here).unwrap();
    }
}
