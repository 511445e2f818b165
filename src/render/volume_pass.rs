//! Planes cut by the adapter out of one 3-D texture of stored values; once for each plane, never for a window.
//!
//! Volumes that do not fit, uneven ones and those whose slices differ in meaning are cut on the CPU. A volume is sent
//! a part at a time: until it is there whole, planes come from the CPU, too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::imaging::plane_grid::{PlaneGrid, Projection, Slab};
use crate::imaging::plane_lattice::PlaneLattice;
use crate::imaging::plane_picture::PlaneRequest;
use crate::imaging::voxels::{Rescale, Volume, VoxelSlices};
use crate::render::texture_cache::{GpuTexture, Identity, TextureCache};

/// What the adapter compiles.
pub const SHADER_SOURCE: &str = include_str!("../../shaders/volume_pass.wgsl");

/// Of 3-D textures in all; the newest volume stays, if it fits alone.
const BUDGET_BYTES: u64 = 1 << 30;
/// Sent in one pass at most.
const BYTES_A_PASS: u64 = 64 << 20;

/// The volumes that an adapter holds whole; shared with whoever must know.
#[derive(Clone, Debug, Default)]
pub struct ResidentVolumes(Arc<Mutex<Vec<Weak<Volume>>>>);

impl ResidentVolumes {
    pub fn has(&self, volume: &Arc<Volume>) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().any(|one| std::ptr::eq(one.as_ptr(), Arc::as_ptr(volume)))
    }

    fn set(&self, volumes: Vec<Weak<Volume>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = volumes;
    }
}

/// What is compiled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Variant {
    is_signed: bool,
    has_padding: bool,
    projection: Projection,
}

#[derive(Debug)]
struct VolumeTexture {
    volume: Weak<Volume>,
    texture: wgpu::Texture,
    n_sent: u32,
    n_slices: u32,
    n_bytes: u64,
    last_used: u64,
}

/// The plane that a viewport shows.
#[derive(Debug)]
struct CutPlane {
    volume: Identity<Volume>,
    grid: PlaneGrid,
    slab: Slab,
    texture: GpuTexture,
}

type Words = [[u32; 4]; 10];

#[derive(Debug)]
pub(crate) struct VolumePass {
    module: wgpu::ShaderModule,
    bind_group_layout: wgpu::BindGroupLayout,
    pipelines: HashMap<Variant, wgpu::RenderPipeline>,
    volumes: Vec<VolumeTexture>,
    planes: HashMap<u64, CutPlane>,
    resident: ResidentVolumes,
    pub n_cut: u64,
    is_given_up: bool,
    clock: u64,
}

