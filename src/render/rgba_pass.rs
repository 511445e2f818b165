//! A picture of finished colors sent whole and drawn, as GUI toolkits do: what our own pass is measured against.
//!
//! Nothing a reader looks at is drawn by it.

use crate::imaging::view::{Affine, ViewTransform};

/// What the adapter compiles.
pub const SHADER_SOURCE: &str = include_str!("../../shaders/rgba_pass.wgsl");

/// `rgba` is row-major, four bytes a pixel.
#[derive(Clone, Copy, Debug)]
pub struct RgbaPicture<'a> {
    pub rgba: &'a [u8],
    pub rows: u32,
    pub cols: u32,
    pub transform: &'a ViewTransform,
}

#[derive(Debug)]
pub(crate) struct RgbaPass {
    pipeline: wgpu::RenderPipeline,
    uniforms: wgpu::Buffer,
    sampler: wgpu::Sampler,
    bound: Option<Bound>,
}

/// The texture is kept while the picture's size stays.
#[derive(Debug)]
struct Bound {
    texture: wgpu::Texture,
    bind_group: wgpu::BindGroup,
}

type Uniforms = [[f32; 4]; 3];

impl RgbaPass {
    pub fn new(device: &wgpu::Device, format: wgpu::TextureFormat) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("overread rgba"),
            source: wgpu::ShaderSource::Wgsl(SHADER_SOURCE.into()),
        });
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("overread rgba"),
            layout: None,
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("vs_main"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                buffers: &[],
            },
            primitive: wgpu::PrimitiveState::default(),
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some("fs_main"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                targets: &[Some(wgpu::ColorTargetState { format, blend: None, write_mask: wgpu::ColorWrites::ALL })],
            }),
            multiview_mask: None,
            cache: None,
        });
        let uniforms = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("overread rgba"),
            size: size_of::<Uniforms>() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let sampler = device.create_sampler(&wgpu::SamplerDescriptor {
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            ..Default::default()
        });
        Self { pipeline, uniforms, sampler, bound: None }
    }

    /// Sends the whole picture, each time.
    pub fn prepare(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, picture: &RgbaPicture<'_>) {
        let RgbaPicture { rgba, rows, cols, transform } = *picture;
        let size = wgpu::Extent3d { width: cols, height: rows, depth_or_array_layers: 1 };
        let kept = self.bound.take().filter(|bound| bound.texture.size() == size);
        let bound = kept.unwrap_or_else(|| self.bind(device, size));
        queue.write_texture(
            bound.texture.as_image_copy(),
            rgba,
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(cols * 4), rows_per_image: Some(rows) },
            size,
        );
        let Affine { x, y } = transform.image_from_viewport;
        let row = |[a, b, c]: [f64; 3]| [a as f32, b as f32, c as f32, 0.0];
        let uniforms: Uniforms = [row(x), row(y), [cols as f32, rows as f32, 0.0, 0.0]];
        queue.write_buffer(&self.uniforms, 0, bytemuck::cast_slice(uniforms.as_flattened()));
        self.bound = Some(bound);
    }

    pub fn paint(&self, pass: &mut wgpu::RenderPass<'_>) {
        let Some(bound) = &self.bound else { return };
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &bound.bind_group, &[]);
        pass.draw(0..3, 0..1);
    }

    fn bind(&self, device: &wgpu::Device, size: wgpu::Extent3d) -> Bound {
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("overread rgba"),
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("overread rgba"),
            layout: &self.pipeline.get_bind_group_layout(0),
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: self.uniforms.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::TextureView(&view) },
                wgpu::BindGroupEntry { binding: 2, resource: wgpu::BindingResource::Sampler(&self.sampler) },
            ],
        });
        Bound { texture, bind_group }
    }
}
