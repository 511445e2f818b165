//! What one viewport shows: everything a draw depends on, and nothing of how it is drawn.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::frame::Frame;
use crate::domain::instance::Instance;
use crate::domain::mask::Segment;
use crate::domain::presentation::{ModalityLut, Palette, PixelPadding};
use crate::domain::saliency::SaliencyMap;
use crate::imaging::overlay::{self, Colormap};
use crate::imaging::plane_picture::PlaneRequest;
use crate::imaging::presentation::GreyPresentation;
use crate::imaging::view::{Affine, ViewTransform};
use crate::imaging::voi_lut::Voi;
use crate::render::live_labels::{LiveLayer, LiveMasks};

/// Segments one viewport can show at a time: the bits of a label texture.
pub const MAX_SEGMENTS: usize = 32;

/// One image in one viewport.
#[derive(Clone, Debug)]
pub struct DrawRequest {
    pub frame: Arc<Frame>,
    pub meaning: PixelMeaning,
    pub voi: Voi,
    /// The file's own inversion and the reader's, together; color is never inverted.
    pub invert: bool,
    pub interpolation: Interpolation,
    pub minification: Minification,
    pub transform: ViewTransform,
    pub overlay: OverlayRequest,
    /// The frame is this plane of a volume: an adapter that holds the volume cuts it itself.
    pub plane: Option<PlaneRequest>,
}

impl DrawRequest {
    /// `frame_idx` is the frame's place in `instance`. Starts cubic and without overlays.
    pub fn new(
        frame: Arc<Frame>,
        instance: &Instance,
        frame_idx: u32,
        grey: &GreyPresentation,
        transform: ViewTransform,
    ) -> Self {
        Self {
            frame,
            meaning: PixelMeaning::of(instance, frame_idx),
            voi: grey.voi.clone(),
            invert: grey.invert,
            interpolation: Interpolation::default(),
            minification: Minification::default(),
            transform,
            overlay: OverlayRequest::default(),
            plane: None,
        }
    }

    /// Image pixels per screen pixel along the image's x and y.
    pub fn image_px_per_screen_px(&self) -> [f64; 2] {
        let Affine { x, y } = self.transform.image_from_viewport;
        [x[0].abs() + x[1].abs(), y[0].abs() + y[1].abs()]
    }

    /// What a screen pixel covers of the image, for [`Kernel::Area`]: at least one pixel, at most the cap.
    pub fn footprint(&self) -> [f64; 2] {
        self.image_px_per_screen_px().map(|scale| scale.clamp(1.0, MAX_FOOTPRINT))
    }

    pub fn kernel(&self) -> Kernel {
        let [x, y] = self.image_px_per_screen_px();
        let is_minified = x.max(y) > 1.0 + 1e-9;
        match (self.interpolation, self.minification) {
            (Interpolation::Nearest, _) => Kernel::Nearest,
            (_, Minification::Area) if is_minified => Kernel::Area,
            (Interpolation::Bilinear, _) => Kernel::Bilinear,
            (Interpolation::Cubic, _) => Kernel::Cubic,
        }
    }
}

/// A screen pixel is the mean of at most this many image pixels along an axis; past that it stands for its middle.
const MAX_FOOTPRINT: f64 = 16.0;

/// How a screen pixel gets its value; the numbers are the shader's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {
    Nearest = 0,
    Bilinear = 1,
    Cubic = 2,
    Area = 3,
}

/// What stored values mean, from the instance.
#[derive(Clone, Debug)]
pub struct PixelMeaning {
    pub modality_lut: ModalityLut,
    /// With a palette the samples are its indices.
    pub palette: Option<Arc<Palette>>,
    /// Full scale of color of 16 bits is 2^bits_stored − 1.
    pub bits_stored: u16,
    /// Drawn black and kept out of interpolation.
    pub padding: Option<PixelPadding>,
}

impl PixelMeaning {
    pub fn of(instance: &Instance, frame_idx: u32) -> Self {
        Self {
            modality_lut: instance.frame(frame_idx).map_or(ModalityLut::Identity, |frame| frame.modality_lut.clone()),
            bits_stored: instance.pixels.bits_stored,
            palette: instance.palette.clone(),
            padding: instance.padding,
        }
    }
}

/// How values between pixel centers are found when the image is magnified. For the eye only: nothing measures with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// Pixels as they are.
    Nearest,
    Bilinear,
    /// Catmull-Rom, bilinear beside padding. Sharp, but kept within the least and the greatest of the sixteen pixels it
    /// reads: at an edge between flat regions it never shows a value that neither side has.
    #[default]
    Cubic,
}

impl Interpolation {
    pub const ALL: [Self; 3] = [Self::Nearest, Self::Bilinear, Self::Cubic];

    /// As the reader is offered it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nearest => "Pixels as they are",
            Self::Bilinear => "Smooth",
            Self::Cubic => "Sharp",
        }
    }
}

/// What happens when several image pixels fall on one screen pixel; [`Interpolation::Nearest`] always takes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Minification {
    /// The mean of what the screen pixel covers.
    #[default]
    Area,
    /// One interpolated point: quicker, for a software adapter while dragging.
    Point,
}

