//! Lasso and polygon: what a closed outline on a picture encloses, and where that lies in the stack.

use crate::domain::shape::Point;
use crate::segmentation::grid::{Span, VoxelGrid};
use crate::segmentation::voxel_mask::VoxelMask;

/// A picture cut through the stack's grid: where its pixels lie, in columns, rows and slices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PicturePose {
    /// Of the center of the first pixel.
    pub origin: [f64; 3],
    pub col_step: [f64; 3],
    pub row_step: [f64; 3],
    /// The picture's own size.
    pub cols: u32,
    pub rows: u32,
}

impl PicturePose {
    /// A slice of the stack itself.
    pub fn of_slice(grid: &VoxelGrid, slice: u32) -> Self {
        Self {
            origin: [0.0, 0.0, f64::from(slice)],
            col_step: [1.0, 0.0, 0.0],
            row_step: [0.0, 1.0, 0.0],
            cols: grid.cols,
            rows: grid.rows,
        }
    }

    /// The slice this picture is, where it is one of the stack.
    pub fn slice(&self) -> Option<u32> {
        let [x, y, z] = self.origin;
        let is_slice = self.col_step == [1.0, 0.0, 0.0] && self.row_step == [0.0, 1.0, 0.0];
        (is_slice && x == 0.0 && y == 0.0 && z >= 0.0 && z.fract() == 0.0).then_some(z as u32)
    }

    /// Column, row and slice of a picture's point; pixel-center coordinates.
    pub fn voxel(&self, [col, row]: Point) -> [f64; 3] {
        std::array::from_fn(|axis| self.origin[axis] + self.col_step[axis] * col + self.row_step[axis] * row)
    }

    /// Unit normal in millimeters along the grid's axes.
    pub fn normal(&self, grid: &VoxelGrid) -> [f64; 3] {
        let mm = |step: [f64; 3]| -> [f64; 3] { std::array::from_fn(|axis| step[axis] * grid.spacing_mm[axis]) };
        let (a, b) = (mm(self.col_step), mm(self.row_step));
        let n = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
        let length = (n[0] * n[0] + n[1] * n[1] + n[2] * n[2]).sqrt().max(f64::MIN_POSITIVE);
        n.map(|part| part / length)
    }

    /// A pixel's size along the picture's columns and rows, mm.
    pub fn pixel_mm(&self, grid: &VoxelGrid) -> [f64; 2] {
        let length = |step: [f64; 3]| {
            let squares = step.iter().zip(grid.spacing_mm).map(|(step, mm)| (step * mm).powi(2));
            squares.sum::<f64>().sqrt()
        };
        [length(self.col_step), length(self.row_step)]
    }

    /// Column and row of the picture under a voxel, straight onto it.
    pub fn picture_point(&self, grid: &VoxelGrid, voxel: [f64; 3]) -> Point {
        let ([across, down, _], origin) = self.picture_axes(grid);
        let way: [f64; 3] = std::array::from_fn(|axis| voxel[axis] - origin[axis]);
        [across, down].map(|axis| axis[0] * way[0] + axis[1] * way[1] + axis[2] * way[2])
    }

    /// The inverse: column and row of the picture, and how many normals of 1 mm away.
    fn picture_axes(&self, grid: &VoxelGrid) -> ([[f64; 3]; 3], [f64; 3]) {
        let n_mm = self.normal(grid);
        let n: [f64; 3] = std::array::from_fn(|axis| n_mm[axis] / grid.spacing_mm[axis]);
        let (a, b) = (self.col_step, self.row_step);
        let cross = |u: [f64; 3], v: [f64; 3]| {
            [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]]
        };
        let (bn, na, ab) = (cross(b, n), cross(n, a), cross(a, b));
        let det = a[0] * bn[0] + a[1] * bn[1] + a[2] * bn[2];
        ([bn, na, ab].map(|row| row.map(|part| part / det)), self.origin)
    }
}

/// The pixels whose centers a closed outline holds, by the even-odd rule; points in pixel-center coordinates.
pub fn enclosed(outline: &[Point], cols: u32, rows: u32) -> Vec<Span> {
    let mut spans = Vec::new();
    let is_sound = outline.len() >= 3 && outline.iter().flatten().all(|at| at.is_finite());
    if !is_sound {
        return spans;
    }
    let low = outline.iter().map(|point| point[1]).fold(f64::MAX, f64::min);
    let high = outline.iter().map(|point| point[1]).fold(f64::MIN, f64::max);
    if high < 0.0 || low > f64::from(rows) {
        return spans;
    }
    let first = low.ceil().max(0.0) as u32;
    let last = (high.floor() as i64).min(i64::from(rows) - 1);
    let mut crossings: Vec<f64> = Vec::new();
    for row in first..u32::try_from(last + 1).unwrap_or(0) {
        let y = f64::from(row);
        crossings.clear();
        for (at, a) in outline.iter().enumerate() {
            let b = &outline[(at + 1) % outline.len()];
            // Half-open, so that a corner on the row counts once
            if (a[1] <= y) != (b[1] <= y) {
                crossings.push(a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
            }
        }
        crossings.sort_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            let (from, to) = (pair[0].ceil().max(0.0), pair[1].floor().min(f64::from(cols) - 1.0));
            if from <= to {
                spans.push(Span { slice: 0, row, from: from as u32, to: to as u32 + 1 });
            }
        }
    }
    spans
}

