//! AVX-512: one register of sixteen.
#![expect(unsafe_code, reason = "instructions that not every machine has")]

use std::arch::x86_64::{
    __m512, _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_max_ps, _mm512_mul_ps, _mm512_set1_ps,
    _mm512_setzero_ps, _mm512_storeu_ps, _mm512_sub_ps,
};

use crate::inference::cpu::isa::{LANES, Lanes, Work};

#[derive(Clone, Copy)]
struct Registers([__m512; 1]);

pub fn run(work: impl Work) {
    #[target_feature(enable = "avx512f,fma")]
    fn enter(work: impl Work) {
        work.with::<Registers>();
    }
    assert!(
        std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("fma"),
        "the machine lacks the instructions"
    );
    // SAFETY: the assertion has shown that the machine has the instructions.
    unsafe { enter(work) }
}

// SAFETY of every block below: `Registers` is private and only `run` hands it out, which checks for the instructions;
// loads and stores touch exactly the 16 numbers of the array behind the reference.
impl Lanes for Registers {
    const TILE_PIXELS: usize = 12;
    const TILE_PANELS: usize = 2;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([unsafe { _mm512_set1_ps(value) }; 1])
    }

    #[inline(always)]
    fn load(values: &[f32; LANES]) -> Self {
        let p = values.as_ptr();
        unsafe { Self([_mm512_loadu_ps(p)]) }
    }

    #[inline(always)]
    fn store(self, values: &mut [f32; LANES]) {
        let p = values.as_mut_ptr();
        unsafe {
            _mm512_storeu_ps(p, self.0[0]);
        }
    }

    #[inline(always)]
    fn add(self, b: Self) -> Self {
        unsafe { Self([_mm512_add_ps(self.0[0], b.0[0])]) }
    }

    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        unsafe { Self([_mm512_sub_ps(self.0[0], b.0[0])]) }
    }

    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        unsafe { Self([_mm512_mul_ps(self.0[0], b.0[0])]) }
    }

    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        unsafe { Self([_mm512_fmadd_ps(self.0[0], b.0[0], c.0[0])]) }
    }

    #[inline(always)]
    fn relu(self) -> Self {
        // The instruction gives its second operand when either is NaN.
        unsafe {
            let zero = _mm512_setzero_ps();
            Self([_mm512_max_ps(zero, self.0[0])])
        }
    }
}
