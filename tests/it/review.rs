//! The reader's hand: rules, undo, keeping, and that the state is a fold over the events.

mod course;
mod work;

use std::sync::Arc;

use overread::domain::decision::Verdict;
use overread::domain::finding::{Finding, Place};
use overread::domain::geometry::PixelBox;
use overread::domain::uid::{FindingId, ReaderName, StudyUid};
use overread::review::command::Command;
use overread::review::event::{Change, DecisionOrigin, FindingDecided, ReviewEvent};
use overread::review::rules::Refusal;
use overread::review::session::{Counts, Keeping, RecordAccess, ReviewSession};
use overread::review::worklist::{Standing, TriageGroup};

use crate::record::{Desk, decide, readers_finding, reject, show, study, suggestion, suggestion_in};

fn order(session: &ReviewSession) -> Vec<&str> {
    session.findings().iter().map(|review| review.finding.id.as_str()).collect()
}

#[test]
fn findings_are_ordered_by_margin_with_the_readers_own_between_flagged_and_unflagged_and_stay_there() {
    let mut desk = Desk::with_three();
    assert_eq!(order(&desk.session), ["a", "b", "c"]);
    desk.does(Command::AddFinding(readers_finding("r", "Rib fracture")));
    desk.does(decide("a", Verdict::Accepted, ""));
    assert_eq!(order(&desk.session), ["a", "b", "r", "c"]);
    assert_eq!(desk.session.counts(), Counts { n_findings: 4, n_flagged: 3, n_unreviewed: 1, n_decided: 1 });
}

#[test]
fn the_next_unreviewed_is_below_then_from_the_top_and_never_one_that_was_not_flagged() {
    let mut desk = Desk::with_three();
    let next = |desk: &Desk, after: Option<&str>| {
        desk.session.next_unreviewed(after.map(FindingId::new).as_ref()).map(|id| id.as_str().to_owned())
    };
    assert_eq!(next(&desk, None).as_deref(), Some("a"));
    assert_eq!(next(&desk, Some("a")).as_deref(), Some("b"));
    assert_eq!(next(&desk, Some("b")).as_deref(), Some("a"));
    desk.does(decide("a", Verdict::Uncertain, ""));
    assert_eq!(next(&desk, Some("b")).as_deref(), Some("b"));
    desk.does(decide("b", reject(), ""));
    assert_eq!(next(&desk, Some("b")), None);
}

#[test]
fn nothing_is_accepted_whose_image_was_not_on_screen() {
    let mut desk = Desk::new();
    desk.does(Command::AddSuggestions(vec![suggestion("a", 1.0)]));
    assert_eq!(desk.tries(decide("a", Verdict::Accepted, "")), Err(Refusal::NotDisplayed));
    desk.does(decide("a", reject(), ""));
    desk.does(show("a"));
    let unseen = Command::Decide {
        finding: FindingId::new("a"),
        verdict: Verdict::Accepted,
        seen: None,
        comment: String::new(),
        details: Default::default(),
    };
    assert_eq!(desk.tries(unseen), Err(Refusal::NotDisplayed));
    desk.does(decide("a", Verdict::Accepted, ""));
    assert_eq!(desk.decision("a"), Some(Verdict::Accepted));
    let record = desk.session.unkept_events();
    let replayed = ReviewSession::replay(study(), vec![suggestion("a", 1.0)], record);
    assert!(!replayed.was_displayed(&FindingId::new("a")), "what was seen last week does not count");
}

#[test]
fn a_decision_from_the_command_line_says_that_nobody_looked() {
    let mut desk = Desk::new();
    desk.does(Command::AddSuggestions(vec![suggestion("a", 1.0)]));
    let command = Command::DecideWithoutScreen {
        finding: FindingId::new("a"),
        verdict: Verdict::Accepted,
        comment: "batch".to_owned(),
        details: Default::default(),
    };
    let events = desk.does(command);
    let [ReviewEvent { change: Change::FindingDecided(FindingDecided { made, seen: None, .. }), .. }] =
        events.as_slice()
    else {
        panic!("{events:?}");
    };
    assert_eq!(*made, DecisionOrigin::WithoutScreen);
}

