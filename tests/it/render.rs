//! Shaders against their CPU twins, and the promises of the renderer: alignment, no upload while dragging.
//!
//! Needs any Vulkan, Metal or DX12 adapter, a software one will do; without one, a line says what was skipped.

mod cases;
mod measure;
mod parity;
mod promises;

use std::sync::{Mutex, MutexGuard, OnceLock};

use overread::render::offscreen::OffscreenRenderer;
use overread::render::pipelines;

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
    let source = pipelines::shader_module_source();
    let module =
        naga::front::wgsl::parse_str(&source).unwrap_or_else(|error| panic!("{}", error.emit_to_string(&source)));
    let mut validator =
        naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::default());
    if let Err(error) = validator.validate(&module) {
        panic!("{}", error.emit_to_string(&source));
    }
    let entry_points: Vec<&str> = module.entry_points.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(entry_points, ["vs_main", "fs_main"]);
}
