//! Panes: layouts, what moves together, priors, whose pictures they are, and what can be taken back.

use std::sync::Arc;

use egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use overread::domain::geometry::Vec3;
use overread::domain::patient::Patient;
use overread::domain::study::Study;
use overread::domain::uid::{FrameOfReferenceUid, SeriesUid, StudyUid};
use overread::ui::stage::{Layout, PaneContent, SeriesRef};
use overread::ui::theme;
use overread::ui::view_state::{LookAt, SeriesPart};

use crate::ui::desk::Desk;

fn harness(desk: Desk) -> Harness<'static, Desk> {
    let mut harness = Harness::builder()
        .with_size(vec2(1600.0, 1000.0))
        .with_context_setup(theme::install)
        .build_ui_state(|ui, desk: &mut Desk| desk.pass(ui), desk);
    harness.run_steps(4);
    harness
}

fn press(harness: &mut Harness<'_, Desk>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_steps(4);
}

fn look(desk: &Desk) -> &LookAt {
    desk.view.look(&desk.studies[0].uid).unwrap()
}

/// Another study of the same images; frames stay the same, the place in space may not.
fn other_study(desk: &Desk, uid: &str, date: &str, patient: Patient, moved_mm: f64) -> Arc<Study> {
    let study = &desk.studies[0];
    let series = study.series.iter().map(|series| {
        let mut series = series.as_ref().clone();
        series.uid = SeriesUid::new(format!("{}.{uid}", series.uid));
        series.frame_of_reference = Some(FrameOfReferenceUid::new(uid));
        for instance in &mut series.instances {
            let instance = Arc::make_mut(instance);
            for frame in &mut instance.frames {
                let frame = Arc::make_mut(frame);
                if let Some(plane) = &mut frame.plane {
                    plane.position_mm = plane.position_mm.plus(Vec3([0.0, 0.0, moved_mm]));
                }
            }
        }
        Arc::new(series)
    });
    let series = series.collect();
    let (uid, patient) = (StudyUid::new(uid), Arc::new(patient));
    Arc::new(Study { uid, date: date.into(), patient, series, ..study.as_ref().clone() })
}

#[test]
fn layouts_have_keys_and_the_keys_act_on_the_active_pane() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let mut harness = harness(desk);
    press(&mut harness, Modifiers::COMMAND, Key::Num4);
    for pane in 1..=4 {
        harness.get_by_label(&format!("Viewport {pane}"));
    }
    assert_eq!(look(harness.state()).stage.layout, Layout { rows: 2, cols: 2 });
    let filled = look(harness.state()).stage.panes.iter().filter(|pane| pane.content.series().is_some()).count();
    assert_eq!(filled, 2, "each series stands in one pane, the rest stay empty");
    press(&mut harness, Modifiers::SHIFT, Key::ArrowRight);
    press(&mut harness, Modifiers::NONE, Key::I);
    let panes = &look(harness.state()).stage.panes;
    assert!(panes[1].view.is_inverted && !panes[0].view.is_inverted);
    press(&mut harness, Modifiers::COMMAND, Key::Enter);
    assert!(harness.query_by_label("Viewport 1").is_none() && harness.query_by_label("Viewport 2").is_some());
    press(&mut harness, Modifiers::COMMAND, Key::Enter);
    press(&mut harness, Modifiers::COMMAND, Key::Num1);
    harness.get_by_label("Viewport 1");
    assert!(harness.query_by_label("Viewport 2").is_none());
}

