//! Window presets for CT, read from `assets/window_presets.toml`.

use std::sync::LazyLock;

use serde::Deserialize;
use thiserror::Error;

use crate::domain::instance::Instance;
use crate::domain::presentation::{ValueUnit, Window};
use crate::domain::series::Modality;

const SHIPPED: &str = include_str!("../../assets/window_presets.toml");

/// A named window in Hounsfield units.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowPreset {
    pub id: String,
    pub name: String,
    pub window: Window,
    /// The digit that selects it; `None` when it is in the menu only.
    pub key: Option<char>,
}

#[derive(Debug, Error, PartialEq)]
pub enum PresetError {
    #[error("the window presets are not readable: {0}")]
    Syntax(String),
    #[error("window preset '{id}': {problem}")]
    Preset { id: String, problem: &'static str },
}

/// The shipped presets in menu order.
pub fn presets() -> &'static [WindowPreset] {
    static PRESETS: LazyLock<Vec<WindowPreset>> = LazyLock::new(|| {
        parse(SHIPPED).unwrap_or_else(|error| {
            log::error!("{error}");
            Vec::new()
        })
    });
    &PRESETS
}

/// Whether presets mean anything for this image: CT in Hounsfield units.
///
/// A CT Image that names no Rescale Type is in HU by its IOD (PS3.3 C.8.2.1).
pub fn presets_apply(modality: &Modality, instance: &Instance) -> bool {
    /// CT, Enhanced CT and Legacy Converted Enhanced CT Image Storage.
    const CT_CLASSES: [&str; 3] =
        ["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"];
    let is_hounsfield = match &instance.value_unit {
        ValueUnit::Hounsfield => true,
        ValueUnit::Named(_) => false,
        ValueUnit::Unspecified => CT_CLASSES.contains(&instance.sop_class.as_str()),
    };
    modality.0 == "CT" && is_hounsfield
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PresetFile {
    preset: Vec<PresetRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PresetRow {
    id: String,
    name: String,
    center: f64,
    width: f64,
    key: Option<char>,
}

/// Presets from their TOML text. Refuses repeated ids and keys, and windows no LINEAR function has.
pub fn parse(text: &str) -> Result<Vec<WindowPreset>, PresetError> {
    let file: PresetFile = toml::from_str(text).map_err(|error| PresetError::Syntax(error.message().to_owned()))?;
    let mut presets: Vec<WindowPreset> = Vec::with_capacity(file.preset.len());
    for row in file.preset {
        if let Some(problem) = problem_of(&row, &presets) {
            return Err(PresetError::Preset { id: row.id, problem });
        }
        let PresetRow { id, name, center, width, key } = row;
        presets.push(WindowPreset { id, name, window: Window::linear(center, width), key });
    }
    Ok(presets)
}

fn problem_of(row: &PresetRow, before: &[WindowPreset]) -> Option<&'static str> {
    if row.id.is_empty() || row.name.is_empty() {
        Some("id and name are needed")
    } else if !row.center.is_finite() || !row.width.is_finite() || row.width < 1.0 {
        Some("center must be finite and width at least 1")
    } else if row.key.is_some_and(|key| !('1'..='8').contains(&key)) {
        Some("key must be a digit from 1 to 8")
    } else if before.iter().any(|preset| preset.id == row.id) {
        Some("the id is taken")
    } else if row.key.is_some() && before.iter().any(|preset| preset.key == row.key) {
        Some("the key is taken")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_presets_have_the_keys_and_windows_of_the_conventions() {
        let keyed: Vec<_> = presets()
            .iter()
            .filter_map(|preset| Some((preset.key?, preset.window.width, preset.window.center)))
            .collect();
        let expected = [
            ('1', 400.0, 40.0),
            ('2', 1500.0, -600.0),
            ('3', 2000.0, 400.0),
            ('4', 80.0, 40.0),
            ('5', 350.0, 50.0),
            ('6', 150.0, 30.0),
            ('7', 40.0, 40.0),
            ('8', 215.0, 75.0),
        ];
        assert_eq!(keyed, expected);
        assert_eq!(presets().len(), 14);
        assert_eq!(parse(SHIPPED).unwrap(), presets());
    }

    #[test]
    fn a_preset_that_is_no_window_or_takes_anothers_key_is_refused() {
        let check = |rows: &str, part: &str| {
            let error = parse(rows).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        check("[[preset]]\nid='a'\nname='A'\ncenter=0\nwidth=0.5", "width at least 1");
        check("[[preset]]\nid='a'\nname='A'\ncenter=nan\nwidth=5", "center must be finite");
        check("[[preset]]\nid='a'\nname='A'\ncenter=0\nwidth=5\nkey='9'", "from 1 to 8");
        let one = "[[preset]]\nid='a'\nname='A'\ncenter=0\nwidth=5\nkey='1'\n";
        check(&format!("{one}{one}"), "id is taken");
        check(&format!("{one}{}", one.replace("id='a'", "id='b'")), "key is taken");
        check("[[preset]]\nid='a'", "not readable");
    }
}
