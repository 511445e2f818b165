//! The masks of a study as a list of tasks: which are to be looked at, which are being changed, which are done.

use std::sync::Arc;

use crate::domain::decision::Verdict;
use crate::domain::mask_edit::MaskSubject;
use crate::domain::uid::StudyUid;
use crate::review::session::ReviewSession;
use crate::ui::context::UiContext;
use crate::ui::masks::{acts, footing};
use crate::ui::view_state::ViewState;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    Untouched,
    /// Edits that are in no revision yet.
    Changed,
    /// A revision, or the finding is decided.
    Done,
}

#[derive(Clone, Debug)]
pub struct MaskTask {
    pub subject: MaskSubject,
    pub name: String,
    pub state: TaskState,
}

/// The list, made again only when the review has something new.
#[derive(Default)]
pub struct TaskList {
    made_of: Option<(StudyUid, usize, usize)>,
    tasks: Arc<[MaskTask]>,
}

impl TaskList {
    pub fn follow(&mut self, context: &UiContext<'_>) {
        let of = |session: &ReviewSession| (session.study().clone(), session.events().len(), session.findings().len());
        let now = context.session.map(of);
        if now != self.made_of {
            self.made_of = now;
            self.tasks = tasks(context).into();
        }
    }

    pub fn tasks(&self) -> Arc<[MaskTask]> {
        Arc::clone(&self.tasks)
    }
}

/// The model's masks in the order of the findings, then the reader's own.
fn tasks(context: &UiContext<'_>) -> Vec<MaskTask> {
    let Some(session) = context.session else { return Vec::new() };
    let mut tasks: Vec<MaskTask> = Vec::new();
    for review in session.findings() {
        let subject = context.open_study.and_then(|study| footing::subject_of(study, &review.finding));
        let Some(subject) = subject else { continue };
        let is_decided = review.decision.as_ref().is_some_and(|decision| decision.verdict != Verdict::Uncertain);
        let state = state_of(context, &subject, is_decided);
        tasks.push(MaskTask { subject, name: review.finding.label.name.clone(), state });
    }
    for mask in session.masks().iter().filter(|mask| mask.subject.finding.is_none()) {
        let names: Vec<&str> = mask.segments.iter().map(|segment| segment.name.as_str()).take(3).collect();
        let name = if names.is_empty() { "Own segments".to_owned() } else { names.join(", ") };
        let state = state_of(context, &mask.subject, false);
        tasks.push(MaskTask { subject: mask.subject.clone(), name, state });
    }
    tasks
}

fn state_of(context: &UiContext<'_>, subject: &MaskSubject, is_decided: bool) -> TaskState {
    let review = acts::review_of(context, subject);
    match review {
        Some(review) if review.n_unrevised() > 0 => TaskState::Changed,
        Some(review) if !review.revisions.is_empty() => TaskState::Done,
        _ if is_decided => TaskState::Done,
        _ => TaskState::Untouched,
    }
}

/// The next mask that is not done, after the open one and then from the top.
pub fn next(view: &ViewState) -> Option<MaskSubject> {
    let tasks = view.transient.masks.tasks.tasks();
    let open = view.transient.masks.open.as_ref().map(|desk| &desk.subject);
    let at = tasks.iter().position(|task| Some(&task.subject) == open).map_or(0, |at| at + 1);
    let (above, below) = tasks.split_at(at.min(tasks.len()));
    let is_left = |task: &&MaskTask| task.state != TaskState::Done && Some(&task.subject) != open;
    below.iter().chain(above).find(is_left).map(|task| task.subject.clone())
}
