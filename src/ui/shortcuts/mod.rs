//! Keys: what they ask for, which they are, and how they are written. Read by the dispatcher, the shortcut sheet, the
//! settings and every tooltip.
//!
//! [`table`] lists every command with the keys it has at first; [`key_map`] lays the reader's own keys over them.

pub mod chord;
pub mod key_map;
pub mod table;

use std::sync::Arc;

use egui::{Context, Event, Id, Key, KeyboardShortcut};

use crate::imaging::presets::presets;

pub use chord::chord_words;
pub use key_map::KeyMap;
pub use table::{GESTURES, SHORTCUTS};

use crate::ui::masks::keys::MaskKey;
use crate::ui::stage::Layout;
use crate::ui::tools::Tool;

/// What a key asks for, by subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyCommand {
    View(ViewKey),
    Stage(StageKey),
    Review(ReviewKey),
    Program(ProgramKey),
    Hold(HoldKey),
    Cine(CineKey),
    KeyImage(KeyImageKey),
    Capture(CaptureKey),
    Tool(ToolKey),
    Work(WorkKey),
    Mask(MaskKey),
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
    /// The VOI function between linear and sigmoid, center and width as they are.
    Sigmoid,
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

/// Panes: how many, which has the keys, what moves together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageKey {
    Layout(Layout),
    NextPane,
    PreviousPane,
    /// The active pane alone, and back.
    Maximize,
    LinkScroll,
    /// The stacks keep the distance that they have now.
    LinkAsTheyStand,
    LinkWindow,
    LinkZoom,
    ReferenceLines,
    /// Planes through the volume of the active pane's series, and back.
    Planes,
    /// Plane, MIP, MinIP, mean.
    Projection,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewKey {
    Accept,
    Reject,
    Uncertain,
    NotAssessable,
    /// All undecided ones that were on screen.
    AcceptDisplayed,
    /// Those that repeat the selected one.
    RejectDuplicates,
    Details,
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
    /// A copy that names nobody.
    Copies,
    HideIdentity,
    Shortcuts,
    Settings,
    /// The command palette.
    Commands,
    LargerText,
    SmallerText,
    UsualText,
    TestPattern,
    /// What the file on screen says of itself.
    Header,
    FocusPanels,
    Cancel,
    Quit,
}

/// From study to study: the worklist, reading and signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkKey {
    Worklist,
    NextStudy,
    /// Takes the study, or gives it back.
    Claim,
    /// Ends the reading without the AI.
    LockAndReveal,
    Sign,
    Amend,
    Differences,
}

/// Images marked to come back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyImageKey {
    Toggle,
    Next,
    Previous,
}

/// What is on screen, as a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureKey {
    SavePane,
    SaveAll,
    CopyPane,
}

/// The film in the active pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CineKey {
    Play,
    Faster,
    Slower,
    /// There and back, or round and round.
    Bounce,
}

/// Drawing on pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolKey {
    /// Takes the tool up, or lays it down.
    Choose(Tool),
    /// The selected drawing.
    Remove,
    /// All that readers drew.
    ToggleDrawings,
}

/// What holds only while the key is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldKey {
    /// Everything of the models.
    HideModel,
    Magnify,
}

/// One command, as the sheet lists it.
pub struct Shortcut {
    pub command: KeyCommand,
    /// Stable: settings files hold it.
    pub name: &'static str,
    /// The keys it has at first. Any of these; the first is the one shown in tooltips.
    pub chords: &'static [KeyboardShortcut],
    pub group: Group,
    pub words: &'static str,
    pub context: KeyContext,
}

impl Shortcut {
    const fn new(
        command: KeyCommand,
        name: &'static str,
        chords: &'static [KeyboardShortcut],
        group: Group,
        words: &'static str,
    ) -> Self {
        Self { command, name, chords, group, words, context: KeyContext::Everywhere }
    }

    /// The same, only in this context: there it goes before what the key means everywhere.
    #[must_use]
    pub const fn within(self, context: KeyContext) -> Self {
        Self { context, ..self }
    }

    pub fn of(command: KeyCommand) -> Option<&'static Self> {
        SHORTCUTS.iter().find(|shortcut| shortcut.command == command)
    }

    pub fn named(name: &str) -> Option<&'static Self> {
        SHORTCUTS.iter().find(|shortcut| shortcut.name == name)
    }
}

