//! Chords: how they are pressed, printed and kept.

use egui::{Context, Key, KeyboardShortcut, Modifiers};

/// The chord that a key event is, as the table writes it.
pub fn pressed(key: Key, modifiers: Modifiers) -> KeyboardShortcut {
    // On many keyboards plus is the upper half of another key.
    let (key, has_shift) = match key {
        Key::Plus => (key, false),
        Key::Equals if modifiers.shift => (Key::Plus, false),
        _ => (key, modifiers.shift),
    };
    let mut chord = Modifiers { alt: modifiers.alt, shift: has_shift, ..Modifiers::NONE };
    if modifiers.command {
        chord = chord.plus(Modifiers::COMMAND);
    } else if modifiers.ctrl {
        chord = chord.plus(Modifiers::CTRL);
    }
    KeyboardShortcut::new(chord, key)
}

/// One chord as it is printed on the keys.
pub fn chord_words(ctx: &Context, chord: &KeyboardShortcut) -> String {
    let words = ctx.format_shortcut(chord);
    let sign = match chord.logical_key {
        Key::Plus => "+",
        Key::Minus => "−",
        Key::Equals => "=",
        Key::Comma => ",",
        Key::Period => ".",
        Key::OpenBracket => "[",
        Key::CloseBracket => "]",
        Key::PageDown => "Page down",
        Key::PageUp => "Page up",
        Key::Escape => "Esc",
        Key::Delete => "Del",
        _ => return words,
    };
    words.replace(chord.logical_key.name(), sign)
}

/// A chord as settings files hold it, such as `Ctrl+Shift+Z`. Ctrl is the command key where the platform has one.
pub fn to_text(chord: &KeyboardShortcut) -> String {
    let Modifiers { alt, ctrl, shift, command, .. } = chord.modifiers;
    let held = [(command, "Ctrl+"), (ctrl && !command, "Control+"), (alt, "Alt+"), (shift, "Shift+")];
    let held: String = held.into_iter().filter(|(is_held, _)| *is_held).map(|(_, word)| word).collect();
    format!("{held}{}", chord.logical_key.name())
}

/// `None` for what is no chord, or none that may be given to a command.
pub fn from_text(text: &str) -> Option<KeyboardShortcut> {
    let mut rest = text;
    let mut modifiers = Modifiers::NONE;
    'held: loop {
        let held = [
            ("Ctrl+", Modifiers::COMMAND),
            ("Control+", Modifiers::CTRL),
            ("Alt+", Modifiers::ALT),
            ("Shift+", Modifiers::SHIFT),
        ];
        for (word, modifier) in held {
            if let Some(after) = rest.strip_prefix(word) {
                (rest, modifiers) = (after, modifiers.plus(modifier));
                continue 'held;
            }
        }
        break;
    }
    let key = Key::from_name(rest)?;
    is_free(key).then_some(KeyboardShortcut::new(modifiers, key))
}

/// Whether a command may have this key: modifiers alone are none.
pub fn is_free(key: Key) -> bool {
    const HELD: [Key; 12] = [
        Key::ShiftLeft,
        Key::ShiftRight,
        Key::ControlLeft,
        Key::ControlRight,
        Key::AltLeft,
        Key::AltRight,
        Key::SuperLeft,
        Key::SuperRight,
        Key::CapsLock,
        Key::NumLock,
        Key::ScrollLock,
        Key::Fn,
    ];
    !HELD.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::shortcuts::SHORTCUTS;

    #[test]
    fn every_chord_of_the_table_survives_being_written() {
        for chord in SHORTCUTS.iter().flat_map(|shortcut| shortcut.chords) {
            let text = to_text(chord);
            assert_eq!(from_text(&text), Some(*chord), "{text}");
        }
        assert_eq!(from_text("Ctrl+Nonsense"), None);
        assert_eq!(from_text("ShiftLeft"), None);
        assert_eq!(from_text(""), None);
    }
}
