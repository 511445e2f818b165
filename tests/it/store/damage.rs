//! Files of a record that were damaged, lost or mixed up: nothing is made anew, and nothing more is written.

use std::fs;
use std::path::{Path, PathBuf};

use overread::domain::decision::Verdict;
use overread::store::ReviewStore;
use overread::store::error::StoreError;
use overread::store::sqlite::OpenMode;

use crate::record::{Desk, decide, study};
use crate::store::{Shelf, keep};

fn beside(shelf: &Shelf, suffix: &str) -> PathBuf {
    let mut name = shelf.path().into_os_string();
    name.push(suffix);
    name.into()
}

/// A record as a killed program leaves it: its last events are in the log only.
fn killed(n_decisions: usize, n_pages: u32) -> Shelf {
    let (shelf, left) = (Shelf::new(), Shelf::new());
    let mut store = shelf.open();
    store.set_checkpoint_pages(n_pages).unwrap();
    let mut desk = Desk::with_three();
    keep(&mut store, &mut desk.session);
    for turn in 0..n_decisions {
        desk.does(decide("a", Verdict::Accepted, &format!("{turn} {}", "x".repeat(400))));
        keep(&mut store, &mut desk.session);
    }
    for suffix in ["", "-wal", "-shm", ".anchor"] {
        fs::copy(beside(&shelf, suffix), beside(&left, suffix)).unwrap();
    }
    left
}

fn n_events(shelf: &Shelf) -> usize {
    shelf.open().load(&study()).unwrap().events.len()
}

/// It says that it is not what was written, and takes nothing more.
fn check_refuses(name: &str, shelf: &Shelf) {
    match shelf.tries(OpenMode::ReadWrite) {
        Ok(store) => {
            assert!(store.is_read_only() && !store.verify().unwrap().is_intact(), "{name}");
        }
        Err(StoreError::Damaged { .. } | StoreError::NotARecord { .. } | StoreError::Missing { .. }) => {}
        Err(error) => panic!("{name}: {error}"),
    }
}

fn change(path: &Path, with: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    with(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_killed_program_and_a_garbled_index_lose_nothing() {
    assert_eq!(n_events(&killed(20, 1000)), 21);
    let shelf = killed(20, 1000);
    change(&beside(&shelf, "-shm"), |bytes| bytes.fill(0xA5));
    assert_eq!(n_events(&shelf), 21);
    assert!(shelf.open().verify().unwrap().is_intact());
}

#[test]
fn a_log_that_is_cut_gone_flipped_or_anothers_is_noticed_and_nothing_is_made_anew() {
    // With everything still in the log, and with the beginning written into the file.
    for n_pages in [1000, 12] {
        let name = |what: &str| format!("{what}, checkpoint after {n_pages} pages");
        let of = || killed(20, n_pages);

        let shelf = of();
        change(&beside(&shelf, "-wal"), |bytes| bytes.truncate(bytes.len() / 3));
        if n_pages == 1000 {
            check_refuses(&name("cut"), &shelf);
        }

        let shelf = of();
        let log = beside(&shelf, "-wal");
        if fs::metadata(&log).unwrap().len() > 0 && n_pages == 1000 {
            fs::remove_file(&log).unwrap();
            check_refuses(&name("gone"), &shelf);
            let left = fs::read(shelf.path()).unwrap();
            assert!(shelf.tries(OpenMode::ReadWrite).is_err(), "the first page alone is no record");
            assert_eq!(fs::read(shelf.path()).unwrap(), left, "nothing is made anew");
        }

        let shelf = of();
        change(&beside(&shelf, "-wal"), |bytes| {
            let at = bytes.len() / 2;
            bytes[at] ^= 1;
        });
        if n_pages == 1000 {
            check_refuses(&name("flipped"), &shelf);
        }

        let (shelf, other) = (of(), killed(7, n_pages));
        fs::copy(beside(&other, "-wal"), beside(&shelf, "-wal")).unwrap();
        check_refuses(&name("another's"), &shelf);
    }
}
