//! How a study is read: modes, locks, signatures, who has it, and where readers differ.

use std::sync::Arc;

use overread::domain::decision::{Acceptance, Verdict};
use overread::domain::details::{DecisionDetails, MissKind, Modification, Severity};
use overread::domain::finding::FindingLabel;
use overread::domain::reading::{AiPresentation, Answer, Confidence, ReadingMode, Role, SignatureMeaning};
use overread::domain::uid::{FindingId, ReaderName};
use overread::review::command::{Adjudication, Command, ReadingCommand, ReadingPlan, SignRequest, WorkCommand};
use overread::review::event::{DecisionOrigin, ReviewEvent};
use overread::review::rules::Refusal;
use overread::review::session::ReviewSession;
use overread::review::worklist::{Standing, TriageGroup};

use crate::record::{Desk, decide, readers_finding, reject, seen, show, study, suggestion};
use crate::review::Dice;

const ALICE: &str = "R. Eader";
const BOB: &str = "S. Econd";

fn name(text: &str) -> ReaderName {
    ReaderName::new(text)
}

fn start(mode: ReadingMode) -> Command {
    Command::Reading(ReadingCommand::Start(ReadingPlan { mode, ..ReadingPlan::default() }))
}

fn independent(role: Role) -> Command {
    Command::Reading(ReadingCommand::Start(ReadingPlan { role, is_independent: true, ..ReadingPlan::default() }))
}

fn request(name: &str) -> SignRequest {
    SignRequest {
        name: name.to_owned(),
        meaning: SignatureMeaning::Review,
        role: Role::Reader,
        made: DecisionOrigin::AtScreen,
        accepts_unreviewed: false,
    }
}

fn sign(request: SignRequest) -> Command {
    Command::Reading(ReadingCommand::Sign(request))
}

fn amend(reason: &str) -> Command {
    Command::Reading(ReadingCommand::Amend { reason: reason.to_owned() })
}

fn lock(answer: Answer) -> Command {
    Command::Reading(ReadingCommand::Lock(answer))
}

fn reveal() -> Command {
    Command::Reading(ReadingCommand::Reveal)
}

/// From now on this reader acts and looks.
fn as_reader(desk: &mut Desk, reader: &str) {
    desk.reader = name(reader);
    desk.session.view_as(&name(reader));
}

fn three() -> Vec<Arc<overread::domain::finding::Finding>> {
    [("a", 2.0), ("b", 0.2), ("c", -1.0)].map(|(id, logit)| suggestion(id, logit)).to_vec()
}

/// Suggestions there, nothing seen, this reader at it.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.does(Command::AddSuggestions(three()));
    as_reader(&mut desk, ALICE);
    desk
}

fn listed(session: &ReviewSession) -> Vec<&str> {
    session.findings().iter().map(|review| review.finding.id.as_str()).collect()
}

fn replayed(desk: &Desk) -> ReviewSession {
    let json = serde_json::to_string(&desk.session.unkept_events()).unwrap();
    let events: Vec<ReviewEvent> = serde_json::from_str(&json).unwrap();
    let mut session = ReviewSession::replay(study(), desk.session.unkept_findings(), events);
    if let Some(viewer) = desk.session.viewer() {
        session.view_as(viewer);
    }
    session
}

