//! 3×3 convolutions of stride 1 by Winograd's F(4×4, 3×3) (Lavin and Gray 2016, <https://arxiv.org/abs/1509.09308>).
//!
//! Six by six inputs become four by four outputs with 36 products per pair of channels where 144 would be direct.

use crate::inference::cpu::gemm::{Gemm, Packed, Source, Steps};
use crate::inference::cpu::isa::{Isa, LANES, Lanes, Work};
use crate::inference::cpu::map::{Layout, Map, for_blocks, rows_per_block, with_scratch};
use crate::inference::graph::{Activation, Conv};

/// Points of the transform: 6 × 6.
const POINTS: usize = 36;
/// Outputs per tile and axis.
const TILE: usize = 4;
/// Transformed numbers of one block, in and out: they stay in the second-level cache.
const BLOCK_NUMBERS: usize = 112 * 1024;
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
    bias: Vec<f32>,
    n_in: usize,
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
        let packed = |values: &Vec<f32>| Packed::new(n_out, n_in, &[], |out, k| values[out * n_in + k]).whole();
        let points: Vec<Packed> = transformed.iter().map(packed).collect();
        let mut bias = conv.bias.clone();
        bias.resize(n_out.next_multiple_of(LANES), 0.0);
        Self { points, bias, n_in, relu: conv.after == Activation::Relu }
    }

    pub fn run(&self, isa: Isa, input: Map<'_>, residual: Option<Map<'_>>, out: &mut [f32], to: Layout) {
        let (n_tile_rows, n_tile_cols) = (to.rows.div_ceil(TILE), to.cols.div_ceil(TILE));
        let n_out = self.bias.len();
        let in_block = (BLOCK_NUMBERS / (POINTS * (self.n_in + n_out))).max(12);
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
        let n_out = self.bias.len();
        // A line more, so that the points of one tile do not all fall into the same places of the cache.
        let (in_len, out_len) = (tiles.n * self.n_in + LANES, tiles.n * n_out + LANES);
        with_scratch(POINTS * (in_len + out_len), |scratch| {
            let (inputs, sums) = scratch.split_at_mut(POINTS * in_len);
            isa.run(ToPoints { input, tiles, inputs: &mut *inputs, point_len: in_len });
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
            let (bias, relu) = (self.bias.as_slice(), self.relu);
            isa.run(FromPoints { sums, point_len: out_len, tiles, bias, residual, relu, out, to });
        });
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
    inputs: &'a mut [f32],
    point_len: usize,
}

impl Work for ToPoints<'_> {
    #[inline(always)]
    fn with<L: Lanes>(self) {
        let ToPoints { input, tiles, inputs, point_len } = self;
        let Layout { rows, cols, channels, step, .. } = input.layout;
        for tile in 0..tiles.n {
            let (row, col) = tiles.corner(tile);
            let is_inside = row > 0 && col > 0 && row + TILE < rows && col + TILE < cols;
            let mut channel = 0;
            while is_inside && channel + LANES <= channels {
                let corner = &input.from_pixel((row - 1) * cols + col - 1)[channel..];
                let mut values = [[L::splat(0.0); 6]; 6];
                for (i, of_row) in values.iter_mut().enumerate() {
                    let line = &corner[i * cols * step..];
                    for (j, value) in of_row.iter_mut().enumerate() {
                        *value = L::load_whole(&line[j * step..]);
                    }
                }
                let places = &mut inputs[tile * channels + channel..];
                for (i, of_row) in transformed_input(&values).into_iter().enumerate() {
                    for (j, value) in of_row.into_iter().enumerate() {
                        value.store_whole(&mut places[(i * 6 + j) * point_len..]);
                    }
                }
                channel += LANES;
            }
            while channel < channels {
                let mut values = [[L::splat(0.0); 6]; 6];
                for (i, of_row) in values.iter_mut().enumerate() {
                    for (j, value) in of_row.iter_mut().enumerate() {
                        // One less than the corner; before the border this wraps to far beyond the map.
                        let (y, x) = ((row + i).wrapping_sub(1), (col + j).wrapping_sub(1));
                        if y < rows && x < cols {
                            *value = L::load_some(&input.from_pixel(y * cols + x)[channel..]);
                        }
                    }
                }
                let width = LANES.min(channels - channel);
                let points = transformed_input(&values);
                for (point, value) in points.into_iter().flatten().enumerate() {
                    value.store_some(&mut inputs[point * point_len + tile * channels + channel..][..width]);
                }
                channel += LANES;
            }
        }
    }
}

