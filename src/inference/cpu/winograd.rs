//! 3×3 convolutions of stride 1 by Winograd's F(4×4, 3×3) (Lavin and Gray 2016, <https://arxiv.org/abs/1509.09308>).
//!
//! Six by six inputs become four by four outputs with 36 products per pair of channels where 144 would be direct.
#![expect(unsafe_code, reason = "transforms of 36 loads and stores check their bounds once per block of tiles")]

use crate::inference::cpu::gemm::{Gemm, Packed, Source, Steps};
use crate::inference::cpu::isa::{Isa, LANES, Lanes, Register, Work};
use crate::inference::cpu::map::{Layout, Map, for_blocks, rows_per_block, with_scratch};
use crate::inference::graph::{Activation, Conv};

/// Points of the transform: 6 × 6.
const POINTS: usize = 36;
/// Outputs per tile and axis.
const TILE: usize = 4;
/// Row 1, column 1: a number at this point alone is added to all outputs.
const OF_CONSTANT: usize = 7;
/// Transformed numbers of one block, in and out: they stay in the second-level cache.
const BLOCK_NUMBERS: usize = 96 * 1024;
/// Even where weights are so large that they cost more than the block.
const MAX_TILES: usize = 192;
/// Fewer channels or tiles than these are quicker directly.
const MIN_CHANNELS: usize = 8;
const MIN_TILES: usize = 9;

