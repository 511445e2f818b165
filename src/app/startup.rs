//! Opens the window, and says what is missing when it cannot be opened.

pub mod unseen;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use eframe::egui_wgpu::{WgpuConfiguration, WgpuSetup};
use wgpu::DeviceType;

use crate::app::cli::output;
use crate::app::hall::{App, AppOptions};
use crate::app::settings;
use crate::ui::arrangement::WindowPlace;
use crate::ui::preferences::DrawnBy;
use crate::ui::theme;

/// Libraries that the window loads when it opens, with the Debian package that brings each.
const LINUX_LIBRARIES: [(&str, &str); 8] = [
    ("libX11-xcb.so.1", "libx11-xcb1"),
    ("libXcursor.so.1", "libxcursor1"),
    ("libXi.so.6", "libxi6"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
    ("libEGL.so.1", "libegl1"),
    ("libvulkan.so.1", "libvulkan1 mesa-vulkan-drivers"),
    ("libwayland-client.so.0", "libwayland-client0"),
    ("libdbus-1.so.3", "libdbus-1-3"),
];

/// Runs the window until it is closed.
pub fn open_window(options: AppOptions) -> ExitCode {
    if let Some(text) = missing_for_a_window() {
        output::message(&text);
        return ExitCode::from(2);
    }
    options.importer.prepare();
    // What is wrong with the file is said when the program itself reads it.
    let (settings, _) = settings::read(&options.settings);
    let viewport = egui::ViewportBuilder::default()
        .with_title("Overread – research use only")
        .with_app_id("overread")
        .with_min_inner_size([900.0, 600.0])
        .with_drag_and_drop(true);
    let native = eframe::NativeOptions {
        viewport: placed(viewport, settings.arrangement.window),
        renderer: eframe::Renderer::Wgpu,
        wgpu_options: graphics(settings.screen.display.drawn_by),
        ..eframe::NativeOptions::default()
    };
    let run = eframe::run_native("overread", native, Box::new(|cc| Ok(Box::new(create(cc, options)?))));
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::message(&format!(
                "the window could not be opened: {error}. On Debian or Ubuntu install: apt-get install {}",
                packages(LINUX_LIBRARIES.iter())
            ));
            ExitCode::from(2)
        }
    }
}

/// The window where it was, else of a size that most screens have.
fn placed(viewport: egui::ViewportBuilder, place: Option<WindowPlace>) -> egui::ViewportBuilder {
    let Some((place, rect)) = place.and_then(|place| Some((place, place.rect()?))) else {
        return viewport.with_inner_size([1600.0, 1000.0]);
    };
    let viewport = viewport.with_inner_size(rect.size()).with_maximized(place.is_maximized);
    if place.position.is_some() { viewport.with_position(rect.min) } else { viewport }
}

/// Who computes the pictures. Where there is no such adapter, any other that can draw.
fn graphics(drawn_by: DrawnBy) -> WgpuConfiguration {
    let mut configuration = WgpuConfiguration::default();
    if let (DrawnBy::Processor, WgpuSetup::CreateNew(setup)) = (drawn_by, &mut configuration.wgpu_setup) {
        setup.native_adapter_selector = Some(Arc::new(|adapters, surface| {
            let can_draw = |adapter: &&wgpu::Adapter| surface.is_none_or(|it| adapter.is_surface_supported(it));
            let is_processor = |adapter: &&wgpu::Adapter| adapter.get_info().device_type == DeviceType::Cpu;
            let drawing = || adapters.iter().filter(can_draw);
            let chosen = drawing().find(is_processor).or_else(|| drawing().next());
            chosen.cloned().ok_or_else(|| "no adapter can draw on this screen".to_owned())
        }));
    }
    configuration
}

/// The program inside a window or a test harness.
pub fn create(cc: &eframe::CreationContext<'_>, options: AppOptions) -> std::io::Result<App> {
    theme::install(&cc.egui_ctx);
    if let Some(render_state) = &cc.wgpu_render_state {
        crate::ui::viewport::paint_callback::install(render_state);
    }
    let ctx = cc.egui_ctx.clone();
    let mut app = App::start(options, Arc::new(move || ctx.request_repaint()))?;
    let is_software = |state: &eframe::egui_wgpu::RenderState| state.adapter.get_info().device_type == DeviceType::Cpu;
    app.view.transient.pointer.saves_work = cc.wgpu_render_state.as_ref().is_some_and(is_software);
    Ok(app)
}

/// A sentence when no window can be opened here.
fn missing_for_a_window() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let has_screen =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()));
    if !has_screen {
        return Some(
            "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set); \
             the jobs without a window are listed by: overread --help"
                .to_owned(),
        );
    }
    let missing: Vec<_> = LINUX_LIBRARIES.iter().filter(|(library, _)| !is_installed(library)).collect();
    if missing.is_empty() {
        return None;
    }
    let names: Vec<&str> = missing.iter().map(|(library, _)| *library).collect();
    Some(format!(
        "missing here: {}. On Debian or Ubuntu: apt-get install --no-install-recommends {}",
        names.join(", "),
        packages(missing.into_iter())
    ))
}

fn packages<'a>(libraries: impl Iterator<Item = &'a (&'a str, &'a str)>) -> String {
    libraries.map(|(_, package)| *package).collect::<Vec<_>>().join(" ")
}

/// Looks where Debian, Ubuntu, Fedora and a loader path put libraries. In doubt (no such folder at all) it is there.
fn is_installed(library: &str) -> bool {
    let of_environment = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
    let folders = of_environment.split(':').filter(|folder| !folder.is_empty()).map(ToOwned::to_owned).chain(
        ["/usr/lib64", "/lib64", "/usr/lib", "/lib", "/usr/local/lib"]
            .map(ToOwned::to_owned)
            .into_iter()
            .chain(["x86_64-linux-gnu", "aarch64-linux-gnu"].map(|triple| format!("/usr/lib/{triple}"))),
    );
    let mut has_known_folder = false;
    for folder in folders {
        let folder = Path::new(&folder);
        has_known_folder |= folder.join("libc.so.6").exists();
        if folder.join(library).exists() {
            return true;
        }
    }
    !has_known_folder
}
