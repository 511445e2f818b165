//! From a picture to suggested findings: model cards, networks on candle, saliency, masks and measurements.
//!
//! A model is a folder: a card that says everything a judgement needs (labels, input, operating points, hash), weights,
//! and a golden input with its output. What a network is given depends on stored values and the card alone, never on
//! what the screen shows. Nothing here starts a thread of its own or writes a file.

pub mod batch_norm;
pub mod card_check;
pub mod cardiothoracic;
pub mod checkpoint;
pub mod conversion;
pub mod cpu;
pub mod densenet;
pub mod device;
pub mod efficientnet;
pub mod embedded;
pub mod error;
pub mod explain;
pub mod findings;
pub mod golden;
pub mod graph;
pub mod hashed_weights;
pub mod identity;
pub mod input_distance;
pub mod input_gate;
pub mod lesion_findings;
pub mod letterbox;
pub mod model;
pub mod model_card;
pub mod network;
pub mod packing;
pub mod plain_cnn;
pub mod plane_source;
pub mod postprocess;
pub mod preprocess;
pub mod registry;
pub mod resnet;
pub mod saliency;
pub mod saliency_methods;
pub mod sanity;
pub mod scope;
pub mod sliding_run;
pub mod sliding_window;
pub mod spare;
pub mod templates;
pub mod unet;
pub mod views;
pub mod weights;

pub use crate::inference::input_gate as gate;
