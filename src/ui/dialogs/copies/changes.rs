//! What a copy changes, attribute by attribute.

use egui::{Align, Label, Layout, RichText, ScrollArea, Ui, UiBuilder, pos2, vec2};

use crate::domain::deidentification::ChangeLine;
use crate::ui::copies::CopiesState;
use crate::ui::theme::theme;
use crate::ui::words::counted;

const ROW_HEIGHT: f32 = 16.0;
/// Attribute, what happens, before, after: parts of the width.
const SHARES: [f32; 4] = [0.34, 0.13, 0.265, 0.265];

pub fn changes_ui(ui: &mut Ui, state: &CopiesState, height: f32) {
    let Some(preview) = &state.preview else {
        ui.horizontal(|ui| {
            ui.spinner();
            ui.label(RichText::new("Reading the first file of each series").color(theme().text.weak));
        });
        return;
    };
    let n_files = counted(preview.n_files, "file");
    let words = format!("{n_files}; as the first of each series shows it. Whatever is not listed stays as it is.");
    ui.add(Label::new(RichText::new(words).small().color(theme().text.weak)).wrap());
    for (name, reason) in &preview.left_out {
        let words = format!("Left out: {name}. {reason}");
        ui.label(RichText::new(words).small().color(theme().state.warning));
    }
    let weak = |text: &str| RichText::new(text).small().color(theme().text.weak);
    row_ui(ui, ["Attribute", "Becomes", "Now", "In the copy"].map(|head| (weak(head), String::new())));
    ScrollArea::vertical().id_salt("changes").max_height(height - 44.0).auto_shrink(false).show_rows(
        ui,
        ROW_HEIGHT,
        preview.lines.len(),
        |ui, rows| {
            for line in preview.lines.get(rows).unwrap_or_default() {
                line_ui(ui, line);
            }
        },
    );
}

fn line_ui(ui: &mut Ui, line: &ChangeLine) {
    let ChangeLine { tag: (group, element), name, what, before, after } = line;
    let tag = format!("({group:04X},{element:04X}) {name}");
    let cell = |text: &str| RichText::new(text).small().color(theme().text.normal);
    let before_words = if before.is_empty() { "inside a sequence, or empty" } else { before.as_str() };
    let faint = |text: &str| RichText::new(text).small().color(theme().text.weak);
    let before_cell = if before.is_empty() { faint("–") } else { cell(before) };
    let after_cell = if after.is_empty() { faint("–") } else { cell(after) };
    row_ui(
        ui,
        [
            (cell(name), tag),
            (faint(what), String::new()),
            (before_cell, before_words.to_owned()),
            (after_cell, after.clone()),
        ],
    );
}

/// Four cells, each cut where its column ends; the whole text is shown on hovering.
fn row_ui(ui: &mut Ui, cells: [(RichText, String); 4]) {
    let width = ui.available_width() - 12.0;
    let (rect, _) = ui.allocate_exact_size(vec2(width, ROW_HEIGHT), egui::Sense::hover());
    let mut x = rect.left();
    for ((text, tip), share) in cells.into_iter().zip(SHARES) {
        let place = egui::Rect::from_min_max(pos2(x, rect.top()), pos2(x + width * share - 8.0, rect.bottom()));
        let builder = UiBuilder::new().max_rect(place).layout(Layout::left_to_right(Align::Center));
        let response = ui.new_child(builder).add(Label::new(text).truncate());
        if !tip.is_empty() {
            response.on_hover_text(tip);
        }
        x += width * share;
    }
}
