//! The settings: keys that are pressed, searched, swapped and reset; size and hand, at once.

use egui::{Event, Key, Modifiers, PointerButton};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use overread::ui::dialogs::Dialog;
use overread::ui::dialogs::settings::{SettingsDraft, SettingsPage};
use overread::ui::preferences::{DragAction, Smoothing};
use overread::ui::shortcuts::Shortcut;

use crate::ui::desk::Desk;
use crate::ui::{harness, open_look, press};

fn at_keys(search: &str) -> Harness<'static, Desk> {
    let mut desk = Desk::new();
    let draft = SettingsDraft { search: search.to_owned(), ..SettingsDraft::at(SettingsPage::Keys) };
    desk.view.dialogs.push(Dialog::Settings(draft));
    harness(desk)
}

fn click(harness: &mut Harness<'_, Desk>, label: &str) {
    harness.get_by_label(label).click();
    harness.run_steps(4);
}

fn keys_of(harness: &Harness<'_, Desk>, name: &str) -> Vec<Key> {
    let shortcut = Shortcut::named(name).unwrap();
    let keys = &harness.state().facts.preferences.keys;
    keys.chords(shortcut).iter().map(|chord| chord.logical_key).collect()
}

#[test]
fn a_key_is_pressed_for_a_command_and_then_does_it() {
    let mut harness = at_keys("Invert");
    click(&mut harness, "Key of Invert: I");
    harness.get_by_label_contains("Press a key for");
    press(&mut harness, Key::F9);
    assert_eq!(keys_of(&harness, "view.invert"), [Key::F9]);
    click(&mut harness, "Close");
    press(&mut harness, Key::I);
    assert!(!open_look(harness.state()).is_inverted);
    press(&mut harness, Key::F9);
    assert!(open_look(harness.state()).is_inverted);
}

#[test]
fn a_key_that_another_command_has_names_it_and_is_swapped_or_taken() {
    let mut harness = at_keys("Invert");
    click(&mut harness, "Key of Invert: I");
    press(&mut harness, Key::P);
    harness.get_by_label_contains("Hide who the patient is");
    assert_eq!(keys_of(&harness, "view.invert"), [Key::I], "nothing changes before the reader says so");
    click(&mut harness, "Swap keys");
    assert_eq!(keys_of(&harness, "view.invert"), [Key::P]);
    assert_eq!(keys_of(&harness, "program.hide_identity"), [Key::I]);
    click(&mut harness, "Add a key for Invert");
    press(&mut harness, Key::I);
    click(&mut harness, "Take the key");
    assert_eq!(keys_of(&harness, "view.invert"), [Key::P, Key::I]);
    assert!(keys_of(&harness, "program.hide_identity").is_empty());
    click(&mut harness, "Reset keys of Invert");
    assert_eq!(keys_of(&harness, "view.invert"), [Key::I]);
    click(&mut harness, "Reset all keys");
    assert!(!harness.state().facts.preferences.keys.has_own());
}

#[test]
fn escape_gives_up_the_key_before_it_closes_the_settings_and_the_clipboard_keeps_its_own() {
    let mut harness = at_keys("Invert");
    click(&mut harness, "Key of Invert: I");
    harness.event(Event::Copy);
    harness.run_steps(2);
    harness.get_by_label_contains("copies and pastes");
    press(&mut harness, Key::Escape);
    assert!(harness.query_by_label_contains("copies and pastes").is_none());
    assert_eq!(keys_of(&harness, "view.invert"), [Key::I]);
    harness.get_by_label("Search keys");
    press(&mut harness, Key::Escape);
    assert!(harness.state().view.dialogs.is_empty());
}

#[test]
fn a_key_to_hold_is_changed_like_any_other() {
    let mut harness = at_keys("Hide everything");
    click(&mut harness, "Key of Hide everything of the models: Q");
    press(&mut harness, Key::F8);
    click(&mut harness, "Close");
    harness.key_down(Key::Q);
    harness.run_steps(2);
    assert!(!harness.state().view.overlay.is_held_hidden);
    harness.key_down(Key::F8);
    harness.run_steps(2);
    assert!(harness.state().view.overlay.is_held_hidden);
}

#[test]
fn the_text_grows_at_once_by_key_and_by_button() {
    let mut harness = harness(Desk::new());
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Plus);
    harness.run_steps(4);
    assert!((harness.ctx.zoom_factor() - 1.1).abs() < 1e-6);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Comma);
    harness.run_steps(4);
    click(&mut harness, "Size of text: 150 %");
    assert!((harness.ctx.zoom_factor() - 1.5).abs() < 1e-6);
    harness.get_by_label("Close");
}

#[test]
fn choices_of_picture_and_mouse_are_told() {
    let mut harness = harness(Desk::new());
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Comma);
    harness.run_steps(4);
    click(&mut harness, "Settings page Picture");
    click(&mut harness, "Magnified pictures: Pixels as they are");
    click(&mut harness, "Settings page Mouse");
    click(&mut harness, "Down is brighter");
    click(&mut harness, "Middle button drags");
    click(&mut harness, "Scroll images");
    let preferences = &harness.state().facts.preferences;
    assert_eq!(preferences.display.smoothing, Smoothing::Nearest);
    assert!(preferences.mouse.inverts_level);
    assert_eq!(preferences.mouse.middle, DragAction::Scroll);
}

#[test]
fn a_left_handed_mouse_clicks_with_its_right_button() {
    let mut desk = Desk::new();
    desk.facts.preferences.mouse.is_left_handed = true;
    let mut harness = harness(desk);
    let at = harness.get_by_label("Accept").rect().center();
    for pressed in [true, false] {
        let button = PointerButton::Secondary;
        harness.hover_at(at);
        harness.event(Event::PointerButton { pos: at, button, pressed, modifiers: Modifiers::NONE });
        harness.run_steps(2);
    }
    assert_eq!(harness.state().verdict("nodule"), Some("Accepted"));
}
