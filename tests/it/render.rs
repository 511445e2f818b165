//! Shaders against their CPU twins, and the promises of the renderer: alignment, no upload while dragging.
//!
//! Needs any Vulkan, Metal or DX12 adapter, a software one will do; without one, a line says what was skipped.

mod cases;
mod live;
mod measure;
mod parity;
mod planes;
mod promises;

use std::sync::{Mutex, MutexGuard, OnceLock};

use overread::domain::frame::Samples;
use overread::imaging::view::{ImageGrid, View};
use overread::render::offscreen::OffscreenRenderer;
use overread::render::pipelines;
use overread::render::request::Interpolation;
use overread::render::rgba_pass::{self, RgbaPicture};
use overread::render::volume_pass;

/// One device for all tests; `None` after saying why.
fn renderer() -> Option<MutexGuard<'static, OffscreenRenderer>> {
    static RENDERER: OnceLock<Option<Mutex<OffscreenRenderer>>> = OnceLock::new();
    let made = RENDERER.get_or_init(|| match OffscreenRenderer::new() {
        Ok(renderer) => {
            println!("drawing on {}", renderer.adapter_name());
            Some(Mutex::new(renderer))
        }
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    });
    // A test that failed while drawing must not fail the others.
    made.as_ref().map(|renderer| renderer.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

#[test]
fn every_shader_is_valid() {
    for source in
        [pipelines::shader_module_source(), rgba_pass::SHADER_SOURCE.to_owned(), volume_pass::SHADER_SOURCE.to_owned()]
    {
        let module =
            naga::front::wgsl::parse_str(&source).unwrap_or_else(|error| panic!("{}", error.emit_to_string(&source)));
        let mut validator =
            naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::default());
        if let Err(error) = validator.validate(&module) {
            panic!("{}", error.emit_to_string(&source));
        }
        let entry_points: Vec<&str> = module.entry_points.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(entry_points.first().zip(entry_points.last()), Some((&"vs_main", &"fs_main")));
    }
}

#[test]
fn the_usual_way_shows_the_same_picture_as_our_pass() {
    let Some(mut renderer) = renderer() else { return };
    let (rows, cols) = (40_u32, 60_u32);
    let levels: Vec<u8> = (0..rows * cols).map(|i| (i * 7 % 251) as u8).collect();
    let rgba: Vec<u8> = levels.iter().flat_map(|level| [*level, *level, *level, 255]).collect();
    let view = View { zoom: 2.5, ..View::default() };
    let mut request = cases::plain_request(1, 1, vec![0], View::default(), [200.0, 130.0]);
    request.frame = cases::frame(rows, cols, Samples::U8(levels.into()));
    request.interpolation = Interpolation::Bilinear;
    request.transform = view.transform(&ImageGrid::new(rows, cols, 1.0), [200.0, 130.0]);
    let ours = renderer.draw(&request, 200, 130).unwrap();
    let picture = RgbaPicture { rgba: &rgba, rows, cols, transform: &request.transform };
    let usual = renderer.draw_rgba(&picture, 200, 130).unwrap();
    // An adapter's own sampler weighs texels by few bits.
    let worst = ours.iter().zip(&usual).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(2), "the two differ by {worst:?} levels");
}