#[test]
fn a_second_reader_reads_first_locks_is_shown_the_ai_and_both_answers_are_kept() {
    let mut desk = desk();
    desk.does(start(ReadingMode::SecondReader));
    assert!(listed(&desk.session).is_empty() && desk.session.is_ai_hidden());
    desk.does(Command::AddFinding(readers_finding("r", "Nodule")));
    desk.does(show("r"));
    let details = DecisionDetails { confidence: Confidence::new(60), ..DecisionDetails::default() };
    let sure = |details: &DecisionDetails| Command::Decide {
        finding: FindingId::new("r"),
        verdict: Verdict::Accepted,
        seen: seen(),
        comment: String::new(),
        details: details.clone(),
    };
    desk.does(sure(&details));
    assert_eq!(desk.tries(reveal()), Err(Refusal::LockFirst));
    assert_eq!(desk.tries(sign(request(ALICE))), Err(Refusal::LockFirst));
    let answer = Answer { is_abnormal: Some(true), confidence: Confidence::new(55), text: "a nodule".to_owned() };
    desk.does(lock(answer.clone()));
    assert_eq!(desk.tries(decide("r", Verdict::Uncertain, "")), Err(Refusal::RevealFirst));
    assert_eq!(desk.tries(lock(Answer::default())), Err(Refusal::AlreadyLocked));
    assert_eq!(desk.tries(Command::Undo), Err(Refusal::RevealFirst));
    desk.does(reveal());
    assert_eq!(listed(&desk.session), ["a", "b", "r", "c"]);
    assert_eq!(desk.tries(Command::Undo), Err(Refusal::NothingToUndo), "what was locked is not taken back");
    // Revised after the AI: the first answer stays.
    let revised = DecisionDetails { confidence: Confidence::new(90), ..details };
    desk.does(sure(&revised));
    desk.does(show("a"));
    desk.does(decide("a", Verdict::Accepted, ""));
    for session in [&desk.session, &replayed(&desk)] {
        let report = session.report(None, "", "");
        let [reading] = report.course.readings.as_slice() else { panic!("{:?}", report.course.readings) };
        let first = reading.locked.as_ref().unwrap();
        assert_eq!(first.answer, answer);
        let [(id, Some(before))] = first.findings.as_slice() else { panic!("{:?}", first.findings) };
        assert_eq!((id.as_str(), before.details.confidence), ("r", Confidence::new(60)));
        let after = report.findings.iter().find(|one| one.finding.id.as_str() == "r").unwrap();
        assert_eq!(after.decision.as_ref().unwrap().details.confidence, Confidence::new(90));
        assert!(reading.revealed_at.is_some() && !reading.had_seen_ai);
    }
}

#[test]
fn a_reading_without_the_ai_is_not_left_once_begun_and_one_begun_by_mistake_is() {
    let mut desk = desk();
    desk.does(start(ReadingMode::Blind));
    desk.does(start(ReadingMode::Concurrent));
    assert_eq!(listed(&desk.session), ["a", "b", "c"]);
    desk.does(start(ReadingMode::Blind));
    let reading = desk.session.reading().unwrap();
    assert!(reading.had_seen_ai, "the record says that the AI had been in sight");
    desk.does(Command::AddFinding(readers_finding("r", "Nodule")));
    for mode in [ReadingMode::Concurrent, ReadingMode::SecondReader, ReadingMode::Audit] {
        assert_eq!(desk.tries(start(mode)), Err(Refusal::ReadingUnderWay));
    }
    assert_eq!(desk.tries(reveal()), Err(Refusal::ReadBlind));
    assert_eq!(desk.tries(lock(Answer::default())), Err(Refusal::ReadBlind));
    desk.does(sign(request(ALICE)));
    desk.does(start(ReadingMode::Concurrent));
}

