//! NEON: four registers of four.
#![expect(unsafe_code, reason = "instructions that not every machine has")]

use std::arch::aarch64::{
    float32x4_t, vaddq_f32, vdupq_n_f32, vfmaq_f32, vld1q_f32, vmaxq_f32, vmulq_f32, vst1q_f32, vsubq_f32,
};

use crate::inference::cpu::isa::{LANES, Lanes, Work};

#[derive(Clone, Copy)]
struct Registers([float32x4_t; 4]);

pub fn run(work: impl Work) {
    #[target_feature(enable = "neon")]
    fn enter(work: impl Work) {
        work.with::<Registers>();
    }
    assert!(std::arch::is_aarch64_feature_detected!("neon"), "the machine lacks the instructions");
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
        Self([unsafe { vdupq_n_f32(value) }; 4])
    }

    #[inline(always)]
    fn load(values: &[f32; LANES]) -> Self {
        let p = values.as_ptr();
        unsafe { Self([vld1q_f32(p), vld1q_f32(p.add(4)), vld1q_f32(p.add(8)), vld1q_f32(p.add(12))]) }
    }

    #[inline(always)]
    fn store(self, values: &mut [f32; LANES]) {
        let p = values.as_mut_ptr();
        unsafe {
            vst1q_f32(p, self.0[0]);
            vst1q_f32(p.add(4), self.0[1]);
            vst1q_f32(p.add(8), self.0[2]);
            vst1q_f32(p.add(12), self.0[3]);
        }
    }

    #[inline(always)]
    fn add(self, b: Self) -> Self {
        unsafe {
            Self([
                vaddq_f32(self.0[0], b.0[0]),
                vaddq_f32(self.0[1], b.0[1]),
                vaddq_f32(self.0[2], b.0[2]),
                vaddq_f32(self.0[3], b.0[3]),
            ])
        }
    }

    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        unsafe {
            Self([
                vsubq_f32(self.0[0], b.0[0]),
                vsubq_f32(self.0[1], b.0[1]),
                vsubq_f32(self.0[2], b.0[2]),
                vsubq_f32(self.0[3], b.0[3]),
            ])
        }
    }

    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        unsafe {
            Self([
                vmulq_f32(self.0[0], b.0[0]),
                vmulq_f32(self.0[1], b.0[1]),
                vmulq_f32(self.0[2], b.0[2]),
                vmulq_f32(self.0[3], b.0[3]),
            ])
        }
    }

    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        unsafe {
            Self([
                vfmaq_f32(c.0[0], self.0[0], b.0[0]),
                vfmaq_f32(c.0[1], self.0[1], b.0[1]),
                vfmaq_f32(c.0[2], self.0[2], b.0[2]),
                vfmaq_f32(c.0[3], self.0[3], b.0[3]),
            ])
        }
    }

    #[inline(always)]
    fn relu(self) -> Self {
        // Gives NaN when either operand is.
        unsafe {
            let zero = vdupq_n_f32(0.0);
            Self([
                vmaxq_f32(zero, self.0[0]),
                vmaxq_f32(zero, self.0[1]),
                vmaxq_f32(zero, self.0[2]),
                vmaxq_f32(zero, self.0[3]),
            ])
        }
    }
}
