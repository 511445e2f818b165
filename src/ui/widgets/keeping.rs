//! Whether the record has confirmed what was done: only that is said to be kept.

use egui::{Response, RichText, Ui};

use crate::review::session::Keeping;
use crate::ui::theme::theme;

/// `kept`: what is said of what stands in the record.
pub fn keeping_label(ui: &mut Ui, keeping: &Keeping, kept: &str) -> Response {
    match keeping {
        Keeping::NotSaved(reason) => {
            let words = RichText::new("NOT SAVED").small().strong().color(theme().state.error);
            ui.label(words).on_hover_text(reason)
        }
        Keeping::Pending => ui.label(RichText::new("saving…").small().color(theme().text.weak)),
        Keeping::Kept => ui.label(RichText::new(kept).small().color(theme().text.weak)),
    }
}
