//! `overread store`: where the record is, its key, its backup, and other records into it.

pub mod arguments;
pub mod prompt;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::app::cli::arguments::Common;
use crate::app::cli::output::{self, Outcome};
use crate::app::cli::record_place;
use crate::app::cli::store::arguments::{MergeArguments, NewKeyArguments, NewKeyKind, StoreArguments, StoreWhat};
use crate::jobs::work::keys::{KeyRing, words_of};
use crate::jobs::work::record::{self, NotDone};
use crate::jobs::work::record_place::RecordPlace;
use crate::store::error::StoreError;
use crate::store::key::{Key, Salt};
use crate::store::recasting::{self, Cover};

/// What a command says: a document, the same in words, and how it ended.
struct Said {
    document: Value,
    lines: Vec<String>,
    outcome: Outcome,
}

impl Said {
    fn done(document: Value, line: String) -> Self {
        Self { document, lines: vec![line], outcome: Outcome::Done }
    }
}

pub fn run(arguments: &StoreArguments, common: &Common) -> Outcome {
    let place = record_place(common);
    let said = match &arguments.what {
        StoreWhat::Status => status(&place),
        StoreWhat::Encrypt(arguments) => encrypt(&place, arguments),
        StoreWhat::Decrypt => decrypt(&place),
        StoreWhat::RecoveryKey(arguments) => recovery_key(&place, &arguments.to),
        StoreWhat::Backup(arguments) => back_up(&place, &arguments.to),
        StoreWhat::Merge(arguments) => merge(&place, arguments),
        StoreWhat::Sign => sign(&place),
    };
    match said {
        Ok(Said { document, lines, outcome }) => {
            if arguments.json {
                output::print_document(&output::stamped(document));
            } else {
                lines.iter().for_each(|line| output::line(line));
            }
            outcome
        }
        Err(NotDone { code, text }) => output::failed(arguments.json, code, &text),
    }
}

fn of_store(error: StoreError) -> NotDone {
    NotDone::of_store(&error)
}

/// Commands that take a file apart.
fn file(place: &RecordPlace) -> Result<&Path, NotDone> {
    record::must_exist(place)?;
    let text = "This works on a record in a file; a server keeps, encrypts and backs up by its own means";
    place.file().ok_or_else(|| NotDone { code: "store_on_server", text: text.to_owned() })
}

fn status(place: &RecordPlace) -> Result<Said, NotDone> {
    let store = record::open_store_to_read(place)?;
    let how_kept = store.how_kept();
    let studies = store.studies().map_err(of_store)?;
    let n_events: u64 = studies.iter().map(|study| study.n_events).sum();
    let document = json!({
        "place": how_kept.place_words(), "protection": how_kept.protection.words(),
        "durability": how_kept.durability, "studies": studies.len(), "review_events": n_events,
    });
    let held = format!("{} studies, {n_events} events of review.", studies.len());
    Ok(Said { document, lines: vec![how_kept.sentence(), held], outcome: Outcome::Done })
}

fn encrypt(place: &RecordPlace, arguments: &NewKeyArguments) -> Result<Said, NotDone> {
    let path = file(place)?;
    let old_salt = Salt::of(path);
    let old = place.key(path).map_err(of_store)?;
    let salt = Salt::random();
    let key = match arguments.kind {
        NewKeyKind::Keyring => {
            let key = Key::random().map_err(of_store)?;
            place.keys.keep(&salt, &key).map_err(|error| NotDone {
                code: "no_keyring",
                text: format!("The key cannot be kept: {error}. Nothing was changed; take --with passphrase"),
            })?;
            key
        }
        NewKeyKind::Passphrase => {
            let words = new_passphrase(arguments)?;
            Key::from_passphrase(&words, &salt).map_err(of_store)?
        }
    };
    if let Some(to) = &arguments.recovery_key {
        write_recovery_key(to, &key)?;
    }
    let head = recasting::recast(path, old.as_deref(), Cover::Encrypted(&key, &salt)).map_err(of_store)?;
    if let Some(old_salt) = old_salt.filter(|_| arguments.kind == NewKeyKind::Passphrase || old.is_some()) {
        forget(place, &old_salt);
    }
    let with = match arguments.kind {
        NewKeyKind::Keyring => "a key in this computer's keyring",
        NewKeyKind::Passphrase => "a key from the passphrase",
    };
    let line = format!("Encrypted with {with}; {} events, all verified.", head.count);
    let warning = "What the disk held before may still be found on it by special means. Keep a recovery key: \
                   overread store recovery-key --to FILE";
    let document = json!({ "encrypted": true, "events": head.count, "head": head.seq });
    Ok(Said { document, lines: vec![line, warning.to_owned()], outcome: Outcome::Done })
}

