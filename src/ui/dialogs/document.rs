//! The words of an object that came in: what it says, and what of it was not understood.

use egui::{RichText, ScrollArea, Ui};

use crate::domain::uid::SopInstanceUid;
use crate::ui::context::UiContext;
use crate::ui::dialogs::{Stay, modal};
use crate::ui::theme::theme;

pub fn document_ui(ui: &Ui, context: &UiContext<'_>, sop: &SopInstanceUid) -> Stay {
    let Some(document) = context.open_study.and_then(|study| study.document(sop)) else { return Stay::Closed };
    modal(ui, &document.title, 680.0, |ui| {
        let maker = if document.maker.is_empty() { "maker not said" } else { document.maker.as_str() };
        let words = format!("{} · {maker}", document.kind.word());
        ui.label(RichText::new(words).color(theme().text.weak));
        ui.add_space(6.0);
        for notice in &document.notices {
            ui.label(RichText::new(&notice.text).small().color(theme().state.warning));
        }
        let height = (ui.ctx().content_rect().height() - 260.0).max(160.0);
        ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
            for line in &document.lines {
                ui.horizontal(|ui| {
                    ui.add_space(14.0 * line.depth.min(12) as f32);
                    let text = RichText::new(&line.text).small().color(theme().text.normal);
                    ui.add(egui::Label::new(text).wrap().selectable(true));
                });
            }
        });
        ui.add_space(8.0);
        if ui.button("Close").clicked() { Stay::Closed } else { Stay::Open }
    })
}
