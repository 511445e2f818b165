//! What the reader can take back: one row of steps, changes of the view and acts of the review in the order they came.
//!
//! Where somebody merely looks (image number, active pane, selection) is no step: taking something back never loses the
//! place. An act of the review is known by the session's own history having grown, so one that was refused leaves no
//! step behind.

use crate::domain::uid::StudyUid;
use crate::ui::action::{Action, ReviewAction};
use crate::ui::context::UiContext;
use crate::ui::view_state::{LookAt, ViewState};

/// Older steps are forgotten.
const MOST: usize = 200;
/// Changes that follow each other within this are one step, seconds.
const ONE_GESTURE_S: f64 = 0.4;

#[derive(Default)]
pub struct History {
    done: Vec<Step>,
    undone: Vec<Step>,
    /// How many acts the session could take back when last looked at; `None` before the first look.
    n_acts: Option<usize>,
    changed_at: f64,
    was_pressed: bool,
    /// This pass takes a step back or forth: what it changes is no new step.
    is_stepping: bool,
}

enum Step {
    /// The stage before and after.
    View(Box<LookAt>, Box<LookAt>),
    /// One act of the review: the session has it.
    Act,
}

impl History {
    /// Notes that the review's own history holds `n_acts` now.
    fn follow_acts(&mut self, n_acts: usize) {
        let known = self.n_acts.replace(n_acts).unwrap_or(n_acts);
        for _ in known..n_acts {
            self.push(Step::Act);
        }
        if n_acts < known {
            // Taken back by other hands than this history's.
            let mut n_surplus = known - n_acts;
            self.done.retain(|step| {
                let goes = n_surplus > 0 && matches!(step, Step::Act);
                n_surplus -= usize::from(goes);
                !goes
            });
        }
    }

    /// Notes a change of the view, if it is one that can be taken back.
    fn follow_view(&mut self, before: &LookAt, after: &LookAt, now: f64, is_pressed: bool) {
        if is_same_view(before, after) {
            self.was_pressed &= is_pressed;
            return;
        }
        let goes_on = (is_pressed && self.was_pressed) || now - self.changed_at < ONE_GESTURE_S;
        (self.changed_at, self.was_pressed) = (now, is_pressed);
        match self.done.last_mut() {
            Some(Step::View(_, last)) if goes_on && self.undone.is_empty() => **last = after.clone(),
            _ => self.push(Step::View(Box::new(before.clone()), Box::new(after.clone()))),
        }
    }

    fn push(&mut self, step: Step) {
        self.undone.clear();
        self.done.push(step);
        let n_surplus = self.done.len().saturating_sub(MOST);
        self.done.drain(..n_surplus);
    }

    pub fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }
}

/// Looks at what this pass and the review did since the last.
pub fn follow(context: &UiContext<'_>, view: &mut ViewState, before: Option<&LookAt>, now: f64, is_pressed: bool) {
    let Some(study) = context.open_study_uid() else { return };
    let after = view.looks.get(study);
    let history = view.transient.histories.entry(study.clone()).or_default();
    if std::mem::take(&mut history.is_stepping) {
        return;
    }
    if let Some(session) = context.session {
        history.follow_acts(session.n_undoable());
    }
    if let (Some(before), Some(after)) = (before, after) {
        history.follow_view(before, after, now, is_pressed);
    }
}

/// Takes the last step back.
pub fn undo(context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    step(context, view, actions, Way::Back);
}

/// Does again what was taken back last.
pub fn redo(context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    step(context, view, actions, Way::Forth);
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Back,
    Forth,
}

fn step(context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>, way: Way) {
    let Some(study) = context.open_study_uid() else { return };
    let history = view.transient.histories.entry(study.clone()).or_default();
    let (from, to) = match way {
        Way::Back => (&mut history.done, &mut history.undone),
        Way::Forth => (&mut history.undone, &mut history.done),
    };
    let step = from.pop();
    history.is_stepping = true;
    match &step {
        Some(Step::View(before, after)) => {
            let wanted = if way == Way::Back { before } else { after };
            let look = restored(view.looks.get(study), wanted);
            view.looks.insert(study.clone(), look);
            history.changed_at = f64::NEG_INFINITY;
        }
        // Acts of before this history began are the session's to take back, too.
        Some(Step::Act) | None => {
            let action = if way == Way::Back { ReviewAction::Undo } else { ReviewAction::Redo };
            actions.push(action.into());
            if step.is_some() {
                let change = if way == Way::Back { -1 } else { 1 };
                history.n_acts = history.n_acts.map(|known| known.saturating_add_signed(change));
            }
        }
    }
    to.extend(step);
}

