//! The worklist: what a digest says, what a reader may see of it, its order and its filters; groups and differences.

use std::sync::Arc;

use overread::domain::decision::Verdict;
use overread::domain::finding::{Finding, Place};
use overread::domain::geometry::PixelBox;
use overread::domain::patient::Patient;
use overread::domain::reading::ReadingMode;
use overread::domain::uid::{FindingId, ReaderName, StudyUid};
use overread::review::command::{Command, ReadingCommand, ReadingPlan, WorkCommand};
use overread::review::difference::{self, Side};
use overread::review::digest::{StudyDigest, StudyStatus};
use overread::review::grouping;
use overread::review::urgency::UrgencyRules;
use overread::review::work_item::{
    self, AiStanding, AuditSample, FirstOpened, StudyCard, TriageTimes, Viewing, WorkFilter, WorkItem,
};

use crate::record::{Desk, decide, readers_finding, reject, show, study, suggestion};
use crate::review::Dice;

const NOW: i64 = 1_790_000_000;

fn viewing(viewer: &str, mode: ReadingMode) -> Viewing {
    Viewing { viewer: ReaderName::new(viewer), mode, audit: AuditSample::default(), now_s: NOW }
}

fn card(name: &str, hours: i64) -> StudyCard {
    StudyCard {
        patient: Patient { id: name.to_uppercase(), name: format!("{name}^Ann"), ..Patient::default() },
        date: "20260501".into(),
        description: "Chest pa".into(),
        modalities: "CR DX".into(),
        arrived_s: Some(NOW - hours * 3600),
        ..StudyCard::default()
    }
}

fn item(uid: &str, card: StudyCard, digest: Option<&StudyDigest>, viewing: &Viewing) -> WorkItem {
    WorkItem::new(StudyUid::new(uid), card, digest, true, viewing, &UrgencyRules::default())
}

fn names(items: &[WorkItem]) -> Vec<&str> {
    items.iter().map(|item| item.study.as_str()).collect()
}

#[test]
fn a_digest_follows_the_review_and_is_stale_with_the_next_event() {
    let mut desk = Desk::with_three();
    let digest = StudyDigest::of(&desk.session);
    assert_eq!((digest.status, digest.n_unreviewed, digest.flags.len()), (StudyStatus::Unread, 2, 2));
    assert!(digest.flags[0].margin > digest.flags[1].margin && digest.flags[0].sentence.contains("above"));
    let json = serde_json::to_string(&digest).unwrap();
    assert_eq!(StudyDigest::read(&json, digest.n_events), Some(digest.clone()));
    assert_eq!(StudyDigest::read(&json, digest.n_events + 1), None);
    desk.does(Command::Work(WorkCommand::Claim));
    desk.does(decide("a", Verdict::Accepted, ""));
    let after = StudyDigest::of(&desk.session);
    assert_eq!((after.status, after.n_unreviewed), (StudyStatus::InProgress, 1));
    assert_eq!(after.assigned_to.as_ref().map(ReaderName::as_str), Some("R. Eader"));
    desk.does(decide("b", Verdict::Uncertain, ""));
    assert_eq!(StudyDigest::of(&desk.session).status, StudyStatus::NeedsSecondRead);
}

#[test]
fn urgency_orders_the_list_and_what_is_not_flagged_stays_on_it() {
    let flagged = StudyDigest::of(&Desk::with_three().session);
    let mut clear = Desk::new();
    clear.does(Command::AddSuggestions(vec![suggestion("c", -1.0)]));
    let clear = StudyDigest::of(&clear.session);
    let viewing = viewing("Me", ReadingMode::Concurrent);
    let stat = StudyCard { description: "CHEST STAT".into(), ..card("Eve", 1) };
    let mut items = vec![
        item("clear", card("Bob", 2), Some(&clear), &viewing),
        item("unseen", card("Cat", 1), None, &viewing),
        item("waiting", card("Dan", 30), Some(&clear), &viewing),
        item("flagged", card("Ada", 1), Some(&flagged), &viewing),
        item("stat", stat, Some(&clear), &viewing),
    ];
    work_item::sort(&mut items);
    assert_eq!(names(&items), ["stat", "flagged", "waiting", "unseen", "clear"]);
    let standing: Vec<_> = items.iter().map(|item| item.ai).collect();
    assert_eq!(standing[1..4], [AiStanding::Flagged, AiStanding::NotFlagged, AiStanding::NotAnalyzed]);
    let places = |filter: WorkFilter| filter.places(&items, &viewing.viewer);
    assert_eq!(places(WorkFilter::default()).len(), 5);
    assert_eq!(places(WorkFilter { text: "ada CR".into(), ..WorkFilter::default() }), [1]);
    assert_eq!(places(WorkFilter { text: "label a".into(), ..WorkFilter::default() }), [1], "by flag");
    assert_eq!(places(WorkFilter { modality: Some("MR".into()), ..WorkFilter::default() }), [0; 0]);
    assert_eq!(places(WorkFilter { ai: Some(AiStanding::NotFlagged), ..WorkFilter::default() }), [0, 2, 4]);
    let next = |current: &str| {
        work_item::next_to_read(&items, Some(&StudyUid::new(current)), &viewing.viewer).map(|item| item.study.as_str())
    };
    assert_eq!((next("flagged"), next("clear")), (Some("waiting"), Some("stat")));
}

