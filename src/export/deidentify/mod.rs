//! Copies that name nobody: the Basic Application Level Confidentiality Profile and its options (PS3.15 Annex E).
//!
//! Originals are read, never written. What the table of the standard does not name is judged by its kind: names go,
//! dates follow the dates' option, private and unknown attributes go, and texts that repeat the patient's own words go.

mod dataset;
mod descriptors;
pub mod pixels;
pub mod preview;
pub mod profile;
pub mod pseudonyms;
mod streams;
pub mod study_copy;
