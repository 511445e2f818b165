//! Instruction sets: sixteen numbers at a time, in whatever registers the machine has.
//!
//! An algorithm is written once over [`Lanes`] and compiled once per set; [`Isa::run`] enters the right copy. All that
//! is inlined into that copy must be marked `#[inline(always)]`, or it would be compiled for the oldest machine.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

/// Numbers per step, whatever the width of a register.
pub const LANES: usize = 16;

/// Sixteen `f32`.
pub trait Lanes: Copy {
    /// Pixels of one kernel tile when it covers one panel of 16 outputs; the accumulators must fit the registers.
    const TILE_PIXELS: usize;
    /// Panels of 16 outputs that one tile covers, 1 or 2.
    const TILE_PANELS: usize;

    fn splat(value: f32) -> Self;
    fn load(values: &[f32; LANES]) -> Self;
    fn store(self, values: &mut [f32; LANES]);
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// `self · factor + term`, rounded once where the machine can.
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// `max(self, 0)` that keeps NaN.
    fn relu(self) -> Self;

    /// The first sixteen of a slice that has as many; NaN otherwise, which no test overlooks.
    #[inline(always)]
    fn load_whole(values: &[f32]) -> Self {
        match values.first_chunk::<LANES>() {
            Some(whole) => Self::load(whole),
            None => Self::splat(f32::NAN),
        }
    }

    /// To the first sixteen of a slice that has as many.
    #[inline(always)]
    fn store_whole(self, values: &mut [f32]) {
        if let Some(whole) = values.first_chunk_mut::<LANES>() {
            self.store(whole);
        }
    }

    /// The first numbers of a slice; zeros behind its end.
    #[inline(always)]
    fn load_some(values: &[f32]) -> Self {
        match values.first_chunk::<LANES>() {
            Some(whole) => Self::load(whole),
            None => {
                let mut padded = [0.0; LANES];
                for (to, from) in padded.iter_mut().zip(values) {
                    *to = *from;
                }
                Self::load(&padded)
            }
        }
    }

    /// As many as the slice has room for.
    #[inline(always)]
    fn store_some(self, values: &mut [f32]) {
        match values.first_chunk_mut::<LANES>() {
            Some(whole) => self.store(whole),
            None => {
                let mut padded = [0.0; LANES];
                self.store(&mut padded);
                for (to, from) in values.iter_mut().zip(padded) {
                    *to = from;
                }
            }
        }
    }
}

/// Something to compute once compiled for an instruction set. `with` is marked `#[inline(always)]`.
pub trait Work {
    fn with<L: Lanes>(self);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    Portable,
}

impl Isa {
    /// The best this machine has.
    pub fn detect() -> Self {
        Self::available().first().copied().unwrap_or(Self::Portable)
    }

    /// All this machine has, best first.
    pub fn available() -> Vec<Self> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("fma") {
                found.push(Self::Avx512);
            }
            if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
                found.push(Self::Avx2);
            }
        }
        #[cfg(target_arch = "aarch64")]
        found.push(Self::Neon);
        found.push(Self::Portable);
        found
    }

    /// Runs the copy of `work` that was compiled for this set. A set the machine lacks is never entered.
    pub fn run(self, work: impl Work) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::run(work),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::run(work),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => neon::run(work),
            Self::Portable => portable::run(work),
        }
    }
}