/// The transform of the kernel, `G`.
const OF_KERNEL: [[f64; 3]; 6] = [
    [1.0 / 4.0, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];

#[derive(Clone, Debug)]
pub struct Winograd {
    /// One matrix per point; outputs are counted with the zeros that fill the last panel.
    points: Vec<Packed>,
    n_in: usize,
    /// A multiple of 16.
    n_out: usize,
    relu: bool,
}

impl Winograd {
    /// Whether a convolution whose output is `to` is this kind, and large enough to gain.
    pub fn suits(conv: &Conv, to: Layout) -> bool {
        let Conv { n_in, n_out, kernel, stride, padding, groups, ref before, after, .. } = *conv;
        let is_kind = (kernel, stride, padding, groups) == (3, 1, 1, 1) && before.is_none();
        let n_tiles = to.rows.div_ceil(TILE) * to.cols.div_ceil(TILE);
        let is_large = n_in >= MIN_CHANNELS && n_out >= MIN_CHANNELS && n_tiles >= MIN_TILES;
        is_kind && is_large && after != Activation::Silu
    }

    pub fn new(conv: &Conv) -> Self {
        let Conv { n_in, n_out, .. } = *conv;
        let mut transformed: Vec<Vec<f32>> = (0..POINTS).map(|_| Vec::with_capacity(n_in * n_out)).collect();
        for kernel in conv.weight.chunks_exact(9) {
            for (point, value) in transformed.iter_mut().zip(transformed_kernel(kernel)) {
                point.push(value);
            }
        }
        let packed = |(point, values): (usize, &Vec<f32>)| {
            let bias: &[f32] = if point == OF_CONSTANT { &conv.bias } else { &[] };
            Packed::new(n_out, n_in, bias, |out, k| values[out * n_in + k]).whole()
        };
        let points: Vec<Packed> = transformed.iter().enumerate().map(packed).collect();
        Self { points, n_in, n_out: n_out.next_multiple_of(LANES), relu: conv.after == Activation::Relu }
    }

    pub fn run(&self, isa: Isa, input: Map<'_>, residual: Option<Map<'_>>, out: &mut [f32], to: Layout) {
        let (n_tile_rows, n_tile_cols) = (to.rows.div_ceil(TILE), to.cols.div_ceil(TILE));
        let in_block = self.tiles_at_once();
        let rows_at_once = rows_per_block(n_tile_rows, in_block.div_ceil(n_tile_cols));
        for_blocks(out, TILE * to.cols * to.step, rows_at_once, |first_row, out| {
            let n_rows = out.len().div_ceil(TILE * to.cols * to.step);
            let n_tiles = n_rows * n_tile_cols;
            let n_blocks = n_tiles.div_ceil(in_block);
            for block in 0..n_blocks {
                let first = first_row * n_tile_cols + n_tiles * block / n_blocks;
                let end = first_row * n_tile_cols + n_tiles * (block + 1) / n_blocks;
                let tiles = Tiles { first, n: end - first, n_cols: n_tile_cols, first_out_row: first_row * TILE };
                self.run_block(isa, input, residual, tiles, out, to);
            }
        });
    }

    fn run_block(
        &self,
        isa: Isa,
        input: Map<'_>,
        residual: Option<Map<'_>>,
        tiles: Tiles,
        out: &mut [f32],
        to: Layout,
    ) {
        let n_out = self.n_out;
        // A line more, so that the points of one tile do not all fall into the same places of the cache.
        let (in_len, out_len) = (tiles.n * self.n_in + LANES, tiles.n * n_out + LANES);
        with_scratch(POINTS * (in_len + out_len) + self.n_in, |scratch| {
            let (zeros, scratch) = scratch.split_at_mut(self.n_in);
            zeros.fill(0.0);
            let (inputs, sums) = scratch.split_at_mut(POINTS * in_len);
            isa.run(ToPoints { input, tiles, zeros, inputs: &mut *inputs, point_len: in_len });
            let points = inputs.chunks_exact(in_len).zip(sums.chunks_exact_mut(out_len));
            for ((inputs, sums), weights) in points.zip(&self.points) {
                let gemm = Gemm {
                    source: Source {
                        values: inputs,
                        steps: Steps { row: 0, pixel: self.n_in },
                        taps: &[0],
                        run: self.n_in,
                    },
                    weights,
                    n_rows: 1,
                    n_cols: tiles.n,
                    residual: None,
                    relu: false,
                    out: sums,
                    out_steps: Steps { row: 0, pixel: n_out },
                };
                gemm.run(isa);
            }
            isa.run(FromPoints { sums, point_len: out_len, n_out, tiles, residual, relu: self.relu, out, to });
        });
    }

    /// As many as the cache holds; more where the weights are so large that to read them again for the next block costs
    /// more than a block that lies in the third-level cache.
    fn tiles_at_once(&self) -> usize {
        let Self { n_in, n_out, .. } = *self;
        let in_cache = BLOCK_NUMBERS / (POINTS * (n_in + n_out));
        let worth = n_in * n_out / (2 * (n_in + n_out));
        in_cache.max(worth).clamp(12, MAX_TILES)
    }
}

fn transformed_kernel(kernel: &[f32]) -> [f32; POINTS] {
    let mut result = [0.0; POINTS];
    for (i, of_row) in OF_KERNEL.iter().enumerate() {
        for (j, of_col) in OF_KERNEL.iter().enumerate() {
            let mut sum = 0.0;
            for (tap, weight) in kernel.iter().enumerate() {
                sum += of_row[tap / 3] * of_col[tap % 3] * f64::from(*weight);
            }
            result[i * 6 + j] = sum as f32;
        }
    }
    result
}

/// A run of tiles, counted row by row over the whole map.
#[derive(Clone, Copy)]
struct Tiles {
    first: usize,
    n: usize,
    n_cols: usize,
    /// Row of the map with which the block of output begins.
    first_out_row: usize,
}

impl Tiles {
    /// Upper left output of a tile: row and column.
    #[inline(always)]
    fn corner(&self, tile: usize) -> (usize, usize) {
        let tile = self.first + tile;
        (tile / self.n_cols * TILE, tile % self.n_cols * TILE)
    }
}

struct ToPoints<'a> {
    input: Map<'a>,
    tiles: Tiles,
    /// As many as the map has channels: what lies beyond its border.
    zeros: &'a [f32],
    inputs: &'a mut [f32],
    point_len: usize,
}

