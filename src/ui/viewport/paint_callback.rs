//! The bridge between egui's paint list and `render`: the only file of the screen that names wgpu.

use eframe::egui_wgpu::{Callback, CallbackResources, CallbackTrait, RenderState, ScreenDescriptor};
use egui::{PaintCallback, PaintCallbackInfo, Rect};

use crate::render::renderer::{Renderer, TargetRect};
use crate::render::request::DrawRequest;
use crate::render::volume_pass::ResidentVolumes;
use crate::ui::viewport::picture::DrawingError;

/// Puts the renderer of all viewports among egui's resources. Once, at startup.
pub fn install(state: &RenderState) {
    let renderer = Renderer::new(&state.device, &state.queue, state.target_format);
    state.renderer.write().callback_resources.insert(renderer);
}

/// From now on the adapter cuts planes out of the volumes that fit; the answer tells which it holds.
pub fn let_adapter_cut_planes(state: &RenderState) -> ResidentVolumes {
    let mut painter = state.renderer.write();
    let renderer = painter.callback_resources.get_mut::<Renderer>();
    renderer.map(|renderer| renderer.cut_planes(&state.device)).unwrap_or_default()
}

/// The shape that draws `request` in `rect`. Whether it could is told to `error`.
pub fn picture(viewport_id: u64, rect: Rect, request: DrawRequest, error: DrawingError) -> PaintCallback {
    Callback::new_paint_callback(rect, PictureCallback { viewport_id, rect, request, error })
}

/// A shape that draws nothing and lets go of what belongs to other viewports than these. Once a pass, before pictures.
pub fn only_viewports(rect: Rect, viewport_ids: Vec<u64>) -> PaintCallback {
    Callback::new_paint_callback(rect, OnlyCallback { viewport_ids })
}

struct OnlyCallback {
    viewport_ids: Vec<u64>,
}

impl CallbackTrait for OnlyCallback {
    fn prepare(
        &self,
        _device: &wgpu::Device,
        _queue: &wgpu::Queue,
        _screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        if let Some(renderer) = resources.get_mut::<Renderer>() {
            renderer.retain_viewports(&self.viewport_ids);
        }
        Vec::new()
    }

    fn paint(&self, _info: PaintCallbackInfo, _pass: &mut wgpu::RenderPass<'static>, _resources: &CallbackResources) {}
}

struct PictureCallback {
    viewport_id: u64,
    /// Points.
    rect: Rect,
    request: DrawRequest,
    error: DrawingError,
}

impl CallbackTrait for PictureCallback {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        let Some(renderer) = resources.get_mut::<Renderer>() else { return Vec::new() };
        let scale = screen.pixels_per_point;
        let target = TargetRect {
            x: (self.rect.min.x * scale).round(),
            y: (self.rect.min.y * scale).round(),
            width: (self.rect.width() * scale).round(),
            height: (self.rect.height() * scale).round(),
        };
        let drawn = renderer.prepare(device, queue, self.viewport_id, &self.request, target);
        self.error.set(drawn.err().map(|error| error.to_string()));
        Vec::new()
    }

    fn paint(&self, _info: PaintCallbackInfo, pass: &mut wgpu::RenderPass<'static>, resources: &CallbackResources) {
        if let Some(renderer) = resources.get::<Renderer>() {
            renderer.paint(self.viewport_id, pass);
        }
    }
}
