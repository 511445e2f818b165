//! Memory for the samples of several frames at once, in huge pages where the system has them.
//!
//! Anonymous memory only: no file is ever mapped here, so nothing that happens to a file can pull it away.

use memmap2::MmapMut;

use crate::domain::frame::SampleMemory;

/// Filled once, then shared by the frames that lie in it.
pub struct Slab {
    memory: MmapMut,
}

impl Slab {
    /// Zeroed, page-aligned, at least one byte. `None` when the memory is not to be had.
    pub fn new(n_bytes: usize) -> Option<Self> {
        let memory = MmapMut::map_anon(n_bytes.max(1)).ok()?;
        // Five hundred faults of small pages cost more than reading what lies in them; without huge pages all is as well
        #[cfg(target_os = "linux")]
        if let Err(error) = memory.advise(memmap2::Advice::HugePage) {
            log::trace!("no huge pages: {}", error.kind());
        }
        Some(Self { memory })
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory
    }
}

impl SampleMemory for Slab {
    fn bytes(&self) -> &[u8] {
        &self.memory
    }
}
