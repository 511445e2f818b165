//! Tiles over a plane, their Gaussian weights, and how overlapping answers are mixed.
//!
//! As in MONAI's `sliding_window_inference` with `mode="gaussian"` (<https://docs.monai.io/en/stable/inferers.html>):
//! positions step by the tile less its overlap, the last one ends with the plane; a plane smaller than a tile is padded
//! on both sides.

/// Weights below this part of the largest are raised to it, so that every pixel counts somewhere.
const LEAST_WEIGHT: f32 = 1e-3;

/// Where tiles lie on a plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Tiling {
    /// The plane.
    pub rows: usize,
    pub cols: usize,
    pub tile_rows: usize,
    pub tile_cols: usize,
    /// Rows and columns of padding before the plane's first ones; 0 where the plane is at least a tile.
    pub pad_top: usize,
    pub pad_left: usize,
    /// First rows and columns of tiles on the padded plane.
    tops: Vec<usize>,
    lefts: Vec<usize>,
}

/// One tile: its first row and column on the padded plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    pub top: usize,
    pub left: usize,
}

impl Tiling {
    /// `overlap` is a part of the tile's side, below 1.
    pub fn new((rows, cols): (usize, usize), (tile_rows, tile_cols): (usize, usize), overlap: f64) -> Self {
        let pad = |size: usize, tile: usize| tile.saturating_sub(size) / 2;
        Self {
            rows,
            cols,
            tile_rows,
            tile_cols,
            pad_top: pad(rows, tile_rows),
            pad_left: pad(cols, tile_cols),
            tops: starts(rows.max(tile_rows), tile_rows, overlap),
            lefts: starts(cols.max(tile_cols), tile_cols, overlap),
        }
    }

    pub fn tiles(&self) -> impl Iterator<Item = Tile> {
        self.tops.iter().flat_map(|top| self.lefts.iter().map(|left| Tile { top: *top, left: *left }))
    }

    /// Rows and columns of the plane under a tile, each from the first to one past the last.
    pub fn covered(&self, tile: Tile) -> ([usize; 2], [usize; 2]) {
        let part = |start: usize, pad: usize, tile: usize, size: usize| {
            [start.saturating_sub(pad).min(size), (start + tile).saturating_sub(pad).min(size)]
        };
        (
            part(tile.top, self.pad_top, self.tile_rows, self.rows),
            part(tile.left, self.pad_left, self.tile_cols, self.cols),
        )
    }

    /// A tile of the plane's values; padding is `fill`.
    pub fn cut(&self, plane: &[f32], tile: Tile, fill: f32) -> Vec<f32> {
        let mut values = vec![fill; self.tile_rows * self.tile_cols];
        let ([row_start, row_end], [col_start, col_end]) = self.covered(tile);
        let (down, across) = self.offset(tile);
        for row in row_start..row_end {
            let from = plane.get(row * self.cols + col_start..row * self.cols + col_end);
            let at = (row - row_start + down) * self.tile_cols + across;
            if let (Some(from), Some(to)) = (from, values.get_mut(at..at + (col_end - col_start))) {
                to.copy_from_slice(from);
            }
        }
        values
    }

    /// Where the covered part begins within the tile.
    fn offset(&self, tile: Tile) -> (usize, usize) {
        (self.pad_top.saturating_sub(tile.top), self.pad_left.saturating_sub(tile.left))
    }
}

/// First rows of tiles: evenly stepped, the last one moved back to the end.
fn starts(size: usize, tile: usize, overlap: f64) -> Vec<usize> {
    let step = ((tile as f64 * (1.0 - overlap)) as usize).max(1);
    let last = size.saturating_sub(tile);
    let mut starts: Vec<usize> = (0..=last).step_by(step).collect();
    if starts.last() != Some(&last) {
        starts.push(last);
    }
    starts
}

