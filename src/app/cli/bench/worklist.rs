//! The worklist with many studies: from the store to an ordered list, a filter, and the record folded anew.

use std::path::Path;
use std::sync::Arc;

use crate::app::cli::bench::measure::{Part, Way, interleaved};
use crate::app::cli::bench::scratch::Scratch;
use crate::app::cli::bench::sheet::Sheet;
use crate::app::state::worklist::Worklist;
use crate::domain::decision::Verdict;
use crate::domain::details::DecisionDetails;
use crate::domain::finding::{Evidence, Finding, FindingLabel, Origin, Place, Subject};
use crate::domain::model::{ModelIdentity, ModelRun};
use crate::domain::patient::Patient;
use crate::domain::reading::ReadingMode;
use crate::domain::score::{Assessment, Logit, OperatingPoint, Score};
use crate::domain::uid::{EventId, FindingId, ModelId, ReaderName, SeriesUid, SopInstanceUid, StudyUid};
use crate::jobs::store_hand::{listed, memory_of};
use crate::jobs::work::record;
use crate::review::command::{Command, Stamp};
use crate::review::digest::StudyDigest;
use crate::review::session::ReviewSession;
use crate::review::urgency::UrgencyRules;
use crate::review::work_item::{AuditSample, StudyCard, Viewing, WorkFilter};
use crate::store::StudyMemory;

/// What a reader waits for at most, ms.
const OPEN_MS: f64 = 500.0;
const FILTER_MS: f64 = 50.0;
const NOW_S: i64 = 1_790_000_000;

pub fn measure(dir: &Path, n_studies: u32, n_rounds: u32) -> Result<Sheet, String> {
    let scratch = Scratch::within(dir)?;
    let mut store = record::open_store(&scratch.path().join("review.sqlite").into()).map_err(|error| error.text)?;
    let mut memories = Vec::new();
    for n in 0..n_studies {
        let session = reviewed(n);
        let (findings, events) = (session.unkept_findings(), session.unkept_events());
        store.record(session.study(), &findings, &events).map_err(|error| error.to_string())?;
        memories.extend(memory(&session, n));
    }
    store.remember_studies(&memories).map_err(|error| error.to_string())?;
    let (viewing, rules) = (viewing(), UrgencyRules::default());
    let opened = || -> Result<Worklist, String> {
        let rows = store.worklist().map_err(|error| error.to_string())?;
        let mut worklist = Worklist::default();
        worklist.take_in(rows.into_iter().map(listed).collect());
        worklist.refresh(&viewing, &rules, &Default::default());
        Ok(worklist)
    };
    let worklist = opened()?;
    let items = &worklist.facts().items;
    if items.len() != n_studies as usize {
        return Err(format!("{} of {n_studies} studies are on the list", items.len()));
    }
    let filter = |text: &str| WorkFilter { text: text.to_owned(), hides_done: true, ..WorkFilter::default() };
    let mut ways = [
        Way::timed(Part::new("open", "from the store to the ordered list"), || opened().map(drop)),
        Way::timed(Part::new("filter", "every letter of a filter: five lists"), || {
            let n: usize = ["e", "ef", "eff", "effu", "effu ct"]
                .iter()
                .map(|text| filter(text).places(items, &viewing.viewer).len())
                .sum();
            if n == 0 { Err("the filter found nothing".to_owned()) } else { Ok(()) }
        }),
        Way::timed(Part::new("order", "the list ordered anew"), || {
            let mut items = items.clone();
            crate::review::work_item::sort(&mut items);
            Ok(())
        }),
        Way::timed(Part::new("digest", "one study's digest made anew from the record"), || {
            let session = record::review_or_new(store.as_ref(), &uid(29)).map_err(|error| error.text)?;
            let digest = StudyDigest::of(&session);
            if digest.flags.is_empty() { Err("the digest has no flag".to_owned()) } else { Ok(()) }
        }),
    ];
    let series = interleaved(n_rounds, &mut ways)?;
    let median = |id: &str| series.iter().find(|one| one.part.id == id).map_or(f64::NAN, |one| one.median() * 1e3);
    let (open_ms, filter_ms) = (median("open"), median("filter") / 5.0);
    let sheet = Sheet::new("worklist", n_rounds, series, &[])
        .with_fact("studies", n_studies)
        .with_target("open, ms", OPEN_MS, open_ms)
        .with_target("one letter of a filter, ms", FILTER_MS, filter_ms);
    Ok(sheet)
}

