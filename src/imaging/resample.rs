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
