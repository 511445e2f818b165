//! Matrix products on picture-like inputs: every pixel's row of inputs times weights packed in panels of 16 outputs.
//!
//! A tile keeps some pixels × one or two panels of sums in registers. A convolution is the same product with several
//! taps, each a contiguous run of inputs at a fixed distance from the pixel; nothing is gathered into columns.
#![expect(
    unsafe_code,
    reason = "the innermost loop reads without bounds checks; the tile's corners are checked before"
)]

use crate::inference::cpu::isa::{Isa, LANES, Lanes, Work};

/// Weights as the kernel reads them: panels of 16 outputs, each `[depth][16]`, zeros behind the last output.
#[derive(Clone, Debug)]
pub struct Packed {
    n_out: usize,
    depth: usize,
    panels: Vec<f32>,
    bias: Vec<f32>,
}

impl Packed {
    /// `weight(output, depth)` for all `depth` inputs of all taps; no bias means zeros.
    pub fn new(n_out: usize, depth: usize, bias: &[f32], weight: impl Fn(usize, usize) -> f32) -> Self {
        let n_panels = n_out.div_ceil(LANES);
        let mut panels = Vec::with_capacity(n_panels * depth * LANES);
        for panel in 0..n_panels {
            for k in 0..depth {
                for lane in 0..LANES {
                    let output = panel * LANES + lane;
                    panels.push(if output < n_out { weight(output, k) } else { 0.0 });
                }
            }
        }
        let mut padded = bias.to_vec();
        padded.resize(n_panels * LANES, 0.0);
        Self { n_out, depth, panels, bias: padded }
    }

    /// The same, with the zeros behind the last output counted as outputs.
    pub fn whole(self) -> Self {
        Self { n_out: self.bias.len(), ..self }
    }

    pub fn n_out(&self) -> usize {
        self.n_out
    }
}

/// Where pixels lie in a slice: distances between rows and between pixels, in numbers.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    pub row: usize,
    pub pixel: usize,
}

/// What is read: each pixel's inputs are the runs of `run` numbers at `taps` from its place.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub values: &'a [f32],
    pub steps: Steps,
    pub taps: &'a [usize],
    pub run: usize,
}

/// One product: `n_rows` × `n_cols` pixels, all outputs.
#[derive(Debug)]
pub struct Gemm<'a> {
    pub source: Source<'a>,
    pub weights: &'a Packed,
    pub n_rows: usize,
    pub n_cols: usize,
    /// Added before the ReLU.
    pub residual: Option<(&'a [f32], Steps)>,
    pub relu: bool,
    pub out: &'a mut [f32],
    pub out_steps: Steps,
}

impl Gemm<'_> {
    pub fn run(self, isa: Isa) {
        debug_assert_eq!(self.weights.depth, self.source.taps.len() * self.source.run);
        isa.run(self);
    }
}

impl Work for Gemm<'_> {
    #[inline(always)]
    fn with<L: Lanes>(self) {
        let Gemm { source, weights, n_rows, n_cols, residual, relu, out, out_steps } = self;
        let n_panels = weights.bias.len() / LANES;
        let n_groups = n_cols.div_ceil(L::TILE_PIXELS).max(1);
        let mut panel = 0;
        while panel < n_panels {
            let n_tile_panels = L::TILE_PANELS.min(n_panels - panel);
            let n_outputs = (n_tile_panels * LANES).min(weights.n_out - panel * LANES);
            for row in 0..n_rows {
                for group in 0..n_groups {
                    let (first, end) = (n_cols * group / n_groups, n_cols * (group + 1) / n_groups);
                    let tile = Tile {
                        values: source.values.get(row * source.steps.row + first * source.steps.pixel..).unwrap_or(&[]),
                        step: source.steps.pixel,
                        taps: source.taps,
                        run: source.run,
                        panels: weights.panels.get(panel * weights.depth * LANES..).unwrap_or(&[]),
                        depth: weights.depth,
                        bias: weights.bias.get(panel * LANES..).unwrap_or(&[]),
                    };
                    let added = residual.map(|(values, steps)| {
                        let from = row * steps.row + first * steps.pixel + panel * LANES;
                        (values.get(from..).unwrap_or(&[]), steps.pixel)
                    });
                    let from = row * out_steps.row + first * out_steps.pixel + panel * LANES;
                    let place = Place { out: &mut out[from..], step: out_steps.pixel, n_outputs, added, relu };
                    tile_of::<L>(&tile, place, end - first, n_tile_panels);
                }
            }
            panel += n_tile_panels;
        }
    }
}

