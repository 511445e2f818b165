//! The record: a story every engine must tell, then what only SQLite can suffer.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops where it is")]

mod damage;
mod desks;
mod faults;
mod header;
mod keys;
mod machine;
mod merge;
mod power;
mod presence;
mod server;
mod shim;
mod worklist;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use overread::domain::decision::Verdict;
use overread::domain::finding::Finding;
use overread::domain::uid::{EventId, FindingId, StudyUid};
use overread::review::command::Command;
use overread::review::event::{Change, ReviewEvent};
use overread::review::session::{Keeping, ReviewSession};
use overread::store::error::StoreError;
use overread::store::sqlite::{Durability, OpenMode, SqliteStore};
use overread::store::{MAX_RECENT_PLACES, ReviewStore, StudyRecord};
use tempfile::TempDir;

use crate::record::{Desk, decide, readers_finding, reject, study, suggestion, suggestion_in};

/// A folder with a record in it.
pub struct Shelf(TempDir);

impl Shelf {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("record.db")
    }

    fn anchor(&self) -> PathBuf {
        self.0.path().join("record.db.anchor")
    }

    fn open(&self) -> SqliteStore {
        self.tries(OpenMode::ReadWrite).unwrap()
    }

    fn tries(&self, mode: OpenMode) -> Result<SqliteStore, StoreError> {
        SqliteStore::open(&self.path(), mode)
    }

    /// Three suggestions and `n` decisions, stored.
    fn filled(n: usize) -> Self {
        let shelf = Self::new();
        let mut desk = Desk::with_three();
        for turn in 0..n {
            desk.does(decide("a", Verdict::Accepted, &format!("{turn}")));
        }
        keep(&mut shelf.open(), &mut desk.session);
        shelf
    }

    /// What somebody with SQLite at hand could do, the guards taken away.
    fn tamper(&self, sql: &str) {
        let conn = rusqlite::Connection::open(self.path()).unwrap();
        let guards = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'";
        let guards: Vec<(String, String)> = {
            let mut statement = conn.prepare(guards).unwrap();
            let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.map(Result::unwrap).collect()
        };
        conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        guards.iter().for_each(|(name, _)| conn.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
        conn.execute_batch(sql).unwrap();
        guards.iter().for_each(|(_, sql)| conn.execute_batch(sql).unwrap());
    }
}

pub fn keep(store: &mut dyn ReviewStore, session: &mut ReviewSession) {
    let events = session.unkept_events();
    store.record(session.study(), &session.unkept_findings(), &events).unwrap();
    events.iter().for_each(|event| session.mark_kept(&event.id));
}

pub fn replay(record: StudyRecord) -> ReviewSession {
    ReviewSession::replay(study(), record.findings, record.events)
}

/// All of a finding; equal texts are equal findings down to the overlay.
pub fn told(finding: &Finding) -> String {
    let Finding { evidence, .. } = finding;
    let masks: Vec<_> = evidence.segments.iter().map(|segment| segment.mask.runs()).collect();
    let map = evidence.saliency.as_ref().map(|map| (map.facts(), map.values()));
    format!("{finding:?} {masks:?} {map:?}")
}

pub fn story(open: &dyn Fn() -> Box<dyn ReviewStore>) {
    let mut store = open();
    assert!(!store.is_read_only() && store.read_only_reason().is_none());
    assert!(store.load(&study()).unwrap().events.is_empty());
    assert!(store.verify().unwrap().is_intact());

    let mut desk = Desk::with_three();
    desk.does(Command::AddFinding(readers_finding("r", "Nodule")));
    desk.does(decide("a", Verdict::Accepted, ""));
    desk.does(decide("b", reject(), "rib"));
    desk.does(Command::Undo);
    keep(store.as_mut(), &mut desk.session);
    assert_eq!(desk.session.keeping(), Keeping::Kept);

    // Saying it all again changes nothing.
    let events: Vec<ReviewEvent> = desk.session.events().iter().map(|logged| logged.event.clone()).collect();
    store.append(&study(), &events).unwrap();
    store.save_findings(&[suggestion("a", -3.0)]).unwrap();
    drop(store);

    let mut store = open();
    let record = store.load(&study()).unwrap();
    assert_eq!(record.events, events, "to the last digit");
    let reloaded = replay(record);
    assert_eq!(reloaded.findings().len(), 4);
    for (stored, live) in reloaded.findings().iter().zip(desk.session.findings()) {
        assert_eq!(told(&stored.finding), told(&live.finding));
        assert_eq!(stored.decision.as_ref().map(|d| &d.verdict), live.decision.as_ref().map(|d| &d.verdict));
        assert_eq!((stored.history.len(), &stored.keeping), (live.history.len(), &Keeping::Kept));
    }
    assert!(reloaded.can_undo() && reloaded.can_redo());
    let of = |id: &str| Arc::clone(&reloaded.finding(&FindingId::new(id)).unwrap().finding.evidence.segments[0]);
    assert!(Arc::ptr_eq(&of("a"), &of("b")), "a mask that findings share is one mask again");

    refusals(store.as_mut(), &events);
    conveniences(store.as_mut());
    let report = store.verify().unwrap();
    assert!(report.is_intact() && report.remarks.is_empty(), "{report:?}");
    assert_eq!(report.n_findings, 5);
}

