//! The whole program makes an anonymous copy of the open study: seen before, judged by eye, made, told and recorded.

use std::path::Path;

use egui::accesskit::Role;
use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable as _;
use overread::domain::deidentification::{Dates, WritingVerdict};
use overread::domain::finding::Origin;
use overread::review::session::Keeping;
use overread::ui::copies::{CopiesState, WritingState};
use overread::ui::dialogs::Dialog;

use crate::deidentify::{all_bytes, holds, with_writing};
use crate::import::synthetic::{Written, scan_all};
use crate::results::foreign;
use crate::results::window::{Window, imported, keep_picture, open_in, until};

/// Two slices of a patient, one with letters in it.
fn write_study(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for (sop, z) in [("1.2.3.12", "0\\0\\0"), ("1.2.3.13", "0\\0\\5")] {
        let mut file = Written::ct(sop);
        file.text(0x0010_0010, "PN", "Telltale^Tilda").text(0x0010_0020, "LO", "TT-4711");
        file.text(0x0008_0020, "DA", "20240310").text(0x0008_0080, "LO", "Telltale Hospital");
        file.text(0x0008_103E, "LO", "Chest Telltale axial").text(0x0020_0032, "DS", z);
        file.text(0x0020_0013, "IS", if sop.ends_with('2') { "1" } else { "2" });
        let plain: Vec<u16> = (0..128 * 128_u16).map(|at| 300 + at % 128).collect();
        let pixels = if sop.ends_with('2') { with_writing() } else { plain };
        file.size(128, 128).words(0x7FE0_0010, "OW", &pixels);
        file.write(folder, &format!("{sop}.dcm"));
    }
}

fn copies(window: &Window) -> &CopiesState {
    &window.state().open_desk().unwrap().copies
}

#[test]
fn an_anonymous_copy_is_seen_judged_made_and_recorded() {
    let root = tempfile::tempdir().unwrap();
    let originals = root.path().join("study");
    write_study(&originals);
    let mut window = open_in(&root.path().join("home"), vec![originals.clone()], vec2(1280.0, 800.0));
    window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::E);
    until(&mut window, "the preview and the search", |app| {
        let copies = &app.open_desk().unwrap().copies;
        copies.preview.is_some() && matches!(copies.writing, WritingState::Found(_))
    });
    window.run_steps(4);
    keep_picture(&mut window, "copies-strictest");
    assert!(window.query_by_label("Patient's Name").is_some());
    assert!(window.query_by_label_contains("1 image with writing not judged").is_some());
    window.get_by_label("For research").click();
    until(&mut window, "the other preview", |app| {
        let preview = app.open_desk().unwrap().copies.preview.clone();
        preview.is_some_and(|preview| preview.options.dates == Dates::Shift)
    });
    window.run_steps(3);
    keep_picture(&mut window, "copies-research");
    let described =
        copies(&window).preview.as_ref().unwrap().lines.iter().find(|line| line.name == "Series Description");
    assert_eq!(described.unwrap().after, "Chest axial");

    window.get_by_label_contains("Writing in pictures: 1 image").click();
    window.run_steps(4);
    window.get_by_label("Black out").click();
    window.run_steps(4);
    keep_picture(&mut window, "copies-writing");
    let verdicts = window.state().view.dialogs.iter().find_map(|dialog| match dialog {
        Dialog::Copies(draft) => Some(draft.verdicts.clone()),
        _ => None,
    });
    assert!(matches!(verdicts.unwrap().values().next(), Some(WritingVerdict::BlackOut(boxes)) if !boxes.is_empty()));

    let out = root.path().join("out");
    window.get_by_label("Folder for the copies").focus();
    window.run_steps(2);
    window.get_by_label("Folder for the copies").type_text(&out.display().to_string());
    window.run_steps(3);
    window.get_by_role_and_label(Role::Button, "Make copies").click();
    until(&mut window, "the copies", |app| app.open_desk().unwrap().copies.end.is_some());
    window.run_steps(4);
    keep_picture(&mut window, "copies-made");
    let (folder, summary) = copies(&window).end.clone().unwrap().unwrap();
    assert_eq!((folder, summary.n_files, summary.n_blacked_out), (out.clone(), 2, 1));
    assert!(summary.left_out.is_empty(), "{summary:?}");
    for (path, bytes) in all_bytes(&out) {
        let name = path.strip_prefix(&out).unwrap().to_string_lossy().into_owned();
        for word in ["Telltale", "TT-4711", "Tilda", "20240310"] {
            assert!(!holds(&bytes, word.as_bytes()) && !name.contains(word), "{name}: {word}");
        }
    }
    let copied = scan_all(&out);
    assert_eq!(copied.studies[0].n_images(), 2);
    until(&mut window, "the record of it", |app| {
        let session = &app.open_desk().unwrap().session;
        let is_told = session.events().iter().any(|logged| logged.event.kind() == "study_exported");
        is_told && session.keeping() == Keeping::Kept
    });
}

#[test]
fn results_of_other_libraries_are_decided_on_like_our_own() {
    let root = tempfile::tempdir().unwrap();
    let Some(places) = foreign::beside_phantom(root.path()) else { return };
    let mut window = open_in(&root.path().join("home"), places, vec2(1280.0, 800.0));
    until(&mut window, "the findings", |app| imported(app) >= 12);
    until(&mut window, "the record", |app| app.open_desk().unwrap().session.keeping() == Keeping::Kept);
    let decided = |window: &Window| {
        let findings = window.state().open_desk().unwrap().session.findings();
        let of_files = findings.iter().filter(|review| matches!(review.finding.origin, Origin::Document(_)));
        of_files.filter(|review| review.decision.is_some()).count()
    };
    // One after the other: looked at, then accepted
    for step in 0..6 {
        window.key_press(Key::J);
        window.run_steps(10);
        until(&mut window, "its image", |app| app.has_shown_image());
        window.run_steps(10);
        keep_picture(&mut window, &format!("foreign-{step}"));
        window.key_press(Key::Enter);
        window.run_steps(6);
    }
    assert!(decided(&window) >= 3, "{}", decided(&window));
    until(&mut window, "decisions to be kept", |app| app.open_desk().unwrap().session.keeping() == Keeping::Kept);
    for kind in ["Segmentation", "Structured report", "Structure set", "Parametric map", "Presentation state"] {
        assert!(window.query_all_by_label_contains(kind).next().is_some(), "{kind}");
    }
}
