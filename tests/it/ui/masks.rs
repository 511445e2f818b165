//! Correcting masks with the pointer and the keys, as an annotator does.

use egui::{Event, Key, Modifiers, MouseWheelUnit, PointerButton, Pos2, TouchPhase, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use overread::domain::mask_edit::{MaskEdit, MaskRevision, MaskStep};
use overread::domain::reading::{Role, SignatureMeaning};
use overread::imaging::view::ImageGrid;
use overread::review::command::{Command, ReadingCommand, SignRequest};
use overread::review::event::DecisionOrigin;
use overread::review::mask_acts::MaskReview;
use overread::segmentation::voxel_mask::VoxelMask;
use overread::ui::masks::desk::MaskDesk;
use overread::ui::masks::{Combine, MaskTool};
use overread::ui::theme;

use crate::ui::desk::Desk;
use crate::ui::{open_look, press};

fn harness(desk: Desk) -> Harness<'static, Desk> {
    let mut harness = Harness::builder()
        .with_size(vec2(1600.0, 1000.0))
        .with_step_dt(1.0 / 60.0)
        .with_context_setup(theme::install)
        .build_ui_state(|ui, desk: &mut Desk| desk.pass(ui), desk);
    harness.run_steps(4);
    harness
}

/// The heart's mask open, its three segments in the list.
fn heart() -> Harness<'static, Desk> {
    let mut desk = Desk::new();
    desk.select("heart");
    let mut harness = harness(desk);
    press(&mut harness, Key::E);
    harness
}

/// The CT open, a segment of the reader's own on its stack.
fn stack() -> Harness<'static, Desk> {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let mut harness = harness(desk);
    press(&mut harness, Key::E);
    harness.run_steps(4);
    harness
}

fn open<'a>(harness: &'a Harness<'_, Desk>) -> &'a MaskDesk {
    harness.state().view.transient.masks.open.as_ref().expect("a mask is open")
}

fn review<'a>(harness: &'a Harness<'_, Desk>) -> &'a MaskReview {
    harness.state().session.masks().first().expect("a mask was changed")
}

fn mask(harness: &Harness<'_, Desk>, segment: usize) -> VoxelMask {
    open(harness).set.layers[segment].mask.clone()
}

fn edits(harness: &Harness<'_, Desk>) -> Vec<MaskEdit> {
    let edit = |change: &MaskStep| match change {
        MaskStep::Edited(edit) => Some(edit.clone()),
        _ => None,
    };
    let masks = harness.state().session.masks().first();
    masks.map_or_else(Vec::new, |mask| mask.edits.iter().filter_map(|one| edit(&one.change.step)).collect())
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

fn button(harness: &mut Harness<'_, Desk>, pos: Pos2, pressed: bool, modifiers: Modifiers) {
    harness.event(Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers });
    harness.run_steps(1);
}

/// Press at the first point, move through the others, let go at the last.
fn drag(harness: &mut Harness<'_, Desk>, points: &[[f64; 2]], modifiers: Modifiers) {
    let at: Vec<Pos2> = points.iter().map(|point| on_screen(harness, *point)).collect();
    harness.event(Event::ModifiersChanged(modifiers));
    harness.event(Event::PointerMoved(at[0]));
    harness.run_steps(1);
    button(harness, at[0], true, modifiers);
    for point in &at[1..] {
        harness.event(Event::PointerMoved(*point));
        harness.run_steps(1);
    }
    button(harness, at[at.len() - 1], false, modifiers);
    harness.event(Event::ModifiersChanged(Modifiers::NONE));
    harness.run_steps(2);
}

fn click(harness: &mut Harness<'_, Desk>, point: [f64; 2], modifiers: Modifiers) {
    drag(harness, &[point, point], modifiers);
}

const CTRL: Modifiers = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };

