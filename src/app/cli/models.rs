//! `overread models`: what is on the shelf, hashes checked.

use serde_json::{Value, json};

use crate::app::cli::arguments::{Common, ModelsArguments};
use crate::app::cli::output::{self, Outcome};
use crate::app::places;
use crate::inference::registry::{self, ModelEntry};

pub fn run(arguments: &ModelsArguments, common: &Common) -> Outcome {
    let entries = registry::list_models(&places::model_roots(common.models_dir.as_ref()));
    if arguments.json {
        let models: Vec<Value> = entries.iter().map(document).collect();
        output::print_document(&output::stamped(json!({ "models": models })));
    } else {
        entries.iter().for_each(print_text);
    }
    let n_usable = entries.iter().filter(|entry| is_usable(entry)).count();
    if n_usable == entries.len() && n_usable > 0 {
        Outcome::Done
    } else if n_usable > 0 {
        Outcome::Partly
    } else {
        Outcome::Unusable
    }
}

fn is_usable(entry: &ModelEntry) -> bool {
    entry.card.is_ok() && entry.hash_ok
}

fn document(entry: &ModelEntry) -> Value {
    match &entry.card {
        Ok(card) => json!({
            "id": entry.id,
            "source": entry.source.describe(),
            "usable": is_usable(entry),
            "hash_ok": entry.hash_ok,
            "sha256": card.weights.sha256,
            "error": (!entry.hash_ok).then(|| json!({
                "code": "hash_mismatch", "text": "The weights are not the ones the card describes",
            })),
            "card": card,
        }),
        Err(error) => json!({
            "id": entry.id,
            "source": entry.source.describe(),
            "usable": false,
            "hash_ok": false,
            "sha256": null,
            "error": { "code": error.code(), "text": error.to_string() },
            "card": null,
        }),
    }
}

fn print_text(entry: &ModelEntry) {
    match &entry.card {
        Ok(card) => {
            let state = if entry.hash_ok { "hash checked" } else { "HASH WRONG, not used" };
            output::line(&format!("{} {} · {} · {state}", entry.id, card.version, card.name));
            output::line(&format!("    {}", card.summary));
        }
        Err(error) => output::line(&format!("{} · not usable: {error}", entry.id)),
    }
}
