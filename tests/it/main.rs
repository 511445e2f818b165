//! One test binary; a module per boundary.

mod imaging;
mod inference;
mod record;
mod review;
mod store;
mod render;
mod tidy;
