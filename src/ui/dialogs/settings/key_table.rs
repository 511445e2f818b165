//! The table of keys: search, press-a-key, conflicts with the other command's name.

use std::sync::Arc;

use egui::{Align, Frame, Grid, Layout, Margin, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo};

use crate::ui::dialogs::settings::key_capture::{Capture, Step, swap, take_over};
use crate::ui::dialogs::settings::{SettingsDraft, heading};
use crate::ui::preferences::Preferences;
use crate::ui::shortcuts::{Group, KeyContext, SHORTCUTS, Shortcut, chord_words, wording};
use crate::ui::theme::theme;
use crate::ui::words::counted;

pub fn keys_ui(ui: &mut Ui, wanted: &mut Preferences, draft: &mut SettingsDraft, height: f32) {
    let before = ui.cursor().top();
    search_ui(ui, wanted, draft);
    capture_ui(ui, wanted, draft);
    let height = (height - (ui.cursor().top() - before)).max(80.0);
    let area = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink(false);
    area.id_salt("key table").show(ui, |ui| {
        let found: Vec<&Shortcut> =
            SHORTCUTS.iter().filter(|shortcut| is_found(ui, wanted, shortcut, &draft.search)).collect();
        for group in Group::ALL {
            let of_group: Vec<&Shortcut> = found.iter().filter(|shortcut| shortcut.group == group).copied().collect();
            if of_group.is_empty() {
                continue;
            }
            heading(ui, group.word());
            Grid::new(("keys", group.word())).num_columns(3).spacing([14.0, 3.0]).striped(false).show(ui, |ui| {
                for shortcut in of_group {
                    row_ui(ui, shortcut, wanted, draft);
                }
            });
        }
        if found.is_empty() {
            ui.label(RichText::new("No command is called so").color(theme().text.weak));
        }
    });
}

fn search_ui(ui: &mut Ui, wanted: &mut Preferences, draft: &mut SettingsDraft) {
    ui.horizontal(|ui| {
        let search = TextEdit::singleline(&mut draft.search).hint_text("Search by name or key").desired_width(240.0);
        ui.add(search).widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Search keys"));
        let n_conflicts = wanted.keys.conflicts().len();
        let (words, color) = match n_conflicts {
            0 => ("No conflicts".to_owned(), theme().text.weak),
            n => (format!("{} in conflict", counted(n, "key")), theme().state.warning),
        };
        ui.label(RichText::new(words).small().color(color));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let reset = egui::Button::new("Reset all keys");
            if ui.add_enabled(wanted.keys.has_own(), reset).on_hover_text("All keys as they were at first").clicked() {
                Arc::make_mut(&mut wanted.keys).reset_all();
                draft.capture = None;
            }
        });
    });
}

/// What is waited for, or who has the key already.
fn capture_ui(ui: &mut Ui, wanted: &mut Preferences, draft: &mut SettingsDraft) {
    let Some(capture) = draft.capture.clone() else { return };
    let Some(shortcut) = Shortcut::named(capture.command) else { return };
    let mut is_done = false;
    Frame::new().fill(theme().surface.selected.0).corner_radius(4).inner_margin(Margin::symmetric(8, 4)).show(
        ui,
        |ui| {
            ui.horizontal_wrapped(|ui| {
                match &capture.step {
                    Step::Waiting => {
                        ui.label(format!("Press a key for “{}”", wording(shortcut)));
                    }
                    Step::Refused(why) => {
                        ui.label(RichText::new(*why).color(theme().state.warning));
                    }
                    Step::Taken(pressed) => {
                        let others = wanted.keys.others_with(*pressed, shortcut);
                        let names: Vec<String> = others.iter().map(|other| format!("“{}”", wording(other))).collect();
                        let words = format!("{} is {}", chord_words(ui.ctx(), pressed), names.join(" and "));
                        ui.label(RichText::new(words).color(theme().state.warning));
                        let tip = "The other command gets the key that this one gives up";
                        if capture.replaces.is_some() && ui.button("Swap keys").on_hover_text(tip).clicked() {
                            swap(wanted, &capture, *pressed);
                            is_done = true;
                        }
                        if ui.button("Take the key").on_hover_text("The other command loses it").clicked() {
                            take_over(wanted, &capture, *pressed);
                            is_done = true;
                        }
                    }
                }
                is_done |= ui.button("Cancel").clicked();
            });
        },
    );
    if is_done {
        draft.capture = None;
    }
}

