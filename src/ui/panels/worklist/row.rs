//! One study of the worklist, on one line.

use egui::{Color32, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::review::digest::StudyStatus;
use crate::review::work_item::{AiStanding, WorkItem};
use crate::ui::action::{Action, WorklistAction};
use crate::ui::context::UiContext;
use crate::ui::dialogs::Dialog;
use crate::ui::panels::worklist::{ROW, cell_text};
use crate::ui::reading;
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::words::{date, span};
use crate::ui::work_keys;

pub const HEADS: [&str; 8] = ["Urgency", "Status", "Patient", "Study", "AI", "Prior", "Waiting", "Reader"];

/// Where the columns lie; those of fixed width keep it, the others share what is left.
pub struct Columns([f32; 8]);

impl Columns {
    pub fn within(width: f32) -> Self {
        const FIXED: [f32; 8] = [62.0, 132.0, 0.0, 0.0, 0.0, 46.0, 70.0, 110.0];
        const SHARES: [f32; 8] = [0.0, 0.0, 0.30, 0.36, 0.34, 0.0, 0.0, 0.0];
        let rest = (width - FIXED.iter().sum::<f32>() - 16.0).max(240.0);
        let mut widths = FIXED;
        for (width, share) in widths.iter_mut().zip(SHARES) {
            *width += rest * share;
        }
        Self(widths)
    }

    /// The cells of a row.
    pub fn cells(&self, row: Rect) -> [Rect; 8] {
        let mut left = row.left() + 8.0;
        self.0.map(|width| {
            let cell = Rect::from_min_size(pos2(left, row.top()), vec2(width - 10.0, row.height()));
            left += width;
            cell
        })
    }
}

pub fn row_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    actions: &mut Vec<Action>,
    item: &WorkItem,
    columns: &Columns,
    now_s: i64,
) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let is_selected = view.transient.worklist.selected.as_ref() == Some(&item.study);
    let is_open = context.open_study_uid() == Some(&item.study);
    let name = patient_words(item, view.is_identity_hidden);
    let shows_score = context.app.preferences.reading.presentation.score;
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_selected, said(item, &name, now_s)));
    if ui.is_rect_visible(rect) {
        ground(ui, rect, &response, is_selected, is_open);
        cells_ui(ui, &columns.cells(rect), item, &name, now_s);
    }
    if response.clicked() {
        view.transient.worklist.selected = Some(item.study.clone());
        view.transient.worklist.scrolled_to = Some(item.study.clone());
    }
    if response.double_clicked() {
        work_keys::open(view, actions, item.study.clone());
    }
    response.context_menu(|ui| menu_ui(ui, context, view, actions, item));
    response.on_hover_ui(|ui| told_ui(ui, context, item, now_s, shows_score));
}

fn ground(ui: &Ui, rect: Rect, response: &Response, is_selected: bool, is_open: bool) {
    let fill = match (is_selected, response.hovered()) {
        (true, _) => Some(theme().surface.selected),
        (false, true) => Some(theme().surface.hovered),
        (false, false) => None,
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(rect, 3.0, fill);
    }
    if is_open {
        let bar = Rect::from_min_size(rect.min, vec2(3.0, rect.height()));
        ui.painter().rect_filled(bar, 0.0, theme().accent.main);
    }
    let y = rect.bottom() - 0.5;
    ui.painter().hline(rect.x_range(), y, Stroke::new(1.0, theme().surface.line));
}

fn cells_ui(ui: &Ui, cells: &[Rect; 8], item: &WorkItem, name: &str, now_s: i64) {
    let [urgency, status, patient, study, ai, prior, waiting, reader] = *cells;
    let (normal, weak) = (theme().text.normal.0, theme().text.weak.0);
    let is_done = item.status.is_done();
    let strong = if is_done { weak } else { theme().text.strong.0 };
    urgency_ui(ui, urgency, item.points, is_done);
    dot(ui, status, item.status);
    cell_text(ui, status.with_min_x(status.left() + 14.0), item.status.word(), 12.5, status_color(item.status));
    cell_text(ui, patient, name, 13.0, strong);
    cell_text(ui, study, &study_words(item), 12.5, if is_done { weak } else { normal });
    let color = match item.ai {
        AiStanding::Flagged if item.is_open_flag() => theme().marks.ai.0,
        _ => weak,
    };
    cell_text(ui, ai, &ai_words(item), 12.5, color);
    cell_text(ui, prior, if item.has_prior { "yes" } else { "–" }, 12.5, weak);
    let waited = item.waiting_s(now_s).map_or_else(|| "–".to_owned(), |seconds| span(seconds as f64));
    cell_text(ui, waiting, &waited, 12.5, if is_done { weak } else { normal });
    cell_text(ui, reader, item.assigned_to.as_ref().map_or("–", |reader| reader.as_str()), 12.5, normal);
}

/// The points, over a bar that tells their size before they are read.
fn urgency_ui(ui: &Ui, cell: Rect, points: i32, is_done: bool) {
    const FULL: f32 = 300.0;
    if is_done {
        return;
    }
    let share = (points.max(0) as f32 / FULL).min(1.0);
    let bar = Rect::from_min_size(pos2(cell.left(), cell.bottom() - 6.0), vec2(cell.width() * share, 2.0));
    ui.painter().rect_filled(bar, 1.0, theme().accent.main);
    let color = if points > 0 { theme().text.strong.0 } else { theme().text.weak.0 };
    cell_text(ui, cell.with_max_y(cell.bottom() - 3.0), &points.to_string(), 12.5, color);
}