#[test]
fn a_stroke_adds_what_the_brush_passes_over_and_undo_takes_exactly_that_back() {
    let mut harness = heart();
    let before = mask(&harness, 0);
    assert!(before.n_voxels() > 15_000 && open(&harness).segments.len() == 3);
    harness.state_mut().view.transient.masks.settings.radius_mm = 0.77 * 10.0;
    drag(&mut harness, &[[275.0, 430.0], [300.0, 430.0], [330.0, 440.0]], Modifiers::NONE);
    let painted = mask(&harness, 0);
    assert!(painted.contains([300, 430, 0]) && painted.contains([330, 449, 0]) && !painted.contains([330, 452, 0]));
    let edits = edits(&harness);
    assert_eq!(edits.len(), 1);
    assert_eq!(edits[0].tool, "brush");
    assert_eq!(edits[0].n_added(), painted.n_voxels() - before.n_voxels());
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(4);
    assert!(mask(&harness, 0).is_same(&before));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Y);
    harness.run_steps(4);
    assert!(mask(&harness, 0).is_same(&painted));
}

#[test]
fn what_one_segment_gains_the_others_lose_and_a_locked_one_keeps() {
    let mut harness = heart();
    let (before, lung) = (mask(&harness, 0), mask(&harness, 2));
    drag(&mut harness, &[[340.0, 250.0], [350.0, 260.0]], Modifiers::NONE);
    let gained = mask(&harness, 0).minus(&before);
    assert!(gained.contains([340, 250, 0]) && lung.contains([340, 250, 0]));
    // What the model let overlap stays so where nobody painted
    assert!(gained.intersection(&mask(&harness, 2)).is_empty());
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(4);
    assert!(mask(&harness, 2).is_same(&lung), "both segments of one stroke come back");
    harness.get_by_label("Lock Left lung").click();
    harness.run_steps(2);
    drag(&mut harness, &[[340.0, 250.0], [350.0, 260.0]], Modifiers::NONE);
    assert!(mask(&harness, 2).is_same(&lung));
    harness.get_by_label("Lock Heart").click();
    harness.run_steps(2);
    let n_edits = edits(&harness).len();
    drag(&mut harness, &[[275.0, 430.0], [300.0, 430.0]], Modifiers::NONE);
    harness.get_by_label_contains("This segment is locked");
    assert_eq!(edits(&harness).len(), n_edits);
}

#[test]
fn a_stroke_that_changes_nothing_is_no_history_and_ctrl_inverts_or_picks() {
    let mut harness = heart();
    drag(&mut harness, &[[270.0, 325.0], [280.0, 330.0]], Modifiers::NONE);
    assert!(edits(&harness).is_empty() && !harness.state().session.can_undo());
    let before = mask(&harness, 0);
    drag(&mut harness, &[[270.0, 325.0], [290.0, 330.0]], CTRL);
    assert!(!mask(&harness, 0).contains([280, 327, 0]));
    assert_eq!(edits(&harness)[0].n_removed(), before.n_voxels() - mask(&harness, 0).n_voxels());
    click(&mut harness, [150.0, 200.0], CTRL);
    assert_eq!(open(&harness).active, 1, "the right lung was picked");
    assert_eq!(edits(&harness).len(), 1, "picking changes nothing");
}

#[test]
fn brackets_and_shift_wheel_size_the_brush_and_the_picture_stays() {
    let mut harness = stack();
    let at = on_screen(&harness, [80.0, 80.0]);
    harness.event(Event::PointerMoved(at));
    harness.run_steps(1);
    let radius = |harness: &Harness<'_, Desk>| harness.state().view.transient.masks.settings.radius_mm;
    let (start, slice) = (radius(&harness), open_look(harness.state()).stack_index);
    press(&mut harness, Key::CloseBracket);
    assert!((radius(&harness) / start - 1.2).abs() < 1e-9);
    press(&mut harness, Key::OpenBracket);
    let modifiers = Modifiers::SHIFT;
    harness.event(Event::ModifiersChanged(modifiers));
    let (unit, phase) = (MouseWheelUnit::Line, TouchPhase::Move);
    harness.event(Event::MouseWheel {
        unit,
        delta: vec2(0.0, 2.0),
        phase,
        modifiers,
        source: egui::MouseWheelSource::Unknown,
    });
    harness.run_steps(1);
    harness.event(Event::ModifiersChanged(Modifiers::NONE));
    harness.run_steps(1);
    assert!((radius(&harness) / start - 1.44).abs() < 1e-6);
    assert_eq!(open_look(harness.state()).stack_index, slice);
}

