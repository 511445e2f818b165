//! The door in: what opens, what is refused and why, and that decoded pixels stay what they were.

mod attributes;
mod codecs;
mod corpus;
mod header;
mod hierarchy;
mod hostile;
mod hostile_pixels;
#[cfg(target_os = "linux")]
mod isolation;
mod loading;
mod series;
pub mod synthetic;
