//! From a series to its volume: the slices that are not here are loaded, those that are serve as they lie.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::frame::Frame;
use crate::domain::intake::Progress;
use crate::domain::series::Series;
use crate::imaging::volume_space::VolumeSpace;
use crate::imaging::voxels::Volume;
use crate::import::Importer;
use crate::import::stack_loading::StackRequest;

/// What to build a volume of.
pub struct VolumeRequest<'a> {
    pub series: &'a Series,
    /// In the order of the stack; what is `None` or past the end is loaded.
    pub here: Vec<Option<Arc<Frame>>>,
    pub n_threads: usize,
}

/// `loaded` is told of every frame that was not here. `None` when cancelled; else the volume, or in a sentence why not.
pub fn build(
    importer: &Importer,
    request: VolumeRequest<'_>,
    cancel: &(dyn Fn() -> bool + Sync),
    progress: &(dyn Fn(Progress) + Sync),
    loaded: &(dyn Fn(usize, &Arc<Frame>) + Sync),
) -> Option<Result<Volume, String>> {
    let VolumeRequest { series, mut here, n_threads } = request;
    // Before minutes of decoding
    if let Err(error) = VolumeSpace::of(series) {
        return Some(Err(error.to_string()));
    }
    let n_slices = series.stack.len();
    here.resize(n_slices, None);
    let missing: Vec<usize> = here.iter().enumerate().filter(|(_, frame)| frame.is_none()).map(|(at, _)| at).collect();
    let n_done = AtomicUsize::new(n_slices - missing.len());
    let fault = Mutex::new(None);
    let places = Mutex::new(here);
    let stack = StackRequest { series, order: &missing, n_threads };
    let has_failed = || fault.lock().unwrap_or_else(PoisonError::into_inner).is_some();
    importer.load_stack(&stack, &|| cancel() || has_failed(), &|index, result| match result {
        Ok(frame) => {
            let frame = Arc::new(frame);
            loaded(index, &frame);
            if let Some(place) = places.lock().unwrap_or_else(PoisonError::into_inner).get_mut(index) {
                *place = Some(frame);
            }
            let n_done = n_done.fetch_add(1, Ordering::Relaxed) + 1;
            progress(Progress { n_done, n_total: n_slices });
        }
        Err(error) => {
            let text = format!("Image {} of {n_slices} cannot be read: {error}", index + 1);
            fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(text);
        }
    });
    if cancel() {
        return None;
    }
    if let Some(text) = fault.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Some(Err(text));
    }
    let frames = places.into_inner().unwrap_or_else(PoisonError::into_inner);
    Some(Volume::of(series, &frames).map_err(|error| error.to_string()))
}