fn viewing() -> Viewing {
    Viewing {
        viewer: ReaderName::new("bench"),
        mode: ReadingMode::Concurrent,
        audit: AuditSample::default(),
        now_s: NOW_S,
    }
}

fn uid(n: u32) -> StudyUid {
    StudyUid::new(format!("1.2.826.0.1.3680043.8.498.{n}"))
}

/// Two of three studies are flagged; of those every fifth is decided.
fn reviewed(n: u32) -> ReviewSession {
    let study = uid(n);
    let mut session = ReviewSession::new(study.clone());
    let mut n_events = 0;
    let mut stamps = || {
        n_events += 1;
        Stamp {
            reader: ReaderName::new(format!("Reader {}", n % 7)),
            at: "2026-11-21T10:00:00+01:00".to_owned(),
            event: EventId::new(format!("{n}-{n_events}")),
        }
    };
    let suggested = [suggestion(&study, "Effusion", f64::from(n % 30) / 10.0 - 1.0), suggestion(&study, "Edema", -1.0)];
    let ids = suggested.each_ref().map(|finding| finding.id.clone());
    let commands = std::iter::once(Command::AddSuggestions(suggested.into())).chain(
        ids.into_iter().filter(|_| n.is_multiple_of(5)).map(|finding| Command::DecideWithoutScreen {
            finding,
            verdict: Verdict::Uncertain,
            comment: String::new(),
            details: DecisionDetails::default(),
        }),
    );
    for command in commands {
        // Nothing here is refused.
        drop(session.apply(command, &mut stamps));
    }
    session
}

fn memory(session: &ReviewSession, n: u32) -> Option<StudyMemory> {
    let card = StudyCard {
        patient: Patient {
            id: format!("P{:06}", n / 2),
            name: format!("Family{n}^Given{}", n % 100),
            birth_date: "19600102".to_owned(),
            sex: "F".to_owned(),
        },
        date: format!("2026{:02}{:02}", n % 12 + 1, n % 28 + 1),
        time: "101500".to_owned(),
        description: ["Thorax pa", "CT abdomen with contrast", "Chest STAT"][n as usize % 3].to_owned(),
        accession: format!("A{n:08}"),
        modalities: ["CR", "CT", "DX"][n as usize % 3].to_owned(),
        n_images: 2,
        places: vec!["/data/in".to_owned()],
        arrived_s: Some(NOW_S - i64::from(n) * 60),
        opened: None,
    };
    memory_of(session.study(), Some(&card), Some(&StudyDigest::of(session)))
}

fn suggestion(study: &StudyUid, label: &str, logit: f64) -> Arc<Finding> {
    let model = ModelIdentity {
        id: ModelId::new("bench"),
        name: "Bench".to_owned(),
        version: "1".to_owned(),
        weights_sha256: "00".repeat(32),
    };
    let run = ModelRun { model, inputs: Vec::new(), device: "cpu".to_owned(), seconds: 0.1, distance: None };
    let set = "bench".to_owned();
    let operating_point = OperatingPoint { threshold: 0.5, sensitivity: None, specificity: None, set, n: None };
    let subject = Subject {
        study: study.clone(),
        series: SeriesUid::new("1.2.3"),
        sop: SopInstanceUid::new("1.2.3.4"),
        frame: 0,
    };
    Arc::new(Finding {
        id: FindingId::new(format!("{label}-{study}")),
        subject,
        label: FindingLabel { id: label.to_lowercase(), name: label.to_owned(), code: None },
        origin: Origin::Model(Box::new(run)),
        assessment: Some(Assessment::new(Score::uncalibrated(Logit(logit), 1.0), operating_point)),
        place: Place::WholeImage,
        measurements: Vec::new(),
        evidence: Evidence::default(),
        notices: Vec::new(),
    })
}
