//! Reading modes, details, signing, repeats and differences, as a reader goes through them.

use std::sync::Arc;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use overread::domain::decision::{Acceptance, RejectReason, Verdict};
use overread::domain::details::{Difficulty, Severity};
use overread::domain::finding::{Finding, Origin};
use overread::domain::reading::{AiPresentation, ReadingMode, Role};
use overread::domain::uid::{FindingId, ReaderName};
use overread::review::command::{Command, ReadingCommand, ReadingPlan};
use overread::review::session::ReviewSession;
use overread::ui::action::{Action, ReviewAction};
use overread::ui::dialogs::Dialog;

use crate::ui::desk::Desk;
use crate::ui::pictures::picture;
use crate::ui::study::findings;
use crate::ui::{decisions, harness, press};

fn press_with(harness: &mut Harness<'_, Desk>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_steps(4);
}

fn start(mode: ReadingMode) -> Command {
    Command::Reading(ReadingCommand::Start(ReadingPlan { mode, ..ReadingPlan::default() }))
}

/// The study as a reader begins it in this mode.
pub fn begun(mode: ReadingMode) -> Desk {
    let mut desk = Desk::new();
    let reader = desk.facts.reader.clone();
    desk.session.view_as(&reader);
    desk.apply(start(mode));
    desk
}

/// Everything that the screen says, to eyes or to a screen reader.
fn said(harness: &Harness<'_, Desk>) -> String {
    fn collect(node: egui_kittest::Node<'_>, text: &mut String) {
        let node_of = node.accesskit_node();
        for words in [node_of.label(), node_of.value(), node_of.description().map(|d| d.to_owned())] {
            text.push_str(&words.map(|words| words.to_string()).unwrap_or_default());
            text.push('\n');
        }
        for child in node.children() {
            collect(child, text);
        }
    }
    let mut text = String::new();
    collect(harness.root(), &mut text);
    text
}

#[test]
fn a_blind_reading_shows_nothing_of_the_models_whatever_is_pressed() {
    let mut harness = harness(begun(ReadingMode::Blind));
    let keys = [Key::Enter, Key::U, Key::J, Key::G, Key::O, Key::Delete, Key::Num1, Key::Tab, Key::K, Key::M, Key::M];
    for key in keys {
        press(&mut harness, key);
        let text = said(&harness);
        for word in
            ["Nodule", "effusion", "Enlarged heart", "Pneumothorax", "Score", "operating point", "Chest findings"]
        {
            assert!(!text.contains(word), "{word} after {key:?}");
        }
    }
    assert!(decisions(harness.state()).is_empty());
    harness.get_by_label_contains("AI results are hidden");
    // Shift+L: there is nothing to reveal.
    press_with(&mut harness, Modifiers::SHIFT, Key::L);
    assert!(harness.state().view.dialogs.is_empty());
    harness.get_by_label_contains("stays hidden");
}

#[test]
fn a_blind_screen_is_the_same_picture_as_one_without_any_result() {
    let with_results = begun(ReadingMode::Blind);
    let mut without = begun(ReadingMode::Blind);
    let mut session = ReviewSession::new(without.studies[0].uid.clone());
    session.view_as(&without.facts.reader);
    without.session = session;
    without.apply(start(ReadingMode::Blind));
    let drawn = [("blind", with_results), ("blind-empty", without)].map(|(name, mut desk)| {
        desk.view.overlay.saliency_shown = true;
        desk.view.overlay.masks = overread::ui::view_state::MaskStyle::OutlineAndFill;
        picture(name, [1600.0, 1000.0], desk)
    });
    let [Some(a), Some(b)] = drawn else { return };
    let n_different = a.pixels().zip(b.pixels()).filter(|(a, b)| a != b).count();
    assert_eq!(n_different, 0);
}

