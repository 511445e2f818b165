//! The attributes of the file on screen, and that digits keep their width.

use egui::{Event, FontId, Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use overread::domain::header::HeaderLine;
use overread::ui::action::{Action, ViewAction};
use overread::ui::dialogs::Dialog;

use crate::ui::desk::Desk;
use crate::ui::{harness, press};

fn line(tag: u32, vr: &str, name: &str, value: &str) -> HeaderLine {
    HeaderLine { depth: 0, tag, vr: vr.into(), name: name.into(), value: value.into() }
}

#[test]
fn control_i_lists_the_files_attributes_and_finds_one_among_them() {
    let mut harness = harness(Desk::new());
    harness.key_press_modifiers(Modifiers::COMMAND, Key::I);
    harness.run_steps(3);
    harness.get_by_label("Attributes of the file");
    let asked = harness.state().headers.clone();
    assert_eq!(asked.len(), 1, "asked for once");
    let lines =
        Ok(vec![line(0x0008_0060, "CS", "Modality", "DX"), line(0x0028_0030, "DS", "PixelSpacing", "0.77\\0.77")]);
    for dialog in &mut harness.state_mut().view.dialogs {
        if let Dialog::Header(draft) = dialog {
            draft.take(&asked[0], &lines);
        }
    }
    harness.run_steps(3);
    harness.get_by_label("2 attributes");
    harness.event(Event::Text("pixel sp".to_owned()));
    harness.run_steps(3);
    harness.get_by_label("1 attribute");
    harness.get_by_label("PixelSpacing");
    assert!(harness.query_by_label("Modality").is_none());
    press(&mut harness, Key::Escape);
    assert!(harness.state().view.dialogs.is_empty());
}

#[test]
fn a_hidden_identity_is_not_shown_among_the_attributes_either() {
    let mut harness = harness(Desk::new());
    press(&mut harness, Key::P);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::I);
    harness.run_steps(3);
    assert!(harness.state().view.dialogs.is_empty());
    assert!(!harness.state().asked.contains(&Action::View(ViewAction::WantHeader("".into()))));
}

#[test]
fn digits_are_all_as_wide_as_each_other() {
    let harness = harness(Desk::new());
    for font in [FontId::proportional(12.5), FontId::proportional(13.5), FontId::monospace(12.5)] {
        let width = |digit: char| {
            harness.ctx.fonts_mut(|fonts| {
                fonts.layout_no_wrap(digit.to_string().repeat(20), font.clone(), egui::Color32::WHITE).size().x
            })
        };
        let of_zero = width('0');
        assert!(('1'..='9').all(|digit| (width(digit) - of_zero).abs() < 0.01), "{font:?}: numbers would jitter");
    }
}
