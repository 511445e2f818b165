//! From a picture to suggested findings: model cards, networks on candle, saliency, masks and measurements.
//!
//! A model is a folder: a card that says everything a judgement needs (labels, input, operating points, hash), weights,
//! and a golden input with its output. What a network is given depends on stored values and the card alone, never on
//! what the screen shows. Nothing here starts a thread of its own or writes a file.

pub mod batch_norm;
pub mod card_check;
pub mod cardiothoracic;
pub mod cpu;
pub mod densenet;
pub mod device;
pub mod efficientnet;
pub mod embedded;
pub mod error;
pub mod findings;
pub mod golden;
pub mod graph;
pub mod identity;
pub mod input_gate;
pub mod letterbox;
pub mod model;
pub mod model_card;
pub mod network;
pub mod plain_cnn;
pub mod postprocess;
pub mod preprocess;
pub mod registry;
pub mod resnet;
pub mod saliency;
pub mod unet;
pub mod weights;

pub use crate::inference::input_gate as gate;
