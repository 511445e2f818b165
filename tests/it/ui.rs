//! The screen, driven as a reader drives it: by labels, keys and the pointer.

mod attributes;
mod cine;
mod course;
mod desk;
mod key_images;
mod linked;
mod masks;
mod models;
mod palette;
mod pictures;
mod planes;
mod reading;
mod scale;
mod screens;
mod settings;
mod snapshots;
mod stage;
mod study;
mod sturdy;
mod tools;
mod worklist;

use std::sync::Arc;

use egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use overread::domain::decision::{RejectReason, Verdict};
use overread::domain::overlay::{Overlay, OverlayKind, OverlayPlane};
use overread::domain::presentation::{VoiTransform, Window};
use overread::domain::uid::FindingId;
use overread::ui::action::{Action, AppAction, OpenAction, ReviewAction};
use overread::ui::theme;
use overread::ui::view_state::{MaskStyle, SeriesView, WindowChoice};

use crate::ui::desk::Desk;

fn harness(desk: Desk) -> Harness<'static, Desk> {
    let mut harness = Harness::builder()
        .with_size(vec2(1600.0, 1000.0))
        .with_context_setup(theme::install)
        .build_ui_state(|ui, desk: &mut Desk| desk.pass(ui), desk);
    harness.run_steps(4);
    harness
}

fn press(harness: &mut Harness<'_, Desk>, key: Key) {
    harness.key_press(key);
    harness.run_steps(4);
}

fn open_look(desk: &Desk) -> SeriesView {
    desk.view.look(&desk.studies[0].uid).unwrap().view()
}

fn decisions(desk: &Desk) -> Vec<&Verdict> {
    let verdict = |action| match action {
        &Action::Review(ReviewAction::Decide(ref request)) => Some(&request.verdict),
        _ => None,
    };
    desk.asked.iter().filter_map(verdict).collect()
}

#[test]
fn a_fresh_study_opens_on_its_first_flagged_finding_and_enter_accepts_it_and_goes_on() {
    let mut harness = harness(Desk::new());
    assert_eq!(harness.state().selected(), Some("nodule"));
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().verdict("nodule"), Some("Accepted"));
    assert_eq!(harness.state().selected(), Some("effusion"));
    let request = harness.state().asked.iter().find_map(|action| match action {
        Action::Review(ReviewAction::Decide(request)) => Some(request.clone()),
        _ => None,
    });
    let seen = request.unwrap().seen.unwrap();
    assert_eq!(seen.sop.as_str(), "1.2.3.1.1");
    assert!(seen.zoom > 0.5 && seen.window.is_some());
}

#[test]
fn no_single_key_accepts_a_finding_whose_image_was_never_on_screen() {
    let mut desk = Desk::new();
    // The CT's pixels are not here yet.
    desk.frames.0.retain(|key, _| key.sop.as_str().starts_with("1.2.3.1"));
    desk.select("ct-nodule");
    let mut harness = harness(desk);
    press(&mut harness, Key::Enter);
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().verdict("ct-nodule"), None);
    assert!(decisions(harness.state()).is_empty());
    harness.get_by_label_contains("Look at the finding's image");
}

#[test]
fn scrolling_away_means_that_the_next_enter_shows_the_image_before_it_accepts() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let mut harness = harness(desk);
    press(&mut harness, Key::ArrowDown);
    assert_eq!(open_look(harness.state()).stack_index, 10);
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().verdict("ct-nodule"), None);
    assert_eq!(open_look(harness.state()).stack_index, 9);
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().verdict("ct-nodule"), Some("Accepted"));
}

#[test]
fn rejecting_asks_for_reasons_by_digit_and_enter_confirms() {
    let mut harness = harness(Desk::new());
    press(&mut harness, Key::Delete);
    harness.get_by_label("Reject: Nodule or mass");
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().verdict("nodule"), None, "no reason, no rejection");
    for key in [Key::Num4, Key::Num1] {
        harness.key_press_modifiers(Modifiers::SHIFT, key);
        harness.run_steps(4);
    }
    assert_eq!(harness.state().verdict("nodule"), None, "with Shift a digit only ticks");
    press(&mut harness, Key::Enter);
    let expected = vec![RejectReason::NormalVariant, RejectReason::CompositeShadow];
    let verdict = Verdict::Rejected { reasons: expected, text: String::new() };
    assert_eq!(decisions(harness.state()), [&verdict]);
    assert!(harness.query_by_label("Reject: Nodule or mass").is_none());
}

