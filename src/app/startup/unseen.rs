//! The program in a window that nobody sees: it is drawn like any other, and says what a pass cost.

use std::time::Instant;

use eframe::App as _;
use eframe::egui_wgpu::{
    RenderState, RendererOptions, ScreenDescriptor, WgpuConfiguration, WgpuSetup, WgpuSetupCreateNew,
};
use egui::{Context, Event, Rect, TexturesDelta, vec2};

use crate::app::hall::{App, AppOptions};
use crate::app::startup;
use crate::render::renderer::{LayersDrawn, Renderer, Uploads};

/// What one pass cost, seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PassCost {
    /// From the first line of code until the adapter has drawn everything.
    pub frame: f64,
    /// Of that, processor time of the thread that lays out, tessellates, prepares and submits; wall time up to the
    /// submission where no such clock is.
    pub own: f64,
}

pub struct UnseenWindow {
    pub app: App,
    ctx: Context,
    frame: eframe::Frame,
    state: RenderState,
    target: wgpu::TextureView,
    size: [u32; 2],
    began: Instant,
}

impl UnseenWindow {
    /// A window of this many pixels, one per point.
    pub fn open(options: AppOptions, size: [u32; 2]) -> Result<Self, String> {
        let setup = WgpuSetup::CreateNew(WgpuSetupCreateNew::without_display_handle());
        let instance = pollster::block_on(setup.new_instance());
        let configuration = WgpuConfiguration { wgpu_setup: setup, ..WgpuConfiguration::default() };
        let made = RenderState::create(&configuration, &instance, None, RendererOptions::default());
        let state = pollster::block_on(made).map_err(|error| error.to_string())?;
        let ctx = Context::default();
        let mut cc = eframe::CreationContext::_new_kittest(ctx.clone());
        cc.wgpu_render_state = Some(state.clone());
        let app = startup::create(&cc, options).map_err(|error| error.to_string())?;
        let target = target(&state, size);
        let frame = eframe::Frame::_new_kittest();
        Ok(Self { app, ctx, frame, state, target, size, began: Instant::now() })
    }

    pub fn adapter_name(&self) -> String {
        self.state.adapter.get_info().name
    }

    /// What was sent to the adapter for pictures, and how often their layers were drawn.
    pub fn pictures(&self) -> Option<(Uploads, LayersDrawn)> {
        let renderer = self.state.renderer.read();
        let pictures = renderer.callback_resources.get::<Renderer>()?;
        Some((pictures.uploads(), pictures.layers_drawn()))
    }

    /// One pass of the program and its picture, as a window would have it.
    pub fn pass(&mut self, events: Vec<Event>) -> Result<PassCost, String> {
        let Self { app, ctx, frame, began, .. } = self;
        let size = vec2(self.size[0] as f32, self.size[1] as f32);
        let input = egui::RawInput {
            screen_rect: Some(Rect::from_min_size(egui::Pos2::ZERO, size)),
            time: Some(began.elapsed().as_secs_f64()),
            focused: true,
            events,
            ..egui::RawInput::default()
        };
        let (start, own_start) = (Instant::now(), thread_seconds());
        let mut output = ctx.run_ui(input, |ui| {
            app.logic(ui, frame);
            app.ui(ui, frame);
        });
        let jobs = ctx.tessellate(std::mem::take(&mut output.shapes), 1.0);
        self.submit(&jobs, &mut output.textures_delta);
        let submitted = start.elapsed().as_secs_f64();
        let own = match (own_start, thread_seconds()) {
            (Some(before), Some(after)) => after - before,
            _ => submitted,
        };
        let polled = self.state.device.poll(wgpu::PollType::wait_indefinitely());
        polled.map_err(|error| error.to_string())?;
        Ok(PassCost { frame: start.elapsed().as_secs_f64(), own })
    }

    fn submit(&self, jobs: &[egui::ClippedPrimitive], textures: &mut TexturesDelta) {
        let RenderState { device, queue, renderer, .. } = &self.state;
        let [r, g, b, a] = self.app.clear_color(&egui::Visuals::dark()).map(f64::from);
        let ground = wgpu::Color { r, g, b, a };
        let mut renderer = renderer.write();
        for (id, images) in textures.set.drain() {
            for image in images {
                renderer.update_texture(device, queue, id, &image);
            }
        }
        let screen = ScreenDescriptor { size_in_pixels: self.size, pixels_per_point: 1.0 };
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let prepared = renderer.update_buffers(device, queue, &mut encoder, jobs, &screen);
        {
            let ops = wgpu::Operations { load: wgpu::LoadOp::Clear(ground), store: wgpu::StoreOp::Store };
            let view = &self.target;
            let attachment = wgpu::RenderPassColorAttachment { view, depth_slice: None, resolve_target: None, ops };
            let mut pass = encoder
                .begin_render_pass(&wgpu::RenderPassDescriptor {
                    label: Some("overread unseen window"),
                    color_attachments: &[Some(attachment)],
                    ..Default::default()
                })
                .forget_lifetime();
            renderer.render(&mut pass, jobs, &screen);
        }
        queue.submit(prepared.into_iter().chain([encoder.finish()]));
        for id in textures.free.drain() {
            renderer.free_texture(&id);
        }
    }
}

fn target(state: &RenderState, [width, height]: [u32; 2]) -> wgpu::TextureView {
    let texture = state.device.create_texture(&wgpu::TextureDescriptor {
        label: Some("overread unseen window"),
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: state.target_format,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
        view_formats: &[],
    });
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}

/// Processor time of this thread.
fn thread_seconds() -> Option<f64> {
    #[cfg(target_os = "linux")]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Some(time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9)
    }
    #[cfg(not(target_os = "linux"))]
    None
}
