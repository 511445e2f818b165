//! A texture as large as its viewport that one draw leaves for the next, drawn again only when what it reads changed.

use crate::render::pipelines::{Pipelines, Variant};
use crate::render::texture_cache::GpuTexture;
use crate::render::uniforms::Words;

/// What a layer was drawn from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LayerKey {
    pub variant: Variant,
    pub size: [u32; 2],
    /// Left, top, right and bottom of what is not empty.
    pub filled: [u32; 4],
    /// The uniforms it reads.
    pub words: Vec<[u32; 4]>,
    /// Names of the textures it reads.
    pub textures: [u64; 3],
}

#[derive(Debug)]
pub(crate) struct Layer {
    pub key: LayerKey,
    pub view: wgpu::TextureView,
    bind_group: wgpu::BindGroup,
}

impl Layer {
    /// The layer for `key` and whether it is to be drawn: `former` as it is when nothing changed, else on its texture.
    pub fn renewed(
        device: &wgpu::Device,
        pipelines: &mut Pipelines,
        former: Option<Self>,
        key: LayerKey,
        uniforms: &wgpu::Buffer,
        textures: [&GpuTexture; 3],
    ) -> (Self, bool) {
        let Some(former) = former else {
            let view = layer_texture(device, &key, pipelines.format());
            let bind_group = bind_group(device, pipelines, &key, uniforms, textures);
            return (Self { key, view, bind_group }, true);
        };
        if former.key == key {
            return (former, false);
        }
        let on_target = pipelines.format();
        let is_fitting =
            former.key.size == key.size && former.key.variant.format(on_target) == key.variant.format(on_target);
        let view = if is_fitting { former.view } else { layer_texture(device, &key, on_target) };
        let bind_group = if former.key.textures == key.textures {
            former.bind_group
        } else {
            bind_group(device, pipelines, &key, uniforms, textures)
        };
        (Self { key, view, bind_group }, true)
    }

    /// Draws it; where nothing is filled, a layer of values says so and one of color is transparent.
    pub fn draw(&self, device: &wgpu::Device, queue: &wgpu::Queue, pipelines: &Pipelines) {
        let Some(pipeline) = pipelines.get(&self.key.variant) else { return };
        let ops = wgpu::Operations { load: wgpu::LoadOp::Clear(self.key.variant.empty()), store: wgpu::StoreOp::Store };
        let attachment =
            wgpu::RenderPassColorAttachment { view: &self.view, depth_slice: None, resolve_target: None, ops };
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("overread layer"),
            color_attachments: &[Some(attachment)],
            ..Default::default()
        });
        let [left, top, right, bottom] = self.key.filled;
        if right > left && bottom > top {
            pass.set_scissor_rect(left, top, right - left, bottom - top);
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, &self.bind_group, &[]);
            pass.draw(0..3, 0..1);
        }
        drop(pass);
        queue.submit([encoder.finish()]);
    }
}

/// Those of `words` in `ranges`.
pub(crate) fn words_of(words: &Words, ranges: &[std::ops::Range<usize>]) -> Vec<[u32; 4]> {
    ranges.iter().flat_map(|range| words.get(range.clone()).unwrap_or_default()).copied().collect()
}

fn bind_group(
    device: &wgpu::Device,
    pipelines: &mut Pipelines,
    key: &LayerKey,
    uniforms: &wgpu::Buffer,
    textures: [&GpuTexture; 3],
) -> wgpu::BindGroup {
    pipelines.bind_group(device, &key.variant, uniforms, textures.map(|texture| &texture.view))
}

fn layer_texture(device: &wgpu::Device, key: &LayerKey, on_target: wgpu::TextureFormat) -> wgpu::TextureView {
    let [width, height] = key.size;
    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: Some("overread layer"),
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: key.variant.format(on_target),
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::TEXTURE_BINDING,
        view_formats: &[],
    });
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}
