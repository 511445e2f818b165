//! All that can be asked for by name: commands with their keys, windows, series, settings; found by a few letters.

use egui::{Context, KeyboardShortcut};

use crate::imaging::presets::{presets, presets_apply};
use crate::ui::action::{Action, AppAction};
use crate::ui::context::UiContext;
use crate::ui::dialogs::Dialog;
use crate::ui::dialogs::settings::{SettingsDraft, SettingsPage};
use crate::ui::keys;
use crate::ui::preferences::{LetterEdges, Preferences, Smoothing};
use crate::ui::shortcuts::{KeyCommand, ProgramKey, SHORTCUTS, wording};
use crate::ui::view_state::{ViewState, WindowChoice};
use crate::ui::viewport::shown::Shown;

/// Names kept of what was asked for last.
const N_RECENT: usize = 6;

/// One thing to ask for.
pub struct Entry {
    /// Stable while the program runs.
    pub name: String,
    pub words: String,
    /// What it concerns.
    pub group: &'static str,
    pub chord: Option<KeyboardShortcut>,
    deed: Deed,
}

enum Deed {
    Command(KeyCommand),
    Window(WindowChoice),
    /// Its place in the open study.
    Series(usize),
    Page(SettingsPage),
    Prefer(Box<Preferences>),
}

impl Entry {
    fn new(name: impl Into<String>, words: impl Into<String>, group: &'static str, deed: Deed) -> Self {
        Self { name: name.into(), words: words.into(), group, chord: None, deed }
    }
}

/// Everything, in the order of the sheet.
pub fn entries(context: &UiContext<'_>, view: &mut ViewState) -> Vec<Entry> {
    let mut all: Vec<Entry> = SHORTCUTS
        .iter()
        .filter(|shortcut| is_askable(shortcut.command))
        .map(|shortcut| {
            let chord = context.app.preferences.keys.chords(shortcut).first().copied();
            let entry =
                Entry::new(shortcut.name, wording(shortcut), shortcut.group.word(), Deed::Command(shortcut.command));
            Entry { chord, ..entry }
        })
        .collect();
    all.extend(windows(context, view));
    all.extend(series(context));
    all.extend(settings(context.app.preferences));
    all
}

/// A key that is held, and what closes the list, are no commands to choose from it.
fn is_askable(command: KeyCommand) -> bool {
    let is_own = matches!(command, KeyCommand::Program(ProgramKey::Commands | ProgramKey::Cancel));
    !is_own && !matches!(command, KeyCommand::Hold(_))
}

/// Presets without a key; those with one are commands.
fn windows(context: &UiContext<'_>, view: &mut ViewState) -> Vec<Entry> {
    let Some(study) = context.open_study else { return Vec::new() };
    let Some(shown) = Shown::of(context, view.looks.get(&study.uid), &mut view.transient) else { return Vec::new() };
    let full = Entry::new("window.full", "Full range", "Window", Deed::Window(WindowChoice::FullRange));
    let offered = presets().iter().filter(|preset| preset.key.is_none());
    let offered = offered.filter(|_| presets_apply(&shown.series.modality, shown.instance)).map(|preset| {
        let words = format!("{} {:.0} / {:.0}", preset.name, preset.window.width, preset.window.center);
        let deed = Deed::Window(WindowChoice::Preset(preset.id.clone()));
        Entry::new(format!("window.{}", preset.id), words, "Window", deed)
    });
    std::iter::once(full).chain(offered).collect()
}

fn series(context: &UiContext<'_>) -> Vec<Entry> {
    let Some(study) = context.open_study else { return Vec::new() };
    let entry = |(index, series): (usize, &std::sync::Arc<crate::domain::series::Series>)| {
        let number = series.number.map_or_else(String::new, |number| number.to_string());
        let modality = series.modality.to_string();
        let parts = [number.as_str(), &modality, &series.description, &series.part];
        let words = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        let deed = Deed::Series(index);
        Entry::new(format!("series.{index}"), format!("Open series {words}"), "Series", deed)
    };
    study.series.iter().enumerate().map(entry).collect()
}

