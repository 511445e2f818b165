//! `overread worklist`: the studies of the record, the urgent first.

use serde_json::{Value, json};

use crate::app::cli::arguments::Common;
use crate::app::cli::course::unknown;
use crate::app::cli::output::{self, Outcome};
use crate::app::cli::record_place;
use crate::app::cli::review_arguments::WorklistArguments;
use crate::app::places;
use crate::app::settings;
use crate::domain::reading::{ReadingMode, UnknownCode};
use crate::domain::uid::ReaderName;
use crate::jobs::work::record::{self, NotDone};
use crate::jobs::work::stamp;
use crate::review::digest::{StudyDigest, StudyStatus};
use crate::review::urgency::UrgencyRules;
use crate::review::work_item::{self, StudyCard, TriageTimes, Viewing, WaitingTime, WorkFilter, WorkItem};
use crate::store::{ReviewStore, WorklistRow};

pub fn run(arguments: &WorklistArguments, common: &Common) -> Outcome {
    match list(arguments, common) {
        Ok(document) if arguments.json => {
            output::print_document(&output::stamped(document));
            Outcome::Done
        }
        Ok(document) => {
            for study in document["studies"].as_array().into_iter().flatten() {
                output::line(&line_of(study));
            }
            Outcome::Done
        }
        Err(NotDone { code, text }) => output::failed(arguments.json, code, &text),
    }
}

fn list(arguments: &WorklistArguments, common: &Common) -> Result<Value, NotDone> {
    let (mode, status) = codes(arguments)?;
    let store = record::open_store_to_read(&record_place(common))?;
    let rows = store.worklist().map_err(|error| NotDone { code: error.code(), text: error.to_string() })?;
    let preferences = settings::read(&places::settings_file()).0.screen;
    let (rules, audit) = (preferences.worklist.rules, preferences.reading.audit);
    let viewing = Viewing { viewer: ReaderName::new(&arguments.reader), mode, audit, now_s: stamp::now_s() };
    let cards: Vec<StudyCard> = rows.iter().map(card).collect();
    let mut items = Vec::with_capacity(rows.len());
    for (row, card) in rows.into_iter().zip(&cards) {
        let digest = digest(store.as_ref(), &row)?;
        items.push(WorkItem::new(row.study, card.clone(), digest.as_ref(), false, &viewing, &rules));
    }
    work_item::note_priors(&mut items);
    work_item::sort(&mut items);
    let filter = WorkFilter { text: arguments.search.clone(), status, ..WorkFilter::default() };
    let shown = filter.places(&items, &viewing.viewer);
    let most = arguments.limit.unwrap_or(usize::MAX);
    let studies: Vec<Value> = shown
        .iter()
        .take(most)
        .filter_map(|place| items.get(*place))
        .map(|item| document_of(item, &viewing, &rules))
        .collect();
    let times = if mode.begins_without_ai() { TriageTimes::default() } else { TriageTimes::of(cards.iter()) };
    let time = |time: Option<WaitingTime>| time.map(|one| json!({ "n": one.n_studies, "median_s": one.median_s }));
    Ok(json!({
        "n_studies": items.len(), "n_shown": studies.len(), "mode": mode, "studies": studies,
        "time_to_open": { "flagged": time(times.flagged), "not_flagged": time(times.unflagged) },
    }))
}

fn codes(arguments: &WorklistArguments) -> Result<(ReadingMode, Option<StudyStatus>), NotDone> {
    let mode = ReadingMode::try_from(arguments.mode.as_str()).map_err(|error| unknown(&error))?;
    let Some(code) = &arguments.status else { return Ok((mode, None)) };
    let status = StudyStatus::ALL.into_iter().find(|status| status.code() == code);
    let known = || UnknownCode { text: code.clone(), known: StudyStatus::ALL.map(StudyStatus::code).join(", ") };
    Ok((mode, Some(status.ok_or_else(|| unknown(&known()))?)))
}

fn card(row: &WorklistRow) -> StudyCard {
    row.card.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// As kept, or made anew where it is stale.
fn digest(store: &dyn ReviewStore, row: &WorklistRow) -> Result<Option<StudyDigest>, NotDone> {
    if row.n_events == 0 {
        return Ok(None);
    }
    let kept = row.digest.as_deref().and_then(|json| StudyDigest::read(json, row.n_events));
    match kept {
        Some(digest) => Ok(Some(digest)),
        None => record::review_or_new(store, &row.study).map(|session| Some(StudyDigest::of(&session))),
    }
}

fn document_of(item: &WorkItem, viewing: &Viewing, rules: &UrgencyRules) -> Value {
    let WorkItem { study, card, ai, flags, status, assigned_to, points, has_prior, .. } = item;
    let flags: Vec<Value> = flags
        .iter()
        .map(
            |flag| json!({ "label": flag.label, "reason": flag.sentence, "margin": flag.margin, "open": flag.is_open }),
        )
        .collect();
    json!({
        "study_instance_uid": study, "patient_id": card.patient.id, "patient_name": card.patient.name,
        "date": card.date, "time": card.time, "description": card.description, "accession_number": card.accession,
        "modalities": card.modalities, "n_images": card.n_images, "status": status.code(), "ai": ai.word(),
        "flags": flags, "assigned_to": assigned_to, "prior_available": has_prior,
        "waiting_s": item.waiting_s(viewing.now_s), "urgency": points,
        "urgency_reasons": rules.reasons(&item.facts(viewing.now_s)), "in_audit_sample": item.is_in_audit,
    })
}

fn line_of(study: &Value) -> String {
    let text = |name: &str| study[name].as_str().unwrap_or_default().to_owned();
    let flags = study["flags"].as_array().into_iter().flatten().filter(|flag| flag["open"] == true);
    let flags: Vec<&str> = flags.filter_map(|flag| flag["label"].as_str()).collect();
    let ai = if flags.is_empty() { text("ai") } else { flags.join(", ") };
    let parts = [
        study["urgency"].to_string(),
        text("status"),
        text("patient_name"),
        text("date"),
        text("modalities"),
        text("description"),
        ai,
        text("study_instance_uid"),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}
