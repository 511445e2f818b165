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
use crate::review::session::ReviewSession;
use crate::store::key::{Key, Salt};
use crate::store::sqlite::{OpenMode, SqliteOptions, SqliteStore};

/// A reader notices nothing below this.
const MOST_P99_MS: f64 = 50.0;
/// A page of SQLite.
const PAGE: [u8; 4096] = [7; 4096];

pub fn measure(dir: &Path, n_rounds: u32) -> Result<Sheet, String> {
    let scratch = Scratch::within(dir)?;
    let bare = bare_file(&scratch.path().join("bare"))?;
    let options = SqliteOptions::new(OpenMode::ReadWrite);
    let key = Arc::new(Key::random().map_err(|error| error.to_string())?);
    let encrypted = options.clone().with_new_key(key, Salt::random());
    let mut plain = Desk::open(&scratch.path().join("plain.sqlite"), &options)?;
    let mut encrypted = Desk::open(&scratch.path().join("encrypted.sqlite"), &encrypted)?;
    let durability = plain.store.durability().map_err(|error| error.to_string())?;
    let mut ways = [
        Way::timed(Part::new("decision_kept", "one decision, until it is kept"), || plain.decides()),
        Way::timed(Part::new("decision_kept_encrypted", "the same in an encrypted record"), || encrypted.decides()),
        Way::timed(Part::new("bare_fsync", "4096 bytes appended to a file and fsync, nothing else"), || {
            let kept = (&bare).write_all(&PAGE).and_then(|()| bare.sync_all());
            kept.map_err(|error| format!("the disk refused: {error}"))
        }),
    ];
    let series = interleaved(n_rounds, &mut ways)?;
    let p99_ms = series.iter().filter(|one| one.part.id != "bare_fsync").map(|one| one.p99() * 1e3).fold(0.0, f64::max);
    let pairs = [("decision_kept", "bare_fsync"), ("decision_kept_encrypted", "decision_kept")];
    let pairs = pairs.map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned()));
    Ok(Sheet::new("store", n_rounds, series, &pairs)
        .with_target("99th percentile of a decision until it is kept, ms", MOST_P99_MS, p99_ms)
        .with_fact("journal_mode", durability.journal_mode)
        .with_fact("synchronous", durability.synchronous))
}

/// A review whose every decision is kept.
struct Desk {
    store: SqliteStore,
    session: ReviewSession,
    reader: ReaderName,
    finding: FindingId,
    turn: u32,
}

impl Desk {
    fn open(path: &Path, options: &SqliteOptions) -> Result<Self, String> {
        let mut store = SqliteStore::open_with(path, options).map_err(|error| error.to_string())?;
        let study = StudyUid::new("1.2.3");
        let mut session = record::review_or_new(&store, &study).map_err(|error| error.text)?;
        let reader = ReaderName::new("bench");
        let suggested = suggestion(&study);
        let finding = suggested.id.clone();
        let suggested = Command::AddSuggestions(vec![suggested]);
        record::apply(&mut store, &mut session, &reader, suggested).map_err(|error| error.text)?;
        Ok(Self { store, session, reader, finding, turn: 0 })
    }

    fn decides(&mut self) -> Result<(), String> {
        self.turn += 1;
        let verdict = if self.turn.is_multiple_of(2) { Verdict::Uncertain } else { Verdict::Accepted };
        let (finding, comment) = (self.finding.clone(), format!("{}", self.turn));
        let details = DecisionDetails::default();
        let decide = Command::DecideWithoutScreen { finding, verdict, comment, details };
        record::apply(&mut self.store, &mut self.session, &self.reader, decide).map_err(|error| error.text)
    }
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
