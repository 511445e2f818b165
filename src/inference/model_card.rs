//! The model card, `model.toml`: everything about a model that is a judgement rather than arithmetic.
//!
//! Reading checks every number ([`crate::inference::card_check`]); afterwards the card is trusted.

pub mod doubt;
pub mod sliding;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::domain::coding::CodedConcept;
use crate::domain::saliency::SaliencyMethod;
use crate::domain::score::OperatingPoint;
use crate::domain::uid::ModelId;
use crate::inference::card_check;
use crate::inference::error::ModelError;
use crate::inference::model_card::doubt::{CalibrationSpec, DistanceSpec, ScopeSpec, StabilitySpec};
use crate::inference::model_card::sliding::{ComponentSpec, SlidingSpec};
use crate::inference::registry::ModelSource;

/// A card larger than this is not a card.
pub const MAX_CARD_BYTES: u64 = 256 * 1024;

/// A checked card. Field names are the keys of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    pub schema: i64,
    pub id: ModelId,
    pub name: String,
    pub version: String,
    pub task: Task,
    pub summary: String,
    pub intended_use: String,
    pub not_for: String,
    pub license: String,
    pub weights: WeightsFile,
    pub golden: GoldenFile,
    pub architecture: Architecture,
    pub input: InputSpec,
    pub output: OutputSpec,
    pub saliency: Option<SaliencySpec>,
    /// Of a segmentation; `index` is the channel.
    #[serde(rename = "segment", default)]
    pub segments: Vec<SegmentSpec>,
    /// Of a classification; `index` is the logit.
    #[serde(rename = "label", default)]
    pub labels: Vec<LabelSpec>,
    #[serde(rename = "derived", default)]
    pub derived: Vec<DerivedSpec>,
    pub evaluation: Option<Evaluation>,
    #[serde(rename = "source", default)]
    pub sources: Vec<DataSource>,
    #[serde(default)]
    pub scope: ScopeSpec,
    pub sliding: Option<SlidingSpec>,
    pub component: Option<ComponentSpec>,
    pub distance: Option<DistanceSpec>,
    pub calibration: Option<CalibrationSpec>,
    pub stability: Option<StabilitySpec>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    Classification,
    Segmentation,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightsFile {
    /// A plain file name inside the model's folder.
    pub file: String,
    /// Lower-case hex.
    pub sha256: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoldenFile {
    pub file: String,
    pub sha256: String,
    /// Largest difference allowed, relative to the largest value of the reference.
    pub tolerance: f64,
    /// Absent: the framework the model was trained in.
    pub made_by: Option<String>,
}

/// Which network, and its sizes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "network", rename_all = "snake_case")]
pub enum Architecture {
    Densenet(DensenetSpec),
    Resnet(ResnetSpec),
    Efficientnet(EfficientnetSpec),
    PlainCnn(PlainCnnSpec),
    Unet(UnetSpec),
}

/// What every classifier has: a picture's channels, labels, and the layer saliency may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassifierFacts {
    pub in_channels: usize,
    pub n_classes: usize,
    /// Weight path of the feature map's last layer.
    pub feature_layer: &'static str,
    /// The feature map's sides are the picture's, halved this often.
    pub n_halvings: usize,
}

impl Architecture {
    /// `None` of a segmentation.
    pub fn classifier(&self) -> Option<ClassifierFacts> {
        let facts = |in_channels, n_classes, feature_layer, n_halvings| {
            Some(ClassifierFacts { in_channels, n_classes, feature_layer, n_halvings })
        };
        match self {
            Self::Densenet(spec) => {
                facts(spec.in_channels, spec.n_classes, "features.norm5", spec.block_config.len() + 1)
            }
            Self::Resnet(spec) => facts(spec.in_channels, spec.n_classes, "layers", spec.block_config.len() + 1),
            Self::Efficientnet(spec) => {
                let n_strided = spec.stages.iter().filter(|stage| stage.stride > 1).count();
                facts(spec.in_channels, spec.n_classes, "features", n_strided + 1)
            }
            Self::PlainCnn(spec) => {
                facts(spec.in_channels, spec.n_classes, "stages", spec.widths.len().saturating_sub(1))
            }
            Self::Unet(_) => None,
        }
    }

