//! What happens to values between products: scale and shift with ReLU, gates, SiLU, instance norm.

use crate::inference::cpu::isa::{LANES, Lanes, Work};
use crate::inference::cpu::map::{Layout, Map};
use crate::inference::graph::Affine;

/// Added to the variance by instance norm, PyTorch's default.
pub const INSTANCE_EPSILON: f64 = 1e-5;

/// Copies pixels from `first` on, side by side: scaled, shifted and clipped at 0; or gated; or as they are.
#[derive(Debug)]
pub struct Prepare<'a> {
    pub input: Map<'a>,
    pub first: usize,
    pub before: Option<&'a Affine>,
    pub gate: Option<&'a [f32]>,
    pub out: &'a mut [f32],
}

impl Work for Prepare<'_> {
    #[inline(always)]
    fn with<L: Lanes>(self) {
        let Prepare { input, first, before, gate, out } = self;
        for (i, to) in out.chunks_exact_mut(input.layout.channels).enumerate() {
            let from = input.pixel(first + i);
            if let Some(Affine { scale, shift }) = before {
                affine_relu::<L>(from, scale, shift, to);
            } else if let Some(gate) = gate {
                let mut at = 0;
                while at < to.len() {
                    L::load_some(&from[at..]).mul(L::load_some(&gate[at..])).store_some(&mut to[at..]);
                    at += LANES;
                }
            } else {
                to.copy_from_slice(from);
            }
        }
    }
}

#[inline(always)]
pub fn affine_relu<L: Lanes>(from: &[f32], scale: &[f32], shift: &[f32], to: &mut [f32]) {
    let mut at = 0;
    while at < to.len() {
        let value = L::load_some(&from[at..]).mul_add(L::load_some(&scale[at..]), L::load_some(&shift[at..]));
        value.relu().store_some(&mut to[at..]);
        at += LANES;
    }
}

/// `x · sigmoid(x)` of a map's channels, in place; `out` holds whole pixels.
#[derive(Debug)]
pub struct Silu<'a> {
    pub out: &'a mut [f32],
    pub to: Layout,
}

impl Work for Silu<'_> {
    #[inline(always)]
    fn with<L: Lanes>(self) {
        let Silu { out, to } = self;
        if to.step == to.channels {
            silu(out);
            return;
        }
        for pixel in out.chunks_exact_mut(to.step) {
            silu(&mut pixel[to.offset..to.offset + to.channels]);
        }
    }
}

#[inline(always)]
pub fn silu(values: &mut [f32]) {
    for value in values {
        *value /= 1.0 + exp(-*value);
    }
}

#[inline(always)]
pub fn sigmoid(value: f32) -> f32 {
    1.0 / (1.0 + exp(-value))
}

/// `eˣ` within 2e-7 relative, straight enough for the compiler to take sixteen at once; NaN stays NaN.
///
/// x = n · ln 2 + r, |r| ≤ ln 2 / 2, and a polynomial for eʳ (Cephes, `expf`).
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// 1.5 · 2²³: adding it rounds to a whole number, which is then in the low bits.
    const ROUNDER: f32 = 12_582_912.0;
    // Comparisons, not `clamp`'s minimum and maximum: they let NaN through.
    let x = if x > 88.0 { 88.0 } else { x };
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUNDER;
    let n = shifted - ROUNDER;
    // ln 2 in two parts, the first exact in few bits.
    let r = x - n * 0.693_359_4 - n * -2.121_944_4e-4;
    let mut poly = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        poly = poly * r + coefficient;
    }
    let of_rest = poly * r * r + r + 1.0;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    of_rest * power
}

/// A map's scale and shift per channel that bring its own mean to β and its own variance to γ² (Ulyanov et al. 2016,
/// <https://arxiv.org/abs/1607.08022>).
pub fn instance_affine(input: Map<'_>, gamma: &[f32], beta: &[f32]) -> Affine {
    let n_channels = input.layout.channels;
    let n_pixels = input.layout.n_pixels();
    let (mut sums, mut squares) = (vec![0.0_f64; n_channels], vec![0.0_f64; n_channels]);
    for pixel in 0..n_pixels {
        for ((sum, square), value) in sums.iter_mut().zip(&mut squares).zip(input.pixel(pixel)) {
            let value = f64::from(*value);
            *sum += value;
            *square += value * value;
        }
    }
    let mut affine = Affine { scale: Vec::with_capacity(n_channels), shift: Vec::with_capacity(n_channels) };
    let n_pixels = n_pixels as f64;
    for (channel, (gamma, beta)) in gamma.iter().zip(beta).enumerate() {
        let mean = sums[channel] / n_pixels;
        let variance = (squares[channel] / n_pixels - mean * mean).max(0.0);
        let scale = f64::from(*gamma) / (variance + INSTANCE_EPSILON).sqrt();
        affine.scale.push(scale as f32);
        affine.shift.push((f64::from(*beta) - mean * scale) as f32);
    }
    affine
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_the_librarys() {
        for i in -870..=880_i16 {
            let x = f32::from(i) / 10.0;
            let expected = f64::from(x).exp();
            assert!((f64::from(exp(x)) / expected - 1.0).abs() < 4e-7, "{x}: {} {expected}", exp(x));
        }
        assert!(exp(f32::NAN).is_nan());
        assert!(sigmoid(-200.0) < 1e-30 && sigmoid(200.0) == 1.0);
    }
}
