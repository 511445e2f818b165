//! Draws without a window: thumbnails, tests and measurements.

use std::sync::mpsc;

use crate::imaging::plane_picture::PlaneRequest;
use crate::render::error::RenderError;
use crate::render::renderer::{LayersDrawn, Renderer, TargetRect, Uploads};
use crate::render::request::DrawRequest;
use crate::render::rgba_pass::{RgbaPass, RgbaPicture};
use crate::render::volume_pass::ResidentVolumes;

/// A device of its own and a renderer on it.
#[derive(Debug)]
pub struct OffscreenRenderer {
    device: wgpu::Device,
    queue: wgpu::Queue,
    adapter: wgpu::AdapterInfo,
    format: wgpu::TextureFormat,
    renderer: Renderer,
    /// Made on first use.
    rgba_pass: Option<RgbaPass>,
    target: Option<Target>,
}

/// Where the last size was drawn; kept, since the next is mostly the same.
#[derive(Debug)]
struct Target {
    width: u32,
    height: u32,
    texture: wgpu::Texture,
    view: wgpu::TextureView,
    read_back: wgpu::Buffer,
    /// Rows of the buffer start at multiples of 256.
    bytes_per_row: u32,
}

impl OffscreenRenderer {
    /// The first adapter that answers; software adapters count. `WGPU_BACKEND` is heeded.
    pub fn new() -> Result<Self, RenderError> {
        Self::with_format(wgpu::TextureFormat::Rgba8Unorm)
    }

