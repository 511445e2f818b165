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
        let value = self.value(in_viewport, [0.0, 0.0]);
        let alpha = overlay::saliency_alpha(value, threshold, opacity.clamp(0.0, 1.0));
        let color = overlay::unit_color(overlay::colormap(colormap, value));
        let color = overlay::blend(base, color, alpha * overall);
        let Some(fraction) = contour_fraction else { return color };
        let dx = self.value(in_viewport, [0.5, 0.0]) - self.value(in_viewport, [-0.5, 0.0]);
        let dy = self.value(in_viewport, [0.0, 0.5]) - self.value(in_viewport, [0.0, -0.5]);
        let coverage = overlay::contour_coverage(value, fraction, dx.hypot(dy), contour_px);
        overlay::blend(color, overlay::unit_color(overlay::colormap(colormap, 1.0)), coverage * overall)
    }

    fn value(&self, in_viewport: [f64; 2], offset: [f64; 2]) -> f32 {
        let [x, y] = self.request.transform.to_image([in_viewport[0] + offset[0], in_viewport[1] + offset[1]]);
        saliency::saliency_at(&self.layer.map, x - 0.5, y - 0.5)
    }
}
