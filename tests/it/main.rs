//! One test binary; a module per boundary.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails right there")]

mod app;
mod bench;
mod cli;
mod data;
mod deidentify;
mod drawing;
mod export;
mod imaging;
mod import;
mod inference;
mod measuring;
mod phantom;
mod record;
mod render;
mod results;
mod review;
mod segmentation;
mod store;
mod tidy;
mod ui;
mod validation;
mod volume;
mod window;