    /// On a target of four bytes per pixel, in the order red, green, blue, alpha.
    pub fn with_format(format: wgpu::TextureFormat) -> Result<Self, RenderError> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
        let options = wgpu::RequestAdapterOptions::default();
        let adapter = pollster::block_on(instance.request_adapter(&options))
            .map_err(|error| RenderError::NoAdapter(error.to_string()))?;
        let limits = wgpu::Limits::downlevel_defaults().using_resolution(adapter.limits());
        let descriptor =
            wgpu::DeviceDescriptor { label: Some("overread offscreen"), required_limits: limits, ..Default::default() };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor))
            .map_err(|error| RenderError::NoDevice(error.to_string()))?;
        let renderer = Renderer::new(&device, &queue, format);
        Ok(Self { device, queue, adapter: adapter.get_info(), format, renderer, rgba_pass: None, target: None })
    }

    pub fn device(&self) -> &wgpu::Device {
        &self.device
    }

    /// Such as `llvmpipe (LLVM 15.0.6, 256 bits)`.
    pub fn adapter_name(&self) -> &str {
        &self.adapter.name
    }

    /// The adapter computes on the CPU.
    pub fn is_software(&self) -> bool {
        self.adapter.device_type == wgpu::DeviceType::Cpu
    }

    pub fn uploads(&self) -> Uploads {
        self.renderer.uploads()
    }

    pub fn layers_drawn(&self) -> LayersDrawn {
        self.renderer.layers_drawn()
    }

    /// See [`Renderer::cut_planes`].
    pub fn cut_planes(&mut self) -> ResidentVolumes {
        self.renderer.cut_planes(&self.device)
    }

    /// Lets the adapter cut a plane anew and waits until it is done. False while the volume is on the way; `None` where
    /// it does not fit, or the adapter is at fault.
    pub fn cut_plane(&mut self, plane: &PlaneRequest) -> Option<bool> {
        let is_cut = self.renderer.cut_plane_anew((&self.device, &self.queue), plane)?;
        self.queue.submit([]);
        self.wait().ok()?;
        Some(is_cut)
    }

    pub fn renderer_mut(&mut self) -> &mut Renderer {
        &mut self.renderer
    }

    /// `width` × `height` pixels of RGBA, row-major.
    pub fn draw(&mut self, request: &DrawRequest, width: u32, height: u32) -> Result<Vec<u8>, RenderError> {
        self.draw_sheet(&[(request, whole(width, height))], width, height)
    }

    /// Several viewports on one picture, each within its rectangle, as a window would show them. Between them is black.
    pub fn draw_sheet(
        &mut self,
        requests: &[(&DrawRequest, TargetRect)],
        width: u32,
        height: u32,
    ) -> Result<Vec<u8>, RenderError> {
        self.submit(requests, width, height)?;
        self.read_back()
    }

    /// Draws and waits until the adapter is done, without reading back: what a frame on the screen costs.
    pub fn draw_only(&mut self, request: &DrawRequest, width: u32, height: u32) -> Result<(), RenderError> {
        self.submit(&[(request, whole(width, height))], width, height)?;
        self.wait()
    }

    /// Uploads what the picture needs and waits until it is there.
    pub fn upload_only(&mut self, request: &DrawRequest) -> Result<(), RenderError> {
        self.renderer.upload(&self.device, &self.queue, request)?;
        self.queue.submit([]);
        self.wait()
    }

    /// Sends a picture of finished colors, draws it and reads it back: the usual way, for comparison.
    pub fn draw_rgba(&mut self, picture: &RgbaPicture<'_>, width: u32, height: u32) -> Result<Vec<u8>, RenderError> {
        self.submit_rgba(picture, width, height)?;
        self.read_back()
    }

    /// The same until the adapter is done, without reading back.
    pub fn draw_rgba_only(&mut self, picture: &RgbaPicture<'_>, width: u32, height: u32) -> Result<(), RenderError> {
        self.submit_rgba(picture, width, height)?;
        self.wait()
    }

    fn submit_rgba(&mut self, picture: &RgbaPicture<'_>, width: u32, height: u32) -> Result<(), RenderError> {
        self.fit_target(width, height)?;
        let Self { device, queue, format, rgba_pass, target, .. } = self;
        let rgba_pass = rgba_pass.get_or_insert_with(|| RgbaPass::new(device, *format));
        rgba_pass.prepare(device, queue, picture);
        let target = target.get_or_insert_with(|| Target::new(device, *format, width, height));
        target.paint(device, queue, |pass| rgba_pass.paint(pass));
        Ok(())
    }

    fn submit(&mut self, requests: &[(&DrawRequest, TargetRect)], width: u32, height: u32) -> Result<(), RenderError> {
        self.fit_target(width, height)?;
        for (viewport_id, (request, rect)) in (0..).zip(requests) {
            self.renderer.prepare(&self.device, &self.queue, viewport_id, request, *rect)?;
        }
        let Self { device, queue, format, renderer, target, .. } = self;
        let target = target.get_or_insert_with(|| Target::new(device, *format, width, height));
        target.paint(device, queue, |pass| {
            for (viewport_id, (_, rect)) in (0..).zip(requests) {
                let Some([left, top, right, bottom]) = rect.within(width, height) else { continue };
                let (width, height) = (right - left, bottom - top);
                pass.set_viewport(left as f32, top as f32, width as f32, height as f32, 0.0, 1.0);
                pass.set_scissor_rect(left, top, width, height);
                renderer.paint(viewport_id, pass);
            }
        });
        Ok(())
    }

    /// Drops a target of another size; refuses a size that cannot be.
    fn fit_target(&mut self, width: u32, height: u32) -> Result<(), RenderError> {
        let limit = self.device.limits().max_texture_dimension_2d;
        if width.max(height) > limit || width.min(height) == 0 {
            return Err(RenderError::TooLarge { rows: height, cols: width, limit });
        }
        let is_fitting = self.target.as_ref().is_some_and(|target| (target.width, target.height) == (width, height));
        if !is_fitting {
            self.target = None;
        }
        Ok(())
    }

    fn wait(&self) -> Result<(), RenderError> {
        let polled = self.device.poll(wgpu::PollType::wait_indefinitely());
        polled.map(|_| ()).map_err(|error| RenderError::ReadBack(error.to_string()))
    }

    fn read_back(&self) -> Result<Vec<u8>, RenderError> {
        let lost = |what: &dyn std::fmt::Display| RenderError::ReadBack(what.to_string());
        let Some(target) = &self.target else { return Err(lost(&"nothing was drawn")) };
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        target.copy_out(&mut encoder);
        self.queue.submit([encoder.finish()]);
        let (done, is_done) = mpsc::channel();
        target.read_back.slice(..).map_async(wgpu::MapMode::Read, move |result| {
            // The receiver outlives the wait below.
            done.send(result).unwrap_or_default();
        });
        self.wait()?;
        is_done.recv().map_err(|error| lost(&error))?.map_err(|error| lost(&error))?;
        let mapped = target.read_back.get_mapped_range(..).map_err(|error| lost(&error))?;
        let row_bytes = target.width as usize * 4;
        let mut pixels = Vec::with_capacity(row_bytes * target.height as usize);
        for row in mapped.chunks(target.bytes_per_row as usize) {
            pixels.extend(row.iter().take(row_bytes));
        }
        drop(mapped);
        target.read_back.unmap();
        Ok(pixels)
    }
}

fn whole(width: u32, height: u32) -> TargetRect {
    TargetRect { x: 0.0, y: 0.0, width: width as f32, height: height as f32 }
}

impl Target {
    fn new(device: &wgpu::Device, format: wgpu::TextureFormat, width: u32, height: u32) -> Self {
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("overread offscreen"),
            size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let bytes_per_row = (width * 4).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
        let read_back = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("overread offscreen"),
            size: u64::from(bytes_per_row) * u64::from(height),
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        Self { width, height, texture, view, read_back, bytes_per_row }
    }

    /// One pass over a black target.
    fn paint(&self, device: &wgpu::Device, queue: &wgpu::Queue, paint: impl FnOnce(&mut wgpu::RenderPass<'_>)) {
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("overread offscreen"),
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: &self.view,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations {
                        load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                        store: wgpu::StoreOp::Store,
                    },
                })],
                ..Default::default()
            });
            paint(&mut pass);
        }
        queue.submit([encoder.finish()]);
    }

    fn copy_out(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.copy_texture_to_buffer(
            self.texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &self.read_back,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(self.bytes_per_row),
                    rows_per_image: Some(self.height),
                },
            },
            self.texture.size(),
        );
    }
}
