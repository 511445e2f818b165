//! How the open study is read, above its findings: the mode, what is hidden, who signed, and the next step.

use egui::{Frame, Margin, RichText, Stroke, Ui};

use crate::domain::reading::{ReadingMode, SignOff};
use crate::review::session::ReviewSession;
use crate::ui::context::UiContext;
use crate::ui::dialogs::Dialog;
use crate::ui::dialogs::settings::{SettingsDraft, SettingsPage};
use crate::ui::dialogs::sign::moment;
use crate::ui::reading;
use crate::ui::shortcuts::{KeyCommand, WorkKey, hint};
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::work_keys;

pub fn reading_bar_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    let Some(session) = context.session else { return };
    let closed = session.course().closed_for(context.app.reader);
    let is_hidden = reading::is_ai_hidden(context);
    let color = match (closed, is_hidden) {
        (Some(_), _) => theme().state.good,
        (None, true) => theme().state.uncertain,
        (None, false) => theme().surface.line,
    };
    Frame::new()
        .fill(theme().surface.raised.0)
        .stroke(Stroke::new(1.0, color))
        .corner_radius(4)
        .inner_margin(Margin::symmetric(8, 4))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 3.0;
            ui.horizontal(|ui| {
                let words = RichText::new(reading::words(context)).small().color(theme().text.strong);
                let tip = reading::mode(context).sentence();
                let response = ui.add(egui::Button::new(words).frame(false)).on_hover_text(format!("{tip}…"));
                if response.clicked() {
                    view.dialogs.push(Dialog::Settings(SettingsDraft::at(SettingsPage::Reading)));
                }
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    step_ui(ui, context, session, view, closed, is_hidden);
                });
            });
            said_ui(ui, session, closed, context);
        });
    ui.add_space(4.0);
}

/// The one step that comes next.
fn step_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    session: &ReviewSession,
    view: &mut ViewState,
    closed: Option<&SignOff>,
    is_hidden: bool,
) {
    let tip = |ui: &Ui, words: &str, key: WorkKey| hint(ui.ctx(), words, KeyCommand::Work(key));
    if closed.is_some() {
        if ui.small_button("Amend…").on_hover_text("Open the signed study again, saying why").clicked() {
            work_keys::ask_amendment(context, view);
        }
        return;
    }
    let is_first_read = is_hidden && reading::mode(context) != ReadingMode::Blind;
    if is_first_read {
        let words = tip(ui, "Fix your own answer, then the AI is shown", WorkKey::LockAndReveal);
        if ui.small_button("Lock and show AI…").on_hover_text(words).clicked() {
            work_keys::ask_answer(context, view);
        }
        return;
    }
    let words = tip(ui, "End this reading with your name", WorkKey::Sign);
    let can_sign = !session.findings().is_empty() || session.reading().is_some();
    if ui.add_enabled(can_sign, egui::Button::new("Sign…").small()).on_hover_text(words).clicked() {
        work_keys::ask_signature(context, view);
    }
    let n_readers = session.course().readings().len();
    if n_readers > 1 {
        let words = tip(ui, "Two readers beside each other", WorkKey::Differences);
        if ui.small_button("Compare…").on_hover_text(words).clicked() {
            view.dialogs.push(Dialog::Differences(Default::default()));
        }
    }
}

fn said_ui(ui: &mut Ui, session: &ReviewSession, closed: Option<&SignOff>, context: &UiContext<'_>) {
    let small = |words: String| RichText::new(words).small();
    if let Some(signature) = closed {
        let words = format!("{} by {}, {}", signature.meaning.word(), signature.name, moment(&signature.at));
        ui.label(small(words).color(theme().state.good));
    } else if let Some(amended) = session.course().signatures().last().and_then(|one| one.amended.as_ref()) {
        let words = format!("Amended by {}: {}", amended.reader, amended.reason);
        ui.add(egui::Label::new(small(words).color(theme().state.uncertain)).truncate());
    }
    if let Some(locked) = session.reading().and_then(|reading| reading.locked.as_ref()) {
        let answer = match locked.answer.is_abnormal {
            Some(true) => "abnormal",
            Some(false) => "normal",
            None => "no answer",
        };
        let sure = locked.answer.confidence.map_or_else(String::new, |one| format!(", confidence {}", one.percent()));
        ui.label(small(format!("Before the AI: {answer}{sure}")).color(theme().text.weak));
    }
    let holder = session.course().assignment().map(|assignment| &assignment.reader);
    if let Some(holder) = holder.filter(|holder| *holder != context.app.reader) {
        ui.label(small(format!("Claimed by {holder}")).color(theme().state.warning));
    }
}
