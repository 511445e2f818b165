//! `overread models add` and `overread models verify`.

use serde_json::{Value, json};

use crate::app::cli::arguments::Common;
use crate::app::cli::models_arguments::{AddModelArguments, VerifyModelsArguments};
use crate::app::cli::output::{self, Outcome};
use crate::app::places;
use crate::inference::error::ModelError;
use crate::inference::golden::{self, GoldenReport};
use crate::inference::registry::{self, ModelEntry};
use crate::jobs::work::model_adding::{self, AddRequest, Added, NotAdded};

pub fn add(arguments: &AddModelArguments, common: &Common, is_json: bool) -> Outcome {
    let to = arguments.to.clone().or_else(|| common.models_dir.clone()).unwrap_or_else(places::own_models);
    let absolute = |path: &std::path::Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let request = AddRequest {
        path: absolute(&arguments.path),
        card: arguments.card.as_deref().map(absolute),
        to: absolute(&to),
    };
    let program = std::env::current_exe().ok();
    match model_adding::add(&request, program.as_deref()) {
        Ok(Added { id, folder, remarks }) => {
            if is_json {
                let document = json!({ "id": id, "folder": output::path(&folder), "remarks": remarks });
                output::print_document(&output::stamped(document));
            } else {
                output::line(&format!("{id} is in {}", folder.display()));
                remarks.iter().for_each(|remark| output::line(&format!("    {remark}.")));
            }
            Outcome::Done
        }
        Err(NotAdded { code, text }) => output::failed(is_json, &code, &format!("the model was not added: {text}")),
    }
}

pub fn verify(arguments: &VerifyModelsArguments, common: &Common, is_json: bool) -> Outcome {
    let entries = registry::list_models(&places::model_roots(common.models_dir.as_ref()));
    let is_wanted =
        |entry: &&ModelEntry| arguments.ids.is_empty() || arguments.ids.iter().any(|id| id == entry.id.as_str());
    let wanted: Vec<&ModelEntry> = entries.iter().filter(is_wanted).collect();
    if let Some(id) = arguments.ids.iter().find(|id| !wanted.iter().any(|entry| entry.id.as_str() == **id)) {
        return output::failed(is_json, "unknown_model", &format!("there is no model '{id}'"));
    }
    let verified: Vec<(&ModelEntry, Result<GoldenReport, ModelError>)> = wanted
        .into_iter()
        .map(|entry| {
            let model = registry::load_model(entry, &common.device.unwrap_or_default());
            (entry, model.and_then(|model| golden::check(&model, &entry.source)))
        })
        .collect();
    if is_json {
        let models: Vec<Value> = verified.iter().map(|(entry, result)| document(entry, result)).collect();
        output::print_document(&output::stamped(json!({ "models": models })));
    } else {
        for (entry, result) in &verified {
            let said = match result {
                Ok(GoldenReport { difference, tolerance }) => {
                    format!("golden output met within {difference:.1e} (allowed {tolerance:.1e})")
                }
                Err(error) => format!("FAILED: {error}"),
            };
            output::line(&format!("{} · {} · {said}", entry.id, entry.source.describe()));
        }
    }
    let n_met = verified.iter().filter(|(_, result)| result.is_ok()).count();
    match n_met {
        n if n == verified.len() && n > 0 => Outcome::Done,
        0 => Outcome::Unusable,
        _ => Outcome::Partly,
    }
}

fn document(entry: &ModelEntry, result: &Result<GoldenReport, ModelError>) -> Value {
    let made_by = entry.card.as_ref().ok().and_then(|card| card.golden.made_by.clone());
    json!({
        "id": entry.id,
        "source": entry.source.describe(),
        "met": result.is_ok(),
        "difference": result.as_ref().ok().map(|report| report.difference),
        "tolerance": result.as_ref().ok().map(|report| report.tolerance),
        "golden_made_by": made_by.unwrap_or_else(|| "the framework it was trained in".to_owned()),
        "error": result.as_ref().err().map(|error| json!({ "code": error.code(), "text": error.to_string() })),
    })
}
