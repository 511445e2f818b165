//! What has become of the mask against the model's: sizes, overlap, distances, voxels; and the revisions to step through.

use egui::{RichText, Ui};

use crate::domain::mask_edit::{MaskStep, SegmentFigures};
use crate::segmentation::change::ChangeCounts;
use crate::ui::context::UiContext;
use crate::ui::masks::acts;
use crate::ui::masks::keys::MaskKey;
use crate::ui::shortcuts::{KeyCommand, hint};
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::words::counted;

pub fn truth_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    let masks = &mut view.transient.masks;
    let Some(desk) = &mut masks.open else { return };
    let active = desk.active;
    let Some(info) = desk.info(active).cloned() else { return };
    let counts = desk.counts(active);
    let has_model = counts.n_before > 0;
    let version = desk.version;
    let known = masks.work.figures.as_ref();
    let figures = known.and_then(|(of, figures)| {
        let found = figures.iter().find(|figures| figures.segment == info.id)?;
        Some((*of == version, found.clone()))
    });
    let is_drawing = masks.in_hand.stroke.is_some();
    ui.horizontal(|ui| {
        let words = if has_model { "Against the AI mask" } else { "Size" };
        ui.label(RichText::new(words).color(theme().text.strong));
        ui.label(RichText::new(&info.name).small().color(theme().text.weak));
        if has_model {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let tip = hint(ui.ctx(), "The AI mask as a dashed outline", KeyCommand::Mask(MaskKey::Ghost));
                ui.checkbox(&mut masks.settings.is_ghost_shown, RichText::new("Ghost").small()).on_hover_text(tip);
            });
        }
    });
    let rows = rows(masks.open.as_ref().map(|desk| (desk.base.has_mm, desk.base.grid)), &counts, figures, is_drawing);
    egui::Grid::new("mask truth").num_columns(4).min_row_height(15.0).spacing([10.0, 2.0]).show(ui, |ui| {
        for pair in rows.chunks(2) {
            for (name, value) in pair {
                ui.label(RichText::new(*name).small().color(theme().text.weak));
                ui.label(RichText::new(value).small().color(theme().text.normal));
            }
            ui.end_row();
        }
    });
    effort_ui(ui, context, view);
}

fn rows(
    base: Option<(bool, crate::segmentation::grid::VoxelGrid)>,
    counts: &ChangeCounts,
    figures: Option<(bool, SegmentFigures)>,
    is_drawing: bool,
) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    let Some((has_mm, grid)) = base else { return rows };
    let size = counts.n_now as f64 * grid.voxel_mm();
    rows.push(match (has_mm, grid.is_flat()) {
        (true, false) => ("Volume", volume_words(size)),
        (true, true) => ("Area", area_words(size)),
        (false, _) => ("Pixels", counts.n_now.to_string()),
    });
    if counts.n_before == 0 {
        rows.push(("Voxels", thousands(counts.n_now)));
        return rows;
    }
    let dice = counts.dice().map_or_else(|| "–".to_owned(), |dice| format!("{dice:.4}"));
    rows.push(("Dice", dice));
    rows.push(("Added", format!("+{}", thousands(counts.n_added()))));
    rows.push(("Removed", format!("−{}", thousands(counts.n_removed()))));
    if has_mm {
        // While a stroke is drawn the distances are those of before
        let is_now = figures.as_ref().is_some_and(|(is_now, _)| *is_now) && !is_drawing;
        let surface = figures.and_then(|(_, figures)| figures.surface_mm);
        let words = |at: usize| match surface {
            Some(surface) if is_now => format!("{:.2} mm", surface[at]),
            Some(surface) => format!("({:.2} mm)", surface[at]),
            None if is_now => "–".to_owned(),
            None => "…".to_owned(),
        };
        rows.push(("Mean distance", words(0)));
        rows.push(("95 % within", words(1)));
    }
    rows
}

fn effort_ui(ui: &mut Ui, context: &UiContext<'_>, view: &ViewState) {
    let Some(desk) = &view.transient.masks.open else { return };
    let Some(review) = acts::review_of(context, &desk.subject) else { return };
    let effort = review.effort;
    if effort.n_strokes == 0 {
        return;
    }
    let seconds = effort.spent_ms / 1000 + view.transient.masks.hand.spent_s() as u64;
    let undone = if effort.n_undone > 0 { format!(", {} undone", effort.n_undone) } else { String::new() };
    let words = format!(
        "{}{undone} in {}:{:02}; +{} −{} voxels drawn",
        counted(effort.n_strokes as usize, "edit"),
        seconds / 60,
        seconds % 60,
        thousands(effort.n_voxels_added),
        thousands(effort.n_voxels_removed)
    );
    ui.label(RichText::new(words).small().color(theme().text.weak)).on_hover_text("Since the last revision");
}

/// Steps through what was kept: the model's mask, each revision, the mask as it is.
pub fn revisions_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    let Some(desk) = &view.transient.masks.open else { return };
    let Some(review) = acts::review_of(context, &desk.subject) else { return };
    let n = review.revisions.len();
    if n == 0 && review.edits.is_empty() {
        return;
    }
    let at = desk.looks_at.unwrap_or(n + 1);
    let mut wanted = None;
    ui.horizontal(|ui| {
        ui.label(RichText::new("Revision").small().color(theme().text.weak));
        let back = ui.add_enabled(at > 0, egui::Button::new("◀").small()).on_hover_text("The revision before");
        back.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Revision before"));
        if back.clicked() {
            wanted = Some(Some(at - 1));
        }
        ui.label(RichText::new(revision_words(review, at, n)).small().color(theme().text.normal));
        let on = ui.add_enabled(at <= n, egui::Button::new("▶").small()).on_hover_text("The next revision");
        on.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Next revision"));
        if on.clicked() {
            wanted = Some((at < n).then_some(at + 1));
        }
        if at <= n && ui.small_button("As it is").on_hover_text("Back to the mask as it is").clicked() {
            wanted = Some(None);
        }
    });
    if let Some(revision) = wanted {
        acts::look_at(context, view, revision);
    }
}

fn revision_words(review: &crate::review::mask_acts::MaskReview, at: usize, n: usize) -> String {
    if at == 0 {
        return "AI mask".to_owned();
    }
    let Some(revision) = review.revisions.get(at - 1).filter(|_| at <= n) else {
        return match review.n_unrevised() {
            0 => format!("as it is (revision {n})"),
            n => format!("as it is (+{})", counted(n, "edit")),
        };
    };
    let dice = match &revision.change.step {
        MaskStep::Revised(revised) => revised.segments.iter().filter_map(|figures| figures.dice).reduce(f64::min),
        _ => None,
    };
    let dice = dice.map_or_else(String::new, |dice| format!(", Dice {dice:.3}"));
    let day = revision.made.at.get(..16).unwrap_or(&revision.made.at).replace('T', " ");
    format!("{at} of {n}: {} {day}{dice}", revision.made.reader)
}

/// mm³ below a milliliter, else mL.
fn volume_words(mm3: f64) -> String {
    if mm3 < 1000.0 { format!("{mm3:.0} mm³") } else { format!("{:.2} mL", mm3 / 1000.0) }
}

fn area_words(mm2: f64) -> String {
    if mm2 < 1000.0 { format!("{mm2:.0} mm²") } else { format!("{:.2} cm²", mm2 / 100.0) }
}

/// With a thin space every three digits.
fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}
