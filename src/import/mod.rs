//! The door in: files become studies, frames become canonical samples. Never writes, never panics outward.
//!
//! `scan` walks what it is given, checks the structure of every file with a bounded scanner of its own before any
//! decoder sees a byte, and sorts what is an image into studies. `load_frame` reads one frame when it is wanted.

pub mod dicom;
pub mod error;
mod feed;
mod folder;
#[doc(hidden)]
pub mod fuzzing;
pub mod guard;
pub mod importer;
mod in_place;
pub mod limits;
mod one_frame;
mod out_of_range;
pub mod raster;
pub mod reason;
pub mod recognize;
mod repeated_facts;
pub mod sample_type;
mod scanning;
pub mod slab;
pub mod stack_loading;
pub mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use crate::domain::frame::{Frame, Samples};
use crate::domain::instance::Instance;
use crate::domain::intake::{Intake, Progress};
use crate::import::dicom::overlays;
pub use crate::import::error::ImportError;
pub use crate::import::importer::Importer;
use crate::import::limits::Limits;
use crate::import::one_frame::PlaceOfFrame;
use crate::import::scanning::{InProcess, Listener};

/// How to scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ScanOptions {
    pub limits: Limits,
}

/// Reads folders, files and DICOMDIR indexes into studies. Every file has an outcome; nothing is written.
pub fn scan(
    paths: &[PathBuf],
    options: &ScanOptions,
    cancel: &dyn Fn() -> bool,
    progress: &dyn Fn(Progress),
) -> Intake {
    let listener = Listener { cancel, progress, partial: &|_| {} };
    scanning::scan(paths, options, &InProcess, &listener)
}

/// Decodes frame `frame_idx` (zero-based) of `instance` into canonical samples, in this process.
pub fn load_frame(instance: &Instance, frame_idx: u32) -> Result<Frame, ImportError> {
    let load = || frame(instance, frame_idx, &Limits::default());
    catch_unwind(AssertUnwindSafe(load)).unwrap_or(Err(ImportError::Panicked))
}

/// A coarse picture of frame `frame_idx`, decoded in a fraction of the time: rows × cols like the frame itself, each
/// decoded pixel repeated. Only where that pays (JPEG 2000 and HTJ2K beyond 4 megapixels); `None` for everything else.
/// Never to be measured or analyzed: whoever shows it says that it is a preview.
pub fn load_preview(instance: &Instance, frame_idx: u32) -> Result<Option<Frame>, ImportError> {
    let load = || {
        let samples = place_of_frame(instance, frame_idx)?.preview(&Limits::default())?;
        samples.map(|samples| whole_frame(instance, frame_idx, samples)).transpose()
    };
    catch_unwind(AssertUnwindSafe(load)).unwrap_or(Err(ImportError::Panicked))
}

fn frame(instance: &Instance, frame_idx: u32, limits: &Limits) -> Result<Frame, ImportError> {
    let samples = place_of_frame(instance, frame_idx)?.load(limits)?;
    let whole = whole_frame(instance, frame_idx, samples)?;
    Ok(overlays::with_embedded(whole, instance, &|only_bit| frame(only_bit, frame_idx, limits)))
}

fn place_of_frame(instance: &Instance, frame_idx: u32) -> Result<PlaceOfFrame<'_>, ImportError> {
    let n_present = u64::from(instance.n_frames());
    if u64::from(frame_idx) >= n_present {
        return Err(ImportError::FrameMissing { frame: u64::from(frame_idx) + 1, n_present });
    }
    Ok(PlaceOfFrame::of(instance, frame_idx))
}

fn whole_frame(instance: &Instance, frame_idx: u32, samples: Samples) -> Result<Frame, ImportError> {
    let (rows, cols) = (instance.pixels.rows, instance.pixels.cols);
    let frame = Frame::new(instance.frame_key(frame_idx), rows, cols, samples).map_err(|_| ImportError::FileChanged)?;
    Ok(out_of_range::noted(frame, instance))
}
