//! Keys that go from study to study: the worklist, claiming, locking, signing, comparing.

use egui::{Context, Key, Modifiers};

use crate::domain::reading::Answer;
use crate::review::rules::Refusal;
use crate::review::work_item::WorkItem;
use crate::ui::action::{Action, WorklistAction};
use crate::ui::context::UiContext;
use crate::ui::deciding;
use crate::ui::dialogs::Dialog;
use crate::ui::dialogs::differences::DifferencesDraft;
use crate::ui::dialogs::sign::SignDraft;
use crate::ui::keys;
use crate::ui::reading;
use crate::ui::shortcuts::{KeyCommand, KeyContext, WorkKey, take_pressed};
use crate::ui::view_state::ViewState;

pub fn work_key(context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>, key: WorkKey) {
    match key {
        WorkKey::Worklist => toggle(context, view),
        WorkKey::NextStudy => actions.push(WorklistAction::Next.into()),
        WorkKey::Claim => claim(context, view, actions),
        WorkKey::LockAndReveal => ask_answer(context, view),
        WorkKey::Sign => ask_signature(context, view),
        WorkKey::Amend => ask_amendment(context, view),
        WorkKey::Differences if context.session.is_some() => {
            view.dialogs.push(Dialog::Differences(DifferencesDraft::default()));
        }
        WorkKey::Differences => {}
    }
}

pub fn toggle(context: &UiContext<'_>, view: &mut ViewState) {
    let worklist = &mut view.transient.worklist;
    worklist.is_open = !worklist.is_open;
    if worklist.is_open {
        worklist.selected = context.open_study_uid().cloned();
        worklist.scrolled_to = None;
    }
}

/// Takes the selected study of the list, or the open one; gives it back when the reader has it.
fn claim(context: &UiContext<'_>, view: &ViewState, actions: &mut Vec<Action>) {
    let selected = view.transient.worklist.selected.as_ref().filter(|_| view.transient.worklist.is_open);
    let Some(study) = selected.or(context.open_study_uid()) else { return };
    let item = context.worklist.items.iter().find(|item| &item.study == study);
    let is_own = item.is_some_and(|item| item.assigned_to.as_ref() == Some(context.app.reader));
    let action = if is_own { WorklistAction::Release(study.clone()) } else { WorklistAction::Claim(study.clone()) };
    actions.push(action.into());
}

pub fn ask_answer(context: &UiContext<'_>, view: &mut ViewState) {
    let hint = match context.session {
        None => return,
        Some(_) if !reading::is_ai_hidden(context) => Refusal::NothingHidden.to_string(),
        Some(_) if reading::mode(context) == crate::domain::reading::ReadingMode::Blind => {
            Refusal::ReadBlind.to_string()
        }
        Some(_) => {
            view.dialogs.push(Dialog::LockAnswer(Answer::default()));
            return;
        }
    };
    view.transient.hint = Some(hint);
}

pub fn ask_signature(context: &UiContext<'_>, view: &mut ViewState) {
    let Some(session) = context.session else { return };
    if let Some(reason) = deciding::obstacle(context) {
        view.transient.hint = Some(reason);
        return;
    }
    let is_first = reading::is_ai_hidden(context) && session.reading().is_some_and(|reading| reading.locked.is_none());
    if is_first && reading::mode(context) != crate::domain::reading::ReadingMode::Blind {
        view.transient.hint = Some(Refusal::LockFirst.to_string());
        view.dialogs.push(Dialog::LockAnswer(Answer::default()));
        return;
    }
    view.dialogs.push(Dialog::Sign(SignDraft::of(context.app.preferences.reading.role)));
}

pub fn ask_amendment(context: &UiContext<'_>, view: &mut ViewState) {
    let is_closed = context.session.is_some_and(|session| session.course().closed_for(context.app.reader).is_some());
    if is_closed {
        view.dialogs.push(Dialog::Amend(String::new()));
    } else {
        view.transient.hint = Some(Refusal::NotSigned.to_string());
    }
}

/// Keys while the worklist stands in place of the study.
pub fn worklist_keys_ui(ctx: &Context, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    let shown = shown_items(context, view);
    let worklist = &mut view.transient.worklist;
    let at = worklist.selected.as_ref().and_then(|study| shown.iter().position(|item| &item.study == study));
    let pressed = |modifiers: Modifiers, key: Key| ctx.input_mut(|input| input.consume_key(modifiers, key));
    let last = shown.len().saturating_sub(1);
    let to = |step: isize| Some(at.map_or(0, |at| at.saturating_add_signed(step).min(last)));
    let steps: [(Key, Option<usize>); 7] = [
        (Key::ArrowDown, to(1)),
        (Key::J, to(1)),
        (Key::ArrowUp, to(-1)),
        (Key::K, to(-1)),
        (Key::PageDown, to(20)),
        (Key::PageUp, to(-20)),
        (Key::Home, Some(0)),
    ];
    let moved = steps.into_iter().filter_map(|(key, to)| pressed(Modifiers::NONE, key).then_some(to)).flatten().last();
    let moved = if pressed(Modifiers::NONE, Key::End) { Some(last) } else { moved };
    if let Some(item) = moved.and_then(|to| shown.get(to)) {
        worklist.selected = Some(item.study.clone());
    }
    if pressed(Modifiers::NONE, Key::Enter)
        && let Some(study) = worklist.selected.clone()
    {
        open(view, actions, study);
        return;
    }
    if pressed(Modifiers::NONE, Key::Slash) || pressed(Modifiers::COMMAND, Key::F) {
        worklist.wants_search = true;
    }
    if pressed(Modifiers::NONE, Key::Escape) {
        let is_whole = worklist.filter.is_whole();
        worklist.filter = Default::default();
        worklist.is_open = !is_whole || context.open_study.is_none();
        return;
    }
    let keys = &context.app.preferences.keys;
    for command in take_pressed(ctx, keys, KeyContext::Everywhere, true) {
        // What acts on pictures has none before it.
        if matches!(command, KeyCommand::Work(_) | KeyCommand::Program(_)) {
            keys::run(ctx, context, view, actions, command);
        }
    }
}

/// What the filter leaves, in the order of the list.
pub fn shown_items<'a>(context: &UiContext<'a>, view: &ViewState) -> Vec<&'a WorkItem> {
    let items = &context.worklist.items;
    let places = view.transient.worklist.filter.places(items, context.app.reader);
    places.into_iter().filter_map(|place| items.get(place)).collect()
}

pub fn open(view: &mut ViewState, actions: &mut Vec<Action>, study: crate::domain::uid::StudyUid) {
    view.transient.worklist.is_open = false;
    actions.push(WorklistAction::Open(study).into());
}
