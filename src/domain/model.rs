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