#[test]
fn escape_leaves_the_palette_and_the_finding_as_they_were() {
    let mut harness = harness(Desk::new());
    press(&mut harness, Key::Backspace);
    harness.key_press_modifiers(Modifiers::SHIFT, Key::Num2);
    harness.run_steps(4);
    press(&mut harness, Key::Escape);
    assert!(harness.state().view.dialogs.is_empty());
    assert!(decisions(harness.state()).is_empty());
}

#[test]
fn buttons_do_what_the_keys_do_and_undo_takes_it_back() {
    let mut harness = harness(Desk::new());
    harness.get_by_label("Accept").click();
    harness.run_steps(4);
    assert_eq!(harness.state().verdict("nodule"), Some("Accepted"));
    harness.get_by_label("Undo").click();
    harness.run_steps(4);
    assert_eq!(harness.state().verdict("nodule"), None);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Y);
    harness.run_steps(4);
    assert_eq!(harness.state().verdict("nodule"), Some("Accepted"));
    harness.get_by_label("Uncertain").click();
    harness.run_steps(4);
    assert_eq!(harness.state().verdict("effusion"), Some("Uncertain"));
}

#[test]
fn typing_a_name_moves_nothing_else() {
    let mut harness = harness(Desk::new());
    let before = open_look(harness.state());
    harness.get_by_label("Comment").focus();
    harness.run_steps(2);
    harness.get_by_label("Comment").type_text("hiu 1");
    for key in [Key::H, Key::I, Key::U, Key::Num1] {
        press(&mut harness, key);
    }
    assert_eq!(open_look(harness.state()), before);
    assert!(decisions(harness.state()).is_empty());
}

#[test]
fn without_a_readers_name_nothing_is_decided_and_the_screen_says_why() {
    let mut desk = Desk::new();
    desk.facts.reader = overread::domain::uid::ReaderName::new("");
    let mut harness = harness(desk);
    press(&mut harness, Key::Enter);
    assert!(decisions(harness.state()).is_empty());
    harness.get_by_label_contains("reader's name");
}

#[test]
fn keys_change_the_view_and_the_view_survives_the_way_to_another_series_and_back() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let mut harness = harness(desk);
    for key in [Key::Num2, Key::I, Key::H, Key::R, Key::Plus, Key::Home] {
        press(&mut harness, key);
    }
    let look = open_look(harness.state());
    assert_eq!(look.window, WindowChoice::Preset("lung".into()));
    assert!(look.is_inverted && look.view.flip_h && look.view.quarter_turns == 1 && !look.is_fit);
    assert_eq!(look.stack_index, 0);
    press(&mut harness, Key::PageUp);
    assert_ne!(open_look(harness.state()), look);
    press(&mut harness, Key::PageDown);
    assert_eq!(open_look(harness.state()), look);
    press(&mut harness, Key::Space);
    assert_eq!(open_look(harness.state()), SeriesView::default());
}

#[test]
fn the_letters_at_the_edges_follow_every_flip_and_turn() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let mut harness = harness(desk);
    let sides = |harness: &Harness<'_, Desk>| {
        let node = harness.get_by_label("Viewport 1");
        node.accesskit_node().description().unwrap().split("; ").last().unwrap().to_owned()
    };
    assert_eq!(sides(&harness), "left R, right L, top A, bottom P");
    press(&mut harness, Key::H);
    assert_eq!(sides(&harness), "left L, right R, top A, bottom P");
    press(&mut harness, Key::V);
    assert_eq!(sides(&harness), "left L, right R, top P, bottom A");
    press(&mut harness, Key::R);
    assert_eq!(sides(&harness), "left A, right P, top L, bottom R");
    press(&mut harness, Key::ArrowUp);
    assert_eq!(sides(&harness), "left A, right P, top L, bottom R", "scrolling reverts nothing");
    press(&mut harness, Key::Space);
    assert_eq!(sides(&harness), "left R, right L, top A, bottom P");
}