/// A sign of the status beside its word: a ring, filled as the work goes on.
fn dot(ui: &Ui, cell: Rect, status: StudyStatus) {
    let (center, color) = (pos2(cell.left() + 5.0, cell.center().y), status_color(status));
    let painter = ui.painter();
    match status {
        StudyStatus::Unread => drop(painter.circle_stroke(center, 4.0, Stroke::new(1.2, color))),
        StudyStatus::Signed | StudyStatus::Adjudicated => drop(painter.circle_filled(center, 4.5, color)),
        _ => {
            painter.circle_stroke(center, 4.0, Stroke::new(1.2, color));
            painter.circle_filled(center, 2.0, color);
        }
    }
}

fn status_color(status: StudyStatus) -> Color32 {
    match status {
        StudyStatus::Unread => theme().text.normal.0,
        StudyStatus::InProgress => theme().accent.focus.0,
        StudyStatus::NeedsSecondRead | StudyStatus::NeedsAdjudication | StudyStatus::Amended => {
            theme().state.uncertain.0
        }
        StudyStatus::Signed | StudyStatus::Adjudicated => theme().state.good.0,
    }
}

pub fn patient_words(item: &WorkItem, is_identity_hidden: bool) -> String {
    let patient = &item.card.patient;
    let name = patient.display_name();
    let parts = match (is_identity_hidden, name.is_empty()) {
        (true, _) => return "Identity hidden".to_owned(),
        (false, true) if patient.id.is_empty() => {
            let uid = item.study.as_str();
            let tail = uid.get(uid.len().saturating_sub(12)..).unwrap_or(uid);
            return format!("Unknown, study …{tail}");
        }
        (false, true) => [patient.id.clone(), String::new()],
        (false, false) => [name, patient.id.clone()],
    };
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ·  ")
}

fn study_words(item: &WorkItem) -> String {
    let card = &item.card;
    let mut parts = vec![date(&card.date), card.modalities.clone(), card.description.clone()];
    if !item.is_here {
        parts.push("(not loaded)".to_owned());
    }
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
}

/// The open flags by name; then how many were decided.
fn ai_words(item: &WorkItem) -> String {
    let open: Vec<&str> = item.flags.iter().filter(|flag| flag.is_open).map(|flag| flag.label.as_str()).collect();
    match (item.ai, open.is_empty()) {
        (AiStanding::Flagged, false) => open.join(", "),
        (AiStanding::Flagged, true) => format!("{} decided", item.flags.len()),
        (standing, _) => standing.word().to_owned(),
    }
}

/// Everything of the row in words, for a screen reader and for tests.
fn said(item: &WorkItem, name: &str, now_s: i64) -> String {
    let waited = item.waiting_s(now_s).map(|seconds| format!("waiting {}", span(seconds as f64)));
    let reader = item.assigned_to.as_ref().map(|reader| format!("reader {reader}"));
    let prior = item.has_prior.then(|| "prior available".to_owned());
    let parts = [name.to_owned(), study_words(item), item.status.word().to_owned(), ai_words(item)];
    let all = parts.into_iter().chain(waited).chain(prior).chain(reader);
    all.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Why the study stands where it stands.
fn told_ui(ui: &mut Ui, context: &UiContext<'_>, item: &WorkItem, now_s: i64, shows_score: bool) {
    ui.set_max_width(420.0);
    for flag in &item.flags {
        let words = if shows_score { format!("{}: {}", flag.label, flag.sentence) } else { flag.label.clone() };
        let color = if flag.is_open { theme().marks.ai } else { theme().text.weak };
        ui.colored_label(color, words);
    }
    if item.ai == AiStanding::NotFlagged {
        ui.label("Nothing was flagged. This does not exclude disease.");
    }
    let reasons = context.app.preferences.worklist.rules.reasons(&item.facts(now_s));
    if !reasons.is_empty() {
        ui.label(format!("Urgency {}: {}", item.points, reasons.join(", ")));
    }
    ui.weak("Double click or Enter opens it");
}

fn menu_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>, item: &WorkItem) {
    ui.set_min_width(180.0);
    if ui.button("Open").clicked() {
        work_keys::open(view, actions, item.study.clone());
    }
    let is_own = item.assigned_to.as_ref() == Some(context.app.reader);
    let role = context.app.preferences.reading.role;
    match &item.assigned_to {
        None => {
            if ui.button("Claim").clicked() {
                actions.push(WorklistAction::Claim(item.study.clone()).into());
            }
        }
        Some(_) if is_own || role.may_assign() => {
            if ui.button("Release").clicked() {
                actions.push(WorklistAction::Release(item.study.clone()).into());
            }
        }
        Some(reader) => drop(ui.weak(format!("Claimed by {reader}"))),
    }
    if role.may_assign() && ui.button("Assign…").clicked() {
        view.dialogs.push(Dialog::Assign { study: item.study.clone(), to: String::new() });
    }
    if reading::is_ai_hidden(context) && context.open_study_uid() == Some(&item.study) {
        ui.weak("Read without the AI");
    }
}