#[test]
fn whoever_reads_without_the_ai_finds_nothing_of_it_on_the_list_neither_flags_nor_order() {
    let mut dice = Dice(3);
    for mode in [ReadingMode::Blind, ReadingMode::SecondReader, ReadingMode::Audit] {
        let viewing = viewing("Me", mode);
        let mut with_ai = Vec::new();
        let mut without = Vec::new();
        for n in 0..40 {
            let mut desk = Desk::new();
            let logit = f64::from(u32::try_from(dice.below(400)).unwrap()) / 100.0 - 2.0;
            desk.does(Command::AddSuggestions(vec![suggestion("a", logit)]));
            let digest = StudyDigest::of(&desk.session);
            let card = card(&format!("P{n}"), i64::try_from(dice.below(40)).unwrap());
            with_ai.push(item(&format!("{n}"), card.clone(), Some(&digest), &viewing));
            without.push(item(&format!("{n}"), card, None, &viewing));
        }
        work_item::sort(&mut with_ai);
        work_item::sort(&mut without);
        for (a, b) in with_ai.iter().zip(&without) {
            let told = |item: &WorkItem| (item.study.clone(), item.ai, item.flags.clone(), item.status, item.points);
            assert_eq!(told(a), told(b), "{mode:?}");
            assert_eq!(a.ai, AiStanding::Hidden);
        }
        let by_label = WorkFilter { text: "label".into(), ..WorkFilter::default() };
        assert!(by_label.places(&with_ai, &viewing.viewer).is_empty());
    }
}

#[test]
fn a_blind_reading_begun_keeps_its_study_blind_under_any_plan_until_it_is_signed() {
    let mut desk = Desk::with_three();
    let plan = ReadingPlan { mode: ReadingMode::Blind, ..ReadingPlan::default() };
    desk.session.view_as(&desk.reader.clone());
    desk.does(Command::Reading(ReadingCommand::Start(plan)));
    let digest = StudyDigest::of(&desk.session);
    let mine = item("s", card("Ann", 1), Some(&digest), &viewing("R. Eader", ReadingMode::Concurrent));
    assert_eq!((mine.ai, mine.flags.len()), (AiStanding::Hidden, 0));
    let others = item("s", card("Ann", 1), Some(&digest), &viewing("Somebody", ReadingMode::Concurrent));
    assert_eq!((others.ai, others.flags.len()), (AiStanding::Flagged, 2));
}

#[test]
fn an_audit_draws_the_same_studies_whatever_the_order_and_about_as_many_as_asked() {
    let uids: Vec<StudyUid> = (0..4000).map(|n| StudyUid::new(format!("1.2.{n}"))).collect();
    let draw = |seed: u64, rate: f64| {
        let sample = AuditSample { seed, rate };
        uids.iter().filter(|uid| sample.draws(uid)).count()
    };
    assert!((300..500).contains(&draw(1, 0.1)), "{}", draw(1, 0.1));
    assert_eq!((draw(1, 0.0), draw(1, 1.0)), (0, 4000));
    let (one, two) = (AuditSample { seed: 1, rate: 0.1 }, AuditSample { seed: 2, rate: 0.1 });
    assert!(uids.iter().any(|uid| one.draws(uid) != two.draws(uid)));
    let mut clear = Desk::new();
    clear.does(Command::AddSuggestions(vec![suggestion("c", -1.0)]));
    let (negative, positive) = (StudyDigest::of(&clear.session), StudyDigest::of(&Desk::with_three().session));
    let all = Viewing { audit: AuditSample { seed: 1, rate: 1.0 }, ..viewing("Me", ReadingMode::Audit) };
    assert!(item("n", card("A", 1), Some(&negative), &all).is_in_audit);
    assert!(!item("p", card("B", 1), Some(&positive), &all).is_in_audit);
}

