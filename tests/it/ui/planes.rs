//! Planes through a volume on the screen: opened, scrolled, dragged, thick; and what may not be decided on them.

use egui::{Event, Key, Modifiers, MouseWheelUnit, PointerButton, Pos2, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use overread::domain::geometry::Vec3;
use overread::imaging::plane_grid::Projection;
use overread::ui::planes::PlanesView;
use overread::ui::stage::{PaneContent, PlaneAxis};
use overread::ui::view_state::{LookAt, SeriesPart, WindowChoice};

use crate::ui::desk::Desk;
use crate::ui::{harness, press};

/// Four planes of the CT, opened at a finding's slice.
fn planes() -> Harness<'static, Desk> {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let mut harness = harness(desk);
    press(&mut harness, Key::M);
    harness.run_steps(6);
    harness
}

fn look(desk: &Desk) -> &LookAt {
    desk.view.look(&desk.studies[0].uid).unwrap()
}

fn lie(desk: &Desk) -> PlanesView {
    look(desk).planes.get(&SeriesPart::of(&desk.studies[0], 1)).cloned().unwrap_or_default()
}

fn center(desk: &Desk) -> Vec3 {
    lie(desk).center_mm.unwrap()
}

fn rect(harness: &Harness<'_, Desk>, pane: usize) -> egui::Rect {
    harness.state().view.transient.panes.rects[&pane]
}

fn drag(harness: &mut Harness<'_, Desk>, from: Pos2, to: Pos2) {
    harness.hover_at(from);
    harness.run_steps(2);
    harness.event(Event::PointerButton {
        pos: from,
        button: PointerButton::Primary,
        pressed: true,
        modifiers: Modifiers::NONE,
    });
    harness.run_steps(2);
    harness.hover_at(from + (to - from) * 0.5);
    harness.run_steps(2);
    harness.hover_at(to);
    harness.run_steps(2);
    harness.event(Event::PointerButton {
        pos: to,
        button: PointerButton::Primary,
        pressed: false,
        modifiers: Modifiers::NONE,
    });
    harness.run_steps(4);
}

#[test]
fn m_opens_four_planes_that_say_which_they_are_and_m_goes_back_to_the_slice() {
    let mut harness = planes();
    let axes: Vec<PlaneAxis> = look(harness.state())
        .stage
        .panes
        .iter()
        .filter_map(|pane| match pane.content {
            PaneContent::Plane(_, axis) => Some(axis),
            _ => None,
        })
        .collect();
    assert_eq!(axes, PlaneAxis::ALL);
    let said = |pane: usize| {
        let label = format!("Viewport {pane}");
        let node = harness.get_by_label(&label);
        node.accesskit_node().description().unwrap_or_default().to_string()
    };
    assert!(said(1).starts_with("Axial plane; left R, right L, top A, bottom P"), "{}", said(1));
    assert!(said(2).starts_with("Coronal plane; left R, right L, top H, bottom F"), "{}", said(2));
    assert!(said(3).starts_with("Sagittal plane; left A, right P, top H, bottom F"), "{}", said(3));
    press(&mut harness, Key::M);
    let stage = &look(harness.state()).stage;
    assert_eq!((stage.layout.n_panes(), look(harness.state()).view().stack_index), (1, 9));
}

#[test]
fn scrolling_one_plane_moves_the_crosshair_by_a_slice() {
    let mut harness = planes();
    let before = center(harness.state());
    press(&mut harness, Key::ArrowDown);
    let moved = center(harness.state()).minus(before);
    assert!((moved.0[2].abs() - 10.0).abs() < 1e-6 && moved.0[0] == 0.0, "{moved:?}");
    harness.hover_at(rect(&harness, 1).center() + vec2(60.0, 60.0));
    harness.event(Event::MouseWheel {
        unit: MouseWheelUnit::Line,
        delta: vec2(0.0, -1.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: Modifiers::NONE,
    });
    harness.run_steps(4);
    let back = center(harness.state()).minus(before);
    assert!(back.0[1] > 0.0, "the coronal plane goes to the back: {back:?}");
}

#[test]
fn dragging_the_middle_moves_the_other_planes_and_dragging_a_handle_turns_the_oblique_one() {
    let mut harness = planes();
    let (before, middle) = (center(harness.state()), rect(&harness, 0).center());
    drag(&mut harness, middle, middle + vec2(40.0, 0.0));
    let moved = center(harness.state()).minus(before);
    assert!(moved.0[0] > 3.0 && moved.0[2] == 0.0, "to the patient's left: {moved:?}");
    assert_eq!(lie(harness.state()).oblique, None);
    // The handle stands off the middle by 0.32 of the shorter side, along the oblique plane's line
    let rect = rect(&harness, 0);
    let reach = rect.width().min(rect.height()) * 0.32;
    let at = middle + vec2(40.0, 0.0) + vec2(1.0, 1.0).normalized() * reach;
    drag(&mut harness, at, pos2(middle.x + 40.0, middle.y + reach));
    let turned = lie(harness.state()).oblique.unwrap();
    assert!(turned.row_dir.0[0].abs() < 0.1 && turned.row_dir.0[1].abs() > 0.99, "now sagittal: {turned:?}");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(4);
    assert_eq!(lie(harness.state()).oblique, None, "a turn is taken back");
}

#[test]
fn planes_share_their_window_and_become_thick_by_key() {
    let mut harness = planes();
    press(&mut harness, Key::Num2);
    let panes = &look(harness.state()).stage.panes;
    assert!(panes.iter().all(|pane| pane.view.window == WindowChoice::Preset("lung".into())));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::M);
    harness.run_steps(4);
    assert_eq!(lie(harness.state()).slab.projection, Projection::Mip);
    harness.get_by_label("Projection: MIP");
}

#[test]
fn nothing_is_accepted_on_a_plane() {
    let mut harness = planes();
    assert_eq!(harness.state().selected(), Some("ct-nodule"));
    assert!(harness.state().view.transient.panes.painted.is_empty());
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().verdict("ct-nodule"), None);
    let is_image = matches!(look(harness.state()).stage.panes[0].content, PaneContent::Series(_));
    assert!(is_image, "its own image is shown first");
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().verdict("ct-nodule"), Some("Accepted"));
}

#[test]
fn choosing_a_finding_brings_the_planes_to_it() {
    let mut harness = planes();
    let slice_mm = center(harness.state()).0[2];
    press(&mut harness, Key::End);
    assert_ne!(center(harness.state()).0[2], slice_mm);
    // Another series' finding, and back
    press(&mut harness, Key::K);
    press(&mut harness, Key::J);
    assert_eq!(harness.state().selected(), Some("ct-nodule"));
    assert_eq!(center(harness.state()).0[2], slice_mm);
}
