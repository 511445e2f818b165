//! `overread bench import`: series of its own, read by this program and by the peers in the same rounds.

mod first_image;
mod frames;
mod headers;
mod jpeg_lossless;
mod memory;
mod peers;
mod volume;
mod window;
mod writing;

use std::path::Path;

use serde_json::json;

use crate::app::cli::bench::arguments::{BenchImportArguments, ImportPart};
use crate::app::cli::bench::scratch::Scratch;
use crate::app::cli::bench::sheet::Sheet;
use crate::app::cli::output::{self, Outcome};
use crate::app::hall::AppOptions;
use crate::import::Importer;

/// What every part needs.
struct Setting<'a> {
    importer: &'a Importer,
    n_rounds: u32,
    /// For this part alone.
    folder: &'a Path,
    peer_python: Option<&'a Path>,
    /// Slices and frames, of the full number: all, or a tenth.
    is_small: bool,
}

impl Setting<'_> {
    fn n(&self, full: u32) -> u32 {
        if self.is_small { full / 10 } else { full }
    }

    /// A program of its own within the folder.
    fn program(&self) -> AppOptions {
        AppOptions {
            importer: self.importer.clone(),
            store: self.folder.join("review.sqlite"),
            settings: self.folder.join("settings.json"),
            demo_dir: self.folder.join("demo"),
            ..AppOptions::default()
        }
    }
}

pub fn run(arguments: &BenchImportArguments, importer: &Importer) -> Outcome {
    let BenchImportArguments { parts, repeats, dir, small, peer_python, json: is_json } = arguments;
    // Memory first: later parts leave freed memory behind
    let order = [
        ImportPart::Memory,
        ImportPart::Crowd,
        ImportPart::Long,
        ImportPart::Headers,
        ImportPart::Volume,
        ImportPart::Frames,
        ImportPart::FirstImage,
        ImportPart::Window,
    ];
    let is_wanted = |part: &ImportPart| match parts.is_empty() {
        true => !matches!(part, ImportPart::Crowd | ImportPart::Long | ImportPart::Window),
        false => parts.contains(part),
    };
    let mut sheets = Vec::new();
    for part in order.into_iter().filter(is_wanted) {
        let parent = dir.clone().unwrap_or_else(std::env::temp_dir);
        let sheet = Scratch::within(&parent).and_then(|scratch| {
            let setting = Setting {
                importer,
                n_rounds: *repeats,
                folder: scratch.path(),
                peer_python: peer_python.as_deref(),
                is_small: *small,
            };
            measure(part, &setting)
        });
        match sheet {
            Ok(sheet) if *is_json => sheets.push(sheet.document()),
            Ok(sheet) => sheet.lines().iter().for_each(|line| output::line(line)),
            Err(text) => return output::failed(*is_json, "not_measured", &text),
        }
    }
    if *is_json {
        output::print_document(&output::stamped(json!({ "bench": "import", "parts": sheets })));
    }
    Outcome::Done
}

fn measure(part: ImportPart, setting: &Setting<'_>) -> Result<Sheet, String> {
    match part {
        ImportPart::Headers => headers::measure(setting),
        ImportPart::Volume => volume::measure(setting),
        ImportPart::Frames => frames::measure(setting),
        ImportPart::Memory => memory::measure(setting),
        ImportPart::FirstImage => first_image::measure(setting),
        ImportPart::Crowd => first_image::measure_crowd(setting),
        ImportPart::Long => first_image::measure_long(setting),
        ImportPart::Window => window::measure(setting),
    }
}
