//! One loaded model: its card, its checked network, and the run from a frame to findings.

use std::sync::Arc;
use std::time::Instant;

use candle_core::{Device, Tensor};

use crate::domain::finding::{Finding, Subject};
use crate::domain::frame::Frame;
use crate::domain::instance::Instance;
use crate::domain::intake::{Notice, Progress};
use crate::domain::model::{DistanceVerdict, InputDistance, ModelIdentity, ModelInput, ModelRun};
use crate::domain::series::Series;
use crate::imaging::voxels::Volume;
use crate::inference::device::DeviceChoice;
use crate::inference::error::{InferenceError, ModelError};
use crate::inference::findings::{RunFacts, of_classification, of_segmentation};
use crate::inference::identity::{pixels_sha256, slice_sha256};
use crate::inference::input_distance::DistanceModel;
use crate::inference::lesion_findings::{self, Ground, LesionFacts};
use crate::inference::model_card::ModelCard;
use crate::inference::model_card::sliding::SlidingRegion;
use crate::inference::network::{Engine, Network, Output, finite_values};
use crate::inference::plane_source::PlaneSource;
use crate::inference::postprocess;
use crate::inference::preprocess::{Prepared, prepare, scaled};
use crate::inference::sliding_run::{SlidingRun, TileAnswer};
use crate::inference::spare::Spare;
use crate::inference::views::Views;
use crate::inference::weights::check_sha256;
use crate::segmentation::lung_field::LungField;

/// Preparing, running the network, findings.
pub const N_STAGES: usize = 3;
/// How many stages are done when the network begins.
pub const NETWORK_STAGE: usize = 1;

