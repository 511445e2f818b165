//! Drawing and measuring with the pointer, as a reader does.

use std::sync::Arc;

use egui::{Event, Key, Modifiers, PointerButton, Pos2, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use overread::domain::annotation::{Annotation, Ground};
use overread::domain::finding::Subject;
use overread::domain::geometry::{Spacing, SpacingKind};
use overread::domain::shape::Shape;
use overread::domain::uid::AnnotationId;
use overread::imaging::measure::scale::Scale;
use overread::imaging::measure::{Values, measure, words};
use overread::imaging::plane_picture::PlanePicture;
use overread::imaging::view::ImageGrid;
use overread::review::command::Command;
use overread::ui::action::{Action, ReviewAction};
use overread::ui::context::FrameSource as _;
use overread::ui::shortcuts::Group;
use overread::ui::tools::Tool;
use overread::ui::{planes, theme};

use crate::ui::desk::Desk;
use crate::ui::{open_look, press};

/// A desk on which clicks follow each other as fast as a finger's: a pass is a sixtieth of a second.
fn harness(desk: Desk) -> Harness<'static, Desk> {
    let mut harness = Harness::builder()
        .with_size(vec2(1600.0, 1000.0))
        .with_step_dt(1.0 / 60.0)
        .with_context_setup(theme::install)
        .build_ui_state(|ui, desk: &mut Desk| desk.pass(ui), desk);
    harness.run_steps(4);
    harness
}

/// Where a point of the shown picture lies on the screen; pixel-center coordinates.
fn on_screen(harness: &Harness<'_, Desk>, [col, row]: [f64; 2]) -> Pos2 {
    let desk = harness.state();
    let study = &desk.studies[0];
    let look = desk.view.look(&study.uid).unwrap();
    let series = &study.series[look.open_index(study)];
    let (instance, _) = series.image(open_look(desk).stack_index).unwrap();
    let rect = desk.view.transient.panes.rects[&look.stage.active];
    let size = [f64::from(rect.width()), f64::from(rect.height())];
    let grid = ImageGrid::of(instance);
    let view = if open_look(desk).is_fit { open_look(desk).view.fitted(&grid, size) } else { open_look(desk).view };
    let [x, y] = view.transform(&grid, size).to_viewport([col + 0.5, row + 0.5]);
    pos2(rect.min.x + x as f32, rect.min.y + y as f32)
}

fn button(harness: &mut Harness<'_, Desk>, pos: Pos2, pressed: bool) {
    let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
    harness.event(Event::PointerButton { pos, button, pressed, modifiers });
    harness.run_steps(1);
}

fn drag_points(harness: &mut Harness<'_, Desk>, points: &[[f64; 2]]) {
    let at: Vec<Pos2> = points.iter().map(|point| on_screen(harness, *point)).collect();
    harness.hover_at(at[0]);
    harness.run_steps(1);
    button(harness, at[0], true);
    for pos in &at[1..] {
        harness.hover_at(*pos);
        harness.run_steps(1);
    }
    button(harness, at[at.len() - 1], false);
    harness.run_steps(3);
}

fn click(harness: &mut Harness<'_, Desk>, point: [f64; 2]) {
    clicks(harness, point, 1);
}

fn double_click(harness: &mut Harness<'_, Desk>, point: [f64; 2]) {
    clicks(harness, point, 2);
}

fn clicks(harness: &mut Harness<'_, Desk>, point: [f64; 2], n: usize) {
    let pos = on_screen(harness, point);
    harness.hover_at(pos);
    harness.run_steps(1);
    for pressed in [true, false].repeat(n) {
        let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
        harness.event(Event::PointerButton { pos, button, pressed, modifiers });
    }
    harness.run_steps(3);
}

fn drawings(desk: &Desk) -> Vec<Annotation> {
    desk.session.annotations().iter().map(|review| Annotation::clone(&review.annotation)).collect()
}

fn only(harness: &Harness<'_, Desk>) -> Annotation {
    let [only] = drawings(harness.state()).try_into().unwrap();
    only
}

