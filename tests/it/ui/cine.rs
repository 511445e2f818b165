//! Cine: a stack played as a film, at the rate its file asks for.

use std::sync::Arc;

use egui::Key;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::ui::desk::Desk;
use crate::ui::{harness, open_look, press};

/// The CT of 16 images at its tenth, asking for `rate`.
fn desk(rate: Option<f64>) -> Desk {
    let mut desk = Desk::new();
    let study = Arc::make_mut(&mut desk.studies[0]);
    let series = Arc::make_mut(&mut study.series[1]);
    for instance in &mut series.instances {
        Arc::make_mut(instance).acquisition.frame_rate_hz = rate;
    }
    desk.select("ct-nodule");
    desk
}

/// Images seen, one a pass of the harness (a quarter of a second).
fn seen(harness: &mut Harness<'_, Desk>, n_passes: usize) -> Vec<usize> {
    let pass = |_| {
        harness.step();
        open_look(harness.state()).stack_index
    };
    (0..n_passes).map(pass).collect()
}

#[test]
fn c_plays_every_image_in_its_order_and_c_stops() {
    let mut harness = harness(desk(Some(4.0)));
    harness.get_by_label("Film: 4 images a second");
    press(&mut harness, Key::C);
    let walked = seen(&mut harness, 20);
    let step = |pair: &[usize]| pair[1] == (pair[0] + 1) % 16 || pair[1] == pair[0];
    assert!(walked.windows(2).all(step), "no image is left out: {walked:?}");
    assert!(walked.contains(&0) && walked.contains(&15), "round and round: {walked:?}");
    press(&mut harness, Key::C);
    let at = open_look(harness.state()).stack_index;
    assert!(seen(&mut harness, 4).iter().all(|index| *index == at));
}

#[test]
fn an_image_that_is_not_here_is_waited_for_and_asked_for() {
    let mut desk = desk(Some(4.0));
    desk.frames.0.retain(|key, _| key.sop.as_str() != "1.2.3.2.13");
    let mut harness = harness(desk);
    press(&mut harness, Key::C);
    let walked = seen(&mut harness, 12);
    assert_eq!(walked.last(), Some(&11), "{walked:?}");
    let wanted = harness.state().wanted.last().unwrap();
    assert!(wanted.iter().any(|key| key.sop.as_str() == "1.2.3.2.13"));
}

#[test]
fn scrolling_stops_the_film_and_so_does_a_press_on_the_picture() {
    let mut harness = harness(desk(Some(4.0)));
    press(&mut harness, Key::C);
    seen(&mut harness, 3);
    press(&mut harness, Key::Home);
    assert_eq!(seen(&mut harness, 3), [0, 0, 0]);
    press(&mut harness, Key::C);
    seen(&mut harness, 3);
    harness.get_by_label("Viewport 1").click();
    harness.run_steps(2);
    let at = open_look(harness.state()).stack_index;
    assert!(at > 0 && seen(&mut harness, 3).iter().all(|index| *index == at));
}

#[test]
fn the_rate_is_the_files_else_ten_and_follows_the_reader() {
    let mut harness = harness(desk(None));
    harness.get_by_label("Film: 10 images a second");
    press(&mut harness, Key::Period);
    harness.get_by_label("Film: 13 images a second");
    press(&mut harness, Key::Comma);
    press(&mut harness, Key::Comma);
    harness.get_by_label("Film: 8 images a second");
    assert!(harness.get_by_label("Play as a film").accesskit_node().toggled().is_some());
}
