//! The hall without a screen: jobs, record and review together, as the loop runs them.

mod worklist;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use overread::app::hall::{App, AppOptions};
use overread::domain::decision::{RejectReason, Seen, SeenOverlay, Verdict};
use overread::domain::presentation::Window;
use overread::domain::uid::FindingId;
use overread::jobs::work::keys::KeyRing;
use overread::jobs::work::record_place::NewRecord;
use overread::review::session::Keeping;
use overread::store::ReviewStore as _;
use overread::store::log_entry::LogFacts;
use overread::store::sqlite::{OpenMode, SqliteStore};
use overread::ui::action::{
    Action, AnalysisAction, AppAction, DecisionRequest, ExportAction, OpenAction, ReviewAction, ViewAction,
};
use overread::ui::context::{AnalysisState, StoreState};
use overread::ui::dialogs::Dialog;
use overread::ui::record_action::{RecordAction, TypedSecret};
use overread::ui::shortcuts::Shortcut;
use overread::ui::view_state::{MaskStyle, WindowChoice};

use sha2::{Digest as _, Sha256};

use crate::data;

fn start(root: &Path, open: &[&str]) -> App {
    let options = AppOptions {
        importer: overread::import::Importer::default(),
        // Neither folder is there at a user's first start.
        store: root.join("data/overread/review.sqlite"),
        settings: root.join("config/settings.json"),
        demo_dir: root.join("demo"),
        open: open.iter().map(|name| root.join(name)).collect(),
        ..AppOptions::default()
    };
    App::start(options, Arc::new(|| {})).unwrap()
}

