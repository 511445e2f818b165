//! A reader study from its protocol to its figures: the plan, its lock, the order, the course of a session, and the
//! published study of Van Dyke (1993) read through it.

use overread::domain::reader_study::{CaseAnswer, PlacedMark, Recorded, SessionEntry};
use overread::validation::mrmc::obuchowski_rockette::Scope;
use overread::validation::protocol::analysis::result;
use overread::validation::protocol::design::{Protocol, ProtocolError};
use overread::validation::protocol::session::{Session, SessionRefusal};
use overread::validation::protocol::{exchange, order};

use crate::validation::{near, printed, reference};

const HEAD: &str = r#"
schema = "overread-protocol"
version = 1
id = "trial-1"
title = "Aided and unaided"
question = "How sure are you that there is a nodule?"
seed = 7
"#;

fn protocol_text(scale: &str, arms: &[(&str, &str)], n_readers: usize, cases: &[(String, bool)]) -> String {
    let mut text = format!("{HEAD}{scale}\n[sessions]\nwashout_days = 14\nbreak_after = 3\n");
    for (arm, aid) in arms {
        text += &format!("[[arm]]\nid = \"{arm}\"\nname = \"{arm}\"\naid = \"{aid}\"\n");
    }
    for reader in 1..=n_readers {
        text += &format!("[[reader]]\nname = \"R{reader}\"\n");
    }
    for (id, is_positive) in cases {
        text += &format!("[[case]]\nid = \"{id}\"\nstudy = \"1.2.{id}\"\nis_positive = {is_positive}\n");
    }
    text
}

const PERCENT: &str = "scale = { kind = \"percent\", positive_from = 50 }";

fn small() -> Protocol {
    let cases: Vec<(String, bool)> = (1..=6).map(|case| (case.to_string(), case % 2 == 0)).collect();
    Protocol::parse(&protocol_text(PERCENT, &[("without", "none"), ("with", "second")], 2, &cases)).unwrap()
}

fn recorded(protocol: &Protocol, reader: &str, arm: &str, day: i64, entry: SessionEntry) -> Recorded {
    Recorded {
        protocol: protocol.id.clone(),
        lock: protocol.lock(),
        reader: reader.to_owned(),
        arm: arm.to_owned(),
        day,
        at: String::new(),
        entry,
    }
}

fn rated(rating: f64) -> CaseAnswer {
    CaseAnswer { rating: Some(rating), seconds: 30.0, ..CaseAnswer::default() }
}

#[test]
fn the_published_study_gives_its_published_figures_through_a_protocol() {
    let Some(rows) = reference("vandyke.csv") else { return };
    let cases: Vec<(String, bool)> = rows.iter().map(|row| (row[0].clone(), row[1] == "1")).collect();
    let scale = "scale = { kind = \"ordered\", words = [\"1\", \"2\", \"3\", \"4\", \"5\"], positive_from = 3 }";
    let protocol = Protocol::parse(&protocol_text(scale, &[("cine", "none"), ("spin", "none")], 5, &cases)).unwrap();
    let mut record = Vec::new();
    for (reader, (arm, first)) in (0..5).flat_map(|reader| [("cine", 2), ("spin", 7)].map(|arm| (reader, arm))) {
        for row in &rows {
            let answer = rated(row[first + reader].parse().unwrap());
            let entry = SessionEntry::Answered { case: row[0].clone(), answer };
            record.push(recorded(&protocol, &format!("R{}", reader + 1), arm, 0, entry));
        }
    }
    let found = result(&protocol, &record);
    assert_eq!((found.n_cases, found.n_positive, found.complete_readers.len()), (114, 45, 5));
    printed(found.readers[0].area.value.unwrap(), "0.919646");
    let comparison = found.comparison.unwrap();
    let random = comparison.analyses.iter().find(|one| one.scope == Scope::RandomReadersRandomCases).unwrap();
    let test = random.test.unwrap();
    printed(test.statistic, "4.484854");
    printed(test.p, "0.05123303");
    printed(random.differences[0].estimate.value.unwrap(), "-0.04380032");
    printed(comparison.u_statistics.unwrap().test.unwrap().p, "0.0556467");
    let text = exchange::imrmc(&protocol, &record);
    assert!(text.contains("NR: 5\nN0: 69\nN1: 45\nNM: 2\nBEGIN DATA:\n"));
    assert_eq!(text.lines().filter(|line| line.starts_with('R')).count(), 2 * 5 * 114);
    let [(_, truth), (_, hits), (_, alarms)] = exchange::rjafroc(&protocol, &record);
    assert_eq!(truth.lines().count(), 1 + 114);
    assert_eq!((hits.lines().count(), alarms.lines().count()), (1 + 450, 1 + 690));
}

