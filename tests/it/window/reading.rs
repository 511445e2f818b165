//! Magnifier, key images and pictures of the screen, by a real mouse and real keys.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::window::picture::{Area, n_different};
use crate::window::{Desk, Screen, wait_for};

const PICTURE: Area = [420, 220, 1100, 820];
/// Around the pointer.
const LENS: Area = [680, 440, 820, 560];

#[test]
fn a_reader_magnifies_marks_a_key_image_and_keeps_a_picture_of_the_screen() {
    let Some(screen) = Screen::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::new(folder.path());
    let study = desk.study_uid();
    let mut window = desk.open_window(&screen);
    wait_for("findings in the record", &screen, || (!desk.flagged(&study).is_empty()).then_some(()));
    screen.focus();
    screen.xdotool(&["mousemove", "750", "500"]);
    screen.settled(PICTURE);
    let before = screen.settled(LENS);

    screen.xdotool(&["keydown", "z"]);
    wait_for("the magnifier", &screen, || {
        (n_different(&screen.picture().area(LENS), &before) > before.len() / 4).then_some(())
    });
    screen.xdotool(&["keyup", "z"]);
    wait_for("the picture without it", &screen, || {
        (n_different(&screen.picture().area(LENS), &before) == 0).then_some(())
    });

    screen.key("shift+m");
    let report = desk.root.join("report");
    let marked = wait_for("the key image in the report", &screen, || {
        desk.job(&["export", "--study", &study, "--to", report.to_str()?, "--format", "json"])?;
        let found = key_images(&report);
        fs::remove_dir_all(&report).ok()?;
        (!found.is_empty()).then_some(found)
    });
    assert_eq!(marked.len(), 1);

    // No dialog of a desktop is there: the path is typed
    screen.key("ctrl+s");
    std::thread::sleep(Duration::from_secs(3));
    let path = desk.root.join("screen.png");
    screen.key("ctrl+a");
    screen.xdotool(&["type", "--delay", "30", path.to_str().unwrap()]);
    screen.key("Return");
    let picture = wait_for("the picture's file", &screen, || image::open(&path).ok()).into_rgb8();
    assert!(picture.width() > 600 && picture.height() > 600, "{:?}", picture.dimensions());
    let n_bright = picture.pixels().filter(|pixel| pixel.0[0] > 60).count();
    assert!(n_bright > 10_000, "it shows the picture, not its ground alone");
    window.kill().unwrap();
    window.wait().unwrap();
}

/// Of all reports in a folder.
fn key_images(folder: &Path) -> Vec<Value> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json")
                && let Ok(document) = serde_json::from_slice::<Value>(&fs::read(path).unwrap())
            {
                found.extend(document["key_images"].as_array().cloned().unwrap_or_default());
            }
        }
    }
    found
}
