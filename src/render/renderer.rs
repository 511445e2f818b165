//! The GPU side of every viewport: `prepare` uploads what is new, `paint` only draws.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use crate::imaging::plane_picture::PlaneRequest;
use crate::render::device_watch::caught;
use crate::render::error::RenderError;
use crate::render::frame_texture::{self, FrameTextureKey, PixelKind};
use crate::render::grayscale_pass::{self, GrayscaleVariant, VoiKind};
use crate::render::layer::{self, Layer, LayerKey};
use crate::render::live_labels::LiveTextures;
use crate::render::pipelines::{CompositionVariant, OverlayVariant, Pipelines, Variant};
use crate::render::request::DrawRequest;
use crate::render::texture_cache::{GpuTexture, Identity, Texels, TextureCache, TextureKey};
use crate::render::uniforms::Words;
use crate::render::volume_pass::{ResidentVolumes, VolumePass};
use crate::render::{mask_pass, saliency_pass, uniforms};

/// Where a viewport lies on the render target, physical pixels from the target's top-left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetRect {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

impl TargetRect {
    /// Left, top, right and bottom of what lies on a target of this size, whole pixels; `None` when nothing does.
    pub fn within(&self, width: u32, height: u32) -> Option<[u32; 4]> {
        let clamped = |edge: f32, size: u32| edge.round().clamp(0.0, size as f32) as u32;
        let (left, top) = (clamped(self.x, width), clamped(self.y, height));
        let (right, bottom) = (clamped(self.x + self.width, width), clamped(self.y + self.height, height));
        (right > left && bottom > top).then_some([left, top, right, bottom])
    }
}

/// What was sent to the adapter since the renderer was made; uniforms do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uploads {
    pub frames: u64,
    pub tables: u64,
    pub masks: u64,
    pub saliency_maps: u64,
    pub bytes: u64,
}

/// Layers drawn since the renderer was made: a step of the window draws none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayersDrawn {
    pub pictures: u64,
    pub overlays: u64,
}

/// All GPU objects of all viewports; lives in egui's callback resources.
#[derive(Debug)]
pub struct Renderer {
    pipelines: Pipelines,
    textures: TextureCache,
    live: LiveTextures,
    viewports: HashMap<u64, Viewport>,
    layers_drawn: LayersDrawn,
    /// `None` where planes are cut on the CPU.
    volume_pass: Option<VolumePass>,
}

/// What `paint` needs of one viewport.
#[derive(Debug)]
struct Viewport {
    uniforms: wgpu::Buffer,
    words: Words,
    picture: Layer,
    /// Nothing lies over the picture.
    overlay: Option<Layer>,
    composition: Composition,
}

#[derive(Debug)]
struct Composition {
    variant: Variant,
    bind_group: wgpu::BindGroup,
    /// VOI table, picture and overlay.
    bound: [wgpu::TextureView; 3],
}

/// A request's textures, by the draw that reads them.
struct Textures {
    picture: [GpuTexture; 3],
    overlay: [GpuTexture; 3],
    voi_table: GpuTexture,
}

impl Renderer {
    /// `format` is the render target's; it has one sample per pixel.
    pub fn new(device: &wgpu::Device, _queue: &wgpu::Queue, format: wgpu::TextureFormat) -> Self {
        Self {
            pipelines: Pipelines::new(device, format),
            textures: TextureCache::default(),
            live: LiveTextures::default(),
            viewports: HashMap::new(),
            layers_drawn: LayersDrawn::default(),
            volume_pass: None,
        }
    }

    /// From now on the adapter itself cuts planes out of volumes that fit; the answer tells which it holds.
    pub fn cut_planes(&mut self, device: &wgpu::Device) -> ResidentVolumes {
        self.volume_pass.get_or_insert_with(|| VolumePass::new(device)).begin()
    }

    /// Cuts a plane although it may have been cut before, for measurements. False while its volume is on the way; `None`
    /// where that does not fit.
    pub fn cut_plane_anew(&mut self, to: (&wgpu::Device, &wgpu::Queue), plane: &PlaneRequest) -> Option<bool> {
        self.cut_planes(to.0);
        let pass = self.volume_pass.as_mut()?;
        if !VolumePass::fits(to.0, &plane.volume, &plane.grid) {
            return None;
        }
        pass.retain_viewports(&[]);
        Some(pass.cut(to, &mut self.textures, 0, plane).is_some())
    }

