//! The reader's hand: a state machine with no I/O and no clock.
//!
//! Commands go in, events come out, and the state is a fold over the events: what was live and what is replayed from
//! the store are the same by construction. Nothing is ever erased; an undo is one more event.

pub mod command;
pub mod event;
pub mod history;
pub(crate) mod projection;
pub mod report;
pub mod rules;
pub mod session;
pub mod worklist;