impl VolumePass {
    pub fn new(device: &wgpu::Device) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("overread volume"),
            source: wgpu::ShaderSource::Wgsl(SHADER_SOURCE.into()),
        });
        Self {
            module,
            bind_group_layout: bind_group_layout(device),
            pipelines: HashMap::new(),
            volumes: Vec::new(),
            planes: HashMap::new(),
            resident: ResidentVolumes::default(),
            n_cut: 0,
            is_given_up: false,
            clock: 0,
        }
    }

    /// The plane's values as a texture; `None` while its volume is on the way, and when it does not fit.
    pub fn cut(
        &mut self,
        (device, queue): (&wgpu::Device, &wgpu::Queue),
        cache: &mut TextureCache,
        viewport_id: u64,
        request: &PlaneRequest,
    ) -> Option<GpuTexture> {
        let PlaneRequest { volume, grid, slab, .. } = request;
        if self.is_given_up || !Self::fits(device, volume, grid) {
            return None;
        }
        let source = self.sent(device, queue, cache, volume)?;
        let identity = Identity::of(volume);
        if let Some(known) = self.planes.get(&viewport_id)
            && (&known.volume, &known.grid, &known.slab) == (&identity, grid, slab)
        {
            return Some(known.texture.clone());
        }
        let padding = volume.padding();
        let is_signed = matches!(volume.slices(), VoxelSlices::I8(_) | VoxelSlices::I16(_));
        let variant = Variant { is_signed, has_padding: padding.is_some(), projection: slab.projection };
        let view = self.drawn(device, queue, variant, &source, request);
        let texture = GpuTexture { id: cache.fresh_id(), view };
        let plane = CutPlane { volume: identity, grid: *grid, slab: *slab, texture: texture.clone() };
        self.planes.insert(viewport_id, plane);
        self.n_cut += 1;
        Some(texture)
    }

    /// Cuts from now on, also after it was given up.
    pub fn begin(&mut self) -> ResidentVolumes {
        self.is_given_up = false;
        self.resident.clone()
    }

    /// Drops everything and cuts no more: the adapter has no memory for it, and the CPU has.
    pub fn give_up(&mut self) {
        self.is_given_up = true;
        self.volumes.clear();
        self.planes.clear();
        self.resident.set(Vec::new());
    }

    /// Drops the planes of viewports that are gone.
    pub fn retain_viewports(&mut self, ids: &[u64]) {
        self.planes.retain(|id, _| ids.contains(id));
    }

    /// Whether the adapter can hold the volume and draw the plane.
    pub fn fits(device: &wgpu::Device, volume: &Volume, grid: &PlaneGrid) -> bool {
        let limits = device.limits();
        let longest = volume.space().dims().into_iter().max().unwrap_or(0);
        volume.space().is_even()
            && matches!(volume.rescale(), Rescale::Same(_))
            && !matches!(volume.slices(), VoxelSlices::F32(_))
            && longest <= limits.max_texture_dimension_3d
            && grid.cols.max(grid.rows) <= limits.max_texture_dimension_2d
            && n_bytes(volume) <= BUDGET_BYTES
    }

    /// The volume's texture, once all of it was sent.
    fn sent(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        cache: &mut TextureCache,
        volume: &Arc<Volume>,
    ) -> Option<wgpu::TextureView> {
        self.clock += 1;
        self.volumes.retain(|known| known.volume.strong_count() > 0);
        let is_it = |known: &VolumeTexture| std::ptr::eq(known.volume.as_ptr(), Arc::as_ptr(volume));
        if !self.volumes.iter().any(is_it) {
            self.make_room(n_bytes(volume));
            self.volumes.push(VolumeTexture::new(device, volume));
        }
        let clock = self.clock;
        let known = self.volumes.iter_mut().find(|known| is_it(known))?;
        known.last_used = clock;
        let is_whole_already = known.n_sent == known.n_slices;
        if !is_whole_already {
            cache.uploads.bytes += known.send_part(queue, volume);
        }
        let whole = known.n_sent == known.n_slices;
        let view = known.texture.create_view(&wgpu::TextureViewDescriptor::default());
        if whole && !is_whole_already {
            let whole = self.volumes.iter().filter(|known| known.n_sent == known.n_slices);
            self.resident.set(whole.map(|known| known.volume.clone()).collect());
        }
        whole.then_some(view)
    }

    fn make_room(&mut self, n_bytes: u64) {
        while self.volumes.iter().map(|known| known.n_bytes).sum::<u64>() + n_bytes > BUDGET_BYTES {
            let oldest = self.volumes.iter().enumerate().min_by_key(|(_, known)| known.last_used);
            let Some(oldest) = oldest.map(|(index, _)| index) else { return };
            self.volumes.swap_remove(oldest);
        }
    }

    /// A texture with the plane's values.
    fn drawn(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        variant: Variant,
        source: &wgpu::TextureView,
        request: &PlaneRequest,
    ) -> wgpu::TextureView {
        let Self { module, bind_group_layout, pipelines, .. } = self;
        let pipeline = pipelines.entry(variant).or_insert_with(|| pipeline(device, module, bind_group_layout, variant));
        let PlaneGrid { cols, rows, .. } = request.grid;
        let target = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("overread plane"),
            size: wgpu::Extent3d { width: cols, height: rows, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::R32Float,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::RENDER_ATTACHMENT,
            view_formats: &[],
        });
        let view = target.create_view(&wgpu::TextureViewDescriptor::default());
        let uniforms = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("overread plane"),
            size: size_of::<Words>() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        queue.write_buffer(&uniforms, 0, bytemuck::cast_slice(words(request).as_flattened()));
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("overread plane"),
            layout: bind_group_layout,
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: uniforms.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::TextureView(source) },
            ],
        });
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("overread plane"),
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: &view,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations {
                        load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                        store: wgpu::StoreOp::Store,
                    },
                })],
                ..Default::default()
            });
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, &bind_group, &[]);
            pass.draw(0..3, 0..1);
        }
        queue.submit([encoder.finish()]);
        view
    }
}

impl VolumeTexture {
    fn new(device: &wgpu::Device, volume: &Arc<Volume>) -> Self {
        let [width, height, n_slices] = volume.space().dims();
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("overread volume"),
            size: wgpu::Extent3d { width, height, depth_or_array_layers: n_slices },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D3,
            format: wgpu::TextureFormat::R16Uint,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        Self { volume: Arc::downgrade(volume), texture, n_sent: 0, n_slices, n_bytes: n_bytes(volume), last_used: 0 }
    }

