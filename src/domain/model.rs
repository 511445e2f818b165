//! Which model said something, precisely enough to repeat it.

use serde::{Deserialize, Serialize};

use crate::domain::uid::{ModelId, SopInstanceUid};

/// A model as its card and its weights name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelIdentity {
    pub id: ModelId,
    pub name: String,
    pub version: String,
    /// SHA-256 of the weights file, lower-case hex, as verified at load.
    pub weights_sha256: String,
}

/// One run of one model on one input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelRun {
    pub model: ModelIdentity,
    pub inputs: Vec<ModelInput>,
    /// Such as `cpu, 2 threads` or `cuda:0`.
    pub device: String,
    /// From preprocessing to findings.
    pub seconds: f64,
    /// How far the input lay from what the model was trained on; absent where the model cannot tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<InputDistance>,
}

/// Mahalanobis distance of an input's pooled features from those of the training images (Lee et al. 2018,
/// <https://arxiv.org/abs/1807.03888>), and where it stands among theirs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputDistance {
    /// Not squared; 0 is the mean of the training images.
    pub distance: f64,
    /// Of the distances of training images, 0 to 100.
    pub percentile: f64,
    /// Of earlier distances on the same scanner, once there are enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_scanner: Option<ScannerPercentile>,
    pub verdict: DistanceVerdict,
}

/// Where a distance stands among earlier ones of one scanner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScannerPercentile {
    /// Manufacturer and model, as the files name them.
    pub scanner: String,
    /// 0 to 100.
    pub percentile: f64,
    /// Earlier images behind it.
    pub n: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DistanceVerdict {
    Usual,
    /// Unusual enough to say so.
    Unusual,
    /// Findings are held back unless a reader asks for them.
    FarOut,
}

impl InputDistance {
    /// `99.2 percentile of training distance`, and the scanner's where it is known.
    pub fn sentence(&self) -> String {
        let training = format!("{} percentile of training distance", self.percentile_words());
        match &self.of_scanner {
            None => training,
            Some(ScannerPercentile { scanner, percentile, n }) => {
                format!("{training}, {percentile:.0} percentile for {scanner} (n = {n})")
            }
        }
    }

    /// Beyond the training images there is no percentile to give.
    fn percentile_words(&self) -> String {
        if self.percentile >= 100.0 { "beyond the 100.0".to_owned() } else { format!("{:.1}", self.percentile) }
    }
}

/// What went in: the object's UID and the hash of the decoded samples the network was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInput {
    pub sop: SopInstanceUid,
    /// Zero-based.
    pub frame: u32,
    /// SHA-256 of the decoded stored values (little endian), lower-case hex.
    pub pixels_sha256: String,
}
