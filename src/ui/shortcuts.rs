//! The one table of keys: read by the dispatcher, the shortcut sheet and every tooltip.

use egui::{Context, Event, Key, KeyboardShortcut, Modifiers};

/// What a key asks for, by subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyCommand {
    View(ViewKey),
    Review(ReviewKey),
    Program(ProgramKey),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewKey {
    /// The window preset with this digit.
    Preset(char),
    WindowFromFile,
    WindowAuto,
    /// Alt and arrows: width, then level, in steps.
    WindowStep {
        width: i8,
        level: i8,
    },
    Invert,
    FlipHorizontal,
    FlipVertical,
    /// What the file itself lays over its picture.
    ToggleGraphics,
    RotateRight,
    RotateLeft,
    Fit,
    ZoomIn,
    ZoomOut,
    /// Images forward, negative back.
    Scroll(i16),
    FirstImage,
    LastImage,
    NextSeries,
    PreviousSeries,
    Reset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewKey {
    Accept,
    Reject,
    Uncertain,
    New,
    Next,
    Previous,
    CycleOverlay,
    ToggleSaliency,
    Undo,
    Redo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramKey {
    OpenFolder,
    OpenFiles,
    Export,
    HideIdentity,
    Shortcuts,
    FocusPanels,
    Cancel,
    Quit,
}

/// One line of the sheet.
pub struct Shortcut {
    pub command: KeyCommand,
    /// Any of these; the first is the one shown in tooltips.
    pub chords: &'static [KeyboardShortcut],
    pub group: Group,
    pub words: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Review,
    Images,
    Window,
    Program,
}

impl Group {
    pub const ALL: [Self; 4] = [Self::Review, Self::Images, Self::Window, Self::Program];

    pub fn word(self) -> &'static str {
        match self {
            Self::Review => "Review",
            Self::Images => "Images",
            Self::Window => "Window",
            Self::Program => "Program",
        }
    }
}

/// Hides everything of the model while it is held.
pub const HOLD_TO_HIDE: Key = Key::Q;

/// Gestures of the mouse, for the sheet.
pub const GESTURES: [(&str, &str); 9] = [
    ("Left drag", "Window width and level"),
    ("Middle drag", "Pan"),
    ("Right drag", "Zoom"),
    ("Right click", "Menu"),
    ("Wheel", "Scroll images"),
    ("Shift + wheel", "Scroll ten images"),
    ("Ctrl + wheel", "Zoom at the pointer"),
    ("Double click", "Maximize, restore"),
    ("Pinch", "Zoom"),
];

const fn plain(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

const fn shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}

const fn alt(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT, key)
}

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn ctrl_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
}

const fn review(command: ReviewKey, chords: &'static [KeyboardShortcut], words: &'static str) -> Shortcut {
    Shortcut { command: KeyCommand::Review(command), chords, group: Group::Review, words }
}

const fn image(command: ViewKey, chords: &'static [KeyboardShortcut], words: &'static str) -> Shortcut {
    Shortcut { command: KeyCommand::View(command), chords, group: Group::Images, words }
}

const fn window(command: ViewKey, chords: &'static [KeyboardShortcut], words: &'static str) -> Shortcut {
    Shortcut { command: KeyCommand::View(command), chords, group: Group::Window, words }
}

const fn program(command: ProgramKey, chords: &'static [KeyboardShortcut], words: &'static str) -> Shortcut {
    Shortcut { command: KeyCommand::Program(command), chords, group: Group::Program, words }
}

