//! From what a person has (a folder with a card, weights and a card, a checkpoint) to the files of a model package.
//!
//! Reads what nobody has checked yet: run it in a process of its own.

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::inference::checkpoint::{self, CheckpointError, FoundTensor};
use crate::inference::conversion::{convert, safetensors_bytes, unpacked};
use crate::inference::device::DeviceChoice;
use crate::inference::error::ModelError;
use crate::inference::model::Model;
use crate::inference::model_card::{ModelCard, parse_card};
use crate::inference::network::{Engine, Output};
use crate::inference::weights::sha256_hex;
use crate::inference::{golden, templates};

const CARD: &str = "model.toml";
const WEIGHTS: &str = "model.safetensors";
const GOLDEN: &str = "golden.safetensors";

/// A package's files, ready to be written into a folder named by `id`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Package {
    pub id: String,
    /// Plain file names.
    pub files: Vec<(String, Vec<u8>)>,
    /// What a person should know, in sentences.
    pub remarks: Vec<String>,
}

/// What came in; every file's bytes are in memory already.
pub struct Brought {
    /// `None`: a card that fits the tensors is looked for.
    pub card: Option<String>,
    /// The checkpoint, or the safetensors file.
    pub weights: Vec<u8>,
    /// Further files that the card names, by name.
    pub beside: HashMap<String, Vec<u8>>,
}

/// Reads, converts, builds the network, runs it, and gives the package.
pub fn pack(brought: Brought) -> Result<Package, ModelError> {
    let is_safetensors = is_safetensors(&brought.weights);
    let found = if is_safetensors { unpacked(&brought.weights)? } else { read_checkpoint(&brought.weights)? };
    if found.is_empty() {
        return Err(ModelError::WeightsFormat { reason: CheckpointError::Empty.to_string() });
    }
    let mut remarks = Vec::new();
    let text = match &brought.card {
        Some(text) => text.clone(),
        None => {
            let card = templates::card_for(&found).ok_or_else(no_card)?;
            remarks.push("The card was written by this program from the shape of the network: read it".to_owned());
            card.to_owned()
        }
    };
    let mut table: toml::Table =
        toml::from_str(&text).map_err(|error| ModelError::Card { reason: error.message().to_owned() })?;
    // A package that is whole already stays as it is, byte for byte.
    if is_safetensors && let Ok(card) = parse_card(&text) {
        return pack_whole(card, text, brought, remarks);
    }
    let placeholder = "0".repeat(64);
    set_file(&mut table, "weights", WEIGHTS, &placeholder);
    set_file(&mut table, "golden", GOLDEN, &placeholder);
    set_tolerance(&mut table);
    let card = parse_card(&to_text(&table)?)?;
    let weights = convert(found, &card.architecture)?;
    set_file(&mut table, "weights", WEIGHTS, &sha256_hex(&weights));
    let card = parse_card(&to_text(&table)?)?;
    let golden = made_golden(card, &weights)?;
    set_file(&mut table, "golden", GOLDEN, &sha256_hex(&golden));
    if let Some(toml::Value::Table(about)) = table.get_mut("golden") {
        let by = concat!("overread ", env!("CARGO_PKG_VERSION"), " on plain operators");
        about.insert("made_by".to_owned(), toml::Value::String(by.to_owned()));
    }
    remarks.push(
        "Its golden output is what this program's plain operators give; compare it with the original framework yourself"
            .to_owned(),
    );
    let card = parse_card(&to_text(&table)?)?;
    prove(&card, &weights, &golden)?;
    let mut files = vec![
        (CARD.to_owned(), to_text(&table)?.into_bytes()),
        (WEIGHTS.to_owned(), weights),
        (GOLDEN.to_owned(), golden),
    ];
    files.extend(further(&card, &brought.beside)?);
    Ok(Package { id: card.id.to_string(), files, remarks })
}

/// A folder with card, weights and golden file: everything must be as the card says.
fn pack_whole(card: ModelCard, text: String, brought: Brought, remarks: Vec<String>) -> Result<Package, ModelError> {
    let missing = |file: &str| ModelError::Read { file: file.to_owned(), reason: "it is not there".to_owned() };
    let golden = brought.beside.get(&card.golden.file).ok_or_else(|| missing(&card.golden.file))?.clone();
    prove(&card, &brought.weights, &golden)?;
    let mut files = vec![
        (CARD.to_owned(), text.into_bytes()),
        (card.weights.file.clone(), brought.weights),
        (card.golden.file.clone(), golden),
    ];
    files.extend(further(&card, &brought.beside)?);
    Ok(Package { id: card.id.to_string(), files, remarks })
}

