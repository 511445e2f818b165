//! One test binary; a module per boundary.

mod imaging;
mod tidy;
