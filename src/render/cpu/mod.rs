//! The same picture without a GPU: a twin for each shader pass, by which the shaders are tested.

pub mod grayscale_pass;
pub mod mask_pass;
pub mod saliency_pass;
pub mod volume_pass;

use rayon::prelude::{IndexedParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _};

use crate::imaging::overlay;
use crate::render::cpu::grayscale_pass::GrayscalePass;
use crate::render::cpu::mask_pass::MaskPass;
use crate::render::cpu::saliency_pass::SaliencyPass;
use crate::render::request::DrawRequest;

/// Outside of the image, sRGB.
pub const BACKGROUND: [u8; 3] = [13, 13, 16];

/// `width` × `height` pixels of RGBA, row-major, opaque. Masks that do not lie on the frame's grid are left out.
pub fn draw(request: &DrawRequest, width: u32, height: u32) -> Vec<u8> {
    let (width, height) = (width as usize, height as usize);
    let mut pixels = vec![0; width * height * 4];
    if pixels.is_empty() {
        return pixels;
    }
    let grayscale = GrayscalePass::new(request);
    let saliency = SaliencyPass::new(request);
    let masks = MaskPass::new(request);
    pixels.par_chunks_exact_mut(width * 4).enumerate().for_each(|(y, row)| {
        for (x, rgba) in row.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let in_viewport = [x as f64 + 0.5, y as f64 + 0.5];
            let in_image = request.transform.to_image(in_viewport);
            let mut color = overlay::unit_color(BACKGROUND);
            if is_inside(request, in_image) {
                color = grayscale.color(in_image);
                color = saliency.as_ref().map_or(color, |pass| pass.over(color, in_viewport));
                color = masks.as_ref().map_or(color, |pass| pass.over(color, in_viewport));
            }
            let [red, green, blue] = overlay::byte_color(color);
            *rgba = [red, green, blue, 255];
        }
    });
    pixels
}

fn is_inside(request: &DrawRequest, [x, y]: [f64; 2]) -> bool {
    x >= 0.0 && y >= 0.0 && x < f64::from(request.frame.cols()) && y < f64::from(request.frame.rows())
}
