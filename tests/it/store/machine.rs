//! Any order of opening, inferring, deciding, changing one's mind, being killed, restarting, clocks that jump, and two
//! readers: what was acknowledged is stored, the record verifies, and what is shown is what its events say.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use overread::domain::decision::Verdict;
use overread::domain::uid::{EventId, FindingId, ReaderName};
use overread::review::command::Command;
use overread::review::session::{Keeping, ReviewSession};
use overread::store::ReviewStore;
use overread::store::clock::{Clock, Moment};
use overread::store::conflict::Basis;
use overread::store::error::StoreError;
use overread::store::sqlite::{OpenMode, SqliteOptions, SqliteStore};

use crate::record::{Desk, decide, readers_finding, reject, show, study, suggestion};
use crate::store::power::Chance;
use crate::store::{Shelf, replay, told};

/// A clock that goes where it is set.
#[derive(Clone)]
struct Wayward(Arc<Mutex<Moment>>);

impl Clock for Wayward {
    fn now(&self) -> Moment {
        let mut moment = self.0.lock().unwrap();
        moment.wall = moment.wall.checked_add(SignedDuration::from_millis(700)).unwrap();
        moment.mono_ns += 700_000_000;
        moment.clone()
    }
}

struct Person {
    store: Option<SqliteStore>,
    desk: Desk,
    basis: Basis,
}

struct World {
    shelf: Shelf,
    clock: Wayward,
    people: [Person; 2],
    acknowledged: BTreeSet<EventId>,
    /// For identities that no restart repeats.
    n_starts: usize,
    steps: Vec<String>,
}

impl World {
    fn new() -> Self {
        let start = Moment {
            wall: Timestamp::from_second(1_796_000_000).unwrap(),
            tz_offset_s: 3600,
            mono_ns: 1,
            boot_id: "first".to_owned(),
        };
        let person = || Person { store: None, desk: Desk::new(), basis: Basis::default() };
        let mut world = Self {
            shelf: Shelf::new(),
            clock: Wayward(Arc::new(Mutex::new(start))),
            people: [person(), person()],
            acknowledged: BTreeSet::new(),
            n_starts: 0,
            steps: Vec::new(),
        };
        world.start(0);
        world.start(1);
        world
    }

    /// The program is started: the record is read, nothing was on screen yet.
    fn start(&mut self, who: usize) {
        self.n_starts += 1;
        let options = SqliteOptions { clock: Arc::new(self.clock.clone()), ..SqliteOptions::new(OpenMode::ReadWrite) };
        let store = SqliteStore::open_with(&self.shelf.path(), &options).unwrap();
        let record = store.load(&study()).unwrap();
        let basis = Basis { version: record.version, ..Basis::default() };
        let mut desk = Desk::with(replay(record));
        desk.reader = ReaderName::new(["Ann", "Ben"][who]);
        desk.n_stamps = self.n_starts * 10_000;
        self.people[who] = Person { store: Some(store), desk, basis };
    }

    fn keep(&mut self, who: usize) {
        let Person { store, desk, basis } = &mut self.people[who];
        let store = store.as_mut().unwrap();
        let (findings, events) = (desk.session.unkept_findings(), desk.session.unkept_events());
        if events.is_empty() {
            return;
        }
        match store.record_onto(&study(), Some(basis), &findings, &events) {
            Ok(receipt) => {
                for event in &events {
                    desk.session.mark_kept(&event.id);
                    self.acknowledged.insert(event.id.clone());
                }
                basis.own.extend(events.into_iter().map(|event| event.id));
                if receipt.has_unseen {
                    self.look(who);
                }
            }
            Err(StoreError::Conflict { conflicts }) => {
                let ids: Vec<EventId> = conflicts.into_iter().map(|conflict| conflict.event).collect();
                desk.session.retract(&ids);
                self.look(who);
                self.keep(who);
            }
            // What rested on a decision that was taken back is taken back with it.
            Err(StoreError::UnknownEvent | StoreError::UnknownFinding) => {
                let ids: Vec<EventId> = events.into_iter().map(|event| event.id).collect();
                desk.session.retract(&ids);
            }
            Err(error) => panic!("{error}\n{:#?}", self.steps),
        }
    }

    fn look(&mut self, who: usize) {
        let Person { store, desk, basis } = &mut self.people[who];
        let record = store.as_ref().unwrap().load(&study()).unwrap();
        *basis = Basis { version: record.version, ..Basis::default() };
        desk.session.refresh(record.findings, record.events);
    }

