//! A binary mask on a frame's grid, kept as runs.

use std::fmt;

use thiserror::Error;

use crate::domain::coding::CodedConcept;
use crate::domain::geometry::PixelBox;

/// Pixels `start..start + len` of the row-major grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub start: u32,
    pub len: u32,
}

/// Runs in ascending order, disjoint, non-touching, within rows × cols.
#[derive(Clone, PartialEq, Eq)]
pub struct Mask {
    rows: u32,
    cols: u32,
    runs: Vec<Run>,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum MaskError {
    #[error("a mask of {rows} rows × {cols} columns was given {n_pixels} pixels")]
    Size { rows: u32, cols: u32, n_pixels: usize },
    #[error("the mask's runs overlap or leave its grid")]
    Runs,
}

impl Mask {
    /// From one value per pixel, row-major; anything but 0 is inside.
    pub fn from_dense(rows: u32, cols: u32, inside: &[u8]) -> Result<Self, MaskError> {
        let size_error = MaskError::Size { rows, cols, n_pixels: inside.len() };
        let n_pixels = rows.checked_mul(cols).ok_or(size_error)?;
        if n_pixels as usize != inside.len() {
            return Err(MaskError::Size { rows, cols, n_pixels: inside.len() });
        }
        let mut runs = Vec::new();
        let mut open: Option<u32> = None;
        for (index, value) in (0..n_pixels).zip(inside) {
            match (open, *value != 0) {
                (None, true) => open = Some(index),
                (Some(start), false) => {
                    runs.push(Run { start, len: index - start });
                    open = None;
                }
                _ => {}
            }
        }
        if let Some(start) = open {
            runs.push(Run { start, len: n_pixels - start });
        }
        Ok(Self { rows, cols, runs })
    }

    /// From runs that were stored; refuses what could not have come from [`Mask::runs`].
    pub fn from_runs(rows: u32, cols: u32, runs: Vec<Run>) -> Result<Self, MaskError> {
        let n_pixels = u64::from(rows) * u64::from(cols);
        let mut end_before = None;
        for run in &runs {
            let end = u64::from(run.start) + u64::from(run.len);
            let is_apart = end_before.is_none_or(|before| u64::from(run.start) > before);
            if run.len == 0 || end > n_pixels || !is_apart {
                return Err(MaskError::Runs);
            }
            end_before = Some(end);
        }
        Ok(Self { rows, cols, runs })
    }

    pub fn rows(&self) -> u32 {
        self.rows
    }

    pub fn cols(&self) -> u32 {
        self.cols
    }

    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    pub fn n_pixels(&self) -> u64 {
        self.runs.iter().map(|run| u64::from(run.len)).sum()
    }

    /// One byte per pixel, row-major: 1 inside, 0 outside.
    pub fn to_dense(&self) -> Vec<u8> {
        let mut dense = vec![0; self.rows as usize * self.cols as usize];
        for run in &self.runs {
            let start = run.start as usize;
            if let Some(slice) = dense.get_mut(start..start + run.len as usize) {
                slice.fill(1);
            }
        }
        dense
    }

    pub fn contains(&self, row: u32, col: u32) -> bool {
        if row >= self.rows || col >= self.cols {
            return false;
        }
        let index = row * self.cols + col;
        let following = self.runs.partition_point(|run| run.start <= index);
        following.checked_sub(1).and_then(|i| self.runs.get(i)).is_some_and(|run| index - run.start < run.len)
    }

    /// Tight box around the mask in pixel-edge coordinates; `None` when empty.
    pub fn bounds(&self) -> Option<PixelBox> {
        let (mut col_min, mut col_max) = (u32::MAX, 0);
        let (mut row_min, mut row_max) = (u32::MAX, 0);
        for run in &self.runs {
            let last = run.start + run.len - 1;
            let (first_row, last_row) = (run.start / self.cols, last / self.cols);
            row_min = row_min.min(first_row);
            row_max = row_max.max(last_row);
            if first_row == last_row {
                col_min = col_min.min(run.start % self.cols);
                col_max = col_max.max(last % self.cols);
            } else {
                (col_min, col_max) = (0, self.cols - 1);
            }
        }
        (!self.runs.is_empty()).then(|| PixelBox {
            x0: f64::from(col_min),
            y0: f64::from(row_min),
            x1: f64::from(col_max) + 1.0,
            y1: f64::from(row_max) + 1.0,
        })
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({} × {}, {} runs)", self.rows, self.cols, self.runs.len())
    }
}

/// A named, coded, coloured mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Stable id from the model card, such as `right_lung`.
    pub id: String,
    pub name: String,
    pub code: CodedConcept,
    /// Display color, sRGB.
    pub color: [u8; 3],
    pub mask: Mask,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_survives_the_way_to_runs_and_back() {
        let dense = [0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1];
        let mask = Mask::from_dense(3, 4, &dense).unwrap();
        assert_eq!(mask.to_dense(), dense);
        assert_eq!(mask.n_pixels(), 6);
        assert!(mask.contains(1, 2) && !mask.contains(2, 2) && !mask.contains(3, 0));
        let bounds = mask.bounds().unwrap();
        assert_eq!((bounds.x0, bounds.y0, bounds.x1, bounds.y1), (0.0, 0.0, 4.0, 3.0));
        assert_eq!(Mask::from_runs(3, 4, mask.runs().to_vec()), Ok(mask));
    }

    #[test]
    fn runs_that_overlap_or_leave_the_grid_are_refused() {
        let run = |start, len| Run { start, len };
        assert!(Mask::from_runs(2, 2, vec![run(0, 5)]).is_err());
        assert!(Mask::from_runs(2, 2, vec![run(0, 2), run(1, 1)]).is_err());
        assert!(Mask::from_runs(2, 2, vec![run(0, 0)]).is_err());
    }
}