/// Gaussian weights of a tile, 1 at its middle; `sigma` is a part of the side.
pub fn gaussian(tile_rows: usize, tile_cols: usize, sigma: f64) -> Vec<f32> {
    let along = |size: usize| -> Vec<f64> {
        let (middle, width) = ((size as f64 - 1.0) / 2.0, sigma * size as f64);
        let raw: Vec<f64> = (0..size).map(|i| (-0.5 * ((i as f64 - middle) / width).powi(2)).exp()).collect();
        let largest = raw.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        raw.into_iter().map(|weight| weight / largest).collect()
    };
    let across = along(tile_cols);
    let of_row = |down: f64| across.iter().map(move |weight| ((down * weight) as f32).max(LEAST_WEIGHT));
    along(tile_rows).into_iter().flat_map(of_row).collect()
}

/// The weighted mean of what overlapping tiles say, for one plane.
#[derive(Clone, Debug)]
pub struct Blend {
    sums: Vec<f32>,
    weights: Vec<f32>,
}

impl Blend {
    pub fn new(tiling: &Tiling) -> Self {
        let n_pixels = tiling.rows * tiling.cols;
        Self { sums: vec![0.0; n_pixels], weights: vec![0.0; n_pixels] }
    }

    /// Adds a tile's values with the tile's weights.
    pub fn add(&mut self, tiling: &Tiling, tile: Tile, values: &[f32], weights: &[f32]) {
        let ([row_start, row_end], [col_start, col_end]) = tiling.covered(tile);
        let (down, across) = tiling.offset(tile);
        let n = col_end - col_start;
        for row in row_start..row_end {
            let (on_plane, in_tile) =
                (row * tiling.cols + col_start, (row - row_start + down) * tiling.tile_cols + across);
            let sums = self.sums.iter_mut().zip(&mut self.weights).skip(on_plane).take(n);
            let added = values.iter().zip(weights).skip(in_tile).take(n);
            for ((sum, total), (value, weight)) in sums.zip(added) {
                *sum += value * weight;
                *total += weight;
            }
        }
    }

    /// The mean; 0 where no tile was.
    pub fn mean(self) -> Vec<f32> {
        let mean = |(sum, weight): (f32, f32)| if weight > 0.0 { sum / weight } else { 0.0 };
        self.sums.into_iter().zip(self.weights).map(mean).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_step_by_what_does_not_overlap_and_the_last_ends_with_the_plane() {
        // MONAI: dense_patch_slices((50, 64), (32, 32), (16, 16))
        let tiling = Tiling::new((50, 64), (32, 32), 0.5);
        let tiles: Vec<(usize, usize)> = tiling.tiles().map(|tile| (tile.top, tile.left)).collect();
        let expected = [0, 16, 18].iter().flat_map(|top| [0, 16, 32].map(|left| (*top, left)));
        assert_eq!(tiles, expected.collect::<Vec<_>>());
        assert_eq!(Tiling::new((32, 32), (32, 32), 0.9).tiles().count(), 1);
    }

    #[test]
    fn the_mean_of_tiles_that_agree_is_what_they_say_even_where_a_plane_is_small() {
        for size in [(50, 64), (20, 70), (7, 9), (33, 32)] {
            let plane: Vec<f32> = (0..size.0 * size.1).map(|i| (i * 37 % 101) as f32).collect();
            let tiling = Tiling::new(size, (32, 32), 0.5);
            let weights = gaussian(32, 32, 0.125);
            let mut blend = Blend::new(&tiling);
            for tile in tiling.tiles() {
                blend.add(&tiling, tile, &tiling.cut(&plane, tile, -1.0), &weights);
            }
            let mean = blend.mean();
            assert!(mean.iter().zip(&plane).all(|(a, b)| (a - b).abs() < 1e-3), "{size:?}");
        }
    }

    #[test]
    fn weights_are_a_gaussian_about_the_middle_that_never_vanishes() {
        let weights = gaussian(8, 16, 0.125);
        let at = |row: usize, col: usize| f64::from(weights[row * 16 + col]);
        assert!((at(3, 7) - 1.0).abs() < 1e-6 && (at(3, 7) - at(4, 8)).abs() < 1e-6);
        // exp(-0.5 · (3.5² − 0.5²) / 1²) down, relative to the middle; the same for the other side
        assert!((at(0, 7) - (-6.0_f64).exp()).abs() < 1e-6, "{}", at(0, 7));
        assert!((at(0, 0) - 1e-3).abs() < 1e-9);
    }
}
