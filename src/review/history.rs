//! Undo and redo as compensating events: what was done stays in the record, and so does that it was undone.

use std::collections::BTreeSet;

use crate::domain::uid::{EventId, ReaderName};
use crate::review::event::{Change, ReviewEvent};

/// Which events can be undone or redone now. Fed every event in order, live and in replay alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// In force and not closed by a lock or a signature, oldest first, each with who did it.
    done: Vec<(EventId, ReaderName)>,
    /// Undone and still redoable, the last undone last.
    redoable: Vec<(EventId, ReaderName)>,
    /// Everything not in force, redoable or not.
    undone: BTreeSet<EventId>,
}

impl History {
    /// The reader's own last act: nobody takes back what another did.
    pub fn to_undo(&self, reader: &ReaderName) -> Option<&EventId> {
        self.done.iter().rev().find(|(_, by)| by == reader).map(|(event, _)| event)
    }

    pub fn has_undoable(&self) -> bool {
        !self.done.is_empty()
    }

    pub fn has_redoable(&self) -> bool {
        !self.redoable.is_empty()
    }

    /// How many events could be undone one after the other.
    pub fn n_undoable(&self) -> usize {
        self.done.len()
    }

    pub fn to_redo(&self, reader: &ReaderName) -> Option<&EventId> {
        self.redoable.iter().rev().find(|(_, by)| by == reader).map(|(event, _)| event)
    }

    pub fn is_in_force(&self, event: &EventId) -> bool {
        !self.undone.contains(event)
    }

    pub(crate) fn follow(&mut self, event: &ReviewEvent) {
        match &event.change {
            // A model's word is not the reader's act: it cannot be undone, and it leaves redo alone. Nor is it an act of
            // judgement how the study is read or who has it: those go on by further events.
            Change::SuggestionsRecorded { .. }
            | Change::Exported(_)
            | Change::ReadingStarted(_)
            | Change::PresentationChanged { .. }
            | Change::AiRevealed
            | Change::StudyAmended { .. }
            | Change::StudyClaimed
            | Change::StudyReleased
            | Change::StudyAssigned { .. } => {}
            // What was answered stands: it is revised by new acts, not by taking back.
            Change::ReadingLocked { .. } | Change::StudySigned(_) => {
                self.done.retain(|(_, by)| by != &event.reader);
                self.redoable.retain(|(_, by)| by != &event.reader);
            }
            Change::FindingDecided(_)
            | Change::FindingAdjudicated(_)
            | Change::FindingAdded { .. }
            | Change::FindingWithdrawn { .. }
            | Change::AnnotationPlaced { .. }
            | Change::AnnotationChanged { .. }
            | Change::AnnotationRemoved { .. }
            | Change::MaskChanged { .. }
            | Change::KeyImageMarked { .. }
            | Change::KeyImageUnmarked { .. }
            | Change::ImageScaled(_) => {
                self.done.push((event.id.clone(), event.reader.clone()));
                self.redoable.retain(|(_, by)| by != &event.reader);
            }
            // Another program may have written in between, so the target need not be the last.
            Change::Undone { event: target } => {
                if let Some(taken) = take_last(&mut self.done, target) {
                    self.undone.insert(target.clone());
                    self.redoable.push(taken);
                }
            }
            Change::Redone { event: target } => {
                if let Some(taken) = take_last(&mut self.redoable, target) {
                    self.undone.remove(target);
                    self.done.push(taken);
                }
            }
        }
    }
}

fn take_last(events: &mut Vec<(EventId, ReaderName)>, wanted: &EventId) -> Option<(EventId, ReaderName)> {
    let found = events.iter().rposition(|(event, _)| event == wanted)?;
    Some(events.remove(found))
}
