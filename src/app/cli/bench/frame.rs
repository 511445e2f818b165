//! One step of the mouse on a large radiograph: our pass, its CPU twin, and the usual way of viewers.
//!
//! The usual way windows the whole image on the CPU into RGBA, sends it whole, and draws it as a picture.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::app::cli::bench::measure::{Part, Way, clocked, interleaved};
use crate::app::cli::bench::pictures;
use crate::app::cli::bench::sheet::Sheet;
use crate::domain::frame::{Frame, Samples};
use crate::domain::presentation::{ModalityLut, Window};
use crate::imaging::pipeline::to_u8;
use crate::imaging::view::{ImageGrid, View};
use crate::imaging::voi_lut::{self, Voi};
use crate::render::cpu;
use crate::render::error::RenderError;
use crate::render::offscreen::OffscreenRenderer;
use crate::render::request::{DrawRequest, Interpolation, Minification, OverlayRequest, PixelMeaning};
use crate::render::rgba_pass::RgbaPicture;

const RADIOGRAPH_SIZE: u32 = 2048;
const CT_SIZE: u32 = 512;
const WIDTH: u32 = 1600;
const HEIGHT: u32 = 1000;
const RADIOGRAPH_WINDOW: Window = Window::linear(30_000.0, 50_000.0);
const CT_WINDOW: Window = Window::linear(40.0, 400.0);

pub fn measure(n_rounds: u32) -> Result<Sheet, String> {
    let radiograph = pictures::radiograph_16_bits(RADIOGRAPH_SIZE)?;
    let ct = pictures::ct_slice(CT_SIZE)?;
    let gpu = OffscreenRenderer::new();
    let reason = gpu.as_ref().err().map(ToString::to_string);
    let gpu = gpu.ok().map(RefCell::new);
    let step_bytes = Cell::new(0);
    let mut ways = vec![cpu_step(&radiograph)];
    let mut cold_ms = None;
    if let Some(gpu) = &gpu {
        let cold = request(&radiograph, RADIOGRAPH_WINDOW);
        let (drawn, seconds) = clocked(|| gpu.borrow_mut().draw_only(&cold, WIDTH, HEIGHT));
        drawn.map_err(text)?;
        cold_ms = Some(seconds * 1e3);
        ways.extend(gpu_ways(gpu, &radiograph, &ct, &step_bytes));
    }
    ways.push(usual_step(gpu.as_ref(), &radiograph));
    let series = interleaved(n_rounds, &mut ways)?;
    let against_usual = ["gpu_window_step", "gpu_window_step_point", "gpu_first_draw", "cpu_twin_window_step"]
        .map(|ours| (ours.to_owned(), "usual_way_window_step".to_owned()));
    let against_twin = [("gpu_window_step".to_owned(), "cpu_twin_window_step".to_owned())];
    let pairs = if gpu.is_some() { [&against_usual[..], &against_twin].concat() } else { against_twin.to_vec() };
    drop(ways);
    let gpu = gpu.as_ref().map(RefCell::borrow);
    Ok(Sheet::new("frame", n_rounds, series, &pairs)
        .with_fact("adapter", gpu.as_ref().map(|gpu| gpu.adapter_name()))
        .with_fact("adapter_is_software", gpu.as_ref().map(|gpu| gpu.is_software()))
        .with_fact("no_adapter", reason)
        .with_fact("viewport", format!("{WIDTH} × {HEIGHT}"))
        .with_fact("radiograph_bytes", u64::from(RADIOGRAPH_SIZE) * u64::from(RADIOGRAPH_SIZE) * 2)
        .with_fact("bytes_uploaded_per_window_step", step_bytes.get())
        .with_fact("bytes_uploaded_per_usual_step", u64::from(RADIOGRAPH_SIZE) * u64::from(RADIOGRAPH_SIZE) * 4)
        .with_fact("first_draw_of_all_with_pipeline_ms", cold_ms))
}

fn text(error: RenderError) -> String {
    error.to_string()
}

/// Fitted into the viewport, as a study opens.
fn request(frame: &Arc<Frame>, window: Window) -> DrawRequest {
    let grid = ImageGrid::new(frame.rows(), frame.cols(), 1.0);
    let viewport = [f64::from(WIDTH), f64::from(HEIGHT)];
    DrawRequest {
        frame: Arc::clone(frame),
        meaning: PixelMeaning { modality_lut: ModalityLut::Identity, palette: None, bits_stored: 16, padding: None },
        voi: Voi::Window(window),
        invert: false,
        interpolation: Interpolation::Bilinear,
        minification: Minification::Area,
        transform: View::fit(&grid, viewport).transform(&grid, viewport),
        overlay: OverlayRequest::default(),
        plane: None,
    }
}

