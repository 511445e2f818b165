//! Key images, and pictures of the screen.

use std::sync::Arc;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use overread::domain::picture::CapturedPicture;
use overread::review::session::ReviewSession;
use overread::ui::action::{Action, ExportAction};
use overread::ui::dialogs::Dialog;
use overread::ui::key_images::{KeyPlace, places};

use crate::ui::desk::Desk;
use crate::ui::{harness, open_look, press};

fn mark(harness: &mut egui_kittest::Harness<'_, Desk>) {
    harness.key_press_modifiers(Modifiers::SHIFT, Key::M);
    harness.run_steps(4);
}

fn marked(desk: &Desk) -> Vec<KeyPlace> {
    places(&desk.studies[0], desk.session.notes().key_images())
}

#[test]
fn shift_m_marks_an_image_and_control_with_an_arrow_goes_from_one_to_the_next() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let mut harness = harness(desk);
    mark(&mut harness);
    press(&mut harness, Key::Home);
    mark(&mut harness);
    let of_ct = |stack_idx: usize| KeyPlace { series_idx: 1, stack_idx };
    assert_eq!(marked(harness.state()), [of_ct(0), of_ct(9)]);
    for (key, at) in [(Key::ArrowRight, 9), (Key::ArrowRight, 0), (Key::ArrowLeft, 9)] {
        harness.key_press_modifiers(Modifiers::COMMAND, key);
        harness.run_steps(3);
        assert_eq!(open_look(harness.state()).stack_index, at);
    }
    mark(&mut harness);
    assert_eq!(marked(harness.state()), [of_ct(0)]);
    harness.get_by_label("Key images: 1").click();
    harness.run_steps(3);
    harness.get_by_label_contains("Series 2, image 1").click();
    harness.run_steps(3);
    assert_eq!(open_look(harness.state()).stack_index, 0);
}

#[test]
fn a_key_image_is_an_act_of_the_review_that_is_taken_back_and_stands_in_the_report() {
    let mut harness = harness(Desk::new());
    mark(&mut harness);
    let events = harness.state().session.events().iter().map(|logged| logged.event.clone()).collect::<Vec<_>>();
    assert_eq!(events.last().map(|event| (event.kind(), event.schema)), Some(("key_image_marked", 3)));
    let study = harness.state().studies[0].clone();
    let report = |desk: &Desk| desk.session.report(Some(study.clone()), "", "").key_images;
    assert_eq!(report(harness.state()).len(), 1);
    let again = ReviewSession::replay(study.uid.clone(), Vec::new(), events);
    assert_eq!(again.notes(), harness.state().session.notes());
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(4);
    assert!(report(harness.state()).is_empty());
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Y);
    harness.run_steps(4);
    assert_eq!(report(harness.state()).len(), 1);
}

#[test]
fn a_picture_without_a_dialog_asks_for_its_path() {
    let mut desk = Desk::new();
    let picture = CapturedPicture { width: 1, height: 1, rgb: Arc::from([1, 2, 3]) };
    let path = "/tmp/picture.png".to_owned();
    desk.view.dialogs.push(Dialog::SavePicture { picture: picture.clone(), path });
    let mut harness = harness(desk);
    harness.get_by_label("Save").click();
    harness.run_steps(3);
    let asked = Action::Export(ExportAction::PictureToFile(picture, "/tmp/picture.png".into()));
    assert!(harness.state().asked.contains(&asked));
}
