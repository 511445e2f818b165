//! One frame by a worker: what it is told, and what is made of its answer.

use std::os::unix::ffi::OsStrExt as _;

use crate::domain::frame::Samples;
use crate::domain::stored_pixels::{PixelPlace, StoredPixels};
use crate::import::error::ImportError;
use crate::import::limits::Limits;
use crate::import::one_frame::PlaceOfFrame;
use crate::import::worker::crew::Crew;
use crate::import::worker::hand::Lost;
use crate::import::worker::wire::WantedFrame;
use crate::import::worker::{Detail, Urgency, trust};

/// A frame whose worker died before it had begun is asked of so many others.
const MAX_TRIES: u32 = 3;

impl Crew {
    /// Decodes one frame; `None` inside when there is no preview of it. The outer `None`: there is no worker to be had.
    pub fn decode(
        &self,
        place: &PlaceOfFrame<'_>,
        detail: Detail,
        limits: &Limits,
        urgency: Urgency,
    ) -> Option<Result<Option<Samples>, ImportError>> {
        for _ in 0..MAX_TRIES {
            match self.try_once(place, detail, limits, urgency) {
                Ok(Some(Err(Lost::NotBegun))) => {}
                Ok(Some(Err(Lost::InHand { error, .. }))) | Err(error) => return Some(Err(error)),
                Ok(Some(Err(Lost::Unwanted)) | None) => return None,
                Ok(Some(Ok(decoded))) => return Some(decoded),
            }
        }
        Some(Err(ImportError::ReaderCrashed))
    }

    fn try_once(
        &self,
        place: &PlaceOfFrame<'_>,
        detail: Detail,
        limits: &Limits,
        urgency: Urgency,
    ) -> Result<Tried, ImportError> {
        let max_bytes = trust::max_bytes(place.pixels, limits)?;
        let wanted = wanted(place, detail)?;
        Ok(self.with_worker(urgency, &|| false, |hand| {
            let filled = match hand.decode(wanted, limits)? {
                Ok(Some(filled)) => filled,
                Ok(None) => return Ok(Ok(None)),
                Err(error) => return Ok(Err(error)),
            };
            // Whoever lies about a frame is not asked again
            let distrusted = || Lost::InHand { item: 0, error: ImportError::ReaderCrashed };
            let n_bytes = trust::n_filled(filled, place.pixels, max_bytes).ok_or_else(distrusted)?;
            let memory = hand.fetch(n_bytes)?;
            filled.sample_type.samples(memory, 0..n_bytes).map(|samples| Ok(Some(samples))).ok_or_else(distrusted)
        }))
    }
}

type Tried = Option<Result<Result<Option<Samples>, ImportError>, Lost>>;

/// With the pieces of this frame only: a list of all of them may be long.
fn wanted(place: &PlaceOfFrame<'_>, detail: Detail) -> Result<WantedFrame, ImportError> {
    let (stored, frame_idx) = match place.stored {
        Some(stored) => match &stored.place {
            PixelPlace::Flat { .. } => (Some(stored.clone()), place.frame_idx),
            PixelPlace::Fragments(frames) => {
                let n_present = frames.len() as u64;
                let missing = ImportError::FrameMissing { frame: u64::from(place.frame_idx) + 1, n_present };
                let pieces = frames.get(place.frame_idx as usize).ok_or(missing)?.clone();
                let StoredPixels { stamp, layout, coding, is_big_endian, is_byte_stream, place: _ } = stored;
                let stored = StoredPixels {
                    stamp: *stamp,
                    layout: layout.clone(),
                    coding: *coding,
                    is_big_endian: *is_big_endian,
                    is_byte_stream: *is_byte_stream,
                    place: PixelPlace::Fragments(vec![pieces]),
                };
                (Some(stored), 0)
            }
        },
        None => (None, place.frame_idx),
    };
    let path = place.path.as_os_str().as_bytes().to_vec();
    Ok(WantedFrame { path, pixels: place.pixels.clone(), stored, frame_idx, detail })
}
