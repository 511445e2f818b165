//! Where the program keeps its own things, and nothing else.

use std::path::{Path, PathBuf};

use directories::ProjectDirs;

/// The store's default file, created on first use.
pub fn default_store() -> PathBuf {
    in_data_dir("review.sqlite")
}

/// Where distances of images from models' training images are remembered: beside the store.
pub fn history_beside(store: &Path) -> PathBuf {
    store.with_file_name("scanner-history.jsonl")
}

/// The settings file.
pub fn settings_file() -> PathBuf {
    project().map_or_else(|| PathBuf::from("overread-settings.json"), |dirs| dirs.config_dir().join("settings.json"))
}

/// Where `overread demo` writes its phantom: recomputable, so the cache.
pub fn demo_dir() -> PathBuf {
    project().map_or_else(|| std::env::temp_dir().join("overread-demo"), |dirs| dirs.cache_dir().join("demo"))
}

/// What a picture of the screen is called when its place is to be typed.
pub fn picture_file() -> PathBuf {
    let dirs = directories::UserDirs::new();
    let folder = dirs.map(|dirs| dirs.picture_dir().unwrap_or_else(|| dirs.home_dir()).to_owned());
    folder.unwrap_or_default().join("overread-picture.png")
}

/// Folders searched for models a user brings, in order; the shipped ones are inside the program.
pub fn model_roots(extra: Option<&PathBuf>) -> Vec<PathBuf> {
    let mut roots: Vec<PathBuf> = extra.cloned().into_iter().collect();
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("models")));
    roots.extend(beside);
    roots.push(in_data_dir("models"));
    roots.retain(|root| root.is_dir());
    roots
}

/// Where models go that a user brings in.
pub fn own_models() -> PathBuf {
    in_data_dir("models")
}

fn in_data_dir(name: &str) -> PathBuf {
    project().map_or_else(|| PathBuf::from(format!("overread-{name}")), |dirs| dirs.data_dir().join(name))
}

fn project() -> Option<ProjectDirs> {
    ProjectDirs::from("org", "Overread", "overread")
}
