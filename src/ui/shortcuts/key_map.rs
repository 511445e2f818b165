//! Which keys each command has: those of the table, and the reader's own over them.

use std::collections::BTreeMap;

use egui::KeyboardShortcut;
use serde::{Deserialize, Serialize};

use crate::ui::shortcuts::{KeyCommand, KeyContext, SHORTCUTS, Shortcut, chord};

/// The reader's own keys by name of command. Names of other versions are kept as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, Vec<String>>", into = "BTreeMap<String, Vec<String>>")]
pub struct KeyMap {
    own: BTreeMap<String, Vec<KeyboardShortcut>>,
}

impl KeyMap {
    /// The keys of a command, the one for tooltips first; none when the reader took them away.
    pub fn chords<'a>(&'a self, shortcut: &'a Shortcut) -> &'a [KeyboardShortcut] {
        self.own.get(shortcut.name).map_or(shortcut.chords, Vec::as_slice)
    }

    /// Whether the reader changed the keys of this command.
    pub fn is_own(&self, shortcut: &Shortcut) -> bool {
        self.own.contains_key(shortcut.name)
    }

    pub fn has_own(&self) -> bool {
        !self.own.is_empty()
    }

    /// Gives a command these keys and no others.
    pub fn set(&mut self, shortcut: &Shortcut, chords: Vec<KeyboardShortcut>) {
        if chords == shortcut.chords {
            self.own.remove(shortcut.name);
        } else {
            self.own.insert(shortcut.name.to_owned(), chords);
        }
    }

    /// Takes one key away from a command.
    pub fn take_away(&mut self, shortcut: &Shortcut, chord: KeyboardShortcut) {
        let rest = self.chords(shortcut).iter().copied().filter(|other| *other != chord).collect();
        self.set(shortcut, rest);
    }

    pub fn reset(&mut self, shortcut: &Shortcut) {
        self.own.remove(shortcut.name);
    }

    pub fn reset_all(&mut self) {
        self.own.clear();
    }

    /// What a pressed chord means in this context; what it means everywhere when it means nothing there.
    pub fn command_of(&self, pressed: KeyboardShortcut, context: KeyContext) -> Option<KeyCommand> {
        let in_context = |wanted: KeyContext| {
            let has_it = |shortcut: &&Shortcut| {
                shortcut.context == wanted && self.chords(shortcut).iter().any(|chord| is_same(chord, &pressed))
            };
            // A key the reader gave goes before one that a later version came with.
            let own = SHORTCUTS.iter().filter(|shortcut| self.is_own(shortcut)).find(has_it);
            own.or_else(|| SHORTCUTS.iter().find(has_it)).map(|shortcut| shortcut.command)
        };
        in_context(context).or_else(|| in_context(KeyContext::Everywhere))
    }

    /// Other commands that have this key in the context of `shortcut`.
    pub fn others_with(&self, chord: KeyboardShortcut, shortcut: &Shortcut) -> Vec<&'static Shortcut> {
        let is_other = |other: &&Shortcut| other.name != shortcut.name && other.context == shortcut.context;
        let has_it = |other: &&Shortcut| self.chords(other).iter().any(|theirs| is_same(theirs, &chord));
        SHORTCUTS.iter().filter(is_other).filter(has_it).collect()
    }

    /// Commands of which one hides another's key, each with the key.
    pub fn conflicts(&self) -> Vec<(&'static Shortcut, KeyboardShortcut)> {
        let all = SHORTCUTS.iter().flat_map(|shortcut| {
            let chords = self.chords(shortcut).to_vec();
            chords.into_iter().map(move |chord| (shortcut, chord))
        });
        all.filter(|(shortcut, chord)| !self.others_with(*chord, shortcut).is_empty()).collect()
    }
}

fn is_same(chord: &KeyboardShortcut, pressed: &KeyboardShortcut) -> bool {
    chord.logical_key == pressed.logical_key && pressed.modifiers.matches_exact(chord.modifiers)
}

impl From<BTreeMap<String, Vec<String>>> for KeyMap {
    fn from(kept: BTreeMap<String, Vec<String>>) -> Self {
        let read = |texts: Vec<String>| texts.iter().filter_map(|text| chord::from_text(text)).collect();
        Self { own: kept.into_iter().map(|(name, texts)| (name, read(texts))).collect() }
    }
}