/// Ready to analyze; cheap to share between threads behind an `Arc`.
#[derive(Clone, Debug)]
pub struct Model {
    card: ModelCard,
    identity: ModelIdentity,
    network: Network,
    /// Never `Auto`.
    choice: DeviceChoice,
    device: Device,
    distance: Option<DistanceModel>,
    /// Only beside an accelerator.
    spare: Option<Arc<Spare>>,
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
        let choice = choice.resolved();
        let device = choice.open()?;
        let network = Network::load(&card, weights, &device, engine)?;
        let identity = ModelIdentity {
            id: card.id.clone(),
            name: card.name.clone(),
            version: card.version.clone(),
            weights_sha256: card.weights.sha256.clone(),
        };
        let spare = (!device.is_cpu()).then(|| Arc::new(Spare::new(choice, weights)));
        Ok(Self { card, identity, network, choice, device, distance: None, spare })
    }

    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    pub fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    /// Such as `cpu, 2 threads`.
    pub fn device(&self) -> String {
        match &self.spare {
            Some(spare) if spare.is_used() => DeviceChoice::Cpu.describe(),
            _ => self.choice.describe(),
        }
    }

    /// With the statistics of the training images' features that the card names; without them nothing is said of how
    /// far an input lies from those images.
    pub fn with_distance(mut self, bytes: &[u8]) -> Result<Self, ModelError> {
        if let Some(spec) = &self.card.distance {
            self.distance = Some(DistanceModel::read(spec, bytes, self.network.n_pooled(&self.card.architecture))?);
        }
        Ok(self)
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
        let picture = PictureInput { subject, instance, frame, scanner: &Scanner::default() };
        self.assess(&picture, cancel, progress).map(|analysis| analysis.findings)
    }

    /// The same with the input's distance from the training images.
    pub fn assess(
        &self,
        picture: &PictureInput<'_>,
        cancel: &dyn Fn() -> bool,
        progress: &dyn Fn(Progress),
    ) -> Result<Analysis, InferenceError> {
        let PictureInput { subject, instance, frame, scanner } = picture;
        check_subject(subject, instance, frame)?;
        if self.card.sliding.is_some() {
            return self.assess_tiles(picture, cancel, progress);
        }
        let stage = |n_done: usize| {
            progress(Progress { n_done, n_total: N_STAGES });
            if cancel() { Err(InferenceError::Cancelled) } else { Ok(()) }
        };
        let began = Instant::now();
        stage(0)?;
        let Prepared { values, letterbox, mut notices } = prepare(&self.card.input, instance, frame)?;
        stage(1)?;
        let views = Views { model: self, letterbox: &letterbox, cancel };
        let intervals = views.intervals(&values, &instance.spacing)?;
        let (output, pooled) = self.run_pooled(values, cancel)?;
        notices.extend(self.spare.iter().filter(|spare| spare.is_used()).map(|spare| spare.notice()));
        stage(2)?;
        let distance = self.judge(&[pooled], scanner)?;
        let segments = match &output {
            Output::Classes { .. } => Vec::new(),
            Output::Channels { logits } => {
                postprocess::segments(&self.card.segments, logits, self.card.output.temperature, &letterbox)?
            }
        };
        let run = self.record(vec![input_of(subject, frame)], distance.clone(), began);
        let facts = RunFacts { card: &self.card, subject, run, letterbox, notices };
        let likelihoods = match &output {
            Output::Classes { .. } => Vec::new(),
            Output::Channels { logits } => {
                let temperature = self.card.output.temperature;
                postprocess::likelihoods(&self.card.segments, logits, temperature, &facts.letterbox)
            }
        };
        let mut findings = match &output {
            Output::Classes { logits, maps } => of_classification(&facts, logits, maps)?,
            Output::Channels { .. } => of_segmentation(&facts, &segments, &instance.spacing),
        };
        intervals.give(&mut findings);
        for finding in findings.iter_mut().filter(|finding| !finding.evidence.segments.is_empty()) {
            finding.evidence.likelihoods.clone_from(&likelihoods);
        }
        stage(N_STAGES)?;
        Ok(Analysis { findings, distance })
    }

    /// A single image through a sliding window.
    fn assess_tiles(
        &self,
        picture: &PictureInput<'_>,
        cancel: &dyn Fn() -> bool,
        progress: &dyn Fn(Progress),
    ) -> Result<Analysis, InferenceError> {
        let PictureInput { subject, instance, frame, scanner } = picture;
        let began = Instant::now();
        let (values, notices) = scaled(&self.card.input, instance, frame)?;
        let spacing = instance.spacing_of(frame.key().index);
        let source = PlaneSource::Picture {
            rows: frame.rows() as usize,
            cols: frame.cols() as usize,
            values,
            pixel_mm: spacing.is_measurable().then_some([spacing.row_mm, spacing.col_mm]),
        };
        let ground = Ground::Image { spacing, rows: frame.rows(), cols: frame.cols() };
        let inputs = vec![input_of(subject, frame)];
        self.slide(&source, &ground, Sliding { subject, inputs, notices, scanner, began }, cancel, progress)
    }

    /// A volume through a sliding window: pieces as findings on the slices of `series`.
    ///
    /// `subject` names study and series. Refused where the card has no tiles, or looks into lungs and there are none.
    pub fn assess_volume(
        &self,
        volume_input: &VolumeInput<'_>,
        cancel: &dyn Fn() -> bool,
        progress: &dyn Fn(Progress),
    ) -> Result<Analysis, InferenceError> {
        let VolumeInput { subject, series, volume, scanner } = volume_input;
        let began = Instant::now();
        let Some(spec) = &self.card.sliding else {
            return Err(InferenceError::image("the model reads single pictures, not volumes"));
        };
        let region =
            match spec.region {
                SlidingRegion::Whole => None,
                SlidingRegion::Lungs => Some(LungField::of(volume, spec.region_margin_mm).ok_or_else(|| {
                    InferenceError::image("no lungs were found in it, and the model looks only there")
                })?),
            };
        let source = PlaneSource::of_volume(volume, spec.axis, &self.card.input, region)?;
        let notices: Vec<Notice> =
            volume.space().warning().map(|text| Notice::new("volume_resampled", text)).into_iter().collect();
        let inputs = volume_inputs(series, volume);
        let ground = Ground::Volume { volume, series };
        self.slide(&source, &ground, Sliding { subject, inputs, notices, scanner, began }, cancel, progress)
    }

    fn slide(
        &self,
        source: &PlaneSource<'_>,
        ground: &Ground<'_>,
        about: Sliding<'_>,
        cancel: &dyn Fn() -> bool,
        progress: &dyn Fn(Progress),
    ) -> Result<Analysis, InferenceError> {
        let Sliding { subject, inputs, notices, scanner, began } = about;
        let run_tiles = |tiles: Vec<Vec<f32>>| self.run_tiles(tiles, cancel);
        let marked = SlidingRun::new(&self.card, source)?.run(&run_tiles, cancel, progress)?;
        let distance = self.judge(&marked.pooled, scanner)?;
        let run = self.record(inputs, distance.clone(), began);
        let facts = LesionFacts { card: &self.card, subject, run, notices };
        Ok(Analysis { findings: lesion_findings::of_marked(&facts, &marked, ground)?, distance })
    }

    fn run_tiles(&self, tiles: Vec<Vec<f32>>, cancel: &dyn Fn() -> bool) -> Result<Vec<TileAnswer>, InferenceError> {
        let one = |values: Vec<f32>| match self.run_pooled(values, cancel)? {
            (Output::Channels { logits }, pooled) => Ok(TileAnswer { logits, pooled }),
            (Output::Classes { .. }, _) => Err(InferenceError::image("the model does not outline")),
        };
        tiles.into_iter().map(one).collect()
    }

    /// Of several tiles the middle distance counts.
    fn judge(&self, pooled: &[Vec<f32>], scanner: &Scanner) -> Result<Option<InputDistance>, InferenceError> {
        let Some(model) = self.distance.as_ref().filter(|_| !pooled.is_empty()) else { return Ok(None) };
        let distances = pooled.iter().map(|features| model.distance(features));
        let Some(mut distances) = distances.collect::<Option<Vec<f64>>>() else {
            return Err(InferenceError::NotFinite { stage: "the distance from the training images" });
        };
        distances.sort_by(f64::total_cmp);
        let middle = distances.get(distances.len() / 2).copied().unwrap_or(0.0);
        Ok(Some(model.judge(middle, &scanner.name, &scanner.history)))
    }

    /// The network alone, on one prepared picture.
    pub fn run(&self, values: Vec<f32>) -> Result<Output, InferenceError> {
        self.run_unless(values, &|| false)
    }

    /// The same, given up between two layers once `cancel` says so.
    pub fn run_unless(&self, values: Vec<f32>, cancel: &dyn Fn() -> bool) -> Result<Output, InferenceError> {
        self.run_pooled(values, cancel).map(|(output, _)| output)
    }

    /// The same with the channel means of the card's pooled layer.
    pub fn run_pooled(
        &self,
        values: Vec<f32>,
        cancel: &dyn Fn() -> bool,
    ) -> Result<(Output, Vec<f32>), InferenceError> {
        let x = self.tensor(values)?;
        self.on_device(&x, |network, x| network.run_pooled(&self.card, x, cancel))
    }

    /// A classifier's feature map of a prepared picture, 1×C×h×w.
    pub fn features(&self, values: Vec<f32>, cancel: &dyn Fn() -> bool) -> Result<Tensor, InferenceError> {
        let x = self.tensor(values)?;
        finite_values("the network's input", &x)?;
        let features = self.on_device(&x, |network, x| network.features(x, cancel))?;
        // The head lies on the device that was asked for.
        Ok(features.to_device(&self.device)?)
    }

    /// From a feature map to logits, for gradients.
    pub fn head(&self, features: &Tensor) -> candle_core::Result<Tensor> {
        self.network.head(features)
    }

    /// Runs the network where it lies, or on the processor when there is no memory left.
    fn on_device<T>(
        &self,
        x: &Tensor,
        run: impl Fn(&Network, &Tensor) -> Result<T, InferenceError>,
    ) -> Result<T, InferenceError> {
        let there = || run(&self.network, &x.to_device(&self.device)?);
        match &self.spare {
            Some(spare) => spare.run(&self.card, there, |network| run(network, x)),
            None => there(),
        }
    }

    /// On the processor, from where it goes to the device.
    fn tensor(&self, values: Vec<f32>) -> Result<Tensor, InferenceError> {
        let input = &self.card.input;
        let shape = [1, input.channels, input.rows, input.cols];
        if values.len() != shape.iter().product::<usize>() {
            let (expected, found) = (shape.to_vec(), vec![values.len()]);
            return Err(InferenceError::Shape { stage: "the network's input", expected, found });
        }
        Ok(Tensor::from_vec(values, &shape, &Device::Cpu)?)
    }

    fn record(&self, inputs: Vec<ModelInput>, distance: Option<InputDistance>, began: Instant) -> ModelRun {
        ModelRun {
            model: self.identity.clone(),
            inputs,
            device: self.device(),
            seconds: began.elapsed().as_secs_f64(),
            distance,
        }
    }
}

