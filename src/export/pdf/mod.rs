//! Documents for print.

pub mod document;
mod lettering;
pub mod report;

/// Who made a file, as its properties say.
pub const MAKER: &str = concat!("Overread ", env!("CARGO_PKG_VERSION"));
