//! `overread audit` and `overread store` from the outside.

use std::fs;
use std::path::Path;
use std::process::Command;

use overread::domain::decision::Verdict;
use overread::domain::uid::{ReaderName, StudyUid};
use overread::store::ReviewStore as _;
use overread::store::access_note::{AccessNote, ExportedFile};
use overread::store::sqlite::{OpenMode, SqliteStore};
use serde_json::Value;

use crate::cli::{Place, text};
use crate::record::{Desk, decide, study};

/// A record with three suggestions and `n` decisions at the place's store.
pub fn fill(place: &Place, n: usize) {
    let mut store = SqliteStore::open(&place.at("review.sqlite"), OpenMode::ReadWrite).unwrap();
    let mut desk = Desk::with_three();
    for turn in 0..n {
        desk.does(decide("a", Verdict::Accepted, &format!("<&\"{turn}\u{1}")));
    }
    store.record(&study(), &desk.session.unkept_findings(), &desk.session.unkept_events()).unwrap();
}

#[test]
fn verify_says_intact_names_what_is_not_and_knows_a_head_that_was_written_down() {
    let place = Place::empty();
    fill(&place, 3);
    let (code, before) = place.document(&["audit", "verify"]);
    assert_eq!((code, &before["intact"], before["head"]["count"].as_i64()), (0, &Value::Bool(true), Some(7)));
    let head = before["head"]["hash"].as_str().unwrap().to_owned();
    assert_eq!(place.document(&["audit", "verify", "--head", &head]).0, 0);
    let spoken = String::from_utf8(place.run(&["audit", "verify"]).stdout).unwrap();
    assert!(spoken.starts_with("Intact: 7 events, 3 findings"), "{spoken}");

    // The end is cut off and the anchor put right: only the head that was written down still tells.
    let conn = rusqlite::Connection::open(place.at("review.sqlite")).unwrap();
    let cut = "DROP TRIGGER event_is_kept; DELETE FROM event WHERE seq = 7;
               CREATE TRIGGER event_is_kept BEFORE DELETE ON event
               BEGIN SELECT RAISE(ABORT, 'events are only appended'); END";
    conn.execute_batch(cut).unwrap();
    drop(conn);
    let (code, cut) = place.document(&["audit", "verify"]);
    assert_eq!((code, &cut["intact"]), (1, &Value::Bool(false)), "{cut}");
    fs::remove_file(place.at("review.sqlite.anchor")).unwrap();
    let (_, without) = place.document(&["audit", "verify", "--head", &head]);
    assert!(without["problems"].to_string().contains("written down earlier"), "{without}");
    assert_eq!(place.document(&["audit", "verify", "--head", "xyz"]).1["error"]["code"], "usage");
}

#[test]
fn where_the_record_ended_can_be_written_down_elsewhere_and_is_looked_for_later() {
    let place = Place::empty();
    fill(&place, 3);
    let anchors = place.at("anchors.jsonl");
    let (code, said) = place.document(&["audit", "anchor", "--to", text(&anchors)]);
    assert_eq!((code, said["head"]["seq"].as_i64()), (0, Some(7)), "{said}");
    assert_eq!(place.document(&["audit", "anchor", "--to", text(&anchors)]).0, 0);
    assert_eq!(fs::read_to_string(&anchors).unwrap().lines().count(), 2, "added, never replaced");
    assert_eq!(place.document(&["audit", "verify", "--anchors", text(&anchors)]).0, 0);

    // Whoever owns the machine can put a shorter record in its place, with an anchor that fits.
    let shorter = Place::empty();
    fill(&shorter, 2);
    for name in ["review.sqlite", "review.sqlite.anchor"] {
        fs::copy(shorter.at(name), place.at(name)).unwrap();
    }
    for name in ["review.sqlite-wal", "review.sqlite-shm"] {
        drop(fs::remove_file(place.at(name)));
    }
    assert_eq!(place.document(&["audit", "verify"]).0, 0);
    let (code, found) = place.document(&["audit", "verify", "--anchors", text(&anchors)]);
    assert_eq!((code, &found["intact"]), (1, &Value::Bool(false)), "{found}");
    fs::write(&anchors, "nonsense\n").unwrap();
    assert_eq!(place.document(&["audit", "verify", "--anchors", text(&anchors)]).1["error"]["code"], "anchors");
    assert_eq!(place.document(&["audit", "anchor"]).1["error"]["code"], "usage");
}

#[test]
fn show_lists_events_by_study_and_number_for_people_and_for_scripts() {
    let place = Place::empty();
    fill(&place, 2);
    let (code, all) = place.document(&["audit", "show"]);
    let events = all["events"].as_array().unwrap();
    assert_eq!((code, events.len()), (0, 6));
    assert_eq!(events[5]["kind"], "finding_decided");
    assert_eq!(events[5]["body"]["verdict"], "accepted");
    assert!(events[5]["header"]["host"].is_string());
    let some = place.document(&["audit", "show", "--after", "3", "--limit", "2"]).1;
    assert_eq!(
        some["events"].as_array().unwrap().iter().map(|e| e["seq"].as_i64().unwrap()).collect::<Vec<_>>(),
        [4, 5]
    );
    let none = place.document(&["audit", "show", "--study", "9.9.9"]).1;
    assert_eq!(none["events"].as_array().unwrap().len(), 0);
    let lines = String::from_utf8(place.run(&["audit", "show"]).stdout).unwrap();
    assert!(lines.lines().count() == 6 && lines.contains("R. Eader (reader)  finding decided: accepted"), "{lines}");
}