/// Runs the loop until `is_reached` says so.
fn run_until(app: &mut App, what: &str, is_reached: impl Fn(&App) -> bool) {
    let start = Instant::now();
    while !is_reached(app) {
        assert!(start.elapsed() < Duration::from_secs(120), "waited in vain for {what}");
        app.work();
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn ask(app: &mut App, action: impl Into<Action>) {
    app.actions.push(action.into());
    app.work();
}

fn has_findings(app: &App) -> bool {
    app.open_desk().is_some_and(|desk| !desk.session.findings().is_empty() && !desk.is_analyzing())
}

fn is_kept(app: &App) -> bool {
    app.open_desk().is_some_and(|desk| desk.session.keeping() == Keeping::Kept)
}

fn decide(app: &mut App, finding: &FindingId, verdict: Verdict) {
    let review = app.open_desk().unwrap().session.finding(finding).unwrap();
    let seen = Seen {
        sop: review.finding.subject.sop.clone(),
        frame: 0,
        window: None,
        zoom: 1.0,
        rotation_deg: 0,
        is_flipped: false,
        is_inverted: false,
        overlay: SeenOverlay { masks_shown: true, saliency_shown: false, opacity: 1.0, score_shown: true },
        circumstances: Default::default(),
    };
    let (seen, comment, details) = (Some(seen), String::new(), Default::default());
    let request = DecisionRequest { finding: finding.clone(), verdict, seen, comment, details };
    ask(app, ReviewAction::Decide(Box::new(request)));
}

fn verdict(app: &App, finding: &FindingId) -> Option<Verdict> {
    let review = app.open_desk()?.session.finding(finding)?;
    review.decision.as_ref().map(|decision| decision.verdict.clone())
}

#[test]
fn while_another_program_holds_the_record_a_decision_shows_as_not_saved_and_is_kept_once_it_lets_go() {
    let folder = tempfile::tempdir().unwrap();
    data::write_small_phantom(&folder.path().join("study"));
    let mut app = start(folder.path(), &["study"]);
    run_until(&mut app, "findings", has_findings);
    run_until(&mut app, "them to be kept", is_kept);
    let finding = app.open_desk().unwrap().session.findings()[0].finding.id.clone();
    ask(&mut app, ReviewAction::MarkDisplayed(finding.clone()));
    let holder = rusqlite::Connection::open(folder.path().join("data/overread/review.sqlite")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    decide(&mut app, &finding, Verdict::Accepted);
    assert_eq!(app.open_desk().unwrap().session.keeping(), Keeping::Pending, "nothing waits for the disk");
    run_until(&mut app, "the record to be given up", |app| {
        matches!(app.open_desk().unwrap().session.keeping(), Keeping::NotSaved(_))
    });
    let said: Vec<String> = app.voice.messages().iter().map(|message| message.text.clone()).collect();
    assert!(said.iter().any(|text| text.starts_with("NOT SAVED") && text.contains("in use")), "{said:?}");
    assert_eq!(verdict(&app, &finding), Some(Verdict::Accepted), "what was decided stays on the screen");
    holder.execute_batch("ROLLBACK").unwrap();
    ask(&mut app, ReviewAction::RetrySaving);
    run_until(&mut app, "the decision to be kept", is_kept);
    drop(app);
    let mut app = start(folder.path(), &["study"]);
    run_until(&mut app, "the record", has_findings);
    assert_eq!(verdict(&app, &finding), Some(Verdict::Accepted));
}

#[test]
fn who_opened_searched_and_exported_stands_in_the_record() {
    let folder = tempfile::tempdir().unwrap();
    data::write_small_phantom(&folder.path().join("study"));
    let record = folder.path().join("data/overread/review.sqlite");
    let noted = |kind: &str| -> Vec<LogFacts> {
        let store = SqliteStore::open(&record, OpenMode::ReadOnly).unwrap();
        let log = store.read_log(0, 1000).unwrap();
        log.into_iter().filter_map(|entry| entry.facts).filter(|facts| facts.kind == kind).collect()
    };
    let mut app = start(folder.path(), &["study"]);
    run_until(&mut app, "findings", has_findings);
    run_until(&mut app, "them to be kept", is_kept);
    let study = app.library.open.clone().unwrap();
    let opened = noted("study_opened");
    assert_eq!(opened.len(), 1, "{opened:?}");
    assert_eq!((opened[0].study.as_str(), &opened[0].actor), (study.as_str(), &app.preferences.reader.to_string()));

    app.view.transient.worklist.is_open = true;
    app.view.transient.worklist.filter.text = "phantom".to_owned();
    run_until(&mut app, "the search to be noted", |_| !noted("worklist_searched").is_empty());
    let searched = noted("worklist_searched");
    assert_eq!((searched.len(), &searched[0].body["words"]), (1, &"phantom".into()));
    app.view.transient.worklist.is_open = false;

    let out = folder.path().join("out");
    ask(&mut app, ExportAction::ToFolder(out.clone(), vec!["json".into(), "pdf".into()]));
    run_until(&mut app, "the export to be noted", |_| !noted("report_exported").is_empty());
    let exported = noted("report_exported").remove(0);
    assert_eq!(exported.body["folder"], out.display().to_string());
    for file in exported.body["files"].as_array().unwrap() {
        let bytes = std::fs::read(out.join(file["name"].as_str().unwrap())).unwrap();
        let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(file["sha256"], hash);
    }
    drop(app);
    let store = SqliteStore::open(&record, OpenMode::ReadOnly).unwrap();
    assert!(store.verify().unwrap().is_intact());
}

#[test]
fn without_a_keyring_a_reader_says_how_the_record_is_protected_before_anything_is_decided() {
    let folder = tempfile::tempdir().unwrap();
    data::write_small_phantom(&folder.path().join("study"));
    let options = || AppOptions {
        store: folder.path().join("review.sqlite"),
        keys: KeyRing::none(),
        new_record: NewRecord::EncryptedOrAsked,
        settings: folder.path().join("settings.json"),
        demo_dir: folder.path().join("demo"),
        open: vec![folder.path().join("study")],
        ..AppOptions::default()
    };
    let words = || TypedSecret(zeroize::Zeroizing::new("tree frog, four chairs".to_owned()));
    let mut app = App::start(options(), Arc::new(|| {})).unwrap();
    run_until(&mut app, "the question", |app| matches!(app.record.store, StoreState::Unmade(_)));
    assert!(app.view.dialogs.iter().any(|dialog| matches!(dialog, Dialog::NewRecord(_))));
    run_until(&mut app, "the study", |app| app.open_desk().is_some_and(|desk| desk.is_record_read));
    assert!(!folder.path().join("review.sqlite").exists(), "nothing is made unasked");
    let said: Vec<&str> = app.voice.messages().iter().map(|message| message.text.as_str()).collect();
    assert!(!said.iter().any(|text| text.contains("could not be read")), "a question is no fault: {said:?}");
    ask(&mut app, RecordAction::Make(Some(words())));
    run_until(&mut app, "the record", |app| app.record.store == StoreState::Ready);
    run_until(&mut app, "findings", has_findings);
    run_until(&mut app, "them to be kept", is_kept);
    assert!(app.view.dialogs.is_empty());
    assert!(app.record.how_kept.as_ref().unwrap().short.contains("encrypted"));
    drop(app);

    let mut app = App::start(options(), Arc::new(|| {})).unwrap();
    run_until(&mut app, "the lock", |app| matches!(app.record.store, StoreState::Locked(_)));
    ask(&mut app, RecordAction::Unlock(words()));
    run_until(&mut app, "the findings in the record", has_findings);
}

#[test]
fn findings_decisions_and_undo_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    data::write_small_phantom(&folder.path().join("study"));
    let (first, second);
    {
        let mut app = start(folder.path(), &["study"]);
        run_until(&mut app, "findings", has_findings);
        let desk = app.open_desk().unwrap();
        let ids: Vec<FindingId> = desk.session.findings().iter().map(|review| review.finding.id.clone()).collect();
        assert!(ids.len() >= 2);
        (first, second) = (ids[0].clone(), ids[1].clone());

        decide(&mut app, &first, Verdict::Accepted);
        assert_eq!(verdict(&app, &first), None, "its image was never on screen");
        ask(&mut app, ReviewAction::MarkDisplayed(first.clone()));
        decide(&mut app, &first, Verdict::Accepted);
        assert_eq!(verdict(&app, &first), Some(Verdict::Accepted));
        let rejected = Verdict::Rejected { reasons: vec![RejectReason::CompositeShadow], text: String::new() };
        decide(&mut app, &second, rejected);
        run_until(&mut app, "the decisions to be kept", is_kept);
    }
    let mut app = start(folder.path(), &["study"]);
    run_until(&mut app, "the record", has_findings);
    assert_eq!(verdict(&app, &first), Some(Verdict::Accepted));
    assert!(matches!(verdict(&app, &second), Some(Verdict::Rejected { .. })));
    let states: Vec<_> = app.open_desk().unwrap().analysis.values().collect();
    assert!(states.iter().all(|state| matches!(state, AnalysisState::Done)), "nothing is run again: {states:?}");
    ask(&mut app, ReviewAction::Undo);
    run_until(&mut app, "the undo to be kept", is_kept);
    assert_eq!(verdict(&app, &second), None);
    ask(&mut app, ReviewAction::Redo);
    assert!(matches!(verdict(&app, &second), Some(Verdict::Rejected { .. })));
    ask(&mut app, ExportAction::ToFolder(folder.path().join("out"), vec!["json".into(), "png".into(), "sr".into()]));
    run_until(&mut app, "the export", |app| {
        app.voice
            .messages()
            .iter()
            .any(|message| message.text.contains("files written") || message.text.contains("not saved"))
    });
    run_until(&mut app, "the redo to be kept", is_kept);
    ask(&mut app, ExportAction::ToFolder(folder.path().join("out"), vec!["json".into(), "png".into(), "sr".into()]));
    run_until(&mut app, "the report", |_| folder.path().join("out/report.json").exists());
    run_until(&mut app, "the record of the export", |app| {
        app.open_desk().is_some_and(|desk| desk.session.exported().iter().any(|object| object.format == "sr"))
    });
}

#[test]
fn a_folder_without_images_is_said_and_the_program_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    std::fs::create_dir(folder.path().join("texts")).unwrap();
    std::fs::write(folder.path().join("texts/a.txt"), "text").unwrap();
    let mut app = start(folder.path(), &["texts"]);
    run_until(&mut app, "the message", |app| !app.voice.messages().is_empty());
    assert!(app.voice.messages()[0].text.starts_with("No image could be opened."));
    assert_eq!(app.library.refused.len(), 1);
    data::write_small_phantom(&folder.path().join("study"));
    ask(&mut app, OpenAction::Paths(vec![folder.path().join("study")]));
    run_until(&mut app, "findings", has_findings);
}

#[test]
fn a_read_only_store_shows_the_study_and_keeps_nothing() {
    let folder = tempfile::tempdir().unwrap();
    data::write_small_phantom(&folder.path().join("study"));
    let store = folder.path().join("data/overread/review.sqlite");
    std::fs::create_dir_all(store.parent().unwrap()).unwrap();
    std::fs::write(&store, "this is no database, and it is not ours to replace").unwrap();
    let mut app = start(folder.path(), &["study"]);
    run_until(&mut app, "findings", has_findings);
    assert!(matches!(app.record.store, StoreState::ReadOnly(_)));
    let finding = app.open_desk().unwrap().session.findings()[0].finding.id.clone();
    ask(&mut app, ReviewAction::MarkDisplayed(finding.clone()));
    decide(&mut app, &finding, Verdict::Uncertain);
    assert_eq!(verdict(&app, &finding), None);
    assert!(app.voice.messages().iter().any(|message| message.text.contains("read-only")));
    drop(app);
    let text = std::fs::read_to_string(store).unwrap();
    assert!(text.starts_with("this is no database"), "the file is left as it was");
}

#[test]
fn an_analysis_that_is_cancelled_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    data::write_small_phantom(&folder.path().join("study"));
    let mut app = start(folder.path(), &["study"]);
    run_until(&mut app, "a running analysis", |app| app.open_desk().is_some_and(|desk| desk.is_analyzing()));
    ask(&mut app, overread::ui::action::AppAction::CancelJob(overread::app::hall::job_id::ANALYSIS));
    run_until(&mut app, "the end", |app| app.open_desk().is_some_and(|desk| !desk.is_analyzing()));
    ask(&mut app, AnalysisAction::RunAll);
    run_until(&mut app, "findings", has_findings);
    run_until(&mut app, "them to be kept", is_kept);
}