/// One picture to be looked at.
pub struct PictureInput<'a> {
    pub subject: &'a Subject,
    pub instance: &'a Instance,
    pub frame: &'a Frame,
    pub scanner: &'a Scanner,
}

/// One volume to be looked at.
pub struct VolumeInput<'a> {
    /// Names study and series.
    pub subject: &'a Subject,
    pub series: &'a Series,
    pub volume: &'a Volume,
    pub scanner: &'a Scanner,
}

/// Where pictures come from, and how far earlier ones of the same place lay from the training images.
#[derive(Clone, Debug, Default)]
pub struct Scanner {
    /// Manufacturer and model; empty when the file does not say.
    pub name: String,
    pub history: Vec<f64>,
}

/// What a model says of one input.
#[derive(Clone, Debug)]
pub struct Analysis {
    pub findings: Vec<Finding>,
    /// `None` where the model has no statistics of its training images.
    pub distance: Option<InputDistance>,
}

impl Analysis {
    /// Whether the findings are to be held back.
    pub fn is_far_out(&self) -> bool {
        self.distance.as_ref().is_some_and(|distance| distance.verdict == DistanceVerdict::FarOut)
    }
}

/// What a sliding window needs beside its planes.
struct Sliding<'a> {
    subject: &'a Subject,
    inputs: Vec<ModelInput>,
    notices: Vec<Notice>,
    scanner: &'a Scanner,
    began: Instant,
}

fn input_of(subject: &Subject, frame: &Frame) -> ModelInput {
    ModelInput { sop: subject.sop.clone(), frame: subject.frame, pixels_sha256: pixels_sha256(frame) }
}

/// One input for every slice, each with the hash of its samples.
fn volume_inputs(series: &Series, volume: &Volume) -> Vec<ModelInput> {
    let of_slice = |slice: usize| {
        let (instance, frame) = series.image(slice)?;
        let pixels_sha256 = slice_sha256(volume.slices(), slice)?;
        Some(ModelInput { sop: instance.sop.clone(), frame, pixels_sha256 })
    };
    (0..series.stack.len()).filter_map(of_slice).collect()
}

/// A result must never land on another picture than the one it was made from.
pub fn check_subject(subject: &Subject, instance: &Instance, frame: &Frame) -> Result<(), InferenceError> {
    let key = frame.key();
    if key.sop != subject.sop || key.sop != instance.sop || key.index != subject.frame {
        return Err(InferenceError::image("its pixels belong to another image"));
    }
    Ok(())
}
