//! One loaded model: its card, its checked network, and the run from a frame to findings.

use std::time::Instant;

use candle_core::{Device, Tensor};

use crate::domain::finding::{Finding, Subject};
use crate::domain::frame::Frame;
use crate::domain::instance::Instance;
use crate::domain::intake::Progress;
use crate::domain::model::{ModelIdentity, ModelInput, ModelRun};
use crate::inference::device::DeviceChoice;
use crate::inference::error::{InferenceError, ModelError};
use crate::inference::findings::{RunFacts, of_classification, of_segmentation};
use crate::inference::identity::pixels_sha256;
use crate::inference::model_card::ModelCard;
use crate::inference::network::{Engine, Network, Output};
use crate::inference::postprocess;
use crate::inference::preprocess::{Prepared, prepare};
use crate::inference::weights::check_sha256;

/// Preparing, running the network, findings.
const N_STAGES: usize = 3;

/// Ready to analyze; cheap to share between threads behind an `Arc`.
#[derive(Clone, Debug)]
pub struct Model {
    card: ModelCard,
    identity: ModelIdentity,
    network: Network,
    choice: DeviceChoice,
    device: Device,
}

impl Model {
    /// From a checked card and the bytes of its weights file.
    pub fn from_parts(card: ModelCard, weights: &[u8], choice: &DeviceChoice) -> Result<Self, ModelError> {
        Self::on_engine(card, weights, choice, Engine::Auto)
    }

    /// The same, on a given engine: to hold one against the other.
    pub fn on_engine(
        card: ModelCard,
        weights: &[u8],
        choice: &DeviceChoice,
        engine: Engine,
    ) -> Result<Self, ModelError> {
        check_sha256(&card.weights.file, weights, &card.weights.sha256)?;
        let device = choice.open()?;
        let network = Network::load(&card, weights, &device, engine)?;
        let identity = ModelIdentity {
            id: card.id.clone(),
            name: card.name.clone(),
            version: card.version.clone(),
            weights_sha256: card.weights.sha256.clone(),
        };
        Ok(Self { card, identity, network, choice: *choice, device })
    }

    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    pub fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    /// Such as `cpu, 2 threads`.
    pub fn device(&self) -> String {
        self.choice.describe()
    }

    /// Every label of the model as a finding, those below their operating point included.
    ///
    /// A measurement that failed is a finding without an assessment, whose notices say why. Whether the image is within
    /// the model's scope is asked before, at [`crate::inference::gate::admits`].
    pub fn analyze(
        &self,
        subject: &Subject,
        instance: &Instance,
        frame: &Frame,
        cancel: &dyn Fn() -> bool,
        progress: &dyn Fn(Progress),
    ) -> Result<Vec<Finding>, InferenceError> {
        let stage = |n_done: usize| {
            progress(Progress { n_done, n_total: N_STAGES });
            if cancel() { Err(InferenceError::Cancelled) } else { Ok(()) }
        };
        check_subject(subject, instance, frame)?;
        let began = Instant::now();
        stage(0)?;
        let Prepared { values, letterbox, notices } = prepare(&self.card.input, instance, frame)?;
        stage(1)?;
        let output = self.run_unless(values, cancel)?;
        stage(2)?;
        let segments = match &output {
            Output::Classes { .. } => Vec::new(),
            Output::Channels { logits } => {
                postprocess::segments(&self.card.segments, logits, self.card.output.temperature, &letterbox)?
            }
        };
        let run = self.record(subject, frame, began);
        let facts = RunFacts { card: &self.card, subject, run, letterbox, notices };
        let findings = match &output {
            Output::Classes { logits, maps } => of_classification(&facts, logits, maps)?,
            Output::Channels { .. } => of_segmentation(&facts, &segments, &instance.spacing),
        };
        stage(N_STAGES)?;
        Ok(findings)
    }

    /// The network alone, on one prepared picture.
    pub fn run(&self, values: Vec<f32>) -> Result<Output, InferenceError> {
        self.run_unless(values, &|| false)
    }

    /// The same, given up between two layers once `cancel` says so.
    pub fn run_unless(&self, values: Vec<f32>, cancel: &dyn Fn() -> bool) -> Result<Output, InferenceError> {
        let input = &self.card.input;
        let shape = [1, input.channels, input.rows, input.cols];
        if values.len() != shape.iter().product::<usize>() {
            return Err(InferenceError::Shape {
                stage: "the network's input",
                expected: shape.to_vec(),
                found: vec![values.len()],
            });
        }
        let x = Tensor::from_vec(values, &shape, &self.device)?;
        self.network.run(&self.card, &x, cancel)
    }

    fn record(&self, subject: &Subject, frame: &Frame, began: Instant) -> ModelRun {
        let input = ModelInput { sop: subject.sop.clone(), frame: subject.frame, pixels_sha256: pixels_sha256(frame) };
        ModelRun {
            model: self.identity.clone(),
            inputs: vec![input],
            device: self.device(),
            seconds: began.elapsed().as_secs_f64(),
        }
    }
}

/// A result must never land on another picture than the one it was made from.
fn check_subject(subject: &Subject, instance: &Instance, frame: &Frame) -> Result<(), InferenceError> {
    let key = frame.key();
    if key.sop != subject.sop || key.sop != instance.sop || key.index != subject.frame {
        return Err(InferenceError::image("its pixels belong to another image"));
    }
    Ok(())
}
