//! A model's card: what it is for and not for, whom it may see, how good it was and on whom, and whether its maps can be
//! trusted.

use egui::{Align, Grid, Label, Layout, RichText, Role, ScrollArea, Ui, WidgetInfo, vec2};

use crate::domain::uid::ModelId;
use crate::ui::context::{AboutSection, AnalysisState, ModelStatus, UiContext};
use crate::ui::dialogs::{Stay, modal};
use crate::ui::theme::theme;

/// Room for the names of models, points.
const LIST_WIDTH: f32 = 170.0;
const HEIGHT: f32 = 520.0;

pub fn model_card_ui(ui: &Ui, context: &UiContext<'_>, chosen: &mut Option<ModelId>) -> Stay {
    modal(ui, "Models", 860.0, |ui| {
        if context.models.is_empty() {
            ui.label("No models are installed. 'overread models add PATH' brings one in.");
        }
        let height = HEIGHT.min(ui.ctx().content_rect().height() - 170.0);
        // The line between the two is as high as the room it is given
        let room = vec2(ui.available_width(), height);
        ui.allocate_ui_with_layout(room, Layout::left_to_right(Align::Min), |ui| {
            ui.vertical(|ui| {
                ui.set_width(LIST_WIDTH);
                list_ui(ui, context, chosen);
            });
            ui.separator();
            let shown = chosen.as_ref().and_then(|id| context.models.iter().find(|model| &model.id == id));
            let Some(model) = shown.or_else(|| context.models.first()) else { return };
            // What scrolls is laid out as what it stands in
            ui.vertical(|ui| {
                ScrollArea::vertical().id_salt(&model.id).max_height(height).auto_shrink([false, false]).show(
                    ui,
                    |ui| {
                        card_ui(ui, model);
                    },
                );
            });
        });
        ui.add_space(10.0);
        if ui.button("Close").clicked() { Stay::Closed } else { Stay::Open }
    })
}

fn list_ui(ui: &mut Ui, context: &UiContext<'_>, chosen: &mut Option<ModelId>) {
    let first = context.models.first().map(|model| model.id.clone());
    let current = chosen.clone().or(first);
    for model in context.models {
        let is_chosen = current.as_ref() == Some(&model.id);
        let response = ui.selectable_label(is_chosen, RichText::new(&model.name).color(theme().text.normal));
        let name = format!("Card of {}", model.name);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_chosen, name.clone()));
        if response.clicked() {
            *chosen = Some(model.id.clone());
        }
    }
}

fn card_ui(ui: &mut Ui, model: &ModelStatus) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(&model.name).size(16.0).color(theme().text.strong));
        ui.label(RichText::new(&model.version).color(theme().text.weak));
    });
    if let AnalysisState::Unavailable(reason) = &model.state {
        ui.add(Label::new(RichText::new(format!("Not usable: {reason}")).color(theme().state.error)).wrap());
    }
    let Some(about) = &model.about else { return };
    ui.add(Label::new(RichText::new(&about.summary).color(theme().text.normal)).wrap());
    for (index, section) in about.sections.iter().enumerate() {
        section_ui(ui, index, section);
    }
}

fn section_ui(ui: &mut Ui, index: usize, section: &AboutSection) {
    ui.add_space(8.0);
    ui.label(RichText::new(section.title).strong().color(theme().text.strong));
    if !section.text.is_empty() {
        let color = if section.is_warning { theme().state.warning } else { theme().text.normal };
        ui.add(Label::new(RichText::new(&section.text).color(color)).wrap());
    }
    if section.rows.is_empty() {
        return;
    }
    let width = ui.available_width();
    Grid::new(("card", index)).num_columns(2).min_col_width(150.0).spacing([14.0, 3.0]).show(ui, |ui| {
        for (name, value) in &section.rows {
            ui.label(RichText::new(name).color(theme().text.weak));
            ui.scope(|ui| {
                ui.set_max_width((width - 170.0).max(120.0));
                ui.add(Label::new(RichText::new(value).color(theme().text.normal)).wrap());
            });
            ui.end_row();
        }
    });
}