/// `wanted`, at the place and with the selection of `now`.
fn restored(now: Option<&LookAt>, wanted: &LookAt) -> LookAt {
    let mut look = wanted.clone();
    let Some(now) = now else { return look };
    look.selected.clone_from(&now.selected);
    for (part, planes) in &mut look.planes {
        planes.center_mm = now.planes.get(part).and_then(|of_now| of_now.center_mm).or(planes.center_mm);
    }
    for (pane, of_now) in look.stage.panes.iter_mut().zip(&now.stage.panes) {
        if pane.content == of_now.content {
            pane.view.stack_index = of_now.view.stack_index;
        }
    }
    if now.stage.active < look.stage.layout.n_panes() {
        look.stage.active = now.stage.active;
    }
    look
}

/// Nothing differs but the place.
fn is_same_view(a: &LookAt, b: &LookAt) -> bool {
    let has_same_planes = a.planes.iter().all(|(part, planes)| {
        let other = b.planes.get(part);
        other.is_none_or(|other| (&planes.oblique, &planes.slab) == (&other.oblique, &other.slab))
    });
    let (LookAt { stage: a, .. }, LookAt { stage: b, .. }) = (a, b);
    let is_alike = a.layout == b.layout && a.links == b.links && a.panes.len() == b.panes.len();
    is_alike
        && has_same_planes
        && a.is_maximized == b.is_maximized
        && a.panes.iter().zip(&b.panes).all(|(a, b)| {
            let mut moved = b.view.clone();
            moved.stack_index = a.view.stack_index;
            a.content == b.content && a.view == moved
        })
}

/// Steps of one study are no use to another that replaced it.
pub fn forget(view: &mut ViewState, study: &StudyUid) {
    view.transient.histories.remove(study);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::stage::Layout;

    fn look(change: impl FnOnce(&mut LookAt)) -> LookAt {
        let mut look = LookAt::default();
        change(&mut look);
        look
    }

    #[test]
    fn scrolling_is_no_step_and_one_drag_is_one() {
        let mut history = History::default();
        let start = LookAt::default();
        let scrolled = look(|look| look.view_mut().stack_index = 9);
        history.follow_view(&start, &scrolled, 0.0, false);
        assert!(!history.can_undo());
        let zoomed = look(|look| look.view_mut().view.zoom = 2.0);
        let more = look(|look| look.view_mut().view.zoom = 3.0);
        history.follow_view(&start, &zoomed, 1.0, true);
        history.follow_view(&zoomed, &more, 9.0, true);
        assert_eq!(history.done.len(), 1);
        history.follow_view(&more, &more, 10.0, false);
        history.follow_view(&more, &start, 11.0, false);
        assert_eq!(history.done.len(), 2);
    }

    #[test]
    fn acts_and_views_stand_in_the_order_they_came() {
        let mut history = History::default();
        history.follow_acts(3);
        assert!(!history.can_undo(), "what was there before is the session's");
        history.follow_acts(4);
        let wide = look(|look| look.stage.layout = Layout { rows: 1, cols: 2 });
        history.follow_view(&LookAt::default(), &wide, 5.0, false);
        assert!(matches!(history.done.as_slice(), [Step::Act, Step::View(..)]));
        history.follow_acts(3);
        assert!(matches!(history.done.as_slice(), [Step::View(..)]));
    }

    #[test]
    fn a_restored_view_keeps_the_place() {
        let now = look(|look| look.view_mut().stack_index = 40);
        let wanted = look(|look| look.view_mut().view.zoom = 2.0);
        let restored = restored(Some(&now), &wanted);
        assert_eq!((restored.view().stack_index, restored.view().view.zoom), (40, 2.0));
    }
}
