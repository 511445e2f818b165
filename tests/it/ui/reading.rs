//! What the hand does to the picture: sigmoid, the window over a region, the magnifier, the buttons of the mouse.

use egui::{Key, Modifiers, PointerButton, vec2};
use egui_kittest::kittest::Queryable as _;
use overread::domain::presentation::VoiFunction;
use overread::ui::action::{Action, OpenAction};
use overread::ui::arrangement::LastStudy;
use overread::ui::preferences::DragAction;
use overread::ui::view_state::WindowChoice;

use crate::ui::desk::Desk;
use crate::ui::{drag, harness, open_look, press};

#[test]
fn sigmoid_keeps_width_and_level_and_goes_off_again() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let mut harness = harness(desk);
    press(&mut harness, Key::Num2);
    let sigmoid = |harness: &mut egui_kittest::Harness<'_, Desk>| {
        harness.key_press_modifiers(Modifiers::SHIFT, Key::I);
        harness.run_steps(3);
        let WindowChoice::Manual(window) = open_look(harness.state()).window else { panic!("no window") };
        window
    };
    let window = sigmoid(&mut harness);
    assert_eq!((window.center, window.width, window.function), (-600.0, 1500.0, VoiFunction::Sigmoid));
    assert_eq!(sigmoid(&mut harness).function, VoiFunction::Linear);
}

#[test]
fn a_region_dragged_with_shift_becomes_the_window() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let mut harness = harness(desk);
    let center = harness.get_by_label("Viewport 1").rect().center();
    drag_with(&mut harness, Modifiers::SHIFT, center, vec2(60.0, 60.0));
    let WindowChoice::Manual(window) = open_look(harness.state()).window else { panic!("no window over the region") };
    assert!(window.width >= 1.0);
    assert!(harness.state().view.transient.pointer.drag.is_none());
}

fn drag_with(harness: &mut egui_kittest::Harness<'_, Desk>, modifiers: Modifiers, from: egui::Pos2, by: egui::Vec2) {
    harness.event(egui::Event::ModifiersChanged(modifiers));
    drag(harness, PointerButton::Primary, from, by);
    harness.event(egui::Event::ModifiersChanged(Modifiers::NONE));
    harness.run_steps(2);
}

#[test]
fn the_magnifier_is_there_while_its_key_is_held_and_the_wheel_says_how_much() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let mut harness = harness(desk);
    let before = open_look(harness.state());
    let center = harness.get_by_label("Viewport 1").rect().center();
    harness.hover_at(center);
    harness.key_down(Key::Z);
    harness.run_steps(2);
    assert!(harness.state().view.transient.pointer.is_magnifying);
    harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Line,
        delta: vec2(0.0, 10.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: Modifiers::NONE,
    });
    harness.run_steps(2);
    assert!((harness.state().view.transient.pointer.lens_factor - 4.0).abs() < 1e-9);
    harness.key_up(Key::Z);
    harness.run_steps(2);
    assert!(!harness.state().view.transient.pointer.is_magnifying);
    assert_eq!(open_look(harness.state()), before, "the picture itself stays");
}

#[test]
fn buttons_do_what_the_reader_chose_and_down_may_brighten() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let mouse = &mut desk.facts.preferences.mouse;
    (mouse.middle, mouse.inverts_level, mouse.window_sensitivity) = (DragAction::Scroll, true, 2.0);
    let mut harness = harness(desk);
    let center = harness.get_by_label("Viewport 1").rect().center();
    drag(&mut harness, PointerButton::Middle, center, vec2(0.0, 24.0));
    assert_eq!(open_look(harness.state()).stack_index, 12, "three images of eight points");
    press(&mut harness, Key::Num2);
    drag(&mut harness, PointerButton::Primary, center, vec2(0.0, 30.0));
    let WindowChoice::Manual(window) = open_look(harness.state()).window else { panic!("no window") };
    assert!(window.center < -600.0 && (window.width - 1500.0).abs() < 1e-9);
}

#[test]
fn the_start_page_offers_the_last_study_with_one_click() {
    let mut desk = Desk::empty();
    let study = overread::domain::uid::StudyUid::new("1.2.3");
    desk.view.arrangement.last = Some(LastStudy { places: vec!["/data/studies/last".into()], study });
    let mut harness = harness(desk);
    harness.get_by_label("Go on with the last study").click();
    harness.run_steps(2);
    assert!(harness.state().asked.contains(&Action::Open(OpenAction::Continue)));
}
