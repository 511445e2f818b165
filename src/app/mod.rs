//! The hall: starts everything, runs the one loop, and does the same jobs without a window.

pub mod cli;
pub mod dispatch;
mod faults;
pub mod frame_cache;
pub mod hall;
mod logging;
mod memory_budget;
mod model_about;
mod on_intake;
mod on_job_event;
mod on_store_event;
mod places;
pub mod settings;
pub mod startup;
mod state;
pub mod volume_shelf;
pub mod window;

use std::process::ExitCode;

use clap::Parser as _;

use crate::app::cli::arguments::{Arguments, Command, Common, DemoArguments};
use crate::app::cli::output::{self, Outcome};
use crate::app::hall::AppOptions;
use crate::domain::intake::Progress;
use crate::imaging::phantom::PhantomOptions;
use crate::import::{Importer, worker};
use crate::jobs::work::record_place::{NewRecord, RecordPlace};
use crate::jobs::work::{demo, model_adding};

pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Name and version, as written into exports.
pub const PROGRAM: &str = concat!("overread ", env!("CARGO_PKG_VERSION"));

/// The program from its command line to its exit code.
pub fn run() -> ExitCode {
    if let Some(code) = worker::serve_if_asked().or_else(model_adding::serve_if_asked) {
        return code;
    }
    logging::install();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return not_understood(&error),
    };
    let Arguments { command, paths, common } = arguments;
    match command {
        None => startup::open_window(AppOptions { open: paths, ..options(&common) }),
        Some(Command::Demo(demo)) => run_demo(&demo, &common),
        Some(command) => cli::run(&command, &common).into(),
    }
}

/// Help and version, or what is wrong with the command line: for a script that asked for JSON, as a document too.
fn not_understood(error: &clap::Error) -> ExitCode {
    if let Err(error) = error.print() {
        log::debug!("the terminal is closed: {error}");
    }
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let sentence = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
        let words = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
        output::print_document(&output::error("usage", &words));
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn options(common: &Common) -> AppOptions {
    let mut options = hall::default_options();
    options.importer = Importer::for_this_program();
    options.model_roots = places::model_roots(common.models_dir.as_ref());
    options.device = common.device;
    let RecordPlace { name, keys, new } = cli::record_place(common);
    options.store = name;
    options.keys = keys.patient();
    options.new_record = match new {
        // A person is here to be asked.
        NewRecord::EncryptedIfKeyring => NewRecord::EncryptedOrAsked,
        other => other,
    };
    options
}

fn run_demo(arguments: &DemoArguments, common: &Common) -> ExitCode {
    let mut options = options(common);
    if let Some(dir) = &arguments.dir {
        options.demo_dir.clone_from(dir);
    }
    if arguments.write_only {
        let phantom = match arguments.seed {
            None => PhantomOptions::default(),
            Some(seed) => demo::patient_of_seed(seed, usize::from(arguments.nodules)),
        };
        return match demo::write_phantom(&options.demo_dir, &phantom, &|| false, &|_: Progress| {}) {
            Ok(_) => {
                output::line(&options.demo_dir.display().to_string());
                Outcome::Done.into()
            }
            Err(text) => output::failed(false, "not_written", &text).into(),
        };
    }
    startup::open_window(AppOptions { starts_demo: true, ..options })
}