#[test]
fn priors_and_triage_times_are_of_the_same_patient_and_of_a_clock_that_goes_forward() {
    let viewing = viewing("Me", ReadingMode::Concurrent);
    let older = StudyCard { date: "20240101".into(), ..card("Ann", 1) };
    let mut items = vec![
        item("new", card("Ann", 1), None, &viewing),
        item("old", older, None, &viewing),
        item("other", card("Bob", 1), None, &viewing),
    ];
    work_item::note_priors(&mut items);
    assert_eq!(items.iter().map(|item| item.has_prior).collect::<Vec<_>>(), [true, false, false]);
    let opened = |minutes: i64, was_flagged| StudyCard {
        opened: Some(FirstOpened { at_s: NOW + minutes * 60, was_flagged }),
        arrived_s: Some(NOW),
        ..StudyCard::default()
    };
    let cards = [opened(2, Some(true)), opened(4, Some(true)), opened(30, Some(false)), opened(-5, Some(true))];
    let times = TriageTimes::of(cards.iter().chain([&opened(1, None)]));
    let told = |one: Option<work_item::WaitingTime>| one.map(|one| (one.n_studies, one.median_s));
    assert_eq!((told(times.flagged), told(times.unflagged)), (Some((2, 180.0)), Some((1, 1800.0))));
}

fn boxed(id: &str, logit: f64, label: &str, [x0, y0, x1, y1]: [f64; 4]) -> Arc<Finding> {
    let mut finding = Finding::clone(&suggestion(id, logit));
    finding.place = Place::Region { region: PixelBox { x0, y0, x1, y1 } };
    finding.label.name = label.to_owned();
    Arc::new(finding)
}

#[test]
fn findings_that_say_one_thing_twice_stand_together_and_others_apart() {
    let mut desk = Desk::new();
    desk.does(Command::AddSuggestions(vec![
        boxed("first", 2.0, "Nodule", [0.0, 0.0, 10.0, 10.0]),
        boxed("again", 1.0, "nodule ", [1.0, 0.0, 11.0, 10.0]),
        boxed("elsewhere", 0.9, "Nodule", [40.0, 0.0, 50.0, 10.0]),
        boxed("other", 0.8, "Effusion", [0.0, 0.0, 10.0, 10.0]),
        suggestion("whole", 0.7),
    ]));
    let groups = grouping::groups(desk.session.findings());
    let [group] = groups.as_slice() else { panic!("{groups:?}") };
    assert_eq!((group.lead.as_str(), group.others[0].finding.as_str()), ("first", "again"));
    assert!((group.others[0].overlap.unwrap() - 90.0 / 110.0).abs() < 1e-9);
}

#[test]
fn two_readers_are_held_against_each_other_finding_by_finding() {
    let mut desk = Desk::with_three();
    let (alice, bob) = (ReaderName::new("R. Eader"), ReaderName::new("S. Econd"));
    desk.does(decide("a", Verdict::Accepted, ""));
    desk.does(decide("b", Verdict::Accepted, ""));
    desk.does(Command::AddFinding(readers_finding("r1", "Nodule")));
    desk.reader = bob.clone();
    desk.does(show("a"));
    desk.does(decide("a", reject(), ""));
    desk.does(decide("b", Verdict::Accepted, "same"));
    let own = |id: &str, name: &str| {
        let mut finding = Finding::clone(&readers_finding(id, name));
        finding.origin = overread::domain::finding::Origin::Reader(bob.clone());
        Command::AddFinding(Arc::new(finding))
    };
    desk.does(own("r2", "nodule"));
    desk.does(own("r3", "Fracture"));
    let unmasked = desk.session.unmasked();
    assert_eq!(difference::readers(&unmasked), [alice.clone(), bob.clone()]);
    let lines = difference::between(&unmasked, &alice, &bob);
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            let [a, b] = &line.sides;
            (line.finding.id.as_str(), a.words().to_owned(), b.words().to_owned(), line.is_disputed())
        })
        .collect();
    let row = |id, a: &str, b: &str, is_disputed| (id, a.to_owned(), b.to_owned(), is_disputed);
    assert_eq!(
        told,
        [
            row("a", "Accepted", "Rejected", true),
            row("r3", "Not marked", "Marked", true),
            row("b", "Accepted", "Accepted", false),
            row("r1", "Marked", "Marked", false),
            row("c", "Not decided", "Not decided", false),
        ]
    );
    let shared = lines.iter().find(|line| line.finding.id == FindingId::new("r1")).unwrap();
    assert_eq!(shared.counterpart.as_ref().map(|one| one.id.as_str()), Some("r2"));
    assert!(matches!(shared.sides[1], Side::Found(None)));
    assert_eq!(study(), *desk.session.study());
}
