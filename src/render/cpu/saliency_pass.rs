//! Twin of `shaders/saliency_pass.wgsl`.

use crate::imaging::{overlay, saliency};
use crate::render::request::{DrawRequest, SaliencyLayer};

pub(crate) struct SaliencyPass<'a> {
    request: &'a DrawRequest,
    layer: &'a SaliencyLayer,
}

impl<'a> SaliencyPass<'a> {
    /// `None` when no map is shown.
    pub fn new(request: &'a DrawRequest) -> Option<Self> {
        request.overlay.shown_saliency().map(|layer| Self { request, layer })
    }

    pub fn over(&self, base: [f32; 3], in_viewport: [f64; 2]) -> [f32; 3] {
        let SaliencyLayer { colormap, opacity, threshold, contour_fraction, contour_px, .. } = *self.layer;
        let overall = self.request.overlay.opacity.clamp(0.0, 1.0);
        let [x, y] = self.request.transform.to_image(in_viewport);
        let (value, slope) = saliency::saliency_and_slope_at(&self.layer.map, x - 0.5, y - 0.5);
        let alpha = overlay::saliency_alpha(value, threshold, opacity.clamp(0.0, 1.0));
        let color = overlay::unit_color(overlay::colormap(colormap, value));
        let color = overlay::blend(base, color, alpha * overall);
        let Some(fraction) = contour_fraction else { return color };
        let [scale_x, scale_y] = self.request.image_px_per_screen_px().map(|scale| scale as f32);
        let gradient = (slope[0] * scale_x).hypot(slope[1] * scale_y);
        let coverage = overlay::contour_coverage(value, fraction, gradient, contour_px);
        overlay::blend(color, overlay::unit_color(overlay::colormap(colormap, 1.0)), coverage * overall)
    }
}