fn refusals(store: &mut dyn ReviewStore, events: &[ReviewEvent]) {
    let mut forged = events[0].clone();
    forged.at = "2000-01-01T00:00:00Z".to_owned();
    assert!(matches!(store.append(&study(), &[forged]), Err(StoreError::EventConflict)));
    let with = |id: &str, change| ReviewEvent { id: EventId::new(id), change, ..events[0].clone() };
    let unknown = with("x1", Change::FindingWithdrawn { finding: FindingId::new("nobody") });
    assert!(matches!(store.append(&study(), std::slice::from_ref(&unknown)), Err(StoreError::UnknownFinding)));
    let undoes_nothing = with("x2", Change::Undone { event: EventId::new("never") });
    assert!(matches!(store.append(&study(), &[undoes_nothing]), Err(StoreError::UnknownEvent)));
    let other = StudyUid::new("9.9");
    assert!(matches!(store.record(&other, &[suggestion("z", 1.0)], &[]), Err(StoreError::OtherStudy)));
    let mut endless = Finding::clone(&suggestion("z", 1.0));
    endless.measurements[0].value = f64::NAN;
    assert!(matches!(store.save_findings(&[Arc::new(endless)]), Err(StoreError::Unwritable)));
    // One bad event takes the good ones of the same call with it.
    let good = with("x3", Change::FindingWithdrawn { finding: FindingId::new("r") });
    assert!(store.append(&study(), &[good, unknown]).is_err());
    assert_eq!(store.load(&study()).unwrap().events.len(), events.len());
}

fn conveniences(store: &mut dyn ReviewStore) {
    let other = StudyUid::new("9.9");
    store.save_findings(&[suggestion_in(&other, "a", 1.0)]).unwrap();
    assert_eq!(store.load(&other).unwrap().findings.len(), 1, "one id in two studies is two findings");
    assert_eq!(store.studies().unwrap().iter().map(|s| s.study.clone()).collect::<Vec<_>>(), [study()]);
    assert_eq!(store.load_view(&study()).unwrap(), None);
    store.save_view(&study(), "{\"zoom\":1}").unwrap();
    store.save_view(&study(), "{\"zoom\":2}").unwrap();
    assert_eq!(store.load_view(&study()).unwrap().as_deref(), Some("{\"zoom\":2}"));
    for n in 0..MAX_RECENT_PLACES + 5 {
        store.remember_place(Path::new(&format!("/scans/{n}"))).unwrap();
    }
    store.remember_place(Path::new("/scans/10")).unwrap();
    let places = store.recent_places().unwrap();
    assert_eq!(places.len(), MAX_RECENT_PLACES);
    assert_eq!(places[0].path, Path::new("/scans/10"));
    store.forget_places().unwrap();
    assert!(store.recent_places().unwrap().is_empty());
}

