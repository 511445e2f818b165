//! The lung field of a chest CT: where in a volume of Hounsfield units lungs are, vessels, nodules and the hilum's rim
//! included.
//!
//! Air within the body is told from air around it by what touches the border of a slice; of its pieces the large ones
//! are lungs. What a closing of some millimeters bridges, nodules at the pleura above all, counts as lung. Works on a
//! grid of about 2 mm: a place to look, not an outline to measure.

use crate::domain::mask::{Mask, Run};
use crate::imaging::voxels::Volume;
use crate::segmentation::components::components;
use crate::segmentation::volume_components;

/// Below this a voxel is air or lung rather than tissue, HU.
const AIR_HU: f64 = -400.0;
/// Cells of the coarse grid are at least this wide, mm.
const CELL_MM: f64 = 2.0;
/// Smaller pieces of air are bowel, stomach or airways alone, mL.
const MIN_LUNG_ML: f64 = 150.0;
/// A piece that has this part of the largest one's size is a lung too.
const MIN_SHARE: f64 = 0.1;
/// Larger holes of one slice are not filled, mm².
const MAX_HOLE_MM2: f64 = 2500.0;
/// Gaps up to twice this width are bridged, mm.
const CLOSING_MM: f64 = 8.0;

/// Which cells of a coarse grid over the slices lie in a lung.
#[derive(Clone, Debug, PartialEq)]
pub struct LungField {
    /// Source pixels per cell, along columns and rows.
    stride: [u32; 2],
    /// One per slice, on the coarse grid.
    masks: Vec<Mask>,
    /// mL, of air and lung before the closing.
    volume_ml: f64,
}

impl LungField {
    /// `None` when nothing in the volume looks like a lung. `margin_mm` is added around.
    pub fn of(volume: &Volume, margin_mm: f64) -> Option<Self> {
        let [cols, rows, n_slices] = volume.space().dims();
        let [col_mm, row_mm, slice_mm] = volume.space().spacing_mm();
        let stride = [col_mm, row_mm].map(|mm| ((CELL_MM / mm).round() as u32).max(1));
        let (n_cols, n_rows) = (cols.div_ceil(stride[0]), rows.div_ceil(stride[1]));
        let cell_mm = [col_mm * f64::from(stride[0]), row_mm * f64::from(stride[1])];
        let inner: Vec<Mask> = (0..n_slices as usize)
            .map(|slice| inner_air(volume, slice, stride, (n_rows, n_cols)))
            .collect::<Option<_>>()?;
        let cell_ml = cell_mm[0] * cell_mm[1] * slice_mm.abs() / 1000.0;
        let mut lungs = volume_components::components(&inner);
        lungs.sort_by_key(|piece| std::cmp::Reverse(piece.n_voxels()));
        let largest = lungs.first()?.n_voxels() as f64;
        let is_lung = |n: f64| n * cell_ml >= MIN_LUNG_ML && n >= MIN_SHARE * largest;
        lungs.retain(|piece| is_lung(piece.n_voxels() as f64));
        let n_cells: u64 = lungs.iter().map(volume_components::VolumeComponent::n_voxels).sum();
        if n_cells == 0 {
            return None;
        }
        let mut dense = vec![vec![0_u8; (n_rows * n_cols) as usize]; n_slices as usize];
        for (slice, mask) in lungs.iter().flat_map(|piece| &piece.slices) {
            if let Some(cells) = dense.get_mut(*slice) {
                cells.iter_mut().zip(mask.to_dense()).for_each(|(cell, one)| *cell |= one);
            }
        }
        let grid = Grid { n_rows: n_rows as usize, n_cols: n_cols as usize, cell_mm };
        let closed = dense.into_iter().map(|cells| {
            let closed = filled(&grid, grid.eroded(&grid.dilated(&cells, CLOSING_MM), CLOSING_MM));
            Mask::from_dense(n_rows, n_cols, &grid.dilated(&closed, margin_mm)).ok()
        });
        let masks = closed.collect::<Option<Vec<Mask>>>()?;
        Some(Self { stride, masks, volume_ml: n_cells as f64 * cell_ml })
    }

    /// Whether a voxel of the volume lies in the field.
    pub fn contains(&self, col: u32, row: u32, slice: usize) -> bool {
        let [col_stride, row_stride] = self.stride;
        self.masks.get(slice).is_some_and(|mask| mask.contains(row / row_stride, col / col_stride))
    }

    /// Of the air and lung found, mL.
    pub fn volume_ml(&self) -> f64 {
        self.volume_ml
    }

    /// Of one slice, on a grid that has one cell for each `stride` columns and rows.
    pub fn mask(&self, slice: usize) -> Option<&Mask> {
        self.masks.get(slice)
    }

    /// Columns and rows of the volume per cell.
    pub fn stride(&self) -> [u32; 2] {
        self.stride
    }
}

/// Air that does not reach the slice's border through air; the mean of each cell decides.
fn inner_air(volume: &Volume, slice: usize, stride: [u32; 2], (n_rows, n_cols): (u32, u32)) -> Option<Mask> {
    let [cols, rows, _] = volume.space().dims();
    let [slope, intercept] = volume.rescale().of_slice(slice);
    let mut sums = vec![(0.0_f64, 0_u32); (n_rows * n_cols) as usize];
    for row in 0..rows {
        for col in 0..cols {
            let value = volume.slices().at(slice, (row * cols + col) as usize) * slope + intercept;
            let cell = row / stride[1] * n_cols + col / stride[0];
            if let Some(sum) = sums.get_mut(cell as usize).filter(|_| value.is_finite()) {
                *sum = (sum.0 + value, sum.1 + 1);
            }
        }
    }
    let is_air = |(sum, n): &(f64, u32)| u8::from(*n == 0 || sum / f64::from(*n) < AIR_HU);
    let mut air: Vec<u8> = sums.iter().map(is_air).collect();
    clear_from_border(&mut air, n_rows as usize, n_cols as usize);
    Mask::from_dense(n_rows, n_cols, &air).ok()
}

