//! Where and when each event was written: old records without it stay readable, and nothing of it can be changed.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use overread::domain::decision::Verdict;
use overread::domain::uid::{EventId, ReaderName, SopInstanceUid};
use overread::review::event::ReviewEvent;
use overread::store::ReviewStore;
use overread::store::access_note::{AccessNote, ExportedFile};
use overread::store::clock::{Clock, Moment};
use overread::store::signing::Signer;
use overread::store::sqlite::{OpenMode, SqliteOptions, SqliteStore};
use sha2::{Digest as _, Sha256};

use crate::record::{Desk, decide, study};
use crate::store::{Shelf, keep, replay};

/// A record as the first version of this program made it, with `n` events of one review.
fn make_old(shelf: &Shelf, events: &[ReviewEvent]) {
    let conn = rusqlite::Connection::open(shelf.path()).unwrap();
    conn.execute_batch(include_str!("../../../src/store/migrations/sqlite/0001_record.sql")).unwrap();
    conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA user_version = 1; PRAGMA application_id = 1331053906")
        .unwrap();
    let mut prev = [0_u8; 32];
    for (seq, event) in (1_i64..).zip(events) {
        let body = canonical(&serde_json::to_value(event).unwrap());
        let wall = "2026-11-21T10:00:00Z";
        let mut sha = Sha256::new();
        sha.update(b"overread.review-record.event.v1\0");
        sha.update(seq.to_be_bytes());
        sha.update(prev);
        for text in [event.id.as_str(), study().as_str(), event.kind(), event.reader.as_str(), wall, &body] {
            sha.update((text.len() as u64).to_be_bytes());
            sha.update(text.as_bytes());
        }
        let hash: [u8; 32] = sha.finalize().into();
        let sql = "INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let values = (
            seq,
            event.id.as_str(),
            study().as_str().to_owned(),
            prev,
            hash,
            event.kind(),
            event.reader.as_str(),
            wall,
            body,
        );
        conn.execute(sql, values).unwrap();
        prev = hash;
    }
}

/// Keys sorted, no blanks: `serde_json`'s maps are sorted already.
fn canonical(value: &serde_json::Value) -> String {
    value.to_string()
}

fn withdrawn(id: &str) -> ReviewEvent {
    let mut desk = Desk::with_three();
    let event = desk.does(decide("a", Verdict::Uncertain, "")).remove(0);
    let change = overread::review::event::Change::SuggestionsRecorded {
        model: overread::domain::model::ModelIdentity {
            id: overread::domain::uid::ModelId::new("m"),
            name: "M".to_owned(),
            version: "1".to_owned(),
            weights_sha256: String::new(),
        },
        findings: Vec::new(),
    };
    ReviewEvent { id: EventId::new(id), change, schema: 1, ..event }
}

#[test]
fn a_record_of_the_first_version_opens_verifies_and_goes_on() {
    let shelf = Shelf::new();
    let events = [withdrawn("old-1"), withdrawn("old-2")];
    make_old(&shelf, &events);
    // Read as it is, where nothing may be written.
    let store = shelf.tries(OpenMode::ReadOnly).unwrap();
    assert_eq!(store.load(&study()).unwrap().events, events);
    let report = store.verify().unwrap();
    assert!(report.problems.iter().all(|problem| problem.text.contains("anchor is missing")), "{report:?}");
    drop(store);

    let mut store = shelf.open();
    keep(&mut store, &mut Desk::with_three().session);
    drop(store);
    let store = shelf.open();
    let report = store.verify().unwrap();
    assert!(report.is_intact(), "{report:?}");
    let log = store.read_log(0, 100).unwrap();
    let facts: Vec<_> = log.iter().map(|entry| entry.facts.as_ref().unwrap()).collect();
    assert!(facts[0].header.is_none() && facts[1].header.is_none());
    let newest = facts.last().unwrap();
    let header = newest.header.as_ref().unwrap();
    assert_eq!(newest.prev_hash, facts[facts.len() - 2].hash);
    assert!(!header.host.is_empty() && header.app_build.starts_with("overread") && !header.boot_id.is_empty());
    assert!(header.mono_ns > 0 && header.clock_flag.is_empty());

    // An old row cannot be made to pass as a new one, nor a new one as an old one.
    shelf.tamper("UPDATE event SET layout = NULL WHERE seq = (SELECT MAX(seq) FROM event)");
    assert!(!shelf.open().verify().unwrap().is_intact());
}

#[test]
fn nothing_of_the_header_can_be_changed_unseen() {
    for column in ["actor_role", "host", "app_build", "boot_id", "clock_flag"] {
        let shelf = Shelf::filled(3);
        shelf.tamper(&format!("UPDATE event SET {column} = 'other' WHERE seq = 5"));
        let report = shelf.open().verify().unwrap();
        assert!(report.problems.iter().any(|problem| problem.text.contains("Event 5 is not")), "{column}: {report:?}");
    }
    for column in ["tz_offset_s", "mono_ns"] {
        let shelf = Shelf::filled(3);
        shelf.tamper(&format!("UPDATE event SET {column} = {column} + 1 WHERE seq = 5"));
        assert!(!shelf.open().verify().unwrap().is_intact(), "{column}");
    }
}

struct Set(Mutex<Moment>);

impl Clock for Set {
    fn now(&self) -> Moment {
        self.0.lock().unwrap().clone()
    }
}

