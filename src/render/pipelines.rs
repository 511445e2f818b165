//! The shader's variants, built when first needed: a flag that is off costs nothing, on software adapters too.

use std::collections::HashMap;

use crate::render::grayscale_pass::GrayscaleVariant;

/// All passes as one module; each file may use the functions of the others.
pub const SHADER_SOURCES: [(&str, &str); 4] = [
    ("shared/viewport.wgsl", include_str!("../../shaders/shared/viewport.wgsl")),
    ("grayscale_pass.wgsl", include_str!("../../shaders/grayscale_pass.wgsl")),
    ("saliency_pass.wgsl", include_str!("../../shaders/saliency_pass.wgsl")),
    ("mask_pass.wgsl", include_str!("../../shaders/mask_pass.wgsl")),
];

/// What the adapter compiles.
pub fn shader_module_source() -> String {
    SHADER_SOURCES.map(|(_, source)| source).join("\n")
}

/// What is compiled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Variant {
    pub grayscale: GrayscaleVariant,
    pub has_saliency: bool,
    pub has_contour: bool,
    pub has_masks: bool,
    pub has_mask_level: bool,
}

#[derive(Debug)]
pub(crate) struct Pipelines {
    module: wgpu::ShaderModule,
    layout: wgpu::PipelineLayout,
    format: wgpu::TextureFormat,
    built: HashMap<Variant, wgpu::RenderPipeline>,
    pub bind_group_layout: wgpu::BindGroupLayout,
}

impl Pipelines {
    pub fn new(device: &wgpu::Device, format: wgpu::TextureFormat) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("overread viewport"),
            source: wgpu::ShaderSource::Wgsl(shader_module_source().into()),
        });
        let bind_group_layout = bind_group_layout(device);
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("overread viewport"),
            bind_group_layouts: &[Some(&bind_group_layout)],
            immediate_size: 0,
        });
        Self { module, layout, format, built: HashMap::new(), bind_group_layout }
    }

    pub fn get(&self, variant: &Variant) -> Option<&wgpu::RenderPipeline> {
        self.built.get(variant)
    }

    pub fn build_if_missing(&mut self, device: &wgpu::Device, variant: Variant) {
        let Self { module, layout, format, built, .. } = self;
        built.entry(variant).or_insert_with(|| build(device, module, layout, *format, &variant));
    }
}

fn build(
    device: &wgpu::Device,
    module: &wgpu::ShaderModule,
    layout: &wgpu::PipelineLayout,
    format: wgpu::TextureFormat,
    variant: &Variant,
) -> wgpu::RenderPipeline {
    let Variant { grayscale, has_saliency, has_contour, has_masks, has_mask_level } = variant;
    let mut constants = grayscale.constants();
    constants.extend([
        ("has_saliency", f64::from(*has_saliency)),
        ("has_contour", f64::from(*has_contour)),
        ("has_masks", f64::from(*has_masks)),
        ("has_mask_level", f64::from(*has_mask_level)),
        ("is_srgb_target", f64::from(format.is_srgb())),
    ]);
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("overread viewport"),
        layout: Some(layout),
        vertex: wgpu::VertexState {
            module,
            entry_point: Some("vs_main"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: &[],
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module,
            entry_point: Some("fs_main"),
            compilation_options: wgpu::PipelineCompilationOptions { constants: &constants, ..Default::default() },
            targets: &[Some(wgpu::ColorTargetState { format, blend: None, write_mask: wgpu::ColorWrites::ALL })],
        }),
        multiview_mask: None,
        cache: None,
    })
}

/// Binding 0 holds the uniforms, the others the textures in the order of `shared/viewport.wgsl`.
fn bind_group_layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let values = wgpu::TextureSampleType::Float { filterable: false };
    let integers = wgpu::TextureSampleType::Uint;
    let textures = [integers, values, integers, integers, values, values, integers];
    let entry =
        |binding, ty| wgpu::BindGroupLayoutEntry { binding, visibility: wgpu::ShaderStages::FRAGMENT, ty, count: None };
    let uniforms = wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Uniform,
        has_dynamic_offset: false,
        min_binding_size: None,
    };
    let texture = |sample_type| wgpu::BindingType::Texture {
        sample_type,
        view_dimension: wgpu::TextureViewDimension::D2,
        multisampled: false,
    };
    let mut entries = vec![entry(0, uniforms)];
    entries.extend((1..).zip(textures).map(|(binding, sample_type)| entry(binding, texture(sample_type))));
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("overread viewport"),
        entries: &entries,
    })
}
