//! A reader's own scale of an image, drawing by keys, and text as large as it gets.

use std::sync::Arc;

use egui::{Event, Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use overread::domain::annotation::Annotation;
use overread::domain::geometry::SpacingKind;
use overread::domain::shape::Shape;
use overread::ui::dialogs::Dialog;
use overread::ui::theme;

use crate::ui::desk::Desk;
use crate::ui::{harness, press};

fn annotations(desk: &Desk) -> Vec<Arc<Annotation>> {
    desk.session.annotations().iter().map(|review| Arc::clone(&review.annotation)).collect()
}

fn value(annotation: &Annotation, id: &str) -> (f64, String) {
    let found = annotation.measurement(id).unwrap();
    (found.value, found.unit.clone())
}

/// A line by keys: a cross in the middle, then points `steps` to the right and down of it.
fn line_by_keys(harness: &mut Harness<'_, Desk>, steps: usize) {
    press(harness, Key::D);
    press(harness, Key::Enter);
    press(harness, Key::Enter);
    for _ in 0..steps {
        harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowRight);
        harness.run_steps(2);
    }
    press(harness, Key::Enter);
}

#[test]
fn a_length_is_drawn_by_keys_alone_and_escape_leaves_what_was_begun() {
    let mut harness = harness(Desk::new());
    line_by_keys(&mut harness, 4);
    let drawn = annotations(harness.state());
    let [only] = drawn.as_slice() else { panic!("{drawn:?}") };
    let Shape::Length { ends: [a, b] } = only.shape else { panic!("{only:?}") };
    // A pixel of the image or a point of the screen each: this image is shown larger than one to one
    assert!((b[0] - a[0] - 40.0).abs() < 0.5 && (b[1] - a[1]).abs() < 1e-6, "{a:?} {b:?}");
    assert!(harness.state().view.transient.tools.tool.is_none(), "the tool is laid down");
    let before = crate::ui::open_look(harness.state()).stack_index;
    press(&mut harness, Key::D);
    press(&mut harness, Key::Enter);
    press(&mut harness, Key::Enter);
    press(&mut harness, Key::ArrowDown);
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::Escape);
    assert_eq!(annotations(harness.state()).len(), 1);
    assert_eq!(crate::ui::open_look(harness.state()).stack_index, before);
    assert!(!harness.state().view.transient.tools.holds_pointer());
}

#[test]
fn enter_decides_nothing_while_a_tool_is_in_hand() {
    let mut harness = harness(Desk::new());
    press(&mut harness, Key::D);
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().verdict("nodule"), None);
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().verdict("nodule"), Some("Accepted"));
}

#[test]
fn a_line_of_known_length_gives_the_image_its_scale_and_undo_takes_it_back_with_all_lengths() {
    let mut harness = harness(Desk::new());
    line_by_keys(&mut harness, 4);
    line_by_keys(&mut harness, 2);
    let drawn = annotations(harness.state());
    let of_file: Vec<f64> = drawn.iter().map(|annotation| value(annotation, "length").0).collect();
    assert!(drawn.iter().all(|annotation| annotation.calibration == SpacingKind::Projection));
    let line = Arc::clone(&drawn[0]);
    harness.state_mut().view.dialogs.push(Dialog::KnownLength { line, text: String::new() });
    harness.run_steps(3);
    harness.get_by_label("Set the scale by this line");
    harness.event(Event::Text("100".to_owned()));
    harness.run_steps(3);
    harness.get_by_label("Set scale").click();
    harness.run_steps(4);
    let scaled = annotations(harness.state());
    assert!(scaled.iter().all(|annotation| annotation.calibration == SpacingKind::User));
    let (first, second) = (value(&scaled[0], "length"), value(&scaled[1], "length"));
    assert!((first.0 - 100.0).abs() < 1e-9 && first.1 == "mm", "{first:?}");
    assert!((second.0 - 100.0 * of_file[1] / of_file[0]).abs() < 1e-9, "{second:?}");
    // What is drawn from now on has the reader's scale, too
    line_by_keys(&mut harness, 4);
    assert_eq!(annotations(harness.state()).last().unwrap().calibration, SpacingKind::User);
    for _ in 0..2 {
        harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        harness.run_steps(4);
    }
    assert_eq!(annotations(harness.state()), drawn);
}

#[test]
fn the_largest_text_on_a_small_screen_leaves_every_tool_within_reach() {
    let mut desk = Desk::new();
    desk.facts.preferences.display.text_scale = 2.0;
    let mut harness = Harness::builder()
        .with_size(vec2(1280.0, 800.0))
        .with_context_setup(theme::install)
        .build_ui_state(|ui, desk: &mut Desk| desk.pass(ui), desk);
    harness.run_steps(6);
    let width = harness.ctx.content_rect().width();
    for label in ["Maximize", "Flip left to right", "Key image", "Planes through the volume"] {
        let rect = harness.get_by_label(label).rect();
        assert!(rect.left() >= 0.0 && rect.right() <= width, "{label} at {rect:?} of {width}");
    }
}
