//! Every shader equals its CPU twin within 1/255.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use overread::domain::frame::Samples;
use overread::domain::instance::Instance;
use overread::domain::presentation::{VoiFunction, Window};
use overread::imaging::presentation;
use overread::imaging::view::{ImageGrid, View};
use overread::imaging::voi_lut::Voi;
use overread::import::Importer;
use overread::render::cpu;
use overread::render::offscreen::OffscreenRenderer;
use overread::render::request::DrawRequest;

use crate::data;
use crate::render::cases::{self, Dice, Fixed};
use crate::render::renderer;

const WIDTH: u32 = 97;
const HEIGHT: u32 = 61;

/// Where a pixel edge, a threshold or a step of the color map passes through a screen pixel's middle, f32 and f64 may
/// fall on either side: there the twin's answer this far beside, in screen pixels, counts too.
const BESIDE_PX: f64 = 2e-3;

/// The shader's picture against the twin's; returns how many pixels needed the twin's neighborhood.
fn check(renderer: &mut OffscreenRenderer, request: &DrawRequest, what: &str) -> usize {
    let gpu = renderer.draw(request, WIDTH, HEIGHT).unwrap();
    let twin = cpu::draw(request, WIDTH, HEIGHT);
    let mut open = differing(&gpu, &twin, (0..twin.len() / 4).collect());
    let n_beside = open.len();
    for (dx, dy) in [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)] {
        if open.is_empty() {
            break;
        }
        let beside = cpu::draw(&moved(request, f64::from(dx) * BESIDE_PX, f64::from(dy) * BESIDE_PX), WIDTH, HEIGHT);
        open = differing(&gpu, &beside, open);
    }
    if let Some(pixel) = open.first() {
        let rgba = |picture: &[u8]| picture[pixel * 4..pixel * 4 + 4].to_vec();
        panic!(
            "{what}: {} pixels differ, first at {}, {}: shader {:?}, twin {:?}\n{request:?}",
            open.len(),
            pixel % WIDTH as usize,
            pixel / WIDTH as usize,
            rgba(&gpu),
            rgba(&twin),
        );
    }
    n_beside
}

fn differing(a: &[u8], b: &[u8], mut pixels: Vec<usize>) -> Vec<usize> {
    pixels.retain(|pixel| (pixel * 4..pixel * 4 + 4).any(|i| a[i].abs_diff(b[i]) > 1));
    pixels
}

fn moved(request: &DrawRequest, dx: f64, dy: f64) -> DrawRequest {
    let mut request = request.clone();
    let map = &mut request.transform.image_from_viewport;
    let [x, y] = map.vector([dx, dy]);
    map.x[2] += x;
    map.y[2] += y;
    request
}

#[test]
fn every_shader_equals_its_cpu_twin() {
    let Some(mut renderer) = renderer() else { return };
    let viewport = [f64::from(WIDTH), f64::from(HEIGHT)];
    let mut dice = Dice(1);
    let (mut n_cases, mut n_beside) = (0, 0);
    for _ in 0..2 {
        for kind in cases::KINDS {
            for voi in cases::VOIS {
                for interpolation in cases::INTERPOLATIONS {
                    let seed = dice.next();
                    let request = cases::request(&mut Dice(seed), kind, voi, interpolation, viewport, None);
                    let what = format!("{kind:?} {voi:?} {interpolation:?}, seed {seed}");
                    n_beside += check(&mut renderer, &request, &what);
                    n_cases += 1;
                }
            }
        }
    }
    let share = n_beside as f64 / (n_cases * WIDTH * HEIGHT) as f64;
    println!("{n_cases} pictures agree; {n_beside} pixels ({:.4} %) on an edge", share * 100.0);
    assert!(share < 1e-3, "too many pixels lie on an edge: {n_beside}");
}

