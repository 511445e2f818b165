//! Masks after the network: connected components and what can be measured on them. Pure.

pub mod burned_in_text;
pub mod components;
pub mod laid_over;
pub mod lesion;
pub mod lung_field;
pub mod measure;
pub mod outline;
pub mod volume_components;