fn value(annotation: &Annotation, id: &str) -> f64 {
    annotation.measurement(id).unwrap_or_else(|| panic!("no {id}")).value
}

fn is_near(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 2e-4 * expected.abs().max(1.0)
}

/// The desk on a CT slice of 2.3 mm pixels.
fn ct() -> Harness<'static, Desk> {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    harness(desk)
}

#[test]
fn a_dragged_length_is_placed_by_one_act_and_the_main_button_is_the_windows_again() {
    let mut harness = harness(Desk::new());
    let before = open_look(harness.state());
    press(&mut harness, Key::D);
    assert_eq!(harness.state().view.transient.tools.tool, Some(Tool::Length));
    drag_points(&mut harness, &[[100.0, 100.0], [130.0, 120.0], [160.0, 180.0]]);
    let length = only(&harness);
    assert!(is_near(value(&length, "length"), 100.0 * 0.77), "{length:?}");
    assert_eq!(words::lines(&length), ["77.0 mm (Proj)"]);
    assert_eq!(harness.state().view.transient.tools.tool, None, "the tool is laid down");
    assert_eq!(open_look(harness.state()).window, before.window, "the window has not moved");
    assert_eq!(harness.state().view.transient.tools.selected, Some(length.id));
    let n_asked = harness
        .state()
        .asked
        .iter()
        .filter(|action| matches!(action, Action::Review(ReviewAction::PlaceAnnotation(_))))
        .count();
    assert_eq!(n_asked, 1);
    drag_points(&mut harness, &[[300.0, 300.0], [330.0, 310.0]]);
    assert_ne!(open_look(harness.state()).window, before.window);
    assert_eq!(drawings(harness.state()).len(), 1);
}

#[test]
fn a_handle_is_dragged_as_one_change_that_is_undone_and_redone() {
    let mut harness = harness(Desk::new());
    press(&mut harness, Key::D);
    drag_points(&mut harness, &[[100.0, 100.0], [200.0, 100.0]]);
    drag_points(&mut harness, &[[200.0, 100.0], [210.0, 120.0], [240.0, 140.0], [300.0, 100.0]]);
    assert!(is_near(value(&only(&harness), "length"), 154.0));
    let changes = harness
        .state()
        .asked
        .iter()
        .filter(|action| matches!(action, Action::Review(ReviewAction::ChangeAnnotation(_))));
    assert_eq!(changes.count(), 1, "one event at the release");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(4);
    assert!(is_near(value(&only(&harness), "length"), 77.0));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(4);
    assert!(drawings(harness.state()).is_empty());
    for _ in 0..2 {
        harness.key_press_modifiers(Modifiers::COMMAND, Key::Y);
        harness.run_steps(4);
    }
    assert!(is_near(value(&only(&harness), "length"), 154.0));
}

#[test]
fn a_line_is_moved_as_a_whole_and_stays_on_the_picture() {
    let mut harness = harness(Desk::new());
    press(&mut harness, Key::D);
    drag_points(&mut harness, &[[100.0, 100.0], [200.0, 100.0]]);
    drag_points(&mut harness, &[[140.0, 100.0], [150.0, 200.0]]);
    let Shape::Length { ends: [[x0, y0], [x1, y1]] } = only(&harness).shape else { panic!() };
    for (found, expected) in [(x0, 110.0), (y0, 200.0), (x1, 210.0), (y1, 200.0)] {
        assert!((found - expected).abs() < 0.01, "{found} {expected}");
    }
    drag_points(&mut harness, &[[150.0, 200.0], [150.0, 508.0]]);
    drag_points(&mut harness, &[[150.0, 508.0], [0.0, 400.0]]);
    let Shape::Length { ends: [[x0, _], [x1, _]] } = only(&harness).shape else { panic!() };
    assert_eq!((x0, (x1 - x0 - 100.0).abs() < 0.01), (-0.5, true), "stopped at the edge, as long as before");
}

