//! The picture inside a network's input: letterboxed, cut to the input's proportions, or stretched, by the card.

use crate::domain::saliency::MapFromSource;
use crate::inference::error::InferenceError;
use crate::inference::model_card::{Fit, InputSpec};

/// Where the resized picture lies on the network's grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letterbox {
    pub source_rows: usize,
    pub source_cols: usize,
    /// The part of the source that is used; all of it but for a center crop.
    pub crop_top: usize,
    pub crop_left: usize,
    pub crop_rows: usize,
    pub crop_cols: usize,
    /// The network's grid.
    pub rows: usize,
    pub cols: usize,
    /// The picture inside it.
    pub top: usize,
    pub left: usize,
    pub height: usize,
    pub width: usize,
}

impl Letterbox {
    /// Halves round up for the size and down for the offset, as in training.
    pub fn new(source_rows: u32, source_cols: u32, input: &InputSpec) -> Result<Self, InferenceError> {
        let (rows, cols) = (input.rows, input.cols);
        if source_rows == 0 || source_cols == 0 {
            return Err(InferenceError::image("it has no pixels"));
        }
        let whole = Self {
            source_rows: source_rows as usize,
            source_cols: source_cols as usize,
            crop_top: 0,
            crop_left: 0,
            crop_rows: source_rows as usize,
            crop_cols: source_cols as usize,
            rows,
            cols,
            top: 0,
            left: 0,
            height: rows,
            width: cols,
        };
        let (n_rows, n_cols) = (f64::from(source_rows), f64::from(source_cols));
        let scales = (rows as f64 / n_rows, cols as f64 / n_cols);
        let rounded = |size: f64, most: usize| ((size + 0.5).floor() as usize).clamp(1, most);
        Ok(match input.fit {
            Fit::Letterbox => {
                let scale = scales.0.min(scales.1);
                let (height, width) = (rounded(n_rows * scale, rows), rounded(n_cols * scale, cols));
                Self { top: (rows - height) / 2, left: (cols - width) / 2, height, width, ..whole }
            }
            Fit::CenterCrop => {
                let scale = scales.0.max(scales.1);
                let crop_rows = rounded(rows as f64 / scale, whole.source_rows);
                let crop_cols = rounded(cols as f64 / scale, whole.source_cols);
                let crop_top = (whole.source_rows - crop_rows) / 2;
                let crop_left = (whole.source_cols - crop_cols) / 2;
                Self { crop_top, crop_left, crop_rows, crop_cols, ..whole }
            }
            Fit::Stretch => whole,
            Fit::Tiles => return Err(InferenceError::image("the model sees tiles, not whole pictures")),
        })
    }

    /// Pixel centres of the source on the network's grid.
    pub fn map_from_source(&self) -> MapFromSource {
        let scale_x = self.width as f64 / self.crop_cols as f64;
        let scale_y = self.height as f64 / self.crop_rows as f64;
        MapFromSource {
            scale_x,
            offset_x: (0.5 - self.crop_left as f64) * scale_x - 0.5 + self.left as f64,
            scale_y,
            offset_y: (0.5 - self.crop_top as f64) * scale_y - 0.5 + self.top as f64,
        }
    }

    /// The same for a grid that is the picture alone, without padding.
    pub fn crop_from_source(&self) -> MapFromSource {
        Self { top: 0, left: 0, rows: self.height, cols: self.width, ..*self }.map_from_source()
    }

    /// The network's picture as a source of its own.
    pub fn on_itself(&self) -> Self {
        let (rows, cols) = (self.height, self.width);
        Self {
            source_rows: rows,
            source_cols: cols,
            crop_top: 0,
            crop_left: 0,
            crop_rows: rows,
            crop_cols: cols,
            ..*self
        }
    }

    /// The used part of a picture on the source's grid.
    pub fn cut(&self, picture: &[f32]) -> Vec<f32> {
        let rows = picture.chunks_exact(self.source_cols).skip(self.crop_top).take(self.crop_rows);
        rows.flat_map(|row| row.iter().skip(self.crop_left).take(self.crop_cols).copied()).collect()
    }

    /// One channel's picture without its padding, row-major.
    pub fn crop(&self, grid: &[f32]) -> Vec<f32> {
        let rows = grid.chunks_exact(self.cols).skip(self.top).take(self.height);
        rows.flat_map(|row| row.iter().skip(self.left).take(self.width).copied()).collect()
    }
}