/// The voxels of one layer of the stack that lie on these pixels of a picture.
pub fn on_picture(grid: &VoxelGrid, pose: &PicturePose, pixels: &[Span]) -> Vec<Span> {
    if let Some(slice) = pose.slice() {
        return pixels.iter().map(|span| Span { slice, ..*span }).collect();
    }
    let flat = VoxelGrid::flat(pose.cols, pose.rows, [1.0, 1.0]);
    let inside = VoxelMask::from_spans(flat, pixels);
    let Some(bounds) = inside.bounds() else { return Vec::new() };
    // The box of the picture's corners in the grid
    let corners = [bounds.low, bounds.high].map(|at| at.map(f64::from));
    let mut low = [f64::MAX; 3];
    let mut high = [f64::MIN; 3];
    for (x, y) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let corner = pose.voxel([corners[x][0], corners[y][1]]);
        for axis in 0..3 {
            low[axis] = low[axis].min(corner[axis] - 1.0);
            high[axis] = high[axis].max(corner[axis] + 1.0);
        }
    }
    let range =
        |axis: usize, n: u32| low[axis].floor().max(0.0) as u32..((high[axis].ceil() + 1.0).max(0.0) as u32).min(n);
    let ([across, down, away], origin) = pose.picture_axes(grid);
    let n = pose.normal(grid);
    let half = (0..3).map(|axis| n[axis].abs() * grid.spacing_mm[axis]).fold(0.0, f64::max) / 2.0;
    let slack = half * 1e-6;
    let mut spans = Vec::new();
    let cols = range(0, grid.cols);
    for slice in range(2, grid.slices) {
        for row in range(1, grid.rows) {
            let mut open: Option<u32> = None;
            for col in cols.clone() {
                let way = [f64::from(col) - origin[0], f64::from(row) - origin[1], f64::from(slice) - origin[2]];
                let along = |axis: [f64; 3]| axis[0] * way[0] + axis[1] * way[1] + axis[2] * way[2];
                let off = along(away);
                let is_inside = off >= -half - slack && off < half - slack && {
                    let (x, y) = ((along(across) + 0.5).floor(), (along(down) + 0.5).floor());
                    x >= 0.0 && y >= 0.0 && inside.contains([x as u32, y as u32, 0])
                };
                match (open, is_inside) {
                    (None, true) => open = Some(col),
                    (Some(from), false) => {
                        spans.push(Span { slice, row, from, to: col });
                        open = None;
                    }
                    _ => {}
                }
            }
            spans.extend(open.map(|from| Span { slice, row, from, to: cols.end }));
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_holds_the_pixels_whose_centers_it_encloses() {
        let outline = [[1.5, 1.5], [6.2, 1.5], [6.2, 4.0], [1.5, 4.0]];
        let mask = VoxelMask::from_spans(VoxelGrid::flat(10, 8, [1.0, 1.0]), &enclosed(&outline, 10, 8));
        for row in 0..8 {
            for col in 0..10 {
                let is_inside = (2..=6).contains(&col) && (2..=3).contains(&row);
                assert_eq!(mask.contains([col, row, 0]), is_inside, "{col} {row}");
            }
        }
        assert!(enclosed(&[[-50.0, -50.0], [-40.0, -50.0], [-45.0, -40.0]], 10, 8).is_empty());
        let all = enclosed(&[[-9.0, -9.0], [99.0, -9.0], [99.0, 99.0], [-9.0, 99.0]], 10, 8);
        assert_eq!(all.iter().map(|span| span.to - span.from).sum::<u32>(), 80);
    }

    #[test]
    fn a_shape_on_a_coronal_picture_lies_in_one_layer_of_the_stack() {
        let grid = VoxelGrid { cols: 40, rows: 30, slices: 20, spacing_mm: [1.0, 1.0, 2.0] };
        // Pixels of 1 mm: two rows of the picture are one slice, head up
        let pose = PicturePose {
            origin: [0.0, 12.0, 19.25],
            col_step: [1.0, 0.0, 0.0],
            row_step: [0.0, 0.0, -0.5],
            cols: 40,
            rows: 40,
        };
        let square: Vec<Span> = (10..20).map(|row| Span { slice: 0, row, from: 5, to: 15 }).collect();
        let found = VoxelMask::from_spans(grid, &on_picture(&grid, &pose, &square));
        let bounds = found.bounds().unwrap();
        assert_eq!((bounds.low[1], bounds.high[1]), (12, 13));
        assert_eq!((bounds.low[0], bounds.high[0]), (5, 15));
        assert_eq!(bounds.high[2] - bounds.low[2], 5);
        assert_eq!(pose.normal(&grid).map(f64::abs), [0.0, 1.0, 0.0]);
    }
}
