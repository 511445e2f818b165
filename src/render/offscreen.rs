//! Draws without a window: thumbnails, tests and measurements.

use crate::render::error::RenderError;
use crate::render::renderer::{Renderer, Uploads};
use crate::render::request::DrawRequest;

/// A device of its own and a renderer on it.
#[derive(Debug)]
pub struct OffscreenRenderer {
    renderer: Renderer,
}

impl OffscreenRenderer {
    /// The first adapter that answers; software adapters count.
    pub fn new() -> Result<Self, RenderError> {
        Err(RenderError::NoAdapter("not built yet".to_owned()))
    }

    pub fn uploads(&self) -> Uploads {
        self.renderer.uploads()
    }

    /// `width` × `height` pixels of RGBA, row-major.
    pub fn draw(&mut self, _request: &DrawRequest, _width: u32, _height: u32) -> Result<Vec<u8>, RenderError> {
        Err(RenderError::NoAdapter("not built yet".to_owned()))
    }
}
