//! The corners between voxels at which a mask's surface lies, row by row.

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::validation::overlap::MaskGrid;

/// The part of the grid that holds both masks, one corner larger than it has voxels along each axis that is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    grid: MaskGrid,
    /// First voxel.
    from: [usize; 3],
    /// Voxels.
    size: [usize; 3],
}

impl Window {
    /// `None` when both masks are empty.
    pub fn around(grid: &MaskGrid, first: &[u8], second: &[u8]) -> Option<Self> {
        let [slices, rows, cols] = grid.dims;
        let n_in_slice = rows * cols;
        let slice_of = |mask: &[u8], slice: usize| {
            let all = mask.get(slice * n_in_slice..(slice + 1) * n_in_slice).unwrap_or_default();
            bounds_in_slice(all, cols)
        };
        let found: Vec<(usize, [usize; 4])> = (0..slices)
            .into_par_iter()
            .filter_map(|slice| Some((slice, joined(slice_of(first, slice), slice_of(second, slice))?)))
            .collect();
        let (from_slice, to_slice) = (found.first()?.0, found.last()?.0);
        let [r0, r1, c0, c1] = found.iter().map(|(_, bounds)| Some(*bounds)).fold(None, joined)?;
        Some(Self {
            grid: *grid,
            from: [from_slice, r0, c0],
            size: [to_slice - from_slice + 1, r1 - r0 + 1, c1 - c0 + 1],
        })
    }

    pub fn spacing_mm(&self) -> [f64; 3] {
        self.grid.spacing_mm
    }

    /// Corners along each axis; a flat mask has one layer of them.
    pub fn corners(&self) -> [usize; 3] {
        let [slices, rows, cols] = self.size;
        [if self.grid.is_flat { 1 } else { slices + 1 }, rows + 1, cols + 1]
    }

    /// A row of voxels of the window; nothing beyond its edge.
    fn row<'a>(&self, mask: &'a [u8], slice: Option<usize>, row: Option<usize>) -> &'a [u8] {
        let [n_slices, n_rows, n_cols] = self.size;
        let (Some(slice), Some(row)) = (slice.filter(|slice| *slice < n_slices), row.filter(|row| *row < n_rows))
        else {
            return &[];
        };
        let [from_slice, from_row, from_col] = self.from;
        let [_, rows, cols] = self.grid.dims;
        let start = ((slice + from_slice) * rows + row + from_row) * cols + from_col;
        mask.get(start..start + n_cols).unwrap_or_default()
    }
}

/// First and last row, first and last column.
fn bounds_in_slice(slice: &[u8], cols: usize) -> Option<[usize; 4]> {
    let mut bounds: Option<[usize; 4]> = None;
    for (row, values) in slice.chunks_exact(cols.max(1)).enumerate() {
        // Eight at a time: most rows are empty.
        let is_inside = |value: &u8| *value != 0;
        if values.iter().fold(0, |any, value| any | value) == 0 {
            continue;
        }
        let (Some(first), Some(last)) = (values.iter().position(is_inside), values.iter().rposition(is_inside)) else {
            continue;
        };
        bounds = joined(bounds, Some([row, row, first, last]));
    }
    bounds
}

fn joined(a: Option<[usize; 4]>, b: Option<[usize; 4]>) -> Option<[usize; 4]> {
    match (a, b) {
        (Some([r0, r1, c0, c1]), Some([s0, s1, d0, d1])) => Some([r0.min(s0), r1.max(s1), c0.min(d0), c1.max(d1)]),
        (one, None) => one,
        (None, other) => other,
    }
}

/// A corner on the surface, within its slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corner {
    pub row: u32,
    pub col: u32,
    pub code: u8,
}

/// The surface's corners, by slice, in the order of rows and columns.
#[derive(Clone, Debug)]
pub struct Borders {
    pub slices: Vec<Vec<Corner>>,
}

impl Borders {
    pub fn of(window: &Window, mask: &[u8]) -> Self {
        let [n_slices, _, _] = window.corners();
        Self { slices: (0..n_slices).into_par_iter().map(|slice| slice_corners(window, mask, slice)).collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.slices.iter().all(Vec::is_empty)
    }

    pub fn codes(&self) -> impl Iterator<Item = u8> {
        self.slices.iter().flatten().map(|corner| corner.code)
    }
}

fn slice_corners(window: &Window, mask: &[u8], slice: usize) -> Vec<Corner> {
    let [_, n_rows, n_cols] = window.corners();
    let (before, full) = if window.grid.is_flat { (None, 0x0f) } else { (slice.checked_sub(1), 0xff) };
    let mut found = Vec::new();
    let mut columns = vec![0_u8; n_cols];
    for (row, number) in (0..n_rows).zip(0_u32..) {
        let rows = [
            (before, row.checked_sub(1)),
            (before, Some(row)),
            (Some(slice), row.checked_sub(1)),
            (Some(slice), Some(row)),
        ];
        columns.fill(0);
        for ((slice, row), weight) in rows.into_iter().zip([64_u8, 16, 4, 1]) {
            let values = window.row(mask, slice, row);
            columns.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * u8::from(*value != 0));
        }
        let mut left = 0_u8;
        for (column, col) in columns.iter().zip(0_u32..) {
            let code = 2 * left + column;
            left = *column;
            if code != 0 && code != full {
                found.push(Corner { row: number, col, code });
            }
        }
    }
    found
}