#[test]
fn a_line_has_the_same_length_however_the_picture_is_turned_and_flipped() {
    let is_inside = |(col, row): &(i32, i32)| {
        let (x, y) = ((f64::from(*col) - 75.5) / 15.25, (f64::from(*row) - 110.5) / 10.25);
        x * x + y * y < 1.0
    };
    let n_inside = (55..95).flat_map(|col| (95..125).map(move |row| (col, row))).filter(is_inside).count();
    for flips in [0, 1] {
        for turns in 0..4 {
            let mut harness = ct();
            (0..flips).for_each(|_| press(&mut harness, Key::H));
            (0..turns).for_each(|_| press(&mut harness, Key::R));
            press(&mut harness, Key::D);
            drag_points(&mut harness, &[[40.0, 50.0], [70.0, 90.0]]);
            press(&mut harness, Key::A);
            click(&mut harness, [100.0, 60.0]);
            click(&mut harness, [100.0, 100.0]);
            click(&mut harness, [130.0, 100.0]);
            harness.key_press_modifiers(Modifiers::SHIFT, Key::E);
            harness.run_steps(2);
            drag_points(&mut harness, &[[60.25, 100.25], [90.75, 120.75]]);
            let [length, angle, ellipse] = drawings(harness.state()).try_into().unwrap();
            let (at, name) = ([flips, turns], "flips and turns");
            assert!(is_near(value(&length, "length"), 50.0 * 2.3), "{name} {at:?}");
            assert!((value(&angle, "angle") - 90.0).abs() < 0.01, "{name} {at:?}");
            let area = std::f64::consts::FRAC_PI_4 * 30.5 * 20.5 * 2.3 * 2.3;
            assert!(is_near(value(&ellipse, "area"), area), "{name} {at:?}");
            assert_eq!(value(&ellipse, "n_pixels"), n_inside as f64, "{name} {at:?}");
        }
    }
}

#[test]
fn a_region_says_area_mean_max_min_and_sd_in_hounsfield_units() {
    let mut harness = ct();
    harness.get_by_label("Rectangle").click();
    harness.run_steps(2);
    drag_points(&mut harness, &[[60.5, 60.5], [80.5, 75.5]]);
    let region = only(&harness);
    let desk = harness.state();
    let (instance, frame_idx) = desk.studies[0].series[1].image(9).unwrap();
    let frame = &desk.frames.0[&instance.frame_key(frame_idx)];
    let values: Vec<f64> = (61..81)
        .flat_map(|col| (61..76).map(move |row| row * 160 + col))
        .map(|index| frame.samples().at(index).unwrap())
        .collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let sd = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    assert_eq!(value(&region, "n_pixels"), 300.0);
    assert!((value(&region, "mean") - mean).abs() < 1e-9 && (value(&region, "sd") - sd).abs() < 1e-9);
    assert!(is_near(value(&region, "area"), 300.0 * 2.3 * 2.3));
    let lines = words::lines(&region);
    let order: Vec<&str> = lines.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(order, ["Area", "Mean", "Max", "Min", "SD"]);
    assert!(lines[0].ends_with(" mm²") && lines[1..].iter().all(|line| line.ends_with(" HU")), "{lines:?}");
}

#[test]
fn a_picture_without_spacing_is_measured_in_pixels() {
    let mut desk = Desk::new();
    let series = &mut Arc::make_mut(&mut desk.studies[0]).series[0];
    let instance = &mut Arc::make_mut(series).instances[0];
    Arc::make_mut(instance).spacing = Spacing::UNKNOWN;
    let mut harness = harness(desk);
    press(&mut harness, Key::D);
    drag_points(&mut harness, &[[100.0, 100.0], [160.0, 180.0]]);
    let length = only(&harness);
    assert_eq!((words::lines(&length), length.calibration), (vec!["100 px (Uncal)".to_owned()], SpacingKind::None));
}