#[test]
fn sqlite_tells_the_story() {
    let shelf = Shelf::new();
    story(&|| Box::new(shelf.open()));
    let litter: Vec<_> = fs::read_dir(shelf.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(litter.len(), 2, "the record and its anchor: {litter:?}");
}

#[test]
fn every_commit_is_synced_and_sqlite_says_so() {
    let shelf = Shelf::new();
    let durability = shelf.open().durability().unwrap();
    assert_eq!(durability, Durability { journal_mode: "wal".to_owned(), synchronous: 2 });
}

#[test]
fn events_and_findings_can_be_neither_changed_nor_deleted() {
    let shelf = Shelf::filled(2);
    let conn = rusqlite::Connection::open(shelf.path()).unwrap();
    for table in ["event", "finding", "blob"] {
        assert!(conn.execute(&format!("DELETE FROM {table}"), ()).is_err());
        assert!(conn.execute(&format!("UPDATE {table} SET rowid = rowid + 100"), ()).is_err());
    }
}

#[test]
fn every_kind_of_tampering_is_named_by_verify() {
    let swap = "UPDATE event SET seq = -5 WHERE seq = 5; UPDATE event SET seq = 5 WHERE seq = 6;
                UPDATE event SET seq = 6 WHERE seq = -5";
    let swap_bodies = "CREATE TEMP TABLE t AS SELECT seq, event_id, body FROM event;
                       UPDATE event SET event_id = seq WHERE seq IN (5, 6);
                       UPDATE event SET body = (SELECT body FROM t WHERE t.seq = 11 - event.seq),
                           event_id = (SELECT event_id FROM t WHERE t.seq = 11 - event.seq) WHERE seq IN (5, 6)";
    let insert = "UPDATE event SET seq = -seq WHERE seq > 5; UPDATE event SET seq = 1 - seq WHERE seq < 0;
                  INSERT INTO event (seq, event_id, study, prev_hash, hash, kind, actor, wall_utc, body)
                  SELECT 6, 'forged', study, prev_hash, hash, kind, actor, wall_utc, body
                  FROM event WHERE seq = 5";
    let cases = [
        (
            "edit of a body",
            "UPDATE event SET body = replace(body, 'accepted', 'uncertain') WHERE seq = 6",
            "Event 6 is not",
        ),
        ("edit of an actor", "UPDATE event SET actor = 'X' WHERE seq = 6", "Event 6 is not"),
        ("edit of a hash", "UPDATE event SET hash = zeroblob(32) WHERE seq = 6", "Event 7 does not follow"),
        ("swap of rows", swap, "Event 5 is not"),
        ("swap of bodies", swap_bodies, "Event 6 is not"),
        ("insert", insert, "Event 6 does not follow"),
        ("inner delete", "DELETE FROM event WHERE seq = 6", "missing"),
        ("delete of the first", "DELETE FROM event WHERE seq = 1", "missing"),
        ("tail truncation", "DELETE FROM event WHERE seq > 9", "the last events are missing"),
        ("emptied", "DELETE FROM event; DELETE FROM finding", "the last events are missing"),
        ("edit of a finding", "UPDATE finding SET content = replace(content, '0.5', '0.9')", "does not match its hash"),
        (
            "edit of a finding with its hash",
            "UPDATE finding SET content_sha256 = (SELECT sha256 FROM blob LIMIT 1)",
            "not the one that was stored",
        ),
        ("delete of a finding", "DELETE FROM finding WHERE finding_id = 'b'", "is missing"),
        ("edit of a mask", "UPDATE blob SET bytes = zeroblob(length(bytes))", "mask or map does not match"),
        ("delete of a mask", "DELETE FROM blob", "a mask or map is missing"),
        ("guards dropped", "SELECT 1", ""),
    ];
    for (name, sql, says) in cases {
        let shelf = Shelf::filled(8);
        assert!(shelf.open().verify().unwrap().is_intact());
        shelf.tamper(sql);
        let report = shelf.open().verify().unwrap();
        let texts: Vec<_> = report.problems.iter().map(|problem| problem.text.as_str()).collect();
        let is_named = texts.iter().any(|text| text.contains(says));
        assert!(is_named || says.is_empty(), "{name}: {texts:?}");
        assert_eq!(report.is_intact(), says.is_empty(), "{name}: {texts:?}");
    }
    let shelf = Shelf::filled(1);
    rusqlite::Connection::open(shelf.path()).unwrap().execute_batch("DROP TRIGGER event_stays").unwrap();
    assert!(!shelf.open().verify().unwrap().is_intact());
}

#[test]
fn a_record_that_lost_its_tail_opens_for_reading_and_takes_no_more() {
    let shelf = Shelf::filled(8);
    shelf.tamper("DELETE FROM event WHERE seq > 9");
    let mut store = shelf.open();
    assert!(store.is_read_only());
    assert!(store.read_only_reason().unwrap().contains("altered from outside"));
    let event = store.load(&study()).unwrap().events.remove(0);
    let next = ReviewEvent { id: EventId::new("next"), ..event };
    assert!(matches!(store.append(&study(), std::slice::from_ref(&next)), Err(StoreError::Altered { .. })));

    // The same while the record is open.
    let shelf = Shelf::filled(8);
    let mut store = shelf.open();
    shelf.tamper("DELETE FROM event WHERE seq > 9");
    assert!(matches!(store.append(&study(), &[next]), Err(StoreError::Altered { .. })));
    assert!(store.is_read_only());
}

#[test]
fn a_lost_anchor_is_a_problem_and_after_the_next_append_a_lasting_remark() {
    let shelf = Shelf::filled(2);
    fs::remove_file(shelf.anchor()).unwrap();
    let mut store = shelf.open();
    assert!(!store.verify().unwrap().is_intact());
    let event = store.load(&study()).unwrap().events.remove(0);
    store.append(&study(), &[ReviewEvent { id: EventId::new("next"), ..event }]).unwrap();
    let report = store.verify().unwrap();
    assert!(report.is_intact() && report.remarks.len() == 1, "{report:?}");
    assert_eq!(store.load(&study()).unwrap().events.len(), 4);
}

#[test]
fn a_record_that_may_only_be_read_says_so_and_is_not_touched() {
    let shelf = Shelf::filled(2);
    let bytes = fs::read(shelf.path()).unwrap();
    let read_only = |store: &mut SqliteStore| {
        assert!(store.is_read_only());
        let record = store.load(&study()).unwrap();
        assert_eq!(record.events.len(), 3);
        assert!(store.verify().unwrap().is_intact());
        let failed = store.append(&study(), &record.events);
        assert!(matches!(failed, Err(StoreError::ReadOnly { .. })), "{failed:?}");
        assert!(store.save_view(&study(), "{}").is_err() && store.remember_place(Path::new("/x")).is_err());
    };
    read_only(&mut shelf.tries(OpenMode::ReadOnly).unwrap());
    let mut permissions = fs::metadata(shelf.path()).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(shelf.path(), permissions).unwrap();
    read_only(&mut shelf.tries(OpenMode::ReadWrite).unwrap());
    assert_eq!(fs::read(shelf.path()).unwrap(), bytes);
}

#[cfg(unix)]
#[test]
fn a_record_in_a_read_only_folder_can_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let shelf = Shelf::filled(2);
    fs::set_permissions(shelf.0.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let store = shelf.tries(OpenMode::ReadWrite);
    let n_events = store.as_ref().map(|store| store.load(&study()).unwrap().events.len());
    fs::set_permissions(shelf.0.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(n_events.ok(), Some(3));
    assert!(store.unwrap().is_read_only());
}

#[test]
fn what_is_not_a_record_is_refused_and_left_as_it_was_and_nothing_is_made_anew() {
    let shelf = Shelf::new();
    assert!(matches!(shelf.tries(OpenMode::ReadOnly), Err(StoreError::CannotOpen { .. })));
    assert!(!shelf.path().exists());

    fs::write(shelf.path(), "This is a letter, not a database.".repeat(40)).unwrap();
    let letter = fs::read(shelf.path()).unwrap();
    assert!(matches!(shelf.tries(OpenMode::ReadWrite), Err(StoreError::NotARecord { .. })));
    assert_eq!(fs::read(shelf.path()).unwrap(), letter);

    fs::remove_file(shelf.path()).unwrap();
    rusqlite::Connection::open(shelf.path()).unwrap().execute_batch("CREATE TABLE songs (id)").unwrap();
    let songs = fs::read(shelf.path()).unwrap();
    assert!(matches!(shelf.tries(OpenMode::ReadWrite), Err(StoreError::NotARecord { .. })));
    assert_eq!(fs::read(shelf.path()).unwrap(), songs);

    let shelf = Shelf::filled(1);
    rusqlite::Connection::open(shelf.path()).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    for mode in [OpenMode::ReadWrite, OpenMode::ReadOnly] {
        assert!(matches!(shelf.tries(mode), Err(StoreError::Newer { found: 99, .. })));
    }

    let shelf = Shelf::filled(1);
    fs::remove_file(shelf.path()).unwrap();
    assert!(matches!(shelf.tries(OpenMode::ReadWrite), Err(StoreError::Missing { .. })));
    assert!(!shelf.path().exists());

    let shelf = Shelf::filled(1);
    let mut bytes = fs::read(shelf.path()).unwrap();
    bytes[4096..8192].fill(0xA5);
    bytes[100..400].fill(0xA5);
    fs::write(shelf.path(), &bytes).unwrap();
    let refused = shelf.tries(OpenMode::ReadWrite).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged { .. } | StoreError::NotARecord { .. }), "{refused}");
    assert_eq!(fs::read(shelf.path()).unwrap(), bytes);
}

