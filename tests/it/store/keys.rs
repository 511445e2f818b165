//! Encrypted records: nothing readable on the disk, the right key and no other, and every way from one cover to another.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use overread::jobs::work::keys::KeyRing;
use overread::jobs::work::record_place::{NewRecord, RecordPlace};
use overread::store::ReviewStore;
use overread::store::error::StoreError;
use overread::store::key::{Key, Salt};
use overread::store::keyring::{MemoryShelf, SecretShelf};
use overread::store::protection::Protection;
use overread::store::recasting::{self, Cover};
use overread::store::sqlite::{OpenMode, SqliteOptions, SqliteStore};

use crate::record::{Desk, study};
use crate::store::{Shelf, keep, story};

/// Stands in every event of the tests' reader.
const NAME: &[u8] = b"R. Eader";

fn key(byte: u8) -> Arc<Key> {
    Arc::new(Key::from_bytes(&[byte; 32]).unwrap())
}

fn open(path: &Path, key: Option<Arc<Key>>) -> Result<SqliteStore, StoreError> {
    SqliteStore::open_with(path, &SqliteOptions { key, ..SqliteOptions::new(OpenMode::ReadWrite) })
}

fn make_encrypted(path: &Path, key: &Arc<Key>) -> SqliteStore {
    let options = SqliteOptions::new(OpenMode::ReadWrite).with_new_key(Arc::clone(key), Salt::random());
    let mut store = SqliteStore::open_with(path, &options).unwrap();
    keep(&mut store, &mut Desk::with_three().session);
    store
}

fn has_in(path: &Path, words: &[u8]) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes.windows(words.len()).any(|window| window == words))
}

#[test]
fn an_encrypted_record_tells_the_story_and_shows_nothing_on_the_disk() {
    let shelf = Shelf::new();
    let (path, right) = (shelf.path(), key(1));
    let is_first = std::cell::Cell::new(true);
    story(&|| {
        let options = SqliteOptions::new(OpenMode::ReadWrite);
        let options = if is_first.replace(false) {
            options.with_new_key(Arc::clone(&right), Salt::random())
        } else {
            options.with_key(Arc::clone(&right))
        };
        Box::new(SqliteStore::open_with(&path, &options).unwrap())
    });
    let store = open(&path, Some(Arc::clone(&right))).unwrap();
    assert_eq!(store.how_kept().protection, Protection::Encrypted);
    let log = path.with_extension("db-wal");
    assert!(!has_in(&path, NAME) && !has_in(&log, NAME) && !has_in(&path, b"CREATE TABLE"));
    // A plain one is what this finds.
    let plain = Shelf::filled(1);
    assert!(has_in(&plain.path(), NAME));
}

#[test]
fn no_key_a_wrong_key_and_a_flipped_bit_are_told_apart_from_a_file_that_is_no_record() {
    let shelf = Shelf::new();
    let path = shelf.path();
    drop(make_encrypted(&path, &key(1)));
    let bytes = fs::read(&path).unwrap();
    assert!(matches!(open(&path, None), Err(StoreError::KeyNeeded { .. })));
    assert!(matches!(open(&path, Some(key(2))), Err(StoreError::WrongKey)));
    assert_eq!(fs::read(&path).unwrap(), bytes, "a wrong key changes nothing");

    let mut flipped = bytes.clone();
    let at = flipped.len() - 3000;
    flipped[at] ^= 1;
    fs::write(&path, &flipped).unwrap();
    let found = open(&path, Some(key(1))).and_then(|store| Ok(store.verify()?.is_intact()));
    assert!(!matches!(found, Ok(true)), "one flipped bit is noticed: {found:?}");

    fs::write(&path, "This is a letter, not a database. ".repeat(2000)).unwrap();
    assert!(matches!(open(&path, None), Err(StoreError::NotARecord { .. })));
}