    /// Sends slices up to a part's size; returns the bytes.
    fn send_part(&mut self, queue: &wgpu::Queue, volume: &Volume) -> u64 {
        let [width, height, _] = volume.space().dims();
        let mut n_bytes = 0;
        while self.n_sent < self.n_slices && n_bytes < BYTES_A_PASS {
            let bytes = slice_bytes(volume.slices(), self.n_sent as usize);
            queue.write_texture(
                wgpu::TexelCopyTextureInfo {
                    texture: &self.texture,
                    mip_level: 0,
                    origin: wgpu::Origin3d { x: 0, y: 0, z: self.n_sent },
                    aspect: wgpu::TextureAspect::All,
                },
                &bytes,
                wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(width * 2), rows_per_image: Some(height) },
                wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            );
            n_bytes += bytes.len() as u64;
            self.n_sent += 1;
        }
        n_bytes
    }
}

/// Sixteen bits a voxel.
fn n_bytes(volume: &Volume) -> u64 {
    volume.space().dims().into_iter().map(u64::from).product::<u64>() * 2
}

fn slice_bytes(slices: &VoxelSlices, index: usize) -> std::borrow::Cow<'_, [u8]> {
    use std::borrow::Cow;
    let found = match slices {
        VoxelSlices::U16(slices) => slices.get(index).map(|slice| Cow::Borrowed(bytemuck::cast_slice(slice))),
        VoxelSlices::I16(slices) => slices.get(index).map(|slice| Cow::Borrowed(bytemuck::cast_slice(slice))),
        VoxelSlices::U8(slices) => {
            slices.get(index).map(|slice| slice.iter().flat_map(|value| u16::from(*value).to_ne_bytes()).collect())
        }
        VoxelSlices::I8(slices) => {
            slices.get(index).map(|slice| slice.iter().flat_map(|value| i16::from(*value).to_ne_bytes()).collect())
        }
        VoxelSlices::F32(_) => None,
    };
    found.unwrap_or_default()
}

/// The `Plane` struct of the shader.
fn words(request: &PlaneRequest) -> Words {
    let PlaneRequest { volume, grid, slab, .. } = request;
    let PlaneLattice { first, col_step, row_step, slab_step, n_across } = PlaneLattice::new(volume.space(), grid, slab);
    let high = |[x, y, z]: [i64; 3]| [(x >> 32) as u32, (y >> 32) as u32, (z >> 32) as u32, 0];
    let low = |[x, y, z]: [i64; 3]| [x as u32, y as u32, z as u32, 0];
    let [cols, rows, n_slices] = volume.space().dims();
    let [slope, intercept] = volume.rescale().of_slice(0);
    let (from, to) = volume.padding().map_or((1.0, 0.0), |padding| (padding.low as f64, padding.high as f64));
    [
        high(first),
        low(first),
        high(col_step),
        low(col_step),
        high(row_step),
        low(row_step),
        high(slab_step),
        low(slab_step),
        [cols, rows, n_slices, n_across],
        [slope, intercept, from, to].map(|value| (value as f32).to_bits()),
    ]
}

fn pipeline(
    device: &wgpu::Device,
    module: &wgpu::ShaderModule,
    bind_group_layout: &wgpu::BindGroupLayout,
    variant: Variant,
) -> wgpu::RenderPipeline {
    let Variant { is_signed, has_padding, projection } = variant;
    let projection = match projection {
        Projection::Single => 0.0,
        Projection::Mip => 1.0,
        Projection::MinIp => 2.0,
        Projection::Mean => 3.0,
    };
    let constants =
        [("is_signed", f64::from(is_signed)), ("has_padding", f64::from(has_padding)), ("projection", projection)];
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some("overread volume"),
        bind_group_layouts: &[Some(bind_group_layout)],
        immediate_size: 0,
    });
    let format = wgpu::TextureFormat::R32Float;
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("overread volume"),
        layout: Some(&layout),
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

fn bind_group_layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let entry =
        |binding, ty| wgpu::BindGroupLayoutEntry { binding, visibility: wgpu::ShaderStages::FRAGMENT, ty, count: None };
    let uniforms = wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Uniform,
        has_dynamic_offset: false,
        min_binding_size: None,
    };
    let volume = wgpu::BindingType::Texture {
        sample_type: wgpu::TextureSampleType::Uint,
        view_dimension: wgpu::TextureViewDimension::D3,
        multisampled: false,
    };
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("overread volume"),
        entries: &[entry(0, uniforms), entry(1, volume)],
    })
}
