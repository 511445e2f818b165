//! Pooling, and the small steps between convolutions: norm with ReLU, sums of maps, gates.

use crate::inference::cpu::activation::{affine_relu, sigmoid, silu};
use crate::inference::cpu::isa::{Isa, LANES, Lanes, Work};
use crate::inference::cpu::map::{Layout, Map, for_blocks, rows_per_block, with_scratch};
use crate::inference::graph::{Affine, Gate, Window};

/// Greatest value per window and channel; windows are cut at the border. NaN wins.
pub fn max_pool(isa: Isa, input: Map<'_>, window: Window, out: &mut [f32], to: Layout) {
    for_blocks(out, to.cols * to.step, rows_per_block(to.rows, 8), |first_row, out| {
        isa.run(MaxRows { input, window, first_row, out, to });
    });
}

struct MaxRows<'a> {
    input: Map<'a>,
    window: Window,
    first_row: usize,
    out: &'a mut [f32],
    to: Layout,
}

impl Work for MaxRows<'_> {
    #[inline(always)]
    fn with<L: Lanes>(self) {
        let MaxRows { input, window, first_row, out, to } = self;
        let Window { kernel, stride, padding } = window;
        let from = input.layout;
        for (i, pixel) in out.chunks_exact_mut(to.step).enumerate() {
            let (y, x) = ((first_row + i / to.cols) * stride, i % to.cols * stride);
            let pixel = &mut pixel[to.offset..to.offset + to.channels];
            pixel.fill(f32::NEG_INFINITY);
            for row in y.saturating_sub(padding)..(y + kernel).saturating_sub(padding).min(from.rows) {
                for col in x.saturating_sub(padding)..(x + kernel).saturating_sub(padding).min(from.cols) {
                    for (greatest, value) in pixel.iter_mut().zip(input.pixel(row * from.cols + col)) {
                        // Written so that NaN enters and stays.
                        *greatest = if *value > *greatest || value.is_nan() { *value } else { *greatest };
                    }
                }
            }
        }
    }
}

/// Mean of 2×2 pixels, behind scale, shift and ReLU if there is `before`; an odd last row or column is left out.
pub fn average_pool(isa: Isa, input: Map<'_>, before: Option<&Affine>, out: &mut [f32], to: Layout) {
    for_blocks(out, to.cols * to.step, rows_per_block(to.rows, 8), |first_row, out| {
        isa.run(AverageRows { input, before, first_row, out, to });
    });
}

struct AverageRows<'a> {
    input: Map<'a>,
    before: Option<&'a Affine>,
    first_row: usize,
    out: &'a mut [f32],
    to: Layout,
}

impl Work for AverageRows<'_> {
    #[inline(always)]
    fn with<L: Lanes>(self) {
        let AverageRows { input, before, first_row, out, to } = self;
        let cols = input.layout.cols;
        let quarter = L::splat(0.25);
        for (i, pixel) in out.chunks_exact_mut(to.step).enumerate() {
            let corner = (first_row + i / to.cols) * 2 * cols + i % to.cols * 2;
            let four = [corner, corner + 1, corner + cols, corner + cols + 1].map(|pixel| input.pixel(pixel));
            let pixel = &mut pixel[to.offset..to.offset + to.channels];
            let mut at = 0;
            while at < pixel.len() {
                let mut sum = L::splat(0.0);
                for from in four {
                    let mut value = L::load_some(&from[at..]);
                    if let Some(Affine { scale, shift }) = before {
                        value = value.mul_add(L::load_some(&scale[at..]), L::load_some(&shift[at..])).relu();
                    }
                    sum = sum.add(value);
                }
                sum.mul(quarter).store_some(&mut pixel[at..]);
                at += LANES;
            }
        }
    }
}

/// `max(x · scale + shift, 0)`.
pub fn norm_relu(isa: Isa, input: Map<'_>, by: &Affine, out: &mut [f32], to: Layout) {
    for_blocks(out, to.step, rows_per_block(to.n_pixels(), 1024), |first, out| {
        isa.run(NormPixels { input, first, by, out, to });
    });
}

struct NormPixels<'a> {
    input: Map<'a>,
    first: usize,
    by: &'a Affine,
    out: &'a mut [f32],
    to: Layout,
}

impl Work for NormPixels<'_> {
    #[inline(always)]
    fn with<L: Lanes>(self) {
        let NormPixels { input, first, by, out, to } = self;
        for (i, pixel) in out.chunks_exact_mut(to.step).enumerate() {
            let to = &mut pixel[to.offset..to.offset + to.channels];
            affine_relu::<L>(input.pixel(first + i), &by.scale, &by.shift, to);
        }
    }
}

/// Copies a map to its place in a join, where it could not be written at once.
pub fn copy(input: Map<'_>, out: &mut [f32], to: Layout) {
    for_blocks(out, to.step, rows_per_block(to.n_pixels(), 1024), |first, out| {
        for (i, pixel) in out.chunks_exact_mut(to.step).enumerate() {
            pixel[to.offset..to.offset + to.channels].copy_from_slice(input.pixel(first + i));
        }
    });
}

/// A factor per channel from the map's means (Hu et al. 2018, <https://arxiv.org/abs/1709.01507>), as a map of one pixel.
pub fn gate(isa: Isa, input: Map<'_>, gate: &Gate, out: &mut [f32], to: Layout) {
    let Gate { n_squeezed, squeeze, squeeze_bias, excite, excite_bias } = gate;
    with_scratch(to.channels + n_squeezed, |scratch| {
        let (means, squeezed) = scratch.split_at_mut(to.channels);
        isa.run(Means { input, out: &mut *means });
        for ((value, weights), bias) in squeezed.iter_mut().zip(squeeze.chunks_exact(to.channels)).zip(squeeze_bias) {
            *value = dot(weights, means) + bias;
        }
        silu(squeezed);
        let factors = &mut out[to.offset..to.offset + to.channels];
        for ((factor, weights), bias) in factors.iter_mut().zip(excite.chunks_exact(*n_squeezed)).zip(excite_bias) {
            *factor = sigmoid(dot(weights, squeezed) + bias);
        }
    });
}

/// In eight strands, which the compiler may take side by side.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut strands = [0.0_f32; 8];
    let (a_chunks, b_chunks) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for ((strand, a), b) in strands.iter_mut().zip(a).zip(b) {
            *strand += a * b;
        }
    }
    strands.iter().sum::<f32>() + rest
}

/// Mean over all pixels per channel.
struct Means<'a> {
    input: Map<'a>,
    out: &'a mut [f32],
}

impl Work for Means<'_> {
    #[inline(always)]
    fn with<L: Lanes>(self) {
        let Means { input, out } = self;
        let n_pixels = input.layout.n_pixels();
        out.fill(0.0);
        for pixel in 0..n_pixels {
            for (sum, value) in out.iter_mut().zip(input.pixel(pixel)) {
                *sum += value;
            }
        }
        for sum in out {
            *sum /= n_pixels as f32;
        }
    }
}
