//! Undo and redo as compensating events: what was done stays in the record, and so does that it was undone.

use std::collections::BTreeSet;

use crate::domain::uid::EventId;
use crate::review::event::{Change, ReviewEvent};

/// Which events can be undone or redone now. Fed every event in order, live and in replay alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// In force, oldest first.
    done: Vec<EventId>,
    /// Undone and still redoable, the last undone last.
    redoable: Vec<EventId>,
    /// Everything not in force, redoable or not.
    undone: BTreeSet<EventId>,
}

impl History {
    pub fn to_undo(&self) -> Option<&EventId> {
        self.done.last()
    }

    /// How many events could be undone one after the other.
    pub fn n_undoable(&self) -> usize {
        self.done.len()
    }

    pub fn to_redo(&self) -> Option<&EventId> {
        self.redoable.last()
    }

    pub fn is_in_force(&self, event: &EventId) -> bool {
        !self.undone.contains(event)
    }

    pub(crate) fn follow(&mut self, event: &ReviewEvent) {
        match &event.change {
            // A model's word is not the reader's act: it cannot be undone, and it leaves redo alone.
            Change::SuggestionsRecorded { .. } => {}
            Change::FindingDecided(_)
            | Change::FindingAdded { .. }
            | Change::FindingWithdrawn { .. }
            | Change::AnnotationPlaced { .. }
            | Change::AnnotationChanged { .. }
            | Change::AnnotationRemoved { .. } => {
                self.done.push(event.id.clone());
                self.redoable.clear();
            }
            // Another program may have written in between, so the target need not be the last.
            Change::Undone { event: target } => {
                if take_last(&mut self.done, target) {
                    self.undone.insert(target.clone());
                    self.redoable.push(target.clone());
                }
            }
            Change::Redone { event: target } => {
                if take_last(&mut self.redoable, target) {
                    self.undone.remove(target);
                    self.done.push(target.clone());
                }
            }
        }
    }
}

fn take_last(events: &mut Vec<EventId>, wanted: &EventId) -> bool {
    let found = events.iter().rposition(|event| event == wanted);
    found.map(|index| events.remove(index)).is_some()
}