/// Where a key means what it means. One key may mean one thing in each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyContext {
    #[default]
    Everywhere,
    /// A measurement or an arrow is selected.
    Measurement,
    /// A mask is being corrected.
    Mask,
}

impl KeyContext {
    pub fn word(self) -> &'static str {
        match self {
            Self::Everywhere => "Everywhere",
            Self::Measurement => "A measurement is selected",
            Self::Mask => "A mask is being corrected",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Review,
    Work,
    Hold,
    Images,
    Window,
    Panes,
    Tools,
    Masks,
    Program,
}

impl Group {
    pub const ALL: [Self; 9] = [
        Self::Review,
        Self::Work,
        Self::Hold,
        Self::Images,
        Self::Window,
        Self::Panes,
        Self::Tools,
        Self::Masks,
        Self::Program,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Review => "Review",
            Self::Work => "Studies",
            Self::Hold => "While the key is held",
            Self::Images => "Images",
            Self::Window => "Window",
            Self::Panes => "Panes",
            Self::Tools => "Measurements",
            Self::Masks => "Correcting masks",
            Self::Program => "Program",
        }
    }
}

/// Lets tooltips and menus know which keys the reader uses; like the theme, once a pass.
pub fn put_on(ctx: &Context, keys: &Arc<KeyMap>) {
    ctx.data_mut(|data| data.insert_temp(key_map_id(), Arc::clone(keys)));
}

/// The keys put on last; before that those of the table.
pub fn keys_of(ctx: &Context) -> Arc<KeyMap> {
    ctx.data(|data| data.get_temp(key_map_id())).unwrap_or_default()
}

fn key_map_id() -> Id {
    Id::unique("keys of the reader")
}

/// What a command does; a preset's key says which window it is.
pub fn wording(shortcut: &Shortcut) -> String {
    let KeyCommand::View(ViewKey::Preset(digit)) = shortcut.command else { return shortcut.words.to_owned() };
    let preset = presets().iter().find(|preset| preset.key == Some(digit));
    preset.map_or_else(
        || shortcut.words.to_owned(),
        |preset| format!("{} {:.0} / {:.0}", preset.name, preset.window.width, preset.window.center),
    )
}

/// The first chord of a command in words, such as `Ctrl+Z`; empty when it has none.
pub fn chord_text(ctx: &Context, command: KeyCommand) -> String {
    let keys = keys_of(ctx);
    let first = Shortcut::of(command).and_then(|shortcut| keys.chords(shortcut).first().copied());
    first.map_or_else(String::new, |chord| chord_words(ctx, &chord))
}

/// A tooltip: what it does, and the key that does it too.
pub fn hint(ctx: &Context, words: &str, command: KeyCommand) -> String {
    let chord = chord_text(ctx, command);
    if chord.is_empty() { words.to_owned() } else { format!("{words}  ({chord})") }
}

/// Takes the keys of this pass that mean something to the screen, in the order they were pressed.
///
/// `context` goes before what keys mean everywhere. Keys that would also press a focused control (Enter, Space, Tab,
/// arrows) are left to it when `keeps_focus_keys` says that one has the focus.
pub fn take_pressed(ctx: &Context, keys: &KeyMap, context: KeyContext, keeps_focus_keys: bool) -> Vec<KeyCommand> {
    let mut commands = Vec::new();
    ctx.input_mut(|input| {
        input.events.retain(|event| {
            let Event::Key { key, pressed: true, modifiers, .. } = event else { return true };
            if keeps_focus_keys && !modifiers.any() && is_focus_key(*key) {
                return true;
            }
            let Some(command) = keys.command_of(chord::pressed(*key, *modifiers), context) else { return true };
            commands.push(command);
            false
        });
    });
    commands
}

/// Whether the key of a hold command is down.
pub fn is_held(ctx: &Context, keys: &KeyMap, command: HoldKey) -> bool {
    let Some(shortcut) = Shortcut::of(KeyCommand::Hold(command)) else { return false };
    ctx.input(|input| keys.chords(shortcut).iter().any(|chord| input.key_down(chord.logical_key)))
}

fn is_focus_key(key: Key) -> bool {
    matches!(key, Key::Enter | Key::Space | Key::Tab | Key::ArrowDown | Key::ArrowUp | Key::ArrowLeft | Key::ArrowRight)
}
