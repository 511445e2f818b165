//! A lost graphics device, an adapter without memory, a window that is hidden: the reader finds everything as it was.

use std::fs;
use std::time::{Duration, Instant};

use crate::window::picture::{Area, n_different};
use crate::window::{Desk, Screen, wait_for};

/// Within the picture, away from messages that may stand above it.
const PICTURE: Area = [420, 220, 1100, 820];

/// Asks for a fault and waits until it has happened.
fn cause(desk: &Desk, fault: &str) {
    fs::write(desk.faults(), fault).unwrap();
    let start = Instant::now();
    while desk.faults().exists() {
        assert!(start.elapsed() < Duration::from_mins(1), "nobody took the fault");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_window_that_loses_its_device_or_its_place_on_the_screen_comes_back_as_it_was() {
    let Some(screen) = Screen::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::new(folder.path());
    let study = desk.study_uid();
    let mut window = desk.open_window(&screen);
    let flagged = wait_for("flagged findings in the record", &screen, || {
        let flagged = desk.flagged(&study);
        (!flagged.is_empty()).then_some(flagged)
    });
    screen.focus();
    screen.xdotool(&["mousemove", "1590", "990"]);
    screen.settled(PICTURE);
    // Another window and another side up than at first
    screen.key("h");
    screen.key("alt+Left");
    screen.key("alt+Left");
    let before = screen.settled(PICTURE);

    for fault in ["device", "memory"] {
        let lost_at = Instant::now();
        cause(&desk, fault);
        wait_for("the picture as it was", &screen, || {
            (n_different(&screen.picture().area(PICTURE), &before) == 0).then_some(())
        });
        println!("back {:.1} s after the fault `{fault}` was asked for", lost_at.elapsed().as_secs_f64());
        screen.settled(PICTURE);
    }
    assert!(window.try_wait().unwrap().is_none(), "it is the same program");

    screen.xdotool(&["search", "--onlyvisible", "--name", "Overread", "windowunmap", "--sync"]);
    std::thread::sleep(Duration::from_secs(1));
    assert!(n_different(&screen.picture().area(PICTURE), &before) > 1000, "it is hidden");
    screen.xdotool(&["search", "--name", "Overread", "windowmap", "--sync"]);
    wait_for("the picture after it was hidden", &screen, || {
        (n_different(&screen.picture().area(PICTURE), &before) == 0).then_some(())
    });

    // The finding that was undecided and selected still is: Enter decides it
    let is_undecided = desk.flagged(&study).iter().all(|(_, verdict, _)| verdict.is_none());
    assert!(is_undecided, "nothing was decided by a fault");
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
    assert_eq!(accepted.map(|(id, ..)| id), flagged.first().map(|(id, ..)| id));
    window.kill().unwrap();
    window.wait().unwrap();
}
