//! Grad-CAM (Selvaraju et al. 2017, <https://arxiv.org/abs/1610.02391>): where a network looked, not where disease is.
//!
//! For a head of global average pooling and one linear layer the gradient is known in closed form; the general way
//! takes the feature map as a variable and asks candle. Both are tested to agree.

use candle_core::{Result, Tensor, Var};

use crate::domain::finding::Place;
use crate::domain::geometry::PixelBox;
use crate::domain::intake::Notice;
use crate::domain::mask::Mask;
use crate::domain::saliency::{SaliencyError, SaliencyFacts, SaliencyMap};
use crate::inference::letterbox::Letterbox;
use crate::inference::model_card::SaliencySpec;
use crate::segmentation::components;

/// A raw map on the feature grid, never negative.
#[derive(Clone, Debug, PartialEq)]
pub struct RawMap {
    pub rows: usize,
    pub cols: usize,
    pub values: Vec<f32>,
}

/// Grad-CAM of every label for a head `logit = W · mean(features) + b`: the gradient is `W / (h · w)` everywhere.
///
/// `features` is 1×C×h×w, `head_weight` is labels×C.
pub fn grad_cam_closed_form(features: &Tensor, head_weight: &Tensor) -> Result<Vec<RawMap>> {
    let (_, n_channels, rows, cols) = features.dims4()?;
    let flat = features.reshape((n_channels, rows * cols))?;
    let weights = (head_weight / (rows * cols) as f64)?;
    let maps = weights.matmul(&flat)?.relu()?.to_vec2::<f32>()?;
    Ok(maps.into_iter().map(|values| RawMap { rows, cols, values }).collect())
}

/// Grad-CAM of one label for any head, by candle's gradient.
pub fn grad_cam(features: &Tensor, head: &dyn Fn(&Tensor) -> Result<Tensor>, label_idx: usize) -> Result<RawMap> {
    let features = Var::from_tensor(features)?;
    let logit = head(features.as_tensor())?.get(0)?.get(label_idx)?;
    let gradients = logit.backward()?;
    let Some(gradient) = gradients.get(features.as_tensor()) else {
        candle_core::bail!("the head does not depend on the feature map")
    };
    weighted_map(&features.as_tensor().detach(), &gradient.mean((2, 3))?)
}

/// The channels of a feature map, 1×C×h×w, added with these weights, what is negative left out.
pub fn weighted_map(features: &Tensor, weights: &Tensor) -> Result<RawMap> {
    let (_, n_channels, rows, cols) = features.dims4()?;
    let flat = features.reshape((n_channels, rows * cols))?;
    let values = weights.reshape((1, n_channels))?.matmul(&flat)?.relu()?.flatten_all()?.to_vec1::<f32>()?;
    Ok(RawMap { rows, cols, values })
}

/// The map on the network's grid, scaled to its peak. A map without any positive value stays all 0.
pub fn smooth_map(
    raw: &RawMap,
    letterbox: &Letterbox,
    spec: &SaliencySpec,
) -> std::result::Result<SaliencyMap, SaliencyError> {
    let upsampled = upsample_cubic(raw, letterbox.rows, letterbox.cols);
    let peak = upsampled.iter().copied().fold(0.0, f32::max);
    let scaled = |value: f32| if peak > 0.0 { (value / peak).clamp(0.0, 1.0) } else { 0.0 };
    let facts = SaliencyFacts {
        method: spec.method.word().to_owned(),
        layer: spec.layer.clone(),
        raw_peak: peak,
        map_from_source: letterbox.map_from_source(),
        source_rows: narrow(letterbox.source_rows),
        source_cols: narrow(letterbox.source_cols),
    };
    let values = upsampled.into_iter().map(scaled).collect();
    SaliencyMap::new(narrow(letterbox.rows), narrow(letterbox.cols), values, facts)
}

/// The box around the region that holds the peak and reaches the card's fraction of it.
pub fn place_of(map: &SaliencyMap, letterbox: &Letterbox, contour_fraction: f64) -> (Place, Option<Notice>) {
    if map.facts().raw_peak <= 0.0 {
        return (Place::WholeImage, None);
    }
    let picture = letterbox.crop(map.values());
    let inside: Vec<u8> = picture.iter().map(|value| u8::from(f64::from(*value) >= contour_fraction)).collect();
    let peak_idx = picture.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(index, _)| index);
    let (row, col) = (narrow(peak_idx / letterbox.width), narrow(peak_idx % letterbox.width));
    let region = Mask::from_dense(narrow(letterbox.height), narrow(letterbox.width), &inside)
        .ok()
        .and_then(|mask| components::components(&mask).into_iter().find(|part| part.contains(row, col)))
        .and_then(|part| part.bounds());
    match region {
        Some(bounds) => (Place::Region { region: to_source(bounds, letterbox) }, None),
        None => {
            let text = "The network looked at the padding around the picture; no place can be given";
            (Place::WholeImage, Some(Notice::new("saliency_in_padding", text)))
        }
    }
}

