//! Killed in the middle of the work: the same image, window and finding stand there again, and how soon.

use std::sync::Arc;
use std::time::{Duration, Instant};

use overread::domain::finding::{Evidence, Finding, Origin, Subject};
use overread::domain::uid::{ModelId, SeriesUid, SopInstanceUid, StudyUid};
use overread::review::command::Command;
use overread::review::session::ReviewSession;
use overread::store::ReviewStore as _;
use overread::store::sqlite::{OpenMode, SqliteStore};

use crate::record;
use crate::window::picture::{Area, n_different};
use crate::window::{Desk, Screen, wait_for};

/// Within the picture, away from messages that may stand above it.
const PICTURE: Area = [420, 220, 1100, 820];

/// `OVERREAD_WINDOW_KILLS` asks for more than are usual.
fn n_kills() -> usize {
    std::env::var("OVERREAD_WINDOW_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(2)
}

/// Every model has looked already, so that nothing but the reader changes the screen; the first has flagged something.
fn fill(desk: &Desk) {
    let inspected = desk.job(&["inspect", desk.study().to_str().unwrap()]).unwrap();
    let study = &inspected["patients"][0]["studies"][0];
    let series = study["series"].as_array().unwrap().iter().find(|series| series["modality"] == "DX").unwrap();
    let words = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let subject = Subject {
        study: StudyUid::new(words(&study["study_instance_uid"])),
        series: SeriesUid::new(words(&series["series_instance_uid"])),
        sop: SopInstanceUid::new(words(&series["instances"][0]["sop_instance_uid"])),
        frame: 0,
    };
    let models = desk.job(&["models"]).unwrap();
    let mut reader = record::Desk::with(ReviewSession::new(subject.study.clone()));
    for (model, logit) in models["models"].as_array().unwrap().iter().zip([1.0, -2.0, -2.0, -2.0]) {
        let id = words(&model["card"]["id"]);
        let finding = Arc::unwrap_or_clone(record::suggestion_in(&subject.study, &id, logit));
        let Origin::Model(mut run) = finding.origin else { panic!("not by a model") };
        (run.model.id, run.model.version) = (ModelId::new(&id), words(&model["card"]["version"]));
        let (subject, evidence, origin) = (subject.clone(), Evidence::default(), Origin::Model(run));
        reader.does(Command::AddSuggestions(vec![Arc::new(Finding { subject, evidence, origin, ..finding })]));
    }
    let mut store = SqliteStore::open(&desk.store(), OpenMode::ReadWrite).unwrap();
    store.record(&subject.study, &reader.session.unkept_findings(), &reader.session.unkept_events()).unwrap();
}

#[test]
fn a_killed_window_comes_back_to_the_same_image_window_and_finding() {
    let Some(screen) = Screen::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::new(folder.path());
    let study = desk.study_uid();
    fill(&desk);
    let mut window = desk.open_window(&screen);
    let selected = wait_for("a flagged finding in the record", &screen, || {
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
