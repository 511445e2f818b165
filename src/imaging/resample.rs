//! Changing the size of a picture before a network sees it.

/// Bilinear with antialiasing: a triangle kernel that widens by the shrink ratio, as PIL's `BILINEAR` and PyTorch's
/// `interpolate(mode="bilinear", antialias=True)` have it. Horizontal first, then vertical. Row-major.
///
/// Empty when a side is 0 or `src` does not fill `rows` × `cols`.
pub fn resize_triangle_antialias(src: &[f32], rows: usize, cols: usize, out_rows: usize, out_cols: usize) -> Vec<f32> {
    if rows == 0 || cols == 0 || out_rows == 0 || out_cols == 0 || src.len() != rows * cols {
        return Vec::new();
    }
    let horizontal = kernels(cols, out_cols);
    let mut narrowed = Vec::with_capacity(rows * out_cols);
    for row in src.chunks_exact(cols) {
        narrowed.extend(horizontal.iter().map(|kernel| {
            let taps = row.iter().skip(kernel.first).zip(&kernel.weights);
            taps.map(|(value, weight)| f64::from(*value) * weight).sum::<f64>() as f32
        }));
    }
    let mut resized = Vec::with_capacity(out_rows * out_cols);
    let mut sums = vec![0.0_f64; out_cols];
    for kernel in kernels(rows, out_rows) {
        sums.fill(0.0);
        for (row, weight) in narrowed.chunks_exact(out_cols).skip(kernel.first).zip(&kernel.weights) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += f64::from(*value) * weight;
            }
        }
        resized.extend(sums.iter().map(|sum| *sum as f32));
    }
    resized
}

/// The input samples that make one output sample; weights sum to 1.
struct Kernel {
    first: usize,
    weights: Vec<f64>,
}

/// One kernel per output sample (PIL's `precompute_coeffs`).
fn kernels(n_in: usize, n_out: usize) -> Vec<Kernel> {
    let scale = n_in as f64 / n_out as f64;
    let support = scale.max(1.0);
    let kernel_at = |i: usize| {
        let center = (i as f64 + 0.5) * scale;
        let first = (center - support + 0.5).floor().max(0.0) as usize;
        let end = ((center + support + 0.5).floor() as usize).min(n_in);
        let raw = (first..end).map(|x| (1.0 - ((x as f64 - center + 0.5) / support).abs()).max(0.0));
        let raw: Vec<f64> = raw.collect();
        let total: f64 = raw.iter().sum();
        Kernel { first, weights: raw.into_iter().map(|weight| weight / total).collect() }
    };
    (0..n_out).map(kernel_at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values by PIL 12, `Image.fromarray(a, "F").resize((out_cols, out_rows), Image.BILINEAR)`; PyTorch's
    /// `interpolate(mode="bilinear", antialias=True)` agrees within 1e-5.
    fn check([rows, cols, out_rows, out_cols]: [usize; 4], expected: &[f32]) {
        let src: Vec<f32> = (0..rows * cols).map(|i| ((i * 7919) % 101) as f32).collect();
        let resized = resize_triangle_antialias(&src, rows, cols, out_rows, out_cols);
        assert_eq!(resized.len(), expected.len());
        for (actual, expected) in resized.iter().zip(expected) {
            assert!((actual - expected).abs() < 2e-5, "{resized:?}");
        }
    }

    #[test]
    fn shrinking_matches_pil() {
        check([5, 7, 3, 2], &[43.55149, 41.76412, 50.06202, 51.55555, 56.34883, 61.27243]);
        let expected = [
            47.38334, 51.05333, 50.90815, 50.88417, 51.33382, 48.94053, 49.6183, 47.15073, 50.58583, 49.92593,
            48.95778, 52.9925,
        ];
        check([16, 12, 3, 4], &expected);
    }

    #[test]
    fn growing_matches_pil() {
        let expected = [
            0.0, 20.5, 47.83333, 75.16666, 52.0, 22.0, 25.2, 25.5, 32.63333, 59.96667, 57.0, 47.2, 63.0, 33.0, 9.83333,
            37.16667, 64.5, 85.0, 40.2, 40.5, 37.53333, 24.46667, 41.7, 62.2, 25.0, 45.5, 56.0, 16.0, 26.5, 47.0,
        ];
        check([3, 4, 5, 6], &expected);
    }

    #[test]
    fn one_side_alone_matches_pil() {
        let expected = [
            29.28572, 52.0, 31.42857, 58.85714, 45.5, 32.14286, 59.57143, 39.0, 61.71429, 45.85714, 45.125, 62.42857,
            46.57143, 63.875, 63.14286, 47.28571, 70.0, 49.42857,
        ];
        check([6, 6, 6, 3], &expected);
    }

    #[test]
    fn the_same_size_changes_nothing_and_nonsense_is_empty() {
        assert_eq!(resize_triangle_antialias(&[1.0, 2.0, 3.0, 4.0], 2, 2, 2, 2), [1.0, 2.0, 3.0, 4.0]);
        assert!(resize_triangle_antialias(&[1.0], 2, 2, 1, 1).is_empty());
        assert!(resize_triangle_antialias(&[], 0, 0, 1, 1).is_empty());
    }
}
