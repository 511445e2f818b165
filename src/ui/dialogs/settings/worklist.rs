//! What comes first on the worklist, and which folders are watched.

use std::path::PathBuf;

use egui::{DragValue, Role, TextEdit, Ui, WidgetInfo};

use crate::review::urgency::{Condition, UrgencyRule, UrgencyRules};
use crate::ui::dialogs::settings::{SettingsDraft, heading, remark};
use crate::ui::preferences::Preferences;

pub fn worklist_ui(ui: &mut Ui, wanted: &mut Preferences, draft: &mut SettingsDraft) {
    heading(ui, "What comes first");
    remark(ui, "Points add up; the study with most stands on top. Nothing is hidden, whatever its points.");
    let rules = &mut wanted.worklist.rules;
    let mut removed = None;
    for (index, rule) in rules.0.iter_mut().enumerate() {
        ui.push_id(("urgency rule", index), |ui| {
            if rule_ui(ui, rule) {
                removed = Some(index);
            }
        });
    }
    if let Some(index) = removed {
        rules.0.remove(index);
    }
    ui.horizontal(|ui| {
        ui.menu_button("Add a rule", |ui| {
            for when in Condition::examples() {
                if ui.button(sentence(&when)).clicked() {
                    rules.0.push(UrgencyRule { when, points: 50, is_on: true });
                }
            }
        });
        let is_other = *rules != UrgencyRules::default();
        if ui.add_enabled(is_other, egui::Button::new("As at first")).clicked() {
            *rules = UrgencyRules::default();
        }
    });
    heading(ui, "Watched folders");
    folders_ui(ui, &mut wanted.worklist.watched, draft);
}

/// One rule on one line; true when it is to go.
fn rule_ui(ui: &mut Ui, rule: &mut UrgencyRule) -> bool {
    let words = sentence(&rule.when);
    ui.horizontal(|ui| {
        let label = ui.checkbox(&mut rule.is_on, "");
        let is_on = rule.is_on;
        label.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, is_on, format!("Rule in force: {words}")));
        let prefix = sign(rule.points);
        let points = ui.add(DragValue::new(&mut rule.points).range(-500..=500).prefix(prefix));
        points.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, format!("Points: {words}")));
        ui.label(&words);
        value_ui(ui, &mut rule.when);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let remove = ui.small_button("Remove");
            remove.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Remove rule: {words}")));
            remove.clicked()
        })
        .inner
    })
    .inner
}

fn sign(points: i32) -> &'static str {
    if points > 0 { "+" } else { "" }
}

/// The rule in words, its value apart.
fn sentence(when: &Condition) -> String {
    match when {
        Condition::FlaggedAs { .. } => "flagged as".to_owned(),
        Condition::MarginAtLeast { .. } => "score above the operating point by".to_owned(),
        Condition::WaitingOver { .. } => "waiting for more than".to_owned(),
        Condition::Modality { .. } => "modality".to_owned(),
        Condition::Described { .. } => "described with".to_owned(),
        Condition::Flagged | Condition::NotAnalyzed => when.sentence(),
    }
}

fn value_ui(ui: &mut Ui, when: &mut Condition) {
    let text = |ui: &mut Ui, value: &mut String, name: &str| {
        let edit = ui.add(TextEdit::singleline(value).desired_width(150.0));
        edit.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, name));
    };
    match when {
        Condition::Flagged | Condition::NotAnalyzed => {}
        Condition::FlaggedAs { label } => text(ui, label, "Label of the rule"),
        Condition::Modality { modality } => text(ui, modality, "Modality of the rule"),
        Condition::Described { text: words } => text(ui, words, "Words of the rule"),
        Condition::MarginAtLeast { margin } => {
            let drag = ui.add(DragValue::new(margin).range(0.0..=1.0).speed(0.01).fixed_decimals(2));
            drag.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Margin of the rule"));
        }
        Condition::WaitingOver { hours } => {
            let drag = ui.add(DragValue::new(hours).range(0.0..=2000.0).speed(0.5).suffix(" h"));
            drag.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Hours of the rule"));
        }
    }
}

fn folders_ui(ui: &mut Ui, watched: &mut Vec<PathBuf>, draft: &mut SettingsDraft) {
    remark(ui, "Studies in these folders join the worklist as they come; files are only ever read.");
    let mut removed = None;
    for (index, folder) in watched.iter().enumerate() {
        ui.horizontal(|ui| {
            let text = folder.display().to_string();
            ui.label(&text);
            let button = ui.small_button("Stop watching");
            button.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Stop watching {text}")));
            if button.clicked() {
                removed = Some(index);
            }
        });
    }
    if let Some(index) = removed {
        watched.remove(index);
    }
    ui.horizontal(|ui| {
        let edit = ui.add(TextEdit::singleline(&mut draft.folder).hint_text("Path of a folder").desired_width(420.0));
        edit.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Folder to watch"));
        let path = PathBuf::from(draft.folder.trim());
        let is_new = path.is_absolute() && !watched.contains(&path);
        if ui.add_enabled(is_new, egui::Button::new("Watch")).clicked() {
            watched.push(path);
            draft.folder.clear();
        }
    });
}