    /// Planes that the adapter has cut.
    pub fn n_planes_cut(&self) -> u64 {
        self.volume_pass.as_ref().map_or(0, |pass| pass.n_cut)
    }

    /// Uploads what `request` needs and is not there yet, and draws the layers that are not as they were: at once, as a
    /// screen that is lost for a moment would swallow what waits for it. All viewports are prepared before the first is
    /// painted.
    ///
    /// After an error the viewport paints nothing, never its former image. An adapter without memory is asked once more
    /// after all textures of other images have gone.
    pub fn prepare(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        viewport_id: u64,
        request: &DrawRequest,
        target: TargetRect,
    ) -> Result<(), RenderError> {
        let mut is_second_try = false;
        loop {
            let (prepared, error) =
                caught(device, || self.prepare_unguarded((device, queue), viewport_id, request, target));
            let Some(error) = error else { return prepared };
            // What was made is not to be relied upon
            self.viewports.remove(&viewport_id);
            self.textures.clear();
            self.live.clear();
            if let Some(pass) = &mut self.volume_pass {
                pass.give_up();
            }
            match error {
                wgpu::Error::OutOfMemory { .. } if !is_second_try => is_second_try = true,
                wgpu::Error::OutOfMemory { .. } => return Err(RenderError::OutOfMemory),
                error => return Err(RenderError::Refused(error.to_string())),
            }
        }
    }

    fn prepare_unguarded(
        &mut self,
        (device, queue): (&wgpu::Device, &wgpu::Queue),
        viewport_id: u64,
        request: &DrawRequest,
        target: TargetRect,
    ) -> Result<(), RenderError> {
        let former = self.viewports.remove(&viewport_id);
        check(device, request)?;
        let plane = self.plane_of((device, queue), viewport_id, request);
        let textures = self.textures_of((device, queue), request, plane);
        let size = layer_size(device, target);
        let filled = filled(request, size);
        let words = uniforms::words(request, [target.x.round(), target.y.round()]);
        let (uniforms, former) = match former {
            Some(Viewport { uniforms, words: written, picture, overlay, composition }) => {
                if written != words {
                    queue.write_buffer(&uniforms, 0, bytemuck::cast_slice(words.as_flattened()));
                }
                (uniforms, (Some(picture), overlay, Some(composition)))
            }
            None => {
                let uniforms = uniform_buffer(device);
                queue.write_buffer(&uniforms, 0, bytemuck::cast_slice(words.as_flattened()));
                (uniforms, (None, None, None))
            }
        };
        let key = |variant, ranges: &[Range<usize>], textures: &[GpuTexture; 3]| LayerKey {
            variant,
            size,
            filled,
            words: layer::words_of(&words, ranges),
            textures: textures.each_ref().map(|texture| texture.id),
        };
        let to = (device, queue);
        let picture_key = key(picture_variant(request), &[uniforms::GEOMETRY, uniforms::STORED], &textures.picture);
        let picture = self.layer(to, former.0, picture_key, &uniforms, &textures.picture);
        let overlay = overlay_variant(request).map(|variant| {
            let overlay_key = key(variant, &[uniforms::GEOMETRY, uniforms::OVERLAY], &textures.overlay);
            self.layer(to, former.1, overlay_key, &uniforms, &textures.overlay)
        });
        let over = overlay.as_ref().map_or(&picture, |layer| layer).view.clone();
        let bound = [textures.voi_table.view, picture.view.clone(), over];
        let variant = composition_variant(request, overlay.is_some());
        let composition = self.composition(device, former.2, variant, &uniforms, bound);
        self.viewports.insert(viewport_id, Viewport { uniforms, words, picture, overlay, composition });
        Ok(())
    }

    /// Only uploads what `request` needs and is not there yet.
    pub fn upload(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        request: &DrawRequest,
    ) -> Result<(), RenderError> {
        check(device, request)?;
        self.textures_of((device, queue), request, None);
        Ok(())
    }

