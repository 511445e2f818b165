//! The GPU side of every viewport: `prepare` uploads what is new, `paint` only draws.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::render::error::RenderError;
use crate::render::frame_texture::{self, FrameTextureKey, PixelKind};
use crate::render::grayscale_pass::{self, GrayscaleVariant};
use crate::render::pipelines::{Pipelines, Variant};
use crate::render::request::DrawRequest;
use crate::render::texture_cache::{GpuTexture, Identity, Texels, TextureCache, TextureKey};
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

/// All GPU objects of all viewports; lives in egui's callback resources.
#[derive(Debug)]
pub struct Renderer {
    pipelines: Pipelines,
    textures: TextureCache,
    viewports: HashMap<u64, Viewport>,
}

/// What `paint` needs of one viewport.
#[derive(Debug)]
struct Viewport {
    uniforms: wgpu::Buffer,
    bind_group: wgpu::BindGroup,
    bound: [u64; N_TEXTURES],
    variant: Variant,
}

const N_TEXTURES: usize = 7;

impl Renderer {
    /// `format` is the render target's; it has one sample per pixel.
    pub fn new(device: &wgpu::Device, _queue: &wgpu::Queue, format: wgpu::TextureFormat) -> Self {
        Self { pipelines: Pipelines::new(device, format), textures: TextureCache::default(), viewports: HashMap::new() }
    }

    /// Uploads what `request` needs and is not there yet. All viewports are prepared before the first is painted.
    ///
    /// After an error the viewport paints nothing, never its former image.
    pub fn prepare(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        viewport_id: u64,
        request: &DrawRequest,
        target: TargetRect,
    ) -> Result<(), RenderError> {
        if let Err(error) = check(device, request) {
            self.viewports.remove(&viewport_id);
            return Err(error);
        }
        let has_masks = !request.overlay.shown_masks().is_empty();
        let variant = Variant {
            grayscale: GrayscaleVariant::of(request),
            has_saliency: request.overlay.shown_saliency().is_some(),
            has_contour: request.overlay.shown_saliency().is_some_and(|layer| layer.contour_fraction.is_some()),
            has_masks,
            has_mask_level: has_masks && mask_pass::level(request) > 0,
        };
        self.pipelines.build_if_missing(device, variant);
        let textures = self.textures_of((device, queue), request);
        let bound = textures.each_ref().map(|texture| texture.id);
        let viewport = match self.viewports.remove(&viewport_id) {
            Some(viewport) if viewport.bound == bound => Viewport { variant, ..viewport },
            former => {
                let uniforms = former.map_or_else(|| uniform_buffer(device), |viewport| viewport.uniforms);
                let bind_group = bind_group(device, &self.pipelines.bind_group_layout, &uniforms, &textures);
                Viewport { uniforms, bind_group, bound, variant }
            }
        };
        let words = uniforms::words(request, target.x, target.y);
        queue.write_buffer(&viewport.uniforms, 0, bytemuck::cast_slice(words.as_flattened()));
        self.viewports.insert(viewport_id, viewport);
        Ok(())
    }

    /// Draws what was prepared last for this viewport, over the pass's current wgpu viewport and scissor.
    pub fn paint(&self, viewport_id: u64, pass: &mut wgpu::RenderPass<'_>) {
        let Some(viewport) = self.viewports.get(&viewport_id) else { return };
        let Some(pipeline) = self.pipelines.get(&viewport.variant) else { return };
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &viewport.bind_group, &[]);
        pass.draw(0..3, 0..1);
    }

    /// Drops what belongs to viewports that are gone.
    pub fn retain_viewports(&mut self, ids: &[u64]) {
        self.viewports.retain(|id, _| ids.contains(id));
    }

    pub fn uploads(&self) -> Uploads {
        self.textures.uploads
    }

    /// Bytes of texture memory held for later draws.
    pub fn held_bytes(&self) -> u64 {
        self.textures.held_bytes()
    }

    /// How much texture memory may be held; at least the newest texture stays.
    pub fn set_budget_bytes(&mut self, bytes: u64) {
        self.textures.budget_bytes = bytes;
    }

    /// In the order of the bindings.
    fn textures_of(&mut self, to: (&wgpu::Device, &wgpu::Queue), request: &DrawRequest) -> [GpuTexture; N_TEXTURES] {
        let DrawRequest { frame, meaning, overlay, .. } = request;
        let cache = &mut self.textures;
        let no_integers = cache.find_or_upload(to, TextureKey::Nothing(NO_INTEGERS), || nothing(NO_INTEGERS));
        let no_values = cache.find_or_upload(to, TextureKey::Nothing(NO_VALUES), || nothing(NO_VALUES));
        let frame_key = TextureKey::Frame(FrameTextureKey::of(request));
        let pixels = cache.find_or_upload(to, frame_key, || frame_texture::texels(frame, meaning));
        let (stored, values) = match PixelKind::of(frame, meaning) {
            PixelKind::StoredUnsigned | PixelKind::StoredSigned => (pixels, no_values.clone()),
            PixelKind::ModalityValues | PixelKind::Color => (no_integers.clone(), pixels),
        };
        let [modality, voi] = grayscale_pass::tables(request).map(|table| match table {
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
        let labels = if layers.is_empty() {
            no_integers
        } else {
            let key = TextureKey::Labels(layers.iter().map(|layer| Identity::of(&layer.segment)).collect());
            cache.find_or_upload(to, key, || mask_pass::label_texels(request, &layers))
        };
        [stored, values, modality, voi, map, colormap, labels]
    }
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
        size: size_of::<uniforms::Words>() as u64,
        usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

fn bind_group(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    uniforms: &wgpu::Buffer,
    textures: &[GpuTexture; N_TEXTURES],
) -> wgpu::BindGroup {
    let mut entries = vec![wgpu::BindGroupEntry { binding: 0, resource: uniforms.as_entire_binding() }];
    entries.extend((1..).zip(textures).map(|(binding, texture)| wgpu::BindGroupEntry {
        binding,
        resource: wgpu::BindingResource::TextureView(&texture.view),
    }));
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: Some("overread viewport"), layout, entries: &entries })
}
