//! How pictures are drawn.

use egui::Ui;

use crate::ui::dialogs::settings::{choice, heading, remark};
use crate::ui::preferences::{DrawnBy, LetterEdges, Preferences, Smoothing};

pub fn picture_ui(ui: &mut Ui, wanted: &mut Preferences) {
    let display = &mut wanted.display;
    heading(ui, "Magnified pictures");
    choice(ui, "Magnified pictures", &mut display.smoothing, &Smoothing::ALL.map(|one| (one, one.word())));
    remark(ui, "Nearest, bilinear or cubic. Measurements never depend on it.");
    heading(ui, "Orientation letters");
    let edges = [(LetterEdges::All, "All four edges"), (LetterEdges::Two, "Left and top")];
    choice(ui, "Orientation letters", &mut display.letters, &edges);
    heading(ui, "At night");
    ui.checkbox(&mut display.is_warm, "Warm colors around pictures");
    remark(ui, "Less blue in text and panels. Pictures and the marks on them keep their colors.");
    heading(ui, "Pictures are computed by");
    let drawn_by = [(DrawnBy::Graphics, "Graphics card"), (DrawnBy::Processor, "Processor")];
    choice(ui, "Pictures are computed by", &mut display.drawn_by, &drawn_by);
    remark(ui, "The processor is slower; for machines whose graphics driver fails. From the next start on.");
}
