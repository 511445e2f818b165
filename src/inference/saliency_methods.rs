//! Maps of one label on the feature grid: Grad-CAM, Grad-CAM++ and CAM from a head's gradient, and occlusion from the
//! network alone.

use candle_core::{Result, Tensor, Var};

use crate::domain::saliency::SaliencyMethod;
use crate::inference::saliency::{RawMap, weighted_map};

/// As in the reference implementation (jacobgil/pytorch-grad-cam), so that a flat map does not divide by nothing.
const EPSILON: f64 = 1e-6;

/// A head of global average pooling and a linear layer, or any other that candle can differentiate.
pub type Head<'a> = dyn Fn(&Tensor) -> Result<Tensor> + 'a;

/// The gradient of one label's logit by the feature map, 1×C×h×w.
pub fn gradient(features: &Tensor, head: &Head<'_>, label_idx: usize) -> Result<Tensor> {
    let features = Var::from_tensor(features)?;
    let logit = head(features.as_tensor())?.get(0)?.get(label_idx)?;
    let gradients = logit.backward()?;
    match gradients.get(features.as_tensor()) {
        Some(gradient) => Ok(gradient.clone()),
        None => candle_core::bail!("the head does not depend on the feature map"),
    }
}

/// The raw map of a method that looks at one feature map and its gradient; `None` for occlusion, which does not.
pub fn from_gradient(method: SaliencyMethod, features: &Tensor, gradient: &Tensor) -> Result<Option<RawMap>> {
    let weights = match method {
        SaliencyMethod::GradCam => gradient.mean((2, 3))?,
        // Of a pooled linear head the gradient is W / (h · w): summed over the map it is the class's own weights.
        SaliencyMethod::Cam => gradient.sum((2, 3))?,
        SaliencyMethod::GradCamPlusPlus => plus_plus_weights(features, gradient)?,
        SaliencyMethod::Occlusion => return Ok(None),
    };
    weighted_map(features, &weights).map(Some)
}

/// α = g² / (2 g² + Σ A · g³), weights = Σ α · max(g, 0) over the map (Chattopadhay et al. 2018, equation 19).
fn plus_plus_weights(features: &Tensor, gradient: &Tensor) -> Result<Tensor> {
    let squared = gradient.sqr()?;
    let cubed = (&squared * gradient)?;
    let total = features.sum_keepdim((2, 3))?;
    let below = (((&squared * 2.0)? + total.broadcast_mul(&cubed)?)? + EPSILON)?;
    let alpha = (&squared / &below)?;
    (alpha * gradient.relu()?)?.sum((2, 3))
}

/// Where a patch is put over the input: first row and column, rows and columns covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patch {
    pub top: usize,
    pub left: usize,
    pub rows: usize,
    pub cols: usize,
}

/// A side has this many patches next to one another; they step by half of their own.
const PATCHES_PER_SIDE: usize = 8;

/// The grid of patches over an input of `rows` × `cols`, row by row, and its size.
pub fn patches(rows: usize, cols: usize) -> (Vec<Patch>, [usize; 2]) {
    let side = |size: usize| size.div_ceil(PATCHES_PER_SIDE).max(1);
    let (patch_rows, patch_cols) = (side(rows), side(cols));
    let starts = |size: usize, patch: usize| -> Vec<usize> {
        (0..size).step_by((patch / 2).max(1)).take_while(|start| start + patch / 2 < size).collect()
    };
    let (tops, lefts) = (starts(rows, patch_rows), starts(cols, patch_cols));
    let size = [tops.len(), lefts.len()];
    let patch = |top: usize, left: usize| Patch {
        top,
        left,
        rows: patch_rows.min(rows - top),
        cols: patch_cols.min(cols - left),
    };
    (tops.iter().flat_map(|top| lefts.iter().map(|left| patch(*top, *left))).collect(), size)
}

/// The input, channels × rows × cols, with a patch at `gray`.
pub fn occluded(values: &[f32], (rows, cols): (usize, usize), patch: Patch, gray: f32) -> Vec<f32> {
    let mut covered = values.to_vec();
    for plane in covered.chunks_exact_mut(rows * cols) {
        for line in plane.chunks_exact_mut(cols).skip(patch.top).take(patch.rows) {
            line.iter_mut().skip(patch.left).take(patch.cols).for_each(|value| *value = gray);
        }
    }
    covered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_cover_the_whole_input_in_even_steps() {
        for (rows, cols) in [(224, 224), (44, 58), (8, 9)] {
            let (all, [down, across]) = patches(rows, cols);
            assert_eq!(all.len(), down * across);
            let mut covered = vec![0.0; rows * cols];
            for patch in all {
                covered
                    .iter_mut()
                    .zip(occluded(&vec![0.0; rows * cols], (rows, cols), patch, 1.0))
                    .for_each(|(a, b)| *a += b);
            }
            assert!(covered.iter().all(|n| *n >= 1.0), "{rows} × {cols}");
        }
    }
}
