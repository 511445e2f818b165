//! NEON: registers of four.
#![expect(unsafe_code, reason = "instructions that not every machine has")]

use std::arch::aarch64::{
    float32x4_t, vaddq_f32, vdupq_n_f32, vfmaq_f32, vld1q_f32, vmaxq_f32, vmulq_f32, vst1q_f32, vsubq_f32,
};

use crate::inference::cpu::isa::{Register, Wide, Work};

#[derive(Clone, Copy)]
struct Vector(float32x4_t);

pub fn run(work: impl Work) {
    #[target_feature(enable = "neon")]
    fn enter(work: impl Work) {
        work.with::<Wide<Vector, 4>>();
    }
    assert!(std::arch::is_aarch64_feature_detected!("neon"), "the machine lacks the instructions");
    // SAFETY: the assertion has shown that the machine has the instructions.
    unsafe { enter(work) }
}

// SAFETY of every block below: `Vector` is private and only `run` hands it out, which checks for the instructions; the
// caller of `load` and `store` answers for their places.
impl Register for Vector {
    const WIDTH: usize = 4;
    const TILE_PIXELS: usize = 6;
    const TILE_PANELS: usize = 1;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self(unsafe { vdupq_n_f32(value) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { vld1q_f32(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { vst1q_f32(to, self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(unsafe { vaddq_f32(self.0, other.0) })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(unsafe { vsubq_f32(self.0, other.0) })
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(unsafe { vmulq_f32(self.0, other.0) })
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        Self(unsafe { vfmaq_f32(term.0, self.0, factor.0) })
    }

    #[inline(always)]
    fn relu(self) -> Self {
        // Gives NaN when either operand is.
        Self(unsafe { vmaxq_f32(vdupq_n_f32(0.0), self.0) })
    }
}
