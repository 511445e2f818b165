//! Memory for the samples of several frames at once, in huge pages where the system has them.
//!
//! Anonymous memory only: no file is ever mapped here, so nothing that happens to a file can pull it away. Some of what
//! was given up is kept for the next frames: memory fresh from the system costs many times what filling it costs.

use std::sync::{Mutex, PoisonError};

use memmap2::MmapMut;

use crate::domain::frame::SampleMemory;

/// Four huge pages: 16 CT slices.
pub const SLAB_BYTES: usize = 8 << 20;
/// Kept for reuse at most: a series of 500 CT slices.
const MAX_SPARE: usize = 32;

static SPARE: Mutex<Vec<MmapMut>> = Mutex::new(Vec::new());

/// Filled once, then shared by the frames that lie in it.
pub struct Slab {
    /// `None` only while it is given up.
    memory: Option<MmapMut>,
}

impl Slab {
    /// Page-aligned, at least one byte; at least half of [`SLAB_BYTES`] becomes all of it. What it holds is undefined:
    /// every byte that is shown must have been written. `None` when the memory is not to be had.
    pub fn new(n_bytes: usize) -> Option<Self> {
        if (SLAB_BYTES / 2..=SLAB_BYTES).contains(&n_bytes) {
            let spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let memory = spare.map_or_else(|| fresh(SLAB_BYTES), Some)?;
            return Some(Self { memory: Some(memory) });
        }
        Some(Self { memory: Some(fresh(n_bytes.max(1))?) })
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.memory.as_deref_mut().unwrap_or_default()
    }
}

fn fresh(n_bytes: usize) -> Option<MmapMut> {
    let memory = MmapMut::map_anon(n_bytes).ok()?;
    // Without huge pages all is as well
    #[cfg(target_os = "linux")]
    if let Err(error) = memory.advise(memmap2::Advice::HugePage) {
        log::trace!("no huge pages: {}", error.kind());
    }
    Some(memory)
}

/// Hands what is kept for reuse back to the system.
pub fn give_back_spare() {
    SPARE.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

impl SampleMemory for Slab {
    fn bytes(&self) -> &[u8] {
        self.memory.as_deref().unwrap_or_default()
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        let Some(memory) = self.memory.take().filter(|memory| memory.len() == SLAB_BYTES) else { return };
        let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < MAX_SPARE {
            spare.push(memory);
        }
    }
}
