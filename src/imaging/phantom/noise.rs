//! Noise that is the same on every machine: a counter, mixed.

/// SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub struct SplitMix {
    state: u64,
}

impl SplitMix {
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A stream of its own for each `lane`, so that lanes can run in parallel.
    pub fn lane(seed: u64, lane: u64) -> Self {
        let mut mixer = Self::new(seed ^ lane.wrapping_mul(0xD1B5_4A32_D192_ED03));
        Self::new(mixer.next_u64())
    }

    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 to 1, without 1.
    pub fn uniform(&mut self) -> f64 {
        let high = u32::try_from(self.next_u64() >> 32).unwrap_or(0);
        f64::from(high) / 4_294_967_296.0
    }

    /// Mean 0, variance 1: four 16-bit uniforms summed, whose sum of variances is 1/3.
    pub fn normal(&mut self) -> f64 {
        let bits = self.next_u64();
        let sum: f64 =
            [0, 16, 32, 48].map(|shift| f64::from(u16::try_from((bits >> shift) & 0xFFFF).unwrap_or(0))).iter().sum();
        (sum / 65_536.0 - 2.0) * 3.0_f64.sqrt()
    }
}

/// In place, `rows` × `cols`: each sample becomes the binomial mean of its 3 × 3 neighbours.
pub fn smooth_3x3(image: &mut [f32], cols: usize) {
    let source = image.to_vec();
    let rows = source.len() / cols.max(1);
    for row in 0..rows {
        for col in 0..cols {
            let mut sum = 0.0;
            for (dr, weight_row) in [(0, 1.0), (1, 2.0), (2, 1.0)] {
                let r = (row + dr).saturating_sub(1).min(rows - 1);
                for (dc, weight_col) in [(0, 1.0), (1, 2.0), (2, 1.0)] {
                    let c = (col + dc).saturating_sub(1).min(cols - 1);
                    sum += weight_row * weight_col * source.get(r * cols + c).copied().unwrap_or(0.0);
                }
            }
            if let Some(sample) = image.get_mut(row * cols + col) {
                *sample = sum / 16.0;
            }
        }
    }
}

/// What [`smooth_3x3`] leaves of white noise's standard deviation: 6/16, the root of the sum of squared weights.
pub const SMOOTH_3X3_GAIN: f64 = 0.375;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noise_has_mean_0_and_variance_1_and_repeats_itself() {
        let mut random = SplitMix::lane(7, 3);
        let values: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = values.iter().sum::<f64>() / 20_000.0;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
        assert_eq!(SplitMix::lane(7, 3).next_u64(), SplitMix::lane(7, 3).next_u64());
        assert_ne!(SplitMix::lane(7, 3).next_u64(), SplitMix::lane(7, 4).next_u64());
    }
}
