//! Results that came in with the study's files: what each is, who made it, and what of it could not be understood.

use egui::{CollapsingHeader, RichText, Ui};

use crate::domain::document::{Document, DocumentKind};
use crate::domain::study::Study;
use crate::ui::context::UiContext;
use crate::ui::dialogs::Dialog;
use crate::ui::key_images;
use crate::ui::theme::theme;
use crate::ui::view_state::{ViewState, WindowChoice};
use crate::ui::words::{counted, date};

pub fn documents_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    let Some(study) = context.open_study.filter(|study| !study.documents.is_empty()) else { return };
    ui.add_space(6.0);
    let title = format!("Results from files  {}", study.documents.len());
    CollapsingHeader::new(RichText::new(title).color(theme().text.strong))
        .id_salt("results from files")
        .default_open(true)
        .show(ui, |ui| {
            for document in &study.documents {
                document_ui(ui, context, study, document, view);
            }
        });
}

fn document_ui(ui: &mut Ui, context: &UiContext<'_>, study: &Study, document: &Document, view: &mut ViewState) {
    let weak = |text: String| RichText::new(text).small().color(theme().text.weak);
    ui.horizontal(|ui| {
        let title = RichText::new(&document.title).color(theme().text.normal);
        ui.add(egui::Label::new(title).truncate()).on_hover_text(&document.title);
    });
    let mut facts = vec![document.kind.word().to_owned()];
    facts.extend([document.maker.clone(), date(&document.date)].into_iter().filter(|word| !word.is_empty()));
    facts.extend((!document.findings.is_empty()).then(|| counted(document.findings.len(), "finding")));
    if document.kind == DocumentKind::StructuredReport {
        facts.push(if document.is_verified { "verified".to_owned() } else { "not verified".to_owned() });
    }
    ui.add(egui::Label::new(weak(facts.join(" · "))).wrap());
    if !document.notices.is_empty() {
        let text = format!("{}: see the words", counted(document.notices.len(), "remark"));
        ui.label(RichText::new(text).small().color(theme().state.warning));
    }
    ui.horizontal(|ui| {
        let has_words = !document.lines.is_empty() || !document.notices.is_empty();
        if has_words && ui.small_button("Words…").on_hover_text("What the object says, line by line").clicked() {
            view.dialogs.push(Dialog::Document(document.sop.clone()));
        }
        let tip = "Show the pictures as this object wants them shown";
        if !document.displays.is_empty() && ui.small_button("Apply display").on_hover_text(tip).clicked() {
            apply_displays(study, document, view);
        }
        let tip = "Mark these images as key images";
        if !document.key_images.is_empty() && ui.small_button("Mark images").on_hover_text(tip).clicked() {
            key_images::mark(context, view, &document.key_images);
        }
    });
    ui.add_space(4.0);
}

/// Every pane that shows one of the series takes its window and turns.
fn apply_displays(study: &Study, document: &Document, view: &mut ViewState) {
    let look = view.look_mut(&study.uid);
    let n_panes = look.stage.panes.len();
    for place in 0..n_panes {
        let series = look.series_of_pane(study, place).and_then(|index| study.series.get(index));
        let display = series.and_then(|series| document.displays.iter().find(|display| display.series == series.uid));
        let Some((display, pane)) = display.zip(look.stage.panes.get_mut(place)) else { continue };
        if let Some(window) = display.window {
            pane.view.window = WindowChoice::Manual(window);
        }
        pane.view.is_inverted = display.is_inverted;
        pane.view.view.quarter_turns = display.quarter_turns % 4;
        pane.view.view.flip_h = display.is_flipped;
    }
}
