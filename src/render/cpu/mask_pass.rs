//! Twin of `shaders/mask_pass.wgsl`.

use crate::imaging::overlay;
use crate::render::live_labels::LiveLayer;
use crate::render::mask_pass::{self, Labels};
use crate::render::request::{DrawRequest, MAX_SEGMENTS};

pub(crate) struct MaskPass<'a> {
    request: &'a DrawRequest,
    labels: Labels,
    level: usize,
    visible: u32,
    colors: Vec<([f32; 3], f32)>,
    first_opaque: usize,
}

impl<'a> MaskPass<'a> {
    /// `None` when no mask is shown.
    pub fn new(request: &'a DrawRequest) -> Option<Self> {
        let layers = request.overlay.shown_looks();
        if layers.is_empty() {
            return None;
        }
        let level = mask_pass::level(request);
        let labels = mask_pass::labels_of_level(request, level)?;
        let look = |layer: &LiveLayer| (overlay::unit_color(layer.color), layer.opacity.clamp(0.0, 1.0));
        let colors = layers.iter().take(MAX_SEGMENTS).map(look).collect();
        Some(Self {
            request,
            labels,
            level,
            visible: mask_pass::visible_bits(&layers),
            colors,
            first_opaque: request.overlay.first_opaque(),
        })
    }

    pub fn over(&self, base: [f32; 3], in_viewport: [f64; 2]) -> [f32; 3] {
        let here = self.labels(in_viewport) & self.visible;
        if here == 0 {
            return base;
        }
        let overlay = &self.request.overlay;
        let reach = f64::from(overlay.outline_px.max(0.0));
        let around = overlay::OUTLINE_DIRECTIONS.iter().fold(u32::MAX, |around, [dx, dy]| {
            let probe = [in_viewport[0] + f64::from(*dx) * reach, in_viewport[1] + f64::from(*dy) * reach];
            around & self.labels(probe)
        });
        let mut color = base;
        for (segment, (segment_color, opacity)) in self.colors.iter().enumerate().filter(|(i, _)| here >> i & 1 == 1) {
            let is_outline = around >> segment & 1 == 0;
            let of_mask = overlay::mask_alpha(true, is_outline, overlay.fill_opacity.clamp(0.0, 1.0));
            let is_opaque = segment >= self.first_opaque;
            let alpha = if is_opaque { 1.0 } else { of_mask * overlay.opacity.clamp(0.0, 1.0) * opacity };
            color = overlay::blend(color, *segment_color, alpha);
        }
        color
    }

    fn labels(&self, in_viewport: [f64; 2]) -> u32 {
        let [x, y] = self.request.transform.to_image(in_viewport);
        let (cols, rows) = (f64::from(self.request.frame.cols()), f64::from(self.request.frame.rows()));
        if x < 0.0 || y < 0.0 || x >= cols || y >= rows {
            return 0;
        }
        self.labels.at(x as u32, y as u32, self.level)
    }
}
