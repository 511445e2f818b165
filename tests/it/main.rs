//! One test binary; a module per boundary.

mod export;
mod imaging;
mod inference;
mod phantom;
mod record;
mod render;
mod review;
mod store;
mod tidy;
