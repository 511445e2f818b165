//! AVX2 with FMA: two registers of eight.
#![expect(unsafe_code, reason = "instructions that not every machine has")]

use std::arch::x86_64::{
    __m256, _mm256_add_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_max_ps, _mm256_mul_ps, _mm256_set1_ps,
    _mm256_setzero_ps, _mm256_storeu_ps, _mm256_sub_ps,
};

use crate::inference::cpu::isa::{LANES, Lanes, Work};

#[derive(Clone, Copy)]
struct Registers([__m256; 2]);

pub fn run(work: impl Work) {
    #[target_feature(enable = "avx2,fma")]
    fn enter(work: impl Work) {
        work.with::<Registers>();
    }
    assert!(
        std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma"),
        "the machine lacks the instructions"
    );
    // SAFETY: the assertion has shown that the machine has the instructions.
    unsafe { enter(work) }
}

// SAFETY of every block below: `Registers` is private and only `run` hands it out, which checks for the instructions;
// loads and stores touch exactly the 16 numbers of the array behind the reference.
impl Lanes for Registers {
    const TILE_PIXELS: usize = 6;
    const TILE_PANELS: usize = 1;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([unsafe { _mm256_set1_ps(value) }; 2])
    }

    #[inline(always)]
    fn load(values: &[f32; LANES]) -> Self {
        let p = values.as_ptr();
        unsafe { Self([_mm256_loadu_ps(p), _mm256_loadu_ps(p.add(8))]) }
    }

    #[inline(always)]
    fn store(self, values: &mut [f32; LANES]) {
        let p = values.as_mut_ptr();
        unsafe {
            _mm256_storeu_ps(p, self.0[0]);
            _mm256_storeu_ps(p.add(8), self.0[1]);
        }
    }

    #[inline(always)]
    fn add(self, b: Self) -> Self {
        unsafe { Self([_mm256_add_ps(self.0[0], b.0[0]), _mm256_add_ps(self.0[1], b.0[1])]) }
    }

    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        unsafe { Self([_mm256_sub_ps(self.0[0], b.0[0]), _mm256_sub_ps(self.0[1], b.0[1])]) }
    }

    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        unsafe { Self([_mm256_mul_ps(self.0[0], b.0[0]), _mm256_mul_ps(self.0[1], b.0[1])]) }
    }

    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        unsafe { Self([_mm256_fmadd_ps(self.0[0], b.0[0], c.0[0]), _mm256_fmadd_ps(self.0[1], b.0[1], c.0[1])]) }
    }

    #[inline(always)]
    fn relu(self) -> Self {
        // The instruction gives its second operand when either is NaN.
        unsafe {
            let zero = _mm256_setzero_ps();
            Self([_mm256_max_ps(zero, self.0[0]), _mm256_max_ps(zero, self.0[1])])
        }
    }
}