#[test]
fn a_second_reader_locks_an_answer_by_keyboard_and_is_then_shown_the_ai() {
    let mut harness = harness(begun(ReadingMode::SecondReader));
    harness.get_by_label_contains("Second reader · AI hidden");
    press_with(&mut harness, Modifiers::SHIFT, Key::Enter);
    assert!(matches!(harness.state().view.dialogs.last(), Some(Dialog::LockAnswer(_))), "first the own answer");
    press(&mut harness, Key::Num2);
    press(&mut harness, Key::Enter);
    assert!(!harness.state().session.is_ai_hidden());
    harness.get_by_label_contains("Before the AI: abnormal");
    let locked = harness.state().session.reading().unwrap().locked.clone().unwrap();
    assert_eq!(locked.answer.is_abnormal, Some(true));
    assert_eq!(harness.state().selected(), Some("nodule"));
}

#[test]
fn a_study_is_signed_with_the_name_typed_again_and_opened_again_with_a_reason() {
    let mut harness = harness(begun(ReadingMode::Concurrent));
    press_with(&mut harness, Modifiers::SHIFT, Key::Enter);
    harness.get_by_label_contains("4 flagged findings not reviewed");
    press(&mut harness, Key::Escape);
    for _ in 0..4 {
        press(&mut harness, Key::U);
    }
    press_with(&mut harness, Modifiers::SHIFT, Key::Enter);
    harness.get_by_label("Your name, to sign").type_text("Dr. Somebody");
    press(&mut harness, Key::Enter);
    assert!(harness.state().session.course().signature().is_none(), "not under another name");
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::Escape);
    press_with(&mut harness, Modifiers::SHIFT, Key::Enter);
    harness.get_by_label("Your name, to sign").type_text("Dr. Reader");
    harness.run_steps(2);
    press(&mut harness, Key::Enter);
    assert!(harness.state().session.course().signature().is_some());
    harness.get_by_label_contains("Reviewed by Dr. Reader");
    let n_before = decisions(harness.state()).len();
    press(&mut harness, Key::Enter);
    assert_eq!(decisions(harness.state()).len(), n_before);
    harness.get_by_label_contains("Amend the study, with a reason");
    harness.get_by_label("Amend…").click();
    harness.run_steps(3);
    harness.get_by_label("Reason of the amendment").type_text("A second look");
    harness.run_steps(2);
    press(&mut harness, Key::Enter);
    assert!(harness.state().session.course().signature().is_none());
    harness.get_by_label_contains("Amended by Dr. Reader: A second look");
    press(&mut harness, Key::Enter);
    assert_eq!(decisions(harness.state()).len(), n_before + 1);
}

#[test]
fn every_verdict_is_two_keys_at_most_and_details_go_with_it() {
    let mut harness = harness(begun(ReadingMode::Concurrent));
    press(&mut harness, Key::Delete);
    press(&mut harness, Key::Num7);
    let rejected = Verdict::Rejected { reasons: vec![RejectReason::Duplicate], text: String::new() };
    assert_eq!(decisions(harness.state()), [&rejected]);
    press_with(&mut harness, Modifiers::SHIFT, Key::U);
    assert_eq!(harness.state().verdict("effusion"), Some("Not assessable"));
    // Before the decision: kept with it.
    assert_eq!(harness.state().selected(), Some("ct-nodule"));
    press_with(&mut harness, Modifiers::SHIFT, Key::K);
    for key in [Key::Num2, Key::Num4, Key::Num8, Key::Enter] {
        press(&mut harness, key);
    }
    harness.get_by_label_contains("Moderate · relevant · hard");
    assert_eq!(harness.state().verdict("ct-nodule"), None);
    press(&mut harness, Key::Enter);
    let decision = |harness: &Harness<'_, Desk>, id: &str| {
        harness.state().session.finding(&FindingId::new(id)).unwrap().decision.clone().unwrap()
    };
    let kept = decision(&harness, "ct-nodule");
    assert_eq!((kept.details.severity, kept.details.difficulty), (Some(Severity::Moderate), Some(Difficulty::Hard)));
    assert_eq!(kept.acceptance(), Some(Acceptance::Unmodified));
    // After it: another label makes it modified.
    harness.state_mut().select("ct-nodule");
    harness.run_steps(2);
    press_with(&mut harness, Modifiers::SHIFT, Key::K);
    harness.get_by_label("Another name").focus();
    harness.run_steps(2);
    harness.get_by_label("Another name").type_text("Granuloma");
    harness.run_steps(2);
    harness.get_by_label("Keep").click();
    harness.run_steps(3);
    let kept = decision(&harness, "ct-nodule");
    assert_eq!(kept.acceptance(), Some(Acceptance::AfterModification));
    assert_eq!(kept.details.severity, Some(Severity::Moderate));
    harness.get_by_label_contains("called Granuloma");
}

