//! The screens that are kept: what a reader has before the eyes all day, and what stands there when something is wrong.

use egui::Key;
use overread::domain::decision::{RejectReason, Verdict};
use overread::domain::intake::Notice;
use overread::domain::reading::ReadingMode;
use overread::domain::uid::{FindingId, ReaderName};
use overread::review::command::Command;
use overread::ui::context::{
    AlsoOpen, AnalysisState, ConflictNotice, Message, RecordWords, RefusedFile, Severity, StoreState,
};
use overread::ui::dialogs::Dialog;
use overread::ui::dialogs::new_record::NewRecordDraft;
use overread::ui::dialogs::settings::{SettingsDraft, SettingsPage};
use overread::ui::dialogs::unlock::UnlockDraft;
use overread::ui::stage::Layout;
use overread::ui::view_state::WindowChoice;

use crate::ui::desk::{Desk, job, model};
use crate::ui::snapshots::{holds, holds_after};
use crate::ui::study::mass;

#[test]
fn the_start_page() {
    holds("start", || {
        let mut desk = Desk::empty();
        let refused = |name: &str, text: &str| RefusedFile { path: name.into(), notice: Notice::new("x", text) };
        desk.facts.refused = vec![refused("IM0001", "The file ends in the middle of its pixels.")];
        desk
    });
}

#[test]
fn a_radiograph_with_its_heat_map() {
    holds("radiograph", || {
        let mut desk = Desk::new();
        desk.view.overlay.saliency_shown = true;
        desk
    });
}

#[test]
fn a_ct_with_findings_in_every_state() {
    holds("ct", || {
        let mut desk = Desk::new();
        desk.select("ct-nodule");
        let uid = desk.studies[0].uid.clone();
        desk.view.look_mut(&uid).view_mut().window = WindowChoice::Preset("lung".into());
        for (finding, verdict) in crate::ui::desk_decisions() {
            desk.apply(Command::MarkDisplayed { finding: finding.clone() });
            desk.apply(Command::DecideWithoutScreen {
                finding,
                verdict,
                comment: String::new(),
                details: Default::default(),
            });
        }
        desk
    });
}

#[test]
fn four_panes() {
    holds("four-panes", || {
        let mut desk = Desk::new();
        desk.select("ct-nodule");
        let study = desk.studies[0].clone();
        desk.view.look_mut(&study.uid).stage.lay_out(Layout { rows: 2, cols: 2 }, &study);
        desk
    });
}

#[test]
fn planes_through_the_volume() {
    holds_after("planes", &[Key::M, Key::Num2], || {
        let mut desk = Desk::new();
        desk.select("ct-nodule");
        desk
    });
}

#[test]
fn a_mass_with_its_outline_and_its_map_in_every_plane() {
    holds_after("planes-mass", &[Key::M, Key::Num2], || {
        let mut desk = Desk::new();
        let found = mass(&desk.studies[0]);
        desk.apply(Command::AddSuggestions(found));
        desk.select("mass+0");
        desk.view.overlay.saliency_shown = true;
        desk
    });
}

#[test]
fn reasons_for_a_rejection() {
    holds("reject", || {
        let mut desk = Desk::new();
        let chosen = vec![RejectReason::CompositeShadow];
        let finding = FindingId::new("nodule");
        desk.view.dialogs.push(Dialog::RejectReasons { finding, chosen, text: String::new() });
        desk
    });
}

#[test]
fn the_settings() {
    holds("settings", || {
        let mut desk = Desk::new();
        desk.view.dialogs.push(Dialog::Settings(SettingsDraft::at(SettingsPage::Keys)));
        desk
    });
}

#[test]
fn the_sheet_of_keys() {
    holds("sheet", || {
        let mut desk = Desk::new();
        desk.view.dialogs.push(Dialog::Shortcuts);
        desk
    });
}