#[test]
fn a_lasso_adds_subtracts_and_intersects() {
    let mut harness = heart();
    press(&mut harness, Key::L);
    let square = [[250.0, 300.0], [300.0, 300.0], [300.0, 350.0], [250.0, 350.0], [250.0, 301.0]];
    let before = mask(&harness, 0);
    harness.state_mut().view.transient.masks.settings.combine = Combine::Subtract;
    drag(&mut harness, &square, Modifiers::NONE);
    let cut = mask(&harness, 0);
    assert!(!cut.contains([275, 325, 0]) && cut.contains([310, 325, 0]));
    let n_removed = before.n_voxels() - cut.n_voxels();
    assert!((2400..2650).contains(&n_removed), "{n_removed}");
    harness.state_mut().view.transient.masks.settings.combine = Combine::Add;
    drag(&mut harness, &square, Modifiers::NONE);
    assert!(mask(&harness, 0).is_same(&before), "what the same outline took it gives back");
    harness.state_mut().view.transient.masks.settings.combine = Combine::Intersect;
    drag(&mut harness, &square, Modifiers::NONE);
    assert_eq!(mask(&harness, 0).n_voxels(), n_removed);
    assert_eq!(edits(&harness).len(), 3);
}

#[test]
fn a_polygon_closes_with_enter_and_escape_leaves_it() {
    let mut harness = heart();
    press(&mut harness, Key::P);
    let before = mask(&harness, 0);
    for corner in [[400.0, 430.0], [450.0, 430.0], [450.0, 470.0]] {
        click(&mut harness, corner, Modifiers::NONE);
    }
    press(&mut harness, Key::Escape);
    assert!(mask(&harness, 0).is_same(&before) && harness.state().view.transient.masks.is_open());
    for corner in [[400.0, 430.0], [450.0, 430.0], [450.0, 470.0]] {
        click(&mut harness, corner, Modifiers::NONE);
    }
    press(&mut harness, Key::Enter);
    let n_added = mask(&harness, 0).n_voxels() - before.n_voxels();
    assert!((900..1100).contains(&n_added), "{n_added}");
}

#[test]
fn a_corrected_mask_is_accepted_as_modified_with_its_figures_and_its_effort() {
    let mut harness = heart();
    drag(&mut harness, &[[275.0, 410.0], [300.0, 410.0]], Modifiers::NONE);
    drag(&mut harness, &[[275.0, 300.0], [300.0, 300.0]], CTRL);
    press(&mut harness, Key::Enter);
    harness.run_steps(12);
    let mask = review(&harness);
    assert_eq!(mask.revisions.len(), 1);
    let MaskStep::Revised(MaskRevision { parent, segments, effort, voxels_sha256 }) = &mask.revisions[0].change.step
    else {
        panic!("a revision");
    };
    assert_eq!((parent, effort.n_strokes, voxels_sha256.len()), (&None, 2, 64));
    let heart = segments.iter().find(|figures| figures.segment == "heart").unwrap();
    assert!(heart.n_added > 100 && heart.n_removed > 100 && effort.n_voxels_added >= heart.n_added);
    assert!(heart.dice.unwrap() > 0.9 && heart.dice.unwrap() < 1.0 && heart.surface_mm.unwrap()[0] > 0.0);
    assert_eq!(harness.state().verdict("heart"), Some("Accepted"));
    assert!(!harness.state().view.transient.masks.is_open(), "the only mask is done");
}