#[test]
fn what_may_not_be_done_is_refused_with_a_sentence_and_leaves_no_trace() {
    let mut desk = Desk::with_three();
    desk.does(Command::AddFinding(readers_finding("r", "Nodule")));
    let changed = |change: fn(&mut Finding)| {
        let mut finding = Finding::clone(&readers_finding("new", "Nodule"));
        change(&mut finding);
        Command::AddFinding(Arc::new(finding))
    };
    let unreasoned = Verdict::Rejected { reasons: Vec::new(), text: "no".to_owned() };
    let other = suggestion_in(&StudyUid::new("9.9"), "z", 1.0);
    let cases = [
        (decide("a", unreasoned, ""), Refusal::RejectNeedsReason),
        (decide("nobody", Verdict::Accepted, ""), Refusal::UnknownFinding),
        (show("nobody"), Refusal::UnknownFinding),
        (Command::Redo, Refusal::NothingToRedo),
        (Command::AddFinding(readers_finding("r", "Again")), Refusal::DuplicateFinding),
        (Command::AddFinding(suggestion("x", 1.0)), Refusal::NotReadersFinding),
        (Command::AddSuggestions(vec![readers_finding("q", "Q")]), Refusal::NotASuggestion),
        (Command::AddSuggestions(vec![other]), Refusal::OtherStudy),
        (Command::RemoveReaderFinding { finding: FindingId::new("a") }, Refusal::NotReadersFinding),
        (changed(|finding| finding.label.name = "  ".to_owned()), Refusal::NeedsLabel),
        (
            changed(|finding| {
                finding.place = Place::Region { region: PixelBox { x0: 4.0, y0: 0.0, x1: 4.0, y1: 1.0 } }
            }),
            Refusal::NeedsPlace,
        ),
    ];
    let before = snapshot(&desk.session);
    for (command, refusal) in cases {
        assert_eq!(desk.tries(command), Err(refusal.clone()));
        assert!(refusal.to_string().ends_with('.'));
    }
    assert_eq!(snapshot(&desk.session), before);
    desk.reader = ReaderName::new(" ");
    assert_eq!(desk.tries(Command::Undo), Err(Refusal::EmptyReader));
    assert_eq!(Desk::new().tries(Command::Undo), Err(Refusal::NothingToUndo));
}

#[test]
fn a_read_only_record_shows_suggestions_and_decides_nothing() {
    let mut desk = Desk::new();
    desk.session.set_access(RecordAccess::ReadOnly);
    assert!(desk.does(Command::AddSuggestions(vec![suggestion("a", 1.0)])).is_empty());
    assert_eq!(order(&desk.session), ["a"]);
    assert_eq!(desk.tries(decide("a", reject(), "")), Err(Refusal::ReadOnlyRecord));
    assert!(!desk.session.can_undo() && desk.session.unkept_events().is_empty());
}

#[test]
fn a_repeated_run_neither_duplicates_findings_nor_loses_decisions() {
    let mut desk = Desk::with_three();
    desk.does(decide("a", Verdict::Accepted, ""));
    let again = ["a", "b", "c"].map(|id| suggestion(id, 0.0)).to_vec();
    assert!(desk.does(Command::AddSuggestions(again)).is_empty());
    assert_eq!(order(&desk.session), ["a", "b", "c"], "the first scores stay");
    assert_eq!(desk.decision("a"), Some(Verdict::Accepted));
    let one_new = vec![suggestion("a", 0.0), suggestion("d", 0.1)];
    let events = desk.does(Command::AddSuggestions(one_new));
    assert_eq!(events.iter().flat_map(ReviewEvent::findings).map(FindingId::as_str).collect::<Vec<_>>(), ["d"]);
}

#[test]
fn undo_and_redo_walk_over_decisions_changes_comments_additions_and_withdrawals() {
    let mut desk = Desk::with_three();
    desk.does(decide("a", Verdict::Accepted, ""));
    desk.does(decide("a", Verdict::Accepted, "small"));
    desk.does(decide("a", reject(), "small"));
    desk.does(Command::AddFinding(readers_finding("r", "Nodule")));
    desk.does(Command::RemoveReaderFinding { finding: FindingId::new("r") });
    assert_eq!(order(&desk.session), ["a", "b", "c"]);
    desk.does(Command::Undo);
    assert_eq!(order(&desk.session), ["a", "b", "r", "c"]);
    desk.does(Command::Undo);
    assert_eq!(order(&desk.session), ["a", "b", "c"]);
    desk.does(Command::Undo);
    let comment = |desk: &Desk| {
        desk.session.finding(&FindingId::new("a")).and_then(|r| r.decision.clone()).map(|d| (d.verdict, d.comment))
    };
    assert_eq!(comment(&desk), Some((Verdict::Accepted, "small".to_owned())));
    desk.does(Command::Undo);
    assert_eq!(comment(&desk), Some((Verdict::Accepted, String::new())));
    desk.does(Command::Redo);
    assert_eq!(comment(&desk), Some((Verdict::Accepted, "small".to_owned())));
    desk.does(decide("b", reject(), ""));
    assert!(!desk.session.can_redo(), "a new act ends redo");
    let history = &desk.session.finding(&FindingId::new("a")).unwrap().history;
    assert_eq!(history.len(), 3, "what was undone stays in the history");
}

