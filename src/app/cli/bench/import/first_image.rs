//! From choosing a folder to the first picture, and what 10,000 slices cost: the hall without its window.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::app::cli::bench::import::{Setting, volume, writing};
use crate::app::cli::bench::measure::{Part, Way, interleaved};
use crate::app::cli::bench::resident;
use crate::app::cli::bench::sheet::Sheet;
use crate::app::hall::App;

/// Longer than anybody waits.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn measure(setting: &Setting<'_>) -> Result<Sheet, String> {
    let n_slices = setting.n(1000);
    let folder = setting.folder.join("series");
    writing::ct_series(&folder, n_slices, volume::SIZE)?;
    let part = Part::new("first_image", "from choosing the folder to the first decoded picture");
    let mut ways = [Way::new(vec![part], || {
        let (mut app, woken) = start(setting)?;
        let began = Instant::now();
        app.open(vec![folder.clone()]);
        until(&mut app, &woken, "the first picture", App::has_shown_image)?;
        Ok(vec![began.elapsed().as_secs_f64()])
    })];
    let series = interleaved(setting.n_rounds, &mut ways)?;
    let median = series.first().map_or(0.0, |series| series.median() * 1e3);
    Ok(Sheet::new("import first image", setting.n_rounds, series, &[]).with_fact("slices", n_slices).with_target(
        "milliseconds to the first picture",
        300.0,
        median,
    ))
}

/// 10,000 slices: opened, then every one of them wanted in turn.
pub fn measure_long(setting: &Setting<'_>) -> Result<Sheet, String> {
    let n_slices = setting.n(10_000);
    let folder = setting.folder.join("series");
    writing::ct_series(&folder, n_slices, volume::SIZE)?;
    let (mut app, woken) = start(setting)?;
    let began = Instant::now();
    app.open(vec![folder]);
    until(&mut app, &woken, "the first picture", App::has_shown_image)?;
    let first_s = began.elapsed().as_secs_f64();
    until(&mut app, &woken, "the whole series", |app| app.library.running.is_none())?;
    let all_s = began.elapsed().as_secs_f64();
    let n_images = app.library.open_study().map_or(0, |study| study.n_images());
    let scrolled = Instant::now();
    for index in (0..n_images).step_by(5) {
        app.scroll_to(index);
        app.work();
        until(&mut app, &woken, "a slice", App::has_shown_image)?;
    }
    let scrolled_s = scrolled.elapsed().as_secs_f64();
    let mut sheet = Sheet::new("import long series", 1, Vec::new(), &[])
        .with_fact("slices", n_images)
        .with_fact("first_picture_ms", first_s * 1e3)
        .with_fact("all_headers_ms", all_s * 1e3)
        .with_fact("ms_per_step_of_five", scrolled_s * 1e3 / f64::from(n_slices.div_ceil(5)));
    if let Some(peak) = resident::peak_bytes() {
        sheet = sheet.with_target("peak resident MiB", 2048.0, peak as f64 / f64::from(1 << 20));
    }
    Ok(sheet)
}

/// 100,000 small files in one folder: the first picture, the end of the scan, and the memory of it all.
pub fn measure_crowd(setting: &Setting<'_>) -> Result<Sheet, String> {
    let n_files = setting.n(100_000);
    let folder = setting.folder.join("crowd");
    writing::crowd(&folder, n_files)?;
    let (mut app, woken) = start(setting)?;
    let before = resident::bytes();
    let began = Instant::now();
    app.open(vec![folder]);
    until(&mut app, &woken, "the first picture", App::has_shown_image)?;
    let first_s = began.elapsed().as_secs_f64();
    until(&mut app, &woken, "the whole folder", |app| app.library.running.is_none())?;
    let all_s = began.elapsed().as_secs_f64();
    let mib = |n_bytes: u64| n_bytes as f64 / f64::from(1 << 20);
    let mut sheet = Sheet::new("import crowd", 1, Vec::new(), &[])
        .with_fact("files", n_files)
        .with_fact("studies", app.library.studies.len())
        .with_fact("whole_ms", all_s * 1e3)
        .with_target("milliseconds to the first picture", 2000.0, first_s * 1e3);
    if let Some((before, after)) = before.zip(resident::bytes()) {
        sheet = sheet.with_fact("resident_mib_after", mib(after.saturating_sub(before)));
    }
    if let Some(peak) = resident::peak_bytes() {
        sheet = sheet.with_target("peak resident MiB", 512.0, mib(peak));
    }
    Ok(sheet)
}

/// The hall, and what its threads say when they have something for it.
fn start(setting: &Setting<'_>) -> Result<(App, Receiver<()>), String> {
    let (wake, woken) = channel();
    // A hall that has gone needs no waking
    let started = App::start(setting.program(), Arc::new(move || wake.send(()).unwrap_or_default()));
    started.map(|app| (app, woken)).map_err(|error| format!("the program does not start: {error}"))
}

/// The loop as the window runs it, without waiting for a screen.
fn until(app: &mut App, woken: &Receiver<()>, what: &str, is_reached: impl Fn(&App) -> bool) -> Result<(), String> {
    let began = Instant::now();
    while !is_reached(app) {
        app.work();
        if began.elapsed() > PATIENCE {
            return Err(format!("{what} did not come"));
        }
        if !is_reached(app) && woken.recv_timeout(Duration::from_millis(5)).is_ok() {
            woken.try_iter().for_each(drop);
        }
    }
    Ok(())
}