#[test]
fn nothing_changes_after_a_signature_until_an_amendment_says_why() {
    let mut desk = desk();
    desk.does(show("a"));
    desk.does(decide("a", Verdict::Accepted, ""));
    assert_eq!(desk.tries(sign(request(ALICE))), Err(Refusal::Unreviewed(1)));
    let knowing = SignRequest { accepts_unreviewed: true, ..request("somebody") };
    assert_eq!(desk.tries(sign(knowing)), Err(Refusal::WrongName));
    desk.does(sign(SignRequest { accepts_unreviewed: true, ..request(ALICE) }));
    let signed = Err(Refusal::SignedOff(name(ALICE)));
    assert_eq!(desk.tries(decide("b", reject(), "")), signed);
    assert_eq!(desk.tries(Command::Undo), signed);
    assert_eq!(desk.tries(Command::AddFinding(readers_finding("r", "Nodule"))), signed);
    assert_eq!(desk.tries(sign(request(ALICE))), signed);
    as_reader(&mut desk, BOB);
    assert_eq!(desk.tries(decide("b", reject(), "")), signed);
    assert_eq!(desk.tries(amend("  ")), Err(Refusal::NeedsReason));
    desk.does(amend("the second finding was left open"));
    desk.does(decide("b", reject(), ""));
    assert_eq!(desk.tries(amend("again")), Err(Refusal::NotSigned));
    let signatures = desk.session.course().signatures().to_vec();
    assert_eq!(signatures[0].n_unreviewed, 1);
    assert_eq!(signatures[0].amended.as_ref().map(|amended| amended.reader.clone()), Some(name(BOB)));
    assert!(desk.session.course().signature().is_none());
    desk.does(sign(request(BOB)));
    let session = replayed(&desk);
    assert_eq!(session.course(), desk.session.course());
    assert!(session.unsound_signatures().is_empty());
}

#[test]
fn a_signature_covers_what_was_there_and_shows_when_it_is_another() {
    let mut desk = desk();
    desk.does(show("a"));
    desk.does(decide("a", Verdict::Accepted, ""));
    desk.does(sign(SignRequest { accepts_unreviewed: true, ..request(ALICE) }));
    let mut events = desk.session.unkept_events();
    let altered = events.iter_mut().find(|event| event.decision().is_some()).unwrap();
    altered.at = "2020-01-01T00:00:00Z".to_owned();
    let session = ReviewSession::replay(study(), desk.session.unkept_findings(), events);
    assert_eq!(session.unsound_signatures().len(), 1);
}

#[test]
fn a_study_is_claimed_released_and_assigned_and_nobody_takes_it_from_another() {
    let mut desk = desk();
    let work = |command: WorkCommand| Command::Work(command);
    let holder = |desk: &Desk| desk.session.course().assignment().map(|one| one.reader.as_str().to_owned());
    assert_eq!(desk.tries(work(WorkCommand::Release { role: Role::Reader })), Err(Refusal::NotClaimed));
    desk.does(work(WorkCommand::Claim));
    assert!(desk.does(work(WorkCommand::Claim)).is_empty());
    as_reader(&mut desk, BOB);
    let taken = Err(Refusal::ClaimedByOther(name(ALICE)));
    assert_eq!(desk.tries(work(WorkCommand::Claim)), taken);
    assert_eq!(desk.tries(work(WorkCommand::Release { role: Role::Reader })), taken);
    let to_bob = |role| work(WorkCommand::Assign { to: name(BOB), role });
    assert_eq!(desk.tries(to_bob(Role::Adjudicator)), Err(Refusal::NeedsLead));
    desk.does(to_bob(Role::Lead));
    assert_eq!(holder(&desk).as_deref(), Some(BOB));
    desk.does(work(WorkCommand::Release { role: Role::Reader }));
    assert_eq!(replayed(&desk).course().assignment(), None);
}