#[test]
fn a_lock_holds_what_the_plan_says_and_nothing_else() {
    let protocol = small();
    let lock = protocol.lock();
    assert_eq!(lock.len(), 64);
    let text = toml::to_string(&protocol).unwrap();
    assert_eq!(Protocol::parse(&format!("# a note\n{text}")).unwrap().lock(), lock);
    let mut changed = protocol.clone();
    changed.cases[0].is_positive = true;
    assert!(matches!(changed.check_lock(&lock), Err(ProtocolError::Lock { .. })));
    assert_eq!(protocol.check_lock(&lock), Ok(()));
}

#[test]
fn a_plan_that_cannot_be_carried_out_says_what_is_wrong() {
    let cases = [("a".to_owned(), true), ("b".to_owned(), false)];
    let good = protocol_text(PERCENT, &[("one", "none")], 1, &cases);
    Protocol::parse(&good).unwrap();
    let bad = [
        (good.replace("id = \"b\"", "id = \"a\""), "the case 'a' is named twice"),
        (good.replace("is_positive = false", "is_positive = true"), "positive and negative"),
        (good.replace("positive_from = 50", "positive_from = 500"), "positive_from"),
        (good.replace("seed = 7", "seed = 7\nsurprise = 1"), "surprise"),
        (good.replace("trial-1", "trial 1"), "letters, digits"),
        (good.replace(PERCENT, "scale = { kind = \"marks\", positive_from = 50 }"), "localization"),
        (good.replace("version = 1", "version = 2"), "version"),
        ("not toml [".to_owned(), "not a protocol"),
    ];
    for (text, expected) in bad {
        let error = Protocol::parse(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_order_is_the_seeds_and_every_case_comes_once() {
    let protocol = small();
    let ids = |reader, arm| order::cases(&protocol, reader, arm).iter().map(|case| case.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(0, 0), ids(0, 0));
    let mut sorted = ids(1, 1);
    sorted.sort();
    assert_eq!(sorted, ["1", "2", "3", "4", "5", "6"]);
    let all: std::collections::BTreeSet<Vec<String>> =
        (0..2).flat_map(|r| (0..2).map(move |a| (r, a))).map(|(r, a)| ids(r, a)).collect();
    assert!(all.len() >= 3, "{all:?}");
    assert_eq!([order::arms(&protocol, 0), order::arms(&protocol, 1)], [[0, 1], [1, 0]]);
}

#[test]
fn a_session_goes_on_where_it_stopped_and_keeps_the_rules() {
    let protocol = small();
    let mut record: Vec<Recorded> = Vec::new();
    let session =
        |record: &[Recorded], arm: &str| Session::resumed(&protocol, "R1", arm, record).map(|one| one.progress());
    assert_eq!(session(&record, "without"), Ok((0, 6)));
    assert_eq!(session(&record, "nowhere"), Err(SessionRefusal::NoArm("nowhere".into())));
    let with = Session::resumed(&protocol, "R1", "with", &record).unwrap();
    assert_eq!(with.may_start(0, &record), Err(SessionRefusal::OtherArmFirst("without".into())));
    for n in 0..6 {
        let now = Session::resumed(&protocol, "R1", "without", &record).unwrap();
        assert!(!now.shows_aid());
        let case = now.case().unwrap().id.clone();
        assert_eq!(now.offers_break(), n == 3 && !now.is_in_break());
        assert_eq!(now.answer(&case, rated(101.0)), Err(SessionRefusal::OffScale(101.0)));
        assert_eq!(now.answer(&case, CaseAnswer::default()), Err(SessionRefusal::NoRating));
        assert!(matches!(now.answer("7", rated(10.0)), Err(SessionRefusal::OtherCase(_))));
        let entry = now.answer(&case, rated(10.0)).unwrap();
        record.push(recorded(&protocol, "R1", "without", 100, entry));
        if n == 3 {
            record.push(recorded(&protocol, "R1", "without", 100, SessionEntry::BreakBegun));
            let paused = Session::resumed(&protocol, "R1", "without", &record).unwrap();
            let next = paused.case().unwrap().id.clone();
            assert_eq!(paused.answer(&next, rated(10.0)), Err(SessionRefusal::InBreak));
            record.push(recorded(&protocol, "R1", "without", 100, SessionEntry::BreakEnded));
        }
    }
    assert!(Session::resumed(&protocol, "R1", "without", &record).unwrap().is_over());
    let with = Session::resumed(&protocol, "R1", "with", &record).unwrap();
    let too_early = SessionRefusal::Washout { arm: "without".into(), n_days: 4 };
    assert_eq!(with.may_start(110, &record), Err(too_early));
    assert_eq!(with.may_start(114, &record), Ok(()));
    // Read first, then with the aid: both answers are kept
    let case = with.case().unwrap().id.clone();
    assert!(!with.shows_aid());
    record.push(recorded(&protocol, "R1", "with", 114, with.answer(&case, rated(20.0)).unwrap()));
    let with = Session::resumed(&protocol, "R1", "with", &record).unwrap();
    assert!(with.shows_aid() && with.case().unwrap().id == case);
    let entry = with.answer(&case, rated(80.0)).unwrap();
    assert!(matches!(entry, SessionEntry::Answered { .. }));
    record.push(recorded(&protocol, "R1", "with", 114, entry));
    assert_eq!(Session::resumed(&protocol, "R1", "with", &record).unwrap().progress(), (1, 6));
    let found = result(&protocol, &record);
    assert_eq!(found.conditions.len(), 3);
    assert!(found.comparison.is_none());
}

#[test]
fn what_the_aid_changed_is_counted_against_the_truth_and_the_model() {
    let mut protocol = small();
    for case in &mut protocol.cases {
        // Right on every case but the second and the third
        case.model_score = Some(if case.is_positive != (case.id == "2" || case.id == "3") { 0.9 } else { 0.1 });
    }
    let answers = [("1", 10.0, 10.0), ("2", 90.0, 10.0), ("3", 10.0, 90.0), ("4", 10.0, 90.0), ("5", 10.0, 10.0)];
    let mut record = Vec::new();
    for (case, before, after) in answers {
        let case = case.to_owned();
        let first = SessionEntry::AnsweredFirst { case: case.clone(), answer: rated(before) };
        record.push(recorded(&protocol, "R1", "with", 0, first));
        record.push(recorded(&protocol, "R1", "with", 0, SessionEntry::Answered { case, answer: rated(after) }));
    }
    let found = result(&protocol, &record);
    let table = &found.changes[0];
    assert_eq!([table.to_right, table.to_wrong, table.stayed_right, table.stayed_wrong], [1, 2, 2, 0]);
    near(table.automation_bias.unwrap().value.unwrap(), 1.0, 1e-12);
    near(table.reliance.unwrap().value.unwrap(), 1.0, 1e-12);
    // Entries under another plan are counted and left out
    record[0].lock = "0".repeat(64);
    let found = result(&protocol, &record);
    assert_eq!(found.n_under_other_locks, 1);
}

#[test]
fn free_marks_hit_the_nearest_lesion_within_reach() {
    let mut text = protocol_text(
        "scale = { kind = \"marks\", positive_from = 50 }\nlocalization = { rule = \"distance\", within = 5.0 }",
        &[("one", "none"), ("two", "concurrent")],
        2,
        &[("n".to_owned(), false)],
    );
    text += "[[case]]\nid = \"p\"\nstudy = \"1.2.p\"\nis_positive = true\nlesion = [{ center = [0.0, 0.0, 0.0] }, { center = [8.0, 0.0, 0.0] }]\n";
    let protocol = Protocol::parse(&text).unwrap();
    let mut record = Vec::new();
    let mark = |x: f64, rating: f64| PlacedMark { at: [x, 0.0, 0.0], rating };
    for (reader, arm) in ["R1", "R2"].iter().flat_map(|reader| ["one", "two"].map(|arm| (*reader, arm))) {
        let on_positive = vec![mark(3.0, 80.0), mark(7.0, 60.0), mark(30.0, 40.0)];
        for (case, marks) in [("p", on_positive), ("n", vec![mark(1.0, 70.0)])] {
            let answer = CaseAnswer { marks, seconds: 10.0, ..CaseAnswer::default() };
            record.push(recorded(&protocol, reader, arm, 0, SessionEntry::Answered { case: case.to_owned(), answer }));
        }
    }
    let found = result(&protocol, &record);
    // One lesion above the false mark of the negative case, one below
    near(found.readers[0].wafroc.unwrap().value.unwrap(), 0.5, 1e-12);
    let [_, (_, hits), (_, alarms)] = exchange::rjafroc(&protocol, &record);
    assert!(hits.contains("0,0,2,1,80\n") && hits.contains("0,0,2,2,60\n"), "{hits}");
    assert!(alarms.contains("0,0,2,40\n") && alarms.contains("0,0,1,70\n"), "{alarms}");
}
