//! Killed in the middle of the work: the same image, window and finding stand there again, and how soon.

use std::time::{Duration, Instant};

use crate::window::picture::{Area, n_different};
use crate::window::{Desk, Screen, wait_for};

/// Within the picture, away from messages that may stand above it.
const PICTURE: Area = [420, 220, 1100, 820];

/// `OVERREAD_WINDOW_KILLS` asks for more than are usual.
fn n_kills() -> usize {
    std::env::var("OVERREAD_WINDOW_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(2)
}

#[test]
fn a_killed_window_comes_back_to_the_same_image_window_and_finding() {
    let Some(screen) = Screen::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::new(folder.path());
    let study = desk.study_uid();
    let mut window = desk.open_window(&screen);
    // The one that comes first is selected, whatever comes later
    let selected = wait_for("flagged findings in the record", &screen, || {
        desk.flagged(&study).first().map(|(finding, ..)| finding.clone())
    });
    screen.focus();
    screen.xdotool(&["mousemove", "1590", "990"]);
    screen.settled(PICTURE);
    screen.key("h");
    let mut took = Vec::new();
    for round in 0..n_kills() {
        // Another window each time, and long enough at rest to be kept
        screen.focus();
        screen.key(if round % 3 == 2 { "alt+Right" } else { "alt+Left" });
        let before = screen.settled(PICTURE);
        std::thread::sleep(Duration::from_secs(2));
        window.kill().unwrap();
        window.wait().unwrap();
        let start = Instant::now();
        window = desk.open_window(&screen);
        while n_different(&screen.picture().area(PICTURE), &before) > 0 {
            assert!(start.elapsed() < Duration::from_mins(2), "the picture never came back");
            std::thread::sleep(Duration::from_millis(20));
        }
        took.push(start.elapsed().as_secs_f64());
    }
    took.sort_by(f64::total_cmp);
    let (n, median, most) = (took.len(), took[took.len() / 2], took[took.len() - 1]);
    println!("{n} kills: back after {median:.2} s in the median, {most:.2} s at most");

    let log = desk.job(&["audit", "show"]).unwrap();
    let n_shown = log["events"].as_array().unwrap().iter().filter(|event| event["kind"] == "images_displayed").count();
    assert_eq!(n_shown, n_kills() + 1, "each opening that came on screen is in the record");

    // The finding that was selected is: Enter decides it, and no other
    let flagged = desk.flagged(&study);
    assert!(flagged.iter().all(|(_, verdict, _)| verdict.is_none()));
    for _ in 0..4 {
        screen.focus();
        std::thread::sleep(Duration::from_secs(1));
        screen.key("Return");
        std::thread::sleep(Duration::from_secs(2));
        if desk.flagged(&study).iter().any(|(_, verdict, _)| verdict.is_some()) {
            break;
        }
    }
    let decided = desk.flagged(&study);
    let accepted = decided.iter().find(|(_, verdict, _)| verdict.as_deref() == Some("accepted"));
    assert_eq!(accepted.map(|(id, ..)| id), Some(&selected));
    window.kill().unwrap();
    window.wait().unwrap();
}