#[test]
fn a_full_disk_running_work_and_a_model_out_of_scope() {
    holds("troubles", || {
        let mut desk = Desk::new();
        desk.select("ct-nodule");
        desk.facts.models[1].state = AnalysisState::OutOfScope("Only frontal chest radiographs.".into());
        desk.facts.models.push(model("lung-nodules", "Lung nodules", AnalysisState::NotRun));
        desk.facts.jobs = vec![job(1, "Reading files", 120, 480), job(2, "Chest findings", 1, 3)];
        let text = "The decision could not be kept: no space left on the device.".to_owned();
        desk.facts.messages = vec![Message { id: 1, severity: Severity::Error, text }];
        desk.n_not_saved = 1;
        desk.apply(Command::DecideWithoutScreen {
            finding: FindingId::new("ct-nodule"),
            verdict: Verdict::Uncertain,
            comment: String::new(),
            details: Default::default(),
        });
        desk
    });
}

#[test]
fn two_readers_in_one_study_and_what_the_second_is_told() {
    holds("conflict", || {
        let mut desk = Desk::new();
        desk.select("ct-nodule");
        let short = "Record encrypted".to_owned();
        desk.facts.how_kept = Some(RecordWords { short, long: "The record is kept in review.sqlite.".to_owned() });
        let who = "Dr. Holm".to_owned();
        let sentence = "This study is also open on reading-room-2 since 10:32: Dr. Holm.".to_owned();
        desk.facts.also_open = vec![AlsoOpen { who: who.clone(), sentence }];
        let conflict = |finding: &str, what: &str| ConflictNotice {
            study: desk.studies[0].uid.clone(),
            finding: Some(FindingId::new(finding)),
            what: what.to_owned(),
            theirs: "rejected".to_owned(),
            reader: ReaderName::new(&who),
            at: "2026-11-21T10:41:00+01:00".to_owned(),
            ours: "accepted".to_owned(),
        };
        desk.facts.conflicts = vec![conflict("ct-nodule", "Lung nodule"), conflict("nodule", "Nodule")];
        desk
    });
}

#[test]
fn a_record_that_is_still_locked() {
    holds("unlock", || {
        let mut desk = Desk::new();
        desk.facts.store = StoreState::Locked("The review record is encrypted: its key is needed.".into());
        desk.view.dialogs.push(Dialog::Unlock(UnlockDraft::new(true)));
        desk
    });
}

#[test]
fn the_first_start_where_no_keyring_can_hold_a_key() {
    holds("new-record", || {
        let mut desk = Desk::new();
        desk.facts.store = StoreState::Unmade("There is no review record yet.".into());
        desk.view.dialogs.push(Dialog::NewRecord(NewRecordDraft::default()));
        desk
    });
}

#[test]
fn the_worklist_of_a_department() {
    holds("worklist-10000", || {
        let mut desk = crate::ui::worklist::desk(10_000, ReadingMode::Concurrent);
        let selected = desk.facts.worklist.items[5_000].study.clone();
        desk.view.transient.worklist.selected = Some(selected);
        desk
    });
}

#[test]
fn the_worklist() {
    holds("worklist", || {
        let mut desk = crate::ui::worklist::desk(220, ReadingMode::Concurrent);
        let selected = desk.facts.worklist.items[3].study.clone();
        desk.view.transient.worklist.selected = Some(selected);
        desk
    });
}

#[test]
fn a_signature_with_findings_left_open() {
    holds("sign", || {
        let mut desk = Desk::new();
        desk.apply(Command::DecideWithoutScreen {
            finding: FindingId::new("nodule"),
            verdict: Verdict::Uncertain,
            comment: String::new(),
            details: Default::default(),
        });
        desk.view.dialogs.push(Dialog::Sign(Default::default()));
        desk
    });
}

#[test]
fn two_readers_compared() {
    holds("differences", crate::ui::course::compared);
}

#[test]
fn an_adjudicator_before_two_answers() {
    holds_after("adjudication", &[Key::J], crate::ui::course::compared);
}

#[test]
fn the_rules_of_the_worklist() {
    holds("settings-worklist", || {
        let mut desk = Desk::new();
        desk.view.dialogs.push(Dialog::Settings(SettingsDraft::at(SettingsPage::Worklist)));
        desk
    });
}

#[test]
fn a_reading_without_the_ai() {
    holds("blind", || crate::ui::course::begun(ReadingMode::SecondReader));
}
