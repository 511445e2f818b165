//! The picture inside a network's input: longest side fits, centred, the rest is padding.

use crate::domain::saliency::MapFromSource;
use crate::inference::error::InferenceError;
use crate::inference::model_card::InputSpec;

/// Where the resized picture lies on the network's grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letterbox {
    pub source_rows: usize,
    pub source_cols: usize,
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
        let (n_rows, n_cols) = (f64::from(source_rows), f64::from(source_cols));
        let scale = (rows as f64 / n_rows).min(cols as f64 / n_cols);
        let height = ((n_rows * scale + 0.5).floor() as usize).clamp(1, rows);
        let width = ((n_cols * scale + 0.5).floor() as usize).clamp(1, cols);
        Ok(Self {
            source_rows: source_rows as usize,
            source_cols: source_cols as usize,
            rows,
            cols,
            top: (rows - height) / 2,
            left: (cols - width) / 2,
            height,
            width,
        })
    }

    /// Pixel centres of the source on the network's grid.
    pub fn map_from_source(&self) -> MapFromSource {
        let scale_x = self.width as f64 / self.source_cols as f64;
        let scale_y = self.height as f64 / self.source_rows as f64;
        MapFromSource {
            scale_x,
            offset_x: 0.5 * scale_x - 0.5 + self.left as f64,
            scale_y,
            offset_y: 0.5 * scale_y - 0.5 + self.top as f64,
        }
    }

    /// The same for a grid that is the picture alone, without padding.
    pub fn crop_from_source(&self) -> MapFromSource {
        Self { top: 0, left: 0, rows: self.height, cols: self.width, ..*self }.map_from_source()
    }

    /// One channel's picture without its padding, row-major.
    pub fn crop(&self, grid: &[f32]) -> Vec<f32> {
        let rows = grid.chunks_exact(self.cols).skip(self.top).take(self.height);
        rows.flat_map(|row| row.iter().skip(self.left).take(self.width).copied()).collect()
    }
}