#[test]
fn views_and_decisions_are_taken_back_in_the_order_they_were_made() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let mut harness = harness(desk);
    press(&mut harness, Modifiers::NONE, Key::H);
    press(&mut harness, Modifiers::NONE, Key::U);
    assert_eq!(harness.state().verdict("ct-nodule"), Some("Uncertain"));
    press(&mut harness, Modifiers::COMMAND, Key::Num4);
    let undo = |harness: &mut Harness<'_, Desk>| press(harness, Modifiers::COMMAND, Key::Z);
    undo(&mut harness);
    assert_eq!(look(harness.state()).stage.layout, Layout::SINGLE);
    assert_eq!(harness.state().verdict("ct-nodule"), Some("Uncertain"));
    undo(&mut harness);
    for _ in 0..3 {
        if harness.state().verdict("ct-nodule").is_some() {
            undo(&mut harness);
        }
    }
    assert_eq!(harness.state().verdict("ct-nodule"), None);
    let ct = |desk: &Desk| look(desk).series_view(&desk.studies[0], 1).view.flip_h;
    assert!(ct(harness.state()), "the flip came before the decision");
    // The way to the next finding's series is a step of its own.
    undo(&mut harness);
    undo(&mut harness);
    assert!(!ct(harness.state()));
    press(&mut harness, Modifiers::COMMAND, Key::Y);
    assert!(ct(harness.state()));
    press(&mut harness, Modifiers::COMMAND, Key::Y);
    press(&mut harness, Modifiers::COMMAND, Key::Y);
    assert_eq!(harness.state().verdict("ct-nodule"), Some("Uncertain"));
}

#[test]
fn a_prior_hangs_at_the_left_and_scrolls_along_at_its_distance() {
    let mut desk = Desk::new();
    let patient = desk.studies[0].patient.as_ref().clone();
    let prior = other_study(&desk, "9.9", "20250501", patient, 3000.0);
    desk.studies.push(prior);
    let mut harness = harness(desk);
    let stage = &look(harness.state()).stage;
    assert_eq!((stage.layout, stage.active), (Layout { rows: 1, cols: 2 }, 1));
    assert_eq!(stage.panes[0].content.series().map(|shown| shown.study.as_str()), Some("9.9"));
    assert!(harness.query_by_label_contains("TWO PATIENTS").is_none());
    assert_eq!(harness.state().selected(), Some("nodule"), "what the program hung counts as untouched");
    // Both stacks, the prior three images further on: that is how far apart they stay.
    let (now, prior) = (Arc::clone(&harness.state().studies[0]), Arc::clone(&harness.state().studies[1]));
    let look_now = harness.state_mut().view.look_mut(&now.uid);
    look_now.put(0, &prior, 1);
    look_now.put(1, &now, 1);
    look_now.stage.panes[0].view.stack_index = 5;
    look_now.stage.panes[1].view.stack_index = 2;
    harness.run_steps(4);
    press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    let at = |desk: &Desk| [0, 1].map(|pane: usize| look(desk).stage.panes[pane].view.stack_index);
    assert_eq!(at(harness.state()), [7, 4]);
    press(&mut harness, Modifiers::NONE, Key::S);
    press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    assert_eq!(at(harness.state()), [7, 5], "unlinked");
    press(&mut harness, Modifiers::SHIFT, Key::S);
    press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    assert_eq!(at(harness.state()), [8, 6], "linked again, from where they stood");
    press(&mut harness, Modifiers::NONE, Key::W);
    press(&mut harness, Modifiers::NONE, Key::Num3);
    let windows = [0, 1].map(|pane: usize| look(harness.state()).stage.panes[pane].view.window.clone());
    assert_eq!(windows[0] == windows[1], look(harness.state()).stage.links.window);
}

#[test]
fn two_patients_on_screen_raise_a_banner_that_names_both() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let someone = Patient { id: "X-2".into(), name: "Other^Person".into(), ..Patient::default() };
    let other = other_study(&desk, "8.8", "20250501", someone, 0.0);
    desk.studies.push(Arc::clone(&other));
    let uid = desk.studies[0].uid.clone();
    let study = Arc::clone(&desk.studies[0]);
    let stage = &mut desk.view.look_mut(&uid).stage;
    stage.lay_out(Layout { rows: 1, cols: 2 }, &study);
    let mut harness = harness(desk);
    assert!(harness.query_by_label_contains("TWO PATIENTS").is_none());
    let shown = SeriesRef::new(&other, SeriesPart::of(&other, 0));
    harness.state_mut().view.look_mut(&uid).stage.panes[1].content = PaneContent::Series(shown);
    harness.run_steps(4);
    harness.get_by_label_contains("TWO PATIENTS ON SCREEN:  Phantom, Chest");
    harness.get_by_label_contains("Other, Person");
    press(&mut harness, Modifiers::NONE, Key::P);
    assert!(
        harness.query_by_label_contains("Other, Person").is_none(),
        "a hidden identity is not in the banner either"
    );
}