#[test]
fn two_programs_write_to_one_record_and_a_third_that_holds_it_is_waited_for_and_then_named() {
    let shelf = Shelf::new();
    let (mut window, mut shell) = (shelf.open(), shelf.open());
    let mut desk = Desk::with_three();
    keep(&mut window, &mut desk.session);
    let record = shell.load(&study()).unwrap();
    let mut other = Desk::with(replay(record));
    other.n_stamps = 1000;
    for turn in 0..10 {
        let comment = format!("{turn}");
        desk.does(decide("a", Verdict::Accepted, &comment));
        keep(&mut window, &mut desk.session);
        let finding = FindingId::new("b");
        other.does(Command::DecideWithoutScreen {
            finding,
            verdict: Verdict::Uncertain,
            comment,
            details: Default::default(),
        });
        keep(&mut shell, &mut other.session);
    }
    assert_eq!(window.load(&study()).unwrap().events.len(), 21);
    assert!(window.verify().unwrap().is_intact() && shell.verify().unwrap().is_intact());

    let holder = rusqlite::Connection::open(shelf.path()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    window.set_busy_timeout(Duration::from_millis(50)).unwrap();
    desk.does(decide("a", reject(), ""));
    let late = desk.session.unkept_events();
    assert!(matches!(window.append(&study(), &late), Err(StoreError::Locked)));
    holder.execute_batch("ROLLBACK").unwrap();
    window.append(&study(), &late).unwrap();
    assert_eq!(window.load(&study()).unwrap().events.len(), 22);
}

#[test]
fn a_thousand_decisions_are_all_there_after_reopening_and_a_commit_is_quick() {
    let shelf = Shelf::new();
    let mut store = shelf.open();
    let mut desk = Desk::with_three();
    keep(&mut store, &mut desk.session);
    let mut micros = Vec::new();
    for turn in 0..1000 {
        let events = desk.does(decide("a", Verdict::Accepted, &format!("{turn}")));
        let start = Instant::now();
        store.append(&study(), &events).unwrap();
        micros.push(start.elapsed().as_micros());
        events.iter().for_each(|event| desk.session.mark_kept(&event.id));
    }
    drop(store);
    micros.sort_unstable();
    println!("commit: median {} µs, 99th percentile {} µs", micros[500], micros[990]);
    let start = Instant::now();
    let store = shelf.open();
    let session = replay(store.load(&study()).unwrap());
    println!("open, load and replay: {:?}", start.elapsed());
    assert_eq!(session.finding(&FindingId::new("a")).unwrap().history.len(), 1000);
    let start = Instant::now();
    assert!(store.verify().unwrap().is_intact());
    println!("verify: {:?}", start.elapsed());
}

/// Names the record that the child appends to.
const CHILD: &str = "OVERREAD_TEST_APPEND_TO";

/// Only does something when the test below starts it as a process of its own.
#[test]
fn child_that_appends_until_it_is_killed() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let mut store = SqliteStore::open(Path::new(&path), OpenMode::ReadWrite).unwrap();
    let event = store.load(&study()).unwrap().events.remove(0);
    for n in 0.. {
        let id = format!("{}-{n}", std::process::id());
        store.append(&study(), &[ReviewEvent { id: EventId::new(&id), ..event.clone() }]).unwrap();
        println!("\nkept {id}");
    }
}

