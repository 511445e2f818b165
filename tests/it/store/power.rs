//! Power cuts: everything a disk could hold after one is rebuilt from a trace of what it was asked to do.
//!
//! A cut can come between any two operations. What was synced is there; of what was written since, any part may be,
//! in any order, and a write may be torn at the disk's sectors of 512 bytes. A file whose directory entry was never
//! synced may be missing, one whose removal was not may be there again, and the anchor may be the one before. Whatever
//! is left must open, verify, be encrypted where it was to be, and hold every event whose append had returned.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use overread::domain::decision::Verdict;
use overread::domain::uid::EventId;
use overread::store::key::{Key, Salt};
use overread::store::protection::Protection;
use overread::store::sqlite::{OpenMode, SqliteOptions, SqliteStore};
use overread::store::{ReviewStore, StudyRecord};

use crate::record::{Desk, decide, study};
use crate::store::shim::{Op, Shim, Which};

/// Sectors tear between each other, never within.
const SECTOR: usize = 512;

/// Knuth's MMIX generator: the same states in every run.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n.max(1)
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// One file of the disk as it grows: what is safe, and what hangs in the balance.
#[derive(Clone, Default)]
struct Disk {
    exists: bool,
    /// Its name would survive.
    is_named: bool,
    synced: Vec<u8>,
    pending: Vec<Op>,
    /// What had the name before, as long as its removal is not on disk.
    ghost: Option<Box<Self>>,
}

fn put(bytes: &mut Vec<u8>, at: usize, part: &[u8]) {
    if bytes.len() < at + part.len() {
        bytes.resize(at + part.len(), 0);
    }
    bytes[at..at + part.len()].copy_from_slice(part);
}

impl Disk {
    fn follow(&mut self, op: &Op) {
        match op {
            Op::Write { .. } | Op::Truncate { .. } => {
                self.exists = true;
                self.pending.push(op.clone());
            }
            Op::Create { .. } => *self = Self { exists: true, ghost: self.ghost.take(), ..Self::default() },
            Op::Delete { .. } => {
                let gone = std::mem::take(self);
                self.ghost = if gone.is_named { Some(Box::new(gone)) } else { gone.ghost };
            }
            Op::Sync { .. } => {
                for op in std::mem::take(&mut self.pending) {
                    apply_whole(&mut self.synced, &op);
                }
            }
            Op::Acknowledged { .. } => {}
        }
    }

    /// Its folder was synced.
    fn settle(&mut self) {
        self.is_named = self.exists;
        self.ghost = None;
    }

    /// What may be left of it; `None` when not even its name.
    fn after_cut(&self, how: How, chance: &mut Chance) -> Option<Vec<u8>> {
        let is_there = self.exists && (self.is_named || how == How::All || how != How::Nothing && chance.coin());
        if !is_there {
            let stays = how == How::Nothing || how != How::All && chance.coin();
            return self.ghost.as_ref().filter(|_| stays).and_then(|ghost| ghost.after_cut(how, chance));
        }
        let mut bytes = self.synced.clone();
        for op in &self.pending {
            match (how, op) {
                (How::Nothing, _) => {}
                (How::All, op) => apply_whole(&mut bytes, op),
                (How::Some, op) => {
                    if chance.coin() {
                        apply_whole(&mut bytes, op);
                    }
                }
                (How::Torn, Op::Write { at, bytes: part, .. }) => {
                    let start = usize::try_from(*at).unwrap();
                    for (index, sector) in part.chunks(SECTOR).enumerate() {
                        if chance.coin() {
                            put(&mut bytes, start + index * SECTOR, sector);
                        }
                    }
                }
                (How::Torn, op) => {
                    if chance.coin() {
                        apply_whole(&mut bytes, op);
                    }
                }
            }
        }
        Some(bytes)
    }
}

fn apply_whole(bytes: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write { at, bytes: part, .. } => put(bytes, usize::try_from(*at).unwrap(), part),
        Op::Truncate { size, .. } => bytes.resize(usize::try_from(*size).unwrap(), 0),
        _ => {}
    }
}

fn follow(files: &mut BTreeMap<Which, Disk>, which: Which, op: &Op) {
    files.entry(which).or_default().follow(op);
    // With the first sync of a journal or log SQLite also syncs the folder, and so all names in it.
    let syncs_folder = matches!(op, Op::Sync { which: Which::Journal | Which::Log })
        && files.get(&which).is_some_and(|disk| !disk.is_named);
    if syncs_folder {
        files.values_mut().for_each(Disk::settle);
    }
}