impl From<KeyMap> for BTreeMap<String, Vec<String>> {
    fn from(keys: KeyMap) -> Self {
        keys.own.into_iter().map(|(name, chords)| (name, chords.iter().map(chord::to_text).collect())).collect()
    }
}

#[cfg(test)]
mod tests {
    use egui::{Key, Modifiers};

    use super::*;
    use crate::ui::shortcuts::{ProgramKey, ReviewKey, ViewKey};

    fn plain(key: Key) -> KeyboardShortcut {
        KeyboardShortcut::new(Modifiers::NONE, key)
    }

    fn means(keys: &KeyMap, key: Key, modifiers: Modifiers) -> Option<KeyCommand> {
        keys.command_of(chord::pressed(key, modifiers), KeyContext::Everywhere)
    }

    const CTRL: Modifiers = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };

    #[test]
    fn names_are_unique_and_no_chord_of_the_table_means_two_things() {
        for (index, shortcut) in SHORTCUTS.iter().enumerate() {
            let others = || SHORTCUTS.iter().skip(index + 1);
            assert!(others().all(|other| other.name != shortcut.name), "{} stands twice", shortcut.name);
            assert!(others().all(|other| other.command != shortcut.command), "{} is said twice", shortcut.name);
        }
        let conflicts: Vec<_> = KeyMap::default().conflicts().iter().map(|(shortcut, _)| shortcut.name).collect();
        assert!(conflicts.is_empty(), "{conflicts:?}");
    }

    #[test]
    fn a_key_with_a_modifier_is_not_the_key_alone() {
        let keys = KeyMap::default();
        assert_eq!(means(&keys, Key::Z, CTRL), Some(KeyCommand::Review(ReviewKey::Undo)));
        assert_ne!(means(&keys, Key::Z, Modifiers::NONE), Some(KeyCommand::Review(ReviewKey::Undo)));
        assert_eq!(means(&keys, Key::U, CTRL), None);
        let zoom = Some(KeyCommand::View(ViewKey::ZoomIn));
        assert_eq!(means(&keys, Key::Equals, Modifiers::SHIFT), zoom);
        assert_eq!(means(&keys, Key::Plus, Modifiers::SHIFT), zoom);
    }

    #[test]
    fn the_readers_own_keys_replace_those_of_the_table_and_survive_being_kept() {
        let mut keys = KeyMap::default();
        let invert = Shortcut::named("view.invert").unwrap();
        let hide = Shortcut::named("program.hide_identity").unwrap();
        keys.set(invert, vec![plain(Key::P)]);
        assert_eq!(keys.others_with(plain(Key::P), invert).iter().map(|s| s.name).collect::<Vec<_>>(), [hide.name]);
        assert_eq!(means(&keys, Key::P, Modifiers::NONE), Some(invert.command), "the reader's own goes first");
        assert_eq!(means(&keys, Key::I, Modifiers::NONE), None);
        assert_eq!(keys.conflicts().len(), 2);
        keys.take_away(hide, plain(Key::P));
        assert!(keys.conflicts().is_empty() && keys.chords(hide).is_empty());
        let kept = serde_json::to_string(&keys).unwrap();
        assert_eq!(kept, r#"{"program.hide_identity":[],"view.invert":["P"]}"#);
        assert_eq!(serde_json::from_str::<KeyMap>(&kept).unwrap(), keys);
        keys.reset(hide);
        assert_eq!(means(&keys, Key::P, Modifiers::NONE), Some(invert.command));
        keys.reset_all();
        assert_eq!(keys, KeyMap::default());
        assert_eq!(means(&keys, Key::P, Modifiers::NONE), Some(KeyCommand::Program(ProgramKey::HideIdentity)));
    }

    #[test]
    fn keys_of_another_version_are_kept_and_nonsense_is_dropped() {
        let text = r#"{"view.of_tomorrow":["F9"],"view.invert":["Ctrl+Nonsense","X"]}"#;
        let keys: KeyMap = serde_json::from_str(text).unwrap();
        assert_eq!(keys.chords(Shortcut::named("view.invert").unwrap()), [plain(Key::X)]);
        assert!(serde_json::to_string(&keys).unwrap().contains("of_tomorrow"));
    }
}
