//! What was made: how many copies, what stayed behind and why, and how often each attribute was changed.

use egui::{Label, RichText, ScrollArea, Ui};

use crate::ui::copies::CopiesState;
use crate::ui::theme::theme;
use crate::ui::words::counted;

pub fn ending_ui(ui: &mut Ui, state: &CopiesState, height: f32) {
    if state.running.is_some() {
        ui.label(RichText::new("Copies are being made").color(theme().text.weak));
        return;
    }
    let (folder, summary) = match &state.end {
        None => return,
        Some(Err(text)) => {
            ui.add(Label::new(RichText::new(text).color(theme().state.error)).wrap());
            return;
        }
        Some(Ok(made)) => made,
    };
    let words = format!("{} copied to {}", counted(summary.n_files, "file"), folder.display());
    ui.add(Label::new(RichText::new(words).color(theme().text.strong)).wrap());
    if summary.n_blacked_out > 0 {
        let words = format!("Writing was blacked out in {}.", counted(summary.n_blacked_out, "file"));
        ui.label(RichText::new(words).color(theme().text.normal));
    }
    for (reason, n) in &summary.left_out {
        let words = format!("{} left out: {reason}", counted(*n, "file"));
        ui.add(Label::new(RichText::new(words).color(theme().state.warning)).wrap());
    }
    let words = "The same account lies beside the copies as deidentification.json. It names nobody.";
    ui.label(RichText::new(words).small().color(theme().text.weak));
    ui.add_space(4.0);
    ScrollArea::vertical().id_salt("made").max_height(height - 110.0).auto_shrink(false).show(ui, |ui| {
        for (name, what, n) in &summary.changes {
            let words = format!("{name}: {what} {n} ×");
            ui.label(RichText::new(words).small().color(theme().text.normal));
        }
    });
}
