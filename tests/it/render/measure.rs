//! What a frame costs: `cargo test --test it measure -- --ignored --nocapture`. Nothing is asserted.

use std::time::Instant;

use overread::domain::frame::Samples;
use overread::domain::presentation::Window;
use overread::imaging::view::{ImageGrid, View};
use overread::imaging::voi_lut::Voi;
use overread::render::cpu;
use overread::render::offscreen::OffscreenRenderer;
use overread::render::request::{DrawRequest, Interpolation, Minification};

use crate::render::cases::{self, Dice};
use crate::render::renderer;

const SIZE: (u32, u32) = (1600, 1000);

/// CPU time of this process, all threads, milliseconds; what other programs do does not count. Linux only.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) * 10.0
}

/// Median and least of `n` runs and their mean CPU time, milliseconds.
fn timed(n: usize, mut run: impl FnMut(usize)) -> String {
    let cpu_before = cpu_ms();
    let mut times: Vec<f64> = (0..n)
        .map(|i| {
            let start = Instant::now();
            run(i);
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    let cpu = (cpu_ms() - cpu_before) / n as f64;
    times.sort_by(f64::total_cmp);
    format!("median {:6.1} ms, least {:6.1} ms, CPU {cpu:6.1} ms", times[n / 2], times[0])
}

fn line(renderer: &mut OffscreenRenderer, what: &str, request: &mut DrawRequest) {
    let (width, height) = SIZE;
    let start = cpu_ms();
    renderer.draw_only(request, width, height).unwrap();
    let first = cpu_ms() - start;
    let drag = timed(15, |i| {
        request.voi = Voi::Window(Window::linear(1000.0 + i as f64, 2000.0));
        renderer.draw_only(request, width, height).unwrap();
    });
    println!("{what:50} {drag} (first: CPU {first:.0})");
}

#[test]
#[ignore = "measures, asserts nothing"]
fn what_a_frame_costs() {
    let Some(mut renderer) = renderer() else { return };
    let viewport = [f64::from(SIZE.0), f64::from(SIZE.1)];
    for (rows, cols) in [(512, 512), (2048, 2048), (4096, 3328)] {
        let mut dice = Dice(3);
        let grid = ImageGrid::new(rows, cols, 1.0);
        let mut request = cases::plain_request(1, 1, vec![0], View::default(), viewport);
        request.frame = cases::frame(rows, cols, Samples::I16((0..rows * cols).map(|i| (i % 3001) as i16).collect()));
        // A square viewport is filled, so that all pixels cost.
        let view = View { zoom: f64::from(SIZE.0) / f64::from(cols), ..View::default() };
        request.transform = view.transform(&grid, viewport);
        println!("{cols} × {rows} onto {} × {}, zoom {:.2}, on {}", SIZE.0, SIZE.1, view.zoom, renderer.adapter_name());
        for (interpolation, minification) in [
            (Interpolation::Nearest, Minification::Point),
            (Interpolation::Bilinear, Minification::Point),
            (Interpolation::Bilinear, Minification::Area),
            (Interpolation::Cubic, Minification::Point),
        ] {
            (request.interpolation, request.minification) = (interpolation, minification);
            line(&mut renderer, &format!("{interpolation:?} {minification:?}"), &mut request);
        }
        (request.interpolation, request.minification) = (Interpolation::Bilinear, Minification::Point);
        request.overlay.masks = cases::masks(&mut dice, rows, cols, 6);
        line(&mut renderer, "Bilinear Point, small masks", &mut request);
        request.overlay.saliency = Some(cases::saliency(&mut dice, rows, cols));
        request.overlay.saliency.as_mut().unwrap().contour_fraction = None;
        line(&mut renderer, "Bilinear Point, masks, saliency", &mut request);
        request.overlay.saliency.as_mut().unwrap().contour_fraction = Some(0.5);
        line(&mut renderer, "Bilinear Point, masks, saliency, contour", &mut request);
        let twin = timed(3, |_| {
            cpu::draw(&request, SIZE.0, SIZE.1);
        });
        println!("{:50} {twin}", "CPU twin of the same");
    }
}