#[test]
fn what_was_found_on_one_study_never_lands_on_another() {
    let folder = tempfile::tempdir().unwrap();
    data::write_small_phantom(&folder.path().join("one"));
    data::write_other_phantom(&folder.path().join("two"));
    let mut app = start(folder.path(), &["one", "two"]);
    run_until(&mut app, "a running analysis", |app| app.open_desk().is_some_and(|desk| desk.is_analyzing()));
    let first = app.library.open.clone().unwrap();
    let second = app.library.studies.iter().map(|study| study.uid.clone()).find(|uid| uid != &first).unwrap();
    // The second study is asked for while the first one is still being analyzed.
    ask(&mut app, overread::ui::action::StudyAction::Select(second.clone()));
    run_until(&mut app, "findings on the second", has_findings);
    ask(&mut app, overread::ui::action::StudyAction::Select(first.clone()));
    run_until(&mut app, "findings on the first", has_findings);
    run_until(&mut app, "them to be kept", is_kept);
    for (uid, desk) in &app.desks {
        assert!(desk.session.findings().iter().all(|review| &review.finding.subject.study == uid));
        assert!(desk.session.events().iter().all(|logged| logged.keeping == Keeping::Kept));
    }
    assert_eq!(app.desks.len(), 2);
}

#[test]
fn the_look_at_a_study_comes_back_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    data::write_small_phantom(&folder.path().join("study"));
    let uid;
    {
        let mut app = start(folder.path(), &["study"]);
        run_until(&mut app, "findings", has_findings);
        let study = app.library.open_study().unwrap().clone();
        uid = study.uid.clone();
        let look = app.view.looks.entry(uid.clone()).or_default();
        look.open(&study, 1);
        let view = look.view_mut();
        (view.stack_index, view.view.flip_h) = (7, true);
        view.window = WindowChoice::Manual(Window::linear(-600.0, 1500.0));
        // Closed at once: what was not at rest yet is kept on the way out.
        ask(&mut app, ViewAction::Changed(uid.clone()));
        eframe::App::on_exit(&mut app);
    }
    let mut app = start(folder.path(), &["study"]);
    run_until(&mut app, "findings", has_findings);
    let look = app.view.look(&uid).unwrap();
    assert_eq!(look.open_index(app.library.open_study().unwrap()), 1);
    let view = look.view();
    assert_eq!((view.stack_index, view.view.flip_h), (7, true));
    assert_eq!(view.window, WindowChoice::Manual(Window::linear(-600.0, 1500.0)));
}

