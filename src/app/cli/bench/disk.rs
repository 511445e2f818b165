//! Keeping one decision, from the reader's key to the return of the fsync, beside the disk's own floor.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use crate::app::cli::bench::measure::{Part, Way, interleaved};
use crate::app::cli::bench::scratch::Scratch;
use crate::app::cli::bench::sheet::Sheet;
use crate::domain::decision::Verdict;
use crate::domain::details::DecisionDetails;
use crate::domain::finding::{Evidence, Finding, FindingLabel, Origin, Place, Subject};
use crate::domain::model::{ModelIdentity, ModelRun};
use crate::domain::uid::{FindingId, ModelId, ReaderName, SeriesUid, SopInstanceUid, StudyUid};
use crate::jobs::work::record;
use crate::review::command::Command;

/// A page of SQLite.
const PAGE: [u8; 4096] = [7; 4096];

pub fn measure(dir: &Path, n_rounds: u32) -> Result<Sheet, String> {
    let scratch = Scratch::within(dir)?;
    let bare = bare_file(&scratch.path().join("bare"))?;
    let mut store = record::open_store(&scratch.path().join("review.sqlite")).map_err(|error| error.text)?;
    let study = StudyUid::new("1.2.3");
    let mut session = record::review_or_new(&store, &study).map_err(|error| error.text)?;
    let reader = ReaderName::new("bench");
    let finding = suggestion(&study);
    let suggested = Command::AddSuggestions(vec![Arc::clone(&finding)]);
    record::apply(&mut store, &mut session, &reader, suggested).map_err(|error| error.text)?;
    let durability = store.durability().map_err(|error| error.to_string())?;
    let mut turn = 0_u32;
    let mut ways = [
        Way::timed(Part::new("decision_kept", "one decision, until it is kept"), || {
            turn += 1;
            let verdict = if turn.is_multiple_of(2) { Verdict::Uncertain } else { Verdict::Accepted };
            let (comment, details) = (format!("{turn}"), DecisionDetails::default());
            let decide = Command::DecideWithoutScreen { finding: finding.id.clone(), verdict, comment, details };
            record::apply(&mut store, &mut session, &reader, decide).map_err(|error| error.text)
        }),
        Way::timed(Part::new("bare_fsync", "4096 bytes appended to a file and fsync, nothing else"), || {
            let kept = (&bare).write_all(&PAGE).and_then(|()| bare.sync_all());
            kept.map_err(|error| format!("the disk refused: {error}"))
        }),
    ];
    let series = interleaved(n_rounds, &mut ways)?;
    let pairs = [("decision_kept".to_owned(), "bare_fsync".to_owned())];
    Ok(Sheet::new("store", n_rounds, series, &pairs)
        .with_fact("journal_mode", durability.journal_mode)
        .with_fact("synchronous", durability.synchronous))
}

fn bare_file(path: &Path) -> Result<File, String> {
    let opened = OpenOptions::new().create_new(true).append(true).open(path);
    opened.map_err(|error| format!("no file to measure with: {error}"))
}

fn suggestion(study: &StudyUid) -> Arc<Finding> {
    let model = ModelIdentity {
        id: ModelId::new("bench"),
        name: "Bench".to_owned(),
        version: "1".to_owned(),
        weights_sha256: "00".repeat(32),
    };
    let run = ModelRun { model, inputs: Vec::new(), device: "none".to_owned(), seconds: 0.0, distance: None };
    Arc::new(Finding {
        id: FindingId::new("bench"),
        subject: Subject {
            study: study.clone(),
            series: SeriesUid::new("1.2.3.4"),
            sop: SopInstanceUid::new("1.2.3.4.5"),
            frame: 0,
        },
        label: FindingLabel { id: "bench".to_owned(), name: "Bench".to_owned(), code: None },
        origin: Origin::Model(Box::new(run)),
        assessment: None,
        place: Place::WholeImage,
        measurements: Vec::new(),
        evidence: Evidence::default(),
        notices: Vec::new(),
    })
}
