//! What the program knows, grouped by how long it lives.

pub mod access;
pub mod ahead;
pub mod desk;
pub mod first_image;
pub mod library;
pub mod record;
pub mod voice;
pub mod worklist;
