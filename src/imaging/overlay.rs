//! What is laid over the picture, and how it blends: functions on f32 that `shaders/shared` repeats word for word.
//!
//! Colors are sRGB-encoded 0 to 1 and blend as they stand, as egui and browsers do. Opacity is constant wherever
//! something is drawn, so that it can be written to a presentation state.

/// Perceptually uniform maps only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Colormap {
    #[default]
    Inferno,
    Viridis,
}

impl Colormap {
    pub const ALL: [Self; 2] = [Self::Inferno, Self::Viridis];

    pub fn name(self) -> &'static str {
        match self {
            Self::Inferno => "Inferno",
            Self::Viridis => "Viridis",
        }
    }

    /// All 256 colors, from lowest to highest, for upload as a texture.
    pub fn table(self) -> &'static [[u8; 3]] {
        match self {
            Self::Inferno => INFERNO.as_chunks::<3>().0,
            Self::Viridis => VIRIDIS.as_chunks::<3>().0,
        }
    }
}

static INFERNO: &[u8; 768] = include_bytes!("../../assets/colormaps/inferno.rgb");
static VIRIDIS: &[u8; 768] = include_bytes!("../../assets/colormaps/viridis.rgb");

/// Opacity of the saliency map unless the reader moves the slider.
pub const SALIENCY_OPACITY: f32 = 0.35;
/// Saliency below this share of its peak is transparent.
pub const SALIENCY_THRESHOLD: f32 = 0.35;
/// The contour runs at this share of the peak, unless the model card says otherwise.
pub const CONTOUR_FRACTION: f32 = 0.5;
/// Width of the saliency contour on the target, pixels.
pub const CONTOUR_PX: f32 = 1.5;
/// Width of a mask's outline on the target, pixels.
pub const OUTLINE_PX: f32 = 2.0;
/// Fill of a mask unless the reader changes it.
pub const FILL_OPACITY: f32 = 0.12;
/// Where a mask is probed for its outline: eight unit directions, `x, y`.
pub const OUTLINE_DIRECTIONS: [[f32; 2]; 8] = [
    [1.0, 0.0],
    [DIAGONAL, DIAGONAL],
    [0.0, 1.0],
    [-DIAGONAL, DIAGONAL],
    [-1.0, 0.0],
    [-DIAGONAL, -DIAGONAL],
    [0.0, -1.0],
    [DIAGONAL, -DIAGONAL],
];
const DIAGONAL: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// The color at `t` of 0 to 1: entry `floor(256 t)`, clamped, without interpolation.
pub fn colormap(map: Colormap, t: f32) -> [u8; 3] {
    // The cast saturates and takes NaN to 0.
    let index = ((t * 256.0).floor() as usize).min(255);
    map.table().get(index).copied().unwrap_or([0; 3])
}

/// `base` under `color` of the given opacity.
pub fn blend(base: [f32; 3], color: [f32; 3], alpha: f32) -> [f32; 3] {
    let [r0, g0, b0] = base;
    let [r1, g1, b1] = color;
    [r0 + (r1 - r0) * alpha, g0 + (g1 - g0) * alpha, b0 + (b1 - b0) * alpha]
}

/// `opacity` where the map reaches the threshold, 0 below.
pub fn saliency_alpha(value: f32, threshold: f32, opacity: f32) -> f32 {
    if value >= threshold { opacity } else { 0.0 }
}

/// Coverage 0 to 1 of the contour line at `fraction` by a target pixel, whose map value is `value` and whose value
/// changes by `gradient` (length of the gradient) per target pixel: distance to the line is their quotient.
pub fn contour_coverage(value: f32, fraction: f32, gradient: f32, line_px: f32) -> f32 {
    let distance_px = (value - fraction).abs() / gradient.max(1e-6);
    (line_px * 0.5 + 0.5 - distance_px).clamp(0.0, 1.0)
}

/// Opacity of a mask's color on a target pixel: outline opaque, inside as the fill, outside nothing.
///
/// The outline is drawn inside the mask: a pixel of the mask is outline when the mask, probed at `outline_px` target
/// pixels along any of [`OUTLINE_DIRECTIONS`], is left.
pub fn mask_alpha(is_inside: bool, is_outline: bool, fill_opacity: f32) -> f32 {
    match (is_inside, is_outline) {
        (false, _) => 0.0,
        (true, true) => 1.0,
        (true, false) => fill_opacity,
    }
}

/// sRGB bytes → 0 to 1.
pub fn unit_color(color: [u8; 3]) -> [f32; 3] {
    color.map(|channel| f32::from(channel) / 255.0)
}

/// 0 to 1 → sRGB bytes, rounding half up.
pub fn byte_color(color: [f32; 3]) -> [u8; 3] {
    color.map(|channel| (channel.clamp(0.0, 1.0) * 255.0 + 0.5).floor() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colormaps_run_from_dark_to_bright_as_matplotlib_has_them() {
        // matplotlib 3: colormaps[name]([0, 128, 255], bytes=True)
        assert_eq!(colormap(Colormap::Inferno, 0.0), [0, 0, 3]);
        assert_eq!(colormap(Colormap::Inferno, 0.5), [187, 55, 84]);
        assert_eq!(colormap(Colormap::Inferno, 1.0), [252, 254, 164]);
        assert_eq!(colormap(Colormap::Viridis, 0.0), [68, 1, 84]);
        assert_eq!(colormap(Colormap::Viridis, 0.5), [32, 144, 140]);
        assert_eq!(colormap(Colormap::Viridis, 7.0), [253, 231, 36]);
        assert_eq!(colormap(Colormap::Viridis, f32::NAN), [68, 1, 84]);
        assert_eq!(Colormap::ALL.map(|map| map.table().len()), [256, 256]);
    }

    #[test]
    fn saliency_is_transparent_below_its_threshold_and_constant_above() {
        assert_eq!(saliency_alpha(0.24, 0.25, 0.35), 0.0);
        assert_eq!(saliency_alpha(0.25, 0.25, 0.35), 0.35);
        assert_eq!(saliency_alpha(1.0, 0.25, 0.35), 0.35);
        assert_eq!(blend([0.0, 0.5, 1.0], [1.0, 0.5, 0.0], 0.25), [0.25, 0.5, 0.75]);
    }

    #[test]
    fn a_contour_is_as_wide_as_asked_and_a_flat_map_has_none() {
        // Gradient 0.1 per pixel: 1 pixel off the line is a difference of 0.1.
        assert_eq!(contour_coverage(0.5, 0.5, 0.1, 2.0), 1.0);
        assert!((contour_coverage(0.6, 0.5, 0.1, 2.0) - 0.5).abs() < 1e-5);
        assert_eq!(contour_coverage(0.7, 0.5, 0.1, 2.0), 0.0);
        assert_eq!(contour_coverage(0.4, 0.5, 0.0, 2.0), 0.0);
    }
}
