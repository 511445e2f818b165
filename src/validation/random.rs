//! The seeded source of chance: the same seed gives the same draws on every machine and in every release.

/// xoshiro256++ (Blackman and Vigna 2019), its state filled by SplitMix64.
#[derive(Clone, Debug)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// Streams of one seed are independent of one another: each replicate takes its own, so that their order is free.
    pub fn of(seed: u64, stream: u64) -> Self {
        let mut at = seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95);
        let mut next = || {
            at = at.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = at;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Self { state: [next(), next(), next(), next()] }
    }

    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// Two draws from 0..n by one step; the bias of multiply-shift is below n / 2³².
    pub fn two_below(&mut self, n: u32) -> [usize; 2] {
        let bits = self.bits();
        let one = |half: u64| ((half * u64::from(n)) >> 32) as usize;
        [one(bits >> 32), one(bits & 0xffff_ffff)]
    }

    /// A draw from 0..n; 0 where n is 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// In [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