#[test]
fn what_was_on_screen_goes_with_the_decision() {
    let mut harness = harness(begun(ReadingMode::Concurrent));
    harness.run_steps(8);
    press(&mut harness, Key::Enter);
    let request = harness.state().asked.iter().find_map(|action| match action {
        Action::Review(ReviewAction::Decide(request)) => Some(request.clone()),
        _ => None,
    });
    let seen = request.unwrap().seen.unwrap();
    let told = seen.circumstances.as_ref();
    assert!(told.viewport_px.unwrap()[0] > 300 && told.interpolation.is_some());
    assert_eq!((told.reading_mode, told.is_ai_hidden), (Some(ReadingMode::Concurrent), Some(false)));
    assert_eq!(told.presentation, Some(AiPresentation::default()));
    let attention = told.attention.unwrap();
    assert!(attention.finding_s > 0.5 && attention.study_s >= attention.finding_s, "{attention:?}");
    assert_eq!(attention.slices_seen, 1.0, "the radiograph is one image");
    assert!(attention.contour_s > 0.0 && attention.map_s == 0.0, "{attention:?}");
}

#[test]
fn only_what_was_on_screen_is_accepted_in_one_act() {
    let mut harness = harness(begun(ReadingMode::Concurrent));
    press(&mut harness, Key::J);
    press_with(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::Enter);
    let verdicts = ["nodule", "effusion", "ct-nodule", "heart"].map(|id| harness.state().verdict(id));
    assert_eq!(verdicts, [Some("Accepted"), Some("Accepted"), None, None]);
    let decision = harness.state().session.finding(&FindingId::new("nodule")).unwrap().decision.clone().unwrap();
    assert!(decision.seen.unwrap().circumstances.is_bulk);
}

#[test]
fn repeats_stand_below_what_they_repeat_and_are_rejected_together() {
    let mut desk = begun(ReadingMode::Concurrent);
    let model = |finding: &Arc<Finding>, id: &str| {
        let mut again = Finding::clone(finding);
        again.id = FindingId::new(id);
        if let Origin::Model(run) = &mut again.origin {
            run.model.name = "Other model".into();
            run.model.id = overread::domain::uid::ModelId::new("other");
        }
        Arc::new(again)
    };
    let known = findings(&desk.studies[0]);
    let repeats = vec![model(&known[0], "nodule-2"), model(&known[0], "nodule-3")];
    desk.apply(Command::AddSuggestions(repeats));
    let mut harness = harness(desk);
    assert_eq!(harness.query_all_by_label_contains("repeats the one above").count(), 2);
    harness.get_by_label("Reject duplicates").click();
    harness.run_steps(3);
    let state = |id: &str| harness.state().verdict(id);
    assert_eq!([state("nodule"), state("nodule-2"), state("nodule-3")], [None, Some("Rejected"), Some("Rejected")]);
}