/// The part of a product whose sums stay in registers.
struct Tile<'a> {
    values: &'a [f32],
    step: usize,
    taps: &'a [usize],
    run: usize,
    panels: &'a [f32],
    depth: usize,
    bias: &'a [f32],
}

/// Where a tile's sums go.
struct Place<'a> {
    out: &'a mut [f32],
    step: usize,
    n_outputs: usize,
    added: Option<(&'a [f32], usize)>,
    relu: bool,
}

#[inline(always)]
fn tile_of<L: Lanes>(tile: &Tile<'_>, place: Place<'_>, n_pixels: usize, n_panels: usize) {
    macro_rules! of_size {
        ($($pixels:literal)*) => {
            match (n_pixels, n_panels) {
                $(($pixels, 1) => finish::<L, $pixels, 1>(tile, place),
                  ($pixels, 2) => finish::<L, $pixels, 2>(tile, place),)*
                _ => {}
            }
        };
    }
    of_size!(1 2 3 4 5 6 7 8 9 10 11 12);
}

/// Sums, then what is done with them.
#[inline(always)]
fn finish<L: Lanes, const P: usize, const V: usize>(tile: &Tile<'_>, place: Place<'_>) {
    // A constant: sizes that this set never asks for leave no code.
    if P > L::TILE_PIXELS || V > L::TILE_PANELS {
        return;
    }
    let Place { out, step, n_outputs, added, relu } = place;
    let sums = sums::<L, P, V>(tile);
    for (p, of_pixel) in sums.iter().enumerate() {
        for (v, sum) in of_pixel.iter().enumerate() {
            let width = n_outputs.saturating_sub(v * LANES).min(LANES);
            let from = p * step + v * LANES;
            let mut sum = *sum;
            if let Some((values, step)) = added {
                let from = p * step + v * LANES;
                sum = sum.add(L::load_some(&values[from..from + width]));
            }
            if relu {
                sum = sum.relu();
            }
            sum.store_some(&mut out[from..from + width]);
        }
    }
}

#[inline(always)]
fn sums<L: Lanes, const P: usize, const V: usize>(tile: &Tile<'_>) -> [[L; V]; P] {
    let panel_len = tile.depth * LANES;
    assert!(tile.taps.len() * tile.run <= tile.depth && tile.panels.len() >= V * panel_len);
    let last_tap = tile.taps.iter().copied().max().unwrap_or(0);
    assert!(tile.values.len() >= (P - 1) * tile.step + last_tap + tile.run);
    let mut sums = [[L::splat(0.0); V]; P];
    for (v, bias) in tile.bias.chunks_exact(LANES).take(V).enumerate() {
        let bias = L::load_some(bias);
        for of_pixel in &mut sums {
            of_pixel[v] = bias;
        }
    }
    let mut weights = tile.panels.as_ptr();
    for tap in tile.taps {
        // SAFETY: `tap ≤ last_tap`, so the farthest read, of the last pixel's run, ends within `values` as asserted.
        let values = unsafe { tile.values.as_ptr().add(*tap) };
        for k in 0..tile.run {
            let mut row = [L::splat(0.0); V];
            for (v, row) in row.iter_mut().enumerate() {
                // SAFETY: `weights` has been moved at most `depth − 1` rows of 16 within the first of V panels.
                *row = L::load(unsafe { &*weights.add(v * panel_len).cast::<[f32; LANES]>() });
            }
            for (p, of_pixel) in sums.iter_mut().enumerate() {
                // SAFETY: as above: `p < P` and `k < run`.
                let value = L::splat(unsafe { *values.add(p * tile.step + k) });
                for (sum, row) in of_pixel.iter_mut().zip(row) {
                    *sum = value.mul_add(row, *sum);
                }
            }
            // SAFETY: at most `depth` rows in all, which the panel has.
            weights = unsafe { weights.add(LANES) };
        }
    }
    sums
}