/// A drag: each call is a window a little further.
fn drag() -> impl FnMut() -> Window {
    let mut n_steps = 0_u32;
    move || {
        n_steps += 1;
        Window::linear(RADIOGRAPH_WINDOW.center + f64::from(n_steps), RADIOGRAPH_WINDOW.width)
    }
}

fn cpu_step<'a>(radiograph: &Arc<Frame>) -> Way<'a> {
    let mut request = request(radiograph, RADIOGRAPH_WINDOW);
    let mut next_window = drag();
    Way::timed(Part::new("cpu_twin_window_step", "window step, CPU twin of our pass, all threads"), move || {
        request.voi = Voi::Window(next_window());
        std::hint::black_box(cpu::draw(&request, WIDTH, HEIGHT));
        Ok(())
    })
}

fn gpu_ways<'a>(
    gpu: &'a RefCell<OffscreenRenderer>,
    radiograph: &Arc<Frame>,
    ct: &Arc<Frame>,
    step_bytes: &'a Cell<u64>,
) -> Vec<Way<'a>> {
    let step = |part: Part, minification: Minification| {
        let mut request = DrawRequest { minification, ..request(radiograph, RADIOGRAPH_WINDOW) };
        let mut next_window = drag();
        Way::timed(part, move || {
            let mut gpu = gpu.borrow_mut();
            let before = gpu.uploads().bytes;
            request.voi = Voi::Window(next_window());
            gpu.draw_only(&request, WIDTH, HEIGHT).map_err(text)?;
            step_bytes.set(step_bytes.get().max(gpu.uploads().bytes - before));
            Ok(())
        })
    };
    let unseen = |part: Part, frame: &Arc<Frame>, window: Window| {
        let mut request = request(frame, window);
        Way::new(vec![part], move || {
            request.frame = pictures::unseen(&request.frame);
            let (drawn, seconds) = clocked(|| gpu.borrow_mut().draw_only(&request, WIDTH, HEIGHT));
            drawn.map(|()| vec![seconds]).map_err(text)
        })
    };
    let mean = Part::new("gpu_window_step", "window step, our pass, mean of covered pixels");
    let point = Part::new("gpu_window_step_point", "window step, our pass, one bilinear point");
    let first = Part::new("gpu_first_draw", "first draw of the radiograph, upload included");
    let scroll = Part::new("gpu_scroll_step", "scroll to a new CT slice of 512 × 512, upload included");
    vec![
        step(mean, Minification::Area),
        step(point, Minification::Point),
        unseen(first, radiograph, RADIOGRAPH_WINDOW),
        unseen(scroll, ct, CT_WINDOW),
    ]
}

fn usual_step<'a>(gpu: Option<&'a RefCell<OffscreenRenderer>>, radiograph: &Arc<Frame>) -> Way<'a> {
    let request = request(radiograph, RADIOGRAPH_WINDOW);
    let mut next_window = drag();
    let mut rgba = Vec::new();
    let convert = Part::new("usual_way_convert", "  of that: windowing the whole image to RGBA, one thread");
    let Some(gpu) = gpu else {
        return Way::timed(convert, move || window_to_rgba(&request.frame, &next_window(), &mut rgba));
    };
    let parts = vec![
        Part::new("usual_way_window_step", "window step, the usual way: RGBA on the CPU, upload, draw"),
        convert,
        Part::new("usual_way_upload_and_draw", "  of that: upload and bilinear draw"),
    ];
    Way::new(parts, move || {
        let window = next_window();
        let (converted, convert_s) = clocked(|| window_to_rgba(&request.frame, &window, &mut rgba));
        converted?;
        let DrawRequest { frame, transform, .. } = &request;
        let picture = RgbaPicture { rgba: &rgba, rows: frame.rows(), cols: frame.cols(), transform };
        let (drawn, draw_s) = clocked(|| gpu.borrow_mut().draw_rgba_only(&picture, WIDTH, HEIGHT));
        drawn.map_err(text)?;
        Ok(vec![convert_s + draw_s, convert_s, draw_s])
    })
}

/// By a table of all stored values, as a viewer that cares would; the buffer is kept between steps.
fn window_to_rgba(frame: &Frame, window: &Window, rgba: &mut Vec<u8>) -> Result<(), String> {
    let Samples::U16(samples) = frame.samples() else { return Err("the radiograph has 16 bits".to_owned()) };
    let gray = |stored: u16| to_u8(voi_lut::apply_window(window, f64::from(stored)));
    let table: Vec<[u8; 4]> = (0..=u16::MAX).map(gray).map(|level| [level, level, level, 255]).collect();
    rgba.resize(samples.len() * 4, 0);
    for (pixel, stored) in rgba.as_chunks_mut::<4>().0.iter_mut().zip(samples) {
        *pixel = table.get(usize::from(*stored)).copied().unwrap_or_default();
    }
    Ok(())
}
