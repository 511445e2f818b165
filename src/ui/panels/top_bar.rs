//! The bar at the top: what to open, which study, who reads, and that this is research.

use egui::{Align, Button, ComboBox, Label, Layout, Response, RichText, Role, TextEdit, Ui, WidgetInfo};

use crate::domain::RESEARCH_USE_ONLY;
use crate::domain::study::Study;
use crate::domain::uid::ReaderName;
use crate::ui::action::{Action, AppAction, OpenAction, StudyAction};
use crate::ui::context::UiContext;
use crate::ui::dialogs::Dialog;
use crate::ui::dialogs::export::ExportDraft;
use crate::ui::dialogs::palette::PaletteDraft;
use crate::ui::dialogs::settings::SettingsDraft;
use crate::ui::dialogs::test_pattern::TestPatternDraft;
use crate::ui::shortcuts::{KeyCommand, ProgramKey, WorkKey, chord_text, hint};
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::widgets::button::keyed_button;
use crate::ui::words::{clipped, date};
use crate::ui::work_keys;

/// Below this width the bar drops what the menu also offers.
const WIDE: f32 = 1350.0;
/// Below this one nothing stays but the menu, the study and what this program is for.
const NARROW: f32 = 900.0;

pub fn top_bar_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    let is_wide = ui.available_width() >= WIDE;
    // With a large text the bar keeps what must be seen; the menu, the settings and the start page have the rest.
    let is_narrow = ui.available_width() < NARROW;
    ui.horizontal(|ui| {
        menu_ui(ui, context, view, actions);
        if !is_narrow {
            opening_ui(ui, context, actions, is_wide);
        }
        if !is_narrow {
            worklist_button_ui(ui, context, view);
        }
        ui.separator();
        let width = match (is_wide, is_narrow) {
            (true, _) => 380.0,
            (false, false) => 270.0,
            (false, true) => (ui.available_width() * 0.4).clamp(100.0, 270.0),
        };
        study_selector_ui(ui, context, view, actions, width);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if !is_narrow {
                let has_study = context.open_study.is_some();
                let tip = "Write what the record holds of this study, as files for others";
                if keyed_button(ui, has_study, "Export…", tip, KeyCommand::Program(ProgramKey::Export)).clicked() {
                    view.dialogs.push(Dialog::Export(ExportDraft::default()));
                }
                reader_ui(ui, context, view, actions);
                ui.separator();
            }
            ui.add(Label::new(RichText::new(RESEARCH_USE_ONLY).small().color(theme().state.warning)).truncate());
        });
    });
}

fn worklist_button_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    let tip = hint(ui.ctx(), "All studies, the urgent first", KeyCommand::Work(WorkKey::Worklist));
    let is_open = view.transient.worklist.is_open;
    let response = ui.add(Button::new("Worklist").selected(is_open)).on_hover_text(tip);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_open, "Worklist"));
    if response.clicked() {
        work_keys::toggle(context, view);
    }
}

fn opening_ui(ui: &mut Ui, context: &UiContext<'_>, actions: &mut Vec<Action>, is_wide: bool) {
    let tip = "Read every DICOM file in a folder and below";
    if keyed_button(ui, true, "Open folder…", tip, KeyCommand::Program(ProgramKey::OpenFolder)).clicked() {
        actions.push(OpenAction::ChooseFolder.into());
    }
    if is_wide {
        let tip = "Read chosen files";
        if keyed_button(ui, true, "Open files…", tip, KeyCommand::Program(ProgramKey::OpenFiles)).clicked() {
            actions.push(OpenAction::ChooseFiles.into());
        }
    }
    recent_ui(ui, context, actions);
}