#[test]
fn every_tool_draws_what_it_is_called() {
    let mut harness = ct();
    let strokes: [(&str, &[[f64; 2]]); 7] = [
        ("Length", &[[20.0, 20.0], [40.0, 20.0]]),
        ("Bidirectional", &[[20.0, 40.0], [60.0, 40.0]]),
        ("Rectangle", &[[80.0, 20.0], [100.0, 40.0]]),
        ("Ellipse", &[[110.0, 20.0], [140.0, 40.0]]),
        ("Freehand region", &[[20.0, 100.0], [60.0, 100.0], [60.0, 140.0], [20.0, 140.0]]),
        ("Arrow", &[[80.0, 70.0], [100.0, 90.0]]),
        ("Probe", &[[120.0, 80.0]]),
    ];
    for (label, points) in strokes {
        harness.get_by_label(label).click();
        harness.run_steps(2);
        drag_points(&mut harness, points);
        assert_eq!(drawings(harness.state()).last().unwrap().shape.word(), label);
    }
    harness.get_by_label("Angle").click();
    harness.run_steps(2);
    drag_points(&mut harness, &[[80.0, 100.0], [80.0, 130.0]]);
    click(&mut harness, [110.0, 130.0]);
    harness.get_by_label("Cobb angle").click();
    harness.run_steps(2);
    drag_points(&mut harness, &[[120.0, 100.0], [150.0, 100.0]]);
    drag_points(&mut harness, &[[120.0, 120.0], [150.0, 150.0]]);
    let said: Vec<String> = drawings(harness.state()).iter().map(words::headline).collect();
    assert_eq!(said[..2], ["46.0 mm", "92.0 × 46.0 mm"]);
    assert!(said[2].starts_with("Area: 2116 mm²"), "{said:?}");
    assert!(said[4].starts_with("Area: 8464 mm²"), "{said:?}");
    assert!(said[6].ends_with(" HU"), "{said:?}");
    assert_eq!(said[7..], ["90.0°", "45.0°"]);
}

#[test]
fn a_text_asks_for_its_words_and_a_double_click_writes_on_a_measurement() {
    let mut harness = harness(Desk::new());
    press(&mut harness, Key::T);
    click(&mut harness, [200.0, 200.0]);
    assert!(drawings(harness.state()).is_empty(), "no words, no text");
    harness.get_by_label("Words").type_text("Old fracture?");
    harness.run_steps(2);
    press(&mut harness, Key::Enter);
    assert_eq!(words::lines(&only(&harness)), ["Old fracture?"]);
    assert!(harness.state().verdict("nodule").is_none(), "Enter was the text's");
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::D);
    drag_points(&mut harness, &[[100.0, 300.0], [200.0, 300.0]]);
    double_click(&mut harness, [150.0, 300.0]);
    harness.get_by_label("Words").type_text("Rib 7");
    harness.run_steps(2);
    harness.get_by_label("OK").click();
    harness.run_steps(4);
    assert_eq!(words::lines(drawings(harness.state()).last().unwrap()), ["Rib 7", "77.0 mm (Proj)"]);
    assert!(!harness.state().view.transient.is_maximized, "the double click was the measurement's");
}

#[test]
fn delete_removes_the_selected_measurement_and_without_one_it_rejects_the_finding() {
    let mut harness = harness(Desk::new());
    press(&mut harness, Key::D);
    drag_points(&mut harness, &[[100.0, 100.0], [200.0, 100.0]]);
    press(&mut harness, Key::Delete);
    assert!(drawings(harness.state()).is_empty() && harness.state().view.dialogs.is_empty());
    assert!(harness.state().view.transient.hint.as_ref().unwrap().contains("Undo brings it back"));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(4);
    assert_eq!(drawings(harness.state()).len(), 1);
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::Backspace);
    harness.get_by_label("Reject: Nodule or mass");
    assert_eq!(drawings(harness.state()).len(), 1);
}

