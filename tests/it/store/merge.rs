//! Another record into this one.

use overread::domain::decision::Verdict;
use overread::domain::uid::ReaderName;
use overread::store::ReviewStore;
use overread::store::error::StoreError;

use crate::record::{Desk, decide, reject, study, suggestion};
use crate::store::{Shelf, keep, replay};

fn desk(store: &dyn ReviewStore, name: &str, n_stamps: usize) -> Desk {
    let mut desk = Desk::with(replay(store.load(&study()).unwrap()));
    desk.reader = ReaderName::new(name);
    desk.n_stamps = n_stamps;
    ["a", "b", "c"].into_iter().for_each(|id| drop(desk.does(crate::record::show(id))));
    desk
}

/// Told to every engine: `open` gives one more connection to the same, empty record.
pub fn merging(open: &dyn Fn() -> Box<dyn ReviewStore>) {
    let mut ours = open();
    let shelf = Shelf::new();
    let mut theirs = shelf.open();
    // Both begin with the same record, then go their own ways.
    let mut common = Desk::with_three();
    let (findings, events) = (common.session.unkept_findings(), common.session.unkept_events());
    for store in [ours.as_mut(), &mut theirs as &mut dyn ReviewStore] {
        store.record(&study(), &findings, &events).unwrap();
    }
    keep(ours.as_mut(), &mut common.session);
    let mut ann = desk(ours.as_ref(), "Ann", 1000);
    ann.does(decide("a", Verdict::Accepted, ""));
    ann.does(decide("b", Verdict::Accepted, ""));
    keep(ours.as_mut(), &mut ann.session);
    let mut ben = desk(&theirs, "Ben", 2000);
    ben.does(decide("a", reject(), ""));
    ben.does(decide("b", Verdict::Accepted, ""));
    ben.does(decide("c", Verdict::Uncertain, ""));
    keep(&mut theirs, &mut ben.session);

    let parcel = theirs.pack().unwrap();
    let merged = ours.merge(&parcel).unwrap();
    assert_eq!((merged.n_events, merged.n_findings), (2, 0), "the agreement and what only Ben decided: {merged:?}");
    assert_eq!(merged.n_duplicates, events.len() as u64);
    assert_eq!(merged.conflicts.len(), 1, "{merged:?}");
    let session = replay(ours.load(&study()).unwrap());
    let verdict = |id: &str| Desk::with(session.clone()).decision(id);
    assert_eq!(verdict("a"), Some(Verdict::Accepted), "ours stays in force");
    assert_eq!((verdict("b"), verdict("c")), (Some(Verdict::Accepted), Some(Verdict::Uncertain)));
    let report = ours.verify().unwrap();
    assert!(report.is_intact(), "{report:?}");

    // Once is enough.
    let again = ours.merge(&parcel).unwrap();
    assert_eq!((again.n_events, again.conflicts.len()), (0, 0), "{again:?}");
}

#[test]
fn another_record_is_merged_into_a_file() {
    let shelf = Shelf::new();
    merging(&|| Box::new(shelf.open()));
}

#[test]
fn a_whole_record_goes_into_an_empty_one_and_comes_out_the_same() {
    let (full, empty) = (Shelf::filled(6), Shelf::new());
    let (full, mut empty) = (full.open(), empty.open());
    let merged = empty.merge(&full.pack().unwrap()).unwrap();
    assert_eq!((merged.n_findings, merged.conflicts.len()), (3, 0));
    let (before, after) = (full.load(&study()).unwrap(), empty.load(&study()).unwrap());
    assert_eq!(before.events, after.events);
    assert_eq!(before.findings.len(), after.findings.len());
    assert!(empty.verify().unwrap().is_intact());
}

#[test]
fn a_record_that_is_not_what_was_written_is_not_taken_in_and_a_merged_chain_is_watched() {
    let (theirs, ours) = (Shelf::filled(3), Shelf::new());
    theirs.tamper("UPDATE event SET actor = 'X' WHERE seq = 5");
    assert!(matches!(theirs.open().pack(), Err(StoreError::Altered { .. })));

    let theirs = Shelf::filled(3);
    ours.open().merge(&theirs.open().pack().unwrap()).unwrap();
    ours.tamper("UPDATE merged_event SET body = '{}' WHERE seq = 4");
    let report = ours.open().verify().unwrap();
    assert!(report.problems.iter().any(|problem| problem.text.contains("merged at event")), "{report:?}");
}

#[test]
fn a_finding_with_the_same_name_and_other_content_is_listed() {
    let (theirs, ours) = (Shelf::new(), Shelf::new());
    theirs.open().save_findings(&[suggestion("a", 1.0)]).unwrap();
    let mut ours = ours.open();
    ours.save_findings(&[suggestion("a", 2.0)]).unwrap();
    let merged = ours.merge(&theirs.open().pack().unwrap()).unwrap();
    assert_eq!((merged.n_findings, merged.conflicts.len()), (0, 1));
}
