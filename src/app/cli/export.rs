//! `overread export`: a study's report into files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use crate::app::PROGRAM;
use crate::app::cli::arguments::{Common, ExportArguments};
use crate::app::cli::output::{self, Outcome};
use crate::app::cli::record_place;
use crate::app::dispatch::export::with_look;
use crate::domain::codes::Codes;
use crate::domain::intake::Notice;
use crate::domain::report::Report;
use crate::domain::study::Study;
use crate::domain::uid::{ReaderName, StudyUid};
use crate::export::formats::{FORMATS, Written};
use crate::import::Importer;
use crate::jobs::work::handing_on::{self, ExportOrder};
use crate::jobs::work::record::{self, NotDone};
use crate::jobs::work::reported_masks::with_masks;
use crate::jobs::work::{scan, stamp};
use crate::review::command::Command;
use crate::review::event::StudyExported;
use crate::review::session::ReviewSession;
use crate::store::ReviewStore;
use crate::ui::view_state::ViewState;

pub fn run(arguments: &ExportArguments, common: &Common, importer: &Importer) -> Outcome {
    match export(arguments, common, importer) {
        Ok(outcome) => outcome,
        Err(NotDone { code, text }) => output::failed(arguments.json, code, &text),
    }
}

fn export(arguments: &ExportArguments, common: &Common, importer: &Importer) -> Result<Outcome, NotDone> {
    let uid = StudyUid::new(&arguments.study);
    let codes = arguments.codes.as_deref().map(read_codes).transpose()?;
    let mut store = record::open_existing_store(&record_place(common))?;
    let mut session = record::review_of(store.as_ref(), &uid)?;
    let needs_study =
        FORMATS.iter().any(|format| format.needs_study && arguments.format.iter().any(|id| id == format.id));
    let places = if arguments.from.is_empty() { known_places(store.as_ref()) } else { arguments.from.clone() };
    let study = find_study(importer, &uid, &places);
    let mut notices = Vec::new();
    if needs_study && study.is_none() {
        let text = "The study's files are not where they were opened; no pictures and no DICOM objects (give their \
                    place with --from)";
        output::message(text);
        notices.push(Notice::new("no_pictures", text));
    }
    let has_study = study.is_some();
    let report = with_masks(session.report(study, &stamp::now(), PROGRAM), &session);
    let report = with_kept_look(report, store.as_ref(), &uid);
    let reader = arguments.reader.clone().or_else(|| last_reader(&report)).unwrap_or_default();
    let order = ExportOrder {
        report,
        formats: arguments.format.clone(),
        reader: reader.clone(),
        exported: session.exported(),
        codes: codes.map(Arc::new),
    };
    let written = handing_on::run(&order, importer, &arguments.to, &|| false, &|_| {});
    let written = written.map_err(|error| NotDone { code: "not_written", text: error.to_string() })?;
    // Said above, once for all formats
    let skipped = written.skipped.iter().map(|(_, notice)| notice.clone()).filter(|notice| notice.code != "no_study");
    notices.extend(skipped);
    notices.extend(kept_in_record(store.as_mut(), &mut session, &reader, &order.formats, &arguments.to, &written));
    let Written { files, objects, .. } = written;
    if arguments.json {
        output::print_document(&output::stamped(json!({
            "study_instance_uid": uid, "to": output::path(&arguments.to), "pictures": has_study && needs_study,
            "notices": notices, "files": files.iter().map(|file| output::path(file)).collect::<Vec<_>>(),
            "objects": objects,
        })));
    } else {
        files.iter().for_each(|file| output::line(&file.display().to_string()));
        notices.iter().for_each(|notice| output::message(&notice.text));
    }
    Ok(match (files.is_empty(), notices.is_empty()) {
        (true, _) => Outcome::Unusable,
        (false, false) => Outcome::Partly,
        (false, true) => Outcome::Done,
    })
}

fn read_codes(path: &Path) -> Result<Codes, NotDone> {
    let unusable = |text: String| NotDone { code: "codes", text: format!("{}: {text}", path.display()) };
    let text = std::fs::read_to_string(path).map_err(|error| unusable(error.kind().to_string()))?;
    Codes::parse(&text).map_err(|error| unusable(error.to_string()))
}

/// Key images and displays as the reader left them.
fn with_kept_look(report: Report, store: &dyn ReviewStore, uid: &StudyUid) -> Report {
    let json = match store.load_view(uid) {
        Ok(json) => json,
        Err(error) => {
            output::message(&format!("what was marked on the screen could not be read: {error}"));
            None
        }
    };
    let Some(json) = json else { return report };
    let mut view = ViewState::default();
    view.restore(uid, &json);
    match view.look(uid) {
        Some(look) => with_look(report, look),
        None => report,
    }
}

/// Whoever decided or drew last.
fn last_reader(report: &Report) -> Option<String> {
    let decided = report.findings.iter().filter_map(|reported| reported.decision.as_ref());
    let decided = decided.map(|decision| (&decision.at, &decision.reader));
    let drawn = report.annotations.iter().map(|reported| reported.changed.as_ref().unwrap_or(&reported.placed));
    let drawn = drawn.map(|signed| (&signed.at, &signed.reader));
    decided.chain(drawn).max_by_key(|(at, _)| *at).map(|(_, reader)| reader.to_string())
}

/// The record says what left; where it cannot, that is said.
fn kept_in_record(
    store: &mut dyn ReviewStore,
    session: &mut ReviewSession,
    reader: &str,
    formats: &[String],
    to: &Path,
    written: &Written,
) -> Option<Notice> {
    let exported =
        StudyExported { formats: formats.to_vec(), n_files: written.files.len(), objects: written.objects.clone() };
    let named = if reader.trim().is_empty() { "overread export" } else { reader };
    let reader = ReaderName::new(named);
    let note = handing_on::note(to, formats, written);
    let noted = store.note_access(session.study(), &reader, &note).map_err(|error| NotDone::of_store(&error));
    let kept = noted.and_then(|()| record::apply(store, session, &reader, Command::RecordExport(exported)));
    let problem = kept.err()?;
    let text = format!("The export is not in the review record: {}", problem.text);
    output::message(&text);
    Some(Notice::new("export_not_recorded", text))
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
