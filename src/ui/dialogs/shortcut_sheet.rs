//! All keys and gestures on one sheet, from the same table the dispatcher reads.

use egui::{Grid, RichText, ScrollArea, Ui};

use crate::ui::dialogs::{Stay, modal};
use crate::ui::shortcuts::{GESTURES, Group, SHORTCUTS, chord_words, keys_of, wording};
use crate::ui::theme::theme;

pub fn shortcut_sheet_ui(ui: &Ui) -> Stay {
    modal(ui, "Keyboard and mouse", 980.0, |ui| {
        let height = ui.ctx().content_rect().height() - 190.0;
        ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
            // With a large text there is room for one column only.
            if ui.available_width() < 700.0 {
                for group in Group::ALL {
                    group_ui(ui, group);
                }
                mouse_ui(ui);
                return;
            }
            ui.columns(3, |columns| {
                let [first, second, third] = columns else { return };
                group_ui(first, Group::Review);
                group_ui(first, Group::Hold);
                group_ui(first, Group::Work);
                mouse_ui(first);
                group_ui(first, Group::Tools);
                group_ui(second, Group::Images);
                group_ui(second, Group::Masks);
                group_ui(second, Group::Panes);
                group_ui(third, Group::Window);
                group_ui(third, Group::Program);
            });
        });
        ui.add_space(8.0);
        if ui.button("Close").clicked() { Stay::Closed } else { Stay::Open }
    })
}

fn group_ui(ui: &mut Ui, group: Group) {
    let own = keys_of(ui.ctx());
    title(ui, group.word());
    Grid::new(("shortcuts", group.word())).num_columns(2).min_row_height(17.0).spacing([12.0, 3.0]).show(ui, |ui| {
        for shortcut in SHORTCUTS.iter().filter(|shortcut| shortcut.group == group) {
            let keys: Vec<String> = own.chords(shortcut).iter().map(|chord| chord_words(ui.ctx(), chord)).collect();
            row(ui, &keys.join(", "), &wording(shortcut));
        }
    });
    ui.add_space(8.0);
}

fn mouse_ui(ui: &mut Ui) {
    title(ui, "Mouse");
    Grid::new("gestures").num_columns(2).min_row_height(17.0).spacing([12.0, 3.0]).show(ui, |ui| {
        for (gesture, meaning) in GESTURES {
            row(ui, gesture, meaning);
        }
    });
}

fn title(ui: &mut Ui, word: &str) {
    ui.label(RichText::new(word).color(theme().accent.main));
}

fn row(ui: &mut Ui, keys: &str, meaning: &str) {
    ui.label(RichText::new(keys).small().color(theme().text.strong));
    ui.add(egui::Label::new(RichText::new(meaning).small().color(theme().text.normal)).wrap());
    ui.end_row();
}
