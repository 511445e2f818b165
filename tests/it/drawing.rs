//! The whole program with a pointer: what is drawn on real files is kept, undone, redone, and there after a restart.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::{Event, Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::Harness;
use overread::app::hall::{App, AppOptions};
use overread::app::startup;
use overread::domain::annotation::Annotation;
use overread::imaging::measure::words;
use overread::imaging::view::ImageGrid;
use overread::import::Importer;
use overread::review::session::Keeping;
use serde_json::json;

use crate::data;

type Window = Harness<'static, App>;

/// The program on `files`, with its record and settings in `root`; ready when the first image is on screen.
fn open(root: &Path, files: &Path) -> Window {
    std::fs::create_dir_all(root).unwrap();
    let settings = root.join("settings.json");
    let words = json!({ "reader": "Dr. Drawing", "has_accepted_research_use": true, "analyzes_on_open": false });
    std::fs::write(&settings, words.to_string()).unwrap();
    let options = AppOptions {
        importer: Importer::default(),
        store: root.join("review.sqlite"),
        settings,
        open: vec![files.to_owned()],
        ..AppOptions::default()
    };
    let mut window = Harness::builder()
        .with_size(vec2(1400.0, 900.0))
        .with_step_dt(1.0 / 60.0)
        .build_eframe(|cc| startup::create(cc, options).unwrap());
    until(&mut window, "the first image", |app| {
        app.has_shown_image() && app.open_desk().is_some_and(|desk| desk.is_record_read)
    });
    window.run_steps(5);
    window
}

fn until(window: &mut Window, what: &str, is_reached: impl Fn(&App) -> bool) {
    let start = Instant::now();
    while !is_reached(window.state()) {
        assert!(start.elapsed() < Duration::from_secs(120), "waited in vain for {what}");
        window.run_steps(1);
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn drawings(window: &Window) -> Vec<Annotation> {
    let session = &window.state().open_desk().unwrap().session;
    session.annotations().iter().map(|review| Annotation::clone(&review.annotation)).collect()
}

fn is_kept(app: &App) -> bool {
    app.open_desk().is_some_and(|desk| desk.session.keeping() == Keeping::Kept)
}

/// Points of the shown picture on the screen; pixel-center coordinates.
fn on_screen(window: &Window, points: &[[f64; 2]]) -> Vec<Pos2> {
    let app = window.state();
    let study = app.library.open_study().unwrap();
    let look = app.view.look(&study.uid).unwrap();
    let series = &study.series[look.open_index(study)];
    let view = look.view();
    let (instance, _) = series.image(view.stack_index).unwrap();
    let rect = app.view.transient.panes.rects[&look.stage.active];
    let grid = ImageGrid::of(instance);
    let size = [f64::from(rect.width()), f64::from(rect.height())];
    let at = if view.is_fit { view.view.fitted(&grid, size) } else { view.view };
    let transform = at.transform(&grid, size);
    let place = |[col, row]: &[f64; 2]| {
        let [x, y] = transform.to_viewport([col + 0.5, row + 0.5]);
        rect.min + vec2(x as f32, y as f32)
    };
    points.iter().map(place).collect()
}

fn drag(window: &mut Window, points: &[[f64; 2]]) {
    let at = on_screen(window, points);
    let button = |pos, pressed| {
        let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
        Event::PointerButton { pos, button, pressed, modifiers }
    };
    window.hover_at(at[0]);
    window.run_steps(1);
    window.event(button(at[0], true));
    window.run_steps(1);
    for pos in &at[1..] {
        window.hover_at(*pos);
        window.run_steps(1);
    }
    window.event(button(at[at.len() - 1], false));
    window.run_steps(4);
}

fn key(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    window.run_steps(4);
}

/// Draws a length and an ellipse, moves an end of the length, takes it back and does it again, then starts anew.
fn story(files: &Path, [from, to, moved]: [[f64; 2]; 3]) -> Vec<Annotation> {
    let folder = tempfile::tempdir().unwrap();
    let mut window = open(folder.path(), files);
    key(&mut window, Modifiers::NONE, Key::D);
    drag(&mut window, &[from, to]);
    key(&mut window, Modifiers::SHIFT, Key::E);
    drag(&mut window, &[[from[0], from[1] + 50.0], [to[0], to[1] + 90.0]]);
    key(&mut window, Modifiers::NONE, Key::Escape);
    let placed = drawings(&window);
    assert_eq!(placed.len(), 2);
    drag(&mut window, &[to, moved]);
    let changed = drawings(&window);
    assert_ne!(changed[0].measurements, placed[0].measurements);
    key(&mut window, Modifiers::COMMAND, Key::Z);
    assert_eq!(drawings(&window), placed);
    key(&mut window, Modifiers::COMMAND, Key::Y);
    assert_eq!(drawings(&window), changed);
    until(&mut window, "all to be kept", is_kept);
    drop(window);
    let mut window = open(folder.path(), files);
    until(&mut window, "the drawings of before", |app| !app.open_desk().unwrap().session.annotations().is_empty());
    let again = drawings(&window);
    assert_eq!(again, changed, "after a restart all is where it was, to the bit");
    // Even undo goes on where it stood
    key(&mut window, Modifiers::COMMAND, Key::Z);
    assert_eq!(drawings(&window), placed);
    changed
}

fn value(annotation: &Annotation, id: &str) -> f64 {
    annotation.measurement(id).unwrap().value
}

#[test]
fn on_the_phantom_a_length_is_drawn_moved_undone_redone_and_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    data::write_small_phantom(&folder.path().join("study"));
    let drawn = story(&folder.path().join("study"), [[60.0, 60.0], [90.0, 100.0], [120.0, 140.0]]);
    let [length, ellipse] = drawn.as_slice() else { panic!() };
    assert!(words::headline(length).contains(" mm"), "{}", words::headline(length));
    assert!(value(ellipse, "n_pixels") > 500.0);
}

#[test]
fn on_a_real_ct_the_same_and_its_millimeters_and_hounsfield_units_are_those_of_the_file() {
    let Some(folder) = data::shared("dicom/chest-ct") else { return };
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let one = tempfile::tempdir().unwrap();
    std::fs::copy(&files[files.len() / 2], one.path().join("slice.dcm")).unwrap();
    let drawn = story(one.path(), [[200.0, 200.0], [230.0, 240.0], [260.0, 280.0]]);
    let [length, ellipse] = drawn.as_slice() else { panic!() };
    let intake = Importer::default().scan(&[one.path().to_owned()], &|| false, &|_| {});
    let spacing = intake.studies[0].series[0].instances[0].spacing;
    // 60 columns and 80 rows, as far as half a screen point is exact
    let expected = (60.0 * spacing.col_mm).hypot(80.0 * spacing.row_mm);
    assert!((value(length, "length") - expected).abs() < 0.01, "{} of {expected}", value(length, "length"));
    let area = std::f64::consts::FRAC_PI_4 * 30.0 * 80.0 * spacing.col_mm * spacing.row_mm;
    assert!((value(ellipse, "area") - area).abs() < area * 1e-3, "{} of {area}", value(ellipse, "area"));
    assert_eq!(ellipse.measurement("mean").unwrap().unit, "[hnsf'U]");
}
