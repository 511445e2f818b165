//! `overread models sanity`: whether a model's maps depend on what it learned, measured on pictures and kept beside its
//! card.

use std::path::PathBuf;

use serde_json::json;

use crate::app::cli::arguments::Common;
use crate::app::cli::models_arguments::SanityArguments;
use crate::app::cli::output::{self, Outcome};
use crate::app::places;
use crate::domain::intake::Intake;
use crate::import::Importer;
use crate::inference::gate;
use crate::inference::model::Model;
use crate::inference::model_card::doubt::SanityReport;
use crate::inference::preprocess::prepare;
use crate::inference::registry::{self, ModelSource, SANITY_FILE};
use crate::inference::sanity;
use crate::inference::weights::MAX_WEIGHTS_BYTES;

pub fn run(arguments: &SanityArguments, common: &Common, importer: &Importer, is_json: bool) -> Outcome {
    match measure(arguments, common, importer) {
        Ok((report, out)) => {
            if is_json {
                let document = json!({ "report": report, "file": output::path(&out) });
                output::print_document(&output::stamped(document));
            } else {
                output::line(&format!(
                    "{}: maps of randomized weights correlate {:.2} with its own; deletion area {:.3}, in random order {:.3}; {}",
                    arguments.id,
                    report.randomized_correlation,
                    report.deletion_area,
                    report.random_deletion_area,
                    if report.passed { "passed" } else { "NOT PASSED" },
                ));
                output::line(&format!("    written to {}", out.display()));
            }
            Outcome::Done
        }
        Err((code, text)) => output::failed(is_json, code, &text),
    }
}

type Failure = (&'static str, String);

fn measure(
    arguments: &SanityArguments,
    common: &Common,
    importer: &Importer,
) -> Result<(SanityReport, PathBuf), Failure> {
    let entries = registry::list_models(&places::model_roots(common.models_dir.as_ref()));
    let entry = entries.iter().rev().find(|entry| entry.id.as_str() == arguments.id);
    let entry = entry.ok_or_else(|| ("unknown_model", format!("there is no model '{}'", arguments.id)))?;
    let out = match (&arguments.out, &entry.source) {
        (Some(out), _) => out.clone(),
        (None, ModelSource::Folder(folder)) => folder.join(SANITY_FILE),
        (None, ModelSource::BuiltIn(_)) => {
            return Err(("no_place", "a built-in model has no folder: say where with --out".to_owned()));
        }
    };
    let model = registry::load_model(entry, &common.device.unwrap_or_default());
    let model = model.map_err(|error| (error.code(), error.to_string()))?;
    let weights = entry.source.read(&model.card().weights.file, MAX_WEIGHTS_BYTES);
    let weights = weights.map_err(|error| (error.code(), error.to_string()))?;
    let intake = importer.scan(&arguments.paths, &|| false, &|_| {});
    let pictures = pictures(&model, importer, &intake, arguments.images);
    if pictures.is_empty() {
        return Err(("no_pictures", "none of these is a picture within the model's scope".to_owned()));
    }
    let mut tell = |n_done: usize| output::message(&format!("{n_done} of {} pictures", pictures.len()));
    let report = sanity::measure(&model, &weights, &pictures, &arguments.set, &mut tell);
    let report = report.map_err(|error| (error.code(), error.to_string()))?;
    let text = toml::to_string(&report).map_err(|error| ("not_written", error.to_string()))?;
    std::fs::write(&out, text).map_err(|error| ("not_written", format!("{}: {}", out.display(), error.kind())))?;
    Ok((report, out))
}

/// Prepared, evenly chosen over all there are.
fn pictures(model: &Model, importer: &Importer, intake: &Intake, most: usize) -> Vec<Vec<f32>> {
    let all = intake
        .studies
        .iter()
        .flat_map(|study| &study.series)
        .flat_map(|series| series.instances.iter().map(move |instance| (series, instance)));
    let is_fit = |(series, instance): &(&std::sync::Arc<_>, &std::sync::Arc<_>)| {
        gate::is_fit(series, instance).is_ok() && instance_is_picture(model, series, instance)
    };
    let fit: Vec<_> = all.filter(is_fit).collect();
    let step = fit.len().div_ceil(most.max(1)).max(1);
    let prepared = fit.into_iter().step_by(step).filter_map(|(_, instance)| {
        let frame = importer.load_frame(instance, 0).ok()?;
        prepare(&model.card().input, instance, &frame).ok().map(|prepared| prepared.values)
    });
    prepared.collect()
}

/// Pictures without a modality, such as PNG files, are taken as well: whoever names them knows what they are.
fn instance_is_picture(
    model: &Model,
    series: &crate::domain::series::Series,
    instance: &crate::domain::instance::Instance,
) -> bool {
    let has_modality = !matches!(series.modality.0.as_str(), "" | "OT");
    if has_modality { gate::admits(model.card(), series, instance).is_ok() } else { instance.n_frames() == 1 }
}