fn menu_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    let keyed = |ui: &mut Ui, label: &str, key: ProgramKey| {
        let chord = chord_text(ui.ctx(), KeyCommand::Program(key));
        ui.add(Button::new(label).shortcut_text(chord)).clicked()
    };
    let name = RichText::new("Overread").strong().size(15.0).color(theme().text.strong);
    ui.menu_button(name, |ui| {
        ui.set_min_width(240.0);
        if keyed(ui, "Open folder…", ProgramKey::OpenFolder) {
            actions.push(OpenAction::ChooseFolder.into());
        }
        if keyed(ui, "Open files…", ProgramKey::OpenFiles) {
            actions.push(OpenAction::ChooseFiles.into());
        }
        if ui.button("Open path…").clicked() {
            view.dialogs.push(Dialog::OpenPath(String::new()));
        }
        if ui.button("Open the demo study").clicked() {
            actions.push(OpenAction::Demo.into());
        }
        let chord = |ui: &Ui, key: WorkKey| chord_text(ui.ctx(), KeyCommand::Work(key));
        let words = chord(ui, WorkKey::Worklist);
        if ui.add(Button::new("Worklist").shortcut_text(words)).clicked() {
            work_keys::toggle(context, view);
        }
        ui.separator();
        if let Some(study) = context.open_study {
            if keyed(ui, "Export…", ProgramKey::Export) {
                view.dialogs.push(Dialog::Export(ExportDraft::default()));
            }
            if keyed(ui, "De-identified copy…", ProgramKey::Copies) {
                view.dialogs.push(Dialog::Copies(Box::default()));
            }
            let words = chord(ui, WorkKey::Sign);
            if ui.add(Button::new("Sign…").shortcut_text(words)).clicked() {
                work_keys::ask_signature(context, view);
            }
            let words = chord(ui, WorkKey::Differences);
            if ui.add(Button::new("Compare readers…").shortcut_text(words)).clicked() {
                view.dialogs.push(Dialog::Differences(Default::default()));
            }
            if ui.button("Close study").clicked() {
                actions.push(StudyAction::Close(study.uid.clone()).into());
            }
            ui.separator();
        }
        let words = if view.is_identity_hidden { "Show identity" } else { "Hide identity" };
        if keyed(ui, words, ProgramKey::HideIdentity) {
            view.is_identity_hidden = !view.is_identity_hidden;
        }
        if ui.add_enabled(!context.refused.is_empty(), Button::new("Problems…")).clicked() {
            view.dialogs.push(Dialog::Problems);
        }
        ui.separator();
        if keyed(ui, "Find a command…", ProgramKey::Commands) {
            view.dialogs.push(Dialog::Palette(PaletteDraft::default()));
        }
        if ui.button("Models…").clicked() {
            view.dialogs.push(Dialog::Models(None));
        }
        if keyed(ui, "Settings…", ProgramKey::Settings) {
            view.dialogs.push(Dialog::Settings(SettingsDraft::default()));
        }
        if keyed(ui, "Test pattern…", ProgramKey::TestPattern) {
            view.dialogs.push(Dialog::TestPattern(TestPatternDraft::default()));
        }
        if keyed(ui, "Keyboard and mouse", ProgramKey::Shortcuts) {
            view.dialogs.push(Dialog::Shortcuts);
        }
        if ui.button("About Overread").clicked() {
            view.dialogs.push(Dialog::About);
        }
        if keyed(ui, "Quit", ProgramKey::Quit) {
            actions.push(AppAction::Quit.into());
        }
    });
}

fn recent_ui(ui: &mut Ui, context: &UiContext<'_>, actions: &mut Vec<Action>) {
    let places = context.app.recent_places;
    ui.add_enabled_ui(!places.is_empty(), |ui| {
        ui.menu_button("Recent", |ui| {
            ui.set_min_width(320.0);
            for place in places {
                let text = place.display().to_string();
                if ui.button(clipped_front(&text, 60)).on_hover_text(&text).clicked() {
                    actions.push(OpenAction::Paths(vec![place.clone()]).into());
                }
            }
            ui.separator();
            if ui.button("Forget these places").clicked() {
                actions.push(OpenAction::ForgetRecentPlaces.into());
            }
        });
    });
}

/// The end of a path says more than its beginning.
pub fn clipped_front(text: &str, n_chars: usize) -> String {
    let n_all = text.chars().count();
    if n_all <= n_chars {
        return text.to_owned();
    }
    let kept: String = text.chars().skip(n_all + 1 - n_chars).collect();
    format!("…{kept}")
}

fn study_selector_ui(ui: &mut Ui, context: &UiContext<'_>, view: &ViewState, actions: &mut Vec<Action>, width: f32) {
    let words = |study: &Study| study_words(study, view.is_identity_hidden);
    let current = context.open_study.map_or_else(|| "No study".to_owned(), |study| words(study));
    let n_chars = (width / 7.2) as usize;
    let response = ComboBox::from_id_salt("study selector")
        .width(width)
        .selected_text(clipped(&current, n_chars))
        .truncate()
        .show_ui(ui, |ui| {
            ui.set_min_width(width.max(420.0));
            for study in context.studies {
                let is_open = context.open_study_uid() == Some(&study.uid);
                if ui.selectable_label(is_open, words(study)).clicked() && !is_open {
                    actions.push(StudyAction::Select(study.uid.clone()).into());
                }
            }
        })
        .response;
    response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Study"));
    response.on_hover_text(if view.is_identity_hidden { "The study on screen".to_owned() } else { current });
}

fn study_words(study: &Study, is_identity_hidden: bool) -> String {
    let name = study.patient.display_name();
    let name = match (is_identity_hidden, name.is_empty()) {
        (true, _) => "Identity hidden".to_owned(),
        (false, true) => "No patient name".to_owned(),
        (false, false) => name,
    };
    let day = date(&study.date);
    let description = if study.description.is_empty() { &study.id } else { &study.description };
    [name, day, description.clone()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ·  ")
}

fn reader_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    let kept = context.app.reader.as_str();
    let mut text = view.transient.drafts.reader.clone().unwrap_or_else(|| kept.to_owned());
    let hint = RichText::new("Your name").color(theme().state.warning);
    let edit = TextEdit::singleline(&mut text).hint_text(hint).desired_width(130.0).id_salt("reader name");
    let response: Response = ui.add(edit);
    let label = ui.label(RichText::new("Reader").color(theme().text.weak));
    let response = response.labelled_by(label.id).on_hover_text("Who decides: kept with every decision");
    if response.changed() {
        view.transient.drafts.reader = Some(text.clone());
    }
    if response.lost_focus() {
        view.transient.drafts.reader = None;
        if text.trim() != kept {
            actions.push(AppAction::SetReader(ReaderName::new(text)).into());
        }
    }
}
