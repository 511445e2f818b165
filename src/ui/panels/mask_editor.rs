//! The mask editor beside the pictures: what is being corrected, the segments, the tool in hand, and what has changed.

use egui::{Align, Button, Layout, Panel, RichText, ScrollArea, Ui};

use crate::domain::mask_edit::MaskGround;
use crate::review::session::Keeping;
use crate::ui::context::UiContext;
use crate::ui::history;
use crate::ui::masks::keys::MaskKey;
use crate::ui::masks::tasks::{MaskTask, TaskState};
use crate::ui::masks::{Finishing, acts, finishing};
use crate::ui::panels::mask_segments::segments_ui;
use crate::ui::panels::mask_tools::{operations_ui, tools_ui};
use crate::ui::panels::mask_truth::{revisions_ui, truth_ui};
use crate::ui::shortcuts::{KeyCommand, ReviewKey, hint};
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::widgets::button::{keyed_button, main_button, wide_button};
use crate::ui::widgets::keeping::keeping_label;

pub fn mask_editor_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    header_ui(ui, context, view);
    Panel::bottom("mask acceptance").frame(egui::Frame::NONE).resizable(false).show(ui, |ui| {
        ui.add_space(4.0);
        acceptance_ui(ui, context, view);
    });
    Panel::bottom("mask truth").frame(egui::Frame::NONE).resizable(false).show(ui, |ui| {
        ui.add_space(4.0);
        truth_ui(ui, context, view);
        revisions_ui(ui, context, view);
    });
    ScrollArea::vertical().auto_shrink(false).id_salt("mask tools").show(ui, |ui| {
        segments_ui(ui, context, view);
        ui.separator();
        tools_ui(ui, context, view);
        ui.separator();
        operations_ui(ui, context, view);
    });
}

/// What is corrected, how far one is, and the way back.
fn header_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    let all = view.transient.masks.tasks.tasks();
    let Some(desk) = &view.transient.masks.open else { return };
    let own = all.iter().position(|task| task.subject == desk.subject);
    let n_done = all.iter().filter(|task| task.state == TaskState::Done).count();
    let name = match own.and_then(|at| all.get(at)) {
        Some(task) => task.name.clone(),
        None => "Own segments".to_owned(),
    };
    let ground = match &desk.subject.ground {
        MaskGround::Image { .. } => "one image".to_owned(),
        MaskGround::Stack { slices, .. } => format!("{slices} slices"),
    };
    let keeping = acts::review_of(context, &desk.subject).map(|review| review.keeping.clone());
    ui.horizontal(|ui| {
        ui.label(RichText::new("Correct mask").size(15.0).color(theme().text.strong));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let tip = hint(ui.ctx(), "Back to the findings; the mask stays as it is", KeyCommand::Mask(MaskKey::Edit));
            let response = ui.add(Button::new("Close")).on_hover_text(tip.replace("  (E)", "  (Esc)"));
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Close the mask editor"));
            if response.clicked() {
                acts::close(view);
            }
            undo_ui(ui, context, view);
        });
    });
    ui.horizontal(|ui| {
        ui.label(RichText::new(name).color(theme().text.normal));
        ui.label(RichText::new(ground).small().color(theme().text.weak));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let Some(keeping) = &keeping else { return };
            let label = keeping_label(ui, keeping, "saved");
            if *keeping == Keeping::Kept {
                label.on_hover_text("Every stroke is in the record");
            }
        });
    });
    if all.len() > 1 {
        task_list_ui(ui, context, view, &all, own, n_done);
    }
    ui.separator();
}

fn undo_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    let mut actions = Vec::new();
    let can_redo = context.session.is_some_and(|session| session.can_redo());
    if keyed_button(ui, can_redo, "Redo", "Redo what was undone", KeyCommand::Review(ReviewKey::Redo)).clicked() {
        history::redo(context, view, &mut actions);
    }
    let can_undo = context.session.is_some_and(|session| session.can_undo());
    if keyed_button(ui, can_undo, "Undo", "Undo the last stroke", KeyCommand::Review(ReviewKey::Undo)).clicked() {
        history::undo(context, view, &mut actions);
    }
    view.transient.masks.asked.append(&mut actions);
}

fn task_list_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    all: &[MaskTask],
    own: Option<usize>,
    n_done: usize,
) {
    let at = own.map_or_else(|| "–".to_owned(), |at| (at + 1).to_string());
    let share = n_done as f32 / all.len() as f32;
    let words = format!("Mask {at} of {} · {n_done} done", all.len());
    let mut wanted = None;
    let response = egui::CollapsingHeader::new(RichText::new(words).small().color(theme().text.weak))
        .id_salt("mask tasks")
        .show(ui, |ui| {
            for (index, task) in all.iter().enumerate() {
                let state = match task.state {
                    TaskState::Untouched => "to do",
                    TaskState::Changed => "changed",
                    TaskState::Done => "done",
                };
                let is_own = own == Some(index);
                let words = format!("{} — {state}", task.name);
                if ui.selectable_label(is_own, RichText::new(words).small()).clicked() && !is_own {
                    wanted = Some(task.subject.clone());
                }
            }
        });
    // Progress as a thin line under the words
    let rect = response.header_response.rect;
    let line = egui::Rect::from_min_size(rect.left_bottom(), egui::vec2(ui.available_width(), 2.0));
    ui.painter().rect_filled(line, 1.0, theme().surface.line);
    ui.painter().rect_filled(line.with_max_x(line.min.x + line.width() * share), 1.0, theme().accent.main);
    if let Some(subject) = wanted {
        match subject.finding.clone() {
            Some(finding) => acts::open_finding(context, view, &finding),
            None => acts::open(context, view, subject),
        }
    }
}

fn acceptance_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    let Some(desk) = &view.transient.masks.open else { return };
    let has_finding = desk.subject.finding.is_some();
    let is_busy = view.transient.masks.work.finishing.is_some();
    let review = acts::review_of(context, &desk.subject);
    let n_unrevised = review.map_or(0, |review| review.n_unrevised());
    let is_corrected = review.is_some_and(|review| !review.edits.is_empty());
    let words = match (has_finding, is_corrected) {
        (true, false) => "Accept unchanged",
        (true, true) => "Accept as corrected",
        (false, _) => "Done",
    };
    ui.horizontal(|ui| {
        let width = ui.available_width();
        let tip = hint(ui.ctx(), "Keep this revision and go to the next mask", KeyCommand::Mask(MaskKey::Accept));
        if wide_button(ui, !is_busy, width * 0.6, main_button(words)).on_hover_text(tip).clicked() {
            finishing::finish(context, view, Finishing::AcceptAndGoOn);
        }
        let tip = hint(ui.ctx(), "Keep a revision and go on correcting", KeyCommand::Mask(MaskKey::Revise));
        let rest = ui.available_width();
        let is_possible = !is_busy && n_unrevised > 0;
        if wide_button(ui, is_possible, rest, Button::new("Keep revision")).on_hover_text(tip).clicked() {
            finishing::finish(context, view, Finishing::Revise);
        }
    });
    let settings = &mut view.transient.masks.settings;
    ui.horizontal(|ui| {
        ui.checkbox(&mut settings.goes_on, RichText::new("Go on to the next mask").small());
        if is_busy {
            ui.label(RichText::new("measuring…").small().color(theme().text.weak));
        }
    });
}
