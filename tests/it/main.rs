//! One test binary; a module per boundary.

mod imaging;
mod inference;
mod tidy;
