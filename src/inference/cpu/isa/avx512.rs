//! AVX-512: registers of sixteen.
#![expect(unsafe_code, reason = "instructions that not every machine has")]

use std::arch::x86_64::{
    __m512, _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_max_ps, _mm512_mul_ps, _mm512_set1_ps,
    _mm512_setzero_ps, _mm512_storeu_ps, _mm512_sub_ps,
};

use crate::inference::cpu::isa::{Register, Wide, Work};

#[derive(Clone, Copy)]
struct Vector(__m512);

pub fn run(work: impl Work) {
    #[target_feature(enable = "avx512f,fma")]
    fn enter(work: impl Work) {
        work.with::<Wide<Vector, 1>>();
    }
    assert!(
        std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("fma"),
        "the machine lacks the instructions"
    );
    // SAFETY: the assertion has shown that the machine has the instructions.
    unsafe { enter(work) }
}

// SAFETY of every block below: `Vector` is private and only `run` hands it out, which checks for the instructions; the
// caller of `load` and `store` answers for their places.
impl Register for Vector {
    const WIDTH: usize = 16;
    const TILE_PIXELS: usize = 12;
    const TILE_PANELS: usize = 2;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self(unsafe { _mm512_set1_ps(value) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { _mm512_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(unsafe { _mm512_mul_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, term.0) })
    }

    #[inline(always)]
    fn relu(self) -> Self {
        // The instruction gives its second operand when either is NaN.
        Self(unsafe { _mm512_max_ps(_mm512_setzero_ps(), self.0) })
    }
}
