//! The door out: a study's findings and decisions as a JSON report, as pictures, and masks as NumPy arrays.
//!
//! What leaves is made from the record and the stored values, never from what a screen showed. Files appear whole or
//! not at all, and an original is never written over.

pub mod audit_message;
mod canvas;
mod capture_drawing;
mod capture_legend;
mod capture_picture;
pub mod deidentify;
pub mod dicom;
mod error;
pub mod fhir;
pub mod formats;
mod json;
mod json_annotation;
mod json_decision;
mod json_document;
pub mod numpy;
pub mod pdf;
mod phantom_dicom;
pub mod phantom_study;
pub mod picture_file;
pub mod secondary_capture;
pub mod staging;
pub mod tables;
mod typeface;

pub use crate::export::error::ExportError;
pub use crate::export::json::{REPORT_FILE_NAME, report_value, write_json};
pub use crate::export::json_document::{REPORT_SCHEMA, REPORT_VERSION};
