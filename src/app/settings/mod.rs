//! Preferences. Reading never fails: a value and warnings.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ui::arrangement::Arrangement;
use crate::ui::hanging::Protocol;
use crate::ui::preferences::Preferences;

/// What a reader set once and expects to find again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Stands behind every decision.
    pub reader: String,
    /// The research-use dialog was accepted.
    pub has_accepted_research_use: bool,
    pub screen: Preferences,
    /// The reader's own hanging protocols.
    pub hangings: Vec<Protocol>,
    /// Of window, panels and overlays, as they were left.
    pub arrangement: Arrangement,
}

/// The settings, and what was wrong with the file in words for the user.
pub fn read(path: &Path) -> (Settings, Vec<String>) {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return (Settings::default(), Vec::new()),
        Err(error) => return (Settings::default(), vec![format!("The settings could not be read: {error}")]),
    };
    match serde_json::from_str::<Settings>(&text) {
        Ok(settings) => (sane(settings), Vec::new()),
        Err(error) => match serde_json::from_str::<Value>(&text) {
            Ok(parts) => {
                let warning = "Some settings are of another version; those are as they were at first.".to_owned();
                (sane(in_parts(&parts)), vec![warning])
            }
            Err(_) => (Settings::default(), vec![format!("The settings file is damaged, defaults are used: {error}")]),
        },
    }
}

/// What of the file can be understood: one word of another version costs its own part only.
fn in_parts(parts: &Value) -> Settings {
    fn part<T: DeserializeOwned + Default>(value: &Value) -> T {
        T::deserialize(value).unwrap_or_default()
    }
    let screen = &parts["screen"];
    Settings {
        reader: part(&parts["reader"]),
        has_accepted_research_use: part(&parts["has_accepted_research_use"]),
        screen: Preferences {
            keys: part(&screen["keys"]),
            display: part(&screen["display"]),
            mouse: part(&screen["mouse"]),
            analyzes_on_open: screen["analyzes_on_open"].as_bool().unwrap_or(true),
            reading: part(&screen["reading"]),
            worklist: part(&screen["worklist"]),
            device: part(&screen["device"]),
        },
        hangings: part(&parts["hangings"]),
        arrangement: part(&parts["arrangement"]),
    }
}

/// Writes beside the file, then renames: a crash leaves the old settings.
pub fn write(path: &Path, settings: &Settings) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension("json.new");
    let mut file = fs::File::create(&beside)?;
    file.write_all(serde_json::to_string_pretty(settings)?.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

fn sane(mut settings: Settings) -> Settings {
    settings.screen = settings.screen.sane();
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_a_round_trip_and_a_damaged_file_gives_defaults_with_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/settings.json");
        assert_eq!(read(&path), (Settings::default(), vec![]));
        let mut settings = Settings { reader: "Dr. Test".into(), ..Settings::default() };
        settings.screen.display.text_scale = 1.5;
        write(&path, &settings).unwrap();
        assert_eq!(read(&path), (settings, vec![]));
        let text =
            r#"{"reader":"Dr. Test","screen":{"display":{"smoothing":"of_tomorrow"},"mouse":{"is_left_handed":true}}}"#;
        fs::write(&path, text).unwrap();
        let (partly, warnings) = read(&path);
        assert_eq!((partly.reader.as_str(), partly.screen.mouse.is_left_handed), ("Dr. Test", true));
        assert_eq!((partly.screen.display, warnings.len()), (crate::ui::preferences::DisplayPreferences::default(), 1));
        fs::write(&path, "{ broken").unwrap();
        let (defaults, warnings) = read(&path);
        assert_eq!(defaults, Settings::default());
        assert_eq!(warnings.len(), 1);
    }
}
