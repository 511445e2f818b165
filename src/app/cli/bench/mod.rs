//! `overread bench`: what the program costs on this machine, in the same run as the usual way to do the same.
//!
//! Rounds are interleaved, so that what else the machine does falls on all alike; trust ratios more than milliseconds.

pub mod arguments;
mod disk;
mod explain;
mod frame;
mod import;
mod inference;
mod masks;
mod measure;
mod networks;
mod peer;
mod pictures;
mod resident;
mod scan;
mod scratch;
mod sheet;
mod stats;
mod syntaxes;
mod viewer;
mod volume;
mod worklist;

use std::path::Path;

use crate::app::cli::arguments::Common;
use crate::app::cli::bench::arguments::{BenchArguments, BenchSubject};
use crate::app::cli::bench::sheet::Sheet;
use crate::app::cli::output::{self, Outcome};
use crate::app::cli::record_place;
use crate::app::places;
use crate::domain::device::DeviceChoice;
use crate::import::Importer;

pub fn run(arguments: &BenchArguments, common: &Common, importer: &Importer) -> Outcome {
    let is_json = arguments.is_json();
    let device = common.device.unwrap_or(DeviceChoice::Cpu);
    let sheet = match &arguments.what {
        BenchSubject::Import(arguments) => return import::run(arguments, importer),
        BenchSubject::Frame(frame) => frame::measure(frame.repeats),
        BenchSubject::Viewer(arguments) => viewer::measure(arguments),
        BenchSubject::Scan(scan) => scan::measure(importer, &scan.dir, scan.repeats, scan.peer_python.as_deref()),
        BenchSubject::Inference(inference) => {
            let roots = places::model_roots(common.models_dir.as_ref());
            inference::measure(importer, &roots, device, inference.repeats, inference.peer_python.as_deref())
        }
        BenchSubject::Networks(arguments) => networks::measure(arguments),
        BenchSubject::Explain(explain) => {
            explain::measure(importer, &places::model_roots(common.models_dir.as_ref()), device, explain.repeats)
        }
        BenchSubject::Syntaxes(syntaxes) => {
            syntaxes::measure(importer, &syntaxes.dir, syntaxes.repeats, syntaxes.peer_python.as_deref())
        }
        BenchSubject::Stats(stats) => stats::measure(stats.repeats, stats.peer_python.as_deref()),
        BenchSubject::Masks(case) => masks::measure(case.slices, case.repeats, case.peer_python.as_deref()),
        BenchSubject::Volume(case) => volume::measure(case.slices, case.repeats, case.peer_python.as_deref()),
        BenchSubject::Worklist(case) => worklist::measure(&std::env::temp_dir(), case.studies, case.repeats),
        BenchSubject::Store(store) => {
            let beside_store =
                || record_place(common).file().and_then(Path::parent).map(ToOwned::to_owned).unwrap_or_default();
            disk::measure(&store.dir.clone().unwrap_or_else(beside_store), store.repeats)
        }
    };
    match sheet {
        Ok(sheet) => show(&sheet, is_json),
        Err(text) => output::failed(is_json, "not_measured", &text),
    }
}

fn show(sheet: &Sheet, is_json: bool) -> Outcome {
    if is_json {
        output::print_document(&output::stamped(sheet.document()));
    } else {
        sheet.lines().iter().for_each(|line| output::line(line));
    }
    Outcome::Done
}