pub static SHORTCUTS: &[Shortcut] = &[
    review(ReviewKey::Accept, &[plain(Key::Enter)], "Accept the finding, go to the next unreviewed"),
    review(ReviewKey::Reject, &[plain(Key::Delete), plain(Key::Backspace)], "Reject, then choose reasons with 1 to 9"),
    review(ReviewKey::Uncertain, &[plain(Key::U)], "Uncertain: needs a second read"),
    review(ReviewKey::New, &[plain(Key::N)], "Add a finding the model missed"),
    review(ReviewKey::Next, &[plain(Key::J), plain(Key::Tab)], "Next finding"),
    review(ReviewKey::Previous, &[plain(Key::K), shift(Key::Tab)], "Previous finding"),
    review(ReviewKey::CycleOverlay, &[plain(Key::O)], "Cycle the masks: off, outline, outline and fill"),
    review(ReviewKey::ToggleSaliency, &[plain(Key::G)], "Where the network looked (Grad-CAM) on and off"),
    review(ReviewKey::Undo, &[ctrl(Key::Z)], "Undo"),
    review(ReviewKey::Redo, &[ctrl(Key::Y), ctrl_shift(Key::Z)], "Redo"),
    image(ViewKey::Scroll(1), &[plain(Key::ArrowDown), plain(Key::ArrowRight)], "Next image"),
    image(ViewKey::Scroll(-1), &[plain(Key::ArrowUp), plain(Key::ArrowLeft)], "Previous image"),
    image(ViewKey::Scroll(10), &[shift(Key::ArrowDown)], "Ten images forward"),
    image(ViewKey::Scroll(-10), &[shift(Key::ArrowUp)], "Ten images back"),
    image(ViewKey::FirstImage, &[plain(Key::Home)], "First image"),
    image(ViewKey::LastImage, &[plain(Key::End)], "Last image"),
    image(ViewKey::NextSeries, &[plain(Key::PageDown)], "Next series"),
    image(ViewKey::PreviousSeries, &[plain(Key::PageUp)], "Previous series"),
    image(ViewKey::Fit, &[plain(Key::Equals)], "Fit to the window"),
    image(ViewKey::ZoomIn, &[plain(Key::Plus)], "Zoom in"),
    image(ViewKey::ZoomOut, &[plain(Key::Minus)], "Zoom out"),
    image(ViewKey::RotateRight, &[plain(Key::R)], "Rotate right"),
    image(ViewKey::RotateLeft, &[plain(Key::L)], "Rotate left"),
    image(ViewKey::FlipHorizontal, &[plain(Key::H)], "Flip left to right"),
    image(ViewKey::FlipVertical, &[plain(Key::V)], "Flip top to bottom"),
    image(ViewKey::ToggleGraphics, &[plain(Key::F)], "Graphics of the file on and off"),
    image(ViewKey::Reset, &[plain(Key::Space)], "Reset the view"),
    window(ViewKey::Preset('1'), &[plain(Key::Num1)], "Preset 1"),
    window(ViewKey::Preset('2'), &[plain(Key::Num2)], "Preset 2"),
    window(ViewKey::Preset('3'), &[plain(Key::Num3)], "Preset 3"),
    window(ViewKey::Preset('4'), &[plain(Key::Num4)], "Preset 4"),
    window(ViewKey::Preset('5'), &[plain(Key::Num5)], "Preset 5"),
    window(ViewKey::Preset('6'), &[plain(Key::Num6)], "Preset 6"),
    window(ViewKey::Preset('7'), &[plain(Key::Num7)], "Preset 7"),
    window(ViewKey::Preset('8'), &[plain(Key::Num8)], "Preset 8"),
    window(ViewKey::WindowAuto, &[plain(Key::Num9)], "Automatic, percentiles 0.5 to 99.5"),
    window(ViewKey::WindowFromFile, &[plain(Key::Num0)], "As the file says"),
    window(ViewKey::Invert, &[plain(Key::I)], "Invert"),
    window(ViewKey::WindowStep { width: 1, level: 0 }, &[alt(Key::ArrowRight)], "Wider"),
    window(ViewKey::WindowStep { width: -1, level: 0 }, &[alt(Key::ArrowLeft)], "Narrower"),
    window(ViewKey::WindowStep { width: 0, level: 1 }, &[alt(Key::ArrowDown)], "Raise the level, darker"),
    window(ViewKey::WindowStep { width: 0, level: -1 }, &[alt(Key::ArrowUp)], "Lower the level, brighter"),
    program(ProgramKey::OpenFolder, &[ctrl(Key::O)], "Open folder…"),
    program(ProgramKey::OpenFiles, &[ctrl_shift(Key::O)], "Open files…"),
    program(ProgramKey::Export, &[ctrl(Key::E)], "Export…"),
    program(ProgramKey::HideIdentity, &[plain(Key::P)], "Hide who the patient is"),
    program(ProgramKey::Shortcuts, &[plain(Key::F1)], "This sheet"),
    program(ProgramKey::FocusPanels, &[plain(Key::F6)], "Move the keyboard between picture and panels"),
    program(ProgramKey::Cancel, &[plain(Key::Escape)], "Cancel, close"),
    program(ProgramKey::Quit, &[ctrl(Key::Q)], "Quit; every decision is kept first"),
];

