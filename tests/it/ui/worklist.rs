//! The worklist: read, walked, narrowed, and left by Enter.

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use overread::domain::patient::Patient;
use overread::domain::reading::ReadingMode;
use overread::domain::uid::{ReaderName, StudyUid};
use overread::review::digest::{Flag, StudyDigest, StudyStatus};
use overread::review::urgency::UrgencyRules;
use overread::review::work_item::{self, AuditSample, FirstOpened, StudyCard, TriageTimes, Viewing, WorkItem};
use overread::ui::action::{Action, WorklistAction};
use overread::ui::context::WorklistFacts;

use crate::ui::desk::Desk;
use crate::ui::{harness, press};

pub const NOW_S: i64 = 1_790_000_000;

/// A list of so many studies of every kind, as this reader sees it.
pub fn facts(n_studies: i64, viewer: &str, mode: ReadingMode) -> WorklistFacts {
    let viewing =
        Viewing { viewer: ReaderName::new(viewer), mode, audit: AuditSample { seed: 1, rate: 0.5 }, now_s: NOW_S };
    let rules = UrgencyRules::default();
    let cards: Vec<StudyCard> = (0..n_studies).map(card).collect();
    let item = |(n, card): (i64, &StudyCard)| {
        let digest = digest(n);
        let study = StudyUid::new(format!("1.2.3.{n}"));
        WorkItem::new(study, card.clone(), digest.as_ref(), n % 4 != 3, &viewing, &rules)
    };
    let mut items: Vec<WorkItem> = (0..n_studies).zip(&cards).map(item).collect();
    work_item::note_priors(&mut items);
    work_item::sort(&mut items);
    WorklistFacts { items, now_s: NOW_S, times: TriageTimes::of(cards.iter()) }
}

fn card(n: i64) -> StudyCard {
    let names =
        ["Ahlgren^Mette", "Baptiste^Jean Luc", "Castellanos^Inés", "Dvořák^Pavel", "Eriksen^Nora", "Fischer^Uwe"];
    let described = ["Thorax pa/lat", "CT thorax with contrast", "Chest STAT bedside", "Abdomen", "CT head"];
    let pick = |list: &[&str]| list[usize::try_from(n).unwrap() % list.len()].to_owned();
    let opened = FirstOpened { at_s: NOW_S - n * 1300 + 240 * (n % 9), was_flagged: Some(n % 3 == 0) };
    StudyCard {
        patient: Patient { id: format!("MRN-{:05}", n % 40), name: pick(&names), ..Patient::default() },
        date: format!("2026{:02}{:02}", n % 9 + 1, n % 27 + 1),
        description: pick(&described),
        accession: format!("A-{n:06}"),
        modalities: ["CR", "CT", "DX", "CR", "CT"][usize::try_from(n).unwrap() % 5].to_owned(),
        n_images: 2,
        arrived_s: Some(NOW_S - n * 1300),
        opened: (n % 4 == 0).then_some(opened),
        ..StudyCard::default()
    }
}

fn digest(n: i64) -> Option<StudyDigest> {
    if n % 7 == 6 {
        return None;
    }
    let flag = |label: &str, margin: f64| Flag {
        label: label.into(),
        sentence: format!("Score {:.2}, above operating point 0.50", 0.5 + margin),
        margin,
        is_open: n % 5 != 0,
    };
    let flags = match n % 3 {
        0 => vec![flag("Pleural effusion", 0.31), flag("Infiltration", 0.12)],
        1 if n % 2 == 0 => vec![flag("Pneumothorax", 0.18)],
        _ => Vec::new(),
    };
    let digest = StudyDigest {
        is_analyzed: true,
        status: StudyStatus::ALL[usize::try_from(n % 11).unwrap().min(6)],
        assigned_to: (n % 6 == 1)
            .then(|| ReaderName::new(["Dr. Reader", "Dr. Holm"][usize::try_from(n / 6 % 2).unwrap()])),
        flags,
        ..StudyDigest::default()
    };
    Some(digest)
}

/// The desk at its worklist.
pub fn desk(n_studies: i64, mode: ReadingMode) -> Desk {
    let mut desk = Desk::new();
    desk.facts.preferences.reading.mode = mode;
    desk.facts.worklist = facts(n_studies, "Dr. Reader", mode);
    desk.view.transient.worklist.is_open = true;
    desk
}

