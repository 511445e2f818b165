//! Press-a-key: the next chord becomes a command's, and what other commands say to that.

use std::sync::Arc;

use egui::{Context, Event, Key, KeyboardShortcut, Modifiers};

use crate::ui::dialogs::settings::SettingsDraft;
use crate::ui::preferences::Preferences;
use crate::ui::shortcuts::{KeyCommand, KeyMap, Shortcut, chord};

/// A command that waits for a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Capture {
    /// Name of the command.
    pub command: &'static str,
    /// The key that the new one replaces; `None` when it is one more.
    pub replaces: Option<KeyboardShortcut>,
    pub step: Step,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Waiting,
    /// This key cannot be had: why.
    Refused(&'static str),
    /// Other commands have this key already.
    Taken(KeyboardShortcut),
}

impl Capture {
    pub fn new(shortcut: &Shortcut, replaces: Option<KeyboardShortcut>) -> Self {
        Self { command: shortcut.name, replaces, step: Step::Waiting }
    }
}

/// Hears the next key while a command waits for one. Escape gives up.
pub fn take_key(ctx: &Context, wanted: &mut Preferences, draft: &mut SettingsDraft) {
    let Some(capture) = &mut draft.capture else { return };
    let Some(shortcut) = Shortcut::named(capture.command) else { return };
    let Some((key, modifiers)) = pressed(ctx) else { return };
    if key == Key::Escape && !modifiers.any() {
        draft.capture = None;
        return;
    }
    if matches!(capture.step, Step::Taken(_)) {
        return;
    }
    let pressed = chord::pressed(key, modifiers);
    if let Some(refusal) = refusal(shortcut, pressed) {
        capture.step = Step::Refused(refusal);
        return;
    }
    if !wanted.keys.others_with(pressed, shortcut).is_empty() {
        capture.step = Step::Taken(pressed);
        return;
    }
    give(Arc::make_mut(&mut wanted.keys), shortcut, capture.replaces, pressed);
    draft.capture = None;
}

/// The other commands lose the key.
pub fn take_over(wanted: &mut Preferences, capture: &Capture, pressed: KeyboardShortcut) {
    let Some(shortcut) = Shortcut::named(capture.command) else { return };
    let keys = Arc::make_mut(&mut wanted.keys);
    for other in keys.others_with(pressed, shortcut) {
        keys.take_away(other, pressed);
    }
    give(keys, shortcut, capture.replaces, pressed);
}

/// The other command gets the key that this one gives up.
pub fn swap(wanted: &mut Preferences, capture: &Capture, pressed: KeyboardShortcut) {
    let Some(shortcut) = Shortcut::named(capture.command) else { return };
    let others = wanted.keys.others_with(pressed, shortcut);
    take_over(wanted, capture, pressed);
    let (Some(given_up), Some(other)) = (capture.replaces, others.first()) else { return };
    let keys = Arc::make_mut(&mut wanted.keys);
    let chords = std::iter::once(given_up).chain(keys.chords(other).iter().copied()).collect();
    keys.set(other, chords);
}

fn give(keys: &mut KeyMap, shortcut: &Shortcut, replaces: Option<KeyboardShortcut>, pressed: KeyboardShortcut) {
    let mut chords = keys.chords(shortcut).to_vec();
    chords.retain(|chord| *chord != pressed);
    match chords.iter_mut().find(|chord| Some(**chord) == replaces) {
        Some(chord) => *chord = pressed,
        None => chords.push(pressed),
    }
    keys.set(shortcut, chords);
}

/// Why a command cannot have this key.
fn refusal(shortcut: &Shortcut, pressed: KeyboardShortcut) -> Option<&'static str> {
    let is_hold = matches!(shortcut.command, KeyCommand::Hold(_));
    if is_hold && pressed.modifiers.any() {
        return Some("A key to hold stands alone, without Ctrl, Alt or Shift");
    }
    let is_clipboard = matches!(pressed.logical_key, Key::C | Key::X | Key::V);
    (is_clipboard && pressed.modifiers.matches_exact(Modifiers::COMMAND)).then_some("This key copies and pastes text")
}

/// The key of this pass, taken from everything else; releases stay, so that no key seems to be held.
fn pressed(ctx: &Context) -> Option<(Key, Modifiers)> {
    let mut found = None;
    ctx.input_mut(|input| {
        input.events.retain(|event| match event {
            Event::Key { key, pressed: true, modifiers, .. } => {
                if found.is_none() && chord::is_free(*key) {
                    found = Some((*key, *modifiers));
                }
                false
            }
            // What the clipboard's own keys become.
            Event::Copy | Event::Cut | Event::Paste(_) => {
                found.get_or_insert((Key::C, Modifiers::COMMAND));
                false
            }
            Event::Text(_) => false,
            _ => true,
        });
    });
    found
}