#[test]
fn audit_messages_follow_the_schema_of_the_standard() {
    let place = Place::empty();
    fill(&place, 2);
    look_and_search(&place);
    let folder = place.at("atna");
    let (code, done) = place.document(&["audit", "export", "--format", "dicom", "--to", text(&folder)]);
    assert_eq!((code, done["events"].as_u64()), (0, Some(9)));
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 9);
    let last = fs::read_to_string(&files[5]).unwrap();
    for part in [
        "<EventID csd-code=\"110103\" codeSystemName=\"DCM\" originalText=\"DICOM Instances Accessed\"/>",
        "EventActionCode=\"C\"",
        "UserID=\"R. Eader\" UserIsRequestor=\"true\"",
        "<ParticipantObjectIDTypeCode csd-code=\"110180\"",
    ] {
        assert!(last.contains(part), "{part}\n{last}");
    }
    let parts = ["EventActionCode=\"R\"", "<EventID csd-code=\"110112\"", "<EventID csd-code=\"110106\""];
    for (file, part) in files[6..].iter().zip(parts) {
        let message = fs::read_to_string(file).unwrap();
        assert!(message.contains(part) && message.contains("UserID=\"Ann &lt;&amp;&gt;\""), "{part}\n{message}");
    }
    let (code, again) = place.document(&["audit", "export", "--format", "dicom", "--to", text(&folder)]);
    assert_eq!((code, &again["error"]["code"]), (2, &Value::from("not_written")), "nothing is written over");
    validate(&files);

    let file = place.at("log.jsonl");
    assert_eq!(place.document(&["audit", "export", "--to", text(&file)]).0, 0);
    let lines = fs::read_to_string(&file).unwrap();
    assert_eq!(lines.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count(), 9);
}

/// What is done with a study beside deciding.
fn look_and_search(place: &Place) {
    let mut store = SqliteStore::open(&place.at("review.sqlite"), OpenMode::ReadWrite).unwrap();
    let ann = ReaderName::new("Ann <&>");
    store.note_access(&study(), &ann, &AccessNote::StudyOpened { n_images: 2 }).unwrap();
    let words = "M\u{fc}ller]]>\u{1}".to_owned();
    store.note_access(&StudyUid::new(""), &ann, &AccessNote::WorklistSearched { words, n_found: 3 }).unwrap();
    let files = vec![ExportedFile { name: "report.pdf".to_owned(), sha256: "ab".repeat(32) }];
    let (folder, formats) = ("/out/<1>".to_owned(), vec!["pdf".to_owned()]);
    store.note_access(&study(), &ann, &AccessNote::ReportExported { folder, formats, files }).unwrap();
}

/// Against the schema of PS3.15 A.5.1 in RELAX NG.
fn validate(files: &[std::path::PathBuf]) {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/audit/audit_message.rng");
    let checked = Command::new("xmllint").args(["--noout", "--relaxng"]).arg(&schema).args(files).output();
    match checked {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(_) => println!("skipped: xmllint is not installed, so the messages were not held against the schema"),
    }
}

#[test]
fn a_record_is_encrypted_backed_up_and_opened_with_a_key_file_and_no_secret_is_on_the_command_line() {
    let place = Place::empty();
    fill(&place, 2);
    let (words, other) = (place.at("words"), place.at("other"));
    fs::write(&words, "four chairs, one tree frog\n").unwrap();
    fs::write(&other, "three chairs\n").unwrap();
    assert_eq!(place.document(&["store", "status"]).1["protection"], "not encrypted");
    let recovery = place.at("recovery");
    let encrypt = ["store", "encrypt", "--with", "passphrase", "--new-key-file", text(&words)];
    let (code, done) = place.document(&[&encrypt[..], &["--recovery-key", text(&recovery)][..]].concat());
    assert_eq!((code, done["events"].as_i64()), (0, Some(6)), "{done}");
    assert!(fs::read_to_string(&recovery).unwrap().starts_with("OVR1-"));
    assert_eq!(place.document(&["store", "status"]).1["error"]["code"], "store_key_needed");
    assert_eq!(place.document(&["store", "status", "--key-file", text(&other)]).1["error"]["code"], "store_wrong_key");
    for key in [&words, &recovery] {
        let (code, found) = place.document(&["audit", "verify", "--key-file", text(key)]);
        assert_eq!((code, &found["protection"]), (0, &Value::from("encrypted")), "{found}");
    }
    let backup = place.at("backup.sqlite");
    assert_eq!(place.document(&["store", "backup", "--to", text(&backup), "--key-file", text(&words)]).0, 0);
    assert_eq!(place.document(&["store", "decrypt", "--key-file", text(&words)]).0, 0);
    assert_eq!(place.document(&["store", "status"]).1["protection"], "not encrypted");

    let merge = ["store", "merge", text(&backup), "--other-key-file", text(&recovery)];
    let (code, merged) = place.document(&merge);
    assert_eq!((code, merged["n_events"].as_u64()), (0, Some(0)), "{merged}");
    assert_eq!(place.document(&["audit", "verify"]).0, 0);
}