#[test]
fn suggestions_that_arrive_late_leave_redo_alone_and_the_same_decision_twice_is_one_event() {
    let mut desk = Desk::with_three();
    desk.does(decide("a", Verdict::Accepted, ""));
    assert!(desk.does(decide("a", Verdict::Accepted, "")).is_empty());
    desk.does(Command::Undo);
    desk.does(Command::AddSuggestions(vec![suggestion("d", 0.1)]));
    desk.does(Command::Redo);
    assert_eq!(desk.decision("a"), Some(Verdict::Accepted));
}

#[test]
fn a_decision_is_pending_then_not_saved_then_kept_and_a_retry_carries_all_that_is_missing_in_order() {
    let mut desk = Desk::with_three();
    let keeping = |desk: &Desk, id: &str| desk.session.finding(&FindingId::new(id)).unwrap().keeping.clone();
    for event in desk.session.unkept_events() {
        desk.session.mark_kept(&event.id);
    }
    assert_eq!(desk.session.keeping(), Keeping::Kept);
    let first = desk.does(decide("a", Verdict::Accepted, "")).remove(0);
    assert_eq!(keeping(&desk, "a"), Keeping::Pending);
    desk.session.mark_not_saved(&first.id, "The disk is full.");
    let second = desk.does(Command::Undo).remove(0);
    assert_eq!(keeping(&desk, "a"), Keeping::NotSaved("The disk is full.".to_owned()));
    assert_eq!(desk.session.unkept_events(), [first.clone(), second.clone()]);
    desk.session.mark_kept(&first.id);
    assert_eq!(keeping(&desk, "a"), Keeping::Pending, "the undo is about this finding too");
    desk.session.mark_kept(&second.id);
    desk.session.mark_not_saved(&second.id, "late news");
    assert_eq!((keeping(&desk, "a"), keeping(&desk, "b")), (Keeping::Kept, Keeping::Kept));
}

#[test]
fn what_another_program_wrote_is_taken_in_below_what_is_not_kept_yet() {
    let mut desk = Desk::with_three();
    let kept = desk.session.unkept_events();
    kept.iter().for_each(|event| desk.session.mark_kept(&event.id));
    let findings: Vec<_> = desk.session.findings().iter().map(|review| Arc::clone(&review.finding)).collect();
    let own = desk.does(decide("a", reject(), ""));
    let mut other = Desk::with(ReviewSession::replay(study(), findings.clone(), kept.clone()));
    let command = Command::DecideWithoutScreen {
        finding: FindingId::new("b"),
        verdict: Verdict::Uncertain,
        comment: String::new(),
        details: Default::default(),
    };
    let mut theirs = other.does(command);
    theirs[0].id = overread::domain::uid::EventId::new("theirs");
    desk.session.refresh(findings, [kept, theirs].concat());
    assert_eq!((desk.decision("a"), desk.decision("b")), (Some(reject()), Some(Verdict::Uncertain)));
    assert_eq!(desk.session.unkept_events(), own);
    assert!(desk.session.was_displayed(&FindingId::new("a")));
}