#[test]
fn revisions_are_stepped_through_and_none_of_them_can_be_painted() {
    let mut harness = heart();
    let ai = mask(&harness, 0);
    drag(&mut harness, &[[275.0, 410.0], [300.0, 410.0]], Modifiers::NONE);
    let first = mask(&harness, 0);
    harness.key_press_modifiers(Modifiers { shift: true, ..CTRL }, Key::Enter);
    harness.run_steps(12);
    drag(&mut harness, &[[200.0, 420.0], [220.0, 420.0]], Modifiers::NONE);
    assert_eq!((review(&harness).revisions.len(), review(&harness).n_unrevised()), (1, 1));
    let shown = |harness: &Harness<'_, Desk>| {
        harness.state().view.transient.masks.work.looked_at.as_ref().map(|(at, masks)| (*at, masks[0].clone()))
    };
    harness.get_by_label("Revision before").click();
    harness.run_steps(2);
    let (at, voxels) = shown(&harness).unwrap();
    assert!(at == 1 && voxels.is_same(&first));
    harness.get_by_label("Revision before").click();
    harness.run_steps(2);
    assert!(shown(&harness).unwrap().1.is_same(&ai));
    let n_edits = edits(&harness).len();
    drag(&mut harness, &[[200.0, 420.0], [240.0, 420.0]], Modifiers::NONE);
    harness.get_by_label_contains("An earlier revision is shown");
    assert_eq!(edits(&harness).len(), n_edits);
    harness.get_by_label("As it is").click();
    harness.run_steps(2);
    assert!(shown(&harness).is_none());
}

#[test]
fn on_a_stack_a_ball_reaches_other_slices_and_planes_show_the_same_voxels() {
    let mut harness = stack();
    assert_eq!(open(&harness).base.grid.slices, 16);
    assert_eq!(open(&harness).segments.len(), 1, "an empty mask begins with a segment");
    let slice = open_look(harness.state()).stack_index as u32;
    harness.state_mut().view.transient.masks.settings.radius_mm = 21.0;
    press(&mut harness, Key::D);
    click(&mut harness, [80.0, 80.0], Modifiers::NONE);
    let ball = mask(&harness, 0);
    let bounds = ball.bounds().unwrap();
    assert_eq!((bounds.low[2], bounds.high[2]), (slice - 2, slice + 3));
    // To the planes and back: one store, many views
    harness.state_mut().view.transient.masks.settings.tool = MaskTool::Brush;
    harness.key_press_modifiers(Modifiers::NONE, Key::Escape);
    harness.run_steps(2);
    assert!(!harness.state().view.transient.masks.is_open());
    press(&mut harness, Key::M);
    harness.run_steps(6);
    press(&mut harness, Key::E);
    harness.run_steps(4);
    assert!(mask(&harness, 0).is_same(&ball), "nothing is lost with the view");
}

#[test]
fn a_stroke_on_a_coronal_plane_paints_one_layer_of_the_stack() {
    let mut harness = stack();
    harness.state_mut().view.transient.masks.settings.radius_mm = 12.0;
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::M);
    harness.run_steps(6);
    press(&mut harness, Key::E);
    harness.run_steps(4);
    let coronal = {
        let desk = harness.state();
        let look = desk.view.look(&desk.studies[0].uid).unwrap();
        let axis = overread::ui::stage::PlaneAxis::Coronal;
        let pane = look.stage.visible().find(|pane| overread::ui::planes::axis_of_pane(look, *pane) == Some(axis));
        desk.view.transient.panes.rects[&pane.unwrap()]
    };
    // Off the crosshair, which would be dragged elsewhere
    let at = coronal.center() + vec2(-60.0, 30.0);
    harness.event(Event::PointerMoved(at));
    harness.run_steps(1);
    button(&mut harness, at, true, Modifiers::NONE);
    harness.event(Event::PointerMoved(at + vec2(10.0, 0.0)));
    harness.run_steps(1);
    button(&mut harness, at + vec2(10.0, 0.0), false, Modifiers::NONE);
    harness.run_steps(2);
    let bounds = mask(&harness, 0).bounds().expect("something was painted");
    assert_eq!(bounds.size()[1], 1, "one row of every slice: {bounds:?}");
    assert!(bounds.size()[2] >= 2 && bounds.size()[0] >= 8, "{bounds:?}");
}