    fn layer(
        &mut self,
        (device, queue): (&wgpu::Device, &wgpu::Queue),
        former: Option<Layer>,
        key: LayerKey,
        uniforms: &wgpu::Buffer,
        textures: &[GpuTexture; 3],
    ) -> Layer {
        self.pipelines.build_if_missing(device, key.variant);
        let drawn = match key.variant {
            Variant::Overlay(_) => &mut self.layers_drawn.overlays,
            Variant::Picture(_) | Variant::Composition(_) => &mut self.layers_drawn.pictures,
        };
        let (layer, is_new) = Layer::renewed(device, &mut self.pipelines, former, key, uniforms, textures.each_ref());
        if is_new {
            *drawn += 1;
            layer.draw(device, queue, &self.pipelines);
        }
        layer
    }

    fn composition(
        &mut self,
        device: &wgpu::Device,
        former: Option<Composition>,
        variant: Variant,
        uniforms: &wgpu::Buffer,
        bound: [wgpu::TextureView; 3],
    ) -> Composition {
        self.pipelines.build_if_missing(device, variant);
        match former {
            Some(former) if former.bound == bound => Composition { variant, ..former },
            _ => {
                let bind_group = self.pipelines.bind_group(device, &variant, uniforms, &bound);
                Composition { variant, bind_group, bound }
            }
        }
    }

    /// Draws what was prepared last for this viewport, over the pass's current wgpu viewport and scissor.
    pub fn paint(&self, viewport_id: u64, pass: &mut wgpu::RenderPass<'_>) {
        let Some(Viewport { composition, .. }) = self.viewports.get(&viewport_id) else { return };
        let Some(pipeline) = self.pipelines.get(&composition.variant) else { return };
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &composition.bind_group, &[]);
        pass.draw(0..3, 0..1);
    }

    /// Drops what belongs to viewports that are gone.
    pub fn retain_viewports(&mut self, ids: &[u64]) {
        self.viewports.retain(|id, _| ids.contains(id));
        if let Some(pass) = &mut self.volume_pass {
            pass.retain_viewports(ids);
        }
    }

    /// Viewports with a picture of their own.
    pub fn n_viewports(&self) -> usize {
        self.viewports.len()
    }

    pub fn uploads(&self) -> Uploads {
        self.textures.uploads
    }

    pub fn layers_drawn(&self) -> LayersDrawn {
        self.layers_drawn
    }

    /// Bytes of texture memory held for later draws.
    pub fn held_bytes(&self) -> u64 {
        self.textures.held_bytes()
    }

    /// How much texture memory may be held; at least the newest texture stays.
    pub fn set_budget_bytes(&mut self, bytes: u64) {
        self.textures.budget_bytes = bytes;
    }

    /// The plane's values as the adapter cuts them.
    fn plane_of(
        &mut self,
        to: (&wgpu::Device, &wgpu::Queue),
        viewport_id: u64,
        request: &DrawRequest,
    ) -> Option<GpuTexture> {
        let plane = request.plane.as_ref()?;
        let fills_frame = (plane.grid.cols, plane.grid.rows) == (request.frame.cols(), request.frame.rows());
        let is_values = PixelKind::of(&request.frame, &request.meaning) == PixelKind::ModalityValues;
        let pass = self.volume_pass.as_mut().filter(|_| fills_frame && is_values)?;
        pass.cut(to, &mut self.textures, viewport_id, plane)
    }

    /// `plane` stands for the frame's own pixels.
    fn textures_of(
        &mut self,
        to: (&wgpu::Device, &wgpu::Queue),
        request: &DrawRequest,
        plane: Option<GpuTexture>,
    ) -> Textures {
        let DrawRequest { frame, meaning, overlay, .. } = request;
        let cache = &mut self.textures;
        let no_integers = cache.find_or_upload(to, TextureKey::Nothing(NO_INTEGERS), || nothing(NO_INTEGERS));
        let no_values = cache.find_or_upload(to, TextureKey::Nothing(NO_VALUES), || nothing(NO_VALUES));
        let pixels = plane.unwrap_or_else(|| {
            let frame_key = TextureKey::Frame(FrameTextureKey::of(request));
            cache.find_or_upload(to, frame_key, || frame_texture::texels(frame, meaning))
        });
        let (stored, values) = match PixelKind::of(frame, meaning) {
            PixelKind::StoredUnsigned | PixelKind::StoredSigned => (pixels, no_values.clone()),
            PixelKind::ModalityValues | PixelKind::Color => (no_integers.clone(), pixels),
        };
        let [modality_table, voi_table] = [grayscale_pass::modality_table(request), grayscale_pass::voi_table(request)]
            .map(|table| match table {
                Some(table) => {
                    let key = TextureKey::Table(Identity::of(table));
                    cache.find_or_upload(to, key, || grayscale_pass::table_texels(table))
                }
                None => no_integers.clone(),
            });
        let [map, colormap] = overlay.shown_saliency().map_or([no_values.clone(), no_values], |layer| {
            let map_key = TextureKey::Saliency(Identity::of(&layer.map));
            let colormap_key = TextureKey::Colormap(layer.colormap);
            [
                cache.find_or_upload(to, map_key, || saliency_pass::map_texels(&layer.map)),
                cache.find_or_upload(to, colormap_key, || saliency_pass::colormap_texels(layer.colormap)),
            ]
        });
        let layers = overlay.shown_masks();
        let labels = if let Some(live) = overlay.shown_live() {
            let sent = self.live.bytes_sent;
            let texture = self.live.update(to, live, || cache.fresh_id());
            if self.live.bytes_sent > sent {
                cache.uploads.masks += 1;
                cache.uploads.bytes += self.live.bytes_sent - sent;
            }
            texture
        } else if layers.is_empty() {
            no_integers
        } else {
            let key = TextureKey::Labels(layers.iter().map(|layer| Identity::of(&layer.segment)).collect());
            cache.find_or_upload(to, key, || mask_pass::label_texels(request, &layers))
        };
        Textures { picture: [stored, values, modality_table], overlay: [map, colormap, labels], voi_table }
    }
}