#[test]
fn a_clock_that_is_set_back_changes_no_order_and_is_written_down() {
    let shelf = Shelf::new();
    let start = Timestamp::from_second(1_796_000_000).unwrap();
    let moment = Moment { wall: start, tz_offset_s: 0, mono_ns: 1_000_000_000, boot_id: "b".to_owned() };
    let clock = Arc::new(Set(Mutex::new(moment)));
    let options =
        SqliteOptions { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..SqliteOptions::new(OpenMode::ReadWrite) };
    let mut store = SqliteStore::open_with(&shelf.path(), &options).unwrap();
    let mut desk = Desk::with_three();
    keep(&mut store, &mut desk.session);
    let mut decide_after = |store: &mut SqliteStore, wall_s: i64, mono_s: i64, offset: i64| {
        {
            let mut moment = clock.0.lock().unwrap();
            moment.wall = moment.wall.checked_add(SignedDuration::from_secs(wall_s)).unwrap();
            moment.mono_ns += mono_s * 1_000_000_000;
            moment.tz_offset_s = offset;
        }
        desk.does(decide("a", Verdict::Accepted, &format!("{wall_s}")));
        keep(store, &mut desk.session);
    };
    decide_after(&mut store, 10, 10, 0);
    decide_after(&mut store, -3600, 10, 0);
    // The next start of the program finds in the record when this machine wrote last.
    drop(store);
    let mut store = SqliteStore::open_with(&shelf.path(), &options).unwrap();
    decide_after(&mut store, 86_400, 10, 0);
    decide_after(&mut store, 60, 60, 7200);
    let log = store.read_log(0, 100).unwrap();
    let flags: Vec<String> = log
        .iter()
        .rev()
        .take(4)
        .rev()
        .map(|e| e.facts.as_ref().unwrap().header.as_ref().unwrap().clock_flag.clone())
        .collect();
    assert_eq!(flags, ["", "back", "jump", ""]);
    let session = replay(store.load(&study()).unwrap());
    let comments: Vec<&str> = session.findings()[0].history.iter().map(|d| d.comment.as_str()).collect();
    assert_eq!(comments, ["10", "-3600", "86400", "60"], "the order is that of the record");
    let report = store.verify().unwrap();
    assert!(report.is_intact() && report.remarks[0].contains("2 events"), "{report:?}");
}

/// A step that somebody's record has taken already is another step when it is edited.
#[test]
fn no_migration_is_ever_edited() {
    let frozen = [
        ("sqlite/0001_record.sql", "1619e54ab45af8cd96c13647b42fbbdd9e6b2e14d70f7b8e1e0b0221d2150abb"),
        ("sqlite/0002_study_memory.sql", "498a02bd3bbb254db6a1f3ec095960ac22cb7566a2c1562fe01a785d7c7bfad5"),
        ("sqlite/0003_header.sql", "e474d5d4b411ab69ef932150a996061a784e8a0860cf9bf6a1d3a0b088a091d7"),
        ("postgres/0001_record.sql", "186ce54efe123f7a514ed296c3c138b0e5005e2c95eeec15edc29d13a94f2ace"),
    ];
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
    for (name, hash) in frozen {
        let found: String = Sha256::digest(std::fs::read(folder.join(name)).unwrap())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(found, hash, "{name}: add a step instead");
    }
}

#[test]
fn who_looked_and_who_took_something_out_stands_in_the_chain_and_is_no_part_of_the_review() {
    let shelf = Shelf::filled(1);
    let mut store = shelf.open();
    let before = store.load(&study()).unwrap();
    let ann = ReaderName::new("Ann");
    let notes = [
        AccessNote::StudyOpened { n_images: 2 },
        AccessNote::ImagesDisplayed { sop: SopInstanceUid::new("1.2") },
        AccessNote::ReportExported {
            folder: "/out".to_owned(),
            formats: vec!["json".to_owned()],
            files: vec![ExportedFile { name: "report.json".to_owned(), sha256: "ab".repeat(32) }],
        },
    ];
    for note in &notes {
        store.note_access(&study(), &ann, note).unwrap();
    }
    let after = store.load(&study()).unwrap();
    assert_eq!((before.events.len(), before.version), (after.events.len(), after.version));
    assert_eq!(store.studies().unwrap()[0].n_events, before.events.len() as u64);
    let log = store.read_log(0, 100).unwrap();
    let kinds: Vec<&str> = log.iter().rev().take(3).rev().map(|e| e.facts.as_ref().unwrap().kind.as_str()).collect();
    assert_eq!(kinds, ["study_opened", "images_displayed", "report_exported"]);
    assert!(store.verify().unwrap().is_intact());
}

#[test]
fn a_device_signs_what_it_writes_and_a_foreign_hand_is_named() {
    let shelf = Shelf::filled(1);
    let mut store = shelf.open();
    assert!(!store.has_devices().unwrap());
    store.sign_with(Signer::from_secret(&[5; 32])).unwrap();
    let mut desk = Desk::with(replay(store.load(&study()).unwrap()));
    desk.n_stamps = 900;
    desk.does(decide("b", Verdict::Uncertain, ""));
    keep(&mut store, &mut desk.session);
    let report = store.verify().unwrap();
    assert!(report.is_intact() && report.n_signed == 2 && store.has_devices().unwrap(), "{report:?}");
    drop(store);
    shelf.tamper("UPDATE event SET sig = zeroblob(64) WHERE seq = (SELECT MAX(seq) FROM event)");
    let report = shelf.open().verify().unwrap();
    assert!(report.problems.iter().any(|problem| problem.text.contains("signature")), "{report:?}");
}
