//! Opens the window, and says what is missing when it cannot be opened.

pub mod unseen;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui_wgpu::{SurfaceErrorAction, WgpuConfiguration, WgpuSetup, WgpuSetupCreateNew};
use wgpu::{CurrentSurfaceTexture, DeviceType};

use crate::app::cli::output;
use crate::app::hall::{App, AppOptions};
use crate::app::settings;
use crate::app::window::{House, Returns, Wake, is_drawn_by_processor};
use crate::jobs::panic_guard::{TaskOutcome, guarded};
use crate::render::volume_pass::ResidentVolumes;
use crate::ui::arrangement::WindowPlace;
use crate::ui::preferences::DrawnBy;
use crate::ui::theme;
use crate::ui::viewport::paint_callback;

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

/// Runs the window until the reader closes it: one that is lost is opened anew around the same hall.
pub fn open_window(options: AppOptions) -> ExitCode {
    if let Some(text) = missing_for_a_window() {
        output::message(&text);
        return ExitCode::from(2);
    }
    options.importer.prepare();
    // What is wrong with the file is said when the program itself reads it.
    let (settings, _) = settings::read(&options.settings);
    let house = Rc::<House>::default();
    let (mut options, mut returns) = (Some(options), Returns::default());
    let mut way = (settings.arrangement.window, settings.screen.display.drawn_by);
    loop {
        let has_fallen = match guarded(|| run_window(&house, &mut options, way)) {
            TaskOutcome::Returned(Ok(())) => false,
            TaskOutcome::Returned(Err(error)) => return not_opened(&error),
            TaskOutcome::Panicked => true,
        };
        let Some(trouble) = house.take_trouble(has_fallen) else { return ExitCode::SUCCESS };
        let n_returns = returns.one_more(Instant::now());
        let mut hall = house.hall.borrow_mut();
        let (Some(app), Some(n_returns)) = (&mut *hall, n_returns) else {
            output::message(
                "the window failed again and again, and is closed. Everything decided is kept; \
                 start the program again to continue where you were",
            );
            return ExitCode::from(2);
        };
        way.0 = app.view.arrangement.window;
        if is_drawn_by_processor(&trouble, n_returns) {
            way.1 = DrawnBy::Processor;
        }
        app.returned(&trouble, n_returns);
    }
}

/// Sees the hall at the beginning of each pass.
pub type Watch = Box<dyn FnMut(&mut App, &egui::Context)>;

/// One window with `watch` in it, until somebody closes it; one that is lost is not opened again.
pub fn open_watched_window(options: AppOptions, watch: Watch) -> Result<(), String> {
    if let Some(text) = missing_for_a_window() {
        return Err(text);
    }
    options.importer.prepare();
    let (settings, _) = settings::read(&options.settings);
    let house = Rc::<House>::default();
    house.watch_with(watch);
    let way = (settings.arrangement.window, settings.screen.display.drawn_by);
    run_window(&house, &mut Some(options), way).map_err(|error| format!("the window could not be opened: {error}"))
}

fn run_window(
    house: &Rc<House>,
    options: &mut Option<AppOptions>,
    (place, drawn_by): (Option<WindowPlace>, DrawnBy),
) -> eframe::Result {
    let viewport = egui::ViewportBuilder::default()
        .with_title("Overread – research use only")
        .with_app_id("overread")
        .with_min_inner_size([900.0, 600.0])
        .with_drag_and_drop(true);
    let native = eframe::NativeOptions {
        viewport: placed(viewport, place),
        renderer: eframe::Renderer::Wgpu,
        wgpu_options: graphics(house.wake.clone(), drawn_by),
        ..eframe::NativeOptions::default()
    };
    let house = Rc::clone(house);
    let create = move |cc: &eframe::CreationContext<'_>| -> Result<Box<dyn eframe::App>, Box<dyn Error + Send + Sync>> {
        if let Some(options) = options.take() {
            let app = App::start(options, house.wake.callback())?;
            house.hall.replace(Some(app));
        }
        Ok(Box::new(house.enter(cc)))
    };
    eframe::run_native("overread", native, Box::new(create))
}

