//! Who reads, how large everything is, and what happens when a study opens.

use egui::{Role, TextEdit, Ui, WidgetInfo};

use crate::domain::device::DeviceChoice;
use crate::domain::uid::ReaderName;
use crate::ui::action::{Action, AppAction};
use crate::ui::context::UiContext;
use crate::ui::dialogs::settings::{SettingsDraft, choice, heading, remark};
use crate::ui::preferences::{Preferences, TEXT_STEPS};
use crate::ui::shortcuts::{KeyCommand, ProgramKey, chord_text};

pub fn general_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    wanted: &mut Preferences,
    draft: &mut SettingsDraft,
    actions: &mut Vec<Action>,
) {
    heading(ui, "Reader");
    reader_ui(ui, context, draft, actions);
    heading(ui, "Size of text");
    let words = TEXT_STEPS.map(|step| format!("{:.0} %", step * 100.0));
    let offered: Vec<(f32, &str)> = TEXT_STEPS.into_iter().zip(words.iter().map(String::as_str)).collect();
    choice(ui, "Size of text", &mut wanted.display.text_scale, &offered);
    let key = |key: ProgramKey| chord_text(ui.ctx(), KeyCommand::Program(key));
    let keys = [ProgramKey::LargerText, ProgramKey::SmallerText, ProgramKey::UsualText].map(key);
    remark(ui, &format!("Of the whole screen, with all that is written on pictures. {}", keys.join(", ")));
    heading(ui, "Models");
    ui.checkbox(&mut wanted.analyzes_on_open, "Run the models when a study opens");
    remark(ui, "Otherwise they wait for the button in the findings panel.");
    let offered = [
        (DeviceChoice::Auto, "Automatic"),
        (DeviceChoice::Cpu, "Processor"),
        (DeviceChoice::Cuda(0), "NVIDIA graphics (CUDA)"),
        (DeviceChoice::Metal(0), "Apple graphics (Metal)"),
    ];
    choice(ui, "Models run on", &mut wanted.device, &offered);
    remark(
        ui,
        "Where models run from the next study on. A device that this machine or this build of the program lacks is \
         said on every model; each finding records where it was computed.",
    );
}

/// Sent on leaving the field: a decision never stands under half a name.
fn reader_ui(ui: &mut Ui, context: &UiContext<'_>, draft: &mut SettingsDraft, actions: &mut Vec<Action>) {
    let kept = context.app.reader.as_str();
    let mut text = draft.reader.clone().unwrap_or_else(|| kept.to_owned());
    let response = ui.add(TextEdit::singleline(&mut text).hint_text("Your name").desired_width(260.0));
    response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Name of the reader"));
    if response.changed() {
        draft.reader = Some(text.clone());
    }
    if response.lost_focus() {
        draft.reader = None;
        if text.trim() != kept {
            actions.push(AppAction::SetReader(ReaderName::new(text)).into());
        }
    }
    remark(ui, "Kept with every decision.");
}