/// `Bᵀ d B`.
#[inline(always)]
fn transformed_input<L: Lanes>(values: &[[L; 6]; 6]) -> [[L; 6]; 6] {
    let mut by_col = [[L::splat(0.0); 6]; 6];
    let mut j = 0;
    while j < 6 {
        let column = [values[0][j], values[1][j], values[2][j], values[3][j], values[4][j], values[5][j]];
        for (i, value) in input_line(column).into_iter().enumerate() {
            by_col[i][j] = value;
        }
        j += 1;
    }
    let mut points = by_col;
    for row in &mut points {
        *row = input_line(*row);
    }
    points
}

#[inline(always)]
fn input_line<L: Lanes>([a, b, c, d, e, f]: [L; 6]) -> [L; 6] {
    let (four, two, minus_five) = (L::splat(4.0), L::splat(2.0), L::splat(-5.0));
    let minus_four = L::splat(-4.0);
    let (even, odd) = (c.mul_add(minus_four, e), b.mul_add(minus_four, d));
    let (even_near, odd_near) = (e.sub(c), d.sub(b).mul(two));
    [
        a.mul_add(four, c.mul_add(minus_five, e)),
        even.add(odd),
        even.sub(odd),
        even_near.add(odd_near),
        even_near.sub(odd_near),
        b.mul_add(four, d.mul_add(minus_five, f)),
    ]
}

struct FromPoints<'a> {
    sums: &'a [f32],
    point_len: usize,
    tiles: Tiles,
    bias: &'a [f32],
    residual: Option<Map<'a>>,
    relu: bool,
    out: &'a mut [f32],
    to: Layout,
}

impl Work for FromPoints<'_> {
    #[inline(always)]
    fn with<L: Lanes>(self) {
        let FromPoints { sums, point_len, tiles, bias, residual, relu, out, to } = self;
        let n_out = bias.len();
        for tile in 0..tiles.n {
            let (row, col) = tiles.corner(tile);
            let mut channel = 0;
            while channel < to.channels {
                let mut values = [[L::splat(0.0); 6]; 6];
                let places = &sums[tile * n_out + channel..];
                for (i, of_row) in values.iter_mut().enumerate() {
                    for (j, value) in of_row.iter_mut().enumerate() {
                        *value = L::load_whole(&places[(i * 6 + j) * point_len..]);
                    }
                }
                let width = LANES.min(to.channels - channel);
                let bias = L::load_some(&bias[channel..]);
                for (i, of_row) in transformed_output(&values).into_iter().enumerate() {
                    for (j, value) in of_row.into_iter().enumerate() {
                        let (y, x) = (row + i, col + j);
                        if y >= to.rows || x >= to.cols {
                            continue;
                        }
                        let mut value = value.add(bias);
                        if let Some(residual) = residual {
                            value = value.add(L::load_some(&residual.pixel(y * to.cols + x)[channel..]));
                        }
                        if relu {
                            value = value.relu();
                        }
                        let pixel = (y - tiles.first_out_row) * to.cols + x;
                        let place = &mut out[pixel * to.step + to.offset + channel..];
                        if width == LANES {
                            value.store_whole(place);
                        } else {
                            value.store_some(&mut place[..width]);
                        }
                    }
                }
                channel += LANES;
            }
        }
    }
}

/// `Aᵀ m A`.
#[inline(always)]
fn transformed_output<L: Lanes>(values: &[[L; 6]; 6]) -> [[L; 4]; 4] {
    let mut by_col = [[L::splat(0.0); 6]; 4];
    let mut j = 0;
    while j < 6 {
        let column = [values[0][j], values[1][j], values[2][j], values[3][j], values[4][j], values[5][j]];
        for (i, value) in output_line(column).into_iter().enumerate() {
            by_col[i][j] = value;
        }
        j += 1;
    }
    let mut outputs = [[L::splat(0.0); 4]; 4];
    for (to, row) in outputs.iter_mut().zip(by_col) {
        *to = output_line(row);
    }
    outputs
}

#[inline(always)]
fn output_line<L: Lanes>([a, b, c, d, e, f]: [L; 6]) -> [L; 4] {
    let (near, near_apart) = (b.add(c), b.sub(c));
    let (far, far_apart) = (d.add(e), d.sub(e));
    [
        a.add(near).add(far),
        far_apart.mul_add(L::splat(2.0), near_apart),
        far.mul_add(L::splat(4.0), near),
        far_apart.mul_add(L::splat(8.0), near_apart).add(f),
    ]
}