/// What a disk may do with what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Nothing,
    All,
    Some,
    Torn,
}

#[derive(Debug, Default)]
struct Tally {
    n_states: usize,
    n_lost: usize,
    n_corrupt: usize,
    /// The first of each, for whoever has to find out why.
    first: Vec<String>,
}

struct Run {
    trace: Vec<Op>,
    /// In the order in which their appends returned.
    acknowledged: Vec<EventId>,
    key: Option<Arc<Key>>,
}

/// A record is made and `n_appends` decisions are kept, all of it written down.
fn traced(name: &str, n_appends: usize, key: Option<Arc<Key>>, promise: Promise) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.db");
    let shim = Shim::register(name);
    shim.start_trace();
    let mut options = options(key.clone());
    options.vfs = Some(shim.name.clone());
    if let Some(key) = &key {
        options = options.with_new_key(Arc::clone(key), Salt::random());
    }
    let mut store = SqliteStore::open_with(&path, &options).unwrap();
    if promise == Promise::Weakened {
        store.weaken_for_test_of_tests().unwrap();
    }
    // A checkpoint every so many pages, so that the trace has several.
    store.set_checkpoint_pages(40).unwrap();
    let mut desk = Desk::with_three();
    let (findings, events) = (desk.session.unkept_findings(), desk.session.unkept_events());
    store.record(&study(), &findings, &events).unwrap();
    let mut acknowledged: Vec<EventId> = events.iter().map(|event| event.id.clone()).collect();
    let anchor = |path: &Path| fs::read(path.with_extension("db.anchor")).unwrap();
    shim.acknowledge(acknowledged.len(), anchor(&path));
    for turn in 0..n_appends {
        let verdict = if turn % 2 == 0 { Verdict::Accepted } else { Verdict::Uncertain };
        let events = desk.does(decide("a", verdict, &"x".repeat(turn * 37 % 900)));
        store.append(&study(), &events).unwrap();
        acknowledged.extend(events.iter().map(|event| event.id.clone()));
        shim.acknowledge(acknowledged.len(), anchor(&path));
    }
    let trace = shim.take_trace();
    Run { trace, acknowledged, key }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Promise {
    Held,
    /// `synchronous` NORMAL.
    Weakened,
}

fn options(key: Option<Arc<Key>>) -> SqliteOptions {
    SqliteOptions { key, ..SqliteOptions::new(OpenMode::ReadWrite) }
}

impl Run {
    /// Cuts the power at `n_cuts` places and looks at every kind of remains.
    fn cut(&self, n_cuts: usize, chance: &mut Chance) -> Tally {
        let folder = tempfile::tempdir_in(fast_folder()).unwrap();
        let mut cuts: Vec<usize> = (0..n_cuts).map(|_| chance.below(self.trace.len() + 1)).collect();
        cuts.sort_unstable();
        let mut tally = Tally::default();
        let mut files: BTreeMap<Which, Disk> = BTreeMap::new();
        let (mut n_acknowledged, mut anchors) = (0, vec![None]);
        let mut next = 0;
        for cut in cuts {
            for op in &self.trace[next..cut] {
                match op {
                    Op::Acknowledged { n, anchor } => {
                        n_acknowledged = *n;
                        anchors.push(Some(anchor.clone()));
                    }
                    Op::Write { which, .. }
                    | Op::Truncate { which, .. }
                    | Op::Sync { which }
                    | Op::Create { which }
                    | Op::Delete { which } => follow(&mut files, *which, op),
                }
            }
            next = cut;
            for how in [How::Nothing, How::All, How::Some, How::Some, How::Torn, How::Torn, How::Torn] {
                let remains: BTreeMap<Which, Option<Vec<u8>>> =
                    files.iter().map(|(which, disk)| (*which, disk.after_cut(how, chance))).collect();
                let anchor = &anchors[anchors.len() - 1 - chance.below(2).min(anchors.len() - 1)];
                self.look(folder.path(), &remains, anchor.as_deref(), n_acknowledged, &mut tally);
            }
        }
        tally
    }