#[test]
fn an_independent_reader_sees_nothing_of_the_others_until_signed_and_an_adjudicator_decides_beside_both() {
    let mut desk = desk();
    desk.does(independent(Role::Reader));
    desk.does(show("a"));
    desk.does(decide("a", Verdict::Accepted, "clear"));
    desk.does(Command::AddFinding(readers_finding("r", "Rib fracture")));
    desk.does(sign(SignRequest { accepts_unreviewed: true, ..request(ALICE) }));
    as_reader(&mut desk, BOB);
    assert_eq!(desk.tries(decide("a", reject(), "")), Err(Refusal::SignedOff(name(ALICE))), "not without a reading");
    desk.does(independent(Role::Reader));
    assert_eq!(listed(&desk.session), ["a", "b", "c"]);
    assert_eq!(desk.decision("a"), None);
    desk.does(decide("a", reject(), ""));
    assert_eq!(desk.tries(Command::Undo).map(|events| events.len()), Ok(1));
    assert_eq!(desk.tries(Command::Undo), Err(Refusal::NothingToUndo), "nobody takes back what another did");
    desk.does(Command::Redo);
    desk.does(sign(SignRequest { accepts_unreviewed: true, ..request(BOB) }));
    assert_eq!(listed(&desk.session), ["a", "b", "r", "c"], "signed: now both are in sight");
    let finding = |desk: &Desk| desk.session.finding(&FindingId::new("a")).unwrap().clone();
    assert_eq!(finding(&desk).by_reader.iter().map(|one| one.reader.as_str()).collect::<Vec<_>>(), [ALICE, BOB]);
    as_reader(&mut desk, "A. Judge");
    let settle = |role| {
        Command::Adjudicate(Box::new(Adjudication {
            finding: FindingId::new("a"),
            verdict: Verdict::Accepted,
            seen: None,
            comment: "both views weighed".to_owned(),
            details: DecisionDetails { severity: Some(Severity::Mild), ..DecisionDetails::default() },
            role,
        }))
    };
    assert_eq!(desk.tries(settle(Role::Reader)), Err(Refusal::NeedsAdjudicator));
    desk.does(settle(Role::Adjudicator));
    assert!(desk.does(settle(Role::Adjudicator)).is_empty());
    let settled = finding(&desk);
    assert_eq!(settled.adjudicated.as_ref().unwrap().verdict, Verdict::Accepted);
    assert_eq!(settled.by_reader.len(), 2, "beside both, not in their place");
    let meaning = SignatureMeaning::Adjudication;
    let wanting = |role| SignRequest { meaning, role, accepts_unreviewed: true, ..request("A. Judge") };
    assert_eq!(desk.tries(sign(wanting(Role::Reader))), Err(Refusal::NeedsAdjudicator));
    desk.does(sign(wanting(Role::Adjudicator)));
    assert_eq!(desk.tries(settle(Role::Lead)), Err(Refusal::SignedOff(name("A. Judge"))));
    let report = replayed(&desk).report(None, "", "");
    let a = &report.findings[0];
    assert!(a.is_disputed());
    assert_eq!(a.result().unwrap().reader.as_str(), "A. Judge");
    assert_eq!(report.course.signatures.len(), 3);
}

#[test]
fn an_annotator_signs_as_author_only() {
    let mut desk = desk();
    let annotator = SignRequest { role: Role::Annotator, accepts_unreviewed: true, ..request(ALICE) };
    assert_eq!(desk.tries(sign(annotator.clone())), Err(Refusal::AnnotatorSignsAsAuthor));
    desk.does(sign(SignRequest { meaning: SignatureMeaning::Authorship, ..annotator }));
}

#[test]
fn details_are_part_of_the_decision_and_a_new_label_makes_it_modified() {
    let mut desk = desk();
    desk.does(show("a"));
    let with = |details: DecisionDetails| Command::Decide {
        finding: FindingId::new("a"),
        verdict: Verdict::Accepted,
        seen: seen(),
        comment: String::new(),
        details,
    };
    let label = |name: &str| Some(FindingLabel { id: "reader".into(), name: name.into(), code: None });
    assert_eq!(
        desk.tries(with(DecisionDetails { label: label(" "), ..DecisionDetails::default() })),
        Err(Refusal::NeedsLabel)
    );
    desk.does(with(DecisionDetails::default()));
    let acceptance =
        |desk: &Desk| desk.session.finding(&FindingId::new("a")).unwrap().decision.as_ref().unwrap().acceptance();
    assert_eq!(acceptance(&desk), Some(Acceptance::Unmodified));
    let details = DecisionDetails {
        label: label("Consolidation"),
        modifications: vec![Modification::Leak],
        miss: Some(MissKind::NotMarked),
        clinically_relevant: Some(true),
        ..DecisionDetails::default()
    };
    assert_eq!(desk.does(with(details.clone())).len(), 1);
    assert!(desk.does(with(details)).is_empty());
    assert_eq!(acceptance(&desk), Some(Acceptance::AfterModification));
    let decision = replayed(&desk).finding(&FindingId::new("a")).unwrap().decision.clone().unwrap();
    assert_eq!(decision.modifications(), [Modification::Label, Modification::Leak]);
}

