//! The command palette: everything by name.

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use overread::ui::preferences::Smoothing;
use overread::ui::view_state::WindowChoice;

use crate::ui::desk::Desk;
use crate::ui::{harness, open_look, press};

fn ask(harness: &mut Harness<'_, Desk>, typed: &str) {
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.run_steps(4);
    harness.get_by_label("Find a command").type_text(typed);
    harness.run_steps(2);
    press(harness, Key::Enter);
}

#[test]
fn a_few_letters_and_enter_do_a_command_and_the_next_time_it_comes_first() {
    let mut harness = harness(Desk::new());
    ask(&mut harness, "inv");
    assert!(open_look(harness.state()).is_inverted);
    assert!(harness.state().view.dialogs.is_empty());
    ask(&mut harness, "");
    assert!(!open_look(harness.state()).is_inverted, "recent first");
    ask(&mut harness, "no such thing");
    assert!(!harness.state().view.dialogs.is_empty(), "nothing found, nothing done");
}

#[test]
fn arrows_choose_and_escape_leaves() {
    let mut harness = harness(Desk::new());
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::P);
    harness.run_steps(4);
    harness.get_by_label("Find a command").type_text("rotate");
    harness.run_steps(2);
    press(&mut harness, Key::ArrowDown);
    press(&mut harness, Key::Enter);
    assert_eq!(open_look(harness.state()).view.quarter_turns, 3, "the second is rotate left");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.run_steps(4);
    press(&mut harness, Key::Escape);
    assert!(harness.state().view.dialogs.is_empty());
}

#[test]
fn series_windows_and_settings_are_found_too() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let mut harness = harness(desk);
    ask(&mut harness, "temporal");
    assert_eq!(open_look(harness.state()).window, WindowChoice::Preset("temporal_bone".into()));
    ask(&mut harness, "series chest pa");
    assert_eq!(open_look(harness.state()).window, WindowChoice::FromFile, "the radiograph is open");
    ask(&mut harness, "pixels as they are");
    assert_eq!(harness.state().facts.preferences.display.smoothing, Smoothing::Nearest);
    ask(&mut harness, "settings: mouse");
    harness.get_by_label("Left-handed mouse");
}
