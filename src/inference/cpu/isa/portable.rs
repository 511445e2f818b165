//! Any machine: plain arrays, which the compiler turns into what it may assume everywhere.
#![expect(unsafe_code, reason = "the interface of registers; see `Register::load`")]

use crate::inference::cpu::isa::{Register, Wide, Work};

/// Numbers of one array.
const WIDTH: usize = 4;

/// P pixels and V panels per tile.
#[derive(Clone, Copy)]
struct Plain<const P: usize, const V: usize>([f32; WIDTH]);

pub fn run(work: impl Work) {
    work.with::<Wide<Plain<2, 1>, 4>>();
}

/// The same in tiles as large as AVX-512's.
pub fn run_wide(work: impl Work) {
    work.with::<Wide<Plain<12, 2>, 4>>();
}

impl<const P: usize, const V: usize> Plain<P, V> {
    #[inline(always)]
    fn zip(self, other: Self, of: impl Fn(f32, f32) -> f32) -> Self {
        let mut result = self;
        for (a, b) in result.0.iter_mut().zip(other.0) {
            *a = of(*a, b);
        }
        result
    }
}

impl<const P: usize, const V: usize> Register for Plain<P, V> {
    const WIDTH: usize = WIDTH;
    const TILE_PIXELS: usize = P;
    const TILE_PANELS: usize = V;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; WIDTH])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller answers for `WIDTH` numbers; arrays of `f32` are aligned like `f32`.
        Self(unsafe { *from.cast::<[f32; WIDTH]>() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as for `load`.
        unsafe { *to.cast::<[f32; WIDTH]>() = self.0 }
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
        Self(self.0.map(|value| if value < 0.0 { 0.0 } else { value }))
    }
}