#[test]
fn a_condition_of_presentation_is_recorded_when_it_changes() {
    let mut desk = desk();
    let without_map = AiPresentation { map: false, ..AiPresentation::default() };
    let present = |presentation| Command::Reading(ReadingCommand::Present(presentation));
    assert_eq!(desk.does(present(without_map)).len(), 1);
    assert!(desk.does(present(without_map)).is_empty());
    desk.does(present(AiPresentation::default()));
    assert_eq!(replayed(&desk).reading().map(|reading| reading.presentation), Some(AiPresentation::default()));
}

fn any_act(dice: &mut Dice) -> Command {
    let id = ["a", "b", "c", "r0", "r1"][dice.below(5) as usize];
    let verdict = [Verdict::Accepted, reject(), Verdict::Uncertain][dice.below(3) as usize].clone();
    match dice.below(13) {
        0 | 1 => show(id),
        2 | 3 => decide(id, verdict, ""),
        4 => Command::AddFinding(readers_finding(["r0", "r1"][dice.below(2) as usize], "Nodule")),
        5 => Command::RemoveReaderFinding { finding: FindingId::new(id) },
        6 => Command::Undo,
        7 => Command::Redo,
        8 => Command::AddSuggestions(three()),
        9 => start(ReadingMode::ALL[dice.below(4) as usize]),
        10 => lock(Answer::default()),
        11 => reveal(),
        _ => Command::DecideWithoutScreen {
            finding: FindingId::new(id),
            verdict,
            comment: String::new(),
            details: DecisionDetails::default(),
        },
    }
}

/// Whatever is asked, in whatever order, and after any restart: while a reader reads blind, nothing that the screen, the
/// worklist or an export is made of holds anything of the models.
#[test]
fn for_any_acts_a_blind_reading_never_holds_anything_of_the_models() {
    let mut n_hidden = 0;
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let mut desk = Desk::new();
        as_reader(&mut desk, ALICE);
        desk.does(start([ReadingMode::Blind, ReadingMode::SecondReader][(seed % 2) as usize]));
        desk.does(Command::AddFinding(readers_finding("own", "Nodule")));
        for _ in 0..40 {
            let act = any_act(&mut dice);
            // Refused or not.
            drop(desk.tries(act));
            let restarted = replayed(&desk);
            for session in [&desk.session, &restarted] {
                if session.reading().is_some_and(|reading| reading.mode == ReadingMode::Blind) {
                    assert!(session.is_ai_hidden(), "seed {seed}");
                }
                if !session.is_ai_hidden() {
                    continue;
                }
                n_hidden += 1;
                assert!(session.findings().iter().all(|review| review.finding.model_run().is_none()), "seed {seed}");
                assert_eq!(session.counts().n_unreviewed, 0);
                assert_eq!(session.next_unreviewed(None), None);
                let report = session.report(None, "", "");
                assert!(report.findings.iter().all(|one| one.finding.model_run().is_none()), "seed {seed}");
                assert!(report.course.is_ai_hidden);
                let standing = Standing::of(&study(), Some(session));
                assert!(standing.group != TriageGroup::FlaggedUnreviewed && standing.margin.is_none(), "seed {seed}");
            }
        }
    }
    assert!(n_hidden > 5_000, "{n_hidden}");
}
