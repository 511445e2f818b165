//! The same jobs without a window: for scripts and for checks.

mod analyze;
pub mod analyze_arguments;
pub mod arguments;
mod audit;
mod bench;
mod course;
mod decide;
mod decode;
pub mod deidentify;
mod export;
mod findings;
pub mod inspect;
pub mod inspect_results;
mod inspect_text;
mod model_adding;
mod model_sanity;
mod models;
pub mod models_arguments;
pub mod output;
mod render;
mod review_arguments;
pub mod stats;
mod store;
mod target;
pub mod validate;
mod worklist;

use crate::app::cli::arguments::{Command, Common};
use crate::app::cli::output::Outcome;
use crate::app::places;
use crate::import::Importer;
use crate::jobs::work::keys::KeyRing;
use crate::jobs::work::record_place::{NewRecord, RecordPlace};

/// The record the command line names, or the default one, and the keys that may open it.
pub fn record_place(common: &Common) -> RecordPlace {
    let new = if common.store.is_some() { NewRecord::Plain } else { NewRecord::EncryptedIfKeyring };
    let name = common.store.clone().unwrap_or_else(places::default_store);
    RecordPlace { name, keys: KeyRing::default().with_file(common.key_file.clone()), new }
}

/// Runs one job to its end. `Demo` is not here: it opens the window.
pub fn run(command: &Command, common: &Common) -> Outcome {
    let outcome = run_job(command, common);
    // A result that reached nobody is no success.
    if output::is_lost() { Outcome::Unusable } else { outcome }
}

/// Whether the job was asked to speak JSON.
fn is_json(command: &Command) -> bool {
    match command {
        Command::Inspect(arguments) => arguments.json,
        Command::Decode(arguments) => arguments.json,
        Command::Render(arguments) => arguments.json,
        Command::Analyze(arguments) => arguments.json,
        Command::Decide(arguments) => arguments.json,
        Command::Findings(arguments) => arguments.json,
        Command::Export(arguments) => arguments.json,
        Command::Deidentify(arguments) => arguments.json,
        Command::Models(arguments) => arguments.json,
        Command::Stats(arguments) => arguments.is_json(),
        Command::Validate(arguments) => arguments.json,
        Command::Bench(arguments) => arguments.is_json(),
        Command::Sign(arguments) => arguments.json,
        Command::Amend(arguments) => arguments.json,
        Command::Worklist(arguments) => arguments.json,
        Command::Audit(arguments) => arguments.is_json(),
        Command::Store(arguments) => arguments.json,
        Command::Demo(_) => false,
    }
}

fn run_job(command: &Command, common: &Common) -> Outcome {
    let importer = Importer::for_this_program();
    if let Some((dir, error)) = common.models_dir.as_ref().and_then(|dir| Some((dir, std::fs::read_dir(dir).err()?))) {
        let text = format!("The folder of models cannot be read ({}): {}", error.kind(), dir.display());
        return output::failed(is_json(command), "no_models_dir", &text);
    }
    match command {
        Command::Inspect(arguments) => inspect::run(arguments, &importer),
        Command::Decode(arguments) => decode::run(arguments, &importer),
        Command::Render(arguments) => render::run(arguments, common, &importer),
        Command::Analyze(arguments) => analyze::run(arguments, common, &importer),
        Command::Decide(arguments) => decide::run(arguments, common),
        Command::Findings(arguments) => findings::run(arguments, common),
        Command::Export(arguments) => export::run(arguments, common, &importer),
        Command::Models(arguments) => models::run(arguments, common, &importer),
        Command::Deidentify(arguments) => deidentify::run(arguments, &importer),
        Command::Stats(arguments) => stats::run(arguments),
        Command::Validate(arguments) => validate::run(arguments),
        Command::Bench(arguments) => bench::run(arguments, common, &importer),
        Command::Sign(arguments) => course::sign(arguments, common),
        Command::Amend(arguments) => course::amend(arguments, common),
        Command::Worklist(arguments) => worklist::run(arguments, common),
        Command::Audit(arguments) => audit::run(arguments, common),
        Command::Store(arguments) => store::run(arguments, common),
        Command::Demo(_) => Outcome::Done,
    }
}