fn opened(harness: &Harness<'_, Desk>) -> Option<StudyUid> {
    harness.state().asked.iter().rev().find_map(|action| match action {
        Action::Worklist(WorklistAction::Open(study)) => Some(study.clone()),
        _ => None,
    })
}

#[test]
fn the_list_is_walked_and_opened_by_keys_alone() {
    let mut harness = harness(desk(60, ReadingMode::Concurrent));
    let items: Vec<StudyUid> = harness.state().facts.worklist.items.iter().map(|item| item.study.clone()).collect();
    for key in [Key::Home, Key::ArrowDown, Key::J, Key::K] {
        press(&mut harness, key);
    }
    assert_eq!(harness.state().view.transient.worklist.selected.as_ref(), Some(&items[1]));
    press(&mut harness, Key::End);
    assert_eq!(harness.state().view.transient.worklist.selected.as_ref(), items.last());
    press(&mut harness, Key::Home);
    press(&mut harness, Key::Enter);
    assert_eq!(opened(&harness).as_ref(), Some(&items[0]));
    assert!(!harness.state().view.transient.worklist.is_open);
    press(&mut harness, Key::F2);
    assert!(harness.state().view.transient.worklist.is_open);
    press(&mut harness, Key::Escape);
    assert!(!harness.state().view.transient.worklist.is_open);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::PageDown);
    harness.run_steps(2);
    assert!(harness.state().asked.contains(&Action::Worklist(WorklistAction::Next)));
}

#[test]
fn words_narrow_the_list_and_it_says_how_much_of_it_is_shown() {
    let mut harness = harness(desk(60, ReadingMode::Concurrent));
    harness.get_by_label_contains("60 studies");
    assert!(harness.query_by_label_contains("Showing").is_none());
    press(&mut harness, Key::Slash);
    harness.get_by_label("Search the worklist").type_text("erik pneumothorax");
    harness.run_steps(3);
    let n_shown = {
        let desk = harness.state();
        let filter = &desk.view.transient.worklist.filter;
        filter.places(&desk.facts.worklist.items, &desk.facts.reader).len()
    };
    assert!((1..20).contains(&n_shown), "{n_shown}");
    harness.get_by_label(&format!("Showing {n_shown} of 60"));
    harness.get_by_label("Show all").click();
    harness.run_steps(3);
    assert!(harness.state().view.transient.worklist.filter.is_whole());
}

#[test]
fn a_study_is_claimed_and_released_from_the_list() {
    let mut harness = harness(desk(60, ReadingMode::Concurrent));
    let select = |harness: &mut Harness<'_, Desk>, wanted: &dyn Fn(&WorkItem) -> bool| {
        let study = harness.state().facts.worklist.items.iter().find(|item| wanted(item)).unwrap().study.clone();
        harness.state_mut().view.transient.worklist.selected = Some(study.clone());
        harness.key_press_modifiers(Modifiers::SHIFT, Key::C);
        harness.run_steps(2);
        study
    };
    let free = select(&mut harness, &|item| item.assigned_to.is_none());
    assert!(harness.state().asked.contains(&Action::Worklist(WorklistAction::Claim(free))));
    let own = ReaderName::new("Dr. Reader");
    let mine = select(&mut harness, &|item| item.assigned_to.as_ref() == Some(&own));
    assert!(harness.state().asked.contains(&Action::Worklist(WorklistAction::Release(mine))));
}

#[test]
fn whoever_reads_blind_finds_no_flag_on_the_list() {
    let mut harness = harness(desk(60, ReadingMode::Blind));
    press(&mut harness, Key::Home);
    for word in ["Pneumothorax", "effusion", "Infiltration", "flagged", "Score"] {
        assert!(
            harness.query_all_by_label_contains(word).all(|node| {
                use egui_kittest::kittest::NodeT as _;
                let label = node.accesskit_node().label().unwrap_or_default();
                label.contains("by flag") || label.contains("Search")
            }),
            "{word}"
        );
    }
    harness.get_by_label_contains("read without AI");
}