impl Work for ToPoints<'_> {
    #[inline(always)]
    fn with<L: Lanes>(self) {
        let ToPoints { input, tiles, zeros, inputs, point_len } = self;
        let Layout { rows, cols, channels, step, offset } = input.layout;
        assert!(input.buffer.len() >= (rows * cols - 1) * step + offset + channels && zeros.len() >= channels);
        assert!(point_len >= tiles.n * channels && inputs.len() >= POINTS * point_len);
        let width = <L::Register as Register>::WIDTH;
        for tile in 0..tiles.n {
            let (row, col) = tiles.corner(tile);
            let mut pixels = [zeros.as_ptr(); POINTS];
            for (i, of_row) in pixels.chunks_exact_mut(6).enumerate() {
                for (j, pixel) in of_row.iter_mut().enumerate() {
                    // One less than the corner; before the border this wraps to far beyond the map.
                    let (y, x) = ((row + i).wrapping_sub(1), (col + j).wrapping_sub(1));
                    if y < rows && x < cols {
                        // SAFETY: within the map, whose last pixel lies within the buffer as asserted.
                        *pixel = unsafe { input.buffer.as_ptr().add((y * cols + x) * step + offset) };
                    }
                }
            }
            let mut channel = 0;
            while channel + width <= channels {
                // SAFETY: each pixel has `channels` numbers, and so has each place of a tile at each point, as asserted.
                unsafe {
                    let to = inputs.as_mut_ptr().add(tile * channels + channel);
                    input_tile::<L::Register>(&pixels, channel, to, point_len);
                }
                channel += width;
            }
            if channel < channels {
                let n_left = channels - channel;
                let (mut padded, mut points) = ([[0.0_f32; LANES]; POINTS], [[0.0_f32; LANES]; POINTS]);
                for (padded, pixel) in padded.iter_mut().zip(&pixels) {
                    for (lane, to) in padded.iter_mut().take(n_left).enumerate() {
                        // SAFETY: `channel + lane < channels`.
                        *to = unsafe { *pixel.add(channel + lane) };
                    }
                }
                let from = padded.each_ref().map(|pixel| pixel.as_ptr());
                // SAFETY: both are arrays of 16 numbers per point, no less than a register.
                unsafe { input_tile::<L::Register>(&from, 0, points.as_mut_ptr().cast(), LANES) };
                for (point, values) in points.iter().enumerate() {
                    inputs[point * point_len + tile * channels + channel..][..n_left]
                        .copy_from_slice(&values[..n_left]);
                }
            }
        }
    }
}

/// `Bᵀ d B` of one register's channels: pixel by pixel in, point by point out.
///
/// # Safety
/// From each pixel a register can be read at `channel`, and at each point one be written to.
#[inline(always)]
unsafe fn input_tile<R: Register>(pixels: &[*const f32; POINTS], channel: usize, to: *mut f32, point_len: usize) {
    let mut by_col = [[R::splat(0.0); 6]; 6];
    for j in 0..6 {
        let mut column = [R::splat(0.0); 6];
        for (i, value) in column.iter_mut().enumerate() {
            // SAFETY: as the caller says.
            *value = unsafe { R::load(pixels[i * 6 + j].add(channel)) };
        }
        for (of_row, value) in by_col.iter_mut().zip(input_line(column)) {
            of_row[j] = value;
        }
    }
    for (i, of_row) in by_col.into_iter().enumerate() {
        for (j, value) in input_line(of_row).into_iter().enumerate() {
            // SAFETY: as the caller says.
            unsafe { value.store(to.add((i * 6 + j) * point_len)) };
        }
    }
}

#[inline(always)]
fn input_line<R: Register>([a, b, c, d, e, f]: [R; 6]) -> [R; 6] {
    let (four, two, minus_five) = (R::splat(4.0), R::splat(2.0), R::splat(-5.0));
    let (minus_four, minus_two) = (R::splat(-4.0), R::splat(-2.0));
    let (even, odd) = (c.mul_add(minus_four, e), b.mul_add(minus_four, d));
    let (even_near, odd_near) = (e.sub(c), d.sub(b));
    [
        a.mul_add(four, c.mul_add(minus_five, e)),
        even.add(odd),
        even.sub(odd),
        odd_near.mul_add(two, even_near),
        odd_near.mul_add(minus_two, even_near),
        b.mul_add(four, d.mul_add(minus_five, f)),
    ]
}

struct FromPoints<'a> {
    sums: &'a [f32],
    point_len: usize,
    /// Numbers per tile and point.
    n_out: usize,
    tiles: Tiles,
    residual: Option<Map<'a>>,
    relu: bool,
    out: &'a mut [f32],
    to: Layout,
}

