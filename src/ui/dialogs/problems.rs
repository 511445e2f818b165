//! Every file that was not opened, with its reason.

use egui::{RichText, ScrollArea, Ui};

use crate::ui::context::UiContext;
use crate::ui::dialogs::{Stay, modal};
use crate::ui::theme::theme;
use crate::ui::words::counted;

pub fn problems_ui(ui: &Ui, context: &UiContext<'_>) -> Stay {
    modal(ui, "Files that were not opened", 680.0, |ui| {
        let words = format!("{}. Everything else was opened.", counted(context.refused.len(), "file"));
        ui.label(RichText::new(words).color(theme().text.weak));
        ui.add_space(6.0);
        ScrollArea::vertical().max_height(420.0).auto_shrink([false, true]).show(ui, |ui| {
            for file in context.refused {
                ui.label(RichText::new(file.name()).color(theme().text.strong))
                    .on_hover_text(file.path.display().to_string());
                ui.label(RichText::new(&file.notice.text).small().color(theme().text.normal));
                ui.add_space(4.0);
            }
        });
        ui.add_space(8.0);
        if ui.button("Close").clicked() { Stay::Closed } else { Stay::Open }
    })
}
