//! Two programs with one study open see each other; what an ended one left is no one.

use overread::domain::uid::{ReaderName, StudyUid};
use overread::store::ReviewStore;
use overread::store::sqlite::OpenMode;

use crate::record::study;
use crate::store::Shelf;

/// For every engine.
pub fn two_programs(open: &dyn Fn() -> Box<dyn ReviewStore>) {
    let (mut first, mut second) = (open(), open());
    let (ann, bob) = (ReaderName::new("Ann"), ReaderName::new("Bob"));
    assert_eq!(first.announce(&study(), &ann).unwrap(), []);
    let seen = second.announce(&study(), &bob).unwrap();
    assert_eq!(seen.iter().map(|one| (one.reader.as_str(), one.is_here)).collect::<Vec<_>>(), [("Ann", true)]);
    assert_eq!(first.announce(&study(), &ann).unwrap()[0].reader, bob);
    // Said again, nobody is there twice; elsewhere, nobody is here any more.
    assert_eq!(second.announce(&study(), &bob).unwrap().len(), 1);
    assert_eq!(second.announce(&StudyUid::new("9.9"), &bob).unwrap(), []);
    assert_eq!(first.announce(&study(), &ann).unwrap(), []);
    second.announce(&study(), &bob).unwrap();
    second.leave().unwrap();
    assert_eq!(first.announce(&study(), &ann).unwrap(), []);
    assert!(first.verify().unwrap().is_intact(), "it is no part of the record");
}

#[test]
fn two_programs_with_one_study_open_see_each_other() {
    let shelf = Shelf::filled(1);
    two_programs(&|| Box::new(shelf.open()));
}

#[test]
fn what_ended_programs_left_is_no_one_and_who_may_only_read_sees_and_is_not_seen() {
    let shelf = Shelf::filled(1);
    let (mut store, mut looker) = (shelf.open(), shelf.tries(OpenMode::ReadOnly).unwrap());
    let ann = ReaderName::new("Ann");
    store.announce(&study(), &ann).unwrap();
    assert_eq!(looker.announce(&study(), &ReaderName::new("Looker")).unwrap()[0].reader, ann);
    assert_eq!(store.announce(&study(), &ann).unwrap(), []);

    let mut ended = std::process::Command::new("true").spawn().unwrap();
    let pid = ended.id();
    ended.wait().unwrap();
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let conn = rusqlite::Connection::open(shelf.path()).unwrap();
    let put = |instance: &str, host: &str, pid: u32, seen: &str| {
        let sql = "INSERT INTO presence VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?5)";
        conn.execute(sql, rusqlite::params![study().as_str(), instance, host, pid, seen]).unwrap();
    };
    let now = jiff::Timestamp::now();
    let ago = |seconds: i64| (now - jiff::SignedDuration::from_secs(seconds)).to_string();
    put("killed here", host.trim(), pid, &ago(2));
    put("silent elsewhere", "other", 1, &ago(600));
    put("before its clock was set back", "other", 1, &ago(-86_400));
    put("at work elsewhere", "other", 1, &ago(60));
    let seen = store.announce(&study(), &ann).unwrap();
    let names: Vec<&str> = seen.iter().map(|one| one.reader.as_str()).collect();
    let expected = if cfg!(target_os = "linux") { vec!["at work elsewhere"] } else { names.clone() };
    assert_eq!(names, expected);
    let n_left: i64 = conn.query_row("SELECT COUNT(*) FROM presence", (), |row| row.get(0)).unwrap();
    assert_eq!(n_left, 1 + i64::try_from(names.len()).unwrap(), "the rest is swept");
}
