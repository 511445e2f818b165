//! A disk that is full or broken at every single operation: each time the append says so, and nothing kept is lost.

use std::path::Path;

use overread::domain::decision::Verdict;
use overread::domain::uid::EventId;
use overread::store::ReviewStore;
use overread::store::error::StoreError;
use overread::store::sqlite::{OpenMode, SqliteOptions, SqliteStore};

use crate::record::{Desk, decide, study};
use crate::store::shim::{Fault, Shim};
use crate::store::{Shelf, keep, replay};

fn open_through(shim: &Shim, path: &Path) -> Result<SqliteStore, StoreError> {
    let options = SqliteOptions { vfs: Some(shim.name.clone()), ..SqliteOptions::new(OpenMode::ReadWrite) };
    SqliteStore::open_with(path, &options)
}

/// Four decisions with a disk that fails from its `k`th operation on; whether it failed at all.
fn decide_on(shim: &Shim, fault: Fault, k: u64, is_lasting: bool) -> bool {
    let shelf = Shelf::filled(2);
    let mut store = open_through(shim, &shelf.path()).unwrap();
    store.set_checkpoint_pages(6).unwrap();
    let mut desk = Desk::with(replay(store.load(&study()).unwrap()));
    desk.n_stamps = 500;
    let mut acknowledged: Vec<EventId> = Vec::new();
    let mut failures = Vec::new();
    shim.fail(fault, k, is_lasting);
    for turn in 0..4 {
        desk.does(decide("a", if turn % 2 == 0 { Verdict::Uncertain } else { Verdict::NotAssessable }, "again"));
        // What could not be kept is tried again with the next, as the window does.
        let events = desk.session.unkept_events();
        match store.append(&study(), &events) {
            Ok(()) => {
                for event in &events {
                    desk.session.mark_kept(&event.id);
                    acknowledged.push(event.id.clone());
                }
            }
            Err(error) => {
                assert!(error.is_passing(), "{fault:?} at {k}: {error} ({})", error.code());
                failures.push(error.code());
            }
        }
    }
    let n_failed = shim.mend();
    // Nothing fails any more: what is still open is kept now, and no second copy of anything is made.
    keep(&mut store, &mut desk.session);
    acknowledged.extend(desk.session.events().iter().map(|logged| logged.event.id.clone()));
    drop(store);
    let store = shelf.open();
    let stored: Vec<EventId> = store.load(&study()).unwrap().events.into_iter().map(|event| event.id).collect();
    assert!(acknowledged.iter().all(|id| stored.contains(id)), "{fault:?} at {k}: lost");
    let mut once = stored.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), stored.len(), "{fault:?} at {k}: kept twice");
    let report = store.verify().unwrap();
    assert!(report.is_intact(), "{fault:?} at {k}, after {failures:?}: {report:?}");
    n_failed > 0
}

#[test]
fn a_disk_that_fails_at_any_operation_is_noticed_and_nothing_acknowledged_is_lost() {
    let shim = Shim::register("faults");
    for fault in [Fault::Full, Fault::Broken] {
        for is_lasting in [false, true] {
            let mut n_hit = 0;
            for k in 0.. {
                if !decide_on(&shim, fault, k, is_lasting) && k > 60 {
                    break;
                }
                n_hit += 1;
                assert!(k < 400, "the appends never end");
            }
            println!("{fault:?}, lasting {is_lasting}: {n_hit} operations failed one by one");
            assert!(n_hit > 20);
        }
    }
}
