//! What this program is, and with which models it works.

use egui::{RichText, Ui};

use crate::domain::RESEARCH_USE_ONLY;
use crate::ui::context::UiContext;
use crate::ui::dialogs::{Stay, modal};
use crate::ui::theme::theme;

pub fn about_ui(ui: &Ui, context: &UiContext<'_>) -> Stay {
    modal(ui, "About Overread", 460.0, |ui| {
        ui.label(format!("Version {}", context.app.version));
        ui.label("A workstation on which radiologists review what a model flagged.");
        ui.label(RichText::new(RESEARCH_USE_ONLY).color(theme().state.warning));
        ui.add_space(6.0);
        ui.label(RichText::new("Models").color(theme().text.strong));
        for model in context.models {
            ui.label(RichText::new(format!("{} {}", model.name, model.version)).small());
        }
        ui.label(RichText::new(format!("Inference on {}", context.app.device)).small().color(theme().text.weak));
        ui.add_space(10.0);
        if ui.button("Close").clicked() { Stay::Closed } else { Stay::Open }
    })
}