/// The window where it was, else of a size that most screens have.
fn placed(viewport: egui::ViewportBuilder, place: Option<WindowPlace>) -> egui::ViewportBuilder {
    let Some((place, rect)) = place.and_then(|place| Some((place, place.rect()?))) else {
        return viewport.with_inner_size([1600.0, 1000.0]);
    };
    let viewport = viewport.with_inner_size(rect.size()).with_maximized(place.is_maximized);
    if place.position.is_some() { viewport.with_position(rect.min) } else { viewport }
}

/// How the window gets its pictures onto the screen, and what happens when it cannot for a moment.
fn graphics(wake: Wake, drawn_by: DrawnBy) -> WgpuConfiguration {
    let mut setup = WgpuSetupCreateNew::without_display_handle();
    setup.device_descriptor = Arc::new(|adapter| {
        let limits = adapter.limits();
        wgpu::DeviceDescriptor {
            label: Some("overread window"),
            // As wide as several screens side by side
            required_limits: wgpu::Limits {
                max_texture_dimension_2d: limits.max_texture_dimension_2d,
                ..wgpu::Limits::default().using_resolution(limits)
            },
            ..Default::default()
        }
    });
    // Where there is no such adapter, any other that can draw
    if drawn_by == DrawnBy::Processor {
        setup.native_adapter_selector = Some(Arc::new(|adapters, surface| {
            let can_show =
                |adapter: &&wgpu::Adapter| surface.is_none_or(|surface| adapter.is_surface_supported(surface));
            let by_processor = adapters.iter().filter(can_show).find(|adapter| is_software(adapter));
            let any = by_processor.or_else(|| adapters.iter().find(can_show));
            any.cloned().ok_or_else(|| "no graphics adapter draws into this window".to_owned())
        }));
    }
    WgpuConfiguration {
        wgpu_setup: WgpuSetup::CreateNew(setup),
        on_surface_status: Arc::new(move |status| match status {
            CurrentSurfaceTexture::Outdated => SurfaceErrorAction::Reconfigure,
            CurrentSurfaceTexture::Lost => SurfaceErrorAction::RecreateSurface,
            // Hidden: nothing to show until the system asks again
            CurrentSurfaceTexture::Occluded => SurfaceErrorAction::SkipFrame,
            _ => {
                wake.after(Duration::from_millis(100));
                SurfaceErrorAction::SkipFrame
            }
        }),
        ..WgpuConfiguration::default()
    }
}

fn is_software(adapter: &wgpu::Adapter) -> bool {
    adapter.get_info().device_type == DeviceType::Cpu
}

fn not_opened(error: &eframe::Error) -> ExitCode {
    output::message(&format!(
        "the window could not be opened: {error}. On Debian or Ubuntu install: apt-get install {}",
        packages(LINUX_LIBRARIES.iter())
    ));
    ExitCode::from(2)
}

/// The program inside a test harness.
pub fn create(cc: &eframe::CreationContext<'_>, options: AppOptions) -> std::io::Result<App> {
    let ctx = cc.egui_ctx.clone();
    let mut app = App::start(options, Arc::new(move || ctx.request_repaint()))?;
    enter(&mut app, cc);
    Ok(app)
}

/// Makes the hall at home in a window: nothing of an earlier one is relied upon.
pub fn enter(app: &mut App, cc: &eframe::CreationContext<'_>) {
    theme::install(&cc.egui_ctx);
    app.view.transient.enter_window();
    app.frames.volumes.resident = ResidentVolumes::default();
    app.frames.waits_for_screen = true;
    let Some(state) = &cc.wgpu_render_state else { return };
    paint_callback::install(state);
    let is_by_processor = is_software(&state.adapter);
    app.view.transient.pointer.saves_work = is_by_processor;
    // A processor that plays an adapter takes several times as long as it does without (`overread bench volume`)
    if !is_by_processor {
        app.frames.volumes.resident = paint_callback::let_adapter_cut_planes(state);
    }
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
