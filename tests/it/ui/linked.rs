//! Planes beside the stack they are cut from: each follows the other.

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use overread::domain::geometry::Vec3;
use overread::ui::planes::PlanesView;
use overread::ui::stage::{Layout, Pane, PaneContent, PlaneAxis, SeriesRef};
use overread::ui::view_state::{LookAt, SeriesPart, SeriesView};

use crate::ui::desk::Desk;
use crate::ui::{harness, press};

/// The CT on the left, its axial and its coronal plane beside it.
fn beside() -> Harness<'static, Desk> {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let study = desk.studies[0].clone();
    let part = SeriesPart::of(&study, 1);
    let shown = || SeriesRef::new(&study, part.clone());
    let pane = |content| Pane { content, view: SeriesView::default() };
    let look = desk.view.look_mut(&study.uid);
    look.stage.layout = Layout { rows: 1, cols: 3 };
    look.stage.panes = vec![
        Pane { view: SeriesView { stack_index: 9, ..SeriesView::default() }, ..pane(PaneContent::Series(shown())) },
        pane(PaneContent::Plane(shown(), PlaneAxis::Axial)),
        pane(PaneContent::Plane(shown(), PlaneAxis::Coronal)),
    ];
    look.stage.active = 0;
    let mut harness = harness(desk);
    harness.run_steps(6);
    harness
}

fn look(desk: &Desk) -> &LookAt {
    desk.view.look(&desk.studies[0].uid).unwrap()
}

fn planes(desk: &Desk) -> PlanesView {
    look(desk).planes.get(&SeriesPart::of(&desk.studies[0], 1)).cloned().unwrap_or_default()
}

fn image_z(desk: &Desk, index: usize) -> f64 {
    let series = &desk.studies[0].series[1];
    let (instance, frame) = series.image(index).unwrap();
    instance.frame(frame).unwrap().plane.unwrap().position_mm.0[2]
}

#[test]
fn the_crosshair_follows_the_stack_and_the_stack_follows_the_crosshair() {
    let mut harness = beside();
    press(&mut harness, Key::ArrowDown);
    let Vec3([x, y, z]) = planes(harness.state()).center_mm.unwrap();
    assert!((z - image_z(harness.state(), 10)).abs() < 1e-6);
    // To an axial plane by keys: the stack goes along
    harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowRight);
    harness.run_steps(3);
    assert_eq!(look(harness.state()).stage.active, 1);
    press(&mut harness, Key::ArrowUp);
    press(&mut harness, Key::ArrowUp);
    assert_eq!(look(harness.state()).stage.panes[0].view.stack_index, 8);
    assert_eq!(planes(harness.state()).center_mm, Some(Vec3([x, y, image_z(harness.state(), 8)])));
    // A coronal step moves no axial image
    harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowRight);
    harness.run_steps(3);
    press(&mut harness, Key::ArrowDown);
    assert_eq!(look(harness.state()).stage.panes[0].view.stack_index, 8);
    // Apart when the reader says so
    harness.state_mut().view.look_mut(&overread::domain::uid::StudyUid::new("1.2.3")).stage.links.scroll = false;
    harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowLeft);
    harness.run_steps(3);
    press(&mut harness, Key::ArrowUp);
    assert_eq!(look(harness.state()).stage.panes[0].view.stack_index, 8);
}

#[test]
fn linked_zoom_shows_the_stack_and_its_planes_at_one_size_in_the_patient() {
    let mut harness = beside();
    harness.state_mut().view.look_mut(&overread::domain::uid::StudyUid::new("1.2.3")).stage.links.zoom = true;
    harness.run_steps(2);
    press(&mut harness, Key::Plus);
    let panes = &look(harness.state()).stage.panes;
    let zooms: Vec<f64> = panes.iter().take(3).map(|pane| pane.view.view.zoom).collect();
    // All pixels are as large as the stack's: 2.3 mm is finer than its slices
    assert!(zooms.iter().all(|zoom| (zoom / zooms[0] - 1.0).abs() < 1e-9), "{zooms:?}");
    assert!(panes.iter().take(3).all(|pane| !pane.view.is_fit));
    assert_eq!(panes[1].view.view.pan, panes[0].view.view.pan);
}