    fn look(
        &self,
        folder: &Path,
        remains: &BTreeMap<Which, Option<Vec<u8>>>,
        anchor: Option<&[u8]>,
        n_acknowledged: usize,
        tally: &mut Tally,
    ) {
        tally.n_states += 1;
        let place = folder.join(format!("{}", tally.n_states));
        fs::create_dir(&place).unwrap();
        let names = [(Which::Main, "record.db"), (Which::Log, "record.db-wal"), (Which::Journal, "record.db-journal")];
        let mut left = String::new();
        for (which, name) in names {
            if let Some(Some(bytes)) = remains.get(&which) {
                fs::write(place.join(name), bytes).unwrap();
                left.push_str(&format!("{name} {} bytes; ", bytes.len()));
            }
        }
        if let Some(anchor) = anchor {
            fs::write(place.join("record.db.anchor"), anchor).unwrap();
        }
        let path = place.join("record.db");
        let mut options = options(self.key.clone());
        // Before the first acknowledged append there may be no record at all: then a new one is made.
        options.salt = Some(Salt([7; 16]));
        let looked = SqliteStore::open_with(&path, &options).and_then(|store| {
            let report = store.verify()?;
            let is_covered = (store.how_kept().protection == Protection::Encrypted) == self.key.is_some();
            Ok((store.load(&study())?, report, store.read_only_reason(), is_covered))
        });
        match looked {
            Ok((StudyRecord { events, .. }, report, read_only, is_covered)) => {
                let stored: Vec<&EventId> = events.iter().map(|event| &event.id).collect();
                let acknowledged = &self.acknowledged[..n_acknowledged];
                let n_missing = acknowledged.iter().filter(|id| !stored.contains(id)).count();
                let is_lost = n_missing > 0 || read_only.is_some();
                // Between the first commit and its anchor there is none yet.
                let is_corrupt =
                    !is_covered || report.problems.iter().any(|problem| !problem.text.contains("anchor is missing"));
                tally.n_lost += usize::from(is_lost);
                tally.n_corrupt += usize::from(is_corrupt && !is_lost);
                if (is_lost || is_corrupt) && tally.first.len() < 3 {
                    let what = format!("{n_missing} of {n_acknowledged} missing, covered: {is_covered}");
                    tally.first.push(format!("{left}{what}, {read_only:?}, {report:?}"));
                }
            }
            Err(error) => {
                tally.n_corrupt += 1;
                if tally.first.len() < 3 {
                    tally.first.push(format!("{left}with {n_acknowledged} acknowledged: {error}"));
                }
            }
        }
        fs::remove_dir_all(&place).unwrap();
    }
}

/// Memory where there is such a folder: what is rebuilt here need not survive anything.
fn fast_folder() -> std::path::PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

fn states_wanted(usual: usize) -> usize {
    std::env::var("OVERREAD_CRASH_STATES").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

fn check_survives(n_states: usize) {
    let mut total = Tally::default();
    let key = || Some(Arc::new(Key::from_bytes(&[9; 32]).unwrap()));
    for (index, key) in [None, key()].into_iter().enumerate() {
        let run = traced(&format!("power-{n_states}-{index}"), 120, key, Promise::Held);
        let tally = run.cut(n_states / 14 + 1, &mut Chance(11 + index as u64));
        total.n_states += tally.n_states;
        total.n_lost += tally.n_lost;
        total.n_corrupt += tally.n_corrupt;
        total.first.extend(tally.first);
    }
    println!("{} crash states: {} lost, {} corrupt", total.n_states, total.n_lost, total.n_corrupt);
    assert!(total.n_states >= n_states);
    assert!(total.n_lost == 0 && total.n_corrupt == 0, "{total:#?}");
}

#[test]
fn no_power_cut_loses_an_acknowledged_decision_or_leaves_a_record_that_is_not_what_was_written() {
    check_survives(states_wanted(1400));
}

#[test]
#[ignore = "takes a minute: for a release, and for whoever has changed how the record is written"]
fn ten_thousand_power_cuts() {
    check_survives(states_wanted(10_000));
}

#[test]
fn the_same_cuts_find_what_is_lost_when_commits_are_not_synced() {
    let run = traced("power-normal", 120, None, Promise::Weakened);
    let tally = run.cut(60, &mut Chance(5));
    println!("without the sync: {} of {} states lose decisions", tally.n_lost, tally.n_states);
    assert!(tally.n_lost > tally.n_states / 10, "{tally:?}");
}
