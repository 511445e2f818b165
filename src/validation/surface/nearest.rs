//! The distance from every corner of one surface to the nearest of the other: exact, slice by slice.
//!
//! Within a slice the nearest corner is found by the lower envelope of parabolas over rows (Felzenszwalb and Huttenlocher,
//! Theory Comput 2012;8:415), only in the columns that are asked for; between slices by looking outward until nothing
//! nearer can come. Steps are kept as whole numbers, so that the square root is taken of an exact place.

use rayon::iter::{IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};

use crate::validation::surface::borders::{Borders, Corner, Window};

/// No corner in this row.
const FAR: u16 = u16::MAX;

/// Rows and columns to the nearest corner of a slice.
#[derive(Clone, Copy, Debug)]
struct Steps {
    rows: u16,
    cols: u16,
}

/// In the order of `own`; infinite when `other` has no corner.
pub fn distances(own: &Borders, other: &Borders, window: &Window) -> Vec<f64> {
    if other.is_empty() {
        return own.codes().map(|_| f64::INFINITY).collect();
    }
    let wanted = Wanted::of(own, window);
    let planes: Vec<Option<Vec<Steps>>> =
        other.slices.par_iter().map(|corners| (!corners.is_empty()).then(|| plane(corners, &wanted, window))).collect();
    let of_slice = |(slice, corners): (usize, &Vec<Corner>)| -> Vec<f64> {
        corners
            .iter()
            .map(|corner| wanted.place(corner).map_or(f64::INFINITY, |at| outward(slice, at, &planes, window)))
            .collect()
    };
    own.slices.par_iter().enumerate().map(of_slice).collect::<Vec<_>>().concat()
}

/// The places within a slice at which any corner asks.
struct Wanted {
    /// By row and column, the place in a plane.
    places: Vec<Option<u32>>,
    /// By column, rows in order with their place in a plane.
    columns: Vec<Vec<(u32, usize)>>,
    n_cols: usize,
    n_places: usize,
}

impl Wanted {
    fn of(own: &Borders, window: &Window) -> Self {
        let [_, n_rows, n_cols] = window.corners();
        let mut is_wanted = vec![false; n_rows * n_cols];
        for corner in own.slices.iter().flatten() {
            if let Some(place) = is_wanted.get_mut(corner.row as usize * n_cols + corner.col as usize) {
                *place = true;
            }
        }
        let mut columns = vec![Vec::new(); n_cols];
        let mut n_places = 0_u32;
        let mut places = Vec::with_capacity(is_wanted.len());
        for (row, of_row) in (0_u32..).zip(is_wanted.chunks_exact(n_cols)) {
            for (is_wanted, column) in of_row.iter().zip(&mut columns) {
                places.push(is_wanted.then_some(n_places));
                if *is_wanted {
                    column.push((row, n_places as usize));
                    n_places += 1;
                }
            }
        }
        Self { places, columns, n_cols, n_places: n_places as usize }
    }

    fn place(&self, corner: &Corner) -> Option<usize> {
        let place = self.places.get(corner.row as usize * self.n_cols + corner.col as usize)?;
        place.map(|place| place as usize)
    }
}

/// A parabola of the envelope: its row, its steps along the columns, where it begins to be the lowest, mm.
struct Parabola {
    row: u16,
    cols: u16,
    height: f64,
    from_mm: f64,
}

/// The steps to the nearest corner of one slice, at every wanted place.
fn plane(corners: &[Corner], wanted: &Wanted, window: &Window) -> Vec<Steps> {
    let [_, row_mm, col_mm] = window.spacing_mm();
    let n_cols = wanted.n_cols;
    let rows: Vec<&[Corner]> = corners.chunk_by(|a, b| a.row == b.row).collect();
    let numbers: Vec<u16> = rows.iter().map(|row| row.first().map_or(0, |corner| corner.row as u16)).collect();
    let mut steps = vec![FAR; rows.len() * n_cols];
    for (row, steps) in rows.iter().zip(steps.chunks_exact_mut(n_cols)) {
        steps_along(row, steps);
    }
    let mut plane = vec![Steps { rows: FAR, cols: FAR }; wanted.n_places];
    let mut envelope: Vec<Parabola> = Vec::with_capacity(rows.len());
    for (col, asked) in wanted.columns.iter().enumerate().filter(|(_, asked)| !asked.is_empty()) {
        envelope.clear();
        for (row, of_row) in numbers.iter().zip(steps.chunks_exact(n_cols)) {
            let cols = of_row.get(col).copied().unwrap_or(FAR);
            let height = (f64::from(cols) * col_mm).powi(2);
            push(&mut envelope, *row, cols, height, row_mm);
        }
        let mut at = 0;
        for (row, place) in asked {
            let here = f64::from(*row) * row_mm;
            while envelope.get(at + 1).is_some_and(|next| next.from_mm <= here) {
                at += 1;
            }
            if let (Some(lowest), Some(place)) = (envelope.get(at), plane.get_mut(*place)) {
                *place = Steps { rows: lowest.row.abs_diff(*row as u16), cols: lowest.cols };
            }
        }
    }
    plane
}

fn push(envelope: &mut Vec<Parabola>, row: u16, cols: u16, height: f64, row_mm: f64) {
    let at = f64::from(row) * row_mm;
    let mut from_mm = f64::NEG_INFINITY;
    while let Some(last) = envelope.last() {
        let before = f64::from(last.row) * row_mm;
        from_mm = ((height + at * at) - (last.height + before * before)) / (2.0 * (at - before));
        if from_mm > last.from_mm {
            break;
        }
        envelope.pop();
        from_mm = f64::NEG_INFINITY;
    }
    envelope.push(Parabola { row, cols, height, from_mm });
}

/// Steps to the nearest of a row's corners.
fn steps_along(row: &[Corner], steps: &mut [u16]) {
    for corner in row {
        if let Some(place) = steps.get_mut(corner.col as usize) {
            *place = 0;
        }
    }
    let spread = |steps: &mut dyn Iterator<Item = &mut u16>| {
        let mut before = FAR;
        for place in steps {
            *place = (*place).min(before.saturating_add(1));
            before = *place;
        }
    };
    spread(&mut steps.iter_mut());
    spread(&mut steps.iter_mut().rev());
}

/// Looks at this slice, then at its neighbors, for as long as they can hold something nearer.
fn outward(slice: usize, place: usize, planes: &[Option<Vec<Steps>>], window: &Window) -> f64 {
    let [slice_mm, row_mm, col_mm] = window.spacing_mm();
    let mut nearest = f64::INFINITY;
    for apart in 0..planes.len() {
        let along = (apart as f64 * slice_mm).powi(2);
        if along >= nearest {
            break;
        }
        let both = [slice.checked_sub(apart), Some(slice + apart)];
        let found = both.into_iter().flatten().filter_map(|slice| planes.get(slice)?.as_ref()?.get(place));
        for Steps { rows, cols } in found {
            let square = along + (f64::from(*rows) * row_mm).powi(2) + (f64::from(*cols) * col_mm).powi(2);
            nearest = nearest.min(square);
        }
    }
    nearest.sqrt()
}
