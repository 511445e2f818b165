//! Depthwise convolutions: each channel for itself, sixteen channels per instruction.

use crate::inference::cpu::activation::silu;
use crate::inference::cpu::conv::copy_between_zeros;
use crate::inference::cpu::isa::{Isa, LANES, Lanes, Work};
use crate::inference::cpu::map::{Layout, Map, for_blocks, rows_per_block, with_scratch};
use crate::inference::graph::{Activation, Conv};

/// Output pixels whose sums are kept at once, so that a tap's weights are read once for all of them.
const PIXELS: usize = 4;
/// Numbers of input of one block.
const BLOCK_INPUTS: usize = 64 * 1024;

#[derive(Clone, Debug)]
pub struct Depthwise {
    /// `[row][col][channel]`.
    weights: Vec<f32>,
    bias: Vec<f32>,
    kernel: usize,
    stride: usize,
    padding: usize,
    after: Activation,
}

impl Depthwise {
    /// Only with as many groups as channels, in and out.
    pub fn new(conv: &Conv) -> Self {
        let n_taps = conv.kernel * conv.kernel;
        let mut weights = Vec::with_capacity(conv.weight.len());
        for tap in 0..n_taps {
            weights.extend(conv.weight.iter().skip(tap).step_by(n_taps));
        }
        let Conv { kernel, stride, padding, after, .. } = *conv;
        Self { weights, bias: conv.bias.clone(), kernel, stride, padding, after }
    }

    pub fn run(&self, isa: Isa, input: Map<'_>, out: &mut [f32], to: Layout) {
        let row_len = (input.layout.cols + 2 * self.padding) * to.channels;
        let block = rows_per_block(to.rows, (BLOCK_INPUTS / (row_len * self.stride)).max(1));
        for_blocks(out, to.cols * to.step, block, |first_row, out| {
            let n_rows = out.len() / (to.cols * to.step);
            with_scratch(((n_rows - 1) * self.stride + self.kernel) * row_len, |scratch| {
                copy_between_zeros(input, first_row * self.stride, self.padding, scratch);
                isa.run(Rows { depthwise: self, padded: scratch, row_len, out, to });
            });
        });
    }
}

struct Rows<'a> {
    depthwise: &'a Depthwise,
    padded: &'a [f32],
    row_len: usize,
    out: &'a mut [f32],
    to: Layout,
}

impl Work for Rows<'_> {
    #[inline(always)]
    fn with<L: Lanes>(self) {
        let Rows { depthwise, padded, row_len, out, to } = self;
        let Depthwise { stride, after, .. } = *depthwise;
        for (y, row) in out.chunks_exact_mut(to.cols * to.step).enumerate() {
            let from = &padded[y * stride * row_len..];
            let mut x = 0;
            while x < to.cols {
                let (from, pixels) = (&from[x * stride * to.channels..], &mut row[x * to.step + to.offset..]);
                if to.cols - x >= PIXELS {
                    some_pixels::<L, PIXELS>(depthwise, from, row_len, pixels, to);
                    x += PIXELS;
                } else {
                    some_pixels::<L, 1>(depthwise, from, row_len, pixels, to);
                    x += 1;
                }
            }
            if after == Activation::Silu {
                if to.step == to.channels {
                    silu(row);
                } else {
                    for pixel in row.chunks_exact_mut(to.step) {
                        silu(&mut pixel[to.offset..to.offset + to.channels]);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn some_pixels<L: Lanes, const N: usize>(
    depthwise: &Depthwise,
    from: &[f32],
    row_len: usize,
    out: &mut [f32],
    to: Layout,
) {
    let Depthwise { weights, bias, kernel, stride, after, .. } = depthwise;
    let n_channels = to.channels;
    let mut channel = 0;
    // Whole steps first: the same again with care for the end would be too slow for all.
    while channel + LANES <= n_channels {
        let mut sums = [L::load_whole(&bias[channel..]); N];
        for row in 0..*kernel {
            for col in 0..*kernel {
                let weight = L::load_whole(&weights[(row * kernel + col) * n_channels + channel..]);
                let values = &from[row * row_len + col * n_channels + channel..];
                for (p, sum) in sums.iter_mut().enumerate() {
                    *sum = L::load_whole(&values[p * stride * n_channels..]).mul_add(weight, *sum);
                }
            }
        }
        for (p, sum) in sums.into_iter().enumerate() {
            let sum = if *after == Activation::Relu { sum.relu() } else { sum };
            sum.store_whole(&mut out[p * to.step + channel..]);
        }
        channel += LANES;
    }
    if channel < n_channels {
        let mut sums = [L::load_some(&bias[channel..]); N];
        for row in 0..*kernel {
            for col in 0..*kernel {
                let weight = L::load_some(&weights[(row * kernel + col) * n_channels + channel..]);
                let values = &from[row * row_len + col * n_channels + channel..];
                for (p, sum) in sums.iter_mut().enumerate() {
                    // Numbers of the next pixel behind the last channels meet sums that are never stored.
                    *sum = L::load_some(&values[p * stride * n_channels..]).mul_add(weight, *sum);
                }
            }
        }
        for (p, sum) in sums.into_iter().enumerate() {
            let sum = if *after == Activation::Relu { sum.relu() } else { sum };
            sum.store_some(&mut out[p * to.step + channel..][..n_channels - channel]);
        }
    }
}