#[test]
fn escape_steps_back_from_the_drawing_then_from_the_tool() {
    let mut harness = harness(Desk::new());
    press(&mut harness, Key::A);
    click(&mut harness, [100.0, 100.0]);
    click(&mut harness, [200.0, 100.0]);
    assert!(harness.state().view.transient.tools.draft.is_some());
    press(&mut harness, Key::Escape);
    let tools = &harness.state().view.transient.tools;
    assert!(tools.draft.is_none() && tools.tool == Some(Tool::Angle));
    press(&mut harness, Key::Escape);
    assert_eq!(harness.state().view.transient.tools.tool, None);
    assert!(drawings(harness.state()).is_empty());
}

#[test]
fn a_kept_tool_draws_again_and_a_label_is_dragged_away() {
    let mut harness = harness(Desk::new());
    harness.get_by_label("Keep the tool").click();
    harness.run_steps(2);
    assert!(harness.state().facts.preferences.mouse.keeps_tool);
    press(&mut harness, Key::D);
    drag_points(&mut harness, &[[100.0, 100.0], [150.0, 100.0]]);
    drag_points(&mut harness, &[[100.0, 200.0], [150.0, 200.0]]);
    assert_eq!(drawings(harness.state()).len(), 2);
    press(&mut harness, Key::Escape);
    let (_, id, rect) = harness.state().view.transient.tools.traces.labels[0].clone();
    harness.hover_at(rect.center());
    harness.run_steps(1);
    button(&mut harness, rect.center(), true);
    let to = rect.center() + egui::vec2(80.0, 60.0);
    harness.hover_at(to);
    harness.run_steps(1);
    button(&mut harness, to, false);
    harness.run_steps(3);
    let moved = drawings(harness.state()).into_iter().find(|annotation| annotation.id == id).unwrap();
    assert!(moved.label_offset.is_some());
    let tools = &harness.state().view.transient.tools;
    let (.., now) = tools.traces.labels.iter().find(|(_, of, _)| *of == id).unwrap();
    assert!(now.center().distance(to) < 1.5, "{now:?} {to:?}");
}

#[test]
fn the_sheet_of_keys_has_every_group() {
    let mut harness = harness(Desk::new());
    press(&mut harness, Key::F1);
    for group in Group::ALL {
        assert!(harness.query_all_by_label(group.word()).next().is_some(), "{}", group.word());
    }
    harness.get_by_label("Two diameters at right angles");
}

#[test]
fn without_a_readers_name_nothing_is_drawn_and_the_screen_says_why() {
    let mut desk = Desk::new();
    desk.facts.reader = overread::domain::uid::ReaderName::new("");
    let mut harness = harness(desk);
    press(&mut harness, Key::D);
    drag_points(&mut harness, &[[100.0, 100.0], [150.0, 100.0]]);
    assert!(drawings(harness.state()).is_empty());
    harness.get_by_label_contains("reader's name");
}

/// Where a point of the plane in a pane lies on the screen; pixel-center coordinates.
fn on_plane(harness: &Harness<'_, Desk>, pane: usize, [col, row]: [f64; 2]) -> Pos2 {
    let desk = harness.state();
    let look = desk.view.look(&desk.studies[0].uid).unwrap();
    let rect = desk.view.transient.panes.rects[&pane];
    let picture = plane_in(desk, pane);
    let (grid, size) = (ImageGrid::of(&picture.instance), [f64::from(rect.width()), f64::from(rect.height())]);
    let [x, y] =
        look.stage.panes[pane].view.view.fitted(&grid, size).transform(&grid, size).to_viewport([col + 0.5, row + 0.5]);
    pos2(rect.min.x + x as f32, rect.min.y + y as f32)
}

fn plane_in(desk: &Desk, pane: usize) -> &Arc<PlanePicture> {
    let look = desk.view.look(&desk.studies[0].uid).unwrap();
    desk.frames.plane(planes::slot(pane, planes::axis_of_pane(look, pane).unwrap())).unwrap()
}

fn drag_on_plane(harness: &mut Harness<'_, Desk>, pane: usize, ends: [[f64; 2]; 2]) {
    let [from, to] = ends.map(|point| on_plane(harness, pane, point));
    harness.hover_at(from);
    harness.run_steps(1);
    button(harness, from, true);
    harness.hover_at(from + (to - from) * 0.5);
    harness.run_steps(1);
    harness.hover_at(to);
    harness.run_steps(1);
    button(harness, to, false);
    harness.run_steps(3);
}