    fn step(&mut self, chance: &mut Chance) {
        let who = chance.below(2);
        let finding = ["a", "b", "c"][chance.below(3)];
        let act = chance.below(14);
        self.steps.push(format!("{who}: {act} on {finding}"));
        let desk = &mut self.people[who].desk;
        match act {
            0 => drop(desk.tries(Command::AddSuggestions(vec![suggestion(finding, 1.0)]))),
            1..=4 => {
                drop(desk.tries(show(finding)));
                let verdict =
                    [Verdict::Accepted, reject(), Verdict::Uncertain, Verdict::NotAssessable][act - 1].clone();
                drop(desk.tries(decide(finding, verdict, &format!("{}", self.steps.len()))));
            }
            5 => {
                let id = format!("own-{}", self.steps.len());
                drop(desk.tries(Command::AddFinding(readers_finding(&id, "Nodule"))));
            }
            6 => drop(desk.tries(Command::Undo)),
            7 => drop(desk.tries(Command::Redo)),
            // Killed between the decision and its append, and started again.
            8 => return self.start(who),
            // Killed right after the append, before it was known.
            9 => {
                let Person { store, desk, .. } = &mut self.people[who];
                let (findings, events) = (desk.session.unkept_findings(), desk.session.unkept_events());
                drop(store.as_mut().unwrap().record(&study(), &findings, &events));
                return self.start(who);
            }
            10 => self.set_clock(-3_600),
            11 => self.set_clock(315_360_000),
            12 => self.clock.0.lock().unwrap().boot_id = format!("boot-{}", self.steps.len()),
            _ => self.look(who),
        }
        // Sometimes the next act comes before the append.
        if chance.below(4) > 0 {
            self.keep(who);
        }
    }

    fn set_clock(&self, by_s: i64) {
        let mut moment = self.clock.0.lock().unwrap();
        let year_2100 = Timestamp::from_second(4_102_444_800).unwrap();
        if moment.wall < year_2100 {
            moment.wall = moment.wall.checked_add(SignedDuration::from_secs(by_s)).unwrap();
        }
    }

    fn check(&self) {
        let store = self.shelf.open();
        let record = store.load(&study()).unwrap();
        let stored: BTreeSet<EventId> = record.events.iter().map(|event| event.id.clone()).collect();
        assert!(self.acknowledged.is_subset(&stored), "{:#?}", self.steps);
        let known: BTreeSet<FindingId> = record.findings.iter().map(|finding| finding.id.clone()).collect();
        let named = record.events.iter().flat_map(|event| event.findings());
        assert!(named.into_iter().all(|finding| known.contains(finding)), "{:#?}", self.steps);
        let report = store.verify().unwrap();
        assert!(report.is_intact(), "{report:?} {:#?}", self.steps);
        // What a session shows after looking is what a fresh fold of the record shows.
        let fresh = replay(record);
        for person in &self.people {
            let record = store.load(&study()).unwrap();
            let mut session = person.desk.session.clone();
            let unkept: Vec<EventId> = session.unkept_events().into_iter().map(|event| event.id).collect();
            session.retract(&unkept);
            session.refresh(record.findings, record.events);
            assert_eq!(shown(&session), shown(&fresh), "{:#?}", self.steps);
        }
    }

    /// Out of this record and into an empty one.
    fn check_copy(&self) {
        let copy = Shelf::new();
        let mut copy = copy.open();
        let store = self.shelf.open();
        let merged = copy.merge(&store.pack().unwrap()).unwrap();
        assert!(merged.conflicts.is_empty(), "{merged:?}");
        let (before, after) = (store.load(&study()).unwrap(), copy.load(&study()).unwrap());
        assert_eq!(before.events, after.events, "{:#?}", self.steps);
        let told = |record: &overread::store::StudyRecord| -> BTreeSet<String> {
            record.findings.iter().map(|finding| told(finding)).collect()
        };
        assert_eq!(told(&before), told(&after));
        assert!(copy.verify().unwrap().is_intact());
    }
}

/// All that a reader sees of a review.
fn shown(session: &ReviewSession) -> Vec<String> {
    let findings = session.findings().iter().map(|review| {
        assert_eq!(review.keeping, Keeping::Kept);
        format!("{:?} {:?} {}", review.finding.id, review.decision, review.history.len())
    });
    findings.collect()
}

#[test]
fn whatever_happens_in_whatever_order_nothing_acknowledged_is_lost_and_everything_verifies() {
    let n_worlds = std::env::var("OVERREAD_WORLDS").ok().and_then(|n| n.parse().ok()).unwrap_or(25);
    let mut n_acknowledged = 0;
    for seed in 0..n_worlds {
        let mut world = World::new();
        let mut chance = Chance(seed * 7919 + 1);
        for step in 0..40 {
            world.step(&mut chance);
            if step % 8 == 7 {
                world.check();
            }
        }
        world.check();
        world.check_copy();
        n_acknowledged += world.acknowledged.len();
    }
    println!("{n_worlds} worlds, {n_acknowledged} acknowledged events");
    assert!(n_acknowledged > n_worlds as usize * 4);
}
