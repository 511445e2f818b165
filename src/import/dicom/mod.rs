//! DICOM files: from bytes to instances, and from instances to frames.

pub mod attributes;
pub mod codecs;
pub mod codestream;
pub mod contradictions;
pub mod dataset;
pub mod dicomdir;
pub mod file;
pub mod fragments;
pub mod frames;
pub mod geometry;
pub mod grouping;
pub mod image_pixel;
pub mod inflate;
pub mod lut;
pub mod native;
pub mod object_kind;
pub mod palette;
pub mod pixel_data;
pub mod samples;
pub mod second_opinion;
pub mod setting;
pub mod source;
pub mod stack;
pub mod syntax;
pub mod text;
