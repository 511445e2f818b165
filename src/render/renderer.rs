//! The GPU side of every viewport: `prepare` uploads what is new, `paint` only draws.

use crate::render::error::RenderError;
use crate::render::request::DrawRequest;

/// Where a viewport lies on the render target, physical pixels from the target's top-left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetRect {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

/// What was sent to the adapter since the renderer was made.
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
    uploads: Uploads,
}

impl Renderer {
    pub fn new(_device: &wgpu::Device, _queue: &wgpu::Queue, _format: wgpu::TextureFormat) -> Self {
        Self { uploads: Uploads::default() }
    }

    /// Uploads what `request` needs and is not there yet. All viewports are prepared before the first is painted.
    pub fn prepare(
        &mut self,
        _device: &wgpu::Device,
        _queue: &wgpu::Queue,
        _viewport_id: u64,
        _request: &DrawRequest,
        _target: TargetRect,
    ) -> Result<(), RenderError> {
        Ok(())
    }

    /// Draws what was prepared last for this viewport, over the pass's current wgpu viewport.
    pub fn paint(&self, _viewport_id: u64, _pass: &mut wgpu::RenderPass<'_>) {}

    /// Drops what belongs to viewports that are gone.
    pub fn retain_viewports(&mut self, _ids: &[u64]) {}

    pub fn uploads(&self) -> Uploads {
        self.uploads
    }
}
