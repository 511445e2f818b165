//! Two desks at one study: what does not touch is kept, what does is shown to the second, and both stay in the record.

use overread::domain::decision::Verdict;
use overread::domain::uid::{EventId, FindingId, ReaderName};
use overread::review::command::Command;
use overread::review::session::Keeping;
use overread::store::ReviewStore;
use overread::store::conflict::{Basis, Conflict};
use overread::store::error::StoreError;

use crate::record::{Desk, decide, reject, show, study};
use crate::store::{Shelf, keep, replay};

/// A reader at a desk of their own, who knows the record as it was when they sat down.
struct Reader {
    desk: Desk,
    basis: Basis,
}

impl Reader {
    fn sits_down(store: &dyn ReviewStore, name: &str, n_stamps: usize) -> Self {
        let record = store.load(&study()).unwrap();
        let basis = Basis { version: record.version, ..Basis::default() };
        let mut desk = Desk::with(replay(record));
        desk.reader = ReaderName::new(name);
        desk.n_stamps = n_stamps;
        ["a", "b", "c"].into_iter().for_each(|id| drop(desk.does(show(id))));
        Self { desk, basis }
    }

    fn keeps(&mut self, store: &mut dyn ReviewStore) -> Result<bool, Vec<Conflict>> {
        let events = self.desk.session.unkept_events();
        match store.record_onto(&study(), Some(&self.basis), &[], &events) {
            Ok(receipt) => {
                events.iter().for_each(|event| self.desk.session.mark_kept(&event.id));
                self.basis.own.extend(events.into_iter().map(|event| event.id));
                Ok(receipt.has_unseen)
            }
            Err(StoreError::Conflict { conflicts }) => Err(conflicts),
            Err(error) => panic!("{error}"),
        }
    }

    fn looks_again(&mut self, store: &dyn ReviewStore) {
        let record = store.load(&study()).unwrap();
        self.basis = Basis { version: record.version, ..Basis::default() };
        self.desk.session.refresh(record.findings, record.events);
    }
}

/// Told to every engine: `open` gives one more connection to the same, empty record.
pub fn two_desks(open: &dyn Fn() -> Box<dyn ReviewStore>) {
    let (mut first, mut second) = (open(), open());
    keep(first.as_mut(), &mut Desk::with_three().session);
    let mut ann = Reader::sits_down(first.as_ref(), "Ann", 1000);
    let mut ben = Reader::sits_down(second.as_ref(), "Ben", 2000);

    ann.desk.does(decide("a", Verdict::Accepted, ""));
    assert_eq!(ann.keeps(first.as_mut()), Ok(false));
    // Another finding: nobody is in anybody's way, and Ben hears that there is news.
    ben.desk.does(decide("b", reject(), ""));
    assert_eq!(ben.keeps(second.as_mut()), Ok(true));

    // The same finding: Ann's stands, Ben's is kept beside it.
    ben.desk.does(decide("a", reject(), ""));
    ben.desk.does(decide("c", Verdict::Uncertain, ""));
    let late: Vec<EventId> = ben.desk.session.unkept_events().into_iter().map(|event| event.id).collect();
    let conflicts = ben.keeps(second.as_mut()).unwrap_err();
    assert_eq!(conflicts.len(), 1);
    let Conflict { event, finding, theirs } = &conflicts[0];
    assert_eq!((event, finding.as_ref()), (&late[0], Some(&FindingId::new("a"))));
    assert_eq!((&theirs.reader, theirs.decision().unwrap().verdict), (&ReaderName::new("Ann"), Verdict::Accepted));
    // Tried once more without looking, it is refused once more and written down once.
    assert!(ben.keeps(second.as_mut()).is_err());

    ben.desk.session.retract(&[late[0].clone()]);
    ben.looks_again(second.as_ref());
    assert_eq!(ben.desk.decision("a"), Some(Verdict::Accepted), "Ben sees what Ann decided");
    assert_eq!(ben.keeps(second.as_mut()), Ok(false), "what was not in the way is kept now");
    assert_eq!(ben.desk.session.keeping(), Keeping::Kept);
    ben.desk.does(decide("a", Verdict::NotAssessable, "seen Ann's"));
    assert_eq!(ben.keeps(second.as_mut()), Ok(false));

    // An undo of what another has decided meanwhile is a conflict too.
    ann.desk.does(Command::Undo);
    assert_eq!(ann.keeps(first.as_mut()).unwrap_err()[0].theirs.reader, ReaderName::new("Ben"));

    let log = first.read_log(0, 1000).unwrap();
    let kept_beside = log.iter().filter_map(|entry| entry.facts.as_ref()).filter(|f| f.kind == "decision_conflicted");
    let told: Vec<&str> = kept_beside.map(|facts| facts.body["event"]["reader"].as_str().unwrap()).collect();
    assert_eq!(told, ["Ben", "Ann"]);
    assert!(first.verify().unwrap().is_intact() && second.verify().unwrap().is_intact());
}

#[test]
fn two_desks_on_a_file() {
    let shelf = Shelf::new();
    two_desks(&|| Box::new(shelf.open()));
}