#[test]
fn the_report_has_the_panels_order_the_decision_in_force_and_all_of_the_history() {
    let mut desk = Desk::with_three();
    desk.does(decide("b", Verdict::Accepted, ""));
    desk.does(decide("b", reject(), ""));
    desk.does(Command::AddFinding(readers_finding("r", "Nodule")));
    desk.does(Command::RemoveReaderFinding { finding: FindingId::new("r") });
    let report = desk.session.report(None, "2026-11-21T12:00:00+01:00", "overread test");
    let ids: Vec<_> = report.findings.iter().map(|reported| reported.finding.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    let b = &report.findings[1];
    assert_eq!(b.decision.as_ref().map(|decision| decision.verdict.clone()), Some(reject()));
    assert_eq!(b.history.len(), 2);
}

#[test]
fn a_study_moves_down_the_worklist_as_it_is_reviewed() {
    let mut desk = Desk::new();
    let group = |desk: &Desk| Standing::of(&study(), Some(&desk.session)).group;
    assert_eq!(group(&desk), TriageGroup::NotAnalyzed);
    desk.does(Command::AddSuggestions(vec![suggestion("c", -1.0)]));
    assert_eq!(group(&desk), TriageGroup::NotFlagged);
    desk.does(Command::AddSuggestions(vec![suggestion("a", 1.0)]));
    assert_eq!(group(&desk), TriageGroup::FlaggedUnreviewed);
    desk.does(decide("a", reject(), ""));
    assert_eq!(group(&desk), TriageGroup::Reviewed);
}

/// All a reader can see, but for what was displayed and what is kept.
fn snapshot(session: &ReviewSession) -> Vec<String> {
    let findings = session.findings().iter();
    findings.map(|r| format!("{:?} {:?} {:?}", r.finding.id, r.decision, r.history)).collect()
}

/// The same without history, which an undo leaves longer.
fn standing(session: &ReviewSession) -> Vec<String> {
    session.findings().iter().map(|r| format!("{:?} {:?}", r.finding.id, r.decision)).collect()
}

/// SplitMix64 (Steele, Lea and Flood 2014).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}

fn any_command(dice: &mut Dice, turn: usize) -> Command {
    let id = ["a", "b", "c", "d", "e", "r0", "r1", "r2", "nobody"][dice.below(9) as usize];
    let verdicts = [Verdict::Accepted, reject(), Verdict::Uncertain, Verdict::NotAssessable];
    let verdict = verdicts[dice.below(4) as usize].clone();
    let comment = ["", "small", "twice"][dice.below(3) as usize];
    match dice.below(12) {
        0 => show(id),
        1 => Command::AddSuggestions(vec![suggestion(id, 0.3), suggestion("e", 0.1)]),
        2 => Command::AddFinding(readers_finding(["r0", "r1", "r2"][turn % 3], "Nodule")),
        3 => Command::RemoveReaderFinding { finding: FindingId::new(id) },
        4 | 5 => Command::Undo,
        6 => Command::Redo,
        7 => Command::DecideWithoutScreen {
            finding: FindingId::new(id),
            verdict,
            comment: comment.to_owned(),
            details: Default::default(),
        },
        _ => decide(id, verdict, comment),
    }
}

#[test]
fn for_any_commands_the_state_is_the_fold_of_its_events_undo_goes_back_to_the_start_and_redo_returns() {
    for seed in 0..400 {
        let mut dice = Dice(seed);
        let mut desk = Desk::with_three();
        let start = standing(&desk.session);
        let mut has_more_suggestions = false;
        for turn in 0..60 {
            let command = any_command(&mut dice, turn);
            let before = (snapshot(&desk.session), desk.session.events().len());
            has_more_suggestions |= matches!(command, Command::AddSuggestions(_));
            if desk.tries(command).is_err() {
                assert_eq!((snapshot(&desk.session), desk.session.events().len()), before, "seed {seed}, turn {turn}");
            }
        }
        let events = desk.session.unkept_events();
        let json = serde_json::to_string(&events).unwrap();
        let read: Vec<ReviewEvent> = serde_json::from_str(&json).unwrap();
        let folded = ReviewSession::replay(study(), desk.session.unkept_findings(), read);
        assert_eq!(snapshot(&folded), snapshot(&desk.session), "seed {seed}");
        assert_eq!(folded.can_undo(), desk.session.can_undo(), "seed {seed}");
        assert_eq!(folded.can_redo(), desk.session.can_redo(), "seed {seed}");

        // On the replayed session, so that the rebuilt stacks are the ones that are walked.
        let mut desk = Desk { session: folded, ..desk };
        let end = standing(&desk.session);
        let mut n_undone = 0;
        while desk.session.can_undo() {
            desk.does(Command::Undo);
            n_undone += 1;
        }
        if !has_more_suggestions {
            assert_eq!(standing(&desk.session), start, "seed {seed}");
        }
        assert!(desk.session.findings().iter().all(|review| review.decision.is_none()), "seed {seed}");
        for _ in 0..n_undone {
            desk.does(Command::Redo);
        }
        assert_eq!(standing(&desk.session), end, "seed {seed}");
    }
}
