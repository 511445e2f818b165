//! The shader's variants, built when first needed: a flag that is off costs nothing, on software adapters too.

use std::collections::HashMap;

use crate::render::frame_texture::PixelKind;
use crate::render::grayscale_pass::{GrayscaleVariant, VoiKind};

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

/// One of the three draws of a viewport, and what is compiled into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Variant {
    Picture(GrayscaleVariant),
    Overlay(OverlayVariant),
    Composition(CompositionVariant),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OverlayVariant {
    pub has_saliency: bool,
    pub has_contour: bool,
    pub has_masks: bool,
    pub has_mask_level: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CompositionVariant {
    pub is_color: bool,
    pub voi: VoiKind,
    pub has_overlay: bool,
}

/// Color and what lies over the picture: three more bits than the screen has.
const COLOR_LAYER: wgpu::TextureFormat = wgpu::TextureFormat::Rgba16Float;

impl Variant {
    fn entry_point(&self) -> &'static str {
        match self {
            Self::Picture(_) => "fs_picture",
            Self::Overlay(_) => "fs_overlay",
            Self::Composition(_) => "fs_main",
        }
    }

    /// The layer's format; `on_target` for what goes to the target itself.
    pub fn format(&self, on_target: wgpu::TextureFormat) -> wgpu::TextureFormat {
        match self {
            Self::Picture(GrayscaleVariant { pixel_kind: PixelKind::Color, .. }) | Self::Overlay(_) => COLOR_LAYER,
            Self::Picture(_) => wgpu::TextureFormat::R32Float,
            Self::Composition(_) => on_target,
        }
    }

    /// What a layer holds where there is no image: `OUTSIDE` of `shared/viewport.wgsl`, or nothing.
    pub fn empty(&self) -> wgpu::Color {
        match self {
            Self::Picture(GrayscaleVariant { pixel_kind: PixelKind::Color, .. })
            | Self::Overlay(_)
            | Self::Composition(_) => wgpu::Color::TRANSPARENT,
            Self::Picture(_) => wgpu::Color { r: 3.4e38, ..wgpu::Color::TRANSPARENT },
        }
    }

    fn constants(&self, on_target: wgpu::TextureFormat) -> Vec<(&'static str, f64)> {
        match *self {
            Self::Picture(grayscale) => grayscale.constants(),
            Self::Overlay(OverlayVariant { has_saliency, has_contour, has_masks, has_mask_level }) => vec![
                ("has_saliency", f64::from(has_saliency)),
                ("has_contour", f64::from(has_contour)),
                ("has_masks", f64::from(has_masks)),
                ("has_mask_level", f64::from(has_mask_level)),
            ],
            Self::Composition(CompositionVariant { is_color, voi, has_overlay }) => vec![
                ("is_color", f64::from(is_color)),
                ("voi_kind", f64::from(voi as u32)),
                ("has_overlay", f64::from(has_overlay)),
                ("is_srgb_target", f64::from(on_target.is_srgb())),
            ],
        }
    }

    /// Bindings of the draw's textures, each with its kind, in the order of `shared/viewport.wgsl`.
    fn textures(&self) -> &'static [(u32, wgpu::TextureSampleType)] {
        const VALUES: wgpu::TextureSampleType = wgpu::TextureSampleType::Float { filterable: false };
        const INTEGERS: wgpu::TextureSampleType = wgpu::TextureSampleType::Uint;
        match self {
            Self::Picture(_) => &[(1, INTEGERS), (2, VALUES), (3, INTEGERS)],
            Self::Overlay(_) => &[(5, VALUES), (6, VALUES), (7, INTEGERS)],
            Self::Composition(_) => &[(4, INTEGERS), (8, VALUES), (9, VALUES)],
        }
    }
}

#[derive(Debug)]
pub(crate) struct Pipelines {
    module: wgpu::ShaderModule,
    format: wgpu::TextureFormat,
    /// By entry point.
    layouts: HashMap<&'static str, (wgpu::BindGroupLayout, wgpu::PipelineLayout)>,
    built: HashMap<Variant, wgpu::RenderPipeline>,
}

impl Pipelines {
    pub fn new(device: &wgpu::Device, format: wgpu::TextureFormat) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("overread viewport"),
            source: wgpu::ShaderSource::Wgsl(shader_module_source().into()),
        });
        Self { module, format, layouts: HashMap::new(), built: HashMap::new() }
    }

    /// The target's format.
    pub fn format(&self) -> wgpu::TextureFormat {
        self.format
    }

    pub fn get(&self, variant: &Variant) -> Option<&wgpu::RenderPipeline> {
        self.built.get(variant)
    }

    pub fn build_if_missing(&mut self, device: &wgpu::Device, variant: Variant) {
        let Self { module, format, layouts, built } = self;
        built.entry(variant).or_insert_with(|| {
            let (_, layout) = layouts.entry(variant.entry_point()).or_insert_with(|| layout(device, &variant));
            build(device, module, layout, *format, &variant)
        });
    }

    /// `uniforms` and the textures of the draw, as its pipeline reads them.
    pub fn bind_group<'a>(
        &mut self,
        device: &wgpu::Device,
        variant: &Variant,
        uniforms: &wgpu::Buffer,
        textures: impl IntoIterator<Item = &'a wgpu::TextureView>,
    ) -> wgpu::BindGroup {
        let (layout, _) = self.layouts.entry(variant.entry_point()).or_insert_with(|| layout(device, variant));
        let mut entries = vec![wgpu::BindGroupEntry { binding: 0, resource: uniforms.as_entire_binding() }];
        entries.extend(variant.textures().iter().zip(textures).map(|((binding, _), view)| wgpu::BindGroupEntry {
            binding: *binding,
            resource: wgpu::BindingResource::TextureView(view),
        }));
        let label = Some(variant.entry_point());
        device.create_bind_group(&wgpu::BindGroupDescriptor { label, layout, entries: &entries })
    }
}

fn build(
    device: &wgpu::Device,
    module: &wgpu::ShaderModule,
    layout: &wgpu::PipelineLayout,
    on_target: wgpu::TextureFormat,
    variant: &Variant,
) -> wgpu::RenderPipeline {
    let constants = variant.constants(on_target);
    let target =
        wgpu::ColorTargetState { format: variant.format(on_target), blend: None, write_mask: wgpu::ColorWrites::ALL };
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(variant.entry_point()),
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
            entry_point: Some(variant.entry_point()),
            compilation_options: wgpu::PipelineCompilationOptions { constants: &constants, ..Default::default() },
            targets: &[Some(target)],
        }),
        multiview_mask: None,
        cache: None,
    })
}

/// Binding 0 holds the uniforms.
fn layout(device: &wgpu::Device, variant: &Variant) -> (wgpu::BindGroupLayout, wgpu::PipelineLayout) {
    let visibility = wgpu::ShaderStages::FRAGMENT;
    let entry = |binding, ty| wgpu::BindGroupLayoutEntry { binding, visibility, ty, count: None };
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
    entries.extend(variant.textures().iter().map(|(binding, sample_type)| entry(*binding, texture(*sample_type))));
    let label = Some(variant.entry_point());
    let bindings = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label, entries: &entries });
    let bind_group_layouts = &[Some(&bindings)];
    let descriptor = wgpu::PipelineLayoutDescriptor { label, bind_group_layouts, immediate_size: 0 };
    let layout = device.create_pipeline_layout(&descriptor);
    (bindings, layout)
}
