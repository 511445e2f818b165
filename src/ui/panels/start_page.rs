//! What is seen before a study is open: how to open one.

use egui::{Align, Button, Layout, RichText, Stroke, StrokeKind, Ui, UiBuilder, vec2};

use crate::ui::action::{Action, OpenAction};
use crate::ui::context::{RefusedFile, UiContext};
use crate::ui::dialogs::Dialog;
use crate::ui::panels::top_bar::clipped_front;
use crate::ui::shortcuts::{KeyCommand, WorkKey, chord_text};
use crate::ui::theme::{card_frame, theme};
use crate::ui::view_state::ViewState;
use crate::ui::widgets::button::main_button;
use crate::ui::words::counted;
use crate::ui::work_keys;

const WIDTH: f32 = 560.0;

pub fn start_page_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    let area = ui.available_rect_before_wrap();
    let is_dropping = ui.input(|input| !input.raw.hovered_files.is_empty());
    let column = egui::Rect::from_center_size(area.center(), vec2(WIDTH.min(area.width() - 40.0), area.height()));
    let column = column.with_min_y(area.top() + (area.height() * 0.16).min(140.0));
    ui.scope_builder(UiBuilder::new().max_rect(column).layout(Layout::top_down(Align::Center)), |ui| {
        ui.label(RichText::new("Overread").size(26.0).color(theme().text.strong));
        ui.label(RichText::new("Review what a model flagged").size(15.0).color(theme().text.weak));
        ui.add_space(22.0);
        drop_zone_ui(ui, is_dropping, view, actions);
        ui.add_space(18.0);
        if !context.refused.is_empty() {
            refused_ui(ui, context.refused, view);
            ui.add_space(12.0);
        }
        worklist_ui(ui, context, view);
        last_ui(ui, view, actions);
        recent_ui(ui, context, actions);
    });
}

fn drop_zone_ui(ui: &mut Ui, is_dropping: bool, view: &mut ViewState, actions: &mut Vec<Action>) {
    let zone = card_frame().inner_margin(26).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.vertical_centered(|ui| {
            let words = if is_dropping { "Let go to open" } else { "Drop a folder, files or a DICOMDIR here" };
            ui.label(RichText::new(words).size(15.0).color(theme().text.normal));
            ui.add_space(12.0);
            ui.horizontal(|ui| {
                let each = 128.0;
                ui.add_space((ui.available_width() - each * 3.0 - 16.0).max(0.0) / 2.0);
                if ui.add(main_button("Open folder…").min_size(vec2(each, 32.0))).clicked() {
                    actions.push(OpenAction::ChooseFolder.into());
                }
                if ui.add(Button::new("Open files…").min_size(vec2(each, 32.0))).clicked() {
                    actions.push(OpenAction::ChooseFiles.into());
                }
                if ui.add(Button::new("Open path…").min_size(vec2(each, 32.0))).clicked() {
                    view.dialogs.push(Dialog::OpenPath(String::new()));
                }
            });
            ui.add_space(12.0);
            let demo = Button::new("Open the demo study").min_size(vec2(400.0, 32.0));
            let tip = "Writes a synthetic chest study and lets the built-in models look at it";
            if ui.add(demo).on_hover_text(tip).clicked() {
                actions.push(OpenAction::Demo.into());
            }
            ui.add_space(4.0);
            let words = "Synthetic images: no patient. Files you open are only ever read.";
            ui.label(RichText::new(words).small().color(theme().text.weak));
        });
    });
    if is_dropping {
        let stroke = Stroke::new(2.0, theme().accent.focus);
        ui.painter().rect_stroke(zone.response.rect, 6.0, stroke, StrokeKind::Inside);
    }
}

fn refused_ui(ui: &mut Ui, refused: &[RefusedFile], view: &mut ViewState) {
    card_frame().show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.vertical(|ui| {
            let title = format!("{} could not be opened", counted(refused.len(), "file"));
            ui.label(RichText::new(title).color(theme().state.warning));
            const MOST: usize = 4;
            for file in refused.iter().take(MOST) {
                let words = format!("{}: {}", file.name(), file.notice.text);
                ui.label(RichText::new(words).small().color(theme().text.normal));
            }
            if refused.len() > MOST && ui.button("Show all…").clicked() {
                view.dialogs.push(Dialog::Problems);
            }
        });
    });
}

/// The way to every study that is known.
fn worklist_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    let n_studies = context.worklist.items.len();
    if n_studies == 0 {
        return;
    }
    let key = chord_text(ui.ctx(), KeyCommand::Work(WorkKey::Worklist));
    let words = if n_studies == 1 { "Worklist: 1 study".to_owned() } else { format!("Worklist: {n_studies} studies") };
    let button = Button::new(words).shortcut_text(key).min_size(vec2(400.0, 32.0));
    if ui.add(button).clicked() {
        work_keys::toggle(context, view);
    }
    ui.add_space(8.0);
}

/// One click back to where the reader was; the record brings the image, the window and the decisions.
fn last_ui(ui: &mut Ui, view: &ViewState, actions: &mut Vec<Action>) {
    let Some(place) = view.arrangement.last.as_ref().and_then(|last| last.places.first()) else { return };
    let text = place.display().to_string();
    let button = Button::new("Go on with the last study").min_size(vec2(400.0, 32.0));
    let response = ui.add(button).on_hover_text(format!("{text} (Enter)"));
    if response.clicked() {
        actions.push(OpenAction::Continue.into());
    }
    // Enter goes on where nothing else has the keyboard
    if view.dialogs.is_empty() && ui.memory(|memory| memory.focused().is_none()) {
        response.request_focus();
    }
    ui.label(RichText::new(clipped_front(&text, 64)).small().color(theme().text.weak));
    ui.add_space(12.0);
}

fn recent_ui(ui: &mut Ui, context: &UiContext<'_>, actions: &mut Vec<Action>) {
    let places = context.app.recent_places;
    if places.is_empty() {
        return;
    }
    ui.label(RichText::new("Recent").color(theme().text.weak));
    for place in places.iter().take(6) {
        let text = place.display().to_string();
        let button = Button::new(clipped_front(&text, 64)).frame(false);
        if ui.add(button).on_hover_text(&text).clicked() {
            actions.push(OpenAction::Paths(vec![place.clone()]).into());
        }
    }
}
