//! Many frames of a series at once, the most wanted first, in parallel and without a second copy.
//!
//! Native frames are read straight into slabs that they share; all others go through the importer one by one.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::domain::frame::{Frame, SampleMemory};
use crate::domain::instance::Instance;
use crate::domain::series::Series;
use crate::import::dicom::source::Source;
use crate::import::error::ImportError;
use crate::import::in_place::InPlace;
use crate::import::slab::{SLAB_BYTES, Slab};
use crate::import::{Importer, whole_frame};

/// Of small frames; a cache drops whole slabs.
const MAX_FRAMES_OF_SLAB: usize = 64;
/// Decoders get the stack of a main thread.
const STACK_BYTES: usize = 8 << 20;

/// Which images of a series, in which order, on how many threads.
#[derive(Clone, Copy)]
pub struct StackRequest<'a> {
    pub series: &'a Series,
    /// Indices into `Series::stack`, the most wanted first; what is outside of the stack is passed over.
    pub order: &'a [usize],
    pub n_threads: usize,
}

/// Called on a loading thread with the index into the stack, once for every image that was reached.
pub type Deliver<'a> = dyn Fn(usize, Result<Frame, ImportError>) + Sync + 'a;

/// All of a stack of `n_images`: the image at `center`, then blocks to both sides of it in turn.
pub fn outward(n_images: usize, center: usize) -> Vec<usize> {
    const BLOCK: usize = 16;
    let center = center.min(n_images.saturating_sub(1));
    let mut order = Vec::with_capacity(n_images);
    order.extend((center < n_images).then_some(center));
    let (mut after, mut before) = (center + 1, center);
    while after < n_images || before > 0 {
        let end = (after + BLOCK).min(n_images);
        order.extend(after..end);
        after = after.max(end);
        let start = before.saturating_sub(BLOCK);
        order.extend((start..before).rev());
        before = start;
    }
    order
}

pub fn load(
    importer: &Importer,
    request: &StackRequest<'_>,
    cancel: &(dyn Fn() -> bool + Sync),
    deliver: &Deliver<'_>,
) {
    let batches = batches(request);
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
            if cancel() {
                return;
            }
            batch.load(importer, deliver);
        }
    };
    let n_threads = request.n_threads.clamp(1, batches.len().max(1));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(n_threads)
        .stack_size(STACK_BYTES)
        .thread_name(|index| format!("load {index}"));
    match pool.build() {
        Ok(pool) => drop(pool.broadcast(|_| work())),
        // No threads to be had
        Err(_) => work(),
    }
}

struct Image<'a> {
    /// Into the stack.
    index: usize,
    instance: &'a Arc<Instance>,
    frame_idx: u32,
}

enum Batch<'a> {
    /// Frames of one size and format, for one slab.
    InPlace(Vec<(Image<'a>, InPlace)>),
    Decoded(Image<'a>),
}

/// What is taken up by one thread at a time, in order. The first image stands alone: somebody waits for it.
fn batches<'a>(request: &StackRequest<'a>) -> Vec<Batch<'a>> {
    let mut batches: Vec<Batch<'a>> = Vec::new();
    for index in request.order {
        let Some((instance, frame_idx)) = request.series.image(*index) else { continue };
        let image = Image { index: *index, instance, frame_idx };
        let Some(place) = InPlace::of(instance, frame_idx) else {
            batches.push(Batch::Decoded(image));
            continue;
        };
        let is_first_joined = batches.len() < 2;
        match batches.last_mut() {
            Some(Batch::InPlace(members)) if !is_first_joined && has_room(members, &place) => {
                members.push((image, place));
            }
            _ => batches.push(Batch::InPlace(vec![(image, place)])),
        }
    }
    batches
}

fn has_room(members: &[(Image<'_>, InPlace)], place: &InPlace) -> bool {
    let is_alike = members.last().is_some_and(|(_, last)| last.n_bytes == place.n_bytes && last.format == place.format);
    let n_after = members.len() + 1;
    is_alike && n_after <= MAX_FRAMES_OF_SLAB && n_after * stride(place.n_bytes) <= SLAB_BYTES
}

/// Frames begin where every sample type may.
fn stride(n_bytes: usize) -> usize {
    n_bytes.next_multiple_of(8)
}

impl Batch<'_> {
    fn load(&self, importer: &Importer, deliver: &Deliver<'_>) {
        match self {
            Self::Decoded(image) => deliver(image.index, importer.load_frame_ahead(image.instance, image.frame_idx)),
            Self::InPlace(members) => match slab_of(members) {
                Some((memory, reads)) => {
                    for (((image, place), range), read) in members.iter().zip(ranges(members)).zip(reads) {
                        deliver(image.index, read.and_then(|()| frame(image, place, &memory, range)));
                    }
                }
                None => members.iter().for_each(|(image, _)| {
                    deliver(image.index, importer.load_frame(image.instance, image.frame_idx));
                }),
            },
        }
    }
}

fn ranges<'a>(members: &'a [(Image<'_>, InPlace)]) -> impl Iterator<Item = Range<usize>> + 'a {
    members.iter().enumerate().map(|(slot, (_, place))| {
        let start = slot * stride(place.n_bytes);
        start..start + place.n_bytes
    })
}

type Reads = Vec<Result<(), ImportError>>;

/// Every member read into its place. `None` when the memory is not to be had.
fn slab_of(members: &[(Image<'_>, InPlace)]) -> Option<(Arc<dyn SampleMemory>, Reads)> {
    let n_bytes = ranges(members).last()?.end;
    let mut slab = Slab::new(n_bytes)?;
    let mut open: Option<(&Arc<Instance>, Source)> = None;
    let mut reads = Vec::with_capacity(members.len());
    for ((image, place), range) in members.iter().zip(ranges(members)) {
        let target = slab.bytes_mut().get_mut(range)?;
        let is_open = open.as_ref().is_some_and(|(instance, _)| Arc::ptr_eq(instance, image.instance));
        if !is_open {
            open = None;
            match unchanged(image.instance) {
                Ok(source) => open = Some((image.instance, source)),
                Err(error) => {
                    reads.push(Err(error));
                    continue;
                }
            }
        }
        let (_, source) = open.as_ref()?;
        reads.push(place.read(source, target));
    }
    Some((Arc::new(slab), reads))
}

/// The instance's file, if it is still the one that was scanned.
fn unchanged(instance: &Instance) -> Result<Source, ImportError> {
    let stored = instance.stored.as_ref().ok_or(ImportError::FileChanged)?;
    Source::open_unchanged(&instance.path, stored.stamp)
}

fn frame(
    image: &Image<'_>,
    place: &InPlace,
    memory: &Arc<dyn SampleMemory>,
    range: Range<usize>,
) -> Result<Frame, ImportError> {
    let Image { instance, frame_idx, .. } = image;
    let samples = place.format.samples(memory, range).ok_or(ImportError::FileChanged)?;
    whole_frame(instance, *frame_idx, samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wanted_image_comes_first_and_every_image_once() {
        assert_eq!(outward(0, 3), Vec::<usize>::new());
        assert_eq!(outward(3, 9), [2, 1, 0]);
        let order = outward(100, 40);
        assert_eq!(order[..3], [40, 41, 42]);
        assert_eq!(order[17..19], [39, 38]);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..100));
    }
}