fn row_ui(ui: &mut Ui, shortcut: &'static Shortcut, wanted: &mut Preferences, draft: &mut SettingsDraft) {
    let name = wording(shortcut);
    let is_own = wanted.keys.is_own(shortcut);
    let color = if is_own { theme().text.strong } else { theme().text.normal };
    let words = match shortcut.context {
        KeyContext::Everywhere => name.clone(),
        context => format!("{name}  ({})", context.word()),
    };
    let width = (ui.ctx().content_rect().width() - 480.0).clamp(140.0, 360.0);
    ui.scope(|ui| {
        ui.set_min_width(width);
        ui.set_max_width(width);
        ui.add(egui::Label::new(RichText::new(words).color(color)).wrap());
    });
    ui.horizontal(|ui| {
        ui.set_min_width(220.0);
        ui.spacing_mut().item_spacing.x = 3.0;
        chords_ui(ui, shortcut, &name, wanted, draft);
    });
    let reset = ui.add_enabled(is_own, egui::Button::new("Reset").small());
    reset.widget_info(|| WidgetInfo::labeled(Role::Button, is_own, format!("Reset keys of {name}")));
    if reset.clicked() {
        Arc::make_mut(&mut wanted.keys).reset(shortcut);
    }
    ui.end_row();
}

fn chords_ui(
    ui: &mut Ui,
    shortcut: &'static Shortcut,
    name: &str,
    wanted: &mut Preferences,
    draft: &mut SettingsDraft,
) {
    for chord in wanted.keys.chords(shortcut).to_vec() {
        let words = chord_words(ui.ctx(), &chord);
        let has_conflict = !wanted.keys.others_with(chord, shortcut).is_empty();
        let is_waiting =
            draft.capture.as_ref().is_some_and(|c| c.command == shortcut.name && c.replaces == Some(chord));
        let color = if has_conflict { theme().state.warning } else { theme().text.strong };
        let sign = if has_conflict { "⚠ " } else { "" };
        let button = egui::Button::new(RichText::new(format!("{sign}{words}")).color(color)).selected(is_waiting);
        let response = ui.add(button.min_size(egui::vec2(44.0, 0.0))).on_hover_text("Press for another key");
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Key of {name}: {words}")));
        if response.clicked() {
            draft.capture = Some(Capture::new(shortcut, Some(chord)));
        }
        let response =
            ui.add(egui::Button::new(RichText::new("×").small()).frame(false)).on_hover_text("Take this key away");
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Take {words} away from {name}")));
        if response.clicked() {
            Arc::make_mut(&mut wanted.keys).take_away(shortcut, chord);
            draft.capture = None;
        }
        ui.add_space(4.0);
    }
    let is_waiting = draft.capture.as_ref().is_some_and(|c| c.command == shortcut.name && c.replaces.is_none());
    let response = ui.add(egui::Button::new("+").small().selected(is_waiting)).on_hover_text("Add a key");
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Add a key for {name}")));
    if response.clicked() {
        draft.capture = Some(Capture::new(shortcut, None));
    }
}

fn is_found(ui: &Ui, wanted: &Preferences, shortcut: &Shortcut, search: &str) -> bool {
    let search = search.trim().to_lowercase();
    let chords = wanted.keys.chords(shortcut).iter().map(|chord| chord_words(ui.ctx(), chord));
    let has_key = chords.into_iter().any(|chord| chord.to_lowercase() == search);
    search.is_empty() || has_key || wording(shortcut).to_lowercase().contains(&search)
}