/// From the picture's grid inside the network's input to the source; both in pixel-edge coordinates.
fn to_source(bounds: PixelBox, letterbox: &Letterbox) -> PixelBox {
    let x = letterbox.crop_cols as f64 / letterbox.width as f64;
    let y = letterbox.crop_rows as f64 / letterbox.height as f64;
    let (left, top) = (letterbox.crop_left as f64, letterbox.crop_top as f64);
    PixelBox { x0: left + bounds.x0 * x, y0: top + bounds.y0 * y, x1: left + bounds.x1 * x, y1: top + bounds.y1 * y }
}

/// Catmull-Rom between pixel centres (half-pixel grids), the border repeated.
pub fn upsample_cubic(raw: &RawMap, rows: usize, cols: usize) -> Vec<f32> {
    let across = taps(raw.cols, cols);
    let widened: Vec<Vec<f64>> = raw
        .values
        .chunks_exact(raw.cols)
        .map(|row| across.iter().map(|taps| weighted(taps, |i| row.get(i).copied().map_or(0.0, f64::from))).collect())
        .collect();
    let down = taps(raw.rows, rows);
    let mut upsampled = Vec::with_capacity(rows * cols);
    for taps in &down {
        for col in 0..cols {
            let value = weighted(taps, |i| widened.get(i).and_then(|row| row.get(col)).copied().unwrap_or(0.0));
            upsampled.push(value as f32);
        }
    }
    upsampled
}

type Taps = [(usize, f64); 4];

fn taps(n_in: usize, n_out: usize) -> Vec<Taps> {
    let last = n_in.saturating_sub(1) as f64;
    let of = |i: usize| {
        let center = (i as f64 + 0.5) * n_in as f64 / n_out as f64 - 0.5;
        let base = center.floor();
        let t = center - base;
        // Catmull and Rom 1974; the weights sum to 1.
        let weights = [
            ((2.0 - t) * t - 1.0) * t / 2.0,
            ((3.0 * t - 5.0) * t * t + 2.0) / 2.0,
            ((4.0 - 3.0 * t) * t + 1.0) * t / 2.0,
            (t - 1.0) * t * t / 2.0,
        ];
        let index = |offset: f64| (base + offset).clamp(0.0, last) as usize;
        let [w0, w1, w2, w3] = weights;
        [(index(-1.0), w0), (index(0.0), w1), (index(1.0), w2), (index(2.0), w3)]
    };
    (0..n_out).map(of).collect()
}

fn weighted(taps: &Taps, at: impl Fn(usize) -> f64) -> f64 {
    taps.iter().map(|(index, weight)| at(*index) * weight).sum()
}

/// Grids are at most a few thousand pixels wide.
fn narrow(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cubic_upsample_keeps_constants_and_ramps() {
        let flat = RawMap { rows: 2, cols: 3, values: vec![0.25; 6] };
        assert!(upsample_cubic(&flat, 16, 24).iter().all(|value| (value - 0.25).abs() < 1e-6));
        let ramp = RawMap { rows: 1, cols: 8, values: (0..8_u8).map(f32::from).collect() };
        let upsampled = upsample_cubic(&ramp, 1, 32);
        // Away from the repeated border the cubic reproduces a straight line.
        for (i, value) in upsampled.iter().enumerate().skip(8).take(16) {
            assert!((f64::from(*value) - ((i as f64 + 0.5) / 4.0 - 0.5)).abs() < 1e-6, "{i}: {value}");
        }
    }

    #[test]
    fn a_cubic_upsample_is_pils_bicubic_away_from_the_border() {
        let row = RawMap { rows: 1, cols: 8, values: vec![0.0, 1.0, 0.0, 3.0, 9.0, 2.0, 0.0, 5.0] };
        let pil = [0.111111, 0.0, 0.592593, 1.62963, 3.0, 5.259259, 7.851852, 9.0, 7.444445, 4.444445, 2.0, 0.703704];
        let upsampled = upsample_cubic(&row, 1, 24);
        for (found, expected) in upsampled.iter().skip(6).zip(pil) {
            assert!((f64::from(*found) - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
}