#[test]
fn what_another_program_decides_is_seen_when_the_study_is_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    data::write_small_phantom(&folder.path().join("study"));
    let mut app = start(folder.path(), &["study"]);
    run_until(&mut app, "findings", has_findings);
    run_until(&mut app, "them to be kept", is_kept);
    let study = app.library.open.clone().unwrap();
    let finding = app.open_desk().unwrap().session.findings()[0].finding.id.clone();
    let decided = std::process::Command::new(env!("CARGO_BIN_EXE_overread"))
        .args(["decide", "--study", study.as_str(), "--finding", finding.as_str(), "uncertain", "--reader", "Other"])
        .arg("--store")
        .arg(folder.path().join("data/overread/review.sqlite"))
        .status()
        .unwrap();
    assert!(decided.success());
    ask(&mut app, overread::ui::action::StudyAction::Select(study));
    run_until(&mut app, "the other's decision", |app| verdict(app, &finding) == Some(Verdict::Uncertain));
    ask(&mut app, ReviewAction::MarkDisplayed(finding.clone()));
    decide(&mut app, &finding, Verdict::Accepted);
    run_until(&mut app, "ours to be kept", is_kept);
    assert_eq!(verdict(&app, &finding), Some(Verdict::Accepted));
}

#[test]
fn the_screen_comes_back_as_it_was_left_and_the_last_study_is_one_click_away() {
    let folder = tempfile::tempdir().unwrap();
    data::write_small_phantom(&folder.path().join("study"));
    let study = {
        let mut app = start(folder.path(), &["study"]);
        run_until(&mut app, "a study", |app| app.open_desk().is_some_and(|desk| desk.is_record_read));
        app.view.overlay.masks = MaskStyle::Off;
        app.view.arrangement.panels.findings = Some(444.0);
        let mut preferences = app.preferences.settings.screen.clone();
        preferences.display.text_scale = 1.25;
        Arc::make_mut(&mut preferences.keys).set(Shortcut::named("view.invert").unwrap(), Vec::new());
        ask(&mut app, AppAction::Prefer(Box::new(preferences)));
        app.keep_settings();
        app.library.open.clone().unwrap()
    };
    let mut app = start(folder.path(), &[]);
    assert_eq!(app.view.overlay.masks, MaskStyle::Off);
    assert_eq!(app.view.arrangement.panels.findings, Some(444.0));
    let kept = &app.preferences.settings.screen;
    assert!((kept.display.text_scale - 1.25).abs() < 1e-6);
    assert!(kept.keys.chords(Shortcut::named("view.invert").unwrap()).is_empty());
    ask(&mut app, OpenAction::Continue);
    run_until(&mut app, "the last study", |app| app.library.open.as_ref() == Some(&study));
}