/// Every sample type under every modality LUT and VOI function, with and without padding, as it is and inverted.
#[test]
fn every_meaning_of_stored_values_looks_alike_to_both() {
    let Some(mut renderer) = renderer() else { return };
    let viewport = [f64::from(WIDTH), f64::from(HEIGHT)];
    let mut dice = Dice(77);
    let mut n_cases = 0;
    for (kind, voi) in cases::KINDS.into_iter().flat_map(|kind| cases::VOIS.map(|voi| (kind, voi))) {
        for (lut, n) in cases::LUTS.into_iter().flat_map(|lut| [0, 1, 2, 3].map(|n| (lut, n))) {
            let fixed = Fixed { lut, has_padding: n & 1 == 1, invert: n & 2 == 2 };
            let interpolation = dice.pick(&cases::INTERPOLATIONS);
            let seed = dice.next();
            let request = cases::request(&mut Dice(seed), kind, voi, interpolation, viewport, Some(fixed));
            check(&mut renderer, &request, &format!("{kind:?} {voi:?} {fixed:?} {interpolation:?}, seed {seed}"));
            n_cases += 1;
        }
    }
    println!("{n_cases} pictures agree");
}

/// Files of all makes, as they want to be shown and through other windows, small, at their pixels, and enlarged.
#[test]
fn real_frames_look_alike_to_both() {
    let folders = ["conformance", "chest-ct", "head-ct-gantry-tilt", "geometry", "one-slice-many-syntaxes"];
    let folders: Vec<PathBuf> = folders.iter().filter_map(|name| data::shared(&format!("dicom/{name}"))).collect();
    let Some(mut renderer) = renderer().filter(|_| !folders.is_empty()) else { return };
    let importer = Importer::default();
    let intake = importer.scan(&folders, &|| false, &|_| {});
    let series = intake.studies.iter().flat_map(|study| &study.series);
    let mut dice = Dice(4);
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for instance in series.flat_map(|series| series.instances.iter().take(2)) {
        // Many files alike say nothing new.
        let is_large = instance.pixels.rows.max(instance.pixels.cols) > 2100;
        let known = found.entry(make(instance)).or_default();
        if is_large || *known >= 3 {
            continue;
        }
        let Ok(frame) = importer.load_frame(instance, 0) else { continue };
        *known += 1;
        let frame = Arc::new(frame);
        for request in requests(&mut dice, instance, &frame) {
            check(&mut renderer, &request, &format!("{} {:?}", make(instance), request.interpolation));
        }
    }
    println!("{} frames of {} makes agree: {:?}", found.values().sum::<usize>(), found.len(), found.keys());
    assert!(found.len() > 10, "only {found:?}");
}

/// What decides how a frame is drawn.
fn make(instance: &Instance) -> String {
    let attributes = instance.frame(0);
    let (lut, voi) = attributes.map_or_else(Default::default, |attributes| {
        let first = |debug: String| debug.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
        let voi = attributes.voi.first().map(|voi| first(format!("{voi:?}")));
        (first(format!("{:?}", attributes.modality_lut)), voi.unwrap_or_default())
    });
    let pixels = &instance.pixels;
    let padded = if instance.padding.is_some() { "padded" } else { "" };
    format!("{:?} {}/{} bits {lut} {voi} {padded}", pixels.photometric, pixels.bits_stored, pixels.bits_allocated)
}

fn requests(dice: &mut Dice, instance: &Instance, frame: &Arc<overread::domain::frame::Frame>) -> Vec<DrawRequest> {
    let viewport = [f64::from(WIDTH), f64::from(HEIGHT)];
    let grid = ImageGrid::of(instance);
    let grey = presentation::default_presentation(instance, 0, frame);
    let fitted = View::fit(&grid, viewport);
    let views = [fitted, View { quarter_turns: 1, ..View::default() }, View { flip_h: true, zoom: 3.7, ..fitted }];
    let window = match frame.samples() {
        Samples::U8(_) | Samples::I8(_) => (100.0, 120.0),
        _ => (200.0, 900.0),
    };
    views
        .into_iter()
        .enumerate()
        .map(|(n, view)| {
            let transform = view.transform(&grid, viewport);
            let mut request = DrawRequest::new(Arc::clone(frame), instance, 0, &grey, transform);
            request.interpolation = cases::INTERPOLATIONS[(n + dice.below(3)) % 3];
            if n == 2 {
                let function = dice.pick(&[VoiFunction::Linear, VoiFunction::LinearExact, VoiFunction::Sigmoid]);
                request.voi = Voi::Window(Window { center: window.0, width: window.1, function });
                request.invert = !request.invert;
            }
            let (rows, cols) = (frame.rows(), frame.cols());
            if u64::from(rows) * u64::from(cols) < 400_000 {
                request.overlay.masks = cases::masks(dice, rows, cols, 2);
                request.overlay.saliency = Some(cases::saliency(dice, rows, cols));
            }
            request
        })
        .collect()
}
