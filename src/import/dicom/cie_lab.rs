//! Colors as objects recommend them (PS3.3 C.10.7.1.1): CIELab in 16 bits, white point D50, as sRGB for the screen.

/// `None` for what are not three numbers.
pub fn srgb(encoded: &[f64]) -> Option<[u8; 3]> {
    let [l, a, b] = encoded else { return None };
    let in_range = |value: f64, low: f64, high: f64| low + value.clamp(0.0, 65_535.0) / 65_535.0 * (high - low);
    let (l, a, b) = (in_range(*l, 0.0, 100.0), in_range(*a, -128.0, 127.0), in_range(*b, -128.0, 127.0));
    let fy = (l + 16.0) / 116.0;
    let straight = |f: f64| if f.powi(3) > 216.0 / 24_389.0 { f.powi(3) } else { (116.0 * f - 16.0) * 27.0 / 24_389.0 };
    const WHITE: [f64; 3] = [0.964_22, 1.0, 0.825_21];
    let [white_x, white_y, white_z] = WHITE;
    let (x, y, z) = (white_x * straight(fy + a / 500.0), white_y * straight(fy), white_z * straight(fy - b / 200.0));
    // XYZ under D50 to linear sRGB, Bradford's adaptation included (Lindbloom)
    const FROM_XYZ: [[f64; 3]; 3] = [
        [3.133_856_1, -1.616_866_7, -0.490_614_6],
        [-0.978_768_4, 1.916_141_5, 0.033_454],
        [0.071_945_3, -0.228_991_4, 1.405_242_7],
    ];
    let channel = |[of_x, of_y, of_z]: [f64; 3]| {
        let value = (of_x * x + of_y * y + of_z * z).clamp(0.0, 1.0);
        let bent = if value <= 0.003_130_8 { 12.92 * value } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
        (bent * 255.0).round() as u8
    };
    Some(FROM_XYZ.map(channel))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_black_and_a_red_come_back() {
        assert_eq!(srgb(&[65_535.0, 32_896.0, 32_896.0]), Some([255, 255, 255]));
        assert_eq!(srgb(&[0.0, 32_896.0, 32_896.0]), Some([0, 0, 0]));
        // L* 54.29, a* 80.8, b* 69.9
        let [r, g, b] = srgb(&[35_580.0, 53_661.0, 50_860.0]).unwrap();
        assert!(r > 250 && g < 20 && b < 20, "{r} {g} {b}");
        assert_eq!(srgb(&[1.0]), None);
    }
}