#[test]
fn two_slices_are_interpolated_and_a_slice_is_copied_to_the_next() {
    let mut harness = stack();
    harness.state_mut().view.transient.masks.settings.radius_mm = 23.0;
    click(&mut harness, [60.0, 80.0], Modifiers::NONE);
    for _ in 0..4 {
        press(&mut harness, Key::ArrowDown);
    }
    click(&mut harness, [80.0, 80.0], Modifiers::NONE);
    let slice = open_look(harness.state()).stack_index as u32;
    press(&mut harness, Key::I);
    let filled = mask(&harness, 0);
    assert!((slice - 4..=slice).all(|slice| filled.plane(slice).is_some()));
    assert!(filled.contains([70, 80, slice - 2]));
    press(&mut harness, Key::C);
    assert_eq!(open_look(harness.state()).stack_index as u32, slice + 1);
    assert!(mask(&harness, 0).contains([80, 80, slice + 1]));
    let tools: Vec<String> = edits(&harness).into_iter().map(|edit| edit.tool).collect();
    assert_eq!(tools, ["brush", "brush", "interpolate_slices", "copy_to_slice"]);
}

#[test]
fn a_click_proposes_a_region_that_enter_takes() {
    let mut harness = heart();
    press(&mut harness, Key::N);
    harness.run_steps(2);
    assert_eq!(open(&harness).active, 3, "the new segment is in hand");
    press(&mut harness, Key::A);
    click(&mut harness, [160.0, 220.0], Modifiers::NONE);
    harness.run_steps(2);
    let proposed = {
        let smart = harness.state().view.transient.masks.in_hand.proposal.as_ref().expect("a proposal");
        smart.region.clone().expect("a region")
    };
    assert!(proposed.contains([160, 220, 0]) && proposed.n_voxels() > 50);
    assert!(edits(&harness).is_empty(), "nothing is in the mask yet");
    press(&mut harness, Key::Enter);
    assert_eq!(edits(&harness)[0].tool, "smart_click");
    assert!(mask(&harness, 3).contains([160, 220, 0]));
    assert!(mask(&harness, 1).intersection(&mask(&harness, 3)).is_empty());
}

#[test]
fn islands_come_apart_into_segments_that_are_made_for_them() {
    let mut harness = heart();
    press(&mut harness, Key::N);
    harness.run_steps(2);
    for spot in [[60.0, 60.0], [120.0, 60.0], [180.0, 60.0]] {
        click(&mut harness, spot, Modifiers::NONE);
    }
    let whole = mask(&harness, 3);
    harness.get_by_label("Split islands").click();
    harness.run_steps(8);
    assert_eq!(open(&harness).segments.len(), 6, "two more than the one with three islands");
    let parts: Vec<VoxelMask> = (3..6).map(|segment| mask(&harness, segment)).collect();
    assert!(parts.iter().all(|part| part.n_voxels() > 0));
    assert_eq!(parts.iter().map(VoxelMask::n_voxels).sum::<u64>(), whole.n_voxels());
    assert_eq!(open(&harness).active, 3, "what was split stays in hand");
    assert_eq!(edits(&harness).last().unwrap().tool, "split_islands");
}

#[test]
fn a_signed_mask_refuses_edits_with_a_sentence() {
    let mut harness = heart();
    drag(&mut harness, &[[275.0, 430.0], [300.0, 430.0]], Modifiers::NONE);
    let before = mask(&harness, 0);
    let request = SignRequest {
        name: "Dr. Reader".into(),
        meaning: SignatureMeaning::Review,
        role: Role::Reader,
        made: DecisionOrigin::AtScreen,
        accepts_unreviewed: true,
    };
    harness.state_mut().apply(Command::Reading(ReadingCommand::Sign(request)));
    harness.run_steps(2);
    drag(&mut harness, &[[275.0, 410.0], [300.0, 410.0]], Modifiers::NONE);
    assert!(mask(&harness, 0).is_same(&before) && edits(&harness).len() == 1);
    let hint = harness.state().view.transient.hint.clone().unwrap_or_default();
    assert!(hint.starts_with("Signed by"), "{hint}");
}

#[test]
fn the_mask_follows_the_selected_finding() {
    let mut harness = heart();
    harness.state_mut().select("ct-nodule");
    harness.run_steps(3);
    assert!(!harness.state().view.transient.masks.is_open(), "that finding has no mask");
}
