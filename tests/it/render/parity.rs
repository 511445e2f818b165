//! Every shader equals its CPU twin within 1/255.

use overread::render::cpu;
use overread::render::offscreen::OffscreenRenderer;
use overread::render::request::DrawRequest;

use crate::render::cases::{self, Dice};
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
                    let request = cases::request(&mut Dice(seed), kind, voi, interpolation, viewport);
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
