//! The reader's hand: a state machine with no I/O and no clock.
//!
//! Commands go in, events come out, and the state is a fold over the events: what was live and what is replayed from
//! the store are the same by construction. Nothing is ever erased; an undo is one more event.

mod acts;
pub mod command;
pub mod course;
pub mod difference;
pub mod digest;
pub mod event;
pub mod grouping;
pub mod history;
pub mod image_notes;
pub mod mask_acts;
pub(crate) mod projection;
mod reading_acts;
pub mod report;
pub mod rules;
pub mod session;
pub mod urgency;
pub mod work_item;
pub mod worklist;
