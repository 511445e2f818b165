//! Why a picture could not be drawn, in sentences a reader can be shown.

use thiserror::Error;

#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RenderError {
    #[error("The image is {cols} × {rows} pixels; this graphics adapter draws at most {limit} in each direction.")]
    TooLarge { rows: u32, cols: u32, limit: u32 },
    #[error("A mask of {cols} × {rows} pixels does not lie on this image's grid.")]
    MaskGrid { rows: u32, cols: u32 },
    #[error("{n_segments} segments are chosen; at most {limit} can be drawn at a time.", limit = crate::render::request::MAX_SEGMENTS)]
    TooManySegments { n_segments: usize },
    #[error("The graphics adapter has not enough memory for this image.")]
    OutOfMemory,
    #[error("The graphics adapter could not draw this image: {0}")]
    Refused(String),
    #[error("No graphics adapter was found: {0}")]
    NoAdapter(String),
    #[error("The graphics adapter gave no device: {0}")]
    NoDevice(String),
    #[error("The picture could not be read back from the graphics adapter: {0}")]
    ReadBack(String),
}