#[test]
fn the_wheel_scrolls_by_lines_and_with_control_zooms_about_the_pointer() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let mut harness = harness(desk);
    let center = harness.get_by_label("Viewport 1").rect().center();
    let wheel = |harness: &mut Harness<'_, Desk>, lines: f32, modifiers: Modifiers| {
        harness.hover_at(center);
        harness.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Line,
            delta: vec2(0.0, lines),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Unknown,
            modifiers,
        });
        harness.run_steps(3);
        open_look(harness.state())
    };
    assert_eq!(wheel(&mut harness, -2.0, Modifiers::NONE).stack_index, 11);
    assert_eq!(wheel(&mut harness, 1.0, Modifiers::SHIFT).stack_index, 1);
    let before = open_look(harness.state());
    let after = wheel(&mut harness, 1.0, Modifiers::COMMAND | Modifiers::CTRL);
    assert_eq!(after.stack_index, 1);
    assert!(!after.is_fit && after.view.zoom > before.view.zoom);
}

#[test]
fn missing_frames_are_asked_for_once_the_shown_one_first() {
    let mut desk = Desk::new();
    desk.frames.0.clear();
    desk.select("ct-nodule");
    let harness = harness(desk);
    let wanted: Vec<_> = harness.state().wanted.iter().map(|keys| keys.first()).collect();
    // A pass of the harness lasts a quarter of a second, it makes up to twelve until the screen rests, and a request that
    // stands is repeated after one second.
    assert!(wanted.len() <= 3, "{} requests", wanted.len());
    assert_eq!(wanted[0].unwrap().sop.as_str(), "1.2.3.2.10");
}

#[test]
fn a_kept_look_comes_back_and_unknown_text_is_ignored() {
    let mut harness = harness(Desk::new());
    press(&mut harness, Key::H);
    let study = harness.state().studies[0].uid.clone();
    let kept = harness.state().view.to_json(&study).unwrap();
    let before = harness.state().view.look(&study).cloned();
    let mut view = overread::ui::view_state::ViewState::default();
    view.restore(&study, &kept);
    assert_eq!(view.look(&study), before.as_ref());
    view.restore(&study, "of another version");
    assert_eq!(view.look(&study), before.as_ref());
}

#[test]
fn overlays_have_keys_and_q_hides_only_while_it_is_held() {
    let mut harness = harness(Desk::new());
    press(&mut harness, Key::O);
    assert_eq!(harness.state().view.overlay.masks, MaskStyle::OutlineAndFill);
    press(&mut harness, Key::G);
    assert!(harness.state().view.overlay.saliency_shown);
    harness.get_by_label_contains("not where disease is");
    harness.key_down(Key::Q);
    harness.run_steps(2);
    assert!(harness.state().view.overlay.is_held_hidden);
    harness.key_up(Key::Q);
    harness.run_steps(2);
    assert!(!harness.state().view.overlay.is_held_hidden);
}

#[test]
fn tab_and_j_walk_the_findings_and_the_image_follows() {
    let mut harness = harness(Desk::new());
    let mut walked = Vec::new();
    for key in [Key::Tab, Key::J, Key::J, Key::K] {
        press(&mut harness, key);
        walked.push(harness.state().selected().unwrap().to_owned());
    }
    assert_eq!(walked, ["effusion", "ct-nodule", "heart", "ct-nodule"]);
    assert_eq!(open_look(harness.state()).stack_index, 9);
}

#[test]
fn dragging_sets_the_window_pans_and_zooms_from_where_the_drag_began() {
    let mut harness = harness(Desk::new());
    let center = harness.get_by_label("Viewport 1").rect().center();
    drag(&mut harness, egui::PointerButton::Primary, center, vec2(40.0, 30.0));
    let WindowChoice::Manual(window) = open_look(harness.state()).window else { panic!("no manual window") };
    assert!(window.width > 1.0);
    drag(&mut harness, egui::PointerButton::Middle, center, vec2(25.0, -10.0));
    let look = open_look(harness.state());
    assert_eq!(look.view.pan, [25.0, -10.0]);
    drag(&mut harness, egui::PointerButton::Secondary, center, vec2(0.0, -50.0));
    assert!(open_look(harness.state()).view.zoom > look.view.zoom);
}

