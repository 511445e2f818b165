//! Each job runs under `catch_unwind`: one that panics fails alone.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// How a guarded task ended.
pub enum TaskOutcome<T> {
    Returned(T),
    /// The panic's message is not kept: it might hold patient data.
    Panicked,
}

pub fn guarded<T>(task: impl FnOnce() -> T) -> TaskOutcome<T> {
    catch_unwind(AssertUnwindSafe(task)).map_or(TaskOutcome::Panicked, TaskOutcome::Returned)
}
