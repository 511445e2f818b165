//! Stored values onto the screen: one draw per viewport, with masks and saliency composed over the image.
//!
//! wgpu only; egui never appears here. Window and level are uniforms, so dragging uploads nothing. Every pass of
//! `shaders/` has a twin of the same name in [`cpu`], and a test that the two agree within 1/255.

pub mod cpu;
pub mod device_watch;
pub mod error;
mod frame_texture;
mod grayscale_pass;
mod layer;
pub mod live_labels;
mod mask_pass;
pub mod offscreen;
pub mod pipelines;
pub mod renderer;
pub mod request;
pub mod rgba_pass;
mod saliency_pass;
mod texture_cache;
mod uniforms;
pub mod volume_pass;