/// Panes that show the drawing now.
fn panes_with(harness: &Harness<'_, Desk>, annotation: &Annotation) -> Vec<usize> {
    let labels = &harness.state().view.transient.tools.traces.labels;
    let mut panes: Vec<usize> =
        labels.iter().filter(|(_, id, _)| *id == annotation.id).map(|(pane, ..)| *pane).collect();
    panes.sort_unstable();
    panes
}

#[test]
fn on_planes_lengths_are_millimeters_and_a_drawing_shows_where_its_plane_lies() {
    const CORONAL: usize = 1;
    let mut harness = ct();
    press(&mut harness, Key::M);
    harness.run_steps(6);
    press(&mut harness, Key::D);
    drag_on_plane(&mut harness, CORONAL, [[20.0, 10.0], [50.0, 10.0]]);
    let length = only(&harness);
    let step_mm = plane_in(harness.state(), CORONAL).request.grid.col_step_mm.length();
    assert!((value(&length, "length") - 30.0 * step_mm).abs() < 0.05, "{length:?} {step_mm}");
    assert!(matches!(length.ground, Ground::Plane { slab: None, .. }));
    assert_eq!(length.calibration, SpacingKind::Patient);
    assert_eq!(panes_with(&harness, &length), [CORONAL], "the other planes cross it");
    press(&mut harness, Key::Escape);
    for (key, shown) in [(Key::ArrowDown, vec![]), (Key::ArrowUp, vec![CORONAL])] {
        press(&mut harness, key);
        harness.run_steps(4);
        assert_eq!(panes_with(&harness, &length), shown);
    }
    // An end is moved on the plane as on an image
    drag_on_plane(&mut harness, CORONAL, [[50.0, 10.0], [60.0, 10.0]]);
    assert!((value(&only(&harness), "length") - 40.0 * step_mm).abs() < 0.05);
}

#[test]
fn a_region_on_a_plane_through_voxels_has_the_images_values_and_shows_on_the_image() {
    const AXIAL: usize = 0;
    let mut harness = ct();
    press(&mut harness, Key::M);
    harness.run_steps(6);
    harness.key_press_modifiers(Modifiers::SHIFT, Key::R);
    harness.run_steps(2);
    drag_on_plane(&mut harness, AXIAL, [[40.5, 50.5], [70.5, 80.5]]);
    let on_plane = only(&harness);
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::M);
    harness.run_steps(6);
    assert_eq!(panes_with(&harness, &on_plane), [0], "the image lies in the plane");
    let plane = on_plane.ground.plane().unwrap().plane;
    let desk = harness.state();
    let study = &desk.studies[0];
    let (instance, frame_idx) = study.series[1].image(open_look(desk).stack_index).unwrap();
    let image = overread::ui::viewport::shown::pixel_plane(instance, frame_idx).unwrap();
    let Shape::Rectangle { corners } = on_plane.shape.mapped(|point| image.pixel(plane.point_mm(point))) else {
        panic!()
    };
    let frame = &desk.frames.0[&instance.frame_key(frame_idx)];
    let values = Values::of(instance, frame_idx, frame).unwrap();
    let scale = Scale::of(&instance.spacing, &[], &[]);
    let expected = measure(&Shape::Rectangle { corners }, &scale, Some(&values));
    assert_eq!(expected.len(), on_plane.measurements.len());
    for (found, expected) in on_plane.measurements.iter().zip(expected) {
        let is_same = (found.value - expected.value).abs() < 1e-3 * expected.value.abs().max(1.0);
        assert!(found.id == expected.id && found.unit == expected.unit && is_same, "{found:?} {expected:?}");
    }
}