#[test]
fn a_drawn_box_becomes_a_named_finding() {
    let mut harness = harness(Desk::new());
    press(&mut harness, Key::N);
    let center = harness.get_by_label("Viewport 1").rect().center();
    drag(&mut harness, egui::PointerButton::Primary, center, vec2(60.0, 40.0));
    harness.run_steps(2);
    harness.get_by_label("Finding label").type_text("Old fracture");
    harness.run_steps(2);
    harness.get_by_label("Add").click();
    harness.run_steps(2);
    let added = harness.state().asked.iter().find_map(|action| match action {
        Action::Review(ReviewAction::AddFinding(new)) => Some(new.clone()),
        _ => None,
    });
    let added = added.unwrap();
    assert_eq!(added.label, "Old fracture");
    let region = *added.place.region().unwrap();
    assert!(region.width() > 20.0 && region.height() > 15.0, "{region:?}");
}

#[test]
fn the_start_page_offers_the_ways_in_and_the_terms_come_first() {
    let mut desk = Desk::empty();
    desk.facts.has_accepted_terms = false;
    let mut harness = harness(desk);
    harness.get_by_label("I understand and accept").click();
    harness.run_steps(4);
    assert!(harness.state().asked.contains(&Action::App(AppAction::AcceptTerms)));
    harness.get_by_label("Open the demo study").click();
    harness.run_steps(2);
    assert!(harness.state().asked.contains(&Action::Open(OpenAction::Demo)));
    press(&mut harness, Key::F1);
    harness.get_by_label("Keyboard and mouse");
}

/// One decision of each kind, for pictures.
fn desk_decisions() -> Vec<(FindingId, Verdict)> {
    let reasons = vec![RejectReason::DeviceOrLine];
    let rejected = Verdict::Rejected { reasons, text: String::new() };
    let decisions = [("nodule", Verdict::Accepted), ("effusion", rejected), ("heart", Verdict::Uncertain)];
    decisions.into_iter().map(|(id, verdict)| (FindingId::new(id), verdict)).collect()
}

fn drag(harness: &mut Harness<'_, Desk>, button: egui::PointerButton, from: egui::Pos2, by: egui::Vec2) {
    let press = |pos, pressed| egui::Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE };
    harness.hover_at(from);
    harness.run_steps(1);
    harness.event(press(from, true));
    harness.run_steps(1);
    harness.hover_at(from + by * 0.5);
    harness.run_steps(1);
    harness.hover_at(from + by);
    harness.run_steps(1);
    harness.event(press(from + by, false));
    harness.run_steps(3);
}

/// The desk with a radiograph that brings two windows and an overlay of one set pixel.
fn desk_with_graphics() -> Desk {
    let mut desk = Desk::new();
    let study = Arc::make_mut(&mut desk.studies[0]);
    let series = Arc::make_mut(&mut study.series[0]);
    let instance = Arc::make_mut(&mut series.instances[0]);
    let window = |center: f64, explanation: &str| VoiTransform::Window {
        window: Window::linear(center, 1000.0),
        explanation: explanation.to_owned(),
    };
    Arc::make_mut(&mut instance.frames[0]).voi = vec![window(500.0, "NORMAL"), window(900.0, "HARDER")];
    instance.overlays = vec![Overlay {
        group: 0x6000,
        kind: OverlayKind::Graphics,
        rows: 1,
        cols: 1,
        origin: [0, 0],
        label: String::new(),
        description: String::new(),
        first_frame: 0,
        n_frames: 1,
        plane: OverlayPlane::Packed(vec![1].into()),
    }];
    desk
}

#[test]
fn the_files_graphics_go_on_and_off_by_key_and_by_button() {
    let mut harness = harness(desk_with_graphics());
    assert!(harness.state().view.overlay.graphics_shown);
    press(&mut harness, Key::F);
    assert!(!harness.state().view.overlay.graphics_shown);
    harness.get_by_label("Graphics of the file").click();
    harness.run_steps(4);
    assert!(harness.state().view.overlay.graphics_shown);
}

#[test]
fn every_window_of_the_file_can_be_chosen() {
    let mut harness = harness(desk_with_graphics());
    harness.get_by_label_contains("Window: NORMAL").click();
    harness.run_steps(4);
    harness.get_by_label_contains("HARDER").click();
    harness.run_steps(4);
    assert_eq!(open_look(harness.state()).window, WindowChoice::FromFileAt(1));
    harness.get_by_label_contains("Window: HARDER");
}
