//! A reader study as a plan that is fixed before the first read: cases with truth, arms, readers, order, rules.
//!
//! `design` is the readable file and its lock, `order` who reads what when, `session` the course of one reader's session
//! as a fold over what was recorded, `readings` and `analysis` what comes of it, `exchange` the same for other programs.

pub mod analysis;
pub mod design;
pub mod exchange;
pub mod order;
pub mod readings;
pub mod session;
