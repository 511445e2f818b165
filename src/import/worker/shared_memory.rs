//! Memory that a worker fills and this process reads without a copy: anonymous files, sealed so that nobody can take
//! them away from under the reader.

#![expect(unsafe_code, reason = "a mapped file is a slice only by promise; here the kernel's seals keep the promise")]

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use memmap2::{Mmap, MmapOptions};
use rustix::fs::{MemfdFlags, SealFlags};

use crate::domain::frame::SampleMemory;

/// Smaller frames are copied: a process may map some 65,000 pieces only.
const MIN_MAPPED_BYTES: usize = 128 << 10;

/// Room for `n_bytes`; takes no memory until it is filled. Its size is fixed before anybody else sees it.
pub fn room(n_bytes: u64) -> io::Result<File> {
    let room =
        File::from(rustix::fs::memfd_create("overread samples", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?);
    room.set_len(n_bytes)?;
    rustix::fs::fcntl_add_seals(&room, SealFlags::SHRINK | SealFlags::GROW)?;
    Ok(room)
}

/// The first `n_bytes` of what [`room`] gave, which must hold them. Fails when somebody else can still write to it.
pub fn taken_back(room: &File, n_bytes: usize) -> io::Result<Arc<dyn SampleMemory>> {
    if n_bytes < MIN_MAPPED_BYTES {
        // In words of eight bytes, so that every type of sample is aligned
        let mut words = vec![0_u64; n_bytes.div_ceil(8)];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        room.read_exact_at(bytes.get_mut(..n_bytes).unwrap_or_default(), 0)?;
        return Ok(Arc::new(words));
    }
    rustix::fs::fcntl_add_seals(room, SealFlags::WRITE)?;
    // SAFETY: the seals on this file forbid every process to shrink it (so no access can fault) and to write to it
    // (so the bytes behind the slice never change). Seals are never taken off.
    let map = unsafe { MmapOptions::new().len(n_bytes).map_copy_read_only(room)? };
    Ok(Arc::new(Mapped(map)))
}

struct Mapped(Mmap);

impl SampleMemory for Mapped {
    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filled_memory_comes_back_whole_and_closed() {
        for n_bytes in [1, 1000, MIN_MAPPED_BYTES, MIN_MAPPED_BYTES + 4097] {
            let room = room(n_bytes as u64 + 5).unwrap();
            let pattern: Vec<u8> = (0..n_bytes).map(|i| (i % 251) as u8).collect();
            room.write_all_at(&pattern, 0).unwrap();
            let memory = taken_back(&room, n_bytes).unwrap();
            assert_eq!(memory.bytes().get(..n_bytes), Some(&pattern[..]));
            assert!(room.set_len(0).is_err() && room.set_len(1 << 20).is_err());
            assert_eq!(room.write_all_at(&[1], 0).is_err(), n_bytes >= MIN_MAPPED_BYTES);
        }
    }

    #[test]
    fn memory_that_somebody_can_still_write_to_is_not_taken() {
        let room = room(MIN_MAPPED_BYTES as u64).unwrap();
        // SAFETY: this test alone knows the file
        let writer = unsafe { MmapOptions::new().map_mut(&room).unwrap() };
        assert!(taken_back(&room, MIN_MAPPED_BYTES).is_err());
        drop(writer);
        assert!(taken_back(&room, MIN_MAPPED_BYTES).is_ok());
    }
}
