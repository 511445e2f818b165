//! Any machine: plain arrays, which the compiler turns into what it may assume everywhere.

use crate::inference::cpu::isa::{LANES, Lanes, Work};

#[derive(Clone, Copy)]
struct Plain([f32; LANES]);

pub fn run(work: impl Work) {
    work.with::<Plain>();
}

impl Plain {
    #[inline(always)]
    fn zip(self, other: Self, of: impl Fn(f32, f32) -> f32) -> Self {
        let mut result = self;
        for (a, b) in result.0.iter_mut().zip(other.0) {
            *a = of(*a, b);
        }
        result
    }
}

impl Lanes for Plain {
    const TILE_PIXELS: usize = 2;
    const TILE_PANELS: usize = 1;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    fn load(values: &[f32; LANES]) -> Self {
        Self(*values)
    }

    #[inline(always)]
    fn store(self, values: &mut [f32; LANES]) {
        *values = self.0;
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        // Without the instruction, rounding once would be a call into a library.
        self.mul(factor).add(term)
    }

    #[inline(always)]
    fn relu(self) -> Self {
        self.zip(self, |a, _| if a < 0.0 { 0.0 } else { a })
    }
}