fn settings(preferences: &Preferences) -> Vec<Entry> {
    let pages = SettingsPage::ALL.map(|page| {
        let words = format!("Settings: {}…", page.word());
        Entry::new(format!("settings.{}", page.word()), words, "Settings", Deed::Page(page))
    });
    let toggle = |name: &str, words: &str, change: fn(&mut Preferences)| {
        let mut wanted = preferences.clone();
        change(&mut wanted);
        Entry::new(name, words, "Settings", Deed::Prefer(Box::new(wanted)))
    };
    let hand = if preferences.mouse.is_left_handed { "Right-handed mouse" } else { "Left-handed mouse" };
    let level =
        if preferences.mouse.inverts_level { "Window drag: down is darker" } else { "Window drag: down is brighter" };
    let tool = if preferences.mouse.keeps_tool {
        "Lay a tool down after it has drawn"
    } else {
        "Keep a tool after it has drawn"
    };
    let letters = match preferences.display.letters {
        LetterEdges::All => "Orientation letters at the left and the top",
        LetterEdges::Two => "Orientation letters at all edges",
    };
    let opening =
        if preferences.analyzes_on_open { "Do not run models on opening" } else { "Run models when a study opens" };
    let toggles = [
        toggle("settings.hand", hand, |wanted| wanted.mouse.is_left_handed ^= true),
        toggle("settings.level", level, |wanted| wanted.mouse.inverts_level ^= true),
        toggle("settings.keeps_tool", tool, |wanted| wanted.mouse.keeps_tool ^= true),
        toggle("settings.opening", opening, |wanted| wanted.analyzes_on_open ^= true),
        toggle("settings.letters", letters, |wanted| {
            wanted.display.letters = match wanted.display.letters {
                LetterEdges::All => LetterEdges::Two,
                LetterEdges::Two => LetterEdges::All,
            };
        }),
    ];
    let smoothings = Smoothing::ALL.into_iter().filter(|one| *one != preferences.display.smoothing).map(|one| {
        let mut wanted = preferences.clone();
        wanted.display.smoothing = one;
        let words = format!("Magnified pictures: {}", one.word());
        Entry::new(format!("settings.smoothing.{}", one.word()), words, "Settings", Deed::Prefer(Box::new(wanted)))
    });
    pages.into_iter().chain(toggles).chain(smoothings).collect()
}

/// Those that answer to `query`, the best first; among equals what was asked for lately, then the order of the sheet.
pub fn found(entries: Vec<Entry>, query: &str, recent: &[String]) -> Vec<Entry> {
    let mut scored: Vec<(u32, usize, Entry)> = entries
        .into_iter()
        .filter_map(|entry| {
            let score = score(query, &entry.words).max(score(query, entry.group).map(|score| score / 4))?;
            let age = recent.iter().position(|name| *name == entry.name).unwrap_or(usize::MAX);
            Some((score, age, entry))
        })
        .collect();
    scored.sort_by(|(score, age, _), (other, other_age, _)| other.cmp(score).then(age.cmp(other_age)));
    scored.into_iter().map(|(_, _, entry)| entry).collect()
}

/// How well a text answers to what was typed; `None` when a word of it is not in the text, whole or letter by letter.
fn score(query: &str, text: &str) -> Option<u32> {
    let text = text.to_lowercase();
    query.to_lowercase().split_whitespace().map(|word| word_score(word, &text)).sum()
}

fn word_score(word: &str, text: &str) -> Option<u32> {
    let at_start =
        |(at, _): (usize, &str)| text.get(..at).is_none_or(|before| !before.ends_with(char::is_alphanumeric));
    if text.match_indices(word).any(at_start) {
        return Some(if text.starts_with(word) { 120 } else { 100 });
    }
    if text.contains(word) {
        return Some(60);
    }
    // Letter by letter, such as `rtr` for “rotate right”: the better the more of them begin words.
    let mut letters = word.chars().peekable();
    let mut n_begin = 0;
    let mut before = ' ';
    for letter in text.chars() {
        if letters.next_if_eq(&letter).is_some() && !before.is_alphanumeric() {
            n_begin += 1;
        }
        before = letter;
    }
    (letters.peek().is_none() && n_begin > 0).then_some(10 + n_begin)
}

/// Does it, and remembers that it was asked for.
pub fn run(ctx: &Context, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>, entry: Entry) {
    view.recent_commands.retain(|name| *name != entry.name);
    view.recent_commands.insert(0, entry.name);
    view.recent_commands.truncate(N_RECENT);
    match entry.deed {
        Deed::Command(command) => keys::run(ctx, context, view, actions, command),
        Deed::Page(page) => view.dialogs.push(Dialog::Settings(SettingsDraft::at(page))),
        Deed::Prefer(preferences) => actions.push(AppAction::Prefer(preferences).into()),
        Deed::Series(index) => {
            if let Some(study) = context.open_study {
                view.look_mut(&study.uid).open(study, index);
            }
        }
        Deed::Window(choice) => {
            let Some(study) = context.open_study else { return };
            view.look_mut(&study.uid).view_mut().window = choice;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_letters_find_what_is_meant() {
        assert!(score("rot", "Rotate right") > score("rot", "Carotid window"));
        assert!(score("rr", "Rotate right").is_some());
        assert!(score("rotate left", "Rotate right").is_none());
        assert!(score("right rot", "Rotate right").is_some());
        assert!(score("", "Anything").is_some());
        assert_eq!(score("xyz", "Rotate right"), None);
    }

    #[test]
    fn what_was_asked_for_lately_comes_first_among_equals() {
        let entry = |name: &str, words: &str| Entry::new(name, words, "Images", Deed::Page(SettingsPage::Keys));
        let all = || vec![entry("a", "Rotate right"), entry("b", "Rotate left"), entry("c", "Fit")];
        let names = |query: &str| {
            let found = found(all(), query, &["b".to_owned()]);
            found.into_iter().map(|entry| entry.name).collect::<Vec<_>>()
        };
        assert_eq!(names(""), ["b", "a", "c"]);
        assert_eq!(names("rotate"), ["b", "a"]);
        assert_eq!(names("right"), ["a"]);
    }
}
