//! The bar at the bottom: running work, whether decisions can be kept, and what was said last.

use egui::{Align, Label, Layout, ProgressBar, RichText, Ui};

use crate::review::session::ReviewSession;
use crate::ui::action::{Action, AppAction};
use crate::ui::context::{JobStatus, RecordWords, Severity, StoreState, UiContext};
use crate::ui::dialogs::Dialog;
use crate::ui::record_action::RecordAction;
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::widgets::keeping::keeping_label;
use crate::ui::words::counted;

/// Below this width one job is shown by name, above it two; more are counted.
const WIDE: f32 = 1350.0;

pub fn status_bar_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        let most_jobs = if ui.available_width() < WIDE { 1 } else { 2 };
        for job in context.jobs.iter().take(most_jobs) {
            job_ui(ui, job, actions);
        }
        if let Some(n_more) = context.jobs.len().checked_sub(most_jobs).filter(|n| *n > 0) {
            ui.label(RichText::new(format!("and {n_more} more")).small().color(theme().text.weak));
        }
        if !context.refused.is_empty() {
            let words = format!("{} not opened", counted(context.refused.len(), "file"));
            let text = RichText::new(words).small().color(theme().state.warning);
            if ui.button(text).on_hover_text("See which files and why").clicked() {
                view.dialogs.push(Dialog::Problems);
            }
        }
        messages_ui(ui, context, view, actions);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let version = format!("Overread {}  ·  {}", context.app.version, context.app.device);
            ui.label(RichText::new(version).small().color(theme().text.weak));
            ui.separator();
            keeping_ui(ui, context, actions);
        });
    });
}

/// What may be said of the whole record: the worst of it.
fn keeping_ui(ui: &mut Ui, context: &UiContext<'_>, actions: &mut Vec<Action>) {
    if let StoreState::ReadOnly(reason) = context.app.store {
        let words = RichText::new("READ ONLY: decisions cannot be kept").small().color(theme().state.error);
        ui.label(words).on_hover_text(reason);
        return;
    }
    if let StoreState::Locked(reason) = context.app.store {
        let words = RichText::new("Record locked: unlock…").small().color(theme().state.warning);
        if ui.button(words).on_hover_text(reason).clicked() {
            actions.push(RecordAction::AskForKey.into());
        }
        return;
    }
    if let StoreState::Unmade(reason) = context.app.store {
        let words = RichText::new("No record yet: keep one…").small().color(theme().state.warning);
        if ui.button(words).on_hover_text(reason).clicked() {
            actions.push(RecordAction::AskForProtection.into());
        }
        return;
    }
    also_open_ui(ui, context);
    if let Some(RecordWords { short, long }) = context.app.how_kept {
        ui.label(RichText::new(short).small().color(theme().text.weak)).on_hover_text(long);
        ui.separator();
    }
    if let Some(keeping) = context.session.map(ReviewSession::keeping) {
        keeping_label(ui, &keeping, "All decisions are kept");
    }
}

/// Who else has this study open: nobody is kept out, and nobody is surprised.
fn also_open_ui(ui: &mut Ui, context: &UiContext<'_>) {
    let others = context.app.also_open;
    let Some(first) = others.first() else { return };
    let more = if others.len() > 1 { format!(" and {} more", others.len() - 1) } else { String::new() };
    let words = RichText::new(format!("Also open: {}{more}", first.who)).small().color(theme().state.warning);
    let tip: Vec<&str> = others.iter().map(|other| other.sentence.as_str()).collect();
    ui.label(words).on_hover_text(tip.join("\n"));
    ui.separator();
}

fn job_ui(ui: &mut Ui, job: &JobStatus, actions: &mut Vec<Action>) {
    ui.label(RichText::new(&job.name).small().color(theme().text.normal));
    let progress = job.progress;
    if progress.n_total > 0 {
        let share = progress.n_done as f32 / progress.n_total as f32;
        ui.add(ProgressBar::new(share).desired_width(90.0).desired_height(6.0));
        let words = format!("{} / {}", progress.n_done, progress.n_total);
        ui.label(RichText::new(words).small().color(theme().text.weak));
    } else if progress.n_done > 0 {
        ui.label(RichText::new(progress.n_done.to_string()).small().color(theme().text.weak));
    }
    if job.can_cancel && ui.small_button("Cancel").on_hover_text(format!("Stop: {}", job.name)).clicked() {
        actions.push(AppAction::CancelJob(job.id).into());
    }
    ui.separator();
}

/// The newest message of each kind of weight; a hint about the last key comes first.
fn messages_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    if let Some(hint) = &view.transient.hint {
        ui.label(RichText::new(hint).small().color(theme().accent.focus));
        ui.separator();
    }
    let Some(message) = context.messages.iter().max_by_key(|message| (weight(message.severity), message.id)) else {
        return;
    };
    let color = match message.severity {
        Severity::Info => theme().text.normal,
        Severity::Warning => theme().state.warning,
        Severity::Error => theme().state.error,
    };
    if ui.small_button("Dismiss").clicked() {
        actions.push(AppAction::DismissMessage(message.id).into());
    }
    if context.messages.len() > 1 {
        let words = format!("1 of {}", context.messages.len());
        ui.label(RichText::new(words).small().color(theme().text.weak));
    }
    let width = (ui.available_width() - 430.0).max(120.0);
    ui.scope(|ui| {
        ui.set_max_width(width);
        let text = RichText::new(&message.text).color(color);
        let text = if message.severity == Severity::Error { text } else { text.small() };
        ui.add(Label::new(text).truncate()).on_hover_text(&message.text);
    });
}

fn weight(severity: Severity) -> u8 {
    match severity {
        Severity::Info => 0,
        Severity::Warning => 1,
        Severity::Error => 2,
    }
}