    /// Weight path of the map whose channel means tell usual from unusual inputs.
    pub fn pooled_layer(&self) -> String {
        match (self, self.classifier()) {
            (Self::Unet(spec), _) => format!("enc{}", spec.depth.saturating_sub(1)),
            (_, Some(facts)) => facts.feature_layer.to_owned(),
            (_, None) => String::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResnetSpec {
    pub in_channels: usize,
    pub n_classes: usize,
    pub block: ResnetBlock,
    /// Blocks of each stage.
    pub block_config: Vec<usize>,
    /// Channels of the stem; each stage doubles its width.
    pub base_width: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResnetBlock {
    /// Two 3×3 convolutions: ResNet-18 and 34.
    Basic,
    /// 1×1, 3×3, 1×1 and four times as wide: ResNet-50.
    Bottleneck,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EfficientnetSpec {
    pub in_channels: usize,
    pub n_classes: usize,
    pub stem_width: usize,
    pub head_width: usize,
    pub stages: Vec<EfficientnetStage>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EfficientnetStage {
    pub expansion: usize,
    pub kernel: usize,
    /// Of the stage's first block.
    pub stride: usize,
    pub width: usize,
    pub n_blocks: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlainCnnSpec {
    pub in_channels: usize,
    pub n_classes: usize,
    /// Channels of each stage; 2×2 pooling lies between.
    pub widths: Vec<usize>,
    pub convs_per_stage: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DensenetSpec {
    pub in_channels: usize,
    pub n_classes: usize,
    pub growth_rate: usize,
    /// Layers of each dense block.
    pub block_config: Vec<usize>,
    pub init_features: usize,
    /// The bottleneck is this many growth rates wide.
    pub bn_size: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnetSpec {
    pub in_channels: usize,
    pub out_channels: usize,
    /// Channels at full resolution; each level below doubles them.
    pub base_width: usize,
    /// Resolution levels, the bottleneck included.
    pub depth: usize,
    pub norm: Norm,
    pub up: Upsampling,
    /// Each level adds a 1×1 convolution of its input to its output.
    #[serde(default)]
    pub residual: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Norm {
    Batch,
    /// Each picture's own mean and variance.
    Instance,
    /// Convolutions with a bias instead.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Upsampling {
    Transposed,
}

/// What the model accepts and how a picture becomes its input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputSpec {
    /// Modality values, such as `DX`.
    pub modalities: Vec<String>,
    /// Body Part Examined values accepted when the attribute is present.
    pub body_parts: Vec<String>,
    /// View Position values accepted when the attribute is present; empty: any.
    #[serde(default)]
    pub views: Vec<String>,
    /// Patient Orientation accepted when the attribute is present: toward what rows and columns run, such as
    /// `["L", "F"]`. Absent: any.
    pub orientation: Option<[String; 2]>,
    pub rows: usize,
    pub cols: usize,
    pub channels: usize,
    pub polarity: Polarity,
    pub intensity: Intensity,
    pub fit: Fit,
    pub resize: Resize,
    /// Of all channels, or one for each.
    pub mean: OneOrEach,
    pub std: OneOrEach,
}

/// One number for all channels, or one for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrEach {
    One(f64),
    Each(Vec<f64>),
}

impl OneOrEach {
    pub fn of(&self, channel: usize) -> f64 {
        match self {
            Self::One(value) => *value,
            // The card's check has counted them.
            Self::Each(values) => values.get(channel).copied().unwrap_or(f64::NAN),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Polarity {
    /// Bone is bright: MONOCHROME1 is inverted.
    BrightIsDense,
    /// Modality values as they are, such as Hounsfield units.
    AsStored,
}

/// How values become 0 to 1, or are normalized otherwise; `mean` and `std` come after.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Intensity {
    /// Two percentiles of the picture, 0 to 100, padding excluded; values beyond are clipped.
    Percentile { low: f64, high: f64 },
    /// Two modality values, such as Hounsfield units; values beyond are clipped, padding is the lower one.
    Window { low: f64, high: f64 },
    /// From 0 to the largest value that Bits Stored allows; of modality values, when the rescaling is none.
    BitRange,
    /// The picture's own mean and deviation, padding excluded and 0 afterwards; clipped to so many deviations.
    ZScore { clip: f64 },
}

impl Intensity {
    /// Such as `0.5 to 99.5 percentile of the picture to 0 and 1`.
    pub fn words(self) -> String {
        match self {
            Self::Percentile { low, high } => format!("{low} to {high} percentile of the picture to 0 and 1"),
            Self::Window { low, high } => format!("{low} to {high} to 0 and 1, clipped"),
            Self::BitRange => "0 to the largest value of its bits to 0 and 1".to_owned(),
            Self::ZScore { clip } => format!("the picture's own mean and deviation, clipped at {clip}"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// The longer side fits; the rest is padding.
    Letterbox,
    /// The shorter side fits; what is too long is cut off on both sides alike.
    CenterCrop,
    /// Both sides fit, whatever becomes of the proportions.
    Stretch,
    /// The network is moved over the picture; see `[sliding]`.
    Tiles,
}

impl Fit {
    pub fn words(self) -> &'static str {
        match self {
            Self::Letterbox => "the longer side fits, the rest is padding",
            Self::CenterCrop => "the shorter side fits, the ends are cut off",
            Self::Stretch => "both sides fit, proportions change",
            Self::Tiles => "overlapping tiles",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resize {
    TriangleAntialias,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputSpec {
    pub activation: Activation,
    /// True only with a temperature measured on a held-out set.
    pub calibrated: bool,
    /// Logits are divided by it.
    pub temperature: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    Sigmoid,
    Softmax,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SaliencySpec {
    pub method: SaliencyMethod,
    /// Weight path of the feature map.
    pub layer: String,
    /// The fraction of the peak at which a region is drawn, 0 to 1.
    pub contour_fraction: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentSpec {
    pub index: usize,
    pub id: String,
    pub name: String,
    pub color: [u8; 3],
    pub code: CodedConcept,
    pub dice: Option<f64>,
    /// 95 % interval.
    pub dice_ci: Option<[f64; 2]>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelSpec {
    pub index: usize,
    pub id: String,
    pub name: String,
    pub code: CodedConcept,
    pub auroc: Option<f64>,
    /// 95 % interval.
    pub auroc_ci: Option<[f64; 2]>,
    pub operating_point: OperatingPoint,
}

/// A measurement computed from the segments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DerivedSpec {
    pub id: String,
    pub name: String,
    pub measure: Measure,
    pub code: CodedConcept,
    pub operating_point: OperatingPoint,
    pub mean_absolute_error: Option<f64>,
    /// A structure smaller than this share of the picture is not believed.
    #[serde(default = "default_min_area_fraction")]
    pub min_area_fraction: f64,
}

fn default_min_area_fraction() -> f64 {
    0.01
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Columns spanned by `heart` over columns spanned by `right_lung` and `left_lung`.
    CardiothoracicRatio,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    pub split: String,
    pub n_train: Option<u64>,
    pub n_validation: Option<u64>,
    pub n_test: Option<u64>,
    pub seed: Option<i64>,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataSource {
    pub name: String,
    pub license: String,
    pub citation: String,
    pub n_images: Option<u64>,
}

/// Reads and checks `model.toml` of a folder.
pub fn load_card(dir: &Path) -> Result<ModelCard, ModelError> {
    let card = ModelSource::Folder(dir.to_owned()).read_card()?;
    let folder = dir.file_name().map(|name| name.to_string_lossy().into_owned());
    match folder {
        Some(folder) if folder != card.id.as_str() => {
            Err(ModelError::card_value("id", format!("'{}', but its folder is named '{folder}'", card.id)))
        }
        _ => Ok(card),
    }
}

/// Parses and checks a card's text.
pub fn parse_card(text: &str) -> Result<ModelCard, ModelError> {
    let table: toml::Table = toml::from_str(text).map_err(card_error)?;
    match table.get("schema").and_then(toml::Value::as_integer) {
        Some(1) => {}
        Some(found) => return Err(ModelError::Schema { found }),
        None => return Err(ModelError::card_value("schema", "nothing; it must be 1")),
    }
    let card: ModelCard = toml::from_str(text).map_err(card_error)?;
    // A misspelled key would leave its default in force, which nobody wrote.
    if let Some(key) = card_check::unknown_keys(&table, &card).into_iter().next() {
        return Err(ModelError::CardUnknownKey { key });
    }
    card_check::check(&card)?;
    Ok(card)
}

fn card_error(error: toml::de::Error) -> ModelError {
    ModelError::Card { reason: error.message().to_owned() }
}
