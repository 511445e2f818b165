//! Inverse DCT in integers: Loeffler, Ligtenberg and Moschytz (ICASSP 1989), as the reference library computes it.

const CONST_BITS: u32 = 13;

/// Coefficients in natural order, dequantized, to samples of `precision` bits.
pub fn inverse(block: &[i32; 64], precision: u32) -> [u16; 64] {
    // One guard bit fewer for 12-bit samples, as in the reference library
    let pass_bits = if precision > 8 { 1 } else { 2 };
    let mut work = [0_i64; 64];
    for col in 0..8 {
        let column: [i64; 8] = std::array::from_fn(|row| i64::from(block[row * 8 + col]));
        let out = transform(column);
        for (row, value) in out.into_iter().enumerate() {
            work[row * 8 + col] = descale(value, CONST_BITS - pass_bits);
        }
    }
    let center = 1_i64 << (precision - 1);
    let peak = (1_i64 << precision) - 1;
    let mut samples = [0_u16; 64];
    for (row, out_row) in work.as_chunks::<8>().0.iter().zip(samples.as_chunks_mut::<8>().0) {
        for (value, place) in transform(*row).into_iter().zip(out_row) {
            *place = (descale(value, CONST_BITS + pass_bits + 3) + center).clamp(0, peak) as u16;
        }
    }
    samples
}

fn descale(value: i64, n: u32) -> i64 {
    (value + (1 << (n - 1))) >> n
}

/// One dimension, scaled up by 2^13.
fn transform([i0, i1, i2, i3, i4, i5, i6, i7]: [i64; 8]) -> [i64; 8] {
    let z1 = (i2 + i6) * 4_433;
    let (even2, even3) = (z1 - i6 * 15_137, z1 + i2 * 6_270);
    let (sum, difference) = ((i0 + i4) << CONST_BITS, (i0 - i4) << CONST_BITS);
    let (t10, t13, t11, t12) = (sum + even3, sum - even3, difference + even2, difference - even2);
    let (z1, z2, z3, z4) = (i7 + i1, i5 + i3, i7 + i3, i5 + i1);
    let z5 = (z3 + z4) * 9_633;
    let (z1, z2) = (-z1 * 7_373, -z2 * 20_995);
    let (z3, z4) = (z5 - z3 * 16_069, z5 - z4 * 3_196);
    let odd0 = i7 * 2_446 + z1 + z3;
    let odd1 = i5 * 16_819 + z2 + z4;
    let odd2 = i3 * 25_172 + z2 + z3;
    let odd3 = i1 * 12_299 + z1 + z4;
    [t10 + odd3, t11 + odd2, t12 + odd1, t13 + odd0, t13 - odd0, t12 - odd1, t11 - odd2, t10 - odd3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_block_is_its_mean() {
        let mut block = [0; 64];
        block[0] = 80;
        assert_eq!(inverse(&block, 12), [2_058; 64]);
        assert_eq!(inverse(&block, 8), [138; 64]);
    }
}