/// Takes away what is connected with the border through its four neighbors.
fn clear_from_border(air: &mut [u8], n_rows: usize, n_cols: usize) {
    let border = (0..n_rows * n_cols).filter(|i| {
        let (row, col) = (i / n_cols, i % n_cols);
        row == 0 || col == 0 || row + 1 == n_rows || col + 1 == n_cols
    });
    let mut open: Vec<usize> = border.collect();
    while let Some(i) = open.pop() {
        let Some(cell) = air.get_mut(i).filter(|cell| **cell != 0) else { continue };
        *cell = 0;
        let col = i % n_cols;
        open.extend([i.checked_sub(n_cols), i.checked_add(n_cols)].into_iter().flatten());
        open.extend((col > 0).then(|| i - 1));
        open.extend((col + 1 < n_cols).then(|| i + 1));
    }
}

/// Small holes become lung: vessels and what is larger than the closing bridges. The heart is no hole.
fn filled(grid: &Grid, mut cells: Vec<u8>) -> Vec<u8> {
    let (Ok(n_rows), Ok(n_cols)) = (u32::try_from(grid.n_rows), u32::try_from(grid.n_cols)) else { return cells };
    let mut holes: Vec<u8> = cells.iter().map(|cell| 1 - cell).collect();
    clear_from_border(&mut holes, grid.n_rows, grid.n_cols);
    let Ok(holes) = Mask::from_dense(n_rows, n_cols, &holes) else { return cells };
    let cell_mm2 = grid.cell_mm[0] * grid.cell_mm[1];
    for hole in components(&holes).iter().filter(|hole| hole.n_pixels() as f64 * cell_mm2 <= MAX_HOLE_MM2) {
        cells.iter_mut().zip(hole.to_dense()).for_each(|(cell, is_hole)| *cell |= is_hole);
    }
    cells
}

struct Grid {
    n_rows: usize,
    n_cols: usize,
    cell_mm: [f64; 2],
}

impl Grid {
    fn dilated(&self, cells: &[u8], radius_mm: f64) -> Vec<u8> {
        if radius_mm <= 0.0 {
            return cells.to_vec();
        }
        let limit = radius_mm * radius_mm;
        self.squared_distances(cells, radius_mm).iter().map(|distance| u8::from(*distance <= limit)).collect()
    }

    /// Beyond the border there is no end of the field: a lung that leaves the picture is not eaten away there.
    fn eroded(&self, cells: &[u8], radius_mm: f64) -> Vec<u8> {
        let outside: Vec<u8> = cells.iter().map(|cell| 1 - cell).collect();
        self.dilated(&outside, radius_mm).iter().map(|cell| 1 - cell).collect()
    }

    /// Of every cell to the nearest one inside, mm²; exact up to `reach_mm`.
    fn squared_distances(&self, cells: &[u8], reach_mm: f64) -> Vec<f64> {
        let Self { n_cols, cell_mm: [col_mm, row_mm], .. } = *self;
        let n_reached = (reach_mm / row_mm).ceil() as usize;
        // Along each row first.
        let mut along = vec![f64::INFINITY; cells.len()];
        for (row, line) in cells.chunks_exact(n_cols).enumerate() {
            let mut since = f64::INFINITY;
            for (col, cell) in line.iter().enumerate() {
                since = if *cell != 0 { 0.0 } else { since + col_mm };
                if let Some(distance) = along.get_mut(row * n_cols + col) {
                    *distance = since;
                }
            }
            since = f64::INFINITY;
            for (col, cell) in line.iter().enumerate().rev() {
                since = if *cell != 0 { 0.0 } else { since + col_mm };
                if let Some(distance) = along.get_mut(row * n_cols + col) {
                    *distance = distance.min(since);
                }
            }
        }
        let squared: Vec<f64> = along.iter().map(|distance| distance * distance).collect();
        let mut nearest = vec![f64::INFINITY; cells.len()];
        for (row, to) in nearest.chunks_exact_mut(n_cols).enumerate() {
            let first = row.saturating_sub(n_reached);
            for (other, from) in squared.chunks_exact(n_cols).enumerate().take(row + n_reached + 1).skip(first) {
                let away = (row.abs_diff(other) as f64 * row_mm).powi(2);
                to.iter_mut().zip(from).for_each(|(to, from)| *to = to.min(from + away));
            }
        }
        nearest
    }
}

/// Runs of the field on the volume's own grid, one slice.
pub fn on_source_grid(field: &LungField, slice: usize, rows: u32, cols: u32) -> Option<Mask> {
    let mut runs: Vec<Run> = Vec::new();
    for row in 0..rows {
        for col in 0..cols {
            if !field.contains(col, row, slice) {
                continue;
            }
            let at = row * cols + col;
            match runs.last_mut() {
                Some(run) if run.start + run.len == at => run.len += 1,
                _ => runs.push(Run { start: at, len: 1 }),
            }
        }
    }
    Mask::from_runs(rows, cols, runs).ok()
}
