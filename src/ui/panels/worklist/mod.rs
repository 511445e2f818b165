//! The worklist in place of the study: every study, the urgent first, and nothing hidden unasked.

mod filters;
mod row;

use egui::{Align, Align2, Button, FontId, Layout, Rect, RichText, ScrollArea, Sense, Ui, pos2, vec2};

use crate::review::work_item::{AiStanding, WaitingTime, WorkItem};
use crate::ui::action::{Action, WorklistAction};
use crate::ui::context::UiContext;
use crate::ui::dialogs::Dialog;
use crate::ui::dialogs::settings::{SettingsDraft, SettingsPage};
use crate::ui::reading;
use crate::ui::shortcuts::{KeyCommand, WorkKey, hint};
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::words::{grouped, span};
use crate::ui::work_keys;

/// Of one row, points.
const ROW: f32 = 27.0;

pub fn worklist_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = 6.0;
    title_ui(ui, context, view, actions);
    filters::filters_ui(ui, context, view);
    let shown = work_keys::shown_items(context, view);
    counts_ui(ui, context, view, shown.len());
    let columns = row::Columns::within(ui.available_width() - 14.0);
    head_ui(ui, &columns);
    let footer = 24.0;
    let height = (ui.available_height() - footer).max(ROW * 3.0);
    list_ui(ui, context, view, actions, &shown, &columns, height);
    times_ui(ui, context);
}

fn title_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Worklist").size(18.0).color(theme().text.strong));
        let plan = &context.app.preferences.reading;
        let words = format!("Read: {}", plan.mode.word());
        let button = Button::new(&words).selected(plan.mode.begins_without_ai());
        let tip = format!("{}. Change how the next studies are read.", plan.mode.sentence());
        if ui.add(button).on_hover_text(tip).clicked() {
            view.dialogs.push(Dialog::Settings(SettingsDraft::at(SettingsPage::Reading)));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if context.open_study.is_some() {
                let tip = hint(ui.ctx(), "Back to the open study", KeyCommand::Work(WorkKey::Worklist));
                if ui.button("Back to the study").on_hover_text(tip).clicked() {
                    view.transient.worklist.is_open = false;
                }
            } else if ui.button("Close the list").clicked() {
                view.transient.worklist.is_open = false;
            }
            let tip =
                hint(ui.ctx(), "The next study that nobody has read or claimed", KeyCommand::Work(WorkKey::NextStudy));
            if ui.button("Next study").on_hover_text(tip).clicked() {
                view.transient.worklist.is_open = false;
                actions.push(WorklistAction::Next.into());
            }
            if ui
                .button("Order and folders…")
                .on_hover_text("What comes first, and which folders are watched")
                .clicked()
            {
                view.dialogs.push(Dialog::Settings(SettingsDraft::at(SettingsPage::Worklist)));
            }
            if ui.button("Refresh").on_hover_text("Read again what others have written to the record").clicked() {
                actions.push(WorklistAction::Refresh.into());
            }
        });
    });
}

/// What stands on the list, by what the models said; and how much of it a filter leaves.
fn counts_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, n_shown: usize) {
    let items = &context.worklist.items;
    let count = |wanted: &dyn Fn(&WorkItem) -> bool| items.iter().filter(|item| wanted(item)).count();
    let mut parts = vec![studies(items.len())];
    let n_open = count(&|item| item.is_open_flag());
    let n_hidden = count(&|item| item.ai == AiStanding::Hidden);
    if n_open > 0 {
        parts.push(format!("{} flagged and open", grouped(n_open)));
    }
    for (standing, words) in
        [(AiStanding::NotAnalyzed, "not analyzed"), (AiStanding::NotFlagged, "not flagged (does not exclude)")]
    {
        match count(&|item| item.ai == standing) {
            0 => {}
            n => parts.push(format!("{} {words}", grouped(n))),
        }
    }
    if n_hidden > 0 {
        parts.push(format!("{} read without AI", grouped(n_hidden)));
    }
    parts.push(format!("{} done", grouped(count(&|item| item.status.is_done()))));
    ui.horizontal(|ui| {
        ui.label(RichText::new(parts.join("  ·  ")).small().color(theme().text.normal));
        if n_shown < items.len() {
            let words = format!("Showing {} of {}", grouped(n_shown), grouped(items.len()));
            ui.label(RichText::new(words).small().color(theme().state.warning));
            if ui.small_button("Show all").clicked() {
                view.transient.worklist.filter = Default::default();
            }
        }
    });
}

fn head_ui(ui: &mut Ui, columns: &row::Columns) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    for (cell, words) in columns.cells(rect).into_iter().zip(row::HEADS) {
        let at = pos2(cell.left(), cell.center().y);
        ui.painter().text(at, Align2::LEFT_CENTER, words, FontId::proportional(11.5), theme().text.weak.into());
    }
}

fn list_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    actions: &mut Vec<Action>,
    shown: &[&WorkItem],
    columns: &row::Columns,
    height: f32,
) {
    let worklist = &view.transient.worklist;
    let at = worklist.selected.as_ref().and_then(|study| shown.iter().position(|item| &item.study == study));
    let must_scroll = worklist.selected.is_some() && worklist.scrolled_to != worklist.selected;
    ui.spacing_mut().item_spacing.y = 0.0;
    let mut area = ScrollArea::vertical().auto_shrink(false).max_height(height).id_salt("worklist");
    if let Some(at) = at.filter(|_| must_scroll) {
        // Into the middle, where what comes before and after is in sight.
        let top = at as f32 * ROW - (height - ROW) / 2.0;
        area = area.vertical_scroll_offset(top.max(0.0));
    }
    view.transient.worklist.scrolled_to.clone_from(&view.transient.worklist.selected);
    if shown.is_empty() {
        let words = if context.worklist.items.is_empty() {
            "Nothing is on the worklist yet. Open a folder, or watch one: its studies come here."
        } else {
            "No study answers to this filter."
        };
        ui.add_space(12.0);
        ui.label(RichText::new(words).color(theme().text.weak));
        ui.add_space(height - 40.0);
        return;
    }
    let now_s = context.worklist.now_s;
    area.show_rows(ui, ROW, shown.len(), |ui, range| {
        for index in range {
            let Some(item) = shown.get(index) else { continue };
            row::row_ui(ui, context, view, actions, item, columns, now_s);
        }
    });
}

/// How long flagged studies waited until somebody opened them, beside the others.
fn times_ui(ui: &mut Ui, context: &UiContext<'_>) {
    let is_kept_away = context.app.preferences.reading.mode.begins_without_ai() || reading::is_ai_hidden(context);
    let words = |name: &str, time: Option<WaitingTime>| match time {
        Some(time) => format!("{name} {} (n = {})", span(time.median_s), time.n_studies),
        None => format!("{name} –"),
    };
    let times = context.worklist.times;
    let text = match is_kept_away {
        true => "Time to open is not shown by flag while you read without the AI.".to_owned(),
        false => format!(
            "Time from arrival to opening, median: {}, {}",
            words("flagged", times.flagged),
            words("not flagged", times.unflagged)
        ),
    };
    ui.add_space(4.0);
    ui.label(RichText::new(text).small().color(theme().text.weak));
}

fn studies(n: usize) -> String {
    if n == 1 { "1 study".to_owned() } else { format!("{} studies", grouped(n)) }
}

/// A cell's text, cut where the cell ends.
fn cell_text(ui: &Ui, cell: Rect, text: &str, size: f32, color: egui::Color32) {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), FontId::proportional(size), color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(cell.width());
    let galley = ui.painter().layout_job(job);
    let at = pos2(cell.left(), cell.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, color);
}