/// The old key is of no use any more; that it stays where the keyring refuses harms nothing.
fn forget(place: &RecordPlace, salt: &Salt) {
    if let Err(error) = place.keys.forget(salt) {
        log::debug!("the old key stays in the keyring: {error}");
    }
}

fn new_passphrase(arguments: &NewKeyArguments) -> Result<Zeroizing<String>, NotDone> {
    if let Some(file) = &arguments.new_key_file {
        return words_of(file).map_err(of_store);
    }
    let usage = |text: &str| NotDone { code: "usage", text: text.to_owned() };
    let nobody = "There is no terminal to ask at: give the new passphrase with --new-key-file FILE";
    let words = prompt::ask("New passphrase").ok_or_else(|| usage(nobody))?;
    match prompt::ask("Once more") {
        Some(again) if again == words => Ok(words),
        _ => Err(usage("The two were not the same; nothing was changed")),
    }
}

fn decrypt(place: &RecordPlace) -> Result<Said, NotDone> {
    let path = file(place)?;
    let Some(salt) = Salt::of(path) else {
        return Ok(Said::done(json!({ "encrypted": false }), "The record is not encrypted.".to_owned()));
    };
    let key = place.key(path).map_err(of_store)?;
    let head = recasting::recast(path, key.as_deref(), Cover::Plain).map_err(of_store)?;
    forget(place, &salt);
    let line = format!("No longer encrypted; {} events, all verified.", head.count);
    Ok(Said::done(json!({ "encrypted": false, "events": head.count }), line))
}

fn recovery_key(place: &RecordPlace, to: &Path) -> Result<Said, NotDone> {
    let path = file(place)?;
    let not_encrypted = || NotDone { code: "not_encrypted", text: "The record is not encrypted".to_owned() };
    let key = place.key(path).map_err(of_store)?.ok_or_else(not_encrypted)?;
    // The right one, before somebody relies on it.
    drop(record::open_store_to_read(place)?);
    write_recovery_key(to, &key)?;
    let line = format!("The recovery key is in {}. Keep it away from the record.", to.display());
    Ok(Said::done(json!({ "to": output::path(to) }), line))
}

/// Into a new file that only this user reads.
fn write_recovery_key(to: &Path, key: &Key) -> Result<(), NotDone> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let words = key.recovery_words();
    let written = options.open(to).and_then(|mut file| {
        file.write_all(words.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    });
    written.map_err(|error| NotDone {
        code: "not_written",
        text: format!("The recovery key was not written ({}): {}", error.kind(), to.display()),
    })
}

fn back_up(place: &RecordPlace, to: &Path) -> Result<Said, NotDone> {
    let path = file(place)?;
    let key = place.key(path).map_err(of_store)?;
    let salt = Salt::of(path);
    let cover = match (&key, &salt) {
        (Some(key), Some(salt)) => Cover::Encrypted(key, salt),
        _ => Cover::Plain,
    };
    let head = recasting::back_up(path, key.as_deref(), cover, to).map_err(of_store)?;
    let line = format!("{} events copied to {} and verified there.", head.count, to.display());
    Ok(Said::done(json!({ "to": output::path(to), "events": head.count }), line))
}

fn merge(place: &RecordPlace, arguments: &MergeArguments) -> Result<Said, NotDone> {
    let other = RecordPlace {
        name: arguments.other.clone(),
        keys: KeyRing::default().with_file(arguments.other_key_file.clone()),
        ..RecordPlace::default()
    };
    let parcel = record::open_store_to_read(&other)?.pack().map_err(of_store)?;
    let mut store = record::open_store(place)?;
    let merged = store.merge(&parcel).map_err(of_store)?;
    let mut lines = vec![format!(
        "{} events and {} findings taken over, {} events were here already, {} conflicts.",
        merged.n_events,
        merged.n_findings,
        merged.n_duplicates,
        merged.conflicts.len()
    )];
    lines.extend(merged.conflicts.iter().map(|conflict| format!("  {}: {}", conflict.study, conflict.text)));
    let outcome = if merged.conflicts.is_empty() { Outcome::Done } else { Outcome::Partly };
    Ok(Said { document: json!(merged), lines, outcome })
}

fn sign(place: &RecordPlace) -> Result<Said, NotDone> {
    drop(record::open_existing_store(place)?);
    let signer = place.keys.device_signer().map_err(|error| NotDone {
        code: "no_keyring",
        text: format!("This device has no key to sign with: {error}"),
    })?;
    let device = signer.device();
    place.enroll(signer).map_err(of_store)?;
    let line = format!("Device {device} signs from now on what this user keeps here.");
    Ok(Said::done(json!({ "device": device }), line))
}