/// The first chord of a command in words, such as `Ctrl+Z`; empty when it has none.
pub fn chord_text(ctx: &Context, command: KeyCommand) -> String {
    let shortcut = SHORTCUTS.iter().find(|shortcut| shortcut.command == command);
    shortcut.and_then(|shortcut| shortcut.chords.first()).map_or_else(String::new, |chord| chord_words(ctx, chord))
}

/// One chord as it is printed on the keys.
pub fn chord_words(ctx: &Context, chord: &KeyboardShortcut) -> String {
    let words = ctx.format_shortcut(chord);
    let sign = match chord.logical_key {
        Key::Plus => "+",
        Key::Minus => "−",
        Key::Equals => "=",
        Key::PageDown => "Page down",
        Key::PageUp => "Page up",
        Key::Escape => "Esc",
        Key::Delete => "Del",
        _ => return words,
    };
    words.replace(chord.logical_key.name(), sign)
}

/// A tooltip: what it does, and the key that does it too.
pub fn hint(ctx: &Context, words: &str, command: KeyCommand) -> String {
    let chord = chord_text(ctx, command);
    if chord.is_empty() { words.to_owned() } else { format!("{words}  ({chord})") }
}

/// Takes the keys of this pass that mean something to the screen, in the order they were pressed.
///
/// Keys that would also press a focused control (Enter, Space, Tab, arrows) are left to it when
/// `keeps_focus_keys` says that one has the focus.
pub fn take_pressed(ctx: &Context, keeps_focus_keys: bool) -> Vec<KeyCommand> {
    let mut commands = Vec::new();
    ctx.input_mut(|input| {
        input.events.retain(|event| {
            let Event::Key { key, pressed: true, modifiers, .. } = event else { return true };
            if keeps_focus_keys && is_focus_key(*key) {
                return true;
            }
            let Some(command) = command_of(*key, *modifiers) else { return true };
            commands.push(command);
            false
        });
    });
    commands
}

fn is_focus_key(key: Key) -> bool {
    matches!(key, Key::Enter | Key::Space | Key::Tab | Key::ArrowDown | Key::ArrowUp | Key::ArrowLeft | Key::ArrowRight)
}

fn command_of(key: Key, modifiers: Modifiers) -> Option<KeyCommand> {
    // On many keyboards plus is the upper half of another key.
    let (key, modifiers) = match key {
        Key::Plus => (key, Modifiers { shift: false, ..modifiers }),
        Key::Equals if modifiers.shift => (Key::Plus, Modifiers { shift: false, ..modifiers }),
        _ => (key, modifiers),
    };
    let is_pressed = |chord: &KeyboardShortcut| chord.logical_key == key && modifiers.matches_exact(chord.modifiers);
    SHORTCUTS.iter().find(|shortcut| shortcut.chords.iter().any(is_pressed)).map(|shortcut| shortcut.command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_chord_means_two_things() {
        let chords: Vec<_> = SHORTCUTS.iter().flat_map(|shortcut| shortcut.chords).collect();
        for (index, chord) in chords.iter().enumerate() {
            assert!(!chords.iter().skip(index + 1).any(|other| other == chord), "{chord:?} stands twice");
            assert_ne!(**chord, plain(HOLD_TO_HIDE));
        }
    }

    #[test]
    fn a_key_with_a_modifier_is_not_the_key_alone() {
        let undo = command_of(Key::Z, Modifiers { ctrl: true, command: true, ..Modifiers::NONE });
        assert_eq!(undo, Some(KeyCommand::Review(ReviewKey::Undo)));
        assert_eq!(command_of(Key::Z, Modifiers::NONE), None);
        assert_eq!(command_of(Key::U, Modifiers { ctrl: true, command: true, ..Modifiers::NONE }), None);
    }
}
