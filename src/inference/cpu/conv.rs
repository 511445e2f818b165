//! Convolutions of all channels with all: 1×1 as a matrix product as the map lies, k×k over rows with a border of zeros.

use crate::inference::cpu::activation::{Prepare, Silu};
use crate::inference::cpu::gemm::{Gemm, Packed, Source, Steps};
use crate::inference::cpu::isa::Isa;
use crate::inference::cpu::map::{Layout, Map, for_blocks, rows_per_block, with_scratch};
use crate::inference::graph::{Activation, Affine, Conv};

/// Numbers of input that one block reads: they stay in the second-level cache while all panels of weights pass.
const BLOCK_INPUTS: usize = 48 * 1024;

#[derive(Clone, Debug)]
pub struct PackedConv {
    weights: Packed,
    n_in: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    /// Scale, shift and ReLU of the input, applied while a 1×1 convolution reads it.
    before: Option<Affine>,
    after: Activation,
}

/// What a convolution is given beside its input.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras<'a> {
    /// Added before the activation.
    pub residual: Option<Map<'a>>,
    /// A factor per input channel.
    pub gate: Option<&'a [f32]>,
}

impl PackedConv {
    /// Only with one group; `before` only with a 1×1 kernel.
    pub fn new(conv: &Conv) -> Self {
        let Conv { n_in, n_out, kernel, stride, padding, .. } = *conv;
        let n_taps = kernel * kernel;
        // PyTorch's order is output, input, row, col; the kernel's runs are row, then col and input.
        let weights = Packed::new(n_out, n_taps * n_in, &conv.bias, |output, depth| {
            let (tap, input) = (depth / n_in, depth % n_in);
            conv.weight[(output * n_in + input) * n_taps + tap]
        });
        Self { weights, n_in, kernel, stride, padding, before: conv.before.clone(), after: conv.after }
    }

    pub fn run(&self, isa: Isa, input: Map<'_>, extras: Extras<'_>, out: &mut [f32], to: Layout) {
        if self.kernel > 1 || self.stride > 1 || self.padding > 0 {
            self.run_rows(isa, input, extras, out, to);
        } else {
            self.run_flat(isa, input, extras, out, to);
        }
    }

    /// 1×1: pixels in any order.
    fn run_flat(&self, isa: Isa, input: Map<'_>, extras: Extras<'_>, out: &mut [f32], to: Layout) {
        let block = rows_per_block(to.n_pixels(), (BLOCK_INPUTS / self.n_in).max(24).next_multiple_of(12));
        let is_prepared = self.before.is_some() || extras.gate.is_some();
        for_blocks(out, to.step, block, |first, out| {
            let n_pixels = out.len() / to.step;
            let place = Block { first, n_rows: 1, n_cols: n_pixels, residual: extras.residual, to };
            if !is_prepared {
                self.multiply(isa, self.flat_source(input.from_pixel(first), input.layout.step), place, out);
                return;
            }
            with_scratch(n_pixels * self.n_in, |scratch| {
                let (before, gate) = (self.before.as_ref(), extras.gate);
                isa.run(Prepare { input, first, before, gate, out: &mut *scratch });
                self.multiply(isa, self.flat_source(scratch, self.n_in), place, out);
            });
        });
    }

    fn flat_source<'a>(&self, values: &'a [f32], step: usize) -> Source<'a> {
        Source { values, steps: Steps { row: 0, pixel: step }, taps: &[0], run: self.n_in }
    }

    /// k×k: each block copies its input rows between borders of zeros.
    fn run_rows(&self, isa: Isa, input: Map<'_>, extras: Extras<'_>, out: &mut [f32], to: Layout) {
        let Self { n_in, kernel, stride, padding, .. } = *self;
        let row_len = (input.layout.cols + 2 * padding) * n_in;
        let block = rows_per_block(to.rows, (BLOCK_INPUTS / (row_len * stride)).max(2));
        let taps: Vec<usize> = (0..kernel).map(|row| row * row_len).collect();
        for_blocks(out, to.cols * to.step, block, |first_row, out| {
            let n_rows = out.len() / (to.cols * to.step);
            let n_padded = (n_rows - 1) * stride + kernel;
            with_scratch(n_padded * row_len, |scratch| {
                copy_between_zeros(input, first_row * stride, padding, scratch);
                let steps = Steps { row: stride * row_len, pixel: stride * n_in };
                let source = Source { values: scratch, steps, taps: &taps, run: kernel * n_in };
                let residual = extras.residual;
                let place = Block { first: first_row * to.cols, n_rows, n_cols: to.cols, residual, to };
                self.multiply(isa, source, place, out);
            });
        });
    }

    fn multiply(&self, isa: Isa, source: Source<'_>, block: Block<'_>, out: &mut [f32]) {
        let Block { first, n_rows, n_cols, residual, to } = block;
        let steps = |layout: Layout| Steps { row: layout.cols * layout.step, pixel: layout.step };
        let gemm = Gemm {
            source,
            weights: &self.weights,
            n_rows,
            n_cols,
            residual: residual.map(|map| (map.from_pixel(first), steps(map.layout))),
            relu: self.after == Activation::Relu,
            out: &mut out[to.offset..],
            out_steps: steps(to),
        };
        gemm.run(isa);
        if self.after == Activation::Silu {
            isa.run(Silu { out, to });
        }
    }
}

/// The output pixels of one product, as they lie in the whole map.
struct Block<'a> {
    first: usize,
    n_rows: usize,
    n_cols: usize,
    residual: Option<Map<'a>>,
    to: Layout,
}

/// Fills `out` with rows of the map from `first_row − padding` on, each with `padding` zero pixels on both sides; rows
/// beyond the map are zeros.
pub fn copy_between_zeros(input: Map<'_>, first_row: usize, padding: usize, out: &mut [f32]) {
    let Layout { rows, cols, channels, .. } = input.layout;
    let row_len = (cols + 2 * padding) * channels;
    for (i, row) in out.chunks_exact_mut(row_len).enumerate() {
        let Some(from) = (first_row + i).checked_sub(padding).filter(|from| *from < rows) else {
            row.fill(0.0);
            continue;
        };
        let (left, rest) = row.split_at_mut(padding * channels);
        let (middle, right) = rest.split_at_mut(cols * channels);
        left.fill(0.0);
        right.fill(0.0);
        if input.layout.step == channels {
            middle.copy_from_slice(&input.from_pixel(from * cols)[..cols * channels]);
            continue;
        }
        for (x, pixel) in middle.chunks_exact_mut(channels).enumerate() {
            pixel.copy_from_slice(input.pixel(from * cols + x));
        }
    }
}