#[test]
fn on_a_thick_plane_a_measurement_says_so() {
    let mut harness = ct();
    press(&mut harness, Key::M);
    harness.run_steps(6);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::M);
    harness.run_steps(6);
    harness.key_press_modifiers(Modifiers::SHIFT, Key::R);
    harness.run_steps(2);
    drag_on_plane(&mut harness, 0, [[40.5, 50.5], [70.5, 80.5]]);
    let words = overread::ui::tools::paint::plane_words(&only(&harness).ground);
    assert_eq!(words.as_deref(), Some("Axial plane, MIP 10 mm"));
}

/// A drawing as the session has it, placed without a pointer.
fn draw(desk: &mut Desk, id: &str, series: usize, image: usize, shape: Shape, text: &str) {
    let study = Arc::clone(&desk.studies[0]);
    let (instance, frame) = study.series[series].image(image).unwrap();
    let subject = Subject {
        study: study.uid.clone(),
        series: study.series[series].uid.clone(),
        sop: instance.sop.clone(),
        frame,
    };
    let scale = Scale::of(&instance.spacing, &[], &shape.points());
    let values = Values::of(instance, frame, &desk.frames.0[&instance.frame_key(frame)]).unwrap();
    let annotation = Annotation {
        id: AnnotationId::new(id),
        ground: Ground::Image { subject, plane: None },
        measurements: measure(&shape, &scale, Some(&values)),
        shape,
        text: text.to_owned(),
        label_offset: None,
        calibration: scale.kind(),
    };
    desk.apply(Command::PlaceAnnotation(Arc::new(annotation)));
}

/// Marks and lengths, for pictures.
pub fn draw_on_radiograph(desk: &mut Desk, kind: SpacingKind) {
    let series = &mut Arc::make_mut(&mut desk.studies[0]).series[0];
    let instance = &mut Arc::make_mut(series).instances[0];
    Arc::make_mut(instance).spacing.kind = kind;
    let shapes = [
        ("l", Shape::Length { ends: [[210.0, 330.0], [400.0, 345.0]] }, ""),
        (
            "b",
            Shape::Bidirectional { long: [[110.0, 280.0], [140.0, 310.0]], short: [[130.0, 286.0], [118.0, 298.0]] },
            "",
        ),
        ("a", Shape::Angle { first: [150.0, 60.0], vertex: [120.0, 120.0], second: [180.0, 130.0] }, ""),
        ("c", Shape::Cobb { lines: [[[230.0, 60.0], [290.0, 50.0]], [[235.0, 140.0], [290.0, 150.0]]] }, ""),
        ("t", Shape::Arrow { tip: [405.0, 235.0], tail: [450.0, 200.0] }, "Granuloma?"),
        ("p", Shape::Probe { at: [330.0, 470.0] }, ""),
        ("w", Shape::Text { at: [60.0, 440.0] }, "Inspiration is poor"),
    ];
    for (id, shape, text) in shapes {
        draw(desk, id, 0, 0, shape, text);
    }
    desk.view.transient.tools.selected = Some(AnnotationId::new("l"));
}

/// Regions with their values, for pictures.
pub fn draw_on_ct(desk: &mut Desk) {
    let wave = |n: u32| {
        let angle = f64::from(n) / 40.0 * std::f64::consts::TAU;
        let reach = 14.0 + 3.0 * (angle * 3.0).sin();
        [112.0 + reach * angle.cos(), 95.0 + reach * angle.sin()]
    };
    let outline = Shape::Freehand { outline: (0..40).map(wave).collect() };
    draw(desk, "r", 1, 9, Shape::Rectangle { corners: [[30.5, 60.5], [52.5, 78.5]] }, "");
    draw(desk, "f", 1, 9, outline, "Left lower lobe");
    draw(desk, "e", 1, 9, Shape::Ellipse { corners: [[70.0, 62.0], [95.0, 80.0]], turned_deg: 0.0 }, "");
    draw(desk, "l", 1, 4, Shape::Length { ends: [[30.0, 40.0], [60.0, 44.0]] }, "");
    desk.view.transient.tools.selected = Some(AnnotationId::new("e"));
}