fn picture_variant(request: &DrawRequest) -> Variant {
    Variant::Picture(GrayscaleVariant::of(request))
}

/// `None` when nothing lies over the picture.
fn overlay_variant(request: &DrawRequest) -> Option<Variant> {
    let saliency = request.overlay.shown_saliency();
    let has_masks = !request.overlay.shown_looks().is_empty();
    let variant = OverlayVariant {
        has_saliency: saliency.is_some(),
        has_contour: saliency.is_some_and(|layer| layer.contour_fraction.is_some()),
        has_masks,
        has_mask_level: has_masks && mask_pass::level(request) > 0,
    };
    (variant.has_saliency || has_masks).then_some(Variant::Overlay(variant))
}

fn composition_variant(request: &DrawRequest, has_overlay: bool) -> Variant {
    let is_color = grayscale_pass::is_color(request);
    Variant::Composition(CompositionVariant { is_color, voi: VoiKind::of(request), has_overlay })
}

/// No screen is larger than a texture may be.
fn layer_size(device: &wgpu::Device, target: TargetRect) -> [u32; 2] {
    let limit = device.limits().max_texture_dimension_2d;
    [target.width, target.height].map(|points| (points.round().max(1.0) as u32).min(limit))
}

/// The screen pixels that the image may touch.
fn filled(request: &DrawRequest, [width, height]: [u32; 2]) -> [u32; 4] {
    let corners = [[0.0, 0.0], [f64::from(request.frame.cols()), f64::from(request.frame.rows())]]
        .map(|corner| request.transform.to_viewport(corner));
    let edge = |value: f64, size: u32| value.clamp(0.0, f64::from(size)) as u32;
    let [[x0, y0], [x1, y1]] = corners;
    [
        edge(x0.min(x1).floor() - 1.0, width),
        edge(y0.min(y1).floor() - 1.0, height),
        edge(x0.max(x1).ceil() + 1.0, width),
        edge(y0.max(y1).ceil() + 1.0, height),
    ]
}

const NO_INTEGERS: wgpu::TextureFormat = wgpu::TextureFormat::R16Uint;
const NO_VALUES: wgpu::TextureFormat = wgpu::TextureFormat::R32Float;

fn check(device: &wgpu::Device, request: &DrawRequest) -> Result<(), RenderError> {
    let (rows, cols) = (request.frame.rows(), request.frame.cols());
    let limit = device.limits().max_texture_dimension_2d;
    if rows.max(cols) > limit {
        return Err(RenderError::TooLarge { rows, cols, limit });
    }
    mask_pass::check(request)
}

fn nothing(format: wgpu::TextureFormat) -> Texels<'static> {
    let n_bytes = format.block_copy_size(None).unwrap_or(4) as usize;
    Texels { format, width: 1, height: 1, levels: vec![Cow::Owned(vec![0; n_bytes])] }
}

fn uniform_buffer(device: &wgpu::Device) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("overread viewport"),
        size: size_of::<Words>() as u64,
        usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}
