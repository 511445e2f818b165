//! What can go wrong with a model, with a run of it, and with the fit between a model and a study.

use thiserror::Error;

/// Why a model cannot be used. No patient data ever reaches these.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ModelError {
    #[error("the model's file '{file}' cannot be read: {reason}")]
    Read { file: String, reason: String },
    #[error("the model's file '{file}' has {n_bytes} bytes, more than the {limit} that are read")]
    TooLarge { file: String, n_bytes: u64, limit: u64 },
    #[error("the model card is not valid: {reason}")]
    Card { reason: String },
    #[error("the model card says '{key}' {reason}")]
    CardValue { key: String, reason: String },
    #[error("the model card has an unknown key '{key}'")]
    CardUnknownKey { key: String },
    #[error("the model card is of schema {found}; this version reads schema 1")]
    Schema { found: i64 },
    #[error("'{file}' is not the file the card describes: sha256 {found} instead of {expected}")]
    Hash { file: String, expected: String, found: String },
    #[error("the weights are not a valid safetensors file: {reason}")]
    WeightsFormat { reason: String },
    #[error("the weights lack the tensor '{tensor}'")]
    MissingTensor { tensor: String },
    #[error("the weights have a tensor '{tensor}' that the network does not know")]
    ExtraTensor { tensor: String },
    #[error("the tensor '{tensor}' has shape {found:?} instead of {expected:?}")]
    TensorShape { tensor: String, expected: Vec<usize>, found: Vec<usize> },
    #[error("the tensor '{tensor}' holds {found} instead of f32")]
    TensorKind { tensor: String, found: String },
    #[error("the tensor '{tensor}' holds values that are not numbers or are out of range")]
    NotFinite { tensor: String },
    #[error("the device '{wanted}' cannot be used: {reason}")]
    Device { wanted: String, reason: String },
    #[error("the network cannot be built: {reason}")]
    Network { reason: String },
    #[error("the golden output is missed by {difference:.2e} (allowed {tolerance:.2e}, relative to the largest value)")]
    Golden { difference: f64, tolerance: f64 },
}

impl ModelError {
    /// Stable word for scripts and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "model_unreadable",
            Self::TooLarge { .. } => "model_too_large",
            Self::Card { .. } => "card_invalid",
            Self::CardValue { .. } => "card_value",
            Self::CardUnknownKey { .. } => "card_unknown_key",
            Self::Schema { .. } => "card_schema",
            Self::Hash { .. } => "hash_mismatch",
            Self::WeightsFormat { .. } => "weights_format",
            Self::MissingTensor { .. } => "tensor_missing",
            Self::ExtraTensor { .. } => "tensor_extra",
            Self::TensorShape { .. } => "tensor_shape",
            Self::TensorKind { .. } => "tensor_kind",
            Self::NotFinite { .. } => "tensor_not_finite",
            Self::Device { .. } => "device_unavailable",
            Self::Network { .. } => "network_invalid",
            Self::Golden { .. } => "golden_mismatch",
        }
    }

    pub(crate) fn card_value(key: &str, reason: impl Into<String>) -> Self {
        Self::CardValue { key: key.to_owned(), reason: reason.into() }
    }
}

/// Why a run gave no findings. A failed run is "not available", never "negative".
#[derive(Clone, Debug, Error, PartialEq)]
pub enum InferenceError {
    #[error("the analysis was stopped")]
    Cancelled,
    #[error("the image cannot be analyzed: {reason}")]
    Image { reason: String },
    #[error("the analysis failed: {stage} holds values that are not numbers")]
    NotFinite { stage: &'static str },
    #[error("the analysis failed: {stage} has shape {found:?} instead of {expected:?}")]
    Shape { stage: &'static str, expected: Vec<usize>, found: Vec<usize> },
    #[error("the analysis failed in the network: {reason}")]
    Network { reason: String },
}

impl InferenceError {
    /// Stable word for scripts and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Cancelled => "analysis_cancelled",
            Self::Image { .. } => "image_unsuitable",
            Self::NotFinite { .. } => "result_not_finite",
            Self::Shape { .. } => "result_shape",
            Self::Network { .. } => "network_failed",
        }
    }

    pub(crate) fn image(reason: impl Into<String>) -> Self {
        Self::Image { reason: reason.into() }
    }
}

impl From<candle_core::Error> for InferenceError {
    fn from(error: candle_core::Error) -> Self {
        Self::Network { reason: first_line(&error.to_string()) }
    }
}

impl From<candle_core::Error> for ModelError {
    fn from(error: candle_core::Error) -> Self {
        Self::Network { reason: first_line(&error.to_string()) }
    }
}

/// candle may append a backtrace; a reader has no use for it.
pub(crate) fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
