//! A path typed by hand: the way in and out where the platform shows no file dialog.

use std::path::PathBuf;

use egui::{Key, RichText, TextEdit, Ui};

use crate::domain::picture::CapturedPicture;
use crate::ui::action::{Action, ExportAction, OpenAction};
use crate::ui::dialogs::{Stay, modal};
use crate::ui::theme::theme;
use crate::ui::widgets::button::main_button;

pub fn open_path_ui(ui: &Ui, path: &mut String, actions: &mut Vec<Action>) -> Stay {
    let words = "A folder, a file or a DICOMDIR. It is read, never changed.";
    path_ui(ui, "Open path", words, "Open", path, |path| actions.push(OpenAction::Paths(vec![path]).into()))
}

pub fn save_picture_ui(ui: &Ui, picture: &CapturedPicture, path: &mut String, actions: &mut Vec<Action>) -> Stay {
    let words = "A PNG file. One that is there already is left alone: the picture gets a name of its own.";
    let picture = picture.clone();
    path_ui(ui, "Save picture", words, "Save", path, |path| {
        actions.push(ExportAction::PictureToFile(picture.clone(), path).into());
    })
}

fn path_ui(ui: &Ui, title: &str, words: &str, verb: &str, path: &mut String, mut done: impl FnMut(PathBuf)) -> Stay {
    modal(ui, title, 560.0, |ui| {
        ui.label(RichText::new(words).color(theme().text.weak));
        ui.add_space(4.0);
        let edit = ui.add(TextEdit::singleline(path).desired_width(f32::INFINITY).hint_text("/path/to/folder"));
        edit.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Path"));
        if !edit.has_focus() && !edit.lost_focus() {
            edit.request_focus();
        }
        ui.add_space(10.0);
        let is_given = !path.trim().is_empty();
        let is_entered = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let mut stay = Stay::Open;
        ui.horizontal(|ui| {
            let is_clicked = ui.add_enabled(is_given, main_button(verb)).clicked();
            if is_given && (is_clicked || is_entered) {
                done(PathBuf::from(path.trim()));
                stay = Stay::Closed;
            }
            if ui.button("Cancel").clicked() {
                stay = Stay::Closed;
            }
        });
        stay
    })
}
