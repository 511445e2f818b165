//! `overread models`: what is on the shelf, hashes checked.

use serde_json::{Value, json};

use crate::app::cli::arguments::{Common, ModelsArguments};
use crate::app::cli::models_arguments::ModelsJob;
use crate::app::cli::output::{self, Outcome};
use crate::app::cli::{model_adding, model_sanity};
use crate::app::places;
use crate::import::Importer;
use crate::inference::error::ModelError;
use crate::inference::registry::{self, ModelEntry};

pub fn run(arguments: &ModelsArguments, common: &Common, importer: &Importer) -> Outcome {
    match &arguments.job {
        None => list(arguments, common),
        Some(ModelsJob::Add(job)) => model_adding::add(job, common, arguments.json),
        Some(ModelsJob::Verify(job)) => model_adding::verify(job, common, arguments.json),
        Some(ModelsJob::Sanity(job)) => model_sanity::run(job, common, importer, arguments.json),
    }
}

fn list(arguments: &ModelsArguments, common: &Common) -> Outcome {
    let entries = registry::list_models(&places::model_roots(common.models_dir.as_ref()));
    let device = common.device.unwrap_or_default();
    let load = |entry: &ModelEntry| registry::load_model(entry, &device).err();
    // A card and a hash can be right and the weights still be no network.
    let entries: Vec<Checked<'_>> = entries
        .iter()
        .enumerate()
        .map(|(i, entry)| Checked {
            entry,
            error: load(entry),
            is_replaced: entries.iter().skip(i + 1).any(|later| later.id == entry.id),
        })
        .collect();
    if arguments.json {
        let models: Vec<Value> = entries.iter().map(document).collect();
        output::print_document(&output::stamped(json!({ "models": models })));
    } else {
        entries.iter().for_each(print_text);
    }
    let n_usable = entries.iter().filter(|checked| checked.error.is_none()).count();
    if n_usable == entries.len() && n_usable > 0 {
        Outcome::Done
    } else if n_usable > 0 {
        Outcome::Partly
    } else {
        Outcome::Unusable
    }
}

/// A model as found, after an attempt to load it.
struct Checked<'a> {
    entry: &'a ModelEntry,
    error: Option<ModelError>,
    /// A folder's model of the same id is used instead.
    is_replaced: bool,
}

fn document(checked: &Checked<'_>) -> Value {
    let Checked { entry, error, is_replaced } = checked;
    json!({
        "id": entry.id,
        "source": entry.source.describe(),
        "usable": error.is_none(),
        "replaced": is_replaced,
        "hash_ok": entry.hash_ok,
        "sha256": entry.card.as_ref().ok().map(|card| &card.weights.sha256),
        "error": error.as_ref().map(|error| json!({ "code": error.code(), "text": error.to_string() })),
        "card": entry.card.as_ref().ok(),
    })
}

fn print_text(checked: &Checked<'_>) {
    let Checked { entry, error, is_replaced } = checked;
    let name = entry.card.as_ref().map_or_else(|_| String::new(), |card| format!(" {} · {}", card.version, card.name));
    let state = match error {
        None if *is_replaced => "hash checked; another model of this id is used instead".to_owned(),
        None => "hash checked".to_owned(),
        Some(error) => format!("NOT USABLE: {error}"),
    };
    output::line(&format!("{}{name} · {} · {state}", entry.id, entry.source.describe()));
    if let Ok(card) = &entry.card {
        output::line(&format!("    {}", card.summary));
    }
}