impl Work for FromPoints<'_> {
    #[inline(always)]
    fn with<L: Lanes>(self) {
        let FromPoints { sums, point_len, n_out, tiles, residual, relu, out, to } = self;
        assert!(point_len >= tiles.n * n_out && sums.len() >= POINTS * point_len && n_out >= to.channels);
        assert!(n_out.is_multiple_of(LANES));
        let width = <L::Register as Register>::WIDTH;
        for tile in 0..tiles.n {
            let (row, col) = tiles.corner(tile);
            let n_rows = TILE.min(to.rows - row);
            let n_cols = TILE.min(to.cols - col);
            let mut channel = 0;
            while channel < to.channels {
                // SAFETY: a tile has `n_out` numbers at each point, a multiple of the register's, as asserted.
                let values =
                    unsafe { output_tile::<L::Register>(sums.as_ptr().add(tile * n_out + channel), point_len) };
                let n_lanes = width.min(to.channels - channel);
                for (i, of_row) in values.into_iter().enumerate().take(n_rows) {
                    let y = row + i;
                    let line = ((y - tiles.first_out_row) * to.cols + col) * to.step + to.offset + channel;
                    let line = &mut out[line..line + (n_cols - 1) * to.step + n_lanes];
                    for (j, mut value) in of_row.into_iter().enumerate().take(n_cols) {
                        if let Some(residual) = residual {
                            let added = &residual.pixel(y * to.cols + col + j)[channel..channel + n_lanes];
                            value = value.add(load_some(added));
                        }
                        if relu {
                            value = value.relu();
                        }
                        store_some(value, &mut line[j * to.step..j * to.step + n_lanes]);
                    }
                }
                channel += width;
            }
        }
    }
}

/// A register of as many numbers as there are, zeros behind.
#[inline(always)]
fn load_some<R: Register>(values: &[f32]) -> R {
    if values.len() >= R::WIDTH {
        // SAFETY: just compared.
        return unsafe { R::load(values.as_ptr()) };
    }
    let mut padded = [0.0; LANES];
    padded[..values.len()].copy_from_slice(values);
    // SAFETY: no register is longer than this array.
    unsafe { R::load(padded.as_ptr()) }
}

/// As many of a register's numbers as there is room for.
#[inline(always)]
fn store_some<R: Register>(value: R, to: &mut [f32]) {
    if to.len() >= R::WIDTH {
        // SAFETY: just compared.
        return unsafe { value.store(to.as_mut_ptr()) };
    }
    let mut padded = [0.0; LANES];
    // SAFETY: no register is longer than this array.
    unsafe { value.store(padded.as_mut_ptr()) };
    to.copy_from_slice(&padded[..to.len()]);
}

/// `Aᵀ m A` of one register's channels.
///
/// # Safety
/// At each point a register can be read.
#[inline(always)]
unsafe fn output_tile<R: Register>(sums: *const f32, point_len: usize) -> [[R; 4]; 4] {
    let mut by_col = [[R::splat(0.0); 6]; 4];
    for j in 0..6 {
        let mut column = [R::splat(0.0); 6];
        for (i, value) in column.iter_mut().enumerate() {
            // SAFETY: as the caller says.
            *value = unsafe { R::load(sums.add((i * 6 + j) * point_len)) };
        }
        for (of_row, value) in by_col.iter_mut().zip(output_line(column)) {
            of_row[j] = value;
        }
    }
    // Not `map`: what is not inlined into the copy for a set of instructions is compiled without them.
    let mut outputs = [[R::splat(0.0); 4]; 4];
    for (to, of_row) in outputs.iter_mut().zip(by_col) {
        *to = output_line(of_row);
    }
    outputs
}

#[inline(always)]
fn output_line<R: Register>([a, b, c, d, e, f]: [R; 6]) -> [R; 4] {
    let (near, near_apart) = (b.add(c), b.sub(c));
    let (far, far_apart) = (d.add(e), d.sub(e));
    [
        a.add(near).add(far),
        far_apart.mul_add(R::splat(2.0), near_apart),
        far.mul_add(R::splat(4.0), near),
        far_apart.mul_add(R::splat(8.0), near_apart).add(f),
    ]
}