/// The statistics of the training images, where the card names some.
fn further(card: &ModelCard, beside: &HashMap<String, Vec<u8>>) -> Result<Vec<(String, Vec<u8>)>, ModelError> {
    let Some(spec) = &card.distance else { return Ok(Vec::new()) };
    let bytes = beside.get(&spec.file).ok_or_else(|| ModelError::Read {
        file: spec.file.clone(),
        reason: "the card names it, and it is not there".to_owned(),
    })?;
    crate::inference::weights::check_sha256(&spec.file, bytes, &spec.sha256)?;
    Ok(vec![(spec.file.clone(), bytes.clone())])
}

fn prove(card: &ModelCard, weights: &[u8], golden: &[u8]) -> Result<(), ModelError> {
    let model = Model::from_parts(card.clone(), weights, &DeviceChoice::Cpu)?;
    golden::check_bytes(&model, golden).map(|_| ())
}

/// A smooth input and what plain operators make of it.
fn made_golden(card: ModelCard, weights: &[u8]) -> Result<Vec<u8>, ModelError> {
    let (n_channels, rows, cols) = (card.input.channels, card.input.rows, card.input.cols);
    let wave = |i: usize| {
        let (channel, row, col) = (i / (rows * cols), i / cols % rows, i % cols);
        let (y, x) = (row as f64 / rows as f64, col as f64 / cols as f64);
        let unit = 0.5 + 0.3 * (7.0 * x + 2.0 * y).sin() * (5.0 * y).cos() + 0.1 * (31.0 * x * y).sin();
        crate::inference::preprocess::normalized(&card.input, channel, unit as f32)
    };
    let values: Vec<f32> = (0..n_channels * rows * cols).map(wave).collect();
    let model = Model::on_engine(card, weights, &DeviceChoice::Cpu, Engine::Candle)?;
    let output = model.run(values.clone()).map_err(|error| ModelError::Network { reason: error.to_string() })?;
    let line = |values: Vec<f32>| {
        let n = values.len();
        Tensor::from_vec(values, n, &Device::Cpu)
    };
    let mut tensors = HashMap::from([("input".to_owned(), line(values)?)]);
    match output {
        Output::Channels { logits } => {
            tensors.insert("output".to_owned(), line(logits)?);
        }
        Output::Classes { logits, maps } => {
            tensors.insert("output".to_owned(), line(logits)?);
            if !maps.is_empty() {
                tensors.insert("cam".to_owned(), line(maps.into_iter().flat_map(|map| map.values).collect())?);
            }
        }
    }
    safetensors_bytes(&tensors)
}

fn read_checkpoint(bytes: &[u8]) -> Result<Vec<FoundTensor>, ModelError> {
    checkpoint::read(bytes).map_err(|error| ModelError::WeightsFormat { reason: error.to_string() })
}

/// By its first bytes: a header's length, and a brace.
fn is_safetensors(bytes: &[u8]) -> bool {
    bytes.get(8) == Some(&b'{')
}

fn no_card() -> ModelError {
    ModelError::Card {
        reason: "there is none, and the network is none this program knows; give one with --card".into(),
    }
}

fn to_text(table: &toml::Table) -> Result<String, ModelError> {
    toml::to_string(table).map_err(|error| ModelError::Card { reason: error.to_string() })
}

fn set_file(table: &mut toml::Table, key: &str, file: &str, sha256: &str) {
    let about = table.entry(key).or_insert_with(|| toml::Value::Table(toml::Table::new()));
    if let toml::Value::Table(about) = about {
        about.insert("file".to_owned(), toml::Value::String(file.to_owned()));
        about.insert("sha256".to_owned(), toml::Value::String(sha256.to_owned()));
    }
}

fn set_tolerance(table: &mut toml::Table) {
    if let Some(toml::Value::Table(about)) = table.get_mut("golden") {
        about.entry("tolerance").or_insert(toml::Value::Float(1e-4));
    }
}
