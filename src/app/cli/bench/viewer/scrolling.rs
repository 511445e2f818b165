//! Scrolling through slices that are decoded: what a new slice costs to send, and to send and draw.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::app::cli::bench::measure::{Part, Way, clocked};
use crate::app::cli::bench::pictures;
use crate::app::cli::bench::viewer::N_STEPS;
use crate::domain::frame::Frame;
use crate::domain::presentation::{ModalityLut, Window};
use crate::imaging::view::{ImageGrid, View};
use crate::imaging::voi_lut::Voi;
use crate::render::error::RenderError;
use crate::render::offscreen::OffscreenRenderer;
use crate::render::request::{DrawRequest, Interpolation, Minification, OverlayRequest, PixelMeaning};

/// One of four viewports.
const WIDTH: u32 = 800;
const HEIGHT: u32 = 500;

pub fn ways<'a>() -> Result<Vec<Way<'a>>, String> {
    let gpu = Rc::new(RefCell::new(OffscreenRenderer::new().map_err(text)?));
    let small = pictures::ct_slice(512)?;
    let large = pictures::radiograph_16_bits(2048)?;
    let upload = |id: &str, what: &str, frame: &Arc<Frame>| {
        let (gpu, frame) = (Rc::clone(&gpu), Arc::clone(frame));
        Way::new(vec![Part::new(id, what)], move || {
            median_of_steps(|| gpu.borrow_mut().upload_only(&request(&pictures::unseen(&frame))))
        })
    };
    let step = |id: &str, what: &str, frame: &Arc<Frame>| {
        let (gpu, frame) = (Rc::clone(&gpu), Arc::clone(frame));
        Way::new(vec![Part::new(id, what)], move || {
            median_of_steps(|| gpu.borrow_mut().draw_only(&request(&pictures::unseen(&frame)), WIDTH, HEIGHT))
        })
    };
    Ok(vec![
        upload("upload_512", "sending a slice of 512²", &small),
        upload("upload_2048", "sending a slice of 2048²", &large),
        step("scroll_step_512", "wheel step to a decoded slice of 512², sent and drawn in one viewport", &small),
        step("scroll_step_2048", "wheel step to a decoded slice of 2048², sent and drawn in one viewport", &large),
    ])
}

fn median_of_steps(mut step: impl FnMut() -> Result<(), RenderError>) -> Result<Vec<f64>, String> {
    let mut seconds = Vec::new();
    for _ in 0..N_STEPS {
        let (done, took) = clocked(&mut step);
        done.map_err(text)?;
        seconds.push(took);
    }
    seconds.sort_by(f64::total_cmp);
    Ok(vec![seconds.get(seconds.len() / 2).copied().unwrap_or(0.0)])
}

fn request(frame: &Arc<Frame>) -> DrawRequest {
    let grid = ImageGrid::new(frame.rows(), frame.cols(), 1.0);
    let viewport = [f64::from(WIDTH), f64::from(HEIGHT)];
    DrawRequest {
        frame: Arc::clone(frame),
        meaning: PixelMeaning { modality_lut: ModalityLut::Identity, palette: None, bits_stored: 16, padding: None },
        voi: Voi::Window(Window::linear(40.0, 400.0)),
        invert: false,
        interpolation: Interpolation::default(),
        minification: Minification::Area,
        transform: View::fit(&grid, viewport).transform(&grid, viewport),
        overlay: OverlayRequest::default(),
        plane: None,
    }
}

fn text(error: RenderError) -> String {
    error.to_string()
}