#[test]
fn the_threshold_lists_more_or_fewer_and_never_hides_what_is_decided() {
    let mut harness = harness(begun(ReadingMode::Concurrent));
    press(&mut harness, Key::U);
    harness.state_mut().view.transient.list.threshold_shift = 0.45;
    harness.state_mut().select("nodule");
    harness.run_steps(4);
    harness.get_by_label("Nodule or mass, Uncertain");
    assert!(harness.query_by_label("Pleural effusion, Unreviewed").is_none());
    harness.get_by_label_contains("Below your threshold");
    assert_eq!(harness.state().session.counts().n_unreviewed, 3, "they are still to be reviewed");
    harness.state_mut().view.transient.list.threshold_shift = -0.5;
    harness.run_steps(4);
    harness.get_by_label("Pneumothorax, Unreviewed");
}

#[test]
fn a_reading_without_scores_contours_and_maps_shows_names_only_and_says_so() {
    let mut desk = begun(ReadingMode::Concurrent);
    let presentation = AiPresentation { score: false, contour: false, map: false };
    desk.apply(Command::Reading(ReadingCommand::Present(presentation)));
    let mut harness = harness(desk);
    press(&mut harness, Key::G);
    assert!(!harness.state().view.overlay.saliency_shown);
    let text = said(&harness);
    assert!(text.contains("Nodule or mass") && text.contains("AI: names only"));
    assert!(!text.contains("operating point 0"), "{text}");
    press(&mut harness, Key::Enter);
    let decision = harness.state().session.finding(&FindingId::new("nodule")).unwrap().decision.clone().unwrap();
    let seen = decision.seen.unwrap();
    assert!(!seen.overlay.score_shown && !seen.overlay.masks_shown);
    assert_eq!(seen.circumstances.boxes_shown, Some(false));
}

/// Two readers have decided, and an adjudicator looks at both.
pub fn compared() -> Desk {
    let mut desk = begun(ReadingMode::Concurrent);
    let answers = [
        (
            "Dr. Ames",
            vec![("nodule", Verdict::Accepted), ("effusion", Verdict::Accepted), ("heart", Verdict::Accepted)],
        ),
        ("Dr. Bell", vec![("nodule", Verdict::Uncertain), ("effusion", Verdict::Accepted)]),
    ];
    for (reader, verdicts) in answers {
        desk.facts.reader = ReaderName::new(reader);
        desk.session.view_as(&ReaderName::new(reader));
        desk.apply(start(ReadingMode::Concurrent));
        for (finding, verdict) in verdicts {
            let (finding, comment, details) = (FindingId::new(finding), String::new(), Default::default());
            desk.apply(Command::DecideWithoutScreen { finding, verdict, comment, details });
        }
    }
    desk.facts.reader = ReaderName::new("Dr. Judge");
    desk.session.view_as(&ReaderName::new("Dr. Judge"));
    desk.facts.preferences.reading.role = Role::Adjudicator;
    desk.view.dialogs.push(Dialog::Differences(Default::default()));
    desk
}

#[test]
fn two_readers_are_compared_and_an_adjudicator_sides_with_one_by_key() {
    let mut harness = harness(compared());
    harness.get_by_label("Nodule or mass: Accepted, Uncertain");
    harness.get_by_label("Enlarged heart: Accepted, Not decided");
    press(&mut harness, Key::J);
    press(&mut harness, Key::Num2);
    let review = harness.state().session.finding(&FindingId::new("nodule")).unwrap();
    assert_eq!(review.adjudicated.as_ref().map(|one| one.verdict.word()), Some("Uncertain"));
    assert_eq!(review.by_reader.len(), 2);

    // Siding with neither is possible too; what siding with one says already is not offered twice.
    press(&mut harness, Key::Num3);
    let said = |harness: &Harness<'_, Desk>| {
        let review = harness.state().session.finding(&FindingId::new("nodule")).unwrap();
        review.adjudicated.as_ref().map(|one| one.verdict.word())
    };
    assert_eq!(said(&harness), Some("Uncertain"), "accepting is what the first reader did");
    press(&mut harness, Key::Num4);
    assert_eq!(said(&harness), Some("Rejected"));
}