/// A thousand for a release: `OVERREAD_KILLS=1000`.
fn n_kills() -> u64 {
    std::env::var("OVERREAD_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(12)
}

#[test]
fn what_was_acknowledged_is_stored_however_often_the_program_is_killed() {
    let shelf = Shelf::filled(1);
    let mut acknowledged = Vec::new();
    for round in 0..n_kills() {
        let child = Process::new(std::env::current_exe().unwrap())
            .args(["store::child_that_appends_until_it_is_killed", "--exact", "--nocapture"])
            .env(CHILD, shelf.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = child.unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let kept = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("kept ").map(str::to_owned));
        let mut n_left = 1 + round * 7 % 21;
        for id in kept {
            acknowledged.push(id);
            n_left = n_left.saturating_sub(1);
            if n_left == 0 {
                std::thread::sleep(Duration::from_micros(round % 60 * 140));
                // What was written into the pipe before the end is still read by the loop.
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
    }
    let store = shelf.open();
    let stored: Vec<_> = store.load(&study()).unwrap().events.into_iter().map(|event| event.id).collect();
    let known: std::collections::BTreeSet<_> = stored.iter().map(EventId::as_str).collect();
    let lost: Vec<_> = acknowledged.iter().filter(|id| !known.contains(id.as_str())).collect();
    println!("{} kills, {} acknowledged, {} stored", n_kills(), acknowledged.len(), stored.len());
    assert!(acknowledged.len() >= 12 && lost.is_empty(), "{lost:?}");
    let report = store.verify().unwrap();
    assert!(report.is_intact(), "{report:?}");
}
