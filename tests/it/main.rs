//! One test binary; a module per boundary.

mod tidy;
