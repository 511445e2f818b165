//! The steps from nothing to today's tables, for each engine. Steps are only added, and none is edited.

pub(crate) mod postgres;
pub(crate) mod sqlite;
