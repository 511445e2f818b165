//! `overread export`: a study's report from the record, with pictures where its files are at hand.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use crate::app::PROGRAM;
use crate::app::cli::arguments::{Common, ExportArguments, ExportFormat};
use crate::app::cli::output::{self, Outcome};
use crate::app::cli::store_path;
use crate::domain::intake::Notice;
use crate::domain::study::Study;
use crate::domain::uid::StudyUid;
use crate::import::Importer;
use crate::jobs::work::handing_on::{self, ExportRequest, HandedOn};
use crate::jobs::work::record::{self, NotDone};
use crate::jobs::work::{scan, stamp};
use crate::store::ReviewStore;

pub fn run(arguments: &ExportArguments, common: &Common, importer: &Importer) -> Outcome {
    match export(arguments, common, importer) {
        Ok(outcome) => outcome,
        Err(NotDone { code, text }) => output::failed(arguments.json, code, &text),
    }
}

fn export(arguments: &ExportArguments, common: &Common, importer: &Importer) -> Result<Outcome, NotDone> {
    let uid = StudyUid::new(&arguments.study);
    let store = record::open_store_to_read(&store_path(common))?;
    let session = record::review_of(&store, &uid)?;
    let wants_pictures = arguments.format.contains(&ExportFormat::Png);
    let places = if arguments.from.is_empty() { known_places(&store) } else { arguments.from.clone() };
    let study = find_study(importer, &uid, &places);
    let mut notices = Vec::new();
    let has_pictures = wants_pictures && study.is_some();
    if wants_pictures && !has_pictures {
        let text = "The study's files are not where they were opened; no pictures (give their place with --from)";
        output::message(text);
        notices.push(Notice::new("no_pictures", text));
    }
    let report = session.report(study, &stamp::now(), PROGRAM);
    let request = ExportRequest {
        importer,
        report: &report,
        folder: &arguments.to,
        json: arguments.format.contains(&ExportFormat::Json),
        pictures: has_pictures,
    };
    let written = handing_on::run(&request, &|| false, &|_| {});
    let HandedOn { files, skipped } = written.map_err(|text| NotDone { code: "not_written", text })?;
    notices.extend(skipped);
    if arguments.json {
        output::print_document(&output::stamped(json!({
            "study_instance_uid": uid, "to": output::path(&arguments.to), "pictures": has_pictures, "notices": notices,
            "files": files.iter().map(|file| output::path(file)).collect::<Vec<_>>(),
        })));
    } else {
        files.iter().for_each(|file| output::line(&file.display().to_string()));
    }
    Ok(match (files.is_empty(), notices.is_empty()) {
        (true, _) => Outcome::Unusable,
        (false, false) => Outcome::Partly,
        (false, true) => Outcome::Done,
    })
}

fn known_places(store: &dyn ReviewStore) -> Vec<PathBuf> {
    match store.recent_places() {
        Ok(places) => places.into_iter().map(|place| place.path).collect(),
        Err(error) => {
            output::message(&format!("the recent places could not be read: {error}"));
            Vec::new()
        }
    }
}

/// The first place that holds the study.
fn find_study(importer: &Importer, uid: &StudyUid, places: &[PathBuf]) -> Option<Arc<Study>> {
    places.iter().filter(|place| place.exists()).find_map(|place| {
        let intake = scan::quietly(importer, std::slice::from_ref(place));
        intake.studies.into_iter().find(|study| &study.uid == uid)
    })
}
