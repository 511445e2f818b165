//! The whole program with results of other products: listed with their source, laid over their images, handed on.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use overread::app::hall::{App, AppOptions};
use overread::app::startup;
use overread::domain::finding::Origin;
use overread::import::Importer;
use overread::review::session::Keeping;
use overread::ui::action::ExportAction;
use serde_json::json;

use crate::data;
use crate::results::fixture::{DICOM_FORMATS, order, phantom, report, written};

pub type Window = Harness<'static, App>;

fn open(root: &Path, places: Vec<PathBuf>) -> Window {
    open_in(root, places, vec2(1400.0, 900.0))
}

pub fn open_in(root: &Path, places: Vec<PathBuf>, size: egui::Vec2) -> Window {
    std::fs::create_dir_all(root).unwrap();
    let settings = root.join("settings.json");
    let words =
        json!({ "reader": "Ada Reader", "has_accepted_research_use": true, "screen": { "analyzes_on_open": false } });
    std::fs::write(&settings, words.to_string()).unwrap();
    let options = AppOptions {
        importer: Importer::default(),
        store: root.join("review.sqlite"),
        settings,
        open: places,
        ..AppOptions::default()
    };
    let mut window = Harness::builder()
        .with_size(size)
        .with_step_dt(1.0 / 60.0)
        .wgpu()
        .build_eframe(|cc| startup::create(cc, options).unwrap());
    until(&mut window, "the first image", |app| {
        app.has_shown_image() && app.open_desk().is_some_and(|desk| desk.is_record_read)
    });
    window.run_steps(5);
    window
}

pub fn until(window: &mut Window, what: &str, is_reached: impl Fn(&App) -> bool) {
    let start = Instant::now();
    while !is_reached(window.state()) {
        assert!(start.elapsed() < Duration::from_secs(120), "waited in vain for {what}");
        window.run_steps(1);
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// For eyes: a picture of the window where a folder is named for it.
pub fn keep_picture(window: &mut Window, name: &str) {
    if let Some(folder) = std::env::var_os("OVERREAD_TEST_PICTURES") {
        window.render().unwrap().save(PathBuf::from(folder).join(format!("{name}.png"))).unwrap();
    }
}

pub fn imported(app: &App) -> usize {
    let session = &app.open_desk().unwrap().session;
    session.findings().iter().filter(|review| matches!(review.finding.origin, Origin::Document(_))).count()
}

#[test]
fn segments_of_another_product_are_listed_with_their_source_and_lie_over_their_slices() {
    let Some(folder) = data::shared("dicom/segmentation/dcmqi/segmentations") else { return };
    let root = tempfile::tempdir().unwrap();
    let mut window = open(root.path(), vec![folder.join("ct-3slice"), folder.join("partial_overlaps.dcm")]);
    until(&mut window, "the segments", |app| imported(app) == 5);
    until(&mut window, "the record", |app| app.open_desk().unwrap().session.keeping() == Keeping::Kept);
    for key in [Key::J, Key::J, Key::J] {
        window.key_press(key);
        window.run_steps(3);
    }
    let laid_over = |app: &App| app.view.transient.frames.laid_over.values().any(|over| !over.segments.is_empty());
    until(&mut window, "masks over the slice", laid_over);
    window.run_steps(5);
    assert!(window.query_all_by_label_contains("From file").next().is_some());
    assert!(window.query_by_label_contains("Results from files").is_some());
    keep_picture(&mut window, "segments");
    // Over the next slice, too: what lies there, not what lay here
    let n_before = window.state().view.transient.frames.laid_over.len();
    window.key_press(Key::ArrowDown);
    until(&mut window, "the next slice", |app| app.view.transient.frames.laid_over.len() > n_before);
}

#[test]
fn our_own_objects_come_back_without_doubling_what_the_record_has() {
    let root = tempfile::tempdir().unwrap();
    let study = phantom(&root.path().join("study"));
    written(&order(report(&study), &DICOM_FORMATS), &root.path().join("out"));
    let mut window = open(&root.path().join("home"), vec![root.path().join("study"), root.path().join("out")]);
    until(&mut window, "the results", |app| imported(app) > 10);
    keep_picture(&mut window, "own-results");
    let n_first = imported(window.state());
    until(&mut window, "the record", |app| app.open_desk().unwrap().session.keeping() == Keeping::Kept);
    drop(window);
    let mut window = open(&root.path().join("home"), vec![root.path().join("study"), root.path().join("out")]);
    window.run_steps(20);
    assert_eq!(imported(window.state()), n_first, "a second opening adds nothing");
}

#[test]
fn the_export_dialog_offers_what_the_table_has_and_writes_what_is_chosen() {
    let root = tempfile::tempdir().unwrap();
    data::write_small_phantom(&root.path().join("study"));
    let mut window = open(&root.path().join("home"), vec![root.path().join("study")]);
    window.key_press_modifiers(Modifiers::COMMAND, Key::E);
    window.run_steps(4);
    keep_picture(&mut window, "export-dialog");
    for format in overread::export::formats::FORMATS {
        assert!(window.query_by_label(format.name).is_some(), "{}", format.name);
    }
    let out = root.path().join("out");
    window.get_by_label("Folder").focus();
    window.run_steps(2);
    window.get_by_label("Folder").type_text(&out.display().to_string());
    window.run_steps(3);
    window.get_by_role_and_label(egui::accesskit::Role::Button, "Export").click();
    until(&mut window, "the report", |_| out.join("report.json").exists());
    until(&mut window, "the record of it", |app| {
        let events = app.open_desk().unwrap().session.events();
        events.iter().any(|logged| logged.event.kind() == "study_exported")
    });
    until(&mut window, "all to be kept", |app| app.open_desk().unwrap().session.keeping() == Keeping::Kept);
    let ask = ExportAction::ToFolder(out.clone(), vec!["json".into()]);
    window.state_mut().actions.push(ask.into());
    until(&mut window, "a second report beside the first", |_| out.join("report-2.json").exists());
}