/// What lies over the image. Nothing here changes a texture, apart from new masks and maps.
#[derive(Clone, Debug)]
pub struct OverlayRequest {
    pub masks: Vec<MaskLayer>,
    /// Masks that are being changed, in place of all others and of the file's graphics.
    pub live: Option<Arc<LiveMasks>>,
    /// The file's own graphics: opaque, above the masks, drawn even while those are hidden.
    pub graphics: Option<MaskLayer>,
    /// Opacity of a mask's inside, 0 to 1.
    pub fill_opacity: f32,
    /// Width of a mask's outline, physical pixels; it lies inside the mask.
    pub outline_px: f32,
    pub saliency: Option<SaliencyLayer>,
    /// Multiplies every opacity, 0 to 1.
    pub opacity: f32,
    /// Hold to hide: nothing but the image and the file's own graphics is drawn.
    pub hidden: bool,
}

impl OverlayRequest {
    /// The map to draw now, if any.
    pub(crate) fn shown_saliency(&self) -> Option<&SaliencyLayer> {
        self.saliency.as_ref().filter(|_| self.is_shown())
    }

    /// The masks whose bits go into the label texture, lowest first. Invisible ones are among them, so that showing
    /// them uploads nothing, unless there are more than fit.
    pub(crate) fn shown_masks(&self) -> Vec<&MaskLayer> {
        if self.shown_live().is_some() {
            return Vec::new();
        }
        let graphics = self.graphics.iter().filter(|layer| layer.is_visible);
        let has_visible = self.masks.iter().any(|layer| layer.is_visible);
        if !self.is_shown() || !has_visible {
            return graphics.collect();
        }
        let fits = self.masks.len() + graphics.clone().count() <= MAX_SEGMENTS;
        self.masks.iter().filter(|layer| fits || layer.is_visible).chain(graphics).collect()
    }

    /// The masks under the reader's hand, when any of them is seen.
    pub(crate) fn shown_live(&self) -> Option<&Arc<LiveMasks>> {
        let has_visible = |live: &&Arc<LiveMasks>| live.layers.iter().any(|layer| layer.is_visible);
        self.live.as_ref().filter(|_| self.is_shown()).filter(has_visible)
    }

    /// How the bits of the label texture look, lowest first.
    pub(crate) fn shown_looks(&self) -> Vec<LiveLayer> {
        if let Some(live) = self.shown_live() {
            return live.layers.clone();
        }
        let look = |layer: &MaskLayer| LiveLayer { color: layer.color, is_visible: layer.is_visible, opacity: 1.0 };
        self.shown_masks().into_iter().map(look).collect()
    }

    /// From which place in [`OverlayRequest::shown_looks`] on layers are opaque.
    pub(crate) fn first_opaque(&self) -> usize {
        if let Some(live) = self.shown_live() {
            return live.layers.len();
        }
        let n_graphics = usize::from(self.graphics.as_ref().is_some_and(|layer| layer.is_visible));
        self.shown_masks().len() - n_graphics
    }

    fn is_shown(&self) -> bool {
        !self.hidden && self.opacity > 0.0
    }
}

impl Default for OverlayRequest {
    fn default() -> Self {
        Self {
            masks: Vec::new(),
            live: None,
            graphics: None,
            fill_opacity: overlay::FILL_OPACITY,
            outline_px: overlay::OUTLINE_PX,
            saliency: None,
            opacity: 1.0,
            hidden: false,
        }
    }
}

/// One mask, on the frame's grid. At most [`MAX_SEGMENTS`] are drawn; later ones lie on top.
#[derive(Clone, Debug)]
pub struct MaskLayer {
    pub segment: Arc<Segment>,
    /// sRGB; starts as the segment's own.
    pub color: [u8; 3],
    pub is_visible: bool,
}

impl MaskLayer {
    pub fn new(segment: Arc<Segment>) -> Self {
        let color = segment.color;
        Self { segment, color, is_visible: true }
    }
}

/// A map of where the network looked.
#[derive(Clone, Debug)]
pub struct SaliencyLayer {
    pub map: Arc<SaliencyMap>,
    pub colormap: Colormap,
    /// The same wherever the map is above `threshold`, 0 to 1.
    pub opacity: f32,
    /// Fraction of the map's peak below which nothing is drawn.
    pub threshold: f32,
    /// Fraction of the map's peak where the contour runs; `None` for no contour.
    pub contour_fraction: Option<f32>,
    /// Width of the contour, physical pixels.
    pub contour_px: f32,
}

impl SaliencyLayer {
    pub fn new(map: Arc<SaliencyMap>, colormap: Colormap) -> Self {
        Self {
            map,
            colormap,
            opacity: overlay::SALIENCY_OPACITY,
            threshold: overlay::SALIENCY_THRESHOLD,
            contour_fraction: Some(overlay::CONTOUR_FRACTION),
            contour_px: overlay::CONTOUR_PX,
        }
    }
}
