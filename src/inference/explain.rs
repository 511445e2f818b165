//! A map of one label on demand, by any method; and the input as the network saw it.

use candle_core::Tensor;

use crate::domain::intake::Progress;
use crate::domain::saliency::{SaliencyMap, SaliencyMethod};
use crate::imaging::resample::resize_triangle_antialias;
use crate::inference::error::InferenceError;
use crate::inference::letterbox::Letterbox;
use crate::inference::model::{Model, PictureInput, check_subject};
use crate::inference::model_card::SaliencySpec;
use crate::inference::network::Output;
use crate::inference::preprocess::{Prepared, normalized, prepare, scaled};
use crate::inference::saliency::{RawMap, smooth_map};
use crate::inference::saliency_methods::{from_gradient, gradient, occluded, patches};
use crate::inference::sliding_window::{Tile, Tiling};

/// Exactly what a network is given of one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkInput {
    /// Channels × rows × cols.
    pub values: Vec<f32>,
    pub channels: usize,
    pub rows: usize,
    pub cols: usize,
    /// The picture inside: first row and column, rows, cols; the rest is padding.
    pub picture: [usize; 4],
}

impl Model {
    /// What the network is given of this picture. Of a sliding window, all of it on the network's grid is not one input.
    pub fn input(&self, picture: &PictureInput<'_>) -> Result<NetworkInput, InferenceError> {
        check_subject(picture.subject, picture.instance, picture.frame)?;
        let spec = &self.card().input;
        let Prepared { values, letterbox: Letterbox { top, left, height, width, .. }, .. } =
            prepare(spec, picture.instance, picture.frame)?;
        let (channels, rows, cols) = (spec.channels, spec.rows, spec.cols);
        Ok(NetworkInput { values, channels, rows, cols, picture: [top, left, height, width] })
    }

    /// Of a sliding window: the image's middle tile, without its neighbors' context, which stands as the image itself.
    pub fn tile_input(&self, picture: &PictureInput<'_>) -> Result<NetworkInput, InferenceError> {
        check_subject(picture.subject, picture.instance, picture.frame)?;
        let card = self.card();
        let (values, _) = scaled(&card.input, picture.instance, picture.frame)?;
        let (rows, cols) = (picture.frame.rows() as usize, picture.frame.cols() as usize);
        let spacing = picture.instance.spacing_of(picture.subject.frame);
        let pixel_mm = card.sliding.as_ref().and_then(|spec| spec.pixel_mm).filter(|_| spacing.is_measurable());
        let size = |n: usize, mm: f64| pixel_mm.map_or(n, |pixel| ((n as f64 * mm / pixel).round() as usize).max(1));
        let (to_rows, to_cols) = (size(rows, spacing.row_mm), size(cols, spacing.col_mm));
        let plane = if (to_rows, to_cols) == (rows, cols) {
            values
        } else {
            resize_triangle_antialias(&values, rows, cols, to_rows, to_cols)
        };
        let tiling = Tiling::new((to_rows, to_cols), (card.input.rows, card.input.cols), 0.5);
        let all: Vec<Tile> = tiling.tiles().collect();
        let Some(tile) = all.get(all.len() / 2).copied() else {
            return Err(InferenceError::image("it has no tiles"));
        };
        let cut = tiling.cut(&plane, tile, 0.0);
        let channels = card.input.channels;
        let values =
            (0..channels).flat_map(|channel| cut.iter().map(move |value| normalized(&card.input, channel, *value)));
        let (rows, cols) = (card.input.rows, card.input.cols);
        Ok(NetworkInput { values: values.collect(), channels, rows, cols, picture: [0, 0, rows, cols] })
    }

    /// The map of one label. Occlusion runs the network some two hundred times and asks `cancel` before each.
    pub fn explain(
        &self,
        picture: &PictureInput<'_>,
        label_id: &str,
        method: SaliencyMethod,
        cancel: &dyn Fn() -> bool,
        progress: &dyn Fn(Progress),
    ) -> Result<SaliencyMap, InferenceError> {
        check_subject(picture.subject, picture.instance, picture.frame)?;
        let card = self.card();
        let Some(label_idx) = card.labels.iter().find(|label| label.id == label_id).map(|label| label.index) else {
            return Err(InferenceError::image(format!("the model has no label '{label_id}'")));
        };
        let Some(facts) = card.architecture.classifier() else {
            return Err(InferenceError::image("the model outlines; it has no maps"));
        };
        let Prepared { values, letterbox, .. } = prepare(&card.input, picture.instance, picture.frame)?;
        let raw = match method {
            SaliencyMethod::Occlusion => self.occlusion(&values, label_idx, cancel, progress)?,
            _ => self.raw_map(values, label_idx, method, cancel)?,
        };
        let layer = match method {
            SaliencyMethod::Occlusion => "input".to_owned(),
            _ => facts.feature_layer.to_owned(),
        };
        let spec = SaliencySpec { method, layer, contour_fraction: 0.5 };
        smooth_map(&raw, &letterbox, &spec).map_err(|_| InferenceError::NotFinite { stage: "the saliency map" })
    }

    /// On the feature grid, of a prepared picture.
    pub fn raw_map(
        &self,
        values: Vec<f32>,
        label_idx: usize,
        method: SaliencyMethod,
        cancel: &dyn Fn() -> bool,
    ) -> Result<RawMap, InferenceError> {
        let features = self.features(values, cancel)?;
        let head = |features: &Tensor| self.head(features);
        let gradient = gradient(&features, &head, label_idx)?;
        from_gradient(method, &features, &gradient)?
            .ok_or_else(|| InferenceError::image("this map needs the whole network"))
    }

    /// How much the logit falls when a gray patch lies over the picture, on the grid of patches.
    fn occlusion(
        &self,
        values: &[f32],
        label_idx: usize,
        cancel: &dyn Fn() -> bool,
        progress: &dyn Fn(Progress),
    ) -> Result<RawMap, InferenceError> {
        let (rows, cols) = (self.card().input.rows, self.card().input.cols);
        let logit = |values: Vec<f32>| match self.run_unless(values, cancel)? {
            Output::Classes { logits, .. } => {
                logits.get(label_idx).copied().ok_or(InferenceError::image("the network has no such output"))
            }
            Output::Channels { .. } => Err(InferenceError::image("the model outlines; it has no labels")),
        };
        let before = logit(values.to_vec())?;
        let gray = values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len().max(1) as f64;
        let (all, [n_rows, n_cols]) = patches(rows, cols);
        let n_total = all.len();
        let mut falls = Vec::with_capacity(n_total);
        for (n_done, patch) in all.into_iter().enumerate() {
            progress(Progress { n_done, n_total });
            if cancel() {
                return Err(InferenceError::Cancelled);
            }
            falls.push((before - logit(occluded(values, (rows, cols), patch, gray as f32))?).max(0.0));
        }
        progress(Progress { n_done: n_total, n_total });
        Ok(RawMap { rows: n_rows, cols: n_cols, values: falls })
    }
}
