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

use std::fmt;

/// Numbers per step, whatever the width of a register.
pub const LANES: usize = 16;

/// One register of the machine.
pub trait Register: Copy {
    /// Numbers it holds; a divisor of [`LANES`].
    const WIDTH: usize;
    /// As in [`Lanes`].
    const TILE_PIXELS: usize;
    /// As in [`Lanes`].
    const TILE_PANELS: usize;

    fn splat(value: f32) -> Self;
    /// # Safety
    /// `WIDTH` numbers can be read from `from` on.
    #[expect(unsafe_code, reason = "steps with dozens of loads check their bounds once for all")]
    unsafe fn load(from: *const f32) -> Self;
    /// # Safety
    /// `WIDTH` numbers can be written from `to` on.
    #[expect(unsafe_code, reason = "as for `load`")]
    unsafe fn store(self, to: *mut f32);
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// `self · factor + term`, rounded once where the machine can.
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// `max(self, 0)` that keeps NaN.
    fn relu(self) -> Self;
}

/// Sixteen `f32`, in as many registers as that takes.
pub trait Lanes: Copy {
    /// One of them: for steps that keep dozens of values at once.
    type Register: Register;
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

/// `N` registers as sixteen lanes.
#[derive(Clone, Copy)]
struct Wide<R, const N: usize>([R; N]);

impl<R: Register, const N: usize> Wide<R, N> {
    const IS_SIXTEEN: () = assert!(R::WIDTH * N == LANES, "sixteen lanes in all");
}

impl<R: Register, const N: usize> Lanes for Wide<R, N> {
    type Register = R;
    const TILE_PIXELS: usize = R::TILE_PIXELS;
    const TILE_PANELS: usize = R::TILE_PANELS;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([R::splat(value); N])
    }

    #[inline(always)]
    #[expect(unsafe_code, reason = "registers that do not take arrays")]
    fn load(values: &[f32; LANES]) -> Self {
        const { Self::IS_SIXTEEN }
        let mut result = Self::splat(0.0);
        for (i, register) in result.0.iter_mut().enumerate() {
            // SAFETY: `i < N`, and N registers are as long as the array.
            *register = unsafe { R::load(values.as_ptr().add(i * R::WIDTH)) };
        }
        result
    }

    #[inline(always)]
    #[expect(unsafe_code, reason = "registers that do not take arrays")]
    fn store(self, values: &mut [f32; LANES]) {
        const { Self::IS_SIXTEEN }
        for (i, register) in self.0.into_iter().enumerate() {
            // SAFETY: `i < N`, and N registers are as long as the array.
            unsafe { register.store(values.as_mut_ptr().add(i * R::WIDTH)) };
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let mut result = self;
        for (a, b) in result.0.iter_mut().zip(other.0) {
            *a = a.add(b);
        }
        result
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let mut result = self;
        for (a, b) in result.0.iter_mut().zip(other.0) {
            *a = a.sub(b);
        }
        result
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let mut result = self;
        for (a, b) in result.0.iter_mut().zip(other.0) {
            *a = a.mul(b);
        }
        result
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        let mut result = self;
        for ((a, factor), term) in result.0.iter_mut().zip(factor.0).zip(term.0) {
            *a = a.mul_add(factor, term);
        }
        result
    }

    #[inline(always)]
    fn relu(self) -> Self {
        let mut result = self;
        for a in &mut result.0 {
            *a = a.relu();
        }
        result
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
    /// Plain arrays in the tiles of the widest set, so that its shapes are tested where the set is missing.
    PortableWide,
}

/// Names the instruction set to use, or `candle`: for tests and for machines whose best set disappoints.
pub const ISA_VARIABLE: &str = "OVERREAD_ISA";

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "neon",
            Self::Portable => "portable",
            Self::PortableWide => "portable_wide",
        })
    }
}

impl Isa {
    /// The one that [`ISA_VARIABLE`] names, else the best; `None` when it says `candle`.
    pub fn chosen() -> Option<Self> {
        match std::env::var(ISA_VARIABLE).as_deref() {
            Ok("candle") => None,
            Ok(name) => Some(Self::named(name).unwrap_or_else(|| {
                log::warn!("{ISA_VARIABLE} names no instruction set of this machine; the best is used");
                Self::detect()
            })),
            Err(_) => Some(Self::detect()),
        }
    }

    /// The one of this name, if this machine has it.
    pub fn named(name: &str) -> Option<Self> {
        Self::available().into_iter().chain([Self::PortableWide]).find(|isa| isa.to_string() == name)
    }

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
            Self::PortableWide => portable::run_wide(work),
        }
    }
}