#[test]
fn a_plain_record_is_encrypted_rekeyed_and_opened_up_again_with_every_event() {
    let shelf = Shelf::filled(5);
    let path = shelf.path();
    let head = shelf.open().verify().unwrap().head;
    let (salt, other) = (Salt::random(), Salt::random());
    let (first, second) = (key(1), key(2));
    let recast = |old: Option<&Key>, cover: Cover<'_>| recasting::recast(&path, old, cover).unwrap();

    assert_eq!(recast(None, Cover::Encrypted(&first, &salt)), head);
    assert_eq!(Salt::of(&path), Some(salt));
    assert!(!has_in(&path, NAME));
    assert!(open(&path, Some(key(1))).unwrap().verify().unwrap().is_intact());

    assert_eq!(recast(Some(&first), Cover::Encrypted(&second, &other)), head);
    assert!(matches!(open(&path, Some(key(1))), Err(StoreError::WrongKey)));
    let mut store = open(&path, Some(key(2))).unwrap();
    keep(&mut store, &mut Desk::with_three().session);
    assert!(store.verify().unwrap().is_intact());

    // Somebody has it open: nothing happens.
    let refused = recasting::recast(&path, Some(&key(2)), Cover::Plain);
    assert!(matches!(refused, Err(StoreError::Locked)), "{refused:?}");
    drop(store);
    assert!(matches!(recasting::recast(&path, Some(&key(3)), Cover::Plain), Err(StoreError::WrongKey)));
    recast(Some(&second), Cover::Plain);
    let store = open(&path, None).unwrap();
    assert_eq!(store.how_kept().protection, Protection::Plain);
    assert!(store.verify().unwrap().is_intact());
    let litter: Vec<_> =
        fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(litter.iter().all(|name| !name.to_string_lossy().contains("recast")), "{litter:?}");
}

#[test]
fn a_backup_opens_on_another_machine_with_the_recovery_key_alone() {
    let (shelf, elsewhere) = (Shelf::new(), Shelf::new());
    let right = key(7);
    let store = make_encrypted(&shelf.path(), &right);
    let salt = Salt::of(&shelf.path()).unwrap();
    // While the record is in use.
    let head = recasting::back_up(&shelf.path(), Some(&right), Cover::Encrypted(&right, &salt), &elsewhere.path());
    let head = head.unwrap();
    let words = right.recovery_words();
    drop(store);
    let place = RecordPlace { name: elsewhere.path(), keys: KeyRing::none(), new: NewRecord::Plain };
    assert!(matches!(place.open(OpenMode::ReadWrite).err(), Some(StoreError::KeyNeeded { .. })));
    let store = place.open_with_words(OpenMode::ReadWrite, &words).unwrap();
    let report = store.verify().unwrap();
    assert!(report.is_intact() && report.head == head, "{report:?}");
    let again = recasting::back_up(&shelf.path(), Some(&right), Cover::Plain, &elsewhere.path());
    assert!(again.is_err(), "nothing is written over");
}

#[test]
fn a_new_record_takes_its_key_from_the_keyring_and_is_plain_where_there_is_none() {
    let shelf = Shelf::new();
    let keyring = Arc::new(MemoryShelf::default());
    let place = |keys| RecordPlace { name: shelf.path(), keys, new: NewRecord::EncryptedIfKeyring };
    let with_keyring = place(KeyRing::over(Arc::clone(&keyring) as Arc<dyn SecretShelf>));
    let mut store = with_keyring.open(OpenMode::ReadWrite).unwrap();
    assert_eq!(store.how_kept().protection, Protection::Encrypted);
    keep(store.as_mut(), &mut Desk::with_three().session);
    drop(store);
    // The next start finds the key by itself.
    assert_eq!(with_keyring.open(OpenMode::ReadWrite).unwrap().load(&study()).unwrap().findings.len(), 3);
    // The keyring was emptied: then the key is asked for, and no new record is made.
    let emptied = place(KeyRing::over(Arc::new(MemoryShelf::default())));
    assert!(matches!(emptied.open(OpenMode::ReadWrite).err(), Some(StoreError::KeyNeeded { .. })));

    let bare = Shelf::new();
    let without = RecordPlace { name: bare.path(), keys: KeyRing::none(), new: NewRecord::EncryptedIfKeyring };
    assert_eq!(without.open(OpenMode::ReadWrite).unwrap().how_kept().protection, Protection::Plain);
}

#[test]
fn a_passphrase_opens_what_it_closed_from_a_key_file_too() {
    let shelf = Shelf::filled(1);
    let salt = Salt::random();
    let words = "four chairs, one tree frog";
    let made = Key::from_passphrase(words, &salt).unwrap();
    recasting::recast(&shelf.path(), None, Cover::Encrypted(&made, &salt)).unwrap();
    let file = shelf.path().with_extension("words");
    fs::write(&file, format!("{words}\nthe second line is not read\n")).unwrap();
    let keys = KeyRing::none().with_file(Some(file.clone()));
    let place = RecordPlace { name: shelf.path(), keys, new: NewRecord::Plain };
    assert!(place.open(OpenMode::ReadOnly).unwrap().verify().unwrap().is_intact());
    fs::write(&file, "three chairs\n").unwrap();
    assert!(matches!(place.open(OpenMode::ReadOnly).err(), Some(StoreError::WrongKey)));
    let shown = format!("{place:?} {made:?}");
    assert!(!shown.contains("frog") && !shown.contains("record.db"), "{shown}");
}
