//! Overread: a desktop workstation on which radiologists review what a model flagged.
//!
//! Files come in by `import` and become studies; a model in `inference` suggests findings; the reader decides in
//! `review`; every decision is kept by `store` and leaves by `export`. `render` draws stored values through our own
//! shaders, `ui` lays out the screen and asks for actions, `jobs` runs what takes time, and `app` is the only loop.
//! Who may name whom is checked by `tests/it/tidy.rs`; `ARCHITECTURE.md` has the picture.

pub mod app;
pub mod domain;
pub mod export;
pub mod imaging;
pub mod import;
pub mod inference;
pub mod jobs;
pub mod render;
pub mod review;
pub mod segmentation;
pub mod store;
pub mod ui;
pub mod validation;
