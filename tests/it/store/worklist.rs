//! What the worklist finds again in the store.

use overread::domain::decision::Verdict;
use overread::domain::uid::StudyUid;
use overread::review::digest::StudyDigest;
use overread::store::{ReviewStore as _, StudyMemory};

use crate::record::{Desk, decide, study};
use crate::store::{Shelf, keep};

#[test]
fn the_worklist_lists_what_is_recorded_and_what_is_only_known_and_a_digest_says_when_it_is_stale() {
    let shelf = Shelf::new();
    let mut desk = Desk::with_three();
    keep(&mut shelf.open(), &mut desk.session);
    let digest = StudyDigest::of(&desk.session);
    let memory = |study: &StudyUid, card: Option<&str>, digest: Option<&StudyDigest>| StudyMemory {
        study: study.clone(),
        card: card.map(str::to_owned),
        digest: digest.map(|digest| serde_json::to_string(digest).unwrap()),
    };
    let only_known = StudyUid::new("1.2.3");
    let memories = [memory(&study(), None, Some(&digest)), memory(&only_known, Some("{}"), None)];
    shelf.open().remember_studies(&memories).unwrap();
    shelf.open().remember_studies(&[memory(&study(), Some("{\"n_images\":2}"), None)]).unwrap();
    let rows = shelf.open().worklist().unwrap();
    let [known, recorded] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((&known.study, known.n_events, known.card.as_deref()), (&only_known, 0, Some("{}")));
    assert_eq!(recorded.card.as_deref(), Some("{\"n_images\":2}"), "what is not said stays");
    let read = |row: &overread::store::WorklistRow| StudyDigest::read(row.digest.as_deref().unwrap(), row.n_events);
    assert_eq!(read(recorded), Some(digest));
    // Another program decides: the digest that was kept is of fewer events.
    desk.does(decide("a", Verdict::Uncertain, ""));
    keep(&mut shelf.open(), &mut desk.session);
    let rows = shelf.open().worklist().unwrap();
    assert_eq!(read(&rows[1]), None);
    assert!(shelf.open().verify().unwrap().is_intact(), "the memory is no part of the record");
}
