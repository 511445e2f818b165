//! What a worker says is checked like a file's own words: a decoder that was taken over may say anything.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::domain::instance::{Instance, PixelDescription};
use crate::domain::overlay::Overlay;
use crate::domain::presentation::Photometric;
use crate::domain::stored_pixels::{PixelPlace, StoredPixels};
use crate::import::error::ImportError;
use crate::import::limits::Limits;
use crate::import::scanning::Found;
use crate::import::worker::wire::{Described, Fault, Filled};

/// What was found at `path`, put back together.
pub fn found(path: &Path, said: Result<Described, Fault>, limits: &Limits) -> Result<Found, ImportError> {
    match said? {
        Described::Image(mut object) => {
            if !is_sound(&object.instance, limits) {
                return Err(ImportError::ReaderCrashed);
            }
            // Fresh from the socket: nobody else holds it
            Arc::make_mut(&mut object.instance).path = path.to_owned();
            Ok(Found::Image(object))
        }
        // Words and numbers that nothing is computed with before they are held against pictures
        Described::Document(mut document) => {
            if !document.body.is_sound() {
                return Err(ImportError::ReaderCrashed);
            }
            path.clone_into(&mut document.path);
            Ok(Found::Document(document))
        }
        Described::Index(references) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Ok(Found::Index(references.into_iter().map(|reference| below(folder, reference)).collect()))
        }
    }
}

/// By its words alone: the links on the way were followed by the worker, and a worker is all that opens the file.
fn below(folder: &Path, reference: Result<Vec<u8>, Fault>) -> Result<PathBuf, ImportError> {
    let path = PathBuf::from(OsString::from_vec(reference?));
    let Ok(rest) = path.strip_prefix(folder) else { return Err(ImportError::UnsafeReference) };
    match rest.components().all(|part| matches!(part, Component::Normal(_))) {
        true => Ok(path),
        false => Err(ImportError::UnsafeReference),
    }
}

/// Whether the numbers that this process computes with hold together.
fn is_sound(instance: &Instance, limits: &Limits) -> bool {
    let Instance { pixels, stored, .. } = instance;
    let n_frames = instance.n_frames();
    let fits = |stored: &StoredPixels| {
        let layout = &stored.layout;
        let said = layout.description(&pixels.transfer_syntax, pixels.lossy.clone());
        let n_bits = u64::from(layout.bits_allocated) * u64::from(layout.samples_per_pixel);
        let n_frame_bytes = n_pixels(pixels).and_then(|n| n.checked_mul(n_bits)).map(|n_bits| n_bits / 8);
        let has_frames = match &stored.place {
            PixelPlace::Flat { .. } => true,
            PixelPlace::Fragments(frames) => frames.len() >= n_frames as usize,
        };
        said == *pixels && has_frames && n_frame_bytes.is_some_and(|n| n <= limits.max_frame_bytes)
    };
    n_frames > 0
        && n_frames <= limits.max_frames
        && pixels.rows > 0
        && pixels.cols > 0
        && pixels.bits_allocated <= 64
        && stored.as_deref().is_none_or(fits)
        && instance.overlays.iter().all(Overlay::is_sound)
}

/// Most bytes of one frame of `pixels`, whatever type its samples take.
pub fn max_bytes(pixels: &PixelDescription, limits: &Limits) -> Result<u64, ImportError> {
    let n_bytes_each = u64::from(pixels.bits_allocated).div_ceil(8).max(1).next_power_of_two();
    let n_samples = n_pixels(pixels).and_then(|n| n.checked_mul(u64::from(pixels.samples_per_pixel.max(1))));
    n_samples
        .and_then(|n| n.checked_mul(n_bytes_each))
        .filter(|n| *n <= limits.max_frame_bytes)
        .ok_or(ImportError::TooLarge { what: "One decoded picture", limit: limits.max_frame_bytes })
}

/// Bytes of the samples that are said to have come out; `None` when they cannot be this frame's.
pub fn n_filled(filled: Filled, pixels: &PixelDescription, max_bytes: u64) -> Option<usize> {
    let Filled { sample_type, n_samples } = filled;
    let n_expected = n_pixels(pixels)?.checked_mul(if sample_type.is_color() { 3 } else { 1 })?;
    let n_bytes = n_samples.checked_mul(sample_type.n_bytes())?;
    let fits = n_samples == n_expected
        && n_bytes <= max_bytes
        && sample_type.is_color() == (pixels.photometric == Photometric::Rgb);
    usize::try_from(n_bytes).ok().filter(|_| fits)
}

fn n_pixels(pixels: &PixelDescription) -> Option<u64> {
    u64::from(pixels.rows).checked_mul(u64::from(pixels.cols))
}
