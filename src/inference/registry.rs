//! Which models there are: those built into the program and those in folders, each with its card or what is wrong.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::domain::uid::ModelId;
use crate::inference::device::DeviceChoice;
use crate::inference::embedded;
use crate::inference::error::ModelError;
use crate::inference::model::Model;
use crate::inference::model_card::doubt::SanityReport;
use crate::inference::model_card::{MAX_CARD_BYTES, ModelCard, load_card, parse_card};
use crate::inference::weights::{MAX_WEIGHTS_BYTES, sha256_hex};

const CARD_FILE: &str = "model.toml";
/// Beside the card, written by `overread models sanity`.
pub const SANITY_FILE: &str = "sanity.toml";
/// Statistics of 4096 channels fill 64 MiB.
const MAX_DISTANCE_BYTES: u64 = 80 << 20;

/// One model as found.
#[derive(Clone, Debug)]
pub struct ModelEntry {
    /// The card's id, or the folder's name when the card cannot be read.
    pub id: ModelId,
    pub source: ModelSource,
    pub card: Result<ModelCard, ModelError>,
    /// Whether the weights are the ones the card describes.
    pub hash_ok: bool,
    /// What `overread models sanity` found, on these very weights.
    pub sanity: Option<SanityReport>,
}

/// Where a model's files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelSource {
    BuiltIn(&'static str),
    Folder(PathBuf),
}

impl ModelSource {
    /// `built in`, or the folder.
    pub fn describe(&self) -> String {
        match self {
            Self::BuiltIn(_) => "built in".to_owned(),
            Self::Folder(dir) => dir.display().to_string(),
        }
    }

    /// One file of the model, refused when it is larger than `limit`.
    pub fn read(&self, file: &str, limit: u64) -> Result<Cow<'static, [u8]>, ModelError> {
        match self {
            Self::BuiltIn(id) => embedded::file(id, file).map(Cow::Borrowed).ok_or_else(|| ModelError::Read {
                file: file.to_owned(),
                reason: "it is not built into this program".to_owned(),
            }),
            Self::Folder(dir) => read_limited(&dir.join(file), file, limit).map(Cow::Owned),
        }
    }

    pub fn read_card(&self) -> Result<ModelCard, ModelError> {
        let bytes = self.read(CARD_FILE, MAX_CARD_BYTES)?;
        let text =
            str::from_utf8(&bytes).map_err(|_| ModelError::Card { reason: "it is not UTF-8 text".to_owned() })?;
        parse_card(text)
    }
}

/// The built-in models, then those of the folders `models/<id>` under each root, by id. A folder that holds the very
/// weights that are built in is not listed twice; one that differs stands beside it.
pub fn list_models(roots: &[PathBuf]) -> Vec<ModelEntry> {
    let mut entries: Vec<ModelEntry> = embedded::ids().map(|id| entry_of(ModelSource::BuiltIn(id), id)).collect();
    let mut seen = Vec::new();
    for dir in roots.iter().flat_map(|root| model_folders(root)) {
        let canonical = dir.canonicalize().unwrap_or_else(|_| dir.clone());
        if seen.contains(&canonical) {
            continue;
        }
        seen.push(canonical);
        let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let entry = entry_of(ModelSource::Folder(dir), &name);
        if !entries.iter().any(|known| is_same_model(known, &entry)) {
            entries.push(entry);
        }
    }
    entries
}

/// `models` beside the program and in the current folder.
pub fn default_roots() -> Vec<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("models")));
    let here = std::env::current_dir().ok().map(|dir| dir.join("models"));
    let mut roots: Vec<PathBuf> = beside.into_iter().chain(here).filter(|root| root.is_dir()).collect();
    roots.dedup();
    roots
}

/// Loads a listed model onto a device: hash, tensors and sizes are checked first.
pub fn load_model(entry: &ModelEntry, device: &DeviceChoice) -> Result<Model, ModelError> {
    let card = entry.card.clone()?;
    let weights = entry.source.read(&card.weights.file, MAX_WEIGHTS_BYTES)?;
    let distance = card.distance.clone();
    let model = Model::from_parts(card, &weights, device)?;
    match distance {
        Some(spec) => model.with_distance(&entry.source.read(&spec.file, MAX_DISTANCE_BYTES)?),
        None => Ok(model),
    }
}

fn entry_of(source: ModelSource, fallback_id: &str) -> ModelEntry {
    let card = match &source {
        ModelSource::BuiltIn(_) => source.read_card(),
        ModelSource::Folder(dir) => load_card(dir),
    };
    let id = card.as_ref().map_or_else(|_| ModelId::new(fallback_id), |card| card.id.clone());
    let hash_ok = card.as_ref().is_ok_and(|card| has_described_weights(&source, card));
    let sanity = card.as_ref().ok().and_then(|card| sanity_of(&source, card));
    ModelEntry { id, source, card, hash_ok, sanity }
}

/// A report on other weights says nothing about these.
fn sanity_of(source: &ModelSource, card: &ModelCard) -> Option<SanityReport> {
    let bytes = source.read(SANITY_FILE, MAX_CARD_BYTES).ok()?;
    let report: SanityReport = toml::from_str(str::from_utf8(&bytes).ok()?).ok()?;
    (report.weights_sha256 == card.weights.sha256).then_some(report)
}

fn has_described_weights(source: &ModelSource, card: &ModelCard) -> bool {
    let weights = source.read(&card.weights.file, MAX_WEIGHTS_BYTES);
    weights.is_ok_and(|bytes| sha256_hex(&bytes) == card.weights.sha256)
}

fn is_same_model(known: &ModelEntry, found: &ModelEntry) -> bool {
    match (&known.card, &found.card) {
        (Ok(known_card), Ok(found_card)) => known.hash_ok && found.hash_ok && known_card == found_card,
        _ => false,
    }
}

/// The root's own folders that hold a card, by name; the root itself when it is a model folder.
fn model_folders(root: &Path) -> Vec<PathBuf> {
    if root.join(CARD_FILE).is_file() {
        return vec![root.to_owned()];
    }
    let Ok(children) = std::fs::read_dir(root) else { return Vec::new() };
    let mut folders: Vec<PathBuf> =
        children.flatten().map(|child| child.path()).filter(|path| path.join(CARD_FILE).is_file()).collect();
    folders.sort();
    folders
}

fn read_limited(path: &Path, name: &str, limit: u64) -> Result<Vec<u8>, ModelError> {
    let unreadable = |error: std::io::Error| ModelError::Read {
        file: name.to_owned(),
        // The kind alone: the system's own text may hold a path.
        reason: error.kind().to_string(),
    };
    let file = File::open(path).map_err(unreadable)?;
    let n_bytes = file.metadata().map_err(unreadable)?.len();
    if n_bytes > limit {
        return Err(ModelError::TooLarge { file: name.to_owned(), n_bytes, limit });
    }
    let mut bytes = Vec::new();
    // The file may grow while it is read.
    file.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}
