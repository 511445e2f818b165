//! The menu of panes: how many, what moves together in them, and how studies of this kind are hung.

use egui::{Button, RichText, Ui};

use crate::ui::action::{Action, AppAction};
use crate::ui::context::UiContext;
use crate::ui::dialogs::Dialog;
use crate::ui::hanging;
use crate::ui::keys::stage_key;
use crate::ui::shortcuts::{KeyCommand, StageKey, chord_text};
use crate::ui::stage::{Layout, Links, Stage};
use crate::ui::view_state::ViewState;

pub fn panes_menu_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    let look = context.open_study_uid().and_then(|study| view.look(study));
    let Some(stage) = look.map(|look| look.stage.clone()) else { return };
    ui.menu_button(RichText::new(format!("Panes: {}", stage.layout.words())).small(), |ui| {
        ui.set_min_width(240.0);
        layouts_ui(ui, context, view, &stage);
        ui.separator();
        links_ui(ui, context, view, stage.links);
        ui.separator();
        ui.menu_button("Hang", |ui| hangings_ui(ui, context, view, actions));
        if ui.button("Save the layout…").on_hover_text("Studies of this kind will open like this").clicked() {
            view.dialogs.push(Dialog::SaveHanging(String::new()));
            ui.close();
        }
    })
    .response
    .on_hover_text("How many pictures side by side, and what moves together in them");
}

fn layouts_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, stage: &Stage) {
    for layout in Layout::ALL {
        let key = StageKey::Layout(layout);
        if item_ui(ui, &layout.words(), key, layout == stage.layout) {
            stage_key(context, view, key);
            ui.close();
        }
    }
}

fn links_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, links: Links) {
    let Links { scroll, window, zoom, lines } = links;
    let links = [
        ("Scroll together", StageKey::LinkScroll, scroll),
        ("Share the window", StageKey::LinkWindow, window),
        ("Share zoom and pan", StageKey::LinkZoom, zoom),
        ("Reference lines", StageKey::ReferenceLines, lines),
    ];
    for (label, key, is_on) in links {
        if item_ui(ui, label, key, is_on) {
            stage_key(context, view, key);
        }
    }
    let key = chord_text(ui.ctx(), KeyCommand::Stage(StageKey::LinkAsTheyStand));
    let response = ui.add(Button::new("Scroll together from here").shortcut_text(key));
    let tip = "The stacks keep the distance that they have now, also where the file says they lie elsewhere";
    if response.on_hover_text(tip).clicked() {
        stage_key(context, view, StageKey::LinkAsTheyStand);
    }
}

/// Every way to hang this study; the reader's own can be forgotten.
fn hangings_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    ui.set_min_width(220.0);
    let fitting = hanging::fitting(context);
    if fitting.is_empty() {
        ui.label("None fits this study");
    }
    for protocol in &fitting {
        if ui.button(&protocol.name).clicked() {
            hanging::hang(context, view, protocol);
            ui.close();
        }
    }
    if !context.app.hangings.is_empty() {
        ui.separator();
        ui.menu_button("Forget", |ui| {
            for protocol in context.app.hangings {
                if ui.button(&protocol.name).clicked() {
                    actions.push(AppAction::ForgetHanging(protocol.name.clone()).into());
                    ui.close();
                }
            }
        });
    }
}

fn item_ui(ui: &mut Ui, label: &str, key: StageKey, is_on: bool) -> bool {
    let key = chord_text(ui.ctx(), KeyCommand::Stage(key));
    let response = ui.add(Button::new(label).shortcut_text(key).selected(is_on));
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::CheckBox, true, is_on, label));
    response.clicked()
}
