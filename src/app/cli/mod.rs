//! The same jobs without a window: for scripts and for checks.

mod analyze;
pub mod arguments;
mod decide;
mod decode;
mod export;
mod findings;
pub mod inspect;
mod models;
pub mod output;
mod render;

use std::path::PathBuf;

use crate::app::cli::arguments::{Command, Common};
use crate::app::cli::output::Outcome;
use crate::app::places;

/// The store the command line names, or the default one.
pub fn store_path(common: &Common) -> PathBuf {
    common.store.clone().unwrap_or_else(places::default_store)
}

/// Runs one job to its end. `Demo` is not here: it opens the window.
pub fn run(command: &Command, common: &Common) -> Outcome {
    match command {
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Decode(arguments) => decode::run(arguments),
        Command::Render(arguments) => render::run(arguments, common),
        Command::Analyze(arguments) => analyze::run(arguments, common),
        Command::Decide(arguments) => decide::run(arguments, common),
        Command::Findings(arguments) => findings::run(arguments, common),
        Command::Export(arguments) => export::run(arguments, common),
        Command::Models(arguments) => models::run(arguments, common),
        Command::Demo(_) => Outcome::Done,
    }
}
