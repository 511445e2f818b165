//! The worklist of the whole program: the store's studies, watched folders, what comes next made ready, blind readings.

use overread::domain::reading::ReadingMode;
use overread::review::work_item::AiStanding;
use overread::ui::action::{AppAction, CourseAction, ExportAction, ReviewAction, StudyAction, WorklistAction};

use crate::app::{ask, has_findings, is_kept, run_until, start};
use crate::data;

#[test]
fn studies_stay_on_the_worklist_after_a_restart_and_open_from_where_they_lie() {
    let folder = tempfile::tempdir().unwrap();
    data::write_small_phantom(&folder.path().join("one"));
    data::write_other_phantom(&folder.path().join("two"));
    {
        let mut app = start(folder.path(), &["one", "two"]);
        run_until(&mut app, "findings", has_findings);
        run_until(&mut app, "them to be kept", is_kept);
        // The other is made ready without being opened: read, analyzed, kept.
        run_until(&mut app, "the next study to be analyzed", |app| {
            let items = &app.library.worklist.facts().items;
            items.len() == 2 && items.iter().all(|item| item.ai != AiStanding::NotAnalyzed)
        });
        assert!(app.desks.len() == 2 && app.library.studies.len() == 2);
        let opened: Vec<bool> = app
            .library
            .studies
            .iter()
            .map(|one| app.library.worklist.card(&one.uid).unwrap().opened.is_some())
            .collect();
        assert_eq!(opened.iter().filter(|is_opened| **is_opened).count(), 1, "ready is not opened");
    }
    let mut app = start(folder.path(), &[]);
    run_until(&mut app, "the worklist", |app| app.library.worklist.facts().items.len() == 2);
    let items = app.library.worklist.facts().items.clone();
    assert!(items.iter().all(|item| !item.card.patient.id.is_empty() && !item.is_here && !item.flags.is_empty()));
    let wanted = items[1].study.clone();
    ask(&mut app, WorklistAction::Claim(wanted.clone()));
    run_until(&mut app, "the claim", |app| {
        let item = app.library.worklist.facts().items.iter().find(|item| item.study == wanted);
        item.is_some_and(|item| item.assigned_to.is_some())
    });
    ask(&mut app, WorklistAction::Open(wanted.clone()));
    run_until(&mut app, "the study", |app| app.library.open.as_ref() == Some(&wanted));
    run_until(&mut app, "its findings", has_findings);
    ask(&mut app, WorklistAction::Next);
    run_until(&mut app, "the other study", |app| app.library.open.as_ref() == Some(&items[0].study));
}

#[test]
fn what_comes_into_a_watched_folder_joins_the_list_and_nothing_on_the_desk_moves() {
    let folder = tempfile::tempdir().unwrap();
    data::write_small_phantom(&folder.path().join("one"));
    let inbox = folder.path().join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    let mut app = start(folder.path(), &["one"]);
    run_until(&mut app, "findings", has_findings);
    let open = app.library.open.clone();
    let mut preferences = app.preferences.settings.screen.clone();
    preferences.worklist.watched = vec![inbox.clone()];
    ask(&mut app, AppAction::Prefer(Box::new(preferences)));
    data::write_other_phantom(&inbox.join("two"));
    run_until(&mut app, "the study in the folder", |app| app.library.studies.len() == 2);
    assert_eq!(app.library.open, open);
    run_until(&mut app, "it to be on the list", |app| app.library.worklist.facts().items.len() == 2);
}

#[test]
fn a_blind_plan_keeps_the_ai_away_from_desk_list_and_report_until_it_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    data::write_small_phantom(&folder.path().join("study"));
    let mut app = start(folder.path(), &[]);
    let mut preferences = app.preferences.settings.screen.clone();
    preferences.reading.mode = ReadingMode::Blind;
    ask(&mut app, AppAction::Prefer(Box::new(preferences.clone())));
    app.open(vec![folder.path().join("study")]);
    run_until(&mut app, "the models to end", |app| {
        app.open_desk().is_some_and(|desk| {
            desk.is_record_read && !desk.is_analyzing() && desk.session.reading().is_some() && !desk.analysis.is_empty()
        })
    });
    run_until(&mut app, "the results to be kept", is_kept);
    let desk = app.open_desk().unwrap();
    assert!(desk.session.findings().is_empty() && !desk.session.unmasked().is_empty());
    assert!(app.library.worklist.facts().items.iter().all(|item| item.ai == AiStanding::Hidden));
    // Another plan does not lay open what was begun blind.
    preferences.reading.mode = ReadingMode::Concurrent;
    ask(&mut app, AppAction::Prefer(Box::new(preferences)));
    let study = app.library.open.clone().unwrap();
    ask(&mut app, StudyAction::Select(study));
    app.work();
    assert!(app.open_desk().unwrap().session.findings().is_empty());
    assert!(app.library.worklist.facts().items.iter().all(|item| item.flags.is_empty()));
    ask(&mut app, ExportAction::ToFolder(folder.path().join("out"), vec!["json".into(), "png".into()]));
    run_until(&mut app, "the report", |_| folder.path().join("out/report.json").exists());
    let report = std::fs::read_to_string(folder.path().join("out/report.json")).unwrap();
    let document: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&document["ai_hidden"], &document["findings"]), (&true.into(), &serde_json::json!([])));
    assert!(!report.contains("chest-findings"), "{report}");
    let reader = app.preferences.reader.as_str().to_owned();
    let request = overread::review::command::SignRequest {
        name: reader,
        meaning: Default::default(),
        role: Default::default(),
        made: overread::review::event::DecisionOrigin::AtScreen,
        accepts_unreviewed: false,
    };
    ask(&mut app, ReviewAction::Course(CourseAction::Sign(request)));
    run_until(&mut app, "the signature to be kept", is_kept);
    assert!(app.open_desk().unwrap().session.course().signature().is_some());
    assert!(app.open_desk().unwrap().session.findings().is_empty(), "blind is blind, signed or not");
}
