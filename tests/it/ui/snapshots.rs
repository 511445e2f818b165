//! The screens as they were last looked at, small, in `tests/snapshots`. A screen that has changed fails here until it
//! has been looked at again: `OVERREAD_KEEP_SCREENS=1 cargo test --test it snapshots` keeps what is drawn now, and
//! `OVERREAD_SCREENS=DIR` writes it in full.
//!
//! Compared are means of blocks, so that another rasterizer's edges are no change and a moved panel is.

use std::path::{Path, PathBuf};

use egui::{Key, vec2};
use egui_kittest::Harness;
use egui_kittest::wgpu::{WgpuTestRenderer, create_render_state, default_wgpu_setup};
use image::RgbaImage;
use image::imageops::{FilterType, resize};
use overread::ui::theme;
use overread::ui::viewport::paint_callback;

use crate::ui::desk::Desk;

/// Physical pixels, and of them to a point.
const SCREENS: [(&str, [f32; 2], f32); 3] =
    [("1280x800", [1280.0, 800.0], 1.0), ("1920x1080", [1920.0, 1080.0], 1.0), ("3840x2160", [3840.0, 2160.0], 2.0)];
/// Width of what is kept, pixels.
const KEPT_WIDTH: u32 = 480;
/// Side of the blocks that are compared, pixels of the kept picture.
const BLOCK: u32 = 12;
/// A block's mean may differ by this, of 255; text drawn by another font rasterizer stays below.
const MOST: f64 = 9.0;

/// Draws the screen at every size and holds it against what was kept.
pub fn holds(name: &str, desk: impl Fn() -> Desk) {
    holds_after(name, &[], desk);
}

/// The same, after these keys.
pub fn holds_after(name: &str, keys: &[Key], desk: impl Fn() -> Desk) {
    if std::env::var_os("WGPU_BACKEND").is_none() {
        println!("skipped: WGPU_BACKEND names no adapter to draw on");
        return;
    }
    let changed: Vec<String> =
        SCREENS.iter().filter_map(|screen| difference(name, screen, keys, desk()).err()).collect();
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

fn difference(
    name: &str,
    (size_name, [width, height], scale): &(&str, [f32; 2], f32),
    keys: &[Key],
    desk: Desk,
) -> Result<(), String> {
    let state = create_render_state(default_wgpu_setup(), eframe::egui_wgpu::RendererOptions::PREDICTABLE);
    paint_callback::install(&state);
    let mut harness = Harness::builder()
        .with_size(vec2(*width, *height) / *scale)
        .with_pixels_per_point(*scale)
        .with_context_setup(theme::install)
        .renderer(WgpuTestRenderer::from_render_state(state))
        .build_ui_state(|ui, desk: &mut Desk| desk.pass(ui), desk);
    harness.run_steps(4);
    for key in keys {
        harness.key_press(*key);
        harness.run_steps(4);
    }
    harness.run_steps(4);
    let drawn = harness.render().map_err(|error| format!("{name} {size_name}: {error}"))?;
    if let Some(folder) = std::env::var_os("OVERREAD_SCREENS") {
        drawn.save(Path::new(&folder).join(format!("{name}-{size_name}.png"))).map_err(|error| error.to_string())?;
    }
    let kept_height = (KEPT_WIDTH as f32 * height / width).round() as u32;
    let small = resize(&drawn, KEPT_WIDTH, kept_height, FilterType::Triangle);
    let path = kept_path(name, size_name);
    if std::env::var_os("OVERREAD_KEEP_SCREENS").is_some() {
        return small.save(&path).map_err(|error| error.to_string());
    }
    let kept = image::open(&path).map_err(|error| format!("{}: {error}", path.display()))?.to_rgba8();
    let worst = worst_block(&small, &kept).ok_or_else(|| format!("{name} {size_name}: another size"))?;
    if worst.0 <= MOST {
        return Ok(());
    }
    Err(format!(
        "{name} {size_name} has changed by {:.0} of 255 about pixel {:?} of {}",
        worst.0,
        worst.1,
        path.display()
    ))
}

fn kept_path(name: &str, size_name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/snapshots/{name}-{size_name}.png"))
}

/// The largest difference of block means of any channel, and where; `None` for pictures of different sizes.
fn worst_block(a: &RgbaImage, b: &RgbaImage) -> Option<(f64, (u32, u32))> {
    if a.dimensions() != b.dimensions() {
        return None;
    }
    let corners = (0..a.height())
        .step_by(BLOCK as usize)
        .flat_map(|y| (0..a.width()).step_by(BLOCK as usize).map(move |x| (x, y)));
    corners
        .map(|corner| {
            let (of_a, of_b) = (mean(a, corner), mean(b, corner));
            let off = of_a.iter().zip(of_b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            (off, corner)
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
}

fn mean(picture: &RgbaImage, (x0, y0): (u32, u32)) -> [f64; 3] {
    let (x1, y1) = ((x0 + BLOCK).min(picture.width()), (y0 + BLOCK).min(picture.height()));
    let mut sums = [0.0; 3];
    for y in y0..y1 {
        for x in x0..x1 {
            let pixel = picture.get_pixel(x, y).0;
            sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += f64::from(value));
        }
    }
    sums.map(|sum| sum / f64::from((x1 - x0) * (y1 - y0)))
}

#[test]
fn a_moved_block_is_a_change_and_a_softer_edge_is_none() {
    let mut a = RgbaImage::from_pixel(96, 96, image::Rgba([20, 20, 20, 255]));
    let mut b = a.clone();
    for y in 0..96 {
        b.put_pixel(30, y, image::Rgba([60, 60, 60, 255]));
    }
    assert!(worst_block(&a, &b).unwrap().0 < MOST);
    for y in 40..60 {
        for x in 40..60 {
            a.put_pixel(x, y, image::Rgba([160, 160, 160, 255]));
        }
    }
    assert!(worst_block(&a, &b).unwrap().0 > MOST);
}
