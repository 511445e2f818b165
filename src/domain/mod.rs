//! The nouns every room shares: studies and their pictures, what a model suggests, what a reader decides.
//!
//! Pure values. Nothing here reads a file, starts a thread, knows the time or draws.

pub mod annotation;
pub mod audit;
pub mod circumstances;
pub mod codes;
pub mod coding;
pub mod content_item;
pub mod decision;
pub mod deidentification;
pub mod derivation;
pub mod details;
pub mod device;
pub mod display_state;
pub mod document;
pub mod exported;
pub mod finding;
pub mod fitness;
pub mod flipped;
pub mod frame;
pub mod geometry;
pub mod header;
pub mod instance;
pub mod intake;
pub mod likelihood;
pub mod mask;
pub mod mask_edit;
pub mod model;
pub mod overlay;
pub mod patient;
pub mod picture;
pub mod presentation;
pub mod reader_study;
pub mod reading;
pub mod report;
pub mod saliency;
pub mod score;
pub mod series;
pub mod shape;
pub mod stored_pixels;
pub mod study;
pub mod uid;
pub mod user_scale;

/// Stands on every screen and in every export.
pub const RESEARCH_USE_ONLY: &str = "Research use only. Not for diagnostic use.";
